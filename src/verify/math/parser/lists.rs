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
            if matches!(self.peek(), None | Some(TokenKind::Close(_))) {
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
        let mut left = self.ratio()?;
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
