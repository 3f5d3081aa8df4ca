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
    numeric, unit,
};

impl Comparer<'_> {
    /// Compares two single values; units, percent and degree signs are looked at first.
    pub(crate) fn scalar(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        let (gold, gold_unit) = without_unit(gold);
        let (answer, answer_unit) = without_unit(answer);
        if unit::differ(gold_unit, answer_unit) {
            return Ok(false);
        }
        let (gold, answer) = match (gold, answer) {
            (Expr::Percent(gold), Expr::Percent(answer)) => (&**gold, &**answer),
            (Expr::Percent(inside), plain) | (plain, Expr::Percent(inside)) => {
                // The percent sign may have been left out, as in "28" for 28%.
                if literal(plain).is_some() && self.value(inside, plain)? {
                    return Ok(true);
                }
                (gold, answer)
            }
            (gold, answer) => (without_degrees(gold), without_degrees(answer)),
        };
        self.value(gold, answer)
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
        let distance = match (written.as_constant(), exact.as_constant()) {
            (Some(written), Some(exact)) if !(&exact / &unit).is_integer() => Some((written - exact).abs()),
            (Some(_), Some(_)) => None,
            _ if exact.above.unknowns().chain(exact.below.unknowns()).any(|atom| self.is_unknown(atom)) => {
                None
            }
            _ => numeric::distance(written, exact, &self.normalizer.atoms, self.normalizer.budget)?,
        };
        Ok(distance.is_some_and(|distance| distance < unit))
    }
}

/// The value of a quantity and its unit, or the expression and no unit.
fn without_unit(expr: &Expr) -> (&Expr, &str) {
    match expr {
        Expr::Quantity(value, unit) => (without_unit(value).0, unit),
        Expr::Negative(inside) if matches!(**inside, Expr::Quantity(..)) => (expr, without_unit(inside).1),
        expr => (expr, ""),
    }
}

/// An angle in degrees without its sign, which is a unit.
fn without_degrees(expr: &Expr) -> &Expr {
    match expr {
        Expr::Degrees(inside) => inside,
        expr => expr,
    }
}

/// A number with its sign, where an expression is no more than that.
pub(crate) fn literal(expr: &Expr) -> Option<Literal> {
    match expr {
        Expr::Number(literal) => Some(literal.clone()),
        Expr::Negative(inside) => {
            let inside = literal(inside)?;
            Some(Literal { value: -inside.value, places: inside.places })
        }
        Expr::Quantity(inside, _) | Expr::Percent(inside) | Expr::Degrees(inside) => literal(inside),
        _ => None,
    }
}
