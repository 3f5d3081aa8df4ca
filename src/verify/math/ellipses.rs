//! What goes on with "…": nothing around an ellipsis is worked out, and its parts are compared in their order.

use super::{budget::Stop, comparer::Comparer, expr::Expr, measured::literal};

/// The unknown that an ellipsis is read as.
pub(crate) const ELLIPSIS: &str = "\\ldots";

/// Whether an ellipsis stands somewhere in an expression.
pub(crate) fn has_ellipsis(expr: &Expr) -> bool {
    expr.any(&|part| matches!(part, Expr::Symbol(name) if name == ELLIPSIS))
}

impl Comparer<'_> {
    /// Whether two expressions are the same, part by part, where one of them holds an ellipsis.
    ///
    /// # Errors
    /// When a part has no value, or the budget is spent.
    pub(crate) fn equal_around_ellipses(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        self.normalizer.budget.spend(20)?;
        match (gold, answer) {
            (Expr::Symbol(left), Expr::Symbol(right)) if left == ELLIPSIS || right == ELLIPSIS => {
                Ok(left == right)
            }
            (Expr::Symbol(ellipsis), _) | (_, Expr::Symbol(ellipsis)) if ellipsis == ELLIPSIS => Ok(false),
            (Expr::List(left) | Expr::Set(left), Expr::List(right) | Expr::Set(right))
            | (Expr::Tuple(left), Expr::Tuple(right) | Expr::List(right))
            | (Expr::List(left), Expr::Tuple(right))
            | (Expr::Sum(left), Expr::Sum(right))
            | (Expr::Product(left), Expr::Product(right)) => self.parts_in_order(left, right),
            (Expr::Negative(left), Expr::Negative(right)) => self.parts_in_order_of(left, right),
            (Expr::Quotient(left, below), Expr::Quotient(right, other))
            | (Expr::Power(left, below), Expr::Power(right, other)) => {
                Ok(self.parts_in_order_of(left, right)? && self.parts_in_order_of(below, other)?)
            }
            (Expr::Call(left, parts), Expr::Call(right, others)) if left == right => {
                self.parts_in_order(parts, others)
            }
            (Expr::Product(cut_off), whole) | (whole, Expr::Product(cut_off)) => match cut_off.as_slice() {
                // "3.141592…" is π as far as it is written.
                [Expr::Number(number), Expr::Symbol(_)] if number.places.is_some() => {
                    let number = Expr::Number(number.clone());
                    Ok(literal(whole).is_none() && !has_ellipsis(whole) && self.scalar(&number, whole)?)
                }
                _ => Ok(false),
            },
            _ => Ok(false),
        }
    }

    fn parts_in_order(&mut self, left: &[Expr], right: &[Expr]) -> Result<bool, Stop> {
        if left.len() != right.len() {
            return Ok(false);
        }
        for (left, right) in left.iter().zip(right) {
            if !self.parts_in_order_of(left, right)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn parts_in_order_of(&mut self, left: &Expr, right: &Expr) -> Result<bool, Stop> {
        match has_ellipsis(left) || has_ellipsis(right) {
            true => self.equal_around_ellipses(left, right),
            false => self.equal(left, right),
        }
    }
}
