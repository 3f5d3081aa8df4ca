//! Whether two single values are the same: exactly where that can be shown, else by values at several
//! places; decimals may stand for what they round, if they have enough places.

use num_rational::BigRational;
use num_traits::{Signed, Zero};

use super::{
    budget::Stop,
    comparer::Comparer,
    expr::{Expr, Literal},
    fraction::Fraction,
    literal::power_of_ten,
    measured::{MeasuredValue, literal},
    numeric,
};

impl Comparer<'_> {
    /// Compares two single values; units, percent and degree signs are looked at first.
    pub(crate) fn scalar(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        let (left, right) = (MeasuredValue::new(gold), MeasuredValue::new(answer));
        if left.differs(&right) {
            return Ok(false);
        }
        if left.unit.is_clock() || right.unit.is_clock() {
            return self.time_of_day(left.value, right.value);
        }
        match (&left.percent, &right.percent) {
            (Some(gold), Some(answer)) => return self.value(gold, answer),
            // The percent sign may have been left out, as in "28" for 28%.
            (Some(inside), None) if !answer.has_symbols() && self.value(inside, right.value)? => {
                return Ok(true);
            }
            (None, Some(inside)) if !gold.has_symbols() && self.value(left.value, inside)? => {
                return Ok(true);
            }
            _ => {}
        }
        Ok(self.value(left.value, right.value)? || self.letters(&left, &right)?)
    }

    /// Whether one side has its unit in letters like unknowns: `5m` is five metres where the other side says so.
    fn letters(&mut self, left: &MeasuredValue<'_>, right: &MeasuredValue<'_>) -> Result<bool, Stop> {
        let (measured, plain) = match (left.unit.is_none(), right.unit.is_none()) {
            (false, true) => (left, right),
            (true, false) => (right, left),
            _ => return Ok(false),
        };
        match measured.with_letters().filter(|_| plain.value.has_symbols()) {
            Some(product) => self.value(&product, plain.value),
            None => Ok(false),
        }
    }

    /// Times of day: hours, minutes and seconds are the same, not only their ratio; minutes that are zero may be
    /// left out.
    fn time_of_day(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        let parts = |expr: &Expr| match expr {
            Expr::Ratio(parts) => Some(parts.clone()),
            number @ Expr::Number(Literal { places: None, .. }) => Some(vec![number.clone()]),
            _ => None,
        };
        let (Some(mut left), Some(mut right)) = (parts(gold), parts(answer)) else { return Ok(false) };
        let length = left.len().max(right.len());
        left.resize(length, Expr::integer(0));
        right.resize(length, Expr::integer(0));
        for (left, right) in left.iter().zip(&right) {
            if !self.value(left, right)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn value(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        let (left, right) = (self.normalizer.normal(gold)?, self.normalizer.normal(answer)?);
        if self.same_fraction(&left, &right)? {
            return Ok(true);
        }
        let rounded = match (literal(gold), literal(answer)) {
            (Some(decimal), None) => self.rounds(&decimal, &left, &right)?,
            (None, Some(decimal)) => self.rounds(&decimal, &right, &left)?,
            (Some(gold), Some(answer)) if gold.places.is_some() != answer.places.is_some() => {
                match gold.places {
                    Some(_) => self.rounds(&gold, &left, &right)?,
                    None => self.rounds(&answer, &right, &left)?,
                }
            }
            _ => false,
        };
        self.rounded |= rounded;
        Ok(rounded)
    }

    /// Whether two normal forms are equal wherever they have values.
    pub(crate) fn same_fraction(&mut self, left: &Fraction, right: &Fraction) -> Result<bool, Stop> {
        if left == right {
            return Ok(true);
        }
        if left.as_constant().is_some() && right.as_constant().is_some() {
            return Ok(false);
        }
        let mut difference = self.normalizer.product(&left.above, &right.below)?;
        difference.add(&self.normalizer.product(&right.above, &left.below)?.negated());
        if difference.is_zero() {
            return Ok(true);
        }
        let atoms = &self.normalizer.atoms;
        if difference.as_constant().is_some() || atoms.are_independent(difference.unknowns()) {
            return Ok(false);
        }
        numeric::vanishes(&difference, atoms, self.normalizer.budget)
    }

    /// Whether a decimal stands for an exact value that it cannot write: it has the places that the setting
    /// asks for, and they are those of the value, rounded or cut off. A decimal of zeros stands for zero alone.
    fn rounds(&mut self, decimal: &Literal, written: &Fraction, exact: &Fraction) -> Result<bool, Stop> {
        let Some(places) =
            decimal.places.filter(|places| *places >= self.rounding_places && !decimal.value.is_zero())
        else {
            return Ok(false);
        };
        let unit = BigRational::new(1.into(), power_of_ten(places as usize));
        let excess = match (written.as_constant(), exact.as_constant()) {
            (Some(written), Some(exact)) if !(&exact / &unit).is_integer() => written - exact,
            (Some(_), Some(_)) => return Ok(false),
            _ if exact.above.unknowns().chain(exact.below.unknowns()).any(|atom| self.is_unknown(atom)) => {
                return Ok(false);
            }
            _ => {
                let atoms = &self.normalizer.atoms;
                match numeric::difference(written, exact, atoms, self.normalizer.budget)? {
                    // What is left of an imaginary part is an error of the calculation.
                    Some((real, imaginary)) if imaginary.abs() * power_of_ten(6) < unit => real,
                    _ => return Ok(false),
                }
            }
        };
        // Rounded, it is at most half of the last place away; cut off, less than a whole one, nearer to zero.
        let towards_zero = excess.is_positive() != decimal.value.is_positive();
        let twice = excess.abs() + excess.abs();
        Ok(twice <= unit || (towards_zero && excess.abs() < unit))
    }
}
