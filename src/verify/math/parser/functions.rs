//! Functions and operators that come before their arguments.

use super::state::{ParsedExpr, Parser};
use crate::verify::math::{
    budget::Stop,
    expr::{Constant, Expr, Function, Relation},
    literal,
    token::{Bracket, TokenKind},
};

impl Parser<'_> {
    /// `\frac` and its spellings: `\frac12`, `\frac1{2}`, `\frac{1}2`.
    pub(crate) fn fraction(&mut self) -> ParsedExpr {
        let above = self.small_argument()?;
        let below = self.small_argument()?;
        Ok(Expr::Quotient(Box::new(above), Box::new(below)))
    }

    /// A group in braces, or one token of which a number gives its first digit only.
    pub(crate) fn small_argument(&mut self) -> ParsedExpr {
        let Some(TokenKind::Number(_)) = self.peek() else { return self.argument() };
        let token = self.tokens[self.at].clone();
        let digits = literal::leading_digits(&self.text[token.start..token.end]);
        if digits.len() < 2 || token.end - token.start != digits.len() {
            return self.argument();
        }
        let first = i64::from(digits.as_bytes()[0] - b'0');
        let rest = literal::read(&digits[1..], literal::Commas::Separators, self.budget)?;
        let (number, _) = rest.ok_or(Stop::Unreadable("a fraction"))?;
        let place = &mut self.tokens[self.at];
        place.start += 1;
        place.kind = TokenKind::Number(number);
        Ok(Expr::integer(first))
    }

    /// `\sqrt{…}`, `\sqrt[3]{…}`, `sqrt(…)`, `\sqrt2`
    pub(crate) fn root(&mut self) -> ParsedExpr {
        let index = if self.peek() == Some(&TokenKind::Open(Bracket::Square)) && self.index_follows() {
            self.at += 1;
            let index = self.sum()?;
            self.expect(&TokenKind::Close(Bracket::Square))?;
            index
        } else {
            Expr::integer(2)
        };
        let radicand = self.argument()?;
        Ok(Expr::Call(Function::Root, vec![radicand, index]))
    }

    /// Whether a bracket behind a root is its index: something to take the root of comes after it.
    fn index_follows(&self) -> bool {
        let close =
            self.tokens[self.at..].iter().position(|token| token.kind == TokenKind::Close(Bracket::Square));
        close.is_some_and(|close| {
            matches!(
                self.peek_at(close + 1),
                Some(
                    TokenKind::Open(_) | TokenKind::Number(_) | TokenKind::Symbol(_) | TokenKind::Constant(_)
                )
            )
        })
    }

    /// A named function with its power, base and argument: `\sin^2 x`, `\log_2 8`, `\gcd(4, 6)`.
    pub(crate) fn function(&mut self, function: Function) -> ParsedExpr {
        self.nested(|parser| {
            let mut base = None;
            let mut exponent = None;
            loop {
                if parser.eat(&TokenKind::Subscript) {
                    base = Some(parser.argument()?);
                } else if parser.eat(&TokenKind::Power) {
                    exponent = Some(parser.function_exponent()?);
                } else {
                    break;
                }
            }
            let (function, exponent) = match (exponent, inverse(function)) {
                (Some(exponent), Some(inverse)) if is_minus_one(&exponent) => (inverse, None),
                (exponent, _) => (function, exponent),
            };
            let value = parser.call(function, base)?;
            Ok(match exponent {
                Some(exponent) => Expr::Power(Box::new(value), Box::new(exponent)),
                None => value,
            })
        })
    }

    fn function_exponent(&mut self) -> ParsedExpr {
        match self.peek() {
            Some(TokenKind::Minus) => {
                self.at += 1;
                Ok(Expr::Negative(Box::new(self.argument()?)))
            }
            _ => self.argument(),
        }
    }

    fn call(&mut self, function: Function, base: Option<Expr>) -> ParsedExpr {
        let arguments = self.function_arguments()?;
        Ok(match (function, base) {
            (Function::Log, base) => {
                let [argument] = one(arguments)?;
                Expr::Call(Function::Log, vec![argument, base.unwrap_or_else(|| Expr::integer(10))])
            }
            (Function::Root, None) => {
                let [argument] = one(arguments)?;
                Expr::Call(Function::Root, vec![argument, Expr::integer(3)])
            }
            (Function::Gcd | Function::Lcm | Function::Max | Function::Min, None) => {
                Expr::Call(function, arguments)
            }
            (Function::Binomial | Function::Mod, None) if arguments.len() == 2 => {
                Expr::Call(function, arguments)
            }
            (Function::Binomial | Function::Mod, _) | (_, Some(_)) => {
                return Err(Stop::Unreadable("a function with an index"));
            }
            (function, None) => {
                let [argument] = one(arguments)?;
                Expr::Call(function, vec![argument])
            }
        })
    }

    /// What a function is of: a bracket, or the factors that follow up to the next function or sign.
    fn function_arguments(&mut self) -> Result<Vec<Expr>, Stop> {
        match self.peek() {
            Some(TokenKind::Open(Bracket::Round)) => {
                self.at += 1;
                let bars = std::mem::take(&mut self.bars);
                let items = self.items()?;
                self.bars = bars;
                self.expect(&TokenKind::Close(Bracket::Round))?;
                Ok(items)
            }
            Some(TokenKind::Open(Bracket::Group)) => match self.bracket()? {
                Expr::List(items) => Ok(items),
                item => Ok(vec![item]),
            },
            Some(TokenKind::Minus) => {
                self.at += 1;
                Ok(vec![Expr::Negative(Box::new(self.power()?))])
            }
            // A function may be taken of a function, as in `\ln\sin x`.
            Some(TokenKind::Function(_)) => Ok(vec![self.power()?]),
            _ => {
                let mut factors = vec![self.power()?];
                while self.starts_factor() && !matches!(self.peek(), Some(TokenKind::Function(_))) {
                    factors.push(self.power()?);
                }
                Ok(vec![if factors.len() == 1 { factors.remove(0) } else { Expr::Product(factors) }])
            }
        }
    }

    /// `\sum_{k=1}^{n} …`: a series over the product that follows.
    pub(crate) fn series(&mut self, product: bool) -> ParsedExpr {
        self.nested(|parser| {
            let (mut range, mut to) = (None, None);
            loop {
                if parser.eat(&TokenKind::Subscript) {
                    range = Some(parser.argument()?);
                } else if parser.eat(&TokenKind::Power) {
                    to = Some(parser.argument()?);
                } else {
                    break;
                }
            }
            let body = parser.sum_body()?;
            let (Some(Expr::Chain(variable, mut from)), Some(to)) = (range, to) else {
                return Err(Stop::Unreadable("a sum without its range"));
            };
            let (Some(variable), [(Relation::Equal, _)]) = (index_name(&variable), from.as_slice()) else {
                return Err(Stop::Unreadable("a sum without its range"));
            };
            let (_, from) = from.remove(0);
            Ok(Expr::Series(product, Box::new([body, from, to]), variable))
        })
    }

    fn sum_body(&mut self) -> ParsedExpr {
        let mut factors = vec![self.power()?];
        loop {
            if self.eat(&TokenKind::Times) || self.starts_factor() {
                factors.push(self.power()?);
            } else if self.eat(&TokenKind::Divide) {
                let below = self.power()?;
                let above = if factors.len() == 1 { factors.remove(0) } else { Expr::Product(factors) };
                factors = vec![Expr::Quotient(Box::new(above), Box::new(below))];
            } else {
                return Ok(if factors.len() == 1 { factors.remove(0) } else { Expr::Product(factors) });
            }
        }
    }

    /// `\overline{AB}` is a segment; `\overline{z}` a conjugate.
    pub(crate) fn overline(&mut self) -> ParsedExpr {
        let inside = self.argument()?;
        Ok(match inside {
            Expr::Product(_) => inside,
            value => Expr::Call(Function::Conjugate, vec![value]),
        })
    }
}

/// The name of a summation index, which may be `i`.
fn index_name(variable: &Expr) -> Option<String> {
    match variable {
        Expr::Symbol(name) => Some(name.clone()),
        Expr::Constant(Constant::Imaginary) => Some("i".to_owned()),
        _ => None,
    }
}

fn one(mut arguments: Vec<Expr>) -> Result<[Expr; 1], Stop> {
    match (arguments.pop(), arguments.is_empty()) {
        (Some(argument), true) => Ok([argument]),
        _ => Err(Stop::Unreadable("a function of several arguments")),
    }
}

fn is_minus_one(exponent: &Expr) -> bool {
    *exponent == Expr::Negative(Box::new(Expr::integer(1)))
}

/// The function that `f^{-1}` means.
fn inverse(function: Function) -> Option<Function> {
    Some(match function {
        Function::Sin => Function::Arcsin,
        Function::Cos => Function::Arccos,
        Function::Tan => Function::Arctan,
        Function::Cot => Function::Arccot,
        Function::Sec => Function::Arcsec,
        Function::Csc => Function::Arccsc,
        Function::Sinh => Function::Arsinh,
        Function::Cosh => Function::Arcosh,
        Function::Tanh => Function::Artanh,
        _ => return None,
    })
}
