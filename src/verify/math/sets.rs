//! Expressions that are sets of real numbers: intervals, unions, solutions of inequalities.

use num_traits::ToPrimitive;

use super::{
    budget::Stop,
    comparer::Comparer,
    expr::{Constant, Expr, Relation},
    fraction::Fraction,
    numeric,
    real_set::{Bound, RealSet},
};

/// Integers of a set that are written out.
const MOST_INTEGERS: i64 = 150;

impl Comparer<'_> {
    /// The set that an expression is, if all its bounds are known numbers.
    ///
    /// # Errors
    /// When a bound cannot be worked out.
    pub(crate) fn real_set(&mut self, expr: &Expr) -> Result<Option<RealSet>, Stop> {
        Ok(match expr {
            Expr::Numbers('R') => Some(RealSet::all()),
            Expr::Interval(ends, closed) => self.span(&ends[0], &ends[1], *closed)?,
            Expr::Tuple(ends) if ends.len() == 2 => self.span(&ends[0], &ends[1], [false, false])?,
            Expr::Set(items) | Expr::List(items) => {
                let mut set = RealSet::default();
                for item in items {
                    let Some(piece) = self.span(item, item, [true, true])? else { return Ok(None) };
                    set = set.union(piece);
                }
                Some(set)
            }
            Expr::Union(parts) | Expr::Intersection(parts)
                if parts.iter().any(|part| matches!(part, Expr::Chain(..))) =>
            {
                self.solutions(expr)?.map(|(_, set)| set)
            }
            Expr::Union(parts) => {
                let mut set = RealSet::default();
                for part in parts {
                    let Some(piece) = self.real_set(part)? else { return Ok(None) };
                    set = set.union(piece);
                }
                Some(set)
            }
            Expr::Intersection(parts) => {
                let mut set = RealSet::all();
                for part in parts {
                    let Some(piece) = self.real_set(part)? else { return Ok(None) };
                    set = set.intersection(&piece);
                }
                Some(set)
            }
            Expr::Difference(left, right) => match (self.real_set(left)?, self.real_set(right)?) {
                (Some(left), Some(right)) => Some(left.intersection(&right.complement())),
                _ => None,
            },
            Expr::Chain(..) => self.solutions(expr)?.map(|(_, set)| set),
            _ => None,
        })
    }

    /// A set of numbers that are not all the real ones of a set: the letter of the numbers, and that set.
    ///
    /// # Errors
    /// When a bound cannot be worked out.
    pub(crate) fn numbers_within(&mut self, expr: &Expr) -> Result<Option<(char, RealSet)>, Stop> {
        let Expr::Intersection(parts) = expr else { return Ok(None) };
        let domain = |part: &Expr| match part {
            Expr::Chain(_, rest) => match rest.as_slice() {
                [(Relation::In, Expr::Numbers(letter))] => Some(*letter),
                _ => None,
            },
            _ => None,
        };
        let mut letter = None;
        let mut set = RealSet::all();
        for part in parts {
            match (domain(part), letter) {
                (Some(found), None) => letter = Some(found),
                (Some(_), Some(_)) => return Ok(None),
                (None, _) => match self.solutions(part)? {
                    Some((_, piece)) => set = set.intersection(&piece),
                    None => return Ok(None),
                },
            }
        }
        Ok(letter.map(|letter| (letter, set)))
    }

    fn span(&mut self, low: &Expr, high: &Expr, closed: [bool; 2]) -> Result<Option<RealSet>, Stop> {
        let (low, high) = (self.bound(low, closed[0])?, self.bound(high, closed[1])?);
        Ok(low.zip(high).map(|(low, high)| RealSet::piece(low, high)))
    }

    fn bound(&mut self, expr: &Expr, closed: bool) -> Result<Option<Bound>, Stop> {
        match expr {
            Expr::Constant(Constant::Infinity) => return Ok(Some(Bound::infinite(1.0))),
            Expr::Negative(inside) if **inside == Expr::Constant(Constant::Infinity) => {
                return Ok(Some(Bound::infinite(-1.0)));
            }
            _ => {}
        }
        let exact = self.normalizer.normal(expr)?;
        self.bound_of(exact, closed)
    }

    /// A bound at a value without unknowns.
    pub(crate) fn bound_of(&mut self, exact: Fraction, closed: bool) -> Result<Option<Bound>, Stop> {
        if exact.above.unknowns().chain(exact.below.unknowns()).any(|atom| self.is_unknown(atom)) {
            return Ok(None);
        }
        let value = numeric::real_value(&exact, &self.normalizer.atoms, self.normalizer.budget)?;
        Ok(value.map(|value| Bound { exact: Some(exact), value, closed }))
    }

    /// Whether two sets have the same segments.
    pub(crate) fn same_set(&mut self, left: &RealSet, right: &RealSet) -> Result<bool, Stop> {
        if left.0.len() != right.0.len() {
            return Ok(false);
        }
        for (left, right) in left.0.iter().zip(&right.0) {
            for (left, right) in [(&left.low, &right.low), (&left.high, &right.high)] {
                let same = left.closed == right.closed
                    && match (&left.exact, &right.exact) {
                        (Some(left), Some(right)) => self.same_fraction(left, right)?,
                        (None, None) => left.value == right.value,
                        _ => false,
                    };
                if !same {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// The integers of a set that has few.
pub(crate) fn integers(set: &RealSet) -> Option<Vec<Expr>> {
    let mut integers = Vec::new();
    for segment in &set.0 {
        let end = |bound: &Bound| bound.exact.as_ref()?.as_constant();
        let (low, high) = (end(&segment.low)?, end(&segment.high)?);
        let (first, last) = (low.ceil().to_integer().to_i64()?, high.floor().to_integer().to_i64()?);
        let first = first + i64::from(!segment.low.closed && low.is_integer());
        let last = last - i64::from(!segment.high.closed && high.is_integer());
        if last.checked_sub(first)? > MOST_INTEGERS {
            return None;
        }
        integers.extend((first..=last).map(Expr::integer));
    }
    Some(integers)
}
