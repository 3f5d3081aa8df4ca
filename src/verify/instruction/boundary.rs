//! Where words begin and end in any script, and texts made comparable. Knows characters alone.

use std::{iter, sync::LazyLock};

use regex::Regex;

/// Whether a character is part of a word: a letter, a digit, or what joins or marks them.
pub(crate) fn is_word(c: char) -> bool {
    static MARK: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[\p{M}\p{Join_Control}]$").expect("a valid pattern"));
    c.is_alphanumeric() || (c >= '\u{300}' && MARK.is_match(c.encode_utf8(&mut [0; 4])))
}

/// Whether a character stands for itself in a text without spaces: Chinese characters and kana.
pub(crate) fn is_ideograph(c: char) -> bool {
    let ranges = ['々'..='〇', 'ぁ'..='ヿ', 'ㇰ'..='ㇿ', '㐀'..='鿿', '\u{f900}'..='\u{faff}', 'ｦ'..='ﾟ'];
    c.is_alphanumeric()
        && (('\u{20000}'..='\u{3ffff}').contains(&c) || ranges.iter().any(|range| range.contains(&c)))
}

/// Whether words of a character's script follow each other without a space; the others are Thai, Lao,
/// Burmese and Khmer.
fn is_unspaced(c: char) -> bool {
    let ranges = ['\u{e00}'..='\u{eff}', '\u{1000}'..='\u{109f}', '\u{1780}'..='\u{17ff}'];
    is_ideograph(c) || ranges.iter().any(|range| range.contains(&c))
}

/// Whether a mark closes a quotation or a bracket.
pub(crate) fn is_closing(c: char) -> bool {
    "\"'”’)]»".contains(c)
}

/// Whether a character is an emoji or the end of one.
pub(crate) fn is_emoji(c: char) -> bool {
    static EMOJI: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u{fe0f}\u{20e3}]$")
            .expect("a valid pattern")
    });
    c >= '\u{200d}' && EMOJI.is_match(c.encode_utf8(&mut [0; 4]))
}

/// Whether nothing of a text is to be seen: spaces, and characters of no width.
pub(crate) fn is_blank(text: &str) -> bool {
    static INVISIBLE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[\s\p{Cc}\p{Cf}]*$").expect("a valid pattern"));
    INVISIBLE.is_match(text)
}

/// Where a word or phrase stands by itself, in just these letters.
///
/// `_` joins words (`snake_case`) but may also stand around them (`_emphasis_`). A hyphen and an apostrophe end
/// words ("well" is in "well-known", "cat" in "cat's", "eau" in "l'eau"), but English "can" is not in "can't". In
/// scripts without spaces (Chinese, Japanese, Thai, Lao, Burmese, Khmer) a word stands anywhere, and in Korean
/// particles may follow it.
pub(crate) fn occurrences<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let word = word.trim();
    let mut from = if word.is_empty() { text.len() } else { 0 };
    iter::from_fn(move || {
        while let Some(found) = text.get(from..).filter(|rest| !rest.is_empty())?.find(word) {
            let at = from + found;
            if stands_alone(text, word, at) {
                from = at + word.len();
                return Some(at);
            }
            from = at + word.chars().next().map_or(1, char::len_utf8);
        }
        None
    })
}

fn stands_alone(text: &str, word: &str, at: usize) -> bool {
    let (before, after) = (&text[..at], &text[at + word.len()..]);
    let last = word.chars().next_back();
    if joined(word.chars().next(), before.chars().rev()) {
        return false;
    }
    if last.is_some_and(is_hangul) {
        return true;
    }
    let negated = last.is_some_and(char::is_alphanumeric) && continues_with_not(after);
    !negated && !joined(last, after.chars())
}

fn is_hangul(c: char) -> bool {
    ('\u{ac00}'..='\u{d7a3}').contains(&c) || ('\u{1100}'..='\u{11ff}').contains(&c)
}

/// Whether the `'t` of "can't" follows.
fn continues_with_not(after: &str) -> bool {
    let rest = after.strip_prefix(['\'', '’']).and_then(|rest| rest.strip_prefix(['t', 'T']));
    rest.is_some_and(|rest| !rest.starts_with(is_word))
}

/// Whether a word goes on behind its last character (or before its first, read backwards).
fn joined(edge: Option<char>, beyond: impl Iterator<Item = char>) -> bool {
    let part = |c: char| is_word(c) && !is_unspaced(c);
    edge.is_some_and(part) && beyond.skip_while(|c| *c == '_').take(1).any(part)
}

/// A text for comparing: small letters, single spaces, straight apostrophes, one sigma.
pub(crate) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase).map(|c| match c {
            '’' => '\'',
            'ς' => 'σ',
            other => other,
        }));
    }
    folded
}
