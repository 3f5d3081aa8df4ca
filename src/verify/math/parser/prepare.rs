//! Before parsing: plain words become units, numbers, unknowns or text, and what only lays out a page vanishes.

use super::{numerals, units};
use crate::verify::math::{
    commands,
    token::{Bracket, Token, TokenKind},
    unit,
};

/// Words longer than this are text; shorter ones are unknowns side by side.
const LONGEST_PRODUCT: usize = 3;

const GROUP_OPENS: TokenKind = TokenKind::Open(Bracket::Group);
const GROUP_CLOSES: TokenKind = TokenKind::Close(Bracket::Group);

/// Turns words into units, numbers, unknowns or text, and leaves layout out.
pub(crate) fn prepare(tokens: Vec<Token>, text: &str) -> Vec<Token> {
    let mut tokens = without_layout(tokens);
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
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        let read = numerals::read(&prepared, rest, text).or_else(|| units::read(&prepared, rest));
        if let Some((replacement, length)) = read {
            let Token { start, end, spaced, upright, .. } = tokens[at];
            prepared.extend(replacement.into_iter().map(|kind| Token { kind, start, end, spaced, upright }));
            at += length;
            continue;
        }
        // What has been read is not looked at again.
        let token = Token { kind: std::mem::replace(&mut tokens[at].kind, TokenKind::Comma), ..tokens[at] };
        at += 1;
        let after_number =
            matches!(prepared.last().map(|last| &last.kind), Some(TokenKind::Number(_) | TokenKind::Text(_)));
        match &token.kind {
            TokenKind::Word(word) if is_text(word, only_words, after_number) => {
                prepared.push(Token { kind: TokenKind::Text(word.clone()), ..token });
            }
            TokenKind::Word(word) => spread(word, &token, &mut prepared),
            _ => prepared.push(token),
        }
    }
    prepared
}

/// Outside of matrices, line breaks and cells only lay out a page, and empty braces nothing; braces around a
/// currency only keep it together.
fn without_layout(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut environments = 0_usize;
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        match token.kind {
            TokenKind::Begin(_) => environments += 1,
            TokenKind::End(_) => environments = environments.saturating_sub(1),
            TokenKind::Row if environments == 0 => {
                kept.push(Token { kind: TokenKind::Comma, ..token });
                continue;
            }
            TokenKind::Cell if environments == 0 => continue,
            GROUP_OPENS if is_empty_group(kept.last(), rest.peek()) => {
                rest.next();
                continue;
            }
            GROUP_CLOSES => {
                if let [.., before, currency] = kept.as_slice()
                    && before.kind == GROUP_OPENS
                    && matches!(currency.kind, TokenKind::Currency(_))
                {
                    kept.remove(kept.len() - 2);
                    continue;
                }
            }
            _ => {}
        }
        kept.push(token);
    }
    kept
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
    length > LONGEST_PRODUCT || (only_words && length > 2) || (after_number && unit::is_known_plain(word))
}

/// Letters side by side: each an unknown of its own.
fn spread(word: &str, token: &Token, prepared: &mut Vec<Token>) {
    let mut start = token.start;
    for (index, letter) in word.chars().enumerate() {
        let end = start + letter.len_utf8();
        let kind = commands::letter(letter);
        prepared.push(Token { kind, start, end, spaced: index == 0 && token.spaced, upright: false });
        start = end;
    }
}
