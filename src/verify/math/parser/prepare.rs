//! Before parsing: plain words become units, unknowns or text, and what only lays out a page vanishes.

use super::super::{
    expr::Function,
    token::{Bracket, Kind, Token},
    unit,
};

/// Words longer than this are text; shorter ones are unknowns side by side.
const LONGEST_PRODUCT: usize = 3;

const GROUP_OPENS: Kind = Kind::Open(Bracket::Group);
const GROUP_CLOSES: Kind = Kind::Close(Bracket::Group);

pub fn prepare(tokens: Vec<Token>) -> Vec<Token> {
    let only_words = tokens.iter().all(|token| {
        matches!(
            token.kind,
            Kind::Word(_)
                | Kind::Text(_)
                | Kind::Symbol(_)
                | Kind::Constant(_)
                | Kind::Prime
                | GROUP_OPENS
                | GROUP_CLOSES
        )
    });
    let mut prepared: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut environments = 0_usize;
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        let after_number =
            matches!(prepared.last().map(|last| &last.kind), Some(Kind::Number(_) | Kind::Text(_)));
        match token.kind {
            Kind::Begin(_) => environments += 1,
            Kind::End(_) => environments = environments.saturating_sub(1),
            // Outside of matrices they lay out a page.
            Kind::Row if environments == 0 => {
                prepared.push(Token { kind: Kind::Comma, ..token });
                continue;
            }
            Kind::Cell if environments == 0 => continue,
            GROUP_OPENS if is_empty_group(prepared.last(), rest.peek()) => {
                rest.next();
                continue;
            }
            _ => {}
        }
        let last = rest.peek().is_none_or(|next| !matches!(next.kind, Kind::Open(_)));
        match token.kind {
            Kind::Word(ref word) if is_text(word, only_words, after_number) => {
                prepared.push(Token { kind: Kind::Text(word.clone()), ..token });
            }
            Kind::Word(ref word) => spread(word, &token, &mut prepared),
            // Minutes and seconds, not minimum and secant.
            Kind::Function(function @ (Function::Min | Function::Sec)) if after_number && last => {
                let unit = if function == Function::Min { "min" } else { "sec" };
                prepared.push(Token { kind: Kind::Text(unit.to_owned()), ..token });
            }
            _ => prepared.push(token),
        }
    }
    prepared
}

/// Whether braces hold nothing and are no argument.
fn is_empty_group(before: Option<&Token>, next: Option<&Token>) -> bool {
    let takes_argument = |kind: &Kind| {
        matches!(
            kind,
            Kind::Fraction
                | Kind::Binomial
                | Kind::SquareRoot
                | Kind::Power
                | Kind::Subscript
                | Kind::Function(_)
        )
    };
    next.is_some_and(|token| token.kind == GROUP_CLOSES)
        && !before.is_some_and(|token| takes_argument(&token.kind))
}

fn is_text(word: &str, only_words: bool, after_number: bool) -> bool {
    let length = word.chars().count();
    length > LONGEST_PRODUCT || (only_words && length > 2) || (after_number && unit::is_known(word))
}

/// Letters side by side: each an unknown of its own.
fn spread(word: &str, token: &Token, prepared: &mut Vec<Token>) {
    let mut start = token.start;
    for (index, letter) in word.chars().enumerate() {
        let end = start + letter.len_utf8();
        let kind = super::super::lexer::letter_kind(letter);
        prepared.push(Token { kind, start, end, spaced: index == 0 && token.spaced });
        start = end;
    }
}
