//! Roots. A root of a quotient or product of unknowns is taken apart, so that `√(x/y)` and `√x/√y` are one:
//! an unknown to an odd power under an even root counts as positive. To an even power it need not be, and
//! `√(x²)` is `|x|`.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

use super::normalizer::{Normal, Normalizer};
use crate::verify::math::{
    atoms::Atom,
    budget::Stop,
    expr::{Constant, Function},
    fraction::Fraction,
    integers,
    polynomial::{Monomial, Polynomial},
};

/// Roots of roots are joined up to this index.
const HIGHEST_JOINED: u32 = 64;

impl Normalizer<'_> {
    /// The root of any index. Odd roots of negative numbers are negative, even ones imaginary.
    pub(crate) fn root(&mut self, radicand: &Fraction, index: u32) -> Normal {
        match (radicand.as_constant(), index) {
            (_, 0) => return Err(Stop::Unreadable("a zeroth root")),
            (_, 1) => return Ok(radicand.clone()),
            (Some(value), _) => return self.number_root(&value, index),
            (None, _) => {}
        }
        if !self.is_divisible(radicand) {
            return Ok(self.atom(Atom::Root(radicand.clone(), index)));
        }
        let (above, below) = with_positive_sides(radicand);
        let above = self.polynomial_root(&above, index)?;
        let below = self.polynomial_root(&below, index)?;
        self.divide(&above, &below)
    }

    /// Whether a root, logarithm or power may be taken factor by factor: of unknowns, which count as positive,
    /// and of products of numbers that are.
    pub(super) fn is_divisible(&self, value: &Fraction) -> bool {
        let mut atoms = value.above.unknowns().chain(value.below.unknowns());
        if self.atoms.any_unknown(value) {
            return atoms.all(|atom| *self.atoms.get(atom) != Atom::Constant(Constant::Imaginary));
        }
        let is_positive = |atom| match self.atoms.get(atom) {
            Atom::Constant(Constant::Pi | Constant::Euler) => true,
            Atom::Root(radicand, _) => radicand.as_constant().is_some_and(|value| value.is_positive()),
            _ => false,
        };
        let single =
            |side: &Polynomial| side.len() == 1 && side.terms().all(|(_, value)| value.is_positive());
        single(&value.above) && single(&value.below) && atoms.all(is_positive)
    }

    fn polynomial_root(&mut self, radicand: &Polynomial, index: u32) -> Normal {
        let FactoredPolynomial { content, monomial, rest } = FactoredPolynomial::of(radicand);
        let mut root = self.number_root(&content, index)?;
        let negative = rest.as_constant().is_some_and(|value| value.is_negative());
        if negative && index.is_multiple_of(2) {
            // The sign cannot be told from those of the unknowns.
            let rest = Fraction::polynomial(Polynomial::term(monomial, -BigRational::one()));
            let atom = self.atom(Atom::Root(rest, index));
            return self.multiply(&root, &atom);
        }
        for (atom, power) in monomial {
            let factor = self.atom_root(atom, power, index)?;
            root = self.multiply(&root, &factor)?;
        }
        match rest.as_constant() {
            Some(_) => Ok(if negative { root.negated() } else { root }),
            None => {
                let atom = self.atom(Atom::Root(Fraction::polynomial(rest), index));
                self.multiply(&root, &atom)
            }
        }
    }

    /// The root of a power of an atom: whole powers stand before the root, and a root of a root is one.
    fn atom_root(&mut self, atom: u32, power: u32, index: u32) -> Normal {
        let (base, index) = match self.atoms.get(atom).clone() {
            Atom::Root(radicand, inner) if inner * index <= HIGHEST_JOINED => (radicand, inner * index),
            Atom::Symbol(_) | Atom::Apply(..) if index.is_multiple_of(2) && power.is_multiple_of(2) => {
                let size = Atom::Call(Function::Abs, vec![Fraction::polynomial(Polynomial::unknown(atom))]);
                (self.atom(size), index)
            }
            _ => (Fraction::polynomial(Polynomial::unknown(atom)), index),
        };
        let whole = self.whole_power(&base, i64::from(power / index))?;
        let rest = power % index;
        if rest == 0 {
            return Ok(whole);
        }
        let common = num_integer::gcd(rest, index);
        let root = self.atom(Atom::Root(base, index / common));
        let root = self.whole_power(&root, i64::from(rest / common))?;
        self.multiply(&whole, &root)
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
}

/// A polynomial as a product: a positive number, a monomial, and what is left, whose coefficients are whole and
/// have no common factor.
pub(super) struct FactoredPolynomial {
    pub(super) content: BigRational,
    pub(super) monomial: Monomial,
    pub(super) rest: Polynomial,
}

impl FactoredPolynomial {
    pub(super) fn of(polynomial: &Polynomial) -> Self {
        let monomial = polynomial.common_monomial();
        let rest = polynomial.without(&monomial);
        let (mut above, mut below) = (BigInt::zero(), BigInt::one());
        for (_, value) in rest.terms() {
            above = num_integer::gcd(above, value.numer().clone());
            below = num_integer::lcm(below, value.denom().clone());
        }
        let content = BigRational::new(above, below);
        Self { rest: rest.scaled(&content.recip()), content, monomial }
    }
}

/// What stands above and below the line; both with their signs turned where one of them has only negative terms.
pub(super) fn with_positive_sides(value: &Fraction) -> (Polynomial, Polynomial) {
    let negative = |polynomial: &Polynomial| polynomial.terms().all(|(_, value)| value.is_negative());
    let turns = !value.is_polynomial() && (negative(&value.above) || negative(&value.below));
    match turns && !(value.above.len() == 1 && value.below.len() == 1) {
        true => (value.above.negated(), value.below.negated()),
        false => (value.above.clone(), value.below.clone()),
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
