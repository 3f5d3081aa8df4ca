//! From tokens to an expression: recursive descent, bounded in depth. A text that is no mathematics is an error,
//! and is left to the comparison of texts.

mod braces;
mod brackets;
mod environments;
mod factors;
mod functions;
mod lists;
mod measures;
mod numerals;
mod prepare;
mod state;
mod sums;
mod units;

use state::{ParsedExpr, Parser};

use super::{
    budget::{Budget, Stop},
    lexer,
    literal::Commas,
};

/// Reads a whole answer.
///
/// # Errors
/// When it is no mathematics that is known here, or the budget is spent.
pub(crate) fn parse(text: &str, commas: Commas, budget: &Budget) -> ParsedExpr {
    if text.len() > budget.limits.length {
        return Err(Stop::GaveUp("too long"));
    }
    let tokens = prepare::prepare(lexer::tokens(text, commas, budget)?, text);
    let mut parser = Parser::new(text, tokens, budget);
    let answer = parser.answer()?;
    if !parser.is_done() {
        return Err(Stop::Unreadable("something is left over"));
    }
    Ok(answer)
}
