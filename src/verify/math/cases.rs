//! Functions in pieces: the same where the pieces of both overlap in the same values, in any order. A border may
//! belong to either piece if both have the same value there.

use super::{
    atoms::Atom,
    budget::Stop,
    comparer::Comparer,
    expr::{CasePiece, Expr},
    fraction::Fraction,
    real_set::{RealSet, Segment},
};

/// A value and where it holds.
struct Piece<'a> {
    value: &'a Expr,
    set: RealSet,
}

impl Comparer<'_> {
    /// Whether two functions in pieces are the same.
    ///
    /// # Errors
    /// When a value or border cannot be worked out, or the budget is spent.
    pub(crate) fn equal_cases(&mut self, gold: &[CasePiece], answer: &[CasePiece]) -> Result<bool, Stop> {
        if gold.len().max(answer.len()) > MOST_PIECES {
            return Err(Stop::GaveUp("too many cases"));
        }
        match (self.pieces(gold)?, self.pieces(answer)?) {
            (Some((left, gold)), Some((right, answer))) => {
                Ok(left == right && self.equal_pieces(left, &gold, &answer)?)
            }
            (None, None) => self.equal_conditions(gold, answer),
            _ => Ok(false),
        }
    }

    /// The pieces of a function of one unknown whose borders are known, and that unknown.
    fn pieces<'a>(&mut self, cases: &'a [CasePiece]) -> Result<Option<(u32, Vec<Piece<'a>>)>, Stop> {
        let mut unknown = None;
        let mut pieces = Vec::with_capacity(cases.len());
        let mut covered = RealSet::default();
        for CasePiece { value, condition } in cases {
            let Some(condition) = condition else { continue };
            let Some((variable, set)) = self.solutions(condition)? else { return Ok(None) };
            if *unknown.get_or_insert(variable) != variable {
                return Ok(None);
            }
            covered = covered.union(set.clone());
            pieces.push(Piece { value, set });
        }
        let others = cases.iter().filter(|case| case.condition.is_none());
        pieces.extend(others.map(|case| Piece { value: &case.value, set: covered.complement() }));
        Ok(unknown.map(|unknown| (unknown, pieces)))
    }

    fn equal_pieces(&mut self, unknown: u32, gold: &[Piece<'_>], answer: &[Piece<'_>]) -> Result<bool, Stop> {
        let everywhere = |pieces: &[Piece<'_>]| {
            pieces.iter().fold(RealSet::default(), |all, piece| all.union(piece.set.clone()))
        };
        if !self.same_set(&everywhere(gold), &everywhere(answer))? {
            return Ok(false);
        }
        for left in gold {
            for right in answer {
                for segment in left.set.intersection(&right.set).0 {
                    let same = match point(&segment) {
                        Some(place) => self.equal_at(unknown, place, left.value, right.value)?,
                        None => self.equal(left.value, right.value)?,
                    };
                    if !same {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }

    /// Whether two expressions have the same value where the unknown has a certain one.
    fn equal_at(&mut self, unknown: u32, place: &Fraction, left: &Expr, right: &Expr) -> Result<bool, Stop> {
        let Atom::Symbol(name) = self.normalizer.atoms.get(unknown).clone() else { return Ok(false) };
        let left = self.normalizer.normal_at(left, &name, place)?;
        let right = self.normalizer.normal_at(right, &name, place)?;
        self.same_fraction(&left, &right)
    }

    /// Cases whose conditions are no intervals: each must be there on both sides.
    fn equal_conditions(&mut self, gold: &[CasePiece], answer: &[CasePiece]) -> Result<bool, Stop> {
        let (gold, answer) = (with_parity(gold), with_parity(answer));
        if gold.len() != answer.len() {
            return Ok(false);
        }
        let mut left: Vec<&CasePiece> = answer.iter().collect();
        for case in &gold {
            let mut found = None;
            for (place, other) in left.iter().enumerate() {
                if self.same_condition(case.condition.as_ref(), other.condition.as_ref())? {
                    found = Some(place);
                    break;
                }
            }
            let Some(place) = found else { return Ok(false) };
            let other = left.remove(place);
            if !self.equal(&case.value, &other.value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn same_condition(&mut self, gold: Option<&Expr>, answer: Option<&Expr>) -> Result<bool, Stop> {
        Ok(match (gold, answer) {
            (None, None) => true,
            (Some(Expr::Text(gold)), Some(Expr::Text(answer))) => plain(gold) == plain(answer),
            (Some(gold @ Expr::Chain(..)), Some(answer @ Expr::Chain(..))) => {
                self.same_relations(gold, answer)?
            }
            (Some(gold), Some(answer)) => gold == answer,
            _ => false,
        })
    }
}

/// Pieces that are compared with each other.
const MOST_PIECES: usize = 40;

/// The place of a segment that is a single point.
fn point(segment: &Segment) -> Option<&Fraction> {
    let is_point = segment.low.closed && segment.high.closed && segment.low.value == segment.high.value;
    segment.low.exact.as_ref().filter(|_| is_point)
}

/// The words of a condition without those that say nothing: `n is an even number` is `n even`.
fn plain(condition: &str) -> String {
    let filler =
        |word: &&str| !matches!(*word, "is" | "are" | "an" | "a" | "the" | "number" | "integer" | "if");
    condition.split_whitespace().filter(filler).collect::<Vec<_>>().join(" ")
}

/// Two cases of which one is "even" or "odd" and the other "otherwise", which is then the other of these.
fn with_parity(cases: &[CasePiece]) -> Vec<CasePiece> {
    let mut cases = cases.to_vec();
    let said = cases.iter().find_map(|case| match &case.condition {
        Some(Expr::Text(words)) => Some(plain(words)),
        _ => None,
    });
    let other = said.and_then(|words| match words.rsplit_once(' ')? {
        (before, "even") => Some(format!("{before} odd")),
        (before, "odd") => Some(format!("{before} even")),
        _ => None,
    });
    if let (2, Some(other)) = (cases.len(), other)
        && let Some(case) = cases.iter_mut().find(|case| case.condition.is_none())
    {
        case.condition = Some(Expr::Text(other));
    }
    cases
}
