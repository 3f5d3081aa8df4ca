//! The tokens of an answer that is being read, how far they have been read, and how deep brackets are nested.

use crate::verify::math::{
    budget::{Budget, Stop},
    expr::{Expr, Relation},
    token::{Bracket, Token, TokenKind},
};

/// A part that has been read, or why it cannot be.
pub(crate) type ParsedExpr = Result<Expr, Stop>;

/// Reads expressions from tokens.
pub(crate) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    pub(super) depth: usize,
    /// The number of open absolute values that a plain bar would close.
    pub(super) bars: usize,
    pub(super) budget: &'a Budget,
}

impl<'a> Parser<'a> {
    /// Begins at the first of a text's tokens.
    pub(crate) fn new(text: &'a str, tokens: Vec<Token>, budget: &'a Budget) -> Self {
        Self { text, tokens, at: 0, depth: 0, bars: 0, budget }
    }

    /// Whether every token has been read.
    pub(crate) fn is_done(&self) -> bool {
        self.at == self.tokens.len()
    }

    /// The next token.
    pub(super) fn peek(&self) -> Option<&TokenKind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    /// The token so many places ahead of the next.
    pub(super) fn peek_at(&self, ahead: usize) -> Option<&TokenKind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Option<TokenKind> {
        let kind = self.tokens.get(self.at)?.kind.clone();
        self.at += 1;
        Some(kind)
    }

    /// Steps over a token if it is the next.
    pub(super) fn eat(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek() == Some(kind);
        self.at += usize::from(found);
        found
    }

    /// Takes a closing bracket.
    pub(super) fn expect(&mut self, kind: &TokenKind) -> Result<(), Stop> {
        if self.eat(kind) { Ok(()) } else { Err(Stop::Unreadable("a bracket does not close")) }
    }

    /// Reads a part one level deeper.
    pub(super) fn nested(&mut self, part: impl FnOnce(&mut Self) -> ParsedExpr) -> ParsedExpr {
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
    pub(super) fn starts_factor(&self) -> bool {
        match self.peek() {
            Some(
                TokenKind::Number(_)
                | TokenKind::Symbol(_)
                | TokenKind::Constant(_)
                | TokenKind::Function(_)
                | TokenKind::Fraction
                | TokenKind::Binomial
                | TokenKind::SquareRoot
                | TokenKind::Series(_)
                | TokenKind::Overline
                | TokenKind::Numbers(_)
                | TokenKind::EmptySet,
            ) => true,
            Some(TokenKind::Open(_)) => true,
            Some(TokenKind::Begin(_)) => true,
            Some(TokenKind::Bar) => self.bars == 0,
            _ => false,
        }
    }

    /// The relation that the next token is.
    pub(super) fn relation(&self) -> Option<Relation> {
        match self.peek() {
            Some(TokenKind::Relation(relation)) => Some(*relation),
            _ => None,
        }
    }

    /// A group in braces, or the next single token.
    pub(super) fn argument(&mut self) -> ParsedExpr {
        match self.peek() {
            Some(TokenKind::Open(Bracket::Group)) => self.bracket(),
            Some(TokenKind::Minus) => {
                self.at += 1;
                Ok(Expr::Negative(Box::new(self.argument()?)))
            }
            Some(_) => self.nested(Self::primary),
            None => Err(Stop::Unreadable("an argument is missing")),
        }
    }
}
