//! Real numbers in two precisions: `f64` to tell unequal values apart quickly, and 320 bits to say that
//! two values are equal.

use std::cell::RefCell;

use astro_float::{BigFloat, Consts, RoundingMode, Sign};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive};

/// Bits of a long number.
const BITS: usize = 320;
const ROUNDING: RoundingMode = RoundingMode::None;

/// Arithmetic that both precisions have.
pub(crate) trait Real: Clone {
    /// Relative error under which two values count as the same, as a power of two.
    const EQUAL_EXPONENT: i32;
    fn from_rational(value: &BigRational) -> Self;
    fn add(&self, other: &Self) -> Self;
    fn sub(&self, other: &Self) -> Self;
    fn mul(&self, other: &Self) -> Self;
    fn div(&self, other: &Self) -> Self;
    fn neg(&self) -> Self;
    fn sqrt(&self) -> Self;
    fn exp(&self) -> Self;
    fn ln(&self) -> Self;
    fn sin(&self) -> Self;
    fn cos(&self) -> Self;
    fn atan(&self) -> Self;
    fn floor(&self) -> Self;
    fn pi() -> Self;
    fn is_zero(&self) -> bool;
    fn is_negative(&self) -> bool;
    fn is_finite(&self) -> bool;
    fn less(&self, other: &Self) -> bool;
    /// Times a power of two.
    fn shifted(&self, exponent: i32) -> Self;
    fn to_f64(&self) -> f64;

    fn from_f64(value: f64) -> Self {
        Self::from_rational(
            &BigRational::from_float(value).unwrap_or_else(|| BigRational::from_integer(0.into())),
        )
    }

    fn abs(&self) -> Self {
        if self.is_negative() { self.neg() } else { self.clone() }
    }
}

impl Real for f64 {
    // What f64 finds equal is looked at again in long numbers.
    const EQUAL_EXPONENT: i32 = -26;

    fn from_rational(value: &BigRational) -> Self {
        value.to_f64().unwrap_or(f64::NAN)
    }
    fn add(&self, other: &Self) -> Self {
        self + other
    }
    fn sub(&self, other: &Self) -> Self {
        self - other
    }
    fn mul(&self, other: &Self) -> Self {
        self * other
    }
    fn div(&self, other: &Self) -> Self {
        self / other
    }
    fn neg(&self) -> Self {
        -self
    }
    fn sqrt(&self) -> Self {
        f64::sqrt(*self)
    }
    fn exp(&self) -> Self {
        f64::exp(*self)
    }
    fn ln(&self) -> Self {
        f64::ln(*self)
    }
    fn sin(&self) -> Self {
        f64::sin(*self)
    }
    fn cos(&self) -> Self {
        f64::cos(*self)
    }
    fn atan(&self) -> Self {
        f64::atan(*self)
    }
    fn floor(&self) -> Self {
        f64::floor(*self)
    }
    fn pi() -> Self {
        std::f64::consts::PI
    }
    fn is_zero(&self) -> bool {
        *self == 0.0
    }
    fn is_negative(&self) -> bool {
        *self < 0.0
    }
    fn is_finite(&self) -> bool {
        f64::is_finite(*self)
    }
    fn less(&self, other: &Self) -> bool {
        self < other
    }
    fn shifted(&self, exponent: i32) -> Self {
        self * f64::from(exponent).exp2()
    }
    fn to_f64(&self) -> f64 {
        *self
    }
}

/// A number of 320 bits.
#[derive(Debug, Clone)]
pub(crate) struct Long(BigFloat);

thread_local! {
    static CONSTANTS: RefCell<Consts> = RefCell::new(Consts::new().expect("memory for the constants"));
}

fn with_constants(function: impl FnOnce(&mut Consts) -> BigFloat) -> Long {
    CONSTANTS.with(|constants| Long(function(&mut constants.borrow_mut())))
}

