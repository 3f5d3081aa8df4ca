//! Assignments: `x = 5` names a value. The name counts only where both sides give one.

use super::expr::{Expr, Function, Relation};

/// An expression taken apart into what it is called and what it is.
pub(crate) struct NamedValue<'a> {
    /// `None` where the value has no name.
    pub name: Option<&'a Expr>,
    pub value: &'a Expr,
}

/// The name and value of `x = 5`, `x = 2 + 3 = 5`, `f(x) = y ≈ 3`, `x ∈ S`; anything else is a value without
/// a name.
pub(crate) fn named(expr: &Expr) -> NamedValue<'_> {
    match assignment(expr) {
        Some((name, value)) if is_name(name) => NamedValue { name: Some(name), value },
        // "160 + 5 = 165" is a calculation and its result.
        Some((_, value)) if !expr.has_symbols() => NamedValue { name: None, value },
        _ => NamedValue { name: None, value: expr },
    }
}

/// The first and the last side of a chain of equations. What stands behind "≈" only says it again, less
/// exactly, unless it is all there is.
pub(crate) fn assignment(expr: &Expr) -> Option<(&Expr, &Expr)> {
    let Expr::Chain(first, rest) = expr else { return None };
    if let [(Relation::In, set)] = rest.as_slice() {
        return Some((first, set));
    }
    if rest.iter().any(|(relation, _)| !matches!(relation, Relation::Equal | Relation::Approximate)) {
        return None;
    }
    let exact = rest.iter().take_while(|(relation, _)| *relation == Relation::Equal).last();
    let (_, value) = exact.or(rest.first())?;
    Some((first, value))
}

/// Whether an expression only names something: an unknown, several side by side, a function of them.
pub(crate) fn is_name(expr: &Expr) -> bool {
    match expr {
        Expr::Symbol(_) | Expr::Apply(..) | Expr::Text(_) => true,
        Expr::Constant(_) => true,
        Expr::Product(parts) | Expr::Tuple(parts) | Expr::Ratio(parts) => parts.iter().all(is_name),
        Expr::Quotient(left, right) => is_name(left) && is_name(right),
        Expr::Call(Function::Factorial | Function::DoubleFactorial | Function::Binomial, _) => false,
        Expr::Call(_, parts) => parts.iter().all(is_name) && parts.iter().any(Expr::has_symbols),
        _ => false,
    }
}

/// The letter that names of a numbered family share: `x_1` and `x_2` are both x.
pub(crate) fn family(name: &Expr) -> Option<&str> {
    match name {
        Expr::Symbol(name) => Some(name.split('_').next().unwrap_or(name)),
        Expr::Apply(name, _) => Some(name),
        _ => None,
    }
}
