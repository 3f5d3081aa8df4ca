//! Values of normal forms: at one place where there are no unknowns, at several where there are.

mod complex;
mod real;

use std::collections::HashMap;

use num_rational::BigRational;

use self::{
    complex::Complex,
    real::{Long, Real},
};
use super::{
    atoms::{Atom, Atoms},
    budget::{Budget, Stop},
    expr::{Constant, Function},
    fraction::Fraction,
    polynomial::Polynomial,
};

/// Places at which expressions with unknowns are compared: the first two have positive values only.
const PLACES: u64 = 6;
const POSITIVE_PLACES: u64 = 2;

/// Places at which they must have values; fewer show nothing.
const LEAST_PLACES: usize = 2;

/// Larger arguments of circular functions lose too much.
const LARGEST_ANGLE: f64 = 1e9;

/// Hyperbolic tangents of larger arguments are too near to one.
const LARGEST_TANH: f64 = 60.0;

/// Arguments and powers nearer to zero than this, or farther, bring values so close to others (the cosine of
/// 10^-100 to one) that long numbers cannot tell them apart: as powers of two.
const SMALLEST_EXPONENT: i32 = -90;
const LARGEST_EXPONENT: i32 = 190;

/// Steps of one operation: a short one and a long one.
const SHORT_COST: u64 = 5;
const LONG_COST: u64 = 200;

/// Whether a polynomial is zero wherever it has a value.
///
/// # Errors
/// Gives up where it has too few values, or the budget is spent.
pub(crate) fn vanishes(polynomial: &Polynomial, atoms: &Atoms, budget: &Budget) -> Result<bool, Stop> {
    // Short numbers can only tell that it is not zero, and only where they do not overflow.
    for place in 0..PLACES {
        let value = Evaluator::<f64>::new(atoms, place, budget, SHORT_COST).sum(polynomial)?;
        if value.is_usable() && !value.is_negligible() {
            return Ok(false);
        }
    }
    let mut seen = 0;
    for place in 0..PLACES {
        let value = Evaluator::<Long>::new(atoms, place, budget, LONG_COST).sum(polynomial)?;
        if !value.is_usable() {
            continue;
        }
        if !value.is_negligible() {
            return Ok(false);
        }
        seen += 1;
    }
    if seen < LEAST_PLACES { Err(Stop::GaveUp("no values to compare")) } else { Ok(true) }
}

/// The sign of the constant factor between two polynomials; `None` where there is none.
///
/// # Errors
/// Gives up where they have too few values, or the budget is spent.
pub(crate) fn proportion(
    left: &Polynomial,
    right: &Polynomial,
    atoms: &Atoms,
    budget: &Budget,
) -> Result<Option<f64>, Stop> {
    let mut ratio: Option<Complex<Long>> = None;
    let mut seen = 0;
    for place in 0..PLACES {
        let mut evaluator = Evaluator::<Long>::new(atoms, place, budget, LONG_COST);
        let (left, right) = (evaluator.sum(left)?, evaluator.sum(right)?);
        if !(left.is_usable() && right.is_usable()) || left.is_negligible() || right.is_negligible() {
            continue;
        }
        let here = left.value.div(&right.value);
        if let Some(ratio) = &ratio {
            let error = here.sub(ratio).abs();
            if !error.is_zero() && !error.less(&ratio.abs().shifted(Long::EQUAL_EXPONENT)) {
                return Ok(None);
            }
        }
        seen += 1;
        ratio = ratio.or(Some(here));
    }
    match ratio {
        Some(ratio) if seen >= LEAST_PLACES => Ok(ratio.is_real().then(|| ratio.re.to_f64().signum())),
        _ => Err(Stop::GaveUp("no values to compare")),
    }
}

/// The value of a fraction without unknowns, if it is real and finite.
///
/// # Errors
/// When the budget is spent.
pub(crate) fn real_value(fraction: &Fraction, atoms: &Atoms, budget: &Budget) -> Result<Option<f64>, Stop> {
    let value = Evaluator::<f64>::new(atoms, 0, budget, SHORT_COST).fraction(fraction)?;
    let imaginary = value.im.abs() > 1e-12 * value.re.abs().max(1.0);
    Ok((value.is_finite() && !imaginary).then_some(value.re))
}

