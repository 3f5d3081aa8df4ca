//! Sets of real numbers as disjoint segments between bounds, and the operations on them.

use super::fraction::Fraction;

/// Bounds closer than this, relative to their size, are taken for the same when segments are sorted; whether
/// they are is then decided exactly.
const CLOSE: f64 = 1e-9;

/// One end of a segment.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    /// `None` at infinity.
    pub exact: Option<Fraction>,
    /// The place on the number line, near enough for sorting.
    pub value: f64,
    /// Whether the bound itself belongs to the set.
    pub closed: bool,
}

impl Bound {
    /// The bound at plus or minus infinity.
    pub(crate) fn infinite(sign: f64) -> Self {
        Self { exact: None, value: sign * f64::INFINITY, closed: false }
    }

    fn opposite(&self) -> Self {
        Self { closed: !self.closed && self.exact.is_some(), ..self.clone() }
    }
}

/// Everything between two bounds.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub low: Bound,
    pub high: Bound,
}

/// Disjoint segments in rising order.
#[derive(Debug, Clone, Default)]
pub(crate) struct RealSet(pub Vec<Segment>);

fn is_close(left: f64, right: f64) -> bool {
    let finite = left.is_finite() && right.is_finite();
    left == right || (finite && (left - right).abs() <= CLOSE * left.abs().max(1.0))
}

impl RealSet {
    /// All real numbers.
    pub(crate) fn all() -> Self {
        Self(vec![Segment { low: Bound::infinite(-1.0), high: Bound::infinite(1.0) }])
    }

    /// The numbers between two bounds; none where the lower is above the higher.
    pub(crate) fn piece(low: Bound, high: Bound) -> Self {
        let empty =
            low.value > high.value || (is_close(low.value, high.value) && !(low.closed && high.closed));
        Self(if empty && low.value.is_finite() { Vec::new() } else { vec![Segment { low, high }] })
    }

    /// The numbers below a bound.
    pub(crate) fn below(bound: Bound) -> Self {
        Self::piece(Bound::infinite(-1.0), bound)
    }

    /// The numbers above a bound.
    pub(crate) fn above(bound: Bound) -> Self {
        Self::piece(bound, Bound::infinite(1.0))
    }

    /// The numbers in either set.
    pub(crate) fn union(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self.0.sort_by(|a, b| a.low.value.total_cmp(&b.low.value).then(b.low.closed.cmp(&a.low.closed)));
        let mut merged: Vec<Segment> = Vec::with_capacity(self.0.len());
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

    /// The numbers that are not in the set.
    pub(crate) fn complement(&self) -> Self {
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

    /// The numbers in both sets.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        self.complement().union(other.complement()).complement()
    }
}

/// Whether a segment that begins at `low` belongs to one that ends at `high`.
fn touches(high: &Bound, low: &Bound) -> bool {
    if is_close(high.value, low.value) { high.closed || low.closed } else { low.value < high.value }
}
