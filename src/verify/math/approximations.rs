//! An exact value with its approximation, as in `2√5 ≈ 4.47`: it stands for both, if the one fits the other.

use num_rational::BigRational;
use num_traits::{One, Signed};

use super::{
    budget::Stop,
    comparer::Comparer,
    expr::{Constant, Expr, Literal, Relation},
    fraction::Fraction,
    literal::power_of_ten,
    names::{NamedValue, is_name},
    numeric,
};

/// What a chain of equations without unknowns says.
pub(crate) struct Stated<'a> {
    /// What the value is called.
    pub name: Option<&'a Expr>,
    /// The value, exact and approximate; none where they contradict each other.
    pub values: Vec<&'a Expr>,
}

impl<'a> Stated<'a> {
    /// A value by itself.
    pub(crate) fn only(named: NamedValue<'a>) -> Self {
        Self { name: named.name, values: vec![named.value] }
    }
}

impl Comparer<'_> {
    /// The values that `x = 2√5 ≈ 4.47` gives; `None` for anything but several numbers between signs of
    /// equality.
    ///
    /// # Errors
    /// When a value cannot be worked out.
    pub(crate) fn stated<'a>(&mut self, expr: &'a Expr) -> Result<Option<Stated<'a>>, Stop> {
        let Some((name, exact, approximate)) = parts(expr) else { return Ok(None) };
        let Some(&last) = exact.last() else { return Ok(None) };
        let mut values = vec![last];
        if let [.., before, last] = exact.as_slice()
            && decimal(last).is_some_and(|(_, places)| places > 0)
            && !self.scalar(before, last)?
        {
            // "5/7 = 0.714" says that it is five sevenths.
            values = vec![before, last];
        }
        values.extend(approximate);
        for other in &values[1..] {
            if !self.fits(values[0], other)? {
                return Ok(Some(Stated { name, values: Vec::new() }));
            }
        }
        Ok(Some(Stated { name, values }))
    }

    /// Whether a number is an exact value rounded, or cut off, to its own places. What is no plain number must be the
    /// same value.
    fn fits(&mut self, exact: &Expr, approximate: &Expr) -> Result<bool, Stop> {
        let Some((value, places)) = decimal(approximate) else { return self.scalar(exact, approximate) };
        let exact = self.normalizer.normal(exact)?;
        let unit = BigRational::new(BigRational::one().to_integer(), power_of_ten(places as usize));
        let half = &unit / BigRational::from_integer(2.into());
        let cut_off = if value.is_negative() { &value - &half } else { &value + &half };
        Ok(self.is_within(&exact, &value, &half)? || self.is_within(&exact, &cut_off, &half)?)
    }

    fn is_within(&mut self, exact: &Fraction, place: &BigRational, most: &BigRational) -> Result<bool, Stop> {
        let distance = match exact.as_constant() {
            Some(exact) => Some((exact - place).abs()),
            None => {
                let place = Fraction::constant(place.clone());
                let (atoms, budget) = (&self.normalizer.atoms, self.normalizer.budget);
                let parts = numeric::difference(exact, &place, atoms, budget)?;
                parts.map(|(real, imaginary)| real.abs() + imaginary.abs())
            }
        };
        Ok(distance.is_some_and(|distance| distance <= *most))
    }
}

/// The name, the exact values and the approximate ones of a chain of equations without unknowns.
fn parts(expr: &Expr) -> Option<(Option<&Expr>, Vec<&Expr>, Vec<&Expr>)> {
    let Expr::Chain(first, rest) = expr else { return None };
    if rest.iter().any(|(relation, _)| !matches!(relation, Relation::Equal | Relation::Approximate)) {
        return None;
    }
    let constant = matches!(**first, Expr::Constant(Constant::Pi | Constant::Euler));
    let named = is_name(first) && !(constant && rest[0].0 == Relation::Approximate);
    let known = |part: &Expr| !part.has_symbols() && !matches!(part, Expr::Chain(..)) && part.is_single();
    if !rest.iter().all(|(_, part)| known(part)) || !(named || known(first)) {
        return None;
    }
    let mut exact: Vec<&Expr> = if named { Vec::new() } else { vec![first] };
    let approximate_from = rest.iter().position(|(relation, _)| *relation == Relation::Approximate);
    let (equal, approximate) = rest.split_at(approximate_from.unwrap_or(rest.len()));
    exact.extend(equal.iter().map(|(_, part)| part));
    let mut approximate: Vec<&Expr> = approximate.iter().map(|(_, part)| part).collect();
    if exact.is_empty() {
        exact.push(approximate.remove(0));
    }
    (exact.len() + approximate.len() > 1).then_some((named.then_some(&**first), exact, approximate))
}

/// A plain number and its places, two more where it is per cent.
fn decimal(expr: &Expr) -> Option<(BigRational, u32)> {
    match expr {
        Expr::Number(Literal { value, places }) => Some((value.clone(), places.unwrap_or(0))),
        Expr::Negative(inside) => decimal(inside).map(|(value, places)| (-value, places)),
        Expr::Quantity(inside, _) | Expr::Degrees(inside) => decimal(inside),
        Expr::Percent(inside) => {
            let (value, places) = decimal(inside)?;
            Some((value / BigRational::from_integer(100.into()), places + 2))
        }
        _ => None,
    }
}