/// The first of two fractions without unknowns less the second, worked out in long numbers: the real and the
/// imaginary part.
///
/// # Errors
/// When the budget is spent.
pub(crate) fn difference(
    left: &Fraction,
    right: &Fraction,
    atoms: &Atoms,
    budget: &Budget,
) -> Result<Option<(BigRational, BigRational)>, Stop> {
    let mut evaluator = Evaluator::<Long>::new(atoms, 0, budget, LONG_COST);
    let difference = evaluator.fraction(left)?.sub(&evaluator.fraction(right)?);
    let part = |part: &Long| BigRational::from_float(part.to_f64());
    Ok(part(&difference.re).zip(part(&difference.im)))
}

/// A sum and how large its terms were: what is left of them after they cancel is only an error.
struct Sum<F> {
    value: Complex<F>,
    scale: F,
    /// The smallest term that is not zero.
    least: Option<F>,
}

impl<F: Real> Sum<F> {
    fn is_usable(&self) -> bool {
        self.value.is_finite() && self.scale.is_finite()
    }

    /// Whether a term is too small beside the others to have left a trace.
    fn has_lost_terms(&self) -> bool {
        self.least.as_ref().is_some_and(|least| least.less(&self.scale.shifted(-LARGEST_EXPONENT)))
    }

    fn is_negligible(&self) -> bool {
        let size = self.value.abs();
        size.is_zero() || size.less(&self.scale.shifted(F::EQUAL_EXPONENT))
    }
}

/// Values of atoms at one place.
struct Evaluator<'a, F> {
    atoms: &'a Atoms,
    place: u64,
    budget: &'a Budget,
    cost: u64,
    known: HashMap<u32, Complex<F>>,
}

impl<'a, F: Real> Evaluator<'a, F> {
    fn new(atoms: &'a Atoms, place: u64, budget: &'a Budget, cost: u64) -> Self {
        Self { atoms, place, budget, cost, known: HashMap::new() }
    }

    fn sum(&mut self, polynomial: &Polynomial) -> Result<Sum<F>, Stop> {
        let one = F::from_f64(1.0);
        let mut total = Sum { value: Complex::number(0.0), scale: F::from_f64(0.0), least: None };
        for (monomial, coefficient) in polynomial.terms() {
            let mut term = Complex::real(F::from_rational(coefficient));
            let mut scale = term.abs();
            for &(atom, power) in monomial {
                self.budget.spend(self.cost * u64::from(power.ilog2() + 1) * 2)?;
                let value = whole_power(&self.atom(atom)?, power);
                // Near its zeros, a function is wrong by as much as elsewhere.
                let near_zero = matches!(self.atoms.get(atom), Atom::Call(..)) && value.abs().less(&one);
                scale = if near_zero { scale } else { scale.mul(&value.abs()) };
                term = term.mul(&value);
            }
            let size = term.abs();
            if !size.is_zero() && total.least.as_ref().is_none_or(|least| size.less(least)) {
                total.least = Some(size);
            }
            total.scale = total.scale.add(&scale);
            total.value = total.value.add(&term);
        }
        Ok(total)
    }

    fn fraction(&mut self, fraction: &Fraction) -> Result<Complex<F>, Stop> {
        let above = self.sum(&fraction.above)?;
        if above.has_lost_terms() {
            return Ok(undefined());
        }
        let above = above.value;
        if fraction.is_polynomial() {
            return Ok(above);
        }
        let below = self.sum(&fraction.below)?;
        if below.has_lost_terms() {
            return Ok(undefined());
        }
        // Below the line, an error is as bad as a zero.
        let below = if below.is_negligible() { Complex::number(0.0) } else { below.value };
        Ok(above.div(&below))
    }

    /// The value of what a root, power or function is taken of; undefined where it is too near to zero or too
    /// far from it.
    fn argument(&mut self, fraction: &Fraction) -> Result<Complex<F>, Stop> {
        let value = self.fraction(fraction)?;
        let (size, one) = (value.abs(), F::from_f64(1.0));
        let extreme = !size.is_zero()
            && (size.less(&one.shifted(SMALLEST_EXPONENT)) || one.shifted(LARGEST_EXPONENT).less(&size));
        Ok(if extreme { undefined() } else { value })
    }

