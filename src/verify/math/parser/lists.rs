//! Answers side by side, relations between expressions, and operations on sets.

use super::state::{ParsedExpr, Parser};
use crate::verify::math::{
    budget::Stop,
    expr::{Expr, Relation},
    token::{Conjunction, TokenKind},
};

/// Items side by side, and the words between them.
#[derive(Default)]
struct JoinedItems {
    items: Vec<Expr>,
    conjunctions: Vec<Conjunction>,
}

impl JoinedItems {
    /// The items; inequalities that are joined by "or" or "and" are one statement.
    fn items(self) -> Vec<Expr> {
        let is_inequality = |item: &Expr| match item {
            Expr::Chain(_, rest) => {
                rest.iter().any(|(relation, _)| !matches!(relation, Relation::Equal | Relation::Approximate))
            }
            _ => false,
        };
        if let Some(items) = excluded(&self) {
            return vec![Expr::Intersection(items)];
        }
        let one_conjunction = self.conjunctions.windows(2).all(|pair| pair[0] == pair[1]);
        match self.conjunctions.first() {
            Some(conjunction)
                if one_conjunction && self.items.len() > 1 && self.items.iter().all(is_inequality) =>
            {
                vec![match conjunction {
                    Conjunction::Or => Expr::Union(self.items),
                    Conjunction::And => Expr::Intersection(self.items),
                }]
            }
            _ => self.items,
        }
    }
}

/// What several items say that an unknown is not, as in `x ≠ 1, x ≠ 2` and `x ≠ 1, 2`.
fn excluded(joined: &JoinedItems) -> Option<Vec<Expr>> {
    let Expr::Chain(name, first) = joined.items.first()? else { return None };
    if joined.items.len() < 2 || joined.conjunctions.contains(&Conjunction::Or) {
        return None;
    }
    let [(Relation::NotEqual, _)] = first.as_slice() else { return None };
    let statement = |item: &Expr| match item {
        Expr::Chain(other, rest) => {
            (other == name && matches!(rest.as_slice(), [(Relation::NotEqual, _)])).then(|| item.clone())
        }
        Expr::Number(_) | Expr::Negative(_) | Expr::Quotient(..) => {
            Some(Expr::Chain(name.clone(), vec![(Relation::NotEqual, item.clone())]))
        }
        _ => None,
    };
    joined.items.iter().map(statement).collect()
}

/// A difference of sets that was written with a minus sign, as in `ℝ - {1}`.
fn difference(expr: Expr) -> Expr {
    let is_set = |expr: &Expr| matches!(expr, Expr::Set(_)) || expr.is_real_set();
    match expr {
        Expr::Sum(mut terms) if terms.len() == 2 => match (&terms[0], &terms[1]) {
            (first, Expr::Negative(second))
                if (is_set(first) || matches!(first, Expr::Numbers(_))) && is_set(second) =>
            {
                let second = second.clone();
                Expr::Difference(Box::new(terms.remove(0)), second)
            }
            _ => Expr::Sum(terms),
        },
        other => other,
    }
}

