//! What stands in `\{…\}`: elements, elements that meet a condition, or equations behind one brace.

use super::state::{ParsedExpr, Parser};
use crate::verify::math::{
    budget::Stop,
    expr::{Expr, Relation},
    token::{Bracket, TokenKind},
};

impl Parser<'_> {
    /// What follows `\{`.
    pub(super) fn set(&mut self) -> ParsedExpr {
        let start = self.at;
        if matches!(self.peek(), Some(TokenKind::Begin(_))) {
            let system = self.primary()?;
            if matches!(system, Expr::Cases(_) | Expr::List(_)) {
                return Ok(system);
            }
            self.at = start;
        }
        if let Some(set) = self.set_with_condition()? {
            return Ok(set);
        }
        self.at = start;
        let items = self.items()?;
        let is_equation = |item: &Expr| matches!(item, Expr::Chain(..));
        if self.peek().is_none() && items.len() > 1 && items.iter().all(is_equation) {
            // One brace before several equations, as in `\left\{ x = 1 \\ y = 2 \right.`.
            return Ok(Expr::List(items));
        }
        self.expect(&TokenKind::Close(Bracket::Curly))?;
        Ok(Expr::Set(items))
    }

    /// `\{x : condition\}` and `\{x ∈ S | condition, condition\}`, which are read as the conditions; nothing where
    /// no unknown and no separator stand at the beginning.
    fn set_with_condition(&mut self) -> Result<Option<Expr>, Stop> {
        self.bars = 1;
        let element = self.sum();
        self.bars = 0;
        let Ok(element) = element else { return Ok(None) };
        if !matches!(element, Expr::Symbol(_)) {
            return self.set_of_values(element);
        }
        let name = element.clone();
        let mut conditions = Vec::new();
        if self.relation() == Some(Relation::In) {
            self.at += 1;
            self.bars = 1;
            let domain = self.sum();
            self.bars = 0;
            let Ok(domain) = domain else { return Ok(None) };
            conditions.push(Expr::Chain(Box::new(element), vec![(Relation::In, domain)]));
        }
        if !(self.eat(&TokenKind::Bar) || self.eat_sized_bar() || self.eat(&TokenKind::Colon)) {
            return Ok(None);
        }
        conditions.extend(self.items()?);
        let said = |item: &Expr| matches!(item, Expr::Chain(..) | Expr::Union(_) | Expr::Intersection(_));
        if !self.eat(&TokenKind::Close(Bracket::Curly)) || !conditions.iter().all(said) {
            return Ok(None);
        }
        let counts = |item: &Expr| is_declaration(item) && !names(item, &name);
        match conditions.iter().any(counts) {
            // "x = kπ, k ∈ ℤ" is a family of values.
            true => Ok(Some(Expr::List(conditions))),
            false => Ok(joined(conditions)),
        }
    }

    /// `\{kπ | k ∈ ℤ\}`: values, and what is said of their letters.
    fn set_of_values(&mut self, value: Expr) -> Result<Option<Expr>, Stop> {
        if !(self.eat(&TokenKind::Bar) || self.eat_sized_bar() || self.eat(&TokenKind::Colon)) {
            return Ok(None);
        }
        let Ok(conditions) = self.items() else { return Ok(None) };
        if !self.eat(&TokenKind::Close(Bracket::Curly)) || !conditions.iter().all(is_declaration) {
            return Ok(None);
        }
        Ok(Some(Expr::List(std::iter::once(value).chain(conditions).collect())))
    }

    /// `\right|` or `\left|` in the middle of a set.
    fn eat_sized_bar(&mut self) -> bool {
        self.eat(&TokenKind::Open(Bracket::Bar)) || self.eat(&TokenKind::Close(Bracket::Bar))
    }
}

/// `k ∈ S`
fn is_declaration(item: &Expr) -> bool {
    matches!(item, Expr::Chain(_, rest) if matches!(rest.as_slice(), [(Relation::In, _)]))
}

/// Whether a relation begins with a name.
fn names(item: &Expr, name: &Expr) -> bool {
    matches!(item, Expr::Chain(first, _) if **first == *name)
}

/// Conditions that hold together. That an element is real is no condition where there is another.
fn joined(mut conditions: Vec<Expr>) -> Option<Expr> {
    let is_real = |item: &Expr| matches!(item, Expr::Chain(_, rest) if matches!(rest.as_slice(), [(Relation::In, Expr::Numbers('R'))]));
    if conditions.iter().any(|item| !is_real(item)) {
        conditions.retain(|item| !is_real(item));
    }
    match conditions.len() {
        0 | 1 => conditions.pop(),
        _ => Some(Expr::Intersection(conditions)),
    }
}
