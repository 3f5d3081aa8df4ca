//! Before parsing: plain words become units, unknowns or text, and what only lays out a page vanishes.

use crate::verify::math::{
    commands,
    expr::Function,
    token::{Bracket, Token, TokenKind},
    unit,
};

/// Words longer than this are text; shorter ones are unknowns side by side.
const LONGEST_PRODUCT: usize = 3;

const GROUP_OPENS: TokenKind = TokenKind::Open(Bracket::Group);
const GROUP_CLOSES: TokenKind = TokenKind::Close(Bracket::Group);

/// Turns words into units, unknowns or text, and leaves layout out.
pub(crate) fn prepare(tokens: Vec<Token>) -> Vec<Token> {
    let only_words = tokens.iter().all(|token| {
        matches!(
            token.kind,
            TokenKind::Word(_)
                | TokenKind::Text(_)
                | TokenKind::Symbol(_)
                | TokenKind::Constant(_)
                | TokenKind::Prime
                | GROUP_OPENS
                | GROUP_CLOSES
        )
    });
    let mut prepared: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut environments = 0_usize;
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        let after_number =
            matches!(prepared.last().map(|last| &last.kind), Some(TokenKind::Number(_) | TokenKind::Text(_)));
        match token.kind {
            TokenKind::Begin(_) => environments += 1,
            TokenKind::End(_) => environments = environments.saturating_sub(1),
            // Outside of matrices, line breaks and cells only lay out a page.
            TokenKind::Row if environments == 0 => {
                prepared.push(Token { kind: TokenKind::Comma, ..token });
                continue;
            }
            TokenKind::Cell if environments == 0 => continue,
            GROUP_OPENS if is_empty_group(prepared.last(), rest.peek()) => {
                rest.next();
                continue;
            }
            _ => {}
        }
        let last = rest.peek().is_none_or(|next| !matches!(next.kind, TokenKind::Open(_)));
        match token.kind {
            TokenKind::Word(ref word) if is_text(word, only_words, after_number) => {
                prepared.push(Token { kind: TokenKind::Text(word.clone()), ..token });
            }
            TokenKind::Word(ref word) => spread(word, &token, &mut prepared),
            // Behind a number these are minutes and seconds, not minimum and secant.
            TokenKind::Function(function @ (Function::Min | Function::Sec)) if after_number && last => {
                let unit = if function == Function::Min { "min" } else { "sec" };
                prepared.push(Token { kind: TokenKind::Text(unit.to_owned()), ..token });
            }
            _ => prepared.push(token),
        }
    }
    prepared
}

/// Whether braces hold nothing and are no argument.
fn is_empty_group(before: Option<&Token>, next: Option<&Token>) -> bool {
    let takes_argument = |kind: &TokenKind| {
        matches!(
            kind,
            TokenKind::Fraction
                | TokenKind::Binomial
                | TokenKind::SquareRoot
                | TokenKind::Power
                | TokenKind::Subscript
                | TokenKind::Function(_)
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
        let kind = commands::letter(letter);
        prepared.push(Token { kind, start, end, spaced: index == 0 && token.spaced });
        start = end;
    }
}
