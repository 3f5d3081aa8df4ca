//! An expression built anew with some of its parts replaced.

use super::expr::{CasePiece, Expr};

impl Expr {
    /// The expression with every part replaced for which `replace` gives another, from the outside inwards.
    pub(crate) fn rewritten(&self, replace: &impl Fn(&Expr) -> Option<Expr>) -> Expr {
        if let Some(replaced) = replace(self) {
            return replaced;
        }
        let one = |part: &Expr| Box::new(part.rewritten(replace));
        let all = |parts: &[Expr]| parts.iter().map(|part| part.rewritten(replace)).collect::<Vec<_>>();
        match self {
            Self::Number(_)
            | Self::Based(..)
            | Self::Constant(_)
            | Self::Symbol(_)
            | Self::Text(_)
            | Self::Numbers(_) => self.clone(),
            Self::Sum(parts) => Self::Sum(all(parts)),
            Self::Product(parts) => Self::Product(all(parts)),
            Self::Call(function, parts) => Self::Call(*function, all(parts)),
            Self::Apply(name, parts) => Self::Apply(name.clone(), all(parts)),
            Self::Ratio(parts) => Self::Ratio(all(parts)),
            Self::Tuple(parts) => Self::Tuple(all(parts)),
            Self::List(parts) => Self::List(all(parts)),
            Self::Set(parts) => Self::Set(all(parts)),
            Self::Union(parts) => Self::Union(all(parts)),
            Self::Intersection(parts) => Self::Intersection(all(parts)),
            Self::Quotient(above, below) => Self::Quotient(one(above), one(below)),
            Self::Power(base, exponent) => Self::Power(one(base), one(exponent)),
            Self::Difference(left, right) => Self::Difference(one(left), one(right)),
            Self::Negative(part) => Self::Negative(one(part)),
            Self::PlusMinus(part, swapped) => Self::PlusMinus(one(part), *swapped),
            Self::Percent(part) => Self::Percent(one(part)),
            Self::Degrees(part) => Self::Degrees(one(part)),
            Self::Quantity(part, unit) => Self::Quantity(one(part), unit.clone()),
            Self::Series(product, parts, variable) => {
                let [body, from, to] = &**parts;
                let parts = [*one(body), *one(from), *one(to)];
                Self::Series(*product, Box::new(parts), variable.clone())
            }
            Self::Interval(ends, closed) => {
                Self::Interval(Box::new([*one(&ends[0]), *one(&ends[1])]), *closed)
            }
            Self::Matrix(rows) => Self::Matrix(rows.iter().map(|row| all(row)).collect()),
            Self::Chain(first, rest) => {
                let rest = rest.iter().map(|(relation, part)| (*relation, *one(part)));
                Self::Chain(one(first), rest.collect())
            }
            Self::Cases(cases) => {
                let case = |case: &CasePiece| CasePiece {
                    value: case.value.rewritten(replace),
                    condition: case.condition.as_ref().map(|condition| condition.rewritten(replace)),
                };
                Self::Cases(cases.iter().map(case).collect())
            }
        }
    }
}
