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
    let one = |part: &Expr| Box::new(chosen(part, upper));
    let all = |parts: &[Expr]| parts.iter().map(|part| chosen(part, upper)).collect::<Vec<_>>();
    match expr {
        Expr::PlusMinus(part, swapped) if upper == *swapped => Expr::Negative(one(part)),
        Expr::PlusMinus(part, _) => chosen(part, upper),
        Expr::Sum(parts) => Expr::Sum(all(parts)),
        Expr::Product(parts) => Expr::Product(all(parts)),
        Expr::Tuple(parts) => Expr::Tuple(all(parts)),
        Expr::Set(parts) => Expr::Set(all(parts)),
        Expr::List(parts) => Expr::List(all(parts)),
        Expr::Call(function, parts) => Expr::Call(*function, all(parts)),
        Expr::Quotient(above, below) => Expr::Quotient(one(above), one(below)),
        Expr::Power(base, exponent) => Expr::Power(one(base), one(exponent)),
        Expr::Negative(part) => Expr::Negative(one(part)),
        Expr::Quantity(part, unit) => Expr::Quantity(one(part), unit.clone()),
        Expr::Degrees(part) => Expr::Degrees(one(part)),
        Expr::Percent(part) => Expr::Percent(one(part)),
        Expr::Chain(first, rest) => Expr::Chain(
            one(first),
            rest.iter()
                .map(|(relation, part)| (*relation, chosen(part, upper)))
                .collect::<Vec<(Relation, Expr)>>(),
        ),
        other => other.clone(),
    }
}
