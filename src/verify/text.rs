//! Answers as text: what is left of one without spacing and LaTeX formatting.

mod characters;

use std::borrow::Cow;

pub(crate) use characters::plain_characters;

/// Commands that only set the type of what they wrap.
const WRAPPERS: [&str; 9] = [
    "\\text{",
    "\\textbf{",
    "\\textit{",
    "\\textrm{",
    "\\textsc{",
    "\\mathrm{",
    "\\mathbf{",
    "\\mbox{",
    "\\emph{",
];

/// Ways to write a space.
const SPACES: [&str; 8] = ["\\,", "\\;", "\\:", "\\!", "\\ ", "\\quad", "\\qquad", "~"];

/// Whether two texts are the same, apart from spacing and LaTeX formatting.
pub(crate) fn same_text(left: &str, right: &str) -> bool {
    normal(left) == normal(right)
}

/// The bytes up to the brace that closes the one before a text.
pub(crate) fn closing_brace(inside: &str) -> Option<usize> {
    let mut depth = 0_usize;
    inside.bytes().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return true,
            b'}' => depth -= 1,
            _ => {}
        }
        false
    })
}

/// Whether a text holds a part, apart from case, spacing and LaTeX formatting, and not within a longer word or
/// number.
pub(crate) fn contains(text: &str, part: &str) -> bool {
    let (text, part) = (normal(text).to_lowercase(), normal(part).to_lowercase());
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let (first, last) = (is_word(part.chars().next()), is_word(part.chars().next_back()));
    text.match_indices(&part).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + part.len()..].chars().next();
        !(first && is_word(before) || last && is_word(after))
    })
}

/// The text with single backslashes where every one is doubled, as in JSON that was never decoded.
pub(crate) fn unescaped(text: &str) -> Cow<'_, str> {
    let mut commands = false;
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let after = rest[at..].trim_start_matches('\\');
        if (rest.len() - at - after.len()) % 2 == 1 {
            return Cow::Borrowed(text);
        }
        commands |= after.starts_with(|c: char| c.is_ascii_alphabetic());
        rest = after;
    }
    if commands { Cow::Owned(text.replace("\\\\", "\\")) } else { Cow::Borrowed(text) }
}

/// A piece of an answer's text.
enum TextPiece {
    /// A command or sign that only formats what stands around it.
    Formatting,
    Space,
    /// A brace that opens; true where it belongs to a wrapper and vanishes with it.
    Open(bool),
    Close,
    Plain(char),
}

/// The text without `$`, `\left`, `\right`, `\text{…}` and a final full stop. Spaces stay, as one, only
/// between letters or digits: `x + 1` is `x+1`, but `1 2` is not `12`.
pub(crate) fn normal(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut open = Vec::new();
    let mut spaced = false;
    let mut rest = text;
    while let Some((piece, length)) = first_piece(rest) {
        rest = &rest[length..];
        let character = match piece {
            TextPiece::Formatting => continue,
            TextPiece::Space => {
                spaced = true;
                continue;
            }
            TextPiece::Open(wrapper) => {
                open.push(wrapper);
                if wrapper {
                    continue;
                }
                '{'
            }
            TextPiece::Close if open.pop() == Some(true) => continue,
            TextPiece::Close => '}',
            TextPiece::Plain(character) => character,
        };
        if spaced && character.is_alphanumeric() && plain.ends_with(char::is_alphanumeric) {
            plain.push(' ');
        }
        spaced = false;
        plain.push(character);
    }
    plain.truncate(plain.trim_end_matches('.').len());
    plain
}

/// The piece a text begins with, and its length in bytes.
fn first_piece(text: &str) -> Option<(TextPiece, usize)> {
    let first = text.chars().next()?;
    // Everything that is more than one character begins with one of these.
    if !matches!(first, '\\' | '$' | '~' | '{' | '}') && !first.is_whitespace() {
        return Some((TextPiece::Plain(first), first.len_utf8()));
    }
    let begins = |prefixes: &[&str]| prefixes.iter().find(|p| text.starts_with(**p)).map(|p| p.len());
    let sizes =
        begins(&["\\left", "\\right"]).filter(|&length| !text[length..].starts_with(char::is_alphabetic));
    Some(if let Some(length) = begins(&WRAPPERS) {
        (TextPiece::Open(true), length)
    } else if let Some(length) = begins(&SPACES) {
        (TextPiece::Space, length)
    } else if let Some(length) = sizes.or_else(|| begins(&["\\$", "$"])) {
        (TextPiece::Formatting, length)
    } else if let Some(length) = begins(&["\\{", "\\}"]) {
        // Escaped braces group nothing; many write a set without the backslashes.
        (TextPiece::Plain(if text.starts_with("\\{") { '{' } else { '}' }), length)
    } else {
        let piece = match first {
            '{' => TextPiece::Open(false),
            '}' => TextPiece::Close,
            space if space.is_whitespace() => TextPiece::Space,
            other => TextPiece::Plain(other),
        };
        (piece, first.len_utf8())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formatting_does_not_matter() {
        for (left, right) in [
            ("x + 1", "x+1"),
            ("$x$", "x"),
            (r"\$5", "5"),
            (r"\left( 1, 2 \right)", "(1,2)"),
            (r"5\text{ cm}", "5 cm"),
            (r"\text{a}+\mathrm{b}", "a+b"),
            (r"\text{the \textbf{red} one}", "the red one"),
            (r"\{1,\ 2\}", "{1,2}"),
            ("New   York.", "New York"),
        ] {
            assert!(same_text(left, right), "{left} {right}: {} {}", normal(left), normal(right));
        }
    }

    #[test]
    fn doubled_backslashes_are_halved_only_where_all_are_doubled() {
        for (text, single) in [
            (r"\\frac{1}{2}", r"\frac{1}{2}"),
            (r"\\begin{matrix} 1 \\\\ 2 \\end{matrix}", r"\begin{matrix} 1 \\ 2 \end{matrix}"),
            (r"\begin{matrix} 1 \\ 2 \end{matrix}", r"\begin{matrix} 1 \\ 2 \end{matrix}"),
            (r"1 \\ 2", r"1 \\ 2"),
            ("plain", "plain"),
        ] {
            assert_eq!(unescaped(text), single);
        }
    }

    #[test]
    fn what_matters_stays() {
        for (left, right) in
            [("1 2", "12"), (r"\leftarrow", "arrow"), ("x", "X"), (r"\frac{1}{2}", "12"), ("1.5", "15")]
        {
            assert!(!same_text(left, right), "{left} {right}");
        }
    }

    proptest! {
        #[test]
        fn any_text_equals_itself_and_never_panics(left in r"[\\{}$~a-z0-9 .,/%é-]{0,24}|\PC{0,24}", right in r"\PC{0,12}") {
            prop_assert!(same_text(&left, &left));
            prop_assert_eq!(same_text(&left, &right), same_text(&right, &left));
        }
    }
}
