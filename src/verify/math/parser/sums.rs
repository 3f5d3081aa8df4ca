//! Sums, products and what stands side by side.

use super::state::{ParsedExpr, Parser};
use crate::verify::math::{
    budget::Stop,
    expr::{Expr, Function},
    token::{Bracket, TokenKind},
};

impl Parser<'_> {
    pub(crate) fn sum(&mut self) -> ParsedExpr {
        self.nested(|parser| {
            let mut terms = Vec::new();
            loop {
                let sign = match parser.peek() {
                    Some(TokenKind::Plus | TokenKind::Minus | TokenKind::PlusMinus(_)) => parser.next(),
                    _ if terms.is_empty() => Some(TokenKind::Plus),
                    _ => break,
                };
                let term = match parser.peek() {
                    // A second sign follows, as in "+-3" and "--3".
                    Some(TokenKind::Plus | TokenKind::Minus | TokenKind::PlusMinus(_)) => parser.signed()?,
                    _ => parser.product()?,
                };
                terms.push(match sign {
                    Some(TokenKind::Minus) => Expr::Negative(Box::new(term)),
                    Some(TokenKind::PlusMinus(swapped)) => Expr::PlusMinus(Box::new(term), swapped),
                    _ => term,
                });
            }
            Ok(if terms.len() == 1 { terms.remove(0) } else { Expr::Sum(terms) })
        })
    }

    /// A product with a sign of its own.
    fn signed(&mut self) -> ParsedExpr {
        match self.next() {
            Some(TokenKind::Minus) => Ok(Expr::Negative(Box::new(self.nested(Self::signed_or_product)?))),
            Some(TokenKind::PlusMinus(swapped)) => {
                Ok(Expr::PlusMinus(Box::new(self.nested(Self::signed_or_product)?), swapped))
            }
            _ => self.nested(Self::signed_or_product),
        }
    }

    fn signed_or_product(&mut self) -> ParsedExpr {
        match self.peek() {
            Some(TokenKind::Plus | TokenKind::Minus | TokenKind::PlusMinus(_)) => self.signed(),
            _ => self.product(),
        }
    }

    fn product(&mut self) -> ParsedExpr {
        // A word before a number is a label.
        while matches!(self.peek(), Some(TokenKind::Text(_))) && self.text_before_factor() {
            self.at += 1;
        }
        let mut left = self.power()?;
        loop {
            self.budget.spend(5)?;
            match self.peek() {
                Some(TokenKind::Times) => {
                    self.at += 1;
                    if let Some(TokenKind::Text(_)) = self.peek() {
                        continue;
                    }
                    let right = self.operand()?;
                    left = multiply(left, right);
                }
                Some(TokenKind::Divide) => {
                    self.at += 1;
                    let right = self.operand()?;
                    left = Expr::Quotient(Box::new(left), Box::new(right));
                }
                Some(TokenKind::Function(Function::Mod)) => {
                    self.at += 1;
                    let right = self.operand()?;
                    left = Expr::Call(Function::Mod, vec![left, right]);
                }
                Some(TokenKind::Text(_)) => left = self.quantity(left),
                Some(TokenKind::Fraction) if is_whole(&left) => {
                    let fraction = self.power()?;
                    left = mixed(left, fraction);
                }
                Some(TokenKind::Number(_)) if is_whole(&left) => left = self.mixed_in_line(left)?,
                _ if self.starts_factor() => {
                    let right = self.power()?;
                    left = multiply(left, right);
                }
                _ => return Ok(left),
            }
        }
    }

    /// What follows a sign of multiplication or division; it may have a sign of its own.
    fn operand(&mut self) -> ParsedExpr {
        match self.peek() {
            Some(TokenKind::Minus) => {
                self.at += 1;
                Ok(Expr::Negative(Box::new(self.nested(Self::operand)?)))
            }
            Some(TokenKind::Plus) => {
                self.at += 1;
                self.nested(Self::operand)
            }
            _ => self.power(),
        }
    }

    /// Reads a mixed number in one line, `1 2/3`.
    fn mixed_in_line(&mut self, whole: Expr) -> ParsedExpr {
        let spaced = self.tokens[self.at].spaced;
        if !(spaced
            && self.peek_at(1) == Some(&TokenKind::Divide)
            && matches!(self.peek_at(2), Some(TokenKind::Number(_))))
        {
            return Err(Stop::Unreadable("numbers side by side"));
        }
        let above = self.primary()?;
        self.at += 1;
        let below = self.primary()?;
        Ok(mixed(whole, Expr::Quotient(Box::new(above), Box::new(below))))
    }

    fn text_before_factor(&self) -> bool {
        let mut ahead = 1;
        while matches!(self.peek_at(ahead), Some(TokenKind::Text(_))) {
            ahead += 1;
        }
        matches!(
            self.peek_at(ahead),
            Some(
                TokenKind::Number(_)
                    | TokenKind::Fraction
                    | TokenKind::SquareRoot
                    | TokenKind::Open(Bracket::Curly | Bracket::Round)
            )
        )
    }

    /// A unit behind a quantity: words, their powers and quotients.
    fn quantity(&mut self, value: Expr) -> Expr {
        let mut unit = String::new();
        loop {
            match (self.peek(), self.peek_at(1)) {
                (Some(TokenKind::Text(word)), _) => {
                    if !unit.is_empty() && !unit.ends_with('/') {
                        unit.push(' ');
                    }
                    unit.push_str(word);
                    self.at += 1;
                }
                (Some(TokenKind::Divide), Some(TokenKind::Text(_))) if !unit.is_empty() => {
                    unit.push('/');
                    self.at += 1;
                }
                (Some(TokenKind::Power), Some(TokenKind::Number(number))) if !unit.is_empty() => {
                    unit.push('^');
                    unit.push_str(&number.value.to_string());
                    self.at += 2;
                }
                (Some(TokenKind::Power), Some(TokenKind::Open(Bracket::Group)))
                    if self.peek_at(3) == Some(&TokenKind::Close(Bracket::Group)) =>
                {
                    if let Some(TokenKind::Number(number)) = self.peek_at(2) {
                        unit.push('^');
                        unit.push_str(&number.value.to_string());
                    }
                    self.at += 4;
                }
                _ => return Expr::Quantity(Box::new(value), unit),
            }
        }
    }
}

fn multiply(left: Expr, right: Expr) -> Expr {
    match left {
        Expr::Product(mut factors) => {
            factors.push(right);
            Expr::Product(factors)
        }
        left => Expr::Product(vec![left, right]),
    }
}

fn is_whole(expr: &Expr) -> bool {
    matches!(expr, Expr::Number(number) if number.places.is_none() && number.value.is_integer())
}

/// A whole number before a fraction of whole numbers adds to it; before any other fraction it multiplies.
fn mixed(whole: Expr, fraction: Expr) -> Expr {
    match &fraction {
        Expr::Quotient(above, below) if is_whole(above) && is_whole(below) => {
            Expr::Sum(vec![whole, fraction])
        }
        _ => multiply(whole, fraction),
    }
}
