//! Tokens: the smallest parts that an answer is split into.

use super::{
    expr::{Constant, Function, Literal, Relation},
    unit::Unit,
};

/// One kind of bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bracket {
    Round,
    Square,
    /// `\{ \}`: a set.
    Curly,
    /// `{ }`: grouping of LaTeX.
    Group,
    Angle,
    Floor,
    Ceil,
    /// `\left| \right|`, `\lvert \rvert`
    Bar,
}

/// A word, or sign, that joins two answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conjunction {
    And,
    Or,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind {
    Number(Literal),
    /// A single letter or a named symbol such as `\alpha`.
    Symbol(String),
    /// Several letters in a row that are no known name.
    Word(String),
    /// The content of `\text{…}` and its like.
    Text(String),
    /// The unit of the value before it.
    Unit(Unit),
    /// A currency, which may stand before its value.
    Currency(Unit),
    Constant(Constant),
    Function(Function),
    Relation(Relation),
    Open(Bracket),
    Close(Bracket),
    /// A bar that does not say whether it opens or closes.
    Bar,
    Plus,
    Minus,
    /// `\pm`, or `\mp` where true.
    PlusMinus(bool),
    Times,
    Divide,
    Power,
    Subscript,
    Exclamation,
    Percent,
    Degree,
    Prime,
    Comma,
    Semicolon,
    Colon,
    Conjunction(Conjunction),
    Union,
    Intersection,
    SetMinus,
    EmptySet,
    /// Fraction of the next two arguments.
    Fraction,
    /// Binomial coefficient of the next two arguments.
    Binomial,
    /// `{a \over b}`
    Over,
    /// `{a \choose b}`
    Choose,
    SquareRoot,
    /// A sum, or a product where true, over an index.
    Series(bool),
    /// `\overline` over letters (a segment, a conjugate)
    Overline,
    /// The letter of a named set of numbers: `\mathbb{R}`
    Numbers(char),
    Begin(String),
    End(String),
    /// `\\` within a matrix
    Row,
    /// `&`
    Cell,
}

/// A token, and its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub kind: TokenKind,
    /// Byte offsets in the text.
    pub start: usize,
    pub end: usize,
    /// Whether a space stands before it.
    pub spaced: bool,
    /// Whether it is set upright, as units are and unknowns are not.
    pub upright: bool,
}

impl TokenKind {
    /// Whether a value may end with this.
    pub(crate) fn ends_value(&self) -> bool {
        matches!(
            self,
            Self::Number(_)
                | Self::Symbol(_)
                | Self::Constant(_)
                | Self::Close(_)
                | Self::End(_)
                | Self::Exclamation
                | Self::Percent
                | Self::Degree
                | Self::Prime
                | Self::Unit(_)
        )
    }
}
