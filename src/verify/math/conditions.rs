//! What is said about an answer besides its value: that k is an integer, that x is positive. Either side may leave
//! it out; where both say it they must not contradict each other.

use super::expr::{Expr, Relation};

/// A letter that stands for any value of a sort: the letter of a set of numbers, P for the positive integers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declaration {
    pub letter: String,
    pub sort: char,
}

/// Everything that is said about one answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    pub declarations: Vec<Declaration>,
    /// Equations and inequalities that hold.
    pub relations: Vec<Expr>,
    /// Words that were not understood, in their alphabetical order.
    pub words: Vec<String>,
}

impl Conditions {
    /// What an expression says, with letters by themselves being of a sort; nothing where it is a value and no
    /// condition.
    pub(crate) fn of(expr: Expr, sort: Option<char>) -> Option<Self> {
        let mut conditions = Self::default();
        let mut letters = Vec::new();
        let parts = match expr {
            Expr::List(parts) => parts,
            other => vec![other],
        };
        for part in parts {
            match declared(&part) {
                Some(declaration) => conditions.declarations.push(declaration),
                None => match part {
                    Expr::Symbol(letter) => letters.push(letter),
                    Expr::Chain(..) | Expr::Union(_) | Expr::Intersection(_) => {
                        conditions.relations.push(part)
                    }
                    _ => return None,
                },
            }
        }
        let sort = sort.or(conditions.declarations.last().map(|declaration| declaration.sort));
        let sort = sort.or((!letters.is_empty()).then_some('?'))?;
        conditions.declarations.extend(letters.into_iter().map(|letter| Declaration { letter, sort }));
        Some(conditions)
    }

    /// What an expression says by itself.
    pub(crate) fn stated(expr: Expr) -> Option<Self> {
        Self::of(expr, Some('?'))
    }

    /// Takes the conditions off the end of a list, as in `kπ, k ∈ ℤ` and `1/x, x ≠ 0`: what is said of letters
    /// that the value holds.
    pub(crate) fn split(value: Expr) -> (Expr, Self) {
        let mut conditions = Self::default();
        let Expr::List(mut items) = value else { return (value, conditions) };
        while items.len() > 1 {
            let (last, before) = items.split_last().expect("there are two");
            if let Some(declaration) = declared(last) {
                conditions.declarations.push(declaration);
            } else if is_restriction(last, before) {
                conditions.relations.push(last.clone());
            } else {
                break;
            }
            items.pop();
        }
        if !conditions.declarations.is_empty() {
            // "k, n ∈ ℤ" is said of both.
            let sort = conditions.declarations[0].sort;
            while items.len() > 1
                && let Some(Expr::Symbol(letter)) = items.last()
                && items[..items.len() - 1].iter().any(|item| item.holds(letter))
            {
                conditions.declarations.push(Declaration { letter: letter.clone(), sort });
                items.pop();
            }
        }
        match items.len() {
            1 => (items.remove(0), conditions),
            _ => (Expr::List(items), conditions),
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.declarations.extend(other.declarations);
        self.relations.extend(other.relations);
        self.words.extend(other.words);
    }
}

/// `k ∈ ℤ`, also with the plain letter of the set.
fn declared(expr: &Expr) -> Option<Declaration> {
    let Expr::Chain(first, rest) = expr else { return None };
    let (Expr::Symbol(letter), [(Relation::In, set)]) = (&**first, rest.as_slice()) else { return None };
    let sort = match set {
        Expr::Numbers(sort) => *sort,
        Expr::Symbol(name) => {
            ['Z', 'R', 'N', 'Q', 'C'].into_iter().find(|sort| name.len() == 1 && name.starts_with(*sort))?
        }
        _ => return None,
    };
    Some(Declaration { letter: letter.clone(), sort })
}

/// Whether an inequality restricts a letter of a single value before it, which is not the value of that letter.
fn is_restriction(expr: &Expr, before: &[Expr]) -> bool {
    let ([value], Expr::Chain(first, rest)) = (before, expr) else { return false };
    let ordered =
        |relation: &Relation| !matches!(relation, Relation::Equal | Relation::Approximate | Relation::In);
    let letter = match (&**first, rest.as_slice()) {
        (Expr::Symbol(letter), _) => letter,
        (_, [(_, Expr::Symbol(letter)), ..]) => letter,
        _ => return false,
    };
    let (name, value) = match value {
        Expr::Chain(name, parts) => match (&**name, parts.as_slice()) {
            (Expr::Symbol(_) | Expr::Apply(..), [(Relation::Equal, value)]) => (Some(&**name), value),
            _ => return false,
        },
        value => (None, value),
    };
    let is_name = matches!(name, Some(Expr::Symbol(name)) if name == letter);
    rest.iter().all(|(relation, _)| ordered(relation)) && value.holds(letter) && !is_name
}
