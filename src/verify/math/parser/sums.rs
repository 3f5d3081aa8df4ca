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

    pub(super) fn signed_or_product(&mut self) -> ParsedExpr {
        match self.peek() {
            Some(TokenKind::Plus | TokenKind::Minus | TokenKind::PlusMinus(_)) => self.signed(),
            _ => self.product(),
        }
    }

    fn product(&mut self) -> ParsedExpr {
        if let Some(TokenKind::Currency(currency)) = self.peek().cloned() {
            return self.price(currency);
        }
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
                    left = quotient(left, right);
                }
                Some(TokenKind::Function(Function::Mod)) => {
                    self.at += 1;
                    let right = self.operand()?;
                    left = Expr::Call(Function::Mod, vec![left, right]);
                }
                Some(TokenKind::Unit(unit)) => {
                    let unit = unit.clone();
                    self.at += 1;
                    left = self.measured(left, unit)?;
                }
                Some(TokenKind::Text(_)) => left = self.counted(left),
                Some(TokenKind::Fraction) if is_whole(&left) => {
                    let fraction = self.power()?;
                    left = mixed(left, fraction);
                }
                Some(TokenKind::Number(_)) if matches!(left, Expr::Quantity(..)) => {
                    return Err(Stop::Unreadable("quantities side by side"));
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
        let number = mixed(whole, Expr::Quotient(Box::new(above), Box::new(below)));
        self.postfix(number)
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
                    | TokenKind::Currency(_)
                    | TokenKind::Open(Bracket::Curly | Bracket::Round)
            )
        )
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

/// A whole number before a fraction of whole numbers adds to it; before any other fraction it multiplies. A sign
/// of percent or degrees behind the fraction belongs to both.
fn mixed(whole: Expr, fraction: Expr) -> Expr {
    match fraction {
        Expr::Quotient(above, below) if is_whole(&above) && is_whole(&below) => {
            Expr::Sum(vec![whole, Expr::Quotient(above, below)])
        }
        Expr::Percent(inside) if matches!(*inside, Expr::Quotient(..)) => {
            Expr::Percent(Box::new(mixed(whole, *inside)))
        }
        Expr::Degrees(inside) if matches!(*inside, Expr::Quotient(..)) => {
            Expr::Degrees(Box::new(mixed(whole, *inside)))
        }
        fraction => multiply(whole, fraction),
    }
}

/// A quotient; a sign of percent or degrees behind two whole numbers belongs to both.
fn quotient(above: Expr, below: Expr) -> Expr {
    match below {
        Expr::Percent(below) if is_whole(&above) && is_whole(&below) => {
            Expr::Percent(Box::new(Expr::Quotient(Box::new(above), below)))
        }
        Expr::Degrees(below) if is_whole(&above) && is_whole(&below) => {
            Expr::Degrees(Box::new(Expr::Quotient(Box::new(above), below)))
        }
        below => Expr::Quotient(Box::new(above), Box::new(below)),
    }
}
