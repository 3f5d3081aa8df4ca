//! Polynomials with exact rational coefficients over numbered unknowns.

use std::collections::BTreeMap;

use num_rational::BigRational;
use num_traits::{One, Zero};

use super::budget::{Budget, Stop};

/// Unknowns and their powers, in rising order of the unknowns.
pub(crate) type Monomial = Vec<(u32, u32)>;

/// Steps of the product of two terms, and the bits of its number that are one step more.
const PRODUCT_COST: u64 = 40;
const BITS_PER_STEP: u64 = 8;

/// Terms that a polynomial may have.
const MOST_TERMS: usize = 400;

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Polynomial {
    terms: BTreeMap<Monomial, BigRational>,
}

impl Polynomial {
    pub(crate) fn constant(value: BigRational) -> Self {
        Self::term(Monomial::new(), value)
    }

    pub(crate) fn term(monomial: Monomial, coefficient: BigRational) -> Self {
        let mut terms = BTreeMap::new();
        if !coefficient.is_zero() {
            terms.insert(monomial, coefficient);
        }
        Self { terms }
    }

    pub(crate) fn unknown(index: u32) -> Self {
        Self::term(vec![(index, 1)], BigRational::one())
    }

    pub(crate) fn terms(&self) -> impl DoubleEndedIterator<Item = (&Monomial, &BigRational)> {
        self.terms.iter()
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.terms.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.terms.len()
    }

    /// The value of a polynomial without unknowns.
    pub(crate) fn as_constant(&self) -> Option<BigRational> {
        match self.terms.len() {
            0 => Some(BigRational::zero()),
            1 => self.terms.get(&Monomial::new()).cloned(),
            _ => None,
        }
    }

    /// The term that comes last in the order of monomials.
    pub(crate) fn leading(&self) -> Option<(&Monomial, &BigRational)> {
        self.terms.last_key_value()
    }

    pub(crate) fn scaled(&self, factor: &BigRational) -> Self {
        if factor.is_one() {
            return self.clone();
        }
        if factor.is_zero() {
            return Self::default();
        }
        Self {
            terms: self.terms.iter().map(|(monomial, value)| (monomial.clone(), value * factor)).collect(),
        }
    }

    pub(crate) fn negated(&self) -> Self {
        Self { terms: self.terms.iter().map(|(monomial, value)| (monomial.clone(), -value)).collect() }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (monomial, value) in &other.terms {
            self.add_term(monomial.clone(), value.clone());
        }
    }

    fn add_term(&mut self, monomial: Monomial, value: BigRational) {
        use std::collections::btree_map::Entry;
        match self.terms.entry(monomial) {
            Entry::Vacant(place) if !value.is_zero() => {
                place.insert(value);
            }
            Entry::Vacant(_) => {}
            Entry::Occupied(mut place) => {
                *place.get_mut() += value;
                if place.get().is_zero() {
                    place.remove();
                }
            }
        }
    }

    /// The product, as it stands: powers of roots are not reduced.
    ///
    /// # Errors
    /// When it has too many terms or digits.
    pub(crate) fn times(&self, other: &Self, budget: &Budget) -> Result<Self, Stop> {
        budget.spend((self.len() * other.len()) as u64 * PRODUCT_COST)?;
        let mut product = Self::default();
        for (left, a) in &self.terms {
            for (right, b) in &other.terms {
                let value = a * b;
                let size = bits(&value);
                budget.spend(size / BITS_PER_STEP)?;
                if size > budget.bits() {
                    return Err(Stop::GaveUp("too many digits"));
                }
                product.add_term(multiply(left, right)?, value);
            }
            if product.len() > MOST_TERMS {
                return Err(Stop::GaveUp("too many terms"));
            }
        }
        Ok(product)
    }

    /// The greatest monomial that divides every term.
    pub(crate) fn common_monomial(&self) -> Monomial {
        let mut terms = self.terms.keys();
        let Some(first) = terms.next() else { return Monomial::new() };
        terms.fold(first.clone(), |common, term| lowest(&common, term))
    }

    /// Divides every term by a monomial that divides them all.
    pub(crate) fn without(&self, divisor: &Monomial) -> Self {
        if divisor.is_empty() {
            return self.clone();
        }
        let terms = self.terms.iter().map(|(monomial, value)| (divide(monomial, divisor), value.clone()));
        Self { terms: terms.collect() }
    }

    /// Every unknown that occurs.
    pub(crate) fn unknowns(&self) -> impl Iterator<Item = u32> {
        self.terms.keys().flatten().map(|(unknown, _)| *unknown)
    }
}

/// Bits of a fraction's two parts.
pub(crate) fn bits(value: &BigRational) -> u64 {
    value.numer().bits() + value.denom().bits()
}

fn multiply(left: &Monomial, right: &Monomial) -> Result<Monomial, Stop> {
    let mut product = Monomial::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    while let (Some(&&(a, m)), Some(&&(b, n))) = (left.peek(), right.peek()) {
        if a == b {
            product.push((a, m.checked_add(n).ok_or(Stop::GaveUp("a power too high"))?));
            left.next();
            right.next();
        } else if a < b {
            product.push((a, m));
            left.next();
        } else {
            product.push((b, n));
            right.next();
        }
    }
    product.extend(left.chain(right));
    Ok(product)
}

/// The lower power of every unknown that both have.
pub(crate) fn lowest(left: &Monomial, right: &Monomial) -> Monomial {
    let power = |unknown: u32| right.iter().find(|(other, _)| *other == unknown).map(|(_, power)| *power);
    left.iter().filter_map(|&(unknown, m)| Some((unknown, m.min(power(unknown)?)))).collect()
}

fn divide(monomial: &Monomial, divisor: &Monomial) -> Monomial {
    let power =
        |unknown: u32| divisor.iter().find(|(other, _)| *other == unknown).map_or(0, |(_, power)| *power);
    monomial.iter().map(|&(unknown, m)| (unknown, m - power(unknown))).filter(|(_, m)| *m > 0).collect()
}
