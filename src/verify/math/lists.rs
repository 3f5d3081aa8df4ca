//! Several answers side by side: in any order, unless they are values of different things.

use super::{
    budget::Stop,
    comparer::Comparer,
    expr::Expr,
    names::{family, named},
};

/// Answers side by side that are matched with each other.
const MOST_ITEMS: usize = 200;

impl Comparer<'_> {
    pub(super) fn equal_in_order(&mut self, left: &[Expr], right: &[Expr]) -> Result<bool, Stop> {
        if left.len() != right.len() {
            return Ok(false);
        }
        for (left, right) in left.iter().zip(right) {
            if !self.equal(left, right)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The same items in any order; repetitions do not count.
    pub(super) fn equal_items(&mut self, left: &[Expr], right: &[Expr]) -> Result<bool, Stop> {
        if left.len().max(right.len()) > MOST_ITEMS {
            return Err(Stop::GaveUp("too many items"));
        }
        Ok(self.covers(left, right, false)? && self.covers(right, left, true)?)
    }

    /// Whether every one of some items is among others.
    fn covers(&mut self, others: &[Expr], items: &[Expr], others_are_answers: bool) -> Result<bool, Stop> {
        for item in items {
            let mut found = false;
            for other in others {
                let (gold, answer) = if others_are_answers { (item, other) } else { (other, item) };
                if self.equal(gold, answer)? {
                    found = true;
                    break;
                }
            }
            if !found {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn equal_lists(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        let (left, right) = (items(gold), items(answer));
        match (gold, answer) {
            (Expr::Tuple(_), _) | (_, Expr::Tuple(_)) if left.len() > 1 && right.len() > 1 => {
                let (left, right) = (without_names(&by_name(left)), without_names(&by_name(right)));
                self.equal_in_order(&left, &right)
            }
            _ => match (order_matters(left), order_matters(right)) {
                (true, false) | (false, true) => {
                    let (left, right) = (without_names(left), without_names(right));
                    self.equal_in_order(&left, &right)
                }
                (true, true) => self.equal_items(left, right),
                (false, false)
                    if all_named(left)
                        && all_named(right)
                        && left.len() == right.len()
                        && one_family(left).is_none_or(|name| one_family(right) != Some(name)) =>
                {
                    self.equal_items(left, right)
                }
                (false, false) => {
                    let (left, right) = (without_names(left), without_names(right));
                    self.equal_items(&left, &right)
                }
            },
        }
    }
}

/// What a list, set or tuple holds; anything else is one item.
fn items(expr: &Expr) -> &[Expr] {
    match expr {
        Expr::List(items) | Expr::Set(items) | Expr::Tuple(items) => items,
        other => std::slice::from_ref(other),
    }
}

fn without_names(items: &[Expr]) -> Vec<Expr> {
    items.iter().map(|item| named(item).value.clone()).collect()
}

/// Values of different things in the alphabetical order of their names, as a tuple lists them: `y = 2, x = 1`
/// is (1, 2). Everything else as it stands.
fn by_name(items: &[Expr]) -> Vec<Expr> {
    let mut sorted = items.to_vec();
    if order_matters(items) {
        let name = |item: &Expr| named(item).name.and_then(family).map(str::to_owned);
        sorted.sort_by_cached_key(name);
    }
    sorted
}

fn all_named(items: &[Expr]) -> bool {
    items.iter().all(|item| named(item).name.is_some())
}

/// Whether items are values of different things: `x = 1, y = 2`, but not `x = 1, x = 2` or `x_1 = 1, x_2 = 2`.
fn order_matters(items: &[Expr]) -> bool {
    let families: Option<Vec<&str>> = items.iter().map(|item| named(item).name.and_then(family)).collect();
    families.is_some_and(|families| {
        items.len() > 1
            && families.iter().all(|name| families.iter().filter(|other| *other == name).count() == 1)
    })
}

/// The name that all items share, whatever their numbers: `x_1 = 1, x_2 = 2`.
fn one_family(items: &[Expr]) -> Option<&str> {
    let mut names = items.iter().map(|item| named(item).name.and_then(family));
    let first = names.next()??;
    names.all(|name| name == Some(first)).then_some(first)
}
