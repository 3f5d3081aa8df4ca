//! Logarithms. The logarithm of a quotient or product of unknowns is taken apart, so that `ln(1/x)` and `-ln x`
//! are one: an unknown to an odd power in a logarithm counts as positive. To an even power it need not be, and
//! `ln(x²)` is `2 ln|x|`; whether it may also be `2 ln x` is a setting of the normalizer.

use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

use super::{
    normalizer::{Normal, Normalizer},
    roots::{FactoredPolynomial, with_positive_sides},
};
use crate::verify::math::{
    atoms::Atom,
    budget::Stop,
    expr::{Constant, Function},
    fraction::Fraction,
    integers,
    polynomial::Polynomial,
};

impl Normalizer<'_> {
    /// The natural logarithm.
    pub(crate) fn logarithm(&mut self, value: &Fraction) -> Normal {
        if let Some(number) = value.as_constant() {
            return self.number_logarithm(&number);
        }
        if !self.is_divisible(value) {
            return Ok(self.atom(Atom::Call(Function::Ln, vec![value.clone()])));
        }
        let (above, below) = with_positive_sides(value);
        let above = self.polynomial_logarithm(&above)?;
        let below = self.polynomial_logarithm(&below)?;
        self.subtract(&above, &below)
    }

    fn polynomial_logarithm(&mut self, value: &Polynomial) -> Normal {
        let FactoredPolynomial { content, monomial, rest } = FactoredPolynomial::of(value);
        let mut sum = self.number_logarithm(&content)?;
        if rest.as_constant().is_some_and(|value| value.is_negative()) {
            // The sign cannot be told from those of the unknowns.
            let rest = Fraction::polynomial(Polynomial::term(monomial, -BigRational::one()));
            let atom = self.atom(Atom::Call(Function::Ln, vec![rest]));
            return self.add(&sum, &atom);
        }
        for (atom, power) in monomial {
            let term = self.atom_logarithm(atom, power)?;
            let term = term.scaled(&BigRational::from_integer(power.into()));
            sum = self.add(&sum, &term)?;
        }
        if rest.as_constant().is_none() {
            let atom = self.atom(Atom::Call(Function::Ln, vec![Fraction::polynomial(rest)]));
            sum = self.add(&sum, &atom)?;
        }
        Ok(sum)
    }

    /// The logarithm of an atom that stands to a power in the argument.
    fn atom_logarithm(&mut self, atom: u32, power: u32) -> Normal {
        let base = Fraction::polynomial(Polynomial::unknown(atom));
        match self.atoms.get(atom).clone() {
            Atom::Constant(Constant::Euler) => return Ok(Fraction::one()),
            Atom::Root(radicand, index) => {
                let inside = self.logarithm(&radicand)?;
                return Ok(inside.scaled(&BigRational::new(1.into(), index.into())));
            }
            Atom::Power(base, exponent) => {
                let inside = self.logarithm(&base)?;
                return self.multiply(&inside, &exponent);
            }
            Atom::Symbol(_) | Atom::Apply(..) if power.is_multiple_of(2) => {
                self.has_even_logarithm = true;
                if !self.positive_in_logarithms {
                    let size = self.atom(Atom::Call(Function::Abs, vec![base]));
                    return Ok(self.atom(Atom::Call(Function::Ln, vec![size])));
                }
            }
            _ => {}
        }
        Ok(self.atom(Atom::Call(Function::Ln, vec![base])))
    }

    fn number_logarithm(&mut self, number: &BigRational) -> Normal {
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
}
