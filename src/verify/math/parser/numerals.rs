//! Numbers that are written with words: "five million", "3rd", "4 to 6", "35 per cent", `6.02 x 10^{23}`.

use num_traits::ToPrimitive;

use crate::verify::math::{
    expr::{Expr, Literal},
    number_words,
    token::{Bracket, Token, TokenKind},
    unit,
};

/// Tokens that stand for others, and how many they stand for.
pub(super) type Replacement = (Vec<TokenKind>, usize);

/// Reads the numeral that tokens begin with, if they do; `before` is what has been prepared so far.
pub(super) fn read(before: &[Token], tokens: &[Token], text: &str) -> Option<Replacement> {
    let last = before.last().map(|token| &token.kind);
    let first = &tokens.first()?.kind;
    if let Some(TokenKind::Number(number)) = last
        && let Some(length) = ordinal(number, tokens)
    {
        return Some((Vec::new(), length));
    }
    match (last, first) {
        (Some(TokenKind::Number(_)), TokenKind::Symbol(name))
            if name == "x" && matches!(kind(tokens, 1), Some(TokenKind::Number(_))) =>
        {
            Some((vec![TokenKind::Times], 1))
        }
        (Some(last), TokenKind::Word(_) | TokenKind::Text(_)) if last.ends_value() => {
            percent(tokens).or_else(|| joined(tokens)).or_else(|| magnitudes(tokens, text))
        }
        (_, TokenKind::Word(_) | TokenKind::Text(_)) => cardinal(tokens, text),
        // "A million" is one million.
        (_, TokenKind::Symbol(name))
            if name == "a"
                && word(kind(tokens, 1)).is_some_and(|word| number_words::magnitude(word).is_some()) =>
        {
            Some((vec![integer(1)], 1))
        }
        _ => None,
    }
}

fn kind(tokens: &[Token], at: usize) -> Option<&TokenKind> {
    tokens.get(at).map(|token| &token.kind)
}

/// The word that a token is, in whatever type.
fn word(kind: Option<&TokenKind>) -> Option<&str> {
    match kind? {
        TokenKind::Word(word) | TokenKind::Text(word) => Some(word),
        _ => None,
    }
}

