//! Sets of real numbers as disjoint pieces between bounds, and the operations on them.

use super::{
    atoms::Fraction,
    budget::Stop,
    compare::Comparer,
    expr::{Constant, Expr},
    numeric,
};

/// Bounds closer than this, relative to their size, are taken for the same when pieces are sorted; whether
/// they are is then decided exactly.
const CLOSE: f64 = 1e-9;

/// One end of a piece.
#[derive(Debug, Clone)]
pub struct Bound {
    /// `None` at infinity.
    pub exact: Option<Fraction>,
    pub value: f64,
    pub closed: bool,
}

impl Bound {
    fn infinite(sign: f64) -> Self {
        Self { exact: None, value: sign * f64::INFINITY, closed: false }
    }

    fn opposite(&self) -> Self {
        Self { closed: !self.closed && self.exact.is_some(), ..self.clone() }
    }
}

/// Everything between two bounds.
#[derive(Debug, Clone)]
pub struct Piece {
    pub low: Bound,
    pub high: Bound,
}

/// Disjoint pieces in rising order.
#[derive(Debug, Clone, Default)]
pub struct RealSet(pub Vec<Piece>);

fn is_close(left: f64, right: f64) -> bool {
    left == right || (left - right).abs() <= CLOSE * left.abs().max(1.0)
}

impl RealSet {
    pub fn all() -> Self {
        Self(vec![Piece { low: Bound::infinite(-1.0), high: Bound::infinite(1.0) }])
    }

    pub fn piece(low: Bound, high: Bound) -> Self {
        let empty =
            low.value > high.value || (is_close(low.value, high.value) && !(low.closed && high.closed));
        Self(if empty && low.value.is_finite() { Vec::new() } else { vec![Piece { low, high }] })
    }

    pub fn below(bound: Bound) -> Self {
        Self::piece(Bound::infinite(-1.0), bound)
    }

    pub fn above(bound: Bound) -> Self {
        Self::piece(bound, Bound::infinite(1.0))
    }

    pub fn union(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self.0.sort_by(|a, b| a.low.value.total_cmp(&b.low.value).then(b.low.closed.cmp(&a.low.closed)));
        let mut merged: Vec<Piece> = Vec::with_capacity(self.0.len());
        for piece in self.0 {
            match merged.last_mut() {
                Some(last) if touches(&last.high, &piece.low) => {
                    if last.high.value < piece.high.value && !is_close(last.high.value, piece.high.value) {
                        last.high = piece.high;
                    } else if is_close(last.high.value, piece.high.value) {
                        last.high.closed |= piece.high.closed;
                    }
                    if is_close(last.low.value, piece.low.value) {
                        last.low.closed |= piece.low.closed;
                    }
                }
                _ => merged.push(piece),
            }
        }
        Self(merged)
    }

    pub fn complement(&self) -> Self {
        let mut pieces = Vec::with_capacity(self.0.len() + 1);
        let mut low = Bound::infinite(-1.0);
        for piece in &self.0 {
            pieces.extend(Self::piece(low, piece.low.opposite()).0);
            low = piece.high.opposite();
        }
        if low.value < f64::INFINITY {
            pieces.extend(Self::piece(low, Bound::infinite(1.0)).0);
        }
        pieces.retain(|piece| piece.low.value < piece.high.value || piece.low.closed);
        Self(pieces)
    }

    pub fn intersection(&self, other: &Self) -> Self {
        self.complement().union(other.complement()).complement()
    }
}

/// Whether a piece that begins at `low` belongs to one that ends at `high`.
fn touches(high: &Bound, low: &Bound) -> bool {
    if is_close(high.value, low.value) { high.closed || low.closed } else { low.value < high.value }
}

/// Whether an expression is a set of real numbers, tuples aside.
pub fn is_real_set(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Interval(..)
            | Expr::Union(_)
            | Expr::Intersection(_)
            | Expr::Difference(..)
            | Expr::Numbers('R')
    )
}

impl Comparer<'_> {
    /// The set that an expression is, if all its bounds are known numbers.
    ///
    /// # Errors
    /// When a bound cannot be worked out.
    pub fn real_set(&mut self, expr: &Expr) -> Result<Option<RealSet>, Stop> {
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
    pub fn bound_of(&mut self, exact: Fraction, closed: bool) -> Result<Option<Bound>, Stop> {
        if exact.above.unknowns().chain(exact.below.unknowns()).any(|atom| self.is_unknown(atom)) {
            return Ok(None);
        }
        let value = numeric::real_value(&exact, &self.normalizer.atoms, self.normalizer.budget)?;
        Ok(value.map(|value| Bound { exact: Some(exact), value, closed }))
    }

    /// Whether two sets have the same pieces.
    pub fn same_set(&mut self, left: &RealSet, right: &RealSet) -> Result<bool, Stop> {
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
