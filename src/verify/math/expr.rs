//! The expression tree that answers are read into: what was written, before any of it is worked out.

use num_rational::BigRational;

use super::unit::Unit;

/// A number as written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Literal {
    pub value: BigRational,
    /// Digits behind a decimal point that ends; `None` for whole and repeating numbers.
    pub places: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Constant {
    Pi,
    Euler,
    Imaginary,
    Infinity,
}

/// Functions that can be worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Function {
    Sin,
    Cos,
    Tan,
    Cot,
    Sec,
    Csc,
    Arcsin,
    Arccos,
    Arctan,
    Arccot,
    Arcsec,
    Arccsc,
    Sinh,
    Cosh,
    Tanh,
    Arsinh,
    Arcosh,
    Artanh,
    /// Natural logarithm.
    Ln,
    /// Logarithm: argument, base.
    Log,
    Exp,
    /// `cos x + i sin x`
    Cis,
    /// Root: radicand, index.
    Root,
    Abs,
    Floor,
    Ceil,
    Factorial,
    DoubleFactorial,
    Binomial,
    Gcd,
    Lcm,
    Max,
    Min,
    /// Remainder: number, modulus.
    Mod,
    Real,
    ImaginaryPart,
    Conjugate,
    Determinant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    Approximate,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// Element of.
    In,
}

impl Relation {
    /// The relation with its sides swapped.
    pub(crate) fn flipped(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
            other => other,
        }
    }
}

/// An answer, or a part of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    Number(Literal),
    /// An integer written in another base than ten: its value and the base.
    Based(BigRational, u32),
    Constant(Constant),
    Symbol(String),
    /// Words that are no mathematics.
    Text(String),
    Sum(Vec<Expr>),
    Product(Vec<Expr>),
    Quotient(Box<Expr>, Box<Expr>),
    Power(Box<Expr>, Box<Expr>),
    Negative(Box<Expr>),
    /// Both signs; true where the upper one is minus (`\mp`).
    PlusMinus(Box<Expr>, bool),
    Percent(Box<Expr>),
    Degrees(Box<Expr>),
    /// A quantity and its unit.
    Quantity(Box<Expr>, Unit),
    Call(Function, Vec<Expr>),
    /// An unknown function of its arguments.
    Apply(String, Vec<Expr>),
    /// A sum (or product, where true) over an integer: body, variable, from, to.
    Series(bool, Box<[Expr; 3]>, String),
    /// `a : b : …`
    Ratio(Vec<Expr>),
    /// `(a, b, …)`
    Tuple(Vec<Expr>),
    /// Several answers side by side, without brackets.
    List(Vec<Expr>),
    Set(Vec<Expr>),
    /// A pair in brackets, each end closed or open. `(a, b)` is read as a tuple.
    Interval(Box<[Expr; 2]>, [bool; 2]),
    /// The named sets of numbers, such as the reals: their letter.
    Numbers(char),
    Union(Vec<Expr>),
    Intersection(Vec<Expr>),
    Difference(Box<Expr>, Box<Expr>),
    Matrix(Vec<Vec<Expr>>),
    /// `first op next op next …`
    Chain(Box<Expr>, Vec<(Relation, Expr)>),
    /// A function in pieces.
    Cases(Vec<CasePiece>),
}

/// One piece of a function, and where it holds; `None` where it holds wherever the others do not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CasePiece {
    pub value: Expr,
    pub condition: Option<Expr>,
}

impl Expr {
    pub(crate) fn integer(value: i64) -> Self {
        Self::Number(Literal { value: BigRational::from_integer(value.into()), places: None })
    }

    /// The parts one level below.
    pub(crate) fn children(&self) -> Vec<&Expr> {
        match self {
            Self::Number(_)
            | Self::Based(..)
            | Self::Constant(_)
            | Self::Symbol(_)
            | Self::Text(_)
            | Self::Numbers(_) => Vec::new(),
            Self::Sum(parts)
            | Self::Product(parts)
            | Self::Call(_, parts)
            | Self::Apply(_, parts)
            | Self::Ratio(parts)
            | Self::Tuple(parts)
            | Self::List(parts)
            | Self::Set(parts)
            | Self::Union(parts)
            | Self::Intersection(parts) => parts.iter().collect(),
            Self::Quotient(left, right) | Self::Power(left, right) | Self::Difference(left, right) => {
                vec![left, right]
            }
            Self::Negative(part)
            | Self::PlusMinus(part, _)
            | Self::Percent(part)
            | Self::Degrees(part)
            | Self::Quantity(part, _) => vec![part],
            Self::Series(_, parts, _) => parts.iter().collect(),
            Self::Interval(ends, _) => ends.iter().collect(),
            Self::Matrix(rows) => rows.iter().flatten().collect(),
            Self::Chain(first, rest) => {
                std::iter::once(&**first).chain(rest.iter().map(|(_, part)| part)).collect()
            }
            Self::Cases(cases) => {
                cases.iter().flat_map(|case| std::iter::once(&case.value).chain(&case.condition)).collect()
            }
        }
    }

    /// Whether this or any part of it meets a condition.
    pub(crate) fn any(&self, condition: &impl Fn(&Expr) -> bool) -> bool {
        condition(self) || self.children().into_iter().any(|part| part.any(condition))
    }

    /// Whether it is one value rather than several, or a set or statement.
    pub(crate) fn is_single(&self) -> bool {
        !matches!(
            self,
            Self::Text(_)
                | Self::Ratio(_)
                | Self::Tuple(_)
                | Self::List(_)
                | Self::Set(_)
                | Self::Interval(..)
                | Self::Numbers(_)
                | Self::Union(_)
                | Self::Intersection(_)
                | Self::Difference(..)
                | Self::Matrix(_)
                | Self::Chain(..)
                | Self::Cases(_)
                | Self::PlusMinus(..)
        )
    }

    /// Whether an unknown of this name stands somewhere in it.
    pub(crate) fn holds(&self, letter: &str) -> bool {
        self.any(&|part| matches!(part, Self::Symbol(name) if name == letter))
    }

    /// Whether it holds an unknown.
    pub(crate) fn has_symbols(&self) -> bool {
        self.any(&|part| matches!(part, Self::Symbol(_) | Self::Apply(..) | Self::Text(_)))
    }

    /// Whether a matrix stands somewhere in it.
    pub(crate) fn has_matrix(&self) -> bool {
        self.any(&|part| matches!(part, Self::Matrix(_)))
    }

    /// Whether it is written as a set of real numbers; tuples, which may be open intervals, are not counted.
    pub(crate) fn is_real_set(&self) -> bool {
        matches!(
            self,
            Self::Interval(..)
                | Self::Union(_)
                | Self::Intersection(_)
                | Self::Difference(..)
                | Self::Numbers('R')
        )
    }
}
