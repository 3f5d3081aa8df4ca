//! Brackets of every kind: grouping, tuples, intervals, sets, absolute values, matrices.

use super::{Bracket, Expr, Kind, Parsed, Parser, Stop};
use crate::verify::math::expr::Function;

impl Parser<'_> {
    /// Whatever the next opening bracket holds.
    pub fn bracket(&mut self) -> Parsed {
        self.nested(|parser| {
            let Some(Kind::Open(bracket)) = parser.next() else {
                return Err(Stop::Unreadable("a bracket is missing"));
            };
            let bars = std::mem::take(&mut parser.bars);
            let result = match bracket {
                Bracket::Round | Bracket::Square => parser.round_or_square(bracket),
                Bracket::Group => parser.group(),
                Bracket::Curly => parser.set(),
                Bracket::Angle => {
                    let items = parser.items()?;
                    parser.expect(&Kind::Close(Bracket::Angle))?;
                    Ok(Expr::Tuple(items))
                }
                Bracket::Floor => parser.enclosed(Function::Floor, Bracket::Floor),
                Bracket::Ceil => parser.enclosed(Function::Ceil, Bracket::Ceil),
                Bracket::Bar => parser.absolute(&Kind::Close(Bracket::Bar)),
            };
            parser.bars = bars;
            result
        })
    }

    fn enclosed(&mut self, function: Function, bracket: Bracket) -> Parsed {
        let inside = self.sum()?;
        self.expect(&Kind::Close(bracket))?;
        Ok(Expr::Call(function, vec![inside]))
    }

    /// `(…)`, `[…]` and their mixtures: a value, a tuple or an interval.
    fn round_or_square(&mut self, open: Bracket) -> Parsed {
        let mut items = self.items()?;
        let close = match self.next() {
            Some(Kind::Close(close @ (Bracket::Round | Bracket::Square))) => close,
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
    fn group(&mut self) -> Parsed {
        let mut items = self.items()?;
        if let Some(kind @ (Kind::Over | Kind::Choose)) = self.peek().cloned() {
            self.at += 1;
            let below = self.sum()?;
            self.expect(&Kind::Close(Bracket::Group))?;
            let above = items.pop().ok_or(Stop::Unreadable("nothing above the line"))?;
            return Ok(match kind {
                Kind::Over => Expr::Quotient(Box::new(above), Box::new(below)),
                _ => Expr::Call(Function::Binomial, vec![above, below]),
            });
        }
        self.expect(&Kind::Close(Bracket::Group))?;
        match items.len() {
            0 => Err(Stop::Unreadable("empty braces")),
            1 => Ok(items.remove(0)),
            // These braces are not seen on the page: what they hold stands side by side.
            _ => Ok(Expr::List(items)),
        }
    }

    /// `\{…\}`: elements, or `\{x : condition\}`, which is read as its condition.
    fn set(&mut self) -> Parsed {
        let start = self.at;
        self.bars = 1;
        if matches!(self.peek(), Some(Kind::Symbol(_))) {
            let variable = self.item();
            if variable.is_ok() && self.eat(&Kind::Bar) {
                self.bars = 0;
                return self.condition();
            }
            if let Ok(Expr::Ratio(parts)) = &variable
                && matches!(parts[0], Expr::Symbol(_))
                && self.relation().is_some()
            {
                self.at = start;
            } else if let Ok(Expr::Chain(first, rest)) = variable
                && let (Expr::Ratio(mut parts), Some(Kind::Close(Bracket::Curly))) = (*first, self.peek())
            {
                self.at += 1;
                let last = parts.pop().ok_or(Stop::Unreadable("an empty condition"))?;
                return Ok(Expr::Chain(Box::new(last), rest));
            }
        }
        self.at = start;
        self.bars = 0;
        let items = self.items()?;
        self.expect(&Kind::Close(Bracket::Curly))?;
        Ok(Expr::Set(items))
    }

    fn condition(&mut self) -> Parsed {
        let condition = self.item()?;
        self.expect(&Kind::Close(Bracket::Curly))?;
        Ok(condition)
    }

    /// `|…|`, whose opening bar is behind us.
    pub fn absolute(&mut self, close: &Kind) -> Parsed {
        self.nested(|parser| {
            let bars = parser.bars;
            parser.bars = usize::from(*close == Kind::Bar);
            let inside = parser.sum()?;
            parser.bars = bars;
            parser.expect(close)?;
            Ok(Expr::Call(Function::Abs, vec![inside]))
        })
    }

    /// `\begin{…}` is behind us: a matrix, or what an environment holds.
    pub fn environment(&mut self, name: &str) -> Parsed {
        match name.trim_end_matches('*') {
            "pmatrix" | "bmatrix" | "matrix" | "Bmatrix" | "smallmatrix" | "array" => self.matrix(name),
            "vmatrix" => Ok(Expr::Call(Function::Determinant, vec![self.matrix(name)?])),
            _ => Err(Stop::Unreadable("an environment that is no matrix")),
        }
    }

    fn matrix(&mut self, name: &str) -> Parsed {
        self.nested(|parser| {
            let mut rows = vec![Vec::new()];
            loop {
                match parser.peek() {
                    Some(Kind::Cell) => parser.at += 1,
                    Some(Kind::Row) => {
                        parser.at += 1;
                        rows.push(Vec::new());
                    }
                    Some(Kind::End(end)) if end == name => {
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
