//! An answer as it is compared: its value, and what is said about it.

use std::borrow::Cow;

use super::{
    budget::{Budget, Stop},
    conditions::Conditions,
    expr::Expr,
    literal::{self, Commas},
    parser, prose,
};

/// An answer as an expression, and as the text that its commas may be read from in another way.
#[derive(Debug, Clone)]
pub(crate) struct ParsedAnswer {
    pub value: Result<Expr, Stop>,
    pub conditions: Conditions,
    text: String,
}

impl ParsedAnswer {
    /// Reads a text whose spellings have been brought to one.
    pub(crate) fn new(text: &str, budget: &Budget) -> Self {
        let text = prose::everything_but(text).map_or(Cow::Borrowed(text), Cow::Owned);
        let unremarked = |text: &str, value: Result<Expr, Stop>| Self {
            value,
            conditions: Conditions::default(),
            text: text.to_owned(),
        };
        if let Some(value) = prose::whole(&text) {
            return unremarked(&text, Ok(value));
        }
        match prose::separated(&text) {
            Err(stop) => return unremarked(&text, Err(stop)),
            Ok(Some(separated)) => {
                let said = separated.remarks.iter().map(|remark| remark.conditions(budget));
                if let Some(said) = said.collect::<Option<Vec<_>>>() {
                    return Self::with_conditions(separated.value, said, budget);
                }
            }
            Ok(None) => {}
        }
        Self::with_conditions(text.into_owned(), Vec::new(), budget)
    }

    fn with_conditions(text: String, said: Vec<Conditions>, budget: &Budget) -> Self {
        let mut conditions = Conditions::default();
        let value = parser::parse(&text, Commas::Thousands, budget).map(|value| {
            let (value, listed) = Conditions::split(value);
            conditions = listed;
            value
        });
        said.into_iter().for_each(|said| conditions.add(said));
        Self { value, conditions, text }
    }

    /// Another reading of the commas, where there is a comma between digits. Before exactly three digits it is
    /// no decimal point, which would make one of a thousand; behind a zero it is.
    pub(crate) fn with(&self, commas: Commas, budget: &Budget) -> Option<Expr> {
        let digits_behind = |part: &str| literal::leading_digits(part).len();
        let digit = |c: char| c.is_ascii_digit();
        let is_zero = |part: &str| part.strip_suffix('0').is_some_and(|rest| !rest.ends_with(digit));
        let between = |(before, after): (&str, &str)| {
            before.ends_with(digit)
                && digits_behind(after) > 0
                && !(commas == Commas::Decimal && digits_behind(after) == 3 && !is_zero(before))
        };
        let commas_in = self.text.match_indices(',').map(|(at, _)| (&self.text[..at], &self.text[at + 1..]));
        let other =
            commas_in.into_iter().any(between).then(|| parser::parse(&self.text, commas, budget).ok());
        other.flatten().map(|value| Conditions::split(value).0)
    }
}
