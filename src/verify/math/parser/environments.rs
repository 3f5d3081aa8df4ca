//! What stands between `\begin{…}` and `\end{…}`: matrices, functions in pieces, systems of equations.

use super::state::{ParsedExpr, Parser};
use crate::verify::{
    math::{
        budget::Stop,
        expr::{CasePiece, Expr, Function, Relation},
        token::{Bracket, TokenKind},
    },
    text,
};

impl Parser<'_> {
    /// What follows `\begin{…}`.
    pub(super) fn environment(&mut self, name: &str) -> ParsedExpr {
        let behind_brace =
            self.at >= 2 && matches!(self.tokens[self.at - 2].kind, TokenKind::Open(Bracket::Curly));
        match name.trim_end_matches('*') {
            "cases" | "dcases" | "rcases" => self.pieces(name),
            "array" | "matrix" if behind_brace => {
                let start = self.at;
                match self.pieces(name) {
                    Ok(pieces) if self.peek().is_none() => Ok(pieces),
                    _ => {
                        self.at = start;
                        self.matrix(name)
                    }
                }
            }
            "pmatrix" | "bmatrix" | "matrix" | "Bmatrix" | "smallmatrix" | "array" => self.matrix(name),
            "vmatrix" => Ok(Expr::Call(Function::Determinant, vec![self.matrix(name)?])),
            _ => Err(Stop::Unreadable("an environment that is no matrix")),
        }
    }

    fn matrix(&mut self, name: &str) -> ParsedExpr {
        self.nested(|parser| {
            let rows = parser.rows(name, |parser, _| parser.item())?;
            let width = rows.first().map_or(0, Vec::len);
            if width == 0 || rows.iter().any(|row| row.len() != width) {
                return Err(Stop::Unreadable("a matrix whose rows differ in length"));
            }
            Ok(Expr::Matrix(rows))
        })
    }

    /// A function in pieces, or equations one below the other.
    fn pieces(&mut self, name: &str) -> ParsedExpr {
        self.nested(|parser| {
            let rows = parser.rows(name, Self::case_cell)?.into_iter();
            let rows = rows.map(|row| row.into_iter().flatten().collect::<Vec<Expr>>());
            let rows: Vec<Vec<Expr>> = rows.filter(|row| !row.is_empty()).collect();
            let is_equation = |part: &Expr| matches!(part, Expr::Chain(..));
            if rows.iter().flatten().all(is_equation) {
                return Ok(Expr::List(rows.into_iter().flatten().collect()));
            }
            Ok(Expr::Cases(rows.into_iter().map(case).collect::<Result<_, _>>()?))
        })
    }

    /// The rows up to the end of an environment, without those that are empty; `cell` reads a cell, and is told whether
    /// it is the first of its row.
    fn rows<T>(
        &mut self,
        name: &str,
        mut cell: impl FnMut(&mut Self, bool) -> Result<T, Stop>,
    ) -> Result<Vec<Vec<T>>, Stop> {
        let mut rows = vec![Vec::new()];
        loop {
            match self.peek() {
                Some(TokenKind::Cell) => self.at += 1,
                Some(TokenKind::Row) => {
                    self.at += 1;
                    rows.push(Vec::new());
                }
                Some(TokenKind::End(end)) if end == name => {
                    self.at += 1;
                    break;
                }
                None | Some(TokenKind::End(_)) => {
                    return Err(Stop::Unreadable("an environment that does not end"));
                }
                _ => {
                    let row = rows.last_mut().expect("there is a row");
                    row.push(cell(self, row.is_empty())?);
                }
            }
        }
        rows.retain(|row| !row.is_empty());
        Ok(rows)
    }

    /// A cell of a function in pieces: words, or what commas separate.
    fn case_cell(&mut self, is_first: bool) -> Result<Vec<Expr>, Stop> {
        let cell = match self.words_in_cell() {
            Some(words) if !is_first => vec![words],
            _ => self.items()?,
        };
        if !matches!(self.peek(), Some(TokenKind::Cell | TokenKind::Row | TokenKind::End(_))) {
            return Err(Stop::Unreadable("a case with something left over"));
        }
        Ok(cell)
    }

    /// A cell that holds words, as a text that has been read.
    fn words_in_cell(&mut self) -> Option<Expr> {
        let is_end = |kind: &TokenKind| matches!(kind, TokenKind::Cell | TokenKind::Row | TokenKind::End(_));
        let length = self.tokens[self.at..].iter().take_while(|token| !is_end(&token.kind)).count();
        let tokens = &self.tokens[self.at..self.at + length];
        if !tokens.iter().any(|token| matches!(token.kind, TokenKind::Text(_))) {
            return None;
        }
        let source = self.text.get(tokens.first()?.start..tokens.last()?.end)?;
        self.at += length;
        Some(Expr::Text(text::normal(source).trim_matches([',', '.', ' ']).to_lowercase()))
    }
}

/// A row of cases: its value and its conditions.
fn case(row: Vec<Expr>) -> Result<CasePiece, Stop> {
    let mut parts = row.into_iter();
    let value = parts.next().ok_or(Stop::Unreadable("a case without a value"))?;
    let mut conditions: Vec<Expr> = parts.collect();
    let is_otherwise = |part: &Expr| matches!(part, Expr::Text(text) if text == "otherwise");
    let said = |part: &Expr| matches!(part, Expr::Chain(..) | Expr::Union(_) | Expr::Intersection(_));
    let condition = match conditions.len() {
        0 => return Err(Stop::Unreadable("a case without a condition")),
        1 if is_otherwise(&conditions[0]) => None,
        1 if said(&conditions[0]) || matches!(conditions[0], Expr::Text(_)) => conditions.pop(),
        2.. if conditions.iter().all(said) && !conditions.iter().all(is_assignment) => {
            Some(Expr::Intersection(conditions))
        }
        _ => return Err(Stop::Unreadable("a case with a condition that is none")),
    };
    Ok(CasePiece { value, condition })
}

fn is_assignment(part: &Expr) -> bool {
    matches!(part, Expr::Chain(_, rest) if rest.iter().all(|(relation, _)| *relation == Relation::Equal))
}
