//! Brackets of every kind: grouping, tuples, intervals, sets, absolute values, matrices.

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

    /// `\{…\}`: elements, or `\{x : condition\}`, which is read as its condition.
    fn set(&mut self) -> ParsedExpr {
        let start = self.at;
        self.bars = 1;
        if matches!(self.peek(), Some(TokenKind::Symbol(_))) {
            let variable = self.item();
            if variable.is_ok() && self.eat(&TokenKind::Bar) {
                self.bars = 0;
                return self.condition();
            }
            if let Ok(Expr::Ratio(parts)) = &variable
                && matches!(parts[0], Expr::Symbol(_))
                && self.relation().is_some()
            {
                self.at = start;
            } else if let Ok(Expr::Chain(first, rest)) = variable
                && let (Expr::Ratio(mut parts), Some(TokenKind::Close(Bracket::Curly))) =
                    (*first, self.peek())
            {
                self.at += 1;
                let last = parts.pop().ok_or(Stop::Unreadable("an empty condition"))?;
                return Ok(Expr::Chain(Box::new(last), rest));
            }
        }
        self.at = start;
        self.bars = 0;
        let items = self.items()?;
        self.expect(&TokenKind::Close(Bracket::Curly))?;
        Ok(Expr::Set(items))
    }

    fn condition(&mut self) -> ParsedExpr {
        let condition = self.item()?;
        self.expect(&TokenKind::Close(Bracket::Curly))?;
        Ok(condition)
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

    /// What follows `\begin{…}`: a matrix, or what an environment holds.
    pub(crate) fn environment(&mut self, name: &str) -> ParsedExpr {
        match name.trim_end_matches('*') {
            "pmatrix" | "bmatrix" | "matrix" | "Bmatrix" | "smallmatrix" | "array" => self.matrix(name),
            "vmatrix" => Ok(Expr::Call(Function::Determinant, vec![self.matrix(name)?])),
            _ => Err(Stop::Unreadable("an environment that is no matrix")),
        }
    }

    fn matrix(&mut self, name: &str) -> ParsedExpr {
        self.nested(|parser| {
            let mut rows = vec![Vec::new()];
            loop {
                match parser.peek() {
                    Some(TokenKind::Cell) => parser.at += 1,
                    Some(TokenKind::Row) => {
                        parser.at += 1;
                        rows.push(Vec::new());
                    }
                    Some(TokenKind::End(end)) if end == name => {
                        parser.at += 1;
                        break;
                    }
                    None => return Err(Stop::Unreadable("a matrix does not end")),
                    _ => {
                        let cell = parser.item()?;
                        rows.last_mut().expect("there is a row").push(cell);
                    }
                }
            }
            rows.retain(|row| !row.is_empty());
            let width = rows.first().map_or(0, Vec::len);
            if width == 0 || rows.iter().any(|row| row.len() != width) {
                return Err(Stop::Unreadable("a matrix whose rows differ in length"));
            }
            Ok(Expr::Matrix(rows))
        })
    }
}
