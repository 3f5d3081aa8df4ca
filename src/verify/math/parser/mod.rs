//! From tokens to an expression. Recursive descent, bounded in depth; what cannot be read is said so and
//! left to the comparison of texts.

mod brackets;
mod factors;
mod functions;
mod lists;
mod prepare;
mod sums;

use super::{
    budget::{Budget, Stop},
    expr::{Expr, Relation},
    lexer,
    literal::Commas,
    token::{Bracket, Kind, Token},
};

type Parsed = Result<Expr, Stop>;

/// Reads a whole answer.
///
/// # Errors
/// When it is no mathematics that we know, or the budget is spent.
pub fn parse(text: &str, commas: Commas, budget: &Budget) -> Parsed {
    if text.len() > budget.limits.length {
        return Err(Stop::GaveUp("too long"));
    }
    let tokens = prepare::prepare(lexer::tokens(text, commas, budget)?);
    let mut parser = Parser { text, tokens, at: 0, depth: 0, bars: 0, budget };
    let answer = parser.answer()?;
    if parser.at < parser.tokens.len() {
        return Err(Stop::Unreadable("something is left over"));
    }
    Ok(answer)
}

pub(super) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// Absolute values that a plain bar would close.
    bars: usize,
    budget: &'a Budget,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn peek_at(&self, ahead: usize) -> Option<&Kind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    fn next(&mut self) -> Option<Kind> {
        let kind = self.tokens.get(self.at)?.kind.clone();
        self.at += 1;
        Some(kind)
    }

    /// Steps over a token if it is the next.
    fn eat(&mut self, kind: &Kind) -> bool {
        let found = self.peek() == Some(kind);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, kind: &Kind) -> Result<(), Stop> {
        if self.eat(kind) { Ok(()) } else { Err(Stop::Unreadable("a bracket does not close")) }
    }

    /// Goes one level deeper.
    fn nested(&mut self, part: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        self.budget.spend(10)?;
        if self.depth >= self.budget.limits.depth {
            return Err(Stop::GaveUp("nested too deeply"));
        }
        self.depth += 1;
        let result = part(self);
        self.depth -= 1;
        result
    }

    /// Whether the next token can begin a factor that is multiplied without a sign.
    fn starts_factor(&self) -> bool {
        match self.peek() {
            Some(
                Kind::Number(_)
                | Kind::Symbol(_)
                | Kind::Constant(_)
                | Kind::Function(_)
                | Kind::Fraction
                | Kind::Binomial
                | Kind::SquareRoot
                | Kind::Series(_)
                | Kind::Overline
                | Kind::Numbers(_)
                | Kind::EmptySet,
            ) => true,
            Some(Kind::Open(_)) => true,
            Some(Kind::Begin(_)) => true,
            Some(Kind::Bar) => self.bars == 0,
            _ => false,
        }
    }

    fn relation(&self) -> Option<Relation> {
        match self.peek() {
            Some(Kind::Relation(relation)) => Some(*relation),
            _ => None,
        }
    }

    /// A group in braces, or the next single token.
    fn argument(&mut self) -> Parsed {
        match self.peek() {
            Some(Kind::Open(Bracket::Group)) => self.bracket(),
            Some(Kind::Minus) => {
                self.at += 1;
                Ok(Expr::Negative(Box::new(self.argument()?)))
            }
            Some(_) => self.nested(Self::primary),
            None => Err(Stop::Unreadable("an argument is missing")),
        }
    }
}
