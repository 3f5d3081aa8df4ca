//! `±`: both values written out. All signs of one expression are taken together, as they are meant.

use super::expr::{Expr, Relation};

/// An expression with every ± written out as two side by side; as it was where there is none.
pub(crate) fn expanded(expr: &Expr) -> Expr {
    if !expr.any(&|part| matches!(part, Expr::PlusMinus(..))) {
        return expr.clone();
    }
    match expr {
        Expr::List(items) => Expr::List(items.iter().flat_map(variants).collect()),
        Expr::Set(items) => Expr::Set(items.iter().flat_map(variants).collect()),
        // "x ≠ ±2" is said of both.
        Expr::Chain(_, rest) if rest.iter().all(|(relation, _)| *relation == Relation::NotEqual) => {
            Expr::Intersection(variants(expr))
        }
        other => Expr::List(variants(other)),
    }
}

fn variants(expr: &Expr) -> Vec<Expr> {
    if expr.any(&|part| matches!(part, Expr::PlusMinus(..))) {
        vec![chosen(expr, true), chosen(expr, false)]
    } else {
        vec![expr.clone()]
    }
}

/// The expression with the upper or the lower signs.
fn chosen(expr: &Expr, upper: bool) -> Expr {
    expr.rewritten(&|part| match part {
        Expr::PlusMinus(part, swapped) if upper == *swapped => {
            Some(Expr::Negative(Box::new(chosen(part, upper))))
        }
        Expr::PlusMinus(part, _) => Some(chosen(part, upper)),
        _ => None,
    })
}
