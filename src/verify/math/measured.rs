//! What an answer measures: its value, its unit, and whether it is in percent. Two signs of different kinds never
//! stand for each other; one may be left out.

use super::{
    expr::{Expr, Literal},
    literal::power_of_ten,
    unit::Unit,
};

/// A single value with the unit that it is in.
pub(crate) struct MeasuredValue<'a> {
    /// The value without a unit around it.
    pub value: &'a Expr,
    /// What stands before a percent sign, if one stands behind the value.
    pub percent: Option<Expr>,
    /// The unit; none where it was left out.
    pub unit: Unit,
}

impl<'a> MeasuredValue<'a> {
    /// Takes an expression apart.
    pub(crate) fn new(expr: &'a Expr) -> Self {
        let value = without_unit(expr);
        Self { value, percent: before_percent(value), unit: unit(expr) }
    }

    /// Whether two values cannot be the same whatever they are: both have a sign, and not the same.
    pub(crate) fn differs(&self, other: &Self) -> bool {
        match (&self.percent, &other.percent) {
            (Some(_), None) => !other.unit.is_none(),
            (None, Some(_)) => !self.unit.is_none(),
            _ => self.unit.differs(&other.unit),
        }
    }

    /// The value times the letters of its unit, which is what it looks like where nobody says that they are a unit.
    pub(crate) fn with_letters(&self) -> Option<Expr> {
        let power = |(letter, exponent): (char, i32)| {
            let letter = Expr::Symbol(letter.to_string());
            Expr::Power(Box::new(letter), Box::new(Expr::integer(exponent.into())))
        };
        let mut factors = vec![self.value.clone()];
        factors.extend(self.unit.letters()?.into_iter().map(power));
        Some(Expr::Product(factors))
    }
}

/// Whether two statements measure in different units: a unit of one is none of the other, which has units too.
pub(crate) fn units_differ(gold: &Expr, answer: &Expr) -> bool {
    let sides = |expr: &Expr| -> Vec<Unit> {
        let parts = match expr {
            Expr::Chain(..) | Expr::Tuple(_) | Expr::Interval(..) | Expr::Set(_) => expr.children(),
            other => vec![other],
        };
        parts.into_iter().map(unit).filter(|unit| !unit.is_none()).collect()
    };
    let (gold, answer) = (sides(gold), sides(answer));
    let missing = |units: &[Unit], others: &[Unit]| {
        units.iter().any(|unit| !others.is_empty() && others.iter().all(|other| unit.differs(other)))
    };
    missing(&gold, &answer) || missing(&answer, &gold)
}

fn without_unit(expr: &Expr) -> &Expr {
    match expr {
        Expr::Quantity(inside, _) | Expr::Degrees(inside) => without_unit(inside),
        expr => expr,
    }
}

fn before_percent(expr: &Expr) -> Option<Expr> {
    match expr {
        Expr::Percent(inside) => Some((**inside).clone()),
        Expr::Negative(inside) => Some(Expr::Negative(Box::new(before_percent(inside)?))),
        Expr::Quantity(inside, _) => before_percent(inside),
        _ => None,
    }
}

/// The unit of a value: of a product the product of units, of a sum the one that its terms share.
fn unit(expr: &Expr) -> Unit {
    match expr {
        Expr::Quantity(inside, own) => unit(inside).times(own),
        Expr::Degrees(_) => Unit::named("°"),
        Expr::Negative(inside) | Expr::PlusMinus(inside, _) => unit(inside),
        Expr::Product(factors) => {
            factors.iter().map(unit).fold(Unit::default(), |product, unit| product.times(&unit))
        }
        Expr::Quotient(above, below) => unit(above).times(&unit(below).power(-1)),
        Expr::Power(base, exponent) => match &**exponent {
            Expr::Number(Literal { value, .. }) if value.is_integer() => {
                unit(base).power(value.to_integer().try_into().unwrap_or(0))
            }
            _ => Unit::default(),
        },
        Expr::Sum(terms) => {
            let mut units = terms.iter().map(unit).filter(|unit| !unit.is_none());
            let Some(first) = units.next() else { return Unit::default() };
            // Nobody leaves several units out.
            if units.any(|unit| first.differs(&unit)) { Unit::named("several units") } else { first }
        }
        _ => Unit::default(),
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
        Expr::Percent(inside) => {
            let inside = literal(inside)?;
            let places = inside.places.map(|places| places.saturating_add(2));
            Some(Literal { value: inside.value / power_of_ten(2), places })
        }
        Expr::Quantity(inside, _) | Expr::Degrees(inside) => literal(inside),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
