//! Exact work on whole numbers: factors, factorials, binomials; all bounded.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::budget::{Budget, Stop};

/// Primes up to this are found by trial division.
const TRIAL_LIMIT: u64 = 1000;

/// What is left after trial division is prime below this.
pub(crate) fn certain_below() -> BigInt {
    BigInt::from(TRIAL_LIMIT * TRIAL_LIMIT)
}

/// The factors of a positive number with their powers. What trial division leaves stands last; it may be
/// no prime where it is large.
///
/// # Errors
/// When the budget is spent.
pub(crate) fn factors(number: &BigInt, budget: &Budget) -> Result<Vec<(BigInt, u32)>, Stop> {
    let mut found = Vec::new();
    let mut left = number.clone();
    let mut candidate = 2_u64;
    while candidate <= TRIAL_LIMIT && !left.is_one() {
        if let Some(small) = left.to_u64() {
            found.extend(small_factors(small, candidate));
            budget.spend(100)?;
            return Ok(found);
        }
        let prime = BigInt::from(candidate);
        let mut power = 0;
        while (&left % &prime).is_zero() {
            left /= &prime;
            power += 1;
        }
        budget.spend(5 + left.bits() / 64)?;
        if power > 0 {
            found.push((prime, power));
        }
        candidate += if candidate == 2 { 1 } else { 2 };
    }
    if !left.is_one() {
        found.push((left, 1));
    }
    Ok(found)
}

fn small_factors(mut left: u64, mut candidate: u64) -> Vec<(BigInt, u32)> {
    let mut found = Vec::new();
    while candidate <= TRIAL_LIMIT && candidate * candidate <= left {
        let mut power = 0;
        while left.is_multiple_of(candidate) {
            left /= candidate;
            power += 1;
        }
        if power > 0 {
            found.push((candidate.into(), power));
        }
        candidate += if candidate == 2 { 1 } else { 2 };
    }
    if left > 1 {
        found.push((left.into(), 1));
    }
    found
}

/// n!, or with `step` 2 the double factorial.
///
/// # Errors
/// When it has too many digits.
pub(crate) fn factorial(number: &BigInt, step: usize, budget: &Budget) -> Result<BigInt, Stop> {
    let number =
        number.to_u64().filter(|number| *number <= 5000).ok_or(Stop::GaveUp("too large a factorial"))?;
    let mut product = BigInt::one();
    for factor in (1..=number).rev().step_by(step) {
        product *= factor;
        budget.spend(5 + product.bits() / 64)?;
        if product.bits() > budget.bits() {
            return Err(Stop::GaveUp("too many digits"));
        }
    }
    Ok(product)
}

/// "n choose k"; zero outside of 0..=n.
///
/// # Errors
/// When it has too many digits.
pub(crate) fn binomial(above: &BigInt, below: &BigInt, budget: &Budget) -> Result<BigInt, Stop> {
    if below.is_negative() || below > above {
        return Ok(BigInt::zero());
    }
    let rest = above - below;
    let count = below.min(&rest).to_u64().filter(|count| *count <= 5000);
    let count = count.ok_or(Stop::GaveUp("too large a binomial coefficient"))?;
    let mut value = BigInt::one();
    for index in 0..count {
        value = value * (above - index) / (index + 1);
        budget.spend(10 + value.bits() / 32)?;
        if value.bits() > budget.bits() {
            return Err(Stop::GaveUp("too many digits"));
        }
    }
    Ok(value)
}

pub(crate) fn gcd(numbers: impl Iterator<Item = BigInt>) -> BigInt {
    numbers.fold(BigInt::zero(), |left, right| left.gcd(&right))
}

pub(crate) fn lcm(numbers: impl Iterator<Item = BigInt>) -> BigInt {
    numbers.fold(BigInt::one(), |left, right| left.lcm(&right))
}
