//! What polynomials are made over: unknowns, constants, roots and functions, each found once and numbered.

use std::collections::HashMap;

use num_traits::Signed;

use super::{
    expr::{Constant, Function},
    fraction::Fraction,
    integers,
};

/// Something that is not worked out any further.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Atom {
    Symbol(String),
    Constant(Constant),
    /// A root: radicand and index.
    Root(Fraction, u32),
    /// A power whose exponent is no number, or too large.
    Power(Fraction, Fraction),
    Call(Function, Vec<Fraction>),
    Apply(String, Vec<Fraction>),
    /// A sum or product that cannot be written out: body, from, to, and its index.
    Series(bool, Box<[Fraction; 3]>, String),
}

/// The atoms of one comparison.
#[derive(Debug, Default)]
pub(crate) struct Atoms {
    all: Vec<Atom>,
    numbers: HashMap<Atom, u32>,
}

impl Atoms {
    /// The number of an atom, old or new.
    pub(crate) fn number(&mut self, atom: Atom) -> u32 {
        if let Some(number) = self.numbers.get(&atom) {
            return *number;
        }
        let number = self.all.len() as u32;
        self.all.push(atom.clone());
        self.numbers.insert(atom, number);
        number
    }

    pub(crate) fn get(&self, number: u32) -> &Atom {
        &self.all[number as usize]
    }

    /// Whether an atom, or anything it is made of, is unknown.
    pub(crate) fn is_unknown(&self, number: u32) -> bool {
        match self.get(number) {
            Atom::Symbol(_) | Atom::Apply(..) | Atom::Series(..) => true,
            Atom::Constant(_) => false,
            Atom::Root(radicand, _) => self.any_unknown(radicand),
            Atom::Power(base, exponent) => self.any_unknown(base) || self.any_unknown(exponent),
            Atom::Call(_, arguments) => arguments.iter().any(|part| self.any_unknown(part)),
        }
    }

    /// Whether a value holds anything unknown.
    pub(crate) fn any_unknown(&self, value: &Fraction) -> bool {
        value.above.unknowns().chain(value.below.unknowns()).any(|atom| self.is_unknown(atom))
    }

    /// Whether another atom is, or is made of, a certain one.
    pub(crate) fn depends(&self, number: u32, on: u32) -> bool {
        let inside = |part: &Fraction| {
            part.above.unknowns().chain(part.below.unknowns()).any(|atom| self.depends(atom, on))
        };
        number == on
            || match self.get(number) {
                Atom::Symbol(_) | Atom::Constant(_) => false,
                Atom::Root(radicand, _) => inside(radicand),
                Atom::Power(base, exponent) => inside(base) || inside(exponent),
                Atom::Call(_, parts) | Atom::Apply(_, parts) => parts.iter().any(inside),
                Atom::Series(_, parts, _) => parts.iter().any(inside),
            }
    }

    /// Whether polynomials over these atoms are equal only if they are the same: unknowns, pi or e (about
    /// both together nothing is known), i, and roots of different primes are independent of each other. The
    /// square root of two and its fourth root are not.
    pub(crate) fn are_independent(&self, numbers: impl Iterator<Item = u32>) -> bool {
        let mut transcendental = None;
        let mut roots: HashMap<&Fraction, u32> = HashMap::new();
        for number in numbers {
            match self.get(number) {
                Atom::Symbol(_) | Atom::Constant(Constant::Imaginary | Constant::Infinity) => {}
                Atom::Constant(constant) => {
                    if *transcendental.get_or_insert(*constant) != *constant {
                        return false;
                    }
                }
                Atom::Root(radicand, _) if is_small_prime(radicand) => {
                    if *roots.entry(radicand).or_insert(number) != number {
                        return false;
                    }
                }
                _ => return false,
            }
        }
        true
    }
}

/// Whether a radicand is a prime that trial division has certainly found to be one.
fn is_small_prime(radicand: &Fraction) -> bool {
    let value = radicand.above.as_constant().filter(|value| value.is_integer());
    value.is_some_and(|value| value.is_positive() && value.to_integer() < integers::certain_below())
}
