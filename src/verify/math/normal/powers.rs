//! Powers with any exponent.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::{
    normalizer::{Normal, Normalizer},
    roots::{FactoredPolynomial, with_positive_sides},
};
use crate::verify::math::{
    atoms::Atom,
    budget::Stop,
    fraction::{Fraction, leads_negative},
    integers,
    polynomial::{Polynomial, bits},
};

/// Powers of sums that are multiplied out.
const HIGHEST_EXPANDED: i64 = 60;

/// Roots of higher index stay as they are.
const HIGHEST_INDEX: i64 = 64;

impl Normalizer<'_> {
    pub(crate) fn power(&mut self, base: &Fraction, exponent: &Fraction) -> Normal {
        if let Some(value) = exponent.as_constant() {
            return self.rational_power(base, &value);
        }
        // The whole part of an exponent is split off: a^(x + 2) = a² a^x.
        let constant = exponent.above.terms().find(|(monomial, _)| monomial.is_empty());
        let shift = match constant {
            Some((_, value)) if exponent.is_polynomial() => value.floor(),
            _ => BigRational::zero(),
        };
        let rest = self.subtract(exponent, &Fraction::constant(shift.clone()))?;
        let shifted = self.rational_power(base, &shift)?;
        let power = self.symbolic_power(base, &rest)?;
        self.multiply(&shifted, &power)
    }

    /// A power whose exponent holds an unknown: of the smallest base, with a positive exponent.
    fn symbolic_power(&mut self, base: &Fraction, exponent: &Fraction) -> Normal {
        if let Some(value) = base.as_constant() {
            if value.is_one() {
                return Ok(Fraction::one());
            }
            if value.numer().is_one() && value.denom() > &BigInt::one() {
                let inverse = Fraction::constant(value.recip());
                return self.symbolic_power(&inverse, &exponent.negated());
            }
            if value.is_integer() && value.is_positive() {
                let factors = integers::factors(value.numer(), self.budget)?;
                let common = factors.iter().fold(0, |common, (_, power)| num_integer::gcd(common, *power));
                if common > 1 {
                    let root = factors.iter().map(|(prime, power)| prime.pow(power / common)).product();
                    let base = Fraction::constant(BigRational::from_integer(root));
                    return self
                        .symbolic_power(&base, &exponent.scaled(&BigRational::from_integer(common.into())));
                }
            }
        }
        if base.as_constant().is_none() && self.is_divisible(base) {
            return self.power_of_factors(base, exponent);
        }
        self.atomic_power(base, exponent)
    }

    /// A quotient or product to a power, factor by factor: the unknowns in it count as positive.
    fn power_of_factors(&mut self, base: &Fraction, exponent: &Fraction) -> Normal {
        let (above, below) = with_positive_sides(base);
        let mut power = Fraction::one();
        for (side, exponent) in [(above, exponent.clone()), (below, exponent.negated())] {
            let FactoredPolynomial { content, monomial, rest } = FactoredPolynomial::of(&side);
            let sign = rest.as_constant().filter(|value| value.is_negative());
            let single = if sign.is_some() { Vec::new() } else { monomial.clone() };
            if !content.is_one() {
                let factor = self.symbolic_power(&Fraction::constant(content), &exponent)?;
                power = self.multiply(&power, &factor)?;
            }
            for (atom, times) in single {
                let exponent = exponent.scaled(&BigRational::from_integer(times.into()));
                let atom = Fraction::polynomial(Polynomial::unknown(atom));
                let factor = self.atomic_power(&atom, &exponent)?;
                power = self.multiply(&power, &factor)?;
            }
            let rest = match sign {
                Some(sign) => Polynomial::term(monomial, sign),
                None => rest,
            };
            if rest.as_constant().is_none_or(|value| !value.is_one()) {
                let factor = self.atomic_power(&Fraction::polynomial(rest), &exponent)?;
                power = self.multiply(&power, &factor)?;
            }
        }
        Ok(power)
    }

    /// A power as an atom, with a positive exponent.
    fn atomic_power(&mut self, base: &Fraction, exponent: &Fraction) -> Normal {
        if leads_negative(&exponent.above) {
            let inverse = self.atom(Atom::Power(base.clone(), exponent.negated()));
            return self.divide(&Fraction::one(), &inverse);
        }
        Ok(self.atom(Atom::Power(base.clone(), exponent.clone())))
    }

    fn rational_power(&mut self, base: &Fraction, exponent: &BigRational) -> Normal {
        let (Some(above), Some(below)) = (exponent.numer().to_i64(), exponent.denom().to_i64()) else {
            return Ok(self.atom(Atom::Power(base.clone(), Fraction::constant(exponent.clone()))));
        };
        if below == 1 {
            return self.whole_power(base, above);
        }
        let is_sum = base.above.len() > 1 || base.below.len() > 1;
        if below > HIGHEST_INDEX || (is_sum && above.unsigned_abs() > HIGHEST_EXPANDED as u64) {
            return Ok(self.atom(Atom::Power(base.clone(), Fraction::constant(exponent.clone()))));
        }
        let root = self.root(base, below as u32)?;
        self.whole_power(&root, above)
    }

    pub(crate) fn whole_power(&mut self, base: &Fraction, exponent: i64) -> Normal {
        if exponent < 0 {
            let inverse = self.divide(&Fraction::one(), base)?;
            return match exponent.checked_neg() {
                Some(exponent) => self.whole_power(&inverse, exponent),
                None => Err(Stop::GaveUp("too high a power")),
            };
        }
        let is_unit = base.as_constant().is_some_and(|value| value.is_zero() || value.abs().is_one());
        if is_unit {
            let exponent = if exponent > 2 { 2 - exponent % 2 } else { exponent };
            return self.repeated(base, exponent);
        }
        if !self.is_expandable(base, exponent) {
            return Ok(self.atom(Atom::Power(base.clone(), Fraction::integer(exponent))));
        }
        self.repeated(base, exponent)
    }

    /// Whether a power can be worked out within the budget.
    fn is_expandable(&self, base: &Fraction, exponent: i64) -> bool {
        let size =
            base.above.terms().chain(base.below.terms()).map(|(_, value)| bits(value)).max().unwrap_or(0);
        // 1 has two bits, one above and one below the line.
        let fits = (size.saturating_sub(2)).saturating_mul(exponent as u64) < self.budget.bits();
        let single = base.above.len() <= 1 && base.below.len() <= 1;
        fits && (if single { exponent < 1_000_000 } else { exponent <= HIGHEST_EXPANDED })
    }

    fn repeated(&mut self, base: &Fraction, mut exponent: i64) -> Normal {
        let (mut result, mut square) = (Fraction::one(), base.clone());
        while exponent > 0 {
            if exponent % 2 == 1 {
                result = self.multiply(&result, &square)?;
            }
            exponent /= 2;
            if exponent > 0 {
                square = self.multiply(&square, &square)?;
            }
        }
        Ok(result)
    }
}
