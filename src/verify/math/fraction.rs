//! Quotients of polynomials.

use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive};

use super::polynomial::Polynomial;

/// A quotient of polynomials; the lower one has no constant factor and is never zero.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Fraction {
    pub above: Polynomial,
    pub below: Polynomial,
}

impl Fraction {
    pub(crate) fn constant(value: BigRational) -> Self {
        Self::polynomial(Polynomial::constant(value))
    }

    pub(crate) fn integer(value: i64) -> Self {
        Self::constant(BigRational::from_integer(value.into()))
    }

    pub(crate) fn polynomial(above: Polynomial) -> Self {
        Self { above, below: Polynomial::constant(BigRational::one()) }
    }

    pub(crate) fn zero() -> Self {
        Self::polynomial(Polynomial::default())
    }

    pub(crate) fn one() -> Self {
        Self::integer(1)
    }

    pub(crate) fn negated(&self) -> Self {
        Self { above: self.above.negated(), below: self.below.clone() }
    }

    pub(crate) fn scaled(&self, factor: &BigRational) -> Self {
        Self { above: self.above.scaled(factor), below: self.below.clone() }
    }

    /// Whether there is nothing below the line.
    pub(crate) fn is_polynomial(&self) -> bool {
        self.below.as_constant().is_some_and(|below| below.is_one())
    }

    /// The value of a fraction without atoms.
    pub(crate) fn as_constant(&self) -> Option<BigRational> {
        let below = self.below.as_constant()?;
        Some(self.above.as_constant()? / below)
    }
}

/// The value of a whole number that fits.
pub(crate) fn whole(value: &Fraction) -> Option<i64> {
    value.as_constant().filter(BigRational::is_integer)?.to_integer().to_i64()
}

/// Whether a polynomial's last coefficient is below zero.
pub(crate) fn leads_negative(polynomial: &Polynomial) -> bool {
    polynomial.leading().is_some_and(|(_, value)| value.is_negative())
}