fn long(value: &BigInt) -> BigFloat {
    let digits = value.magnitude().to_u64_digits();
    if digits.is_empty() {
        return BigFloat::new(BITS);
    }
    let sign = if value.is_negative() { Sign::Neg } else { Sign::Pos };
    let mut number = BigFloat::from_words(&digits, sign, 64 * digits.len() as i32);
    // The error is that of rounding; a failure leaves the exact number.
    let _exact_otherwise = number.set_precision(BITS, ROUNDING);
    number
}

impl Real for Long {
    const EQUAL_EXPONENT: i32 = -200;

    fn from_rational(value: &BigRational) -> Self {
        Self(long(value.numer()).div(&long(value.denom()), BITS, ROUNDING))
    }
    fn add(&self, other: &Self) -> Self {
        Self(self.0.add(&other.0, BITS, ROUNDING))
    }
    fn sub(&self, other: &Self) -> Self {
        Self(self.0.sub(&other.0, BITS, ROUNDING))
    }
    fn mul(&self, other: &Self) -> Self {
        Self(self.0.mul(&other.0, BITS, ROUNDING))
    }
    fn div(&self, other: &Self) -> Self {
        Self(self.0.div(&other.0, BITS, ROUNDING))
    }
    fn neg(&self) -> Self {
        Self(self.0.neg())
    }
    fn sqrt(&self) -> Self {
        Self(self.0.sqrt(BITS, ROUNDING))
    }
    fn exp(&self) -> Self {
        with_constants(|constants| self.0.exp(BITS, ROUNDING, constants))
    }
    fn ln(&self) -> Self {
        with_constants(|constants| self.0.ln(BITS, ROUNDING, constants))
    }
    fn sin(&self) -> Self {
        with_constants(|constants| self.0.sin(BITS, ROUNDING, constants))
    }
    fn cos(&self) -> Self {
        with_constants(|constants| self.0.cos(BITS, ROUNDING, constants))
    }
    fn atan(&self) -> Self {
        with_constants(|constants| self.0.atan(BITS, ROUNDING, constants))
    }
    fn floor(&self) -> Self {
        Self(self.0.floor())
    }
    fn pi() -> Self {
        with_constants(|constants| constants.pi(BITS, ROUNDING))
    }
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
    fn is_negative(&self) -> bool {
        self.0.is_negative() && !self.0.is_zero()
    }
    fn is_finite(&self) -> bool {
        !self.0.is_nan() && !self.0.is_inf()
    }
    fn less(&self, other: &Self) -> bool {
        self.0.cmp(&other.0).is_some_and(|order| order < 0)
    }
    fn shifted(&self, exponent: i32) -> Self {
        let mut number = self.0.clone();
        if let Some(current) = number.exponent() {
            number.set_exponent(current.saturating_add(exponent));
        }
        Self(number)
    }
    fn to_f64(&self) -> f64 {
        let Some((words, _, sign, exponent, _)) = self.0.as_raw_parts() else { return f64::NAN };
        // The highest word holds the first 64 bits behind the point.
        let mantissa = words.last().map_or(0.0, |word| *word as f64 / 2_f64.powi(64));
        let value = mantissa * 2_f64.powi(exponent.clamp(-2000, 2000));
        if sign == Sign::Neg { -value } else { value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_hold_rationals_and_functions() {
        let third = Long::from_rational(&BigRational::new(1.into(), 3.into()));
        assert!((third.to_f64() - 1.0 / 3.0).abs() < 1e-16);
        let huge = Long::from_rational(&BigRational::from_integer(BigInt::from(7).pow(200)));
        assert!((huge.ln().to_f64() - 200.0 * 7_f64.ln()).abs() < 1e-9);
        let half = Long::pi().div(&Long::from_f64(6.0)).sin();
        assert!(half.sub(&Long::from_f64(0.5)).abs().less(&Long::from_f64(1.0).shifted(-300)));
        assert_eq!(Long::from_f64(-2.75).to_f64(), -2.75);
        assert_eq!(Long::from_f64(-2.75).floor().to_f64(), -3.0);
    }
}
