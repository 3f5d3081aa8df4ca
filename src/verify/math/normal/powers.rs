//! Powers, roots and logarithms.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::normalizer::{Normal, Normalizer};
use crate::verify::math::{
    atoms::Atom,
    budget::Stop,
    expr::{Constant, Function},
    fraction::{Fraction, leads_negative},
    integers,
    polynomial::{Monomial, Polynomial, bits},
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

    /// The root of any index. Odd roots of negative numbers are negative, even ones imaginary.
    pub(crate) fn root(&mut self, radicand: &Fraction, index: u32) -> Normal {
        match (radicand.as_constant(), index) {
            (_, 0) => Err(Stop::Unreadable("a zeroth root")),
            (_, 1) => Ok(radicand.clone()),
            (Some(value), _) => self.number_root(&value, index),
            (None, _) => Ok(self.atom(Atom::Root(radicand.clone(), index))),
        }
    }

    fn number_root(&mut self, value: &BigRational, index: u32) -> Normal {
        if value.is_zero() {
            return Ok(Fraction::zero());
        }
        if value.is_negative() {
            let root = self.number_root(&value.abs(), index)?;
            if index % 2 == 1 {
                return Ok(root.negated());
            }
            if index > 2 {
                return Ok(self.atom(Atom::Root(Fraction::constant(value.clone()), index)));
            }
            let imaginary = self.atom(Atom::Constant(Constant::Imaginary));
            return self.multiply(&root, &imaginary);
        }
        // The root of p/q is the root of p q^(n-1) over q.
        let mut monomial: Monomial = Vec::new();
        let mut outside = BigRational::one();
        for (number, inverse) in [(value.numer(), false), (value.denom(), true)] {
            for (prime, power) in integers::factors(number, self.budget)? {
                let (whole, rest) = match (power / index, power % index) {
                    (whole, 0) => (whole, 0),
                    (whole, rest) if inverse => (whole + 1, index - rest),
                    parts => parts,
                };
                let factor = BigRational::from_integer(prime.pow(whole));
                outside = if inverse { outside / factor } else { outside * factor };
                if rest > 0 {
                    let (root, root_index) = exact_root(&prime, rest, index);
                    match root_index {
                        1 => outside *= BigRational::from_integer(root),
                        _ => {
                            let common = num_integer::gcd(rest, index);
                            let radicand = Fraction::constant(BigRational::from_integer(prime));
                            let atom = self.atoms.number(Atom::Root(radicand, index / common));
                            monomial.push((atom, rest / common));
                        }
                    }
                }
            }
        }
        monomial.sort_unstable();
        Ok(Fraction::polynomial(Polynomial::term(monomial, outside)))
    }

    /// The natural logarithm.
    pub(crate) fn logarithm(&mut self, value: &Fraction) -> Normal {
        let Some(number) = value.as_constant() else {
            if let Some(power) = self.power_of_euler(value) {
                return Ok(power);
            }
            return Ok(self.atom(Atom::Call(Function::Ln, vec![value.clone()])));
        };
        if number.is_zero() {
            return Err(Stop::Unreadable("the logarithm of zero"));
        }
        let mut sum = Fraction::zero();
        if number.is_negative() {
            let pi = self.atom(Atom::Constant(Constant::Pi));
            let imaginary = self.atom(Atom::Constant(Constant::Imaginary));
            sum = self.multiply(&pi, &imaginary)?;
        }
        for (number, sign) in [(number.numer().abs(), 1), (number.denom().clone(), -1)] {
            for (prime, power) in integers::factors(&number, self.budget)? {
                let prime = Fraction::constant(BigRational::from_integer(prime));
                let atom = self.atom(Atom::Call(Function::Ln, vec![prime]));
                let term = atom.scaled(&BigRational::from_integer((i64::from(power) * sign).into()));
                sum = self.add(&sum, &term)?;
            }
        }
        Ok(sum)
    }

    /// n of `e^n`, where a value is that.
    fn power_of_euler(&self, value: &Fraction) -> Option<Fraction> {
        let single = |polynomial: &Polynomial| match polynomial.leading() {
            Some((monomial, factor)) if polynomial.len() == 1 && factor.is_one() => match monomial.as_slice()
            {
                [(atom, power)] => matches!(self.atoms.get(*atom), Atom::Constant(Constant::Euler))
                    .then_some(i64::from(*power)),
                [] => Some(0),
                _ => None,
            },
            _ => None,
        };
        Some(Fraction::integer(single(&value.above)? - single(&value.below)?))
    }
}

/// The root of a factor that trial division left over, if it is exact: its value and index 1.
fn exact_root(factor: &BigInt, power: u32, index: u32) -> (BigInt, u32) {
    if *factor < integers::certain_below() {
        return (factor.clone(), index);
    }
    let root = factor.nth_root(index);
    if root.pow(index) == *factor { (root.pow(power), 1) } else { (factor.clone(), index) }
}
