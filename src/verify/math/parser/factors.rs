//! Powers, what is written behind a factor, and the smallest parts.

use num_rational::BigRational;

use super::{Bracket, Expr, Kind, Parsed, Parser, Stop};
use crate::verify::math::expr::{Constant, Function, Literal};

/// Letters that stand for functions when a bracket follows.
const FUNCTION_LETTERS: [&str; 16] = [
    "f", "g", "h", "F", "G", "H", "P", "Q", "W", "T", "\\phi", "\\varphi", "\\Gamma", "\\zeta", "\\psi",
    "\\tau",
];

impl Parser<'_> {
    /// A factor with its power and everything else behind it.
    pub fn power(&mut self) -> Parsed {
        self.nested(|parser| {
            let base = parser.primary()?;
            let mut base = parser.postfix(base)?;
            while parser.eat(&Kind::Power) {
                if parser.eat_degree() {
                    base = Expr::Degrees(Box::new(base));
                } else {
                    let exponent = parser.exponent()?;
                    base = raise(base, exponent);
                }
                base = parser.postfix(base)?;
            }
            Ok(base)
        })
    }

    /// `\circ` or `{\circ}` after a power sign: degrees.
    fn eat_degree(&mut self) -> bool {
        if self.eat(&Kind::Degree) {
            return true;
        }
        let grouped = self.peek() == Some(&Kind::Open(Bracket::Group))
            && self.peek_at(1) == Some(&Kind::Degree)
            && self.peek_at(2) == Some(&Kind::Close(Bracket::Group));
        self.at += if grouped { 3 } else { 0 };
        grouped
    }

    fn exponent(&mut self) -> Parsed {
        match self.peek() {
            Some(Kind::Minus) => {
                self.at += 1;
                Ok(Expr::Negative(Box::new(self.nested(Self::exponent)?)))
            }
            Some(Kind::Plus) => {
                self.at += 1;
                self.nested(Self::exponent)
            }
            Some(Kind::Open(Bracket::Group)) => self.bracket(),
            // a ^ b ^ c is a ^ (b ^ c)
            _ => self.power(),
        }
    }

    fn postfix(&mut self, mut base: Expr) -> Parsed {
        loop {
            base = match self.peek() {
                Some(Kind::Exclamation) => {
                    self.at += 1;
                    let double = self.eat(&Kind::Exclamation);
                    let function = if double { Function::DoubleFactorial } else { Function::Factorial };
                    Expr::Call(function, vec![base])
                }
                Some(Kind::Percent) => {
                    self.at += 1;
                    Expr::Percent(Box::new(base))
                }
                Some(Kind::Degree) => {
                    self.at += 1;
                    Expr::Degrees(Box::new(base))
                }
                _ => return Ok(base),
            };
        }
    }

    /// The smallest parts: numbers, unknowns, brackets, functions with their arguments.
    pub fn primary(&mut self) -> Parsed {
        self.budget.spend(10)?;
        let kind = self.peek().cloned().ok_or(Stop::Unreadable("it ends too early"))?;
        if self.is_bracketed_digits() {
            self.at += 3;
            return self.in_base(self.at - 2);
        }
        if let Kind::Open(_) = kind {
            return self.bracket();
        }
        self.at += 1;
        match kind {
            Kind::Number(number) => self.number(number),
            Kind::Constant(constant) => self.constant(constant),
            Kind::Symbol(name) => self.symbol(name),
            Kind::Text(text) => Ok(self.words(text)),
            Kind::Function(function) => self.function(function),
            Kind::Fraction => self.fraction(),
            Kind::Binomial => {
                let (above, below) = (self.small_argument()?, self.small_argument()?);
                Ok(Expr::Call(Function::Binomial, vec![above, below]))
            }
            Kind::SquareRoot => self.root(),
            Kind::Series(product) => self.series(product),
            Kind::Bar => self.absolute(&Kind::Bar),
            Kind::Begin(name) => self.environment(&name),
            Kind::Numbers(letter) => Ok(Expr::Numbers(letter)),
            Kind::EmptySet => Ok(Expr::Set(Vec::new())),
            Kind::Overline => self.overline(),
            _ => Err(Stop::Unreadable("a sign stands where a value should")),
        }
    }

    /// Words that stand by themselves.
    fn words(&mut self, first: String) -> Expr {
        let mut words = first;
        while let Some(Kind::Text(next)) = self.peek() {
            words.push(' ');
            words.push_str(next);
            self.at += 1;
        }
        Expr::Text(words)
    }

    /// A number, in another base where a subscript says so.
    fn number(&mut self, number: Literal) -> Parsed {
        if self.peek() != Some(&Kind::Subscript) {
            return Ok(Expr::Number(number));
        }
        self.in_base(self.at - 1)
    }

    /// `(1011)_2`
    fn is_bracketed_digits(&self) -> bool {
        self.peek() == Some(&Kind::Open(Bracket::Round))
            && matches!(self.peek_at(1), Some(Kind::Number(_)))
            && self.peek_at(2) == Some(&Kind::Close(Bracket::Round))
            && self.peek_at(3) == Some(&Kind::Subscript)
    }

    /// The digits of a token in the base that the subscript ahead names.
    fn in_base(&mut self, token: usize) -> Parsed {
        let digits = self.text[self.tokens[token].start..self.tokens[token].end].to_owned();
        self.at += 1;
        let base = match self.argument()? {
            Expr::Number(base) => base.value.to_integer().try_into().unwrap_or(0),
            Expr::Text(word) => number_word(&word),
            _ => 0,
        };
        if !(2..=36).contains(&base) {
            return Err(Stop::Unreadable("a number with an index"));
        }
        let value = num_bigint::BigInt::parse_bytes(digits.as_bytes(), base);
        let value = value.ok_or(Stop::Unreadable("a digit that its base does not have"))?;
        Ok(Expr::Based(BigRational::from_integer(value), base))
    }

    fn constant(&mut self, constant: Constant) -> Parsed {
        match (constant, self.peek()) {
            (Constant::Euler, Some(Kind::Subscript)) => self.symbol("e".to_owned()),
            (Constant::Imaginary, Some(Kind::Subscript)) => self.symbol("i".to_owned()),
            _ => Ok(Expr::Constant(constant)),
        }
    }

    /// An unknown with its index and primes, or a function of what follows in brackets.
    fn symbol(&mut self, mut name: String) -> Parsed {
        if self.eat(&Kind::Subscript) {
            let start = self.tokens.get(self.at).map_or(0, |token| token.start);
            self.argument()?;
            let end = self.tokens[self.at - 1].end;
            let index = self.text.get(start..end).ok_or(Stop::Unreadable("an index"))?;
            name.push('_');
            name.push_str(&plain_index(index));
        }
        while self.eat(&Kind::Prime) {
            name.push('\'');
        }
        let is_function = FUNCTION_LETTERS.contains(&name.trim_end_matches('\''));
        if self.peek() != Some(&Kind::Open(Bracket::Round)) {
            return Ok(Expr::Symbol(name));
        }
        let before = self.at;
        self.at += 1;
        let arguments = self.items()?;
        self.expect(&Kind::Close(Bracket::Round))?;
        if is_function || arguments.len() > 1 {
            return Ok(Expr::Apply(name, arguments));
        }
        self.at = before;
        Ok(Expr::Symbol(name))
    }
}

/// A power; a power of a call such as `\sin(x)^2` is the power of its value.
fn raise(base: Expr, exponent: Expr) -> Expr {
    match base {
        // 5\text{ cm}^2
        Expr::Quantity(value, unit) => Expr::Quantity(value, unit),
        base => Expr::Power(Box::new(base), Box::new(exponent)),
    }
}

fn number_word(word: &str) -> u32 {
    match word.to_lowercase().as_str() {
        "two" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        "twelve" => 12,
        "sixteen" => 16,
        _ => 0,
    }
}

/// An index without spaces, braces and the commands that set its type.
fn plain_index(index: &str) -> String {
    let bare = index.replace("\\text", "").replace("\\mathrm", "").replace("\\mathbf", "");
    bare.chars().filter(|c| !c.is_whitespace() && !"{}".contains(*c)).collect()
}