/// The length of an ordinal ending that fits a number: `rd` behind 3, also raised.
fn ordinal(number: &Literal, tokens: &[Token]) -> Option<usize> {
    let (ending, length) = match kind(tokens, 0)? {
        TokenKind::Word(word) | TokenKind::Text(word) if !tokens[0].spaced => (word.as_str(), 1),
        TokenKind::Power => match kind(tokens, 1)? {
            TokenKind::Open(Bracket::Group) if kind(tokens, 3) == Some(&TokenKind::Close(Bracket::Group)) => {
                (word(kind(tokens, 2))?, 4)
            }
            other => (word(Some(other))?, 2),
        },
        _ => return None,
    };
    if !["st", "nd", "rd", "th"].contains(&ending) || !number.value.is_integer() || number.places.is_some() {
        return None;
    }
    let last_two = (number.value.to_integer() % 100_u32).to_u32()?;
    let fitting = match (last_two, last_two % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    (ending == fitting).then_some(length)
}

/// "Per cent" in two words.
fn percent(tokens: &[Token]) -> Option<Replacement> {
    let first = word(kind(tokens, 0))?.trim();
    if first.eq_ignore_ascii_case("per cent") {
        return Some((vec![TokenKind::Percent], 1));
    }
    let second = || word(kind(tokens, 1)).is_some_and(|word| word.eq_ignore_ascii_case("cent"));
    (first.eq_ignore_ascii_case("per") && second()).then(|| (vec![TokenKind::Percent], 2))
}

/// `4 to 6` is a ratio, `4 out of 6` a part.
fn joined(tokens: &[Token]) -> Option<Replacement> {
    let begins_value = |at: usize| {
        matches!(
            kind(tokens, at),
            Some(
                TokenKind::Number(_)
                    | TokenKind::Symbol(_)
                    | TokenKind::Fraction
                    | TokenKind::SquareRoot
                    | TokenKind::Constant(_)
                    | TokenKind::Open(_)
                    | TokenKind::Currency(_)
            )
        )
    };
    match (word(kind(tokens, 0))?, word(kind(tokens, 1))) {
        ("to", _) if begins_value(1) => Some((vec![TokenKind::Colon], 1)),
        ("out of", _) if begins_value(1) => Some((vec![TokenKind::Divide], 1)),
        ("out", Some("of")) if begins_value(2) => Some((vec![TokenKind::Divide], 2)),
        _ => None,
    }
}

/// Magnitudes behind a number multiply it, parts divide it: "million", "hundred thousand", "tenths". What follows
/// in the same `\text{…}` is its unit.
fn magnitudes(tokens: &[Token], text: &str) -> Option<Replacement> {
    let (words, ends) = words_ahead(tokens, text);
    let mut replacement = Vec::new();
    let mut taken = 0;
    for word in &words {
        let (sign, factor) = match (number_words::magnitude(word), number_words::part(word)) {
            (Some(factor), _) => (TokenKind::Times, factor),
            (None, Some(factor)) if taken == 0 => (TokenKind::Divide, factor),
            _ => break,
        };
        replacement.extend([sign, integer(factor)]);
        taken += 1;
    }
    finish(replacement, &words, taken, &ends)
}

/// A number in words, and what it counts or measures if that is one word.
fn cardinal(tokens: &[Token], text: &str) -> Option<Replacement> {
    let (words, ends) = words_ahead(tokens, text);
    let (number, mut taken) = number_words::number(&words)?;
    let mut replacement = vec![integer(number)];
    if let Some(below) = words.get(taken).and_then(|word| number_words::part_in_words(word)) {
        replacement.extend([TokenKind::Divide, integer(below)]);
        taken += 1;
    }
    // "One to one" and "two by two" are no numbers.
    let rest = words.len() - taken;
    let measured = rest == 1 || words.get(taken).is_some_and(|word| unit::is_known_plain(word));
    if rest > 0 && !measured || words.get(taken).is_some_and(|word| unit::begins_comment(word)) {
        return None;
    }
    finish(replacement, &words, taken, &ends)
}

/// The replacement of so many words; what is left of the last token that they come from is text.
fn finish(
    mut replacement: Vec<TokenKind>,
    words: &[&str],
    taken: usize,
    ends: &[usize],
) -> Option<Replacement> {
    let length = *ends.get(taken.checked_sub(1)?)?;
    let left = ends.iter().skip(taken).take_while(|end| **end == length).count();
    if left > 0 {
        replacement.push(TokenKind::Text(words[taken..taken + left].join(" ")));
    }
    Some((replacement, length))
}

/// The words that tokens begin with, also behind hyphens and "and", and for each how many tokens it ends.
fn words_ahead<'a>(tokens: &'a [Token], text: &'a str) -> (Vec<&'a str>, Vec<usize>) {
    const MOST_WORDS: usize = 24;
    let (mut words, mut ends) = (Vec::new(), Vec::new());
    for (index, token) in tokens.iter().enumerate() {
        match &token.kind {
            TokenKind::Word(_) => {
                words.push(&text[token.start..token.end]);
                ends.push(index + 1);
            }
            TokenKind::Text(content) => {
                for word in content.split([' ', '-', '~']).filter(|word| !word.is_empty()) {
                    words.push(word.trim_end_matches(['.', ',']));
                    ends.push(index + 1);
                }
            }
            TokenKind::Minus if !token.spaced && tokens.get(index + 1).is_some_and(|next| !next.spaced) => {}
            TokenKind::Conjunction(_) => {
                let joins = &text[token.start..token.end] == "and"
                    && word(kind(tokens, index + 1)).is_some()
                    && words.last().is_some_and(|word| number_words::magnitude(word).is_some());
                if !joins {
                    break;
                }
                words.push("and");
                ends.push(index + 1);
            }
            _ => break,
        }
        if words.len() >= MOST_WORDS {
            break;
        }
    }
    (words, ends)
}

fn integer(value: u64) -> TokenKind {
    match Expr::integer(i64::try_from(value).unwrap_or(i64::MAX)) {
        Expr::Number(number) => TokenKind::Number(number),
        _ => TokenKind::Comma,
    }
}