    fn atom(&mut self, number: u32) -> Result<Complex<F>, Stop> {
        if let Some(value) = self.known.get(&number) {
            return Ok(value.clone());
        }
        self.budget.spend(self.cost * 10)?;
        let atoms = self.atoms;
        let value = match atoms.get(number) {
            Atom::Constant(Constant::Pi) => Complex::real(F::pi()),
            Atom::Constant(Constant::Euler) => Complex::number(1.0).exp(),
            Atom::Constant(Constant::Imaginary) => Complex::imaginary(),
            Atom::Root(radicand, index) => self.argument(radicand)?.root(*index),
            Atom::Power(base, exponent) => self.argument(base)?.pow(&self.argument(exponent)?),
            Atom::Call(function, arguments) => {
                let values =
                    arguments.iter().map(|part| self.argument(part)).collect::<Result<Vec<_>, _>>()?;
                match call(*function, &values) {
                    Some(value) => value,
                    None => self.arbitrary(number),
                }
            }
            Atom::Constant(Constant::Infinity) | Atom::Symbol(_) | Atom::Apply(..) | Atom::Series(..) => {
                self.arbitrary(number)
            }
        };
        self.known.insert(number, value.clone());
        Ok(value)
    }

    /// The value that something unknown has here: between 0.3 and 2.3, of either sign at later places.
    fn arbitrary(&self, number: u32) -> Complex<F> {
        let bits = scramble(u64::from(number) * PLACES + self.place);
        let size = 0.3 + (bits >> 12) as f64 / (1_u64 << 51) as f64;
        let negative = self.place >= POSITIVE_PLACES && bits & 1 == 1;
        Complex::number(if negative { -size } else { size })
    }
}

/// SplitMix64: the same places every time.
fn scramble(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

fn whole_power<F: Real>(base: &Complex<F>, mut power: u32) -> Complex<F> {
    if power == 1 {
        return base.clone();
    }
    let (mut result, mut square) = (Complex::number(1.0), base.clone());
    while power > 0 {
        if power % 2 == 1 {
            result = result.mul(&square);
        }
        power /= 2;
        if power > 0 {
            square = square.mul(&square);
        }
    }
    result
}

/// No value.
fn undefined<F: Real>() -> Complex<F> {
    Complex::number(0.0).div(&Complex::number(0.0))
}

/// The value of a function; `None` for those whose values are not known.
fn call<F: Real>(function: Function, arguments: &[Complex<F>]) -> Option<Complex<F>> {
    let first = arguments.first()?;
    let circular = |function: fn(&Complex<F>) -> Complex<F>| {
        if first.re.to_f64().abs() < LARGEST_ANGLE { function(first) } else { undefined() }
    };
    let real = |value: F| if first.is_real() { Complex::real(value) } else { undefined() };
    let one = Complex::number(1.0);
    Some(match function {
        Function::Sin => circular(Complex::sin),
        Function::Cos => circular(Complex::cos),
        Function::Tan => circular(|angle| angle.sin().div(&angle.cos())),
        Function::Cot => circular(|angle| angle.cos().div(&angle.sin())),
        Function::Sec => circular(|angle| angle.cos().inverse()),
        Function::Csc => circular(|angle| angle.sin().inverse()),
        Function::Arcsin => first.arcsin(),
        Function::Arccos => first.arccos(),
        Function::Arctan => first.arctan(),
        Function::Arccot => first.inverse().arctan(),
        Function::Arcsec => first.inverse().arccos(),
        Function::Arccsc => first.inverse().arcsin(),
        Function::Sinh => first.sinh(),
        Function::Cosh => first.cosh(),
        // Beyond this the value is too near to one to be told from it.
        Function::Tanh if first.re.to_f64().abs() > LARGEST_TANH => undefined(),
        Function::Tanh => first.sinh().div(&first.cosh()),
        Function::Arsinh => first.add(&first.mul(first).add(&one).square_root()).ln(),
        Function::Arcosh => {
            first.add(&first.add(&one).square_root().mul(&first.sub(&one).square_root())).ln()
        }
        Function::Artanh => one.add(first).div(&one.sub(first)).ln().mul(&Complex::number(0.5)),
        Function::Ln => first.ln(),
        Function::Abs => Complex::real(first.abs()),
        Function::Floor => real(first.re.floor()),
        Function::Ceil => real(first.re.neg().floor().neg()),
        Function::Real => Complex::real(first.re.clone()),
        Function::ImaginaryPart => Complex::real(first.im.clone()),
        Function::Conjugate => Complex { re: first.re.clone(), im: first.im.neg() },
        Function::Max | Function::Min => extreme(arguments, function == Function::Max)?,
        _ => return None,
    })
}

fn extreme<F: Real>(arguments: &[Complex<F>], greatest: bool) -> Option<Complex<F>> {
    let mut best = arguments.first()?;
    for value in arguments {
        if best.re.less(&value.re) == greatest {
            best = value;
        }
    }
    Some(best.clone())
}
