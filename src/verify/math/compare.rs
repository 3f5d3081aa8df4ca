//! Whether two answers are the same, whatever they are: values, lists, sets, tuples, matrices, relations.
//! The first is the reference: where it has a form, an answer may leave that out, but not the reverse.

use std::borrow::Cow;

use super::{
    approximations::Stated,
    budget::Stop,
    comparer::Comparer,
    ellipses::{ELLIPSIS, has_ellipsis},
    expr::{Constant, Expr, Relation},
    measured::units_differ,
    names::{NamedValue, assignment, is_name, named},
    sets::integers,
    signs::expanded,
    vectors::{UNIT_VECTORS, transposed, with_plain_letters},
    words::same_words,
};

impl Comparer<'_> {
    /// Whether an answer is the reference.
    ///
    /// # Errors
    /// When one of them has no value, or the budget is spent.
    pub(crate) fn same(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        let (gold, answer) = (unpacked(gold), unpacked(answer));
        let special = |part: &Expr| match part {
            Expr::Symbol(name) => name == ELLIPSIS || UNIT_VECTORS.contains(&name.as_str()),
            Expr::Tuple(_) | Expr::Interval(..) | Expr::Matrix(_) | Expr::PlusMinus(..) => true,
            _ => false,
        };
        if gold.any(&special) || answer.any(&special) {
            return self.same_special(expanded(&gold), expanded(&answer));
        }
        self.equal(&gold, &answer)
    }

    /// Answers that hold vectors or ellipses, or may do so.
    fn same_special(&mut self, gold: Expr, answer: Expr) -> Result<bool, Stop> {
        let gold = transposed(&gold).unwrap_or(gold);
        let answer = transposed(&answer).unwrap_or(answer);
        self.ellipses |= has_ellipsis(&gold) || has_ellipsis(&answer);
        if let Some(same) = self.equal_vectors(named(&gold).value, named(&answer).value)? {
            return Ok(same);
        }
        let gold = with_plain_letters(&gold).unwrap_or(gold);
        let answer = with_plain_letters(&answer).unwrap_or(answer);
        self.equal(&gold, &answer)
    }

    pub(super) fn equal(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        self.normalizer.budget.spend(20)?;
        match (gold, answer) {
            (Expr::Chain(..), _) | (_, Expr::Chain(..)) => self.equal_chains(gold, answer),
            _ if self.ellipses && (has_ellipsis(gold) || has_ellipsis(answer)) => {
                self.equal_around_ellipses(gold, answer)
            }
            (Expr::List(_), _) | (_, Expr::List(_)) => self.equal_lists(gold, answer),
            (Expr::Text(left), Expr::Text(right)) => Ok(same_words(left, right)),
            (Expr::Text(_), _) | (_, Expr::Text(_)) => Ok(false),
            (Expr::Numbers(left), Expr::Numbers(right)) => Ok(left == right),
            (Expr::Cases(gold), Expr::Cases(answer)) => self.equal_cases(gold, answer),
            (Expr::Cases(_), _) | (_, Expr::Cases(_)) => Ok(false),
            (Expr::Matrix(_), Expr::Interval(..)) | (Expr::Interval(..), Expr::Matrix(_)) => {
                self.equal_matrices(gold, answer)
            }
            _ if gold.is_real_set() || answer.is_real_set() => self.equal_sets(gold, answer),
            (Expr::Set(left), Expr::Set(right)) => self.equal_items(left, right),
            (Expr::Set(items), other) | (other, Expr::Set(items)) => match items.as_slice() {
                [item] => self.equal(item, other),
                _ => Ok(false),
            },
            (Expr::Tuple(left), Expr::Tuple(right)) => self.equal_in_order(left, right),
            _ if gold.has_matrix() || answer.has_matrix() => self.equal_matrices(gold, answer),
            (Expr::Tuple(_), _) | (_, Expr::Tuple(_)) => Ok(false),
            (Expr::Ratio(left), Expr::Ratio(right)) => self.equal_ratios(left, right),
            _ => Ok(self.scalar(gold, answer)? || self.same_family(gold, answer)?),
        }
    }

    fn equal_chains(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        if units_differ(gold, answer) {
            return Ok(false);
        }
        if let Some(same) = self.equal_stated(gold, answer)? {
            return Ok(same);
        }
        match (gold, answer) {
            (Expr::Chain(..), Expr::Chain(..)) => {
                let (left, right) = (named(gold), named(answer));
                if let (Some(a), Some(b)) = (left.name, right.name)
                    && self.same_name(a, b)?
                    && self.equal(left.value, right.value)?
                {
                    return Ok(true);
                }
                match is_calculation(&left) || is_calculation(&right) {
                    true => self.equal(left.value, right.value),
                    false => self.same_relations(gold, answer),
                }
            }
            (Expr::Chain(..), answer) => match named(gold) {
                NamedValue { value: Expr::Chain(..), .. } => self.equal_solutions(gold, answer),
                NamedValue { value, .. } => self.equal(value, answer),
            },
            (gold, _) => match assignment(answer) {
                // "9 = 189" is a calculation that ends with the answer.
                Some((first, value)) if is_name(first) || !first.has_symbols() => self.equal(gold, value),
                Some(_) => Ok(false),
                None => self.equal_solutions(gold, answer),
            },
        }
    }

    /// Whether a value that is given exactly and approximately is the other; `None` where neither side is.
    fn equal_stated(&mut self, gold: &Expr, answer: &Expr) -> Result<Option<bool>, Stop> {
        let (left, right) = (self.stated(gold)?, self.stated(answer)?);
        let contradicts =
            |stated: &Option<Stated<'_>>| stated.as_ref().is_none_or(|stated| stated.values.is_empty());
        if contradicts(&left) && contradicts(&right) && left.is_some() == right.is_some() {
            return Ok(None);
        }
        let left = left.unwrap_or_else(|| Stated::only(named(gold)));
        let right = right.unwrap_or_else(|| Stated::only(named(answer)));
        if let (Some(left), Some(right)) = (left.name, right.name)
            && !self.same_name(left, right)?
        {
            return Ok(Some(false));
        }
        for left in left.values {
            for right in &right.values {
                if self.equal(left, right)? {
                    return Ok(Some(true));
                }
            }
        }
        Ok(Some(false))
    }

    /// A relation against the set of its solutions.
    fn equal_solutions(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        let is_set = |expr: &Expr| {
            expr.is_real_set() || matches!(expr, Expr::Chain(..) | Expr::Tuple(_) | Expr::Set(_))
        };
        if !(is_set(gold) && is_set(answer)) {
            return Ok(false);
        }
        Ok(self.same_real_sets(gold, answer)?.unwrap_or(false))
    }

    /// Whether two sets are the same, and of the same unknown where both name one; `None` where one of them
    /// is no set that is known.
    fn same_real_sets(&mut self, gold: &Expr, answer: &Expr) -> Result<Option<bool>, Stop> {
        if let (Some((left, _)), Some((right, _))) = (self.solutions(gold)?, self.solutions(answer)?)
            && left != right
        {
            return Ok(Some(false));
        }
        match (self.real_set(gold)?, self.real_set(answer)?) {
            (Some(gold), Some(answer)) => self.same_set(&gold, &answer).map(Some),
            _ => Ok(None),
        }
    }

    fn same_name(&mut self, left: &Expr, right: &Expr) -> Result<bool, Stop> {
        Ok(match (left, right) {
            (Expr::Text(left), Expr::Text(right)) => same_words(left, right),
            (Expr::Apply(left, _), Expr::Apply(right, _)) => left == right,
            (left, right) => left == right,
        })
    }

    fn equal_sets(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        if let (Some((left, closed)), Some((right, answer_closed))) = (interval(gold), interval(answer)) {
            return Ok(closed == answer_closed
                && self.equal_ends(left[0], right[0])?
                && self.equal_ends(left[1], right[1])?);
        }
        match (self.numbers_within(gold)?, self.numbers_within(answer)?) {
            (None, None) => {}
            (Some((letter, left)), Some((other, right))) => {
                return Ok(letter == other && self.same_set(&left, &right)?);
            }
            (Some(('Z', set)), None) => {
                return integers(&set).map_or(Ok(false), |items| self.equal(&Expr::Set(items), answer));
            }
            (None, Some(('Z', set))) => {
                return integers(&set).map_or(Ok(false), |items| self.equal(gold, &Expr::Set(items)));
            }
            _ => return Ok(false),
        }
        if let Some(same) = self.same_real_sets(gold, answer)? {
            return Ok(same);
        }
        match (gold, answer) {
            (Expr::Union(left), Expr::Union(right))
            | (Expr::Intersection(left), Expr::Intersection(right)) => self.equal_items(left, right),
            (Expr::Difference(left, minus), Expr::Difference(right, answer_minus)) => {
                Ok(self.equal(left, right)? && self.equal(minus, answer_minus)?)
            }
            _ => Ok(false),
        }
    }

    fn equal_ends(&mut self, left: &Expr, right: &Expr) -> Result<bool, Stop> {
        let infinite = |expr: &Expr| expr.any(&|part| *part == Expr::Constant(Constant::Infinity));
        if infinite(left) != infinite(right) { Ok(false) } else { self.equal(left, right) }
    }

    fn equal_matrices(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        // A point may be written as a column or a row.
        let (gold, answer) = (&with_brackets_as_tuple(gold), &with_brackets_as_tuple(answer));
        let (gold, answer) = (as_tuple(gold, answer), as_tuple(answer, gold));
        if let (Expr::Tuple(left), Expr::Tuple(right)) = (&gold, &answer) {
            return self.equal_in_order(left, right);
        }
        if let (Expr::Matrix(left), Expr::Matrix(right)) = (&gold, &answer) {
            let same_shape = left.len() == right.len() && left[0].len() == right[0].len();
            let (left, right): (Vec<Expr>, Vec<Expr>) =
                (left.iter().flatten().cloned().collect(), right.iter().flatten().cloned().collect());
            return Ok(same_shape && self.equal_in_order(&left, &right)?);
        }
        let (Some(left), Some(right)) = (self.entries(&gold)?, self.entries(&answer)?) else {
            return if matches!(gold, Expr::Tuple(_)) || matches!(answer, Expr::Tuple(_)) {
                Ok(false)
            } else {
                self.scalar(&gold, &answer)
            };
        };
        if left.len() != right.len() || left[0].len() != right[0].len() {
            return Ok(false);
        }
        for (left, right) in left.iter().flatten().zip(right.iter().flatten()) {
            if !self.same_fraction(left, right)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Ratios are the same up to a common factor; `12:00` is only itself.
    fn equal_ratios(&mut self, left: &[Expr], right: &[Expr]) -> Result<bool, Stop> {
        if left.len() != right.len() {
            return Ok(false);
        }
        if self.equal_in_order(left, right)? {
            return Ok(true);
        }
        let (a, b) = (self.normalizer.normal(&left[0])?, self.normalizer.normal(&right[0])?);
        if a.above.is_zero() || b.above.is_zero() {
            return Ok(false);
        }
        for (left, right) in left.iter().zip(right).skip(1) {
            let (left, right) = (self.normalizer.normal(left)?, self.normalizer.normal(right)?);
            let (cross, other) =
                (self.normalizer.multiply(&a, &right)?, self.normalizer.multiply(&b, &left)?);
            if !self.same_fraction(&cross, &other)? || left.above.is_zero() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether a relation has been read as its value, without a name.
fn is_calculation(named: &NamedValue<'_>) -> bool {
    named.name.is_none() && !matches!(named.value, Expr::Chain(..))
}

/// `(x, y) = (1, 2)` as `x = 1, y = 2`; everything else as it stands.
fn unpacked(expr: &Expr) -> Cow<'_, Expr> {
    let Expr::Chain(first, rest) = expr else { return Cow::Borrowed(expr) };
    let (Expr::Tuple(names), [(Relation::Equal, Expr::Tuple(values))]) = (&**first, rest.as_slice()) else {
        return Cow::Borrowed(expr);
    };
    let different = names.iter().all(|name| {
        matches!(name, Expr::Symbol(_)) && names.iter().filter(|other| *other == name).count() == 1
    });
    if !different || names.len() != values.len() {
        return Cow::Borrowed(expr);
    }
    let one = |(name, value): (&Expr, &Expr)| {
        Expr::Chain(Box::new(name.clone()), vec![(Relation::Equal, value.clone())])
    };
    Cow::Owned(Expr::List(names.iter().zip(values).map(one).collect()))
}

/// The ends of an interval, and which are closed.
fn interval(expr: &Expr) -> Option<([&Expr; 2], [bool; 2])> {
    match expr {
        Expr::Interval(ends, closed) => Some(([&ends[0], &ends[1]], *closed)),
        Expr::Tuple(ends) if ends.len() == 2 => Some(([&ends[0], &ends[1]], [false, false])),
        _ => None,
    }
}

/// A row in square brackets of two, which is read as an interval, as a tuple.
fn with_brackets_as_tuple(expr: &Expr) -> Expr {
    match expr {
        Expr::Interval(ends, [true, true]) => Expr::Tuple(ends.to_vec()),
        expr => expr.clone(),
    }
}

/// A matrix of one row or column as a tuple, where the other side is one.
fn as_tuple(expr: &Expr, other: &Expr) -> Expr {
    match (expr, other) {
        (Expr::Matrix(rows), Expr::Tuple(_)) if rows.len() == 1 || rows[0].len() == 1 => {
            Expr::Tuple(rows.iter().flatten().cloned().collect())
        }
        (expr, _) => expr.clone(),
    }
}
