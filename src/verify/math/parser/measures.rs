//! Values with a unit: prices, compound quantities such as `5 feet 3 inches`, angles with minutes.

use super::state::{ParsedExpr, Parser};
use crate::verify::math::{
    budget::Stop,
    expr::{Expr, Literal},
    token::TokenKind,
    unit::{Unit, UnitReader},
};

impl Parser<'_> {
    /// A product behind the sign of a currency, which is the next token: `\$5`, `\$5 million`, `-\$3.50 per hour`.
    pub(crate) fn price(&mut self, currency: Unit) -> ParsedExpr {
        self.at += 1;
        let value = self.nested(Self::signed_or_product)?;
        Ok(match value {
            // "$5 dollars" says it twice.
            Expr::Quantity(value, unit) if unit.includes(&currency) => Expr::Quantity(value, unit),
            value => Expr::Quantity(Box::new(value), currency),
        })
    }

    /// A value with its unit. Where another number with a smaller unit follows, as in `5 feet 3 inches`, it is
    /// added in parts of the larger one.
    pub(crate) fn measured(&mut self, value: Expr, unit: Unit) -> ParsedExpr {
        let smaller = match (&value, self.peek(), self.peek_at(1)) {
            (_, Some(TokenKind::Number(number)), Some(TokenKind::Unit(smaller))) => {
                unit.compound(smaller).map(|count| (number.clone(), count))
            }
            _ => None,
        };
        let Some((number, count)) = smaller else { return Ok(Expr::Quantity(Box::new(value), unit)) };
        self.at += 2;
        self.nested(|parser| parser.measured(Expr::Sum(vec![value, part(number, count)]), unit))
    }

    /// A value and the words behind it that say what is counted.
    pub(crate) fn counted(&mut self, value: Expr) -> Expr {
        let mut reader = UnitReader::default();
        while let Some(TokenKind::Text(words)) = self.peek() {
            reader.read(words);
            self.at += 1;
        }
        match reader.finish() {
            unit if unit.is_none() => value,
            unit => Expr::Quantity(Box::new(value), unit),
        }
    }

    /// An angle, with the minutes and seconds behind it: `30^\circ 15' 20''`.
    pub(crate) fn degrees(&mut self, base: Expr) -> ParsedExpr {
        let mut parts = vec![base];
        for (primes, count) in [(1, 60), (2, 3600)] {
            let Some(TokenKind::Number(number)) = self.peek().cloned() else { break };
            if self.primes(1) != primes {
                continue;
            }
            self.at += 1 + primes;
            parts.push(part(number, count));
        }
        let value = if parts.len() == 1 { parts.remove(0) } else { Expr::Sum(parts) };
        Ok(Expr::Degrees(Box::new(value)))
    }

    /// A number with one or two primes, in feet or minutes, or in inches or seconds: `5'`, `3''`, `5' 3''`.
    pub(crate) fn primed(&mut self, number: Literal) -> ParsedExpr {
        let primes = self.primes(0);
        let value = Expr::Number(number);
        self.at += primes;
        match (primes, self.peek().cloned()) {
            (1, Some(TokenKind::Number(inches))) if self.primes(1) == 2 => {
                self.at += 3;
                let sum = Expr::Sum(vec![value, part(inches, 12)]);
                Ok(Expr::Quantity(Box::new(sum), Unit::named("ft")))
            }
            (1, _) => Ok(Expr::Quantity(Box::new(value), Unit::named("′"))),
            (2, _) => Ok(Expr::Quantity(Box::new(value), Unit::named("″"))),
            _ => Err(Stop::Unreadable("a number with many primes")),
        }
    }

    /// How many primes stand so far ahead.
    fn primes(&self, ahead: usize) -> usize {
        (ahead..ahead + 4).take_while(|place| self.peek_at(*place) == Some(&TokenKind::Prime)).count()
    }
}

/// A number of parts of which so many make one.
fn part(number: Literal, count: i64) -> Expr {
    Expr::Quotient(Box::new(Expr::Number(number)), Box::new(Expr::integer(count)))
}
