//! Sums, products and quotients of fractions; powers of roots and of i are reduced as they appear.

use num_rational::BigRational;
use num_traits::One;

use super::normalizer::{Normal, Normalizer};
use crate::verify::math::{
    atoms::Atom,
    budget::Stop,
    expr::Constant,
    fraction::Fraction,
    polynomial::{Monomial, Polynomial, lowest},
};

impl Normalizer<'_> {
    pub(crate) fn add(&mut self, left: &Fraction, right: &Fraction) -> Normal {
        self.budget.spend((left.above.len() + right.above.len()) as u64 * 5)?;
        if left.below == right.below {
            let mut above = left.above.clone();
            above.add(&right.above);
            return self.fraction(above, left.below.clone());
        }
        let mut above = self.product(&left.above, &right.below)?;
        above.add(&self.product(&right.above, &left.below)?);
        let below = self.product(&left.below, &right.below)?;
        self.fraction(above, below)
    }

    pub(crate) fn subtract(&mut self, left: &Fraction, right: &Fraction) -> Normal {
        self.add(left, &right.negated())
    }

    pub(crate) fn multiply(&mut self, left: &Fraction, right: &Fraction) -> Normal {
        let above = self.product(&left.above, &right.above)?;
        if left.is_polynomial() && right.is_polynomial() {
            return Ok(Fraction::polynomial(above));
        }
        let below = self.product(&left.below, &right.below)?;
        self.fraction(above, below)
    }

    pub(crate) fn divide(&mut self, left: &Fraction, right: &Fraction) -> Normal {
        let inverse = self.fraction(right.below.clone(), right.above.clone())?;
        self.multiply(left, &inverse)
    }

    /// A fraction in its normal form: no common monomial, and a lower polynomial that leads with one.
    ///
    /// # Errors
    /// When the lower polynomial is zero.
    pub(crate) fn fraction(&mut self, above: Polynomial, below: Polynomial) -> Normal {
        let Some((_, leading)) = below.leading() else {
            return Err(Stop::Unreadable("a division by zero"));
        };
        if above.is_zero() {
            return Ok(Fraction::zero());
        }
        let factor = leading.recip();
        let (above, below) = (above.scaled(&factor), below.scaled(&factor));
        if below.as_constant().is_some() {
            return Ok(Fraction { above, below });
        }
        if above.len() == below.len() {
            let (_, ratio) = above.leading().expect("it is not zero");
            if above == below.scaled(ratio) {
                return Ok(Fraction::constant(ratio.clone()));
            }
        }
        let common = lowest(&above.common_monomial(), &below.common_monomial());
        Ok(Fraction { above: above.without(&common), below: below.without(&common) })
    }

    /// The product of two polynomials with i² = -1 and powers of roots worked out.
    pub(crate) fn product(&mut self, left: &Polynomial, right: &Polynomial) -> Result<Polynomial, Stop> {
        if let Some(factor) = left.as_constant().filter(BigRational::is_one) {
            return Ok(right.scaled(&factor));
        }
        if let Some(factor) = right.as_constant().filter(BigRational::is_one) {
            return Ok(left.scaled(&factor));
        }
        let product = left.times(right, self.budget)?;
        if !product.terms().any(|(monomial, _)| self.reducible(monomial).is_some()) {
            return Ok(product);
        }
        let mut reduced = Polynomial::default();
        for (monomial, value) in product.terms() {
            reduced.add(&self.reduced(monomial, value)?);
        }
        Ok(reduced)
    }

    /// The place of a power that can be worked out.
    fn reducible(&self, monomial: &Monomial) -> Option<usize> {
        monomial.iter().position(|&(atom, power)| match self.atoms.get(atom) {
            Atom::Constant(Constant::Imaginary) => power >= 2,
            Atom::Root(radicand, index) => power >= *index && radicand.is_polynomial(),
            _ => false,
        })
    }

    fn reduced(&mut self, monomial: &Monomial, value: &BigRational) -> Result<Polynomial, Stop> {
        let Some(place) = self.reducible(monomial) else {
            return Ok(Polynomial::term(monomial.clone(), value.clone()));
        };
        let (atom, power) = monomial[place];
        let (factor, index) = match self.atoms.get(atom) {
            Atom::Root(radicand, index) => (radicand.above.clone(), *index),
            _ => (Polynomial::constant(-BigRational::one()), 2),
        };
        let mut rest = monomial.clone();
        if power % index == 0 {
            rest.remove(place);
        } else {
            rest[place].1 = power % index;
        }
        let mut result = Polynomial::term(rest, value.clone());
        for _ in 0..power / index {
            result = self.product(&result, &factor)?;
        }
        // What is left may hold another such power.
        let mut reduced = Polynomial::default();
        for (monomial, value) in result.terms() {
            reduced.add(&self.reduced(monomial, value)?);
        }
        Ok(reduced)
    }
}