impl Parser<'_> {
    /// A whole answer: one item, or several side by side.
    pub(crate) fn answer(&mut self) -> ParsedExpr {
        let groups = self.nested_groups()?;
        let several = groups.len() > 1 && groups.iter().any(|group| group.len() > 1);
        let mut items: Vec<Expr> = if several {
            groups
                .into_iter()
                .map(|mut group| if group.len() == 1 { group.remove(0) } else { Expr::Tuple(group) })
                .collect()
        } else {
            groups.into_iter().flatten().collect()
        };
        match items.len() {
            0 => Err(Stop::Unreadable("nothing to read")),
            1 => Ok(items.remove(0)),
            _ => Ok(Expr::List(items)),
        }
    }

    /// Items between commas and conjunctions, in groups between semicolons.
    fn nested_groups(&mut self) -> Result<Vec<Vec<Expr>>, Stop> {
        let mut groups = Vec::new();
        let mut group = JoinedItems::default();
        loop {
            while let Some(TokenKind::Comma | TokenKind::Conjunction(_)) = self.peek() {
                if let Some(TokenKind::Conjunction(conjunction)) = self.next() {
                    group.conjunctions.push(conjunction);
                }
            }
            if self.eat(&TokenKind::Semicolon) {
                groups.push(std::mem::take(&mut group).items());
                continue;
            }
            if matches!(
                self.peek(),
                None | Some(TokenKind::Close(_) | TokenKind::Cell | TokenKind::Row | TokenKind::End(_))
            ) {
                break;
            }
            let item = self.item()?;
            group.items.push(item);
            if !matches!(
                self.peek(),
                None | Some(
                    TokenKind::Comma | TokenKind::Conjunction(_) | TokenKind::Semicolon | TokenKind::Close(_)
                )
            ) {
                break;
            }
        }
        groups.push(group.items());
        groups.retain(|group| !group.is_empty());
        Ok(groups)
    }

    /// Items within brackets; commas and semicolons separate alike.
    pub(crate) fn items(&mut self) -> Result<Vec<Expr>, Stop> {
        Ok(self.nested_groups()?.into_iter().flatten().collect())
    }

    /// An expression, or a chain of relations.
    pub(crate) fn item(&mut self) -> ParsedExpr {
        self.nested(|parser| {
            let first = match parser.relation() {
                // In "= 5" the name was left outside of the box; "> 5" is no value.
                Some(Relation::Equal | Relation::Approximate) => Expr::Text(String::new()),
                Some(_) => return Err(Stop::Unreadable("a relation without its left side")),
                None => parser.sets()?,
            };
            let mut rest = Vec::new();
            while let Some(relation) = parser.relation() {
                parser.at += 1;
                rest.push((relation, parser.sets()?));
            }
            match (first, rest.len()) {
                (first, 0) => Ok(first),
                (Expr::Text(text), 1) if text.is_empty() => Ok(rest.remove(0).1),
                (first, _) => Ok(Expr::Chain(Box::new(first), rest)),
            }
        })
    }

    /// Unions, intersections and differences, from left to right.
    fn sets(&mut self) -> ParsedExpr {
        let mut left = difference(self.ratio()?);
        loop {
            let Some(operation @ (TokenKind::Union | TokenKind::Intersection | TokenKind::SetMinus)) =
                self.peek().cloned()
            else {
                return Ok(left);
            };
            self.at += 1;
            let right = self.ratio()?;
            left = match (operation, left) {
                (TokenKind::Union, Expr::Union(mut parts)) => {
                    parts.push(right);
                    Expr::Union(parts)
                }
                (TokenKind::Union, left) => Expr::Union(vec![left, right]),
                (TokenKind::Intersection, left) => Expr::Intersection(vec![left, right]),
                (_, left) => Expr::Difference(Box::new(left), Box::new(right)),
            };
        }
    }

    fn ratio(&mut self) -> ParsedExpr {
        let first = self.sum()?;
        if self.peek() != Some(&TokenKind::Colon) {
            return Ok(first);
        }
        // Words before a colon are a label, as in "\text{Area}: 5".
        if matches!(first, Expr::Text(_)) {
            self.at += 1;
            return self.sum();
        }
        let mut parts = vec![first];
        while self.eat(&TokenKind::Colon) {
            parts.push(self.sum()?);
        }
        // In a time of day the half of the day belongs to all of it.
        if let Some(Expr::Quantity(minutes, unit)) = parts.pop_if(|part| is_time_of_day(part)) {
            parts.push(*minutes);
            return Ok(Expr::Quantity(Box::new(Expr::Ratio(parts)), unit));
        }
        Ok(Expr::Ratio(parts))
    }
}

fn is_time_of_day(part: &Expr) -> bool {
    matches!(part, Expr::Quantity(_, unit) if unit.is_clock())
}
