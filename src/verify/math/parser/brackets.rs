//! Brackets of every kind but those of sets: grouping, tuples, intervals, absolute values.

use super::state::{ParsedExpr, Parser};
use crate::verify::math::{
    budget::Stop,
    expr::{Expr, Function},
    token::{Bracket, TokenKind},
};

impl Parser<'_> {
    /// Whatever the next opening bracket holds.
    pub(crate) fn bracket(&mut self) -> ParsedExpr {
        self.nested(|parser| {
            let Some(TokenKind::Open(bracket)) = parser.next() else {
                return Err(Stop::Unreadable("a bracket is missing"));
            };
            let bars = std::mem::take(&mut parser.bars);
            let result = match bracket {
                Bracket::Round | Bracket::Square => parser.round_or_square(bracket),
                Bracket::Group => parser.group(),
                Bracket::Curly => parser.set(),
                Bracket::Angle => {
                    let items = parser.items()?;
                    parser.expect(&TokenKind::Close(Bracket::Angle))?;
                    Ok(Expr::Tuple(items))
                }
                Bracket::Floor => parser.enclosed(Function::Floor, Bracket::Floor),
                Bracket::Ceil => parser.enclosed(Function::Ceil, Bracket::Ceil),
                Bracket::Bar => parser.absolute(&TokenKind::Close(Bracket::Bar)),
            };
            parser.bars = bars;
            result
        })
    }

    fn enclosed(&mut self, function: Function, bracket: Bracket) -> ParsedExpr {
        let inside = self.sum()?;
        self.expect(&TokenKind::Close(bracket))?;
        Ok(Expr::Call(function, vec![inside]))
    }

    /// `(…)`, `[…]` and their mixtures: a value, a tuple or an interval.
    fn round_or_square(&mut self, open: Bracket) -> ParsedExpr {
        let mut items = self.items()?;
        let close = match self.next() {
            Some(TokenKind::Close(close @ (Bracket::Round | Bracket::Square))) => close,
            _ => return Err(Stop::Unreadable("a bracket does not close")),
        };
        let closed = [open == Bracket::Square, close == Bracket::Square];
        match items.len() {
            0 => Err(Stop::Unreadable("empty brackets")),
            1 if closed[0] == closed[1] => Ok(items.remove(0)),
            2 if closed != [false, false] => {
                let [low, high] = <[Expr; 2]>::try_from(items).expect("two items");
                Ok(Expr::Interval(Box::new([low, high]), closed))
            }
            _ if closed[0] == closed[1] => Ok(Expr::Tuple(items)),
            _ => Err(Stop::Unreadable("brackets that do not match")),
        }
    }

    /// `{…}`: grouping, `{a \over b}`, or several items.
    fn group(&mut self) -> ParsedExpr {
        let mut items = self.items()?;
        if let Some(kind @ (TokenKind::Over | TokenKind::Choose)) = self.peek().cloned() {
            self.at += 1;
            let below = self.sum()?;
            self.expect(&TokenKind::Close(Bracket::Group))?;
            let above = items.pop().ok_or(Stop::Unreadable("nothing above the line"))?;
            return Ok(match kind {
                TokenKind::Over => Expr::Quotient(Box::new(above), Box::new(below)),
                _ => Expr::Call(Function::Binomial, vec![above, below]),
            });
        }
        self.expect(&TokenKind::Close(Bracket::Group))?;
        match items.len() {
            0 => Err(Stop::Unreadable("empty braces")),
            1 => Ok(items.remove(0)),
            // These braces are not seen on the page: what they hold stands side by side.
            _ => Ok(Expr::List(items)),
        }
    }

    /// `|…|`, whose opening bar has been read.
    pub(crate) fn absolute(&mut self, close: &TokenKind) -> ParsedExpr {
        self.nested(|parser| {
            let bars = parser.bars;
            parser.bars = usize::from(*close == TokenKind::Bar);
            let inside = parser.sum()?;
            parser.bars = bars;
            parser.expect(close)?;
            Ok(Expr::Call(Function::Abs, vec![inside]))
        })
    }
}
