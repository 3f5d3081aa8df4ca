//! Powers, what is written behind a factor, and the smallest parts.

use num_rational::BigRational;

use super::state::{ParsedExpr, Parser};
use crate::verify::math::{
    budget::Stop,
    expr::{Constant, Expr, Function, Literal},
    token::{Bracket, TokenKind},
};

/// Letters that stand for functions when a bracket follows.
const FUNCTION_LETTERS: [&str; 16] = [
    "f", "g", "h", "F", "G", "H", "P", "Q", "W", "T", "\\phi", "\\varphi", "\\Gamma", "\\zeta", "\\psi",
    "\\tau",
];

impl Parser<'_> {
    /// A factor with its power and everything else behind it.
    pub(crate) fn power(&mut self) -> ParsedExpr {
        self.nested(|parser| {
            let base = parser.primary()?;
            let mut base = parser.postfix(base)?;
            while parser.eat(&TokenKind::Power) {
                base = if parser.eat_degree() {
                    parser.degrees(base)?
                } else {
                    Expr::Power(Box::new(base), Box::new(parser.exponent()?))
                };
                base = parser.postfix(base)?;
            }
            Ok(base)
        })
    }

    /// `\circ` or `{\circ}` after a power sign: degrees.
    fn eat_degree(&mut self) -> bool {
        if self.eat(&TokenKind::Degree) {
            return true;
        }
        let grouped = self.peek() == Some(&TokenKind::Open(Bracket::Group))
            && self.peek_at(1) == Some(&TokenKind::Degree)
            && self.peek_at(2) == Some(&TokenKind::Close(Bracket::Group));
        self.at += if grouped { 3 } else { 0 };
        grouped
    }

    fn exponent(&mut self) -> ParsedExpr {
        match self.peek() {
            Some(TokenKind::Minus) => {
                self.at += 1;
                Ok(Expr::Negative(Box::new(self.nested(Self::exponent)?)))
            }
            Some(TokenKind::Plus) => {
                self.at += 1;
                self.nested(Self::exponent)
            }
            Some(TokenKind::Open(Bracket::Group)) => self.bracket(),
            // Powers are read from the right: a ^ b ^ c is a ^ (b ^ c).
            _ => self.power(),
        }
    }

    /// Signs behind a value: factorials, percent, degrees.
    pub(super) fn postfix(&mut self, mut base: Expr) -> ParsedExpr {
        loop {
            base = match self.peek() {
                Some(TokenKind::Exclamation) => {
                    self.at += 1;
                    let double = self.eat(&TokenKind::Exclamation);
                    let function = if double { Function::DoubleFactorial } else { Function::Factorial };
                    Expr::Call(function, vec![base])
                }
                Some(TokenKind::Percent) => {
                    self.at += 1;
                    Expr::Percent(Box::new(base))
                }
                Some(TokenKind::Degree) => {
                    self.at += 1;
                    self.degrees(base)?
                }
                _ => return Ok(base),
            };
        }
    }

    /// The smallest parts: numbers, unknowns, brackets, functions with their arguments.
    pub(crate) fn primary(&mut self) -> ParsedExpr {
        self.budget.spend(10)?;
        let kind = self.peek().cloned().ok_or(Stop::Unreadable("it ends too early"))?;
        if self.is_bracketed_digits() {
            self.at += 3;
            return self.in_base(self.at - 2);
        }
        if let TokenKind::Open(_) = kind {
            return self.bracket();
        }
        self.at += 1;
        match kind {
            TokenKind::Number(number) => self.number(number),
            TokenKind::Constant(constant) => self.constant(constant),
            TokenKind::Symbol(name) => self.symbol(name),
            TokenKind::Text(text) => Ok(self.words(text)),
            TokenKind::Currency(currency) => {
                let value = self.power()?;
                Ok(Expr::Quantity(Box::new(value), currency))
            }
            TokenKind::Function(function) => self.function(function),
            TokenKind::Fraction => self.fraction(),
            TokenKind::Binomial => {
                let (above, below) = (self.small_argument()?, self.small_argument()?);
                Ok(Expr::Call(Function::Binomial, vec![above, below]))
            }
            TokenKind::SquareRoot => self.root(),
            TokenKind::Series(product) => self.series(product),
            TokenKind::Bar => self.absolute(&TokenKind::Bar),
            TokenKind::Begin(name) => self.environment(&name),
            TokenKind::Numbers(letter) => Ok(Expr::Numbers(letter)),
            TokenKind::EmptySet => Ok(Expr::Set(Vec::new())),
            TokenKind::Overline => self.overline(),
            _ => Err(Stop::Unreadable("a sign stands where a value should")),
        }
    }

    /// Words that stand by themselves.
    fn words(&mut self, first: String) -> Expr {
        let mut words = first;
        while let Some(TokenKind::Text(next)) = self.peek() {
            words.push(' ');
            words.push_str(next);
            self.at += 1;
        }
        Expr::Text(words)
    }

    /// A number, in another base where a subscript says so.
    fn number(&mut self, number: Literal) -> ParsedExpr {
        match self.peek() {
            Some(TokenKind::Subscript) => self.in_base(self.at - 1),
            Some(TokenKind::Prime) => self.primed(number),
            _ => Ok(Expr::Number(number)),
        }
    }

    /// Whether digits in brackets with an index follow, as in `(1011)_2`.
    fn is_bracketed_digits(&self) -> bool {
        self.peek() == Some(&TokenKind::Open(Bracket::Round))
            && matches!(self.peek_at(1), Some(TokenKind::Number(_)))
            && self.peek_at(2) == Some(&TokenKind::Close(Bracket::Round))
            && self.peek_at(3) == Some(&TokenKind::Subscript)
    }

    /// The digits of a token in the base that the subscript ahead names.
    fn in_base(&mut self, token: usize) -> ParsedExpr {
        let digits = self.text[self.tokens[token].start..self.tokens[token].end].to_owned();
        self.at += 1;
        let base = match self.argument()? {
            Expr::Number(base) => base.value.to_integer().try_into().unwrap_or(0),
            _ => 0,
        };
        if !(2..=36).contains(&base) {
            return Err(Stop::Unreadable("a number with an index"));
        }
        let value = num_bigint::BigInt::parse_bytes(digits.as_bytes(), base);
        let value = value.ok_or(Stop::Unreadable("a digit that its base does not have"))?;
        Ok(Expr::Based(BigRational::from_integer(value), base))
    }

    fn constant(&mut self, constant: Constant) -> ParsedExpr {
        match (constant, self.peek()) {
            (Constant::Euler, Some(TokenKind::Subscript)) => self.symbol("e".to_owned()),
            (Constant::Imaginary, Some(TokenKind::Subscript)) => self.symbol("i".to_owned()),
            _ => Ok(Expr::Constant(constant)),
        }
    }

    /// An unknown with its index and primes, or a function of what follows in brackets.
    fn symbol(&mut self, mut name: String) -> ParsedExpr {
        if self.eat(&TokenKind::Subscript) {
            let start = self.tokens.get(self.at).map_or(0, |token| token.start);
            self.argument()?;
            let end = self.tokens[self.at - 1].end;
            let index = self.text.get(start..end).ok_or(Stop::Unreadable("an index"))?;
            name.push('_');
            name.push_str(&plain_index(index));
        }
        while self.eat(&TokenKind::Prime) {
            name.push('\'');
        }
        let is_function = FUNCTION_LETTERS.contains(&name.trim_end_matches('\''));
        if self.peek() != Some(&TokenKind::Open(Bracket::Round)) {
            return Ok(Expr::Symbol(name));
        }
        let before = self.at;
        self.at += 1;
        let arguments = self.items()?;
        self.expect(&TokenKind::Close(Bracket::Round))?;
        if is_function || arguments.len() > 1 {
            return Ok(Expr::Apply(name, arguments));
        }
        self.at = before;
        Ok(Expr::Symbol(name))
    }
}

/// An index without spaces, braces and the commands that set its type.
fn plain_index(index: &str) -> String {
    let bare = index.replace("\\text", "").replace("\\mathrm", "").replace("\\mathbf", "");
    bare.chars().filter(|c| !c.is_whitespace() && !"{}".contains(*c)).collect()
}
