//! Characters beyond ASCII that stand for something else that can be written: Greek letters, raised and lowered
//! characters, fractions, mathematical alphabets, full width. Knows nothing of what the text means.

use std::borrow::Cow;

/// Fractions that are one character.
const FRACTIONS: [(char, &str); 19] = [
    ('½', "\\frac{1}{2}"),
    ('⅓', "\\frac{1}{3}"),
    ('⅔', "\\frac{2}{3}"),
    ('¼', "\\frac{1}{4}"),
    ('¾', "\\frac{3}{4}"),
    ('⅕', "\\frac{1}{5}"),
    ('⅖', "\\frac{2}{5}"),
    ('⅗', "\\frac{3}{5}"),
    ('⅘', "\\frac{4}{5}"),
    ('⅙', "\\frac{1}{6}"),
    ('⅚', "\\frac{5}{6}"),
    ('⅐', "\\frac{1}{7}"),
    ('⅛', "\\frac{1}{8}"),
    ('⅜', "\\frac{3}{8}"),
    ('⅝', "\\frac{5}{8}"),
    ('⅞', "\\frac{7}{8}"),
    ('⅑', "\\frac{1}{9}"),
    ('⅒', "\\frac{1}{10}"),
    ('↉', "0"),
];

/// The small Greek letters from alpha on, in the order of Unicode, by their commands; omicron has none. The
/// final sigma is a sigma.
const SMALL_GREEK: [&str; 25] = [
    "\\alpha",
    "\\beta",
    "\\gamma",
    "\\delta",
    "\\epsilon",
    "\\zeta",
    "\\eta",
    "\\theta",
    "\\iota",
    "\\kappa",
    "\\lambda",
    "\\mu",
    "\\nu",
    "\\xi",
    "o",
    "\\pi",
    "\\rho",
    "\\sigma",
    "\\sigma",
    "\\tau",
    "\\upsilon",
    "\\phi",
    "\\chi",
    "\\psi",
    "\\omega",
];

/// The capital Greek letters; LaTeX writes those that look Latin as Latin letters. At the place of the final
/// sigma the mathematical alphabets have another theta.
const CAPITAL_GREEK: [&str; 25] = [
    "A",
    "B",
    "\\Gamma",
    "\\Delta",
    "E",
    "Z",
    "H",
    "\\Theta",
    "I",
    "K",
    "\\Lambda",
    "M",
    "N",
    "\\Xi",
    "O",
    "\\Pi",
    "P",
    "\\Theta",
    "\\Sigma",
    "T",
    "\\Upsilon",
    "\\Phi",
    "X",
    "\\Psi",
    "\\Omega",
];

/// Raised characters, and below them what they raise.
const RAISED: [&str; 2] =
    ["⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵖʳˢᵗᵘᵛʷˣʸᶻᵀ", "0123456789+-=()niabcdefghjklmprstuvwxyzT"];

/// Lowered characters, and below them what they lower.
const LOWERED: [&str; 2] = ["₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ", "0123456789+-=()aeoxhklmnpstijruv"];

/// The text with every character that stands for something else written out: `½` as a fraction, `θ` as
/// `\theta`, `x⁻¹` as `x^{-1}`, `𝑥` as `x`, `５` as `5`.
pub(crate) fn plain_characters(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.chars().any(is_special) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    let mut script = None;
    while let Some(character) = characters.next() {
        let next = [('^', &RAISED), ('_', &LOWERED)]
            .into_iter()
            .find_map(|(sign, table)| Some((sign, in_table(character, table)?)));
        if script != next.map(|(sign, _)| sign) {
            close(&mut plain, script);
            script = next.map(|(sign, _)| sign);
            plain.extend(script.into_iter().flat_map(|sign| [sign, '{']));
        }
        match next {
            Some((_, inner)) => plain.push(inner),
            None => push(&mut plain, character, characters.peek().copied()),
        }
    }
    close(&mut plain, script);
    Cow::Owned(plain)
}

/// Whether a character is not written as it is.
fn is_special(character: char) -> bool {
    !character.is_ascii()
        && (in_table(character, &RAISED).is_some()
            || in_table(character, &LOWERED).is_some()
            || is_invisible(character)
            || command(character).is_some()
            || usual(character) != character)
}

fn close(plain: &mut String, script: Option<char>) {
    if script.is_some() {
        plain.push('}');
    }
}

/// Writes one character; a command is kept apart from a letter behind it.
fn push(plain: &mut String, character: char, next: Option<char>) {
    if is_invisible(character) {
        return;
    }
    let Some(command) = command(character) else { return plain.push(usual(character)) };
    plain.push_str(command);
    let ends_in_letter = command.starts_with('\\') && command.ends_with(|c: char| c.is_ascii_alphabetic());
    if ends_in_letter && next.is_some_and(|next| usual(next).is_ascii_alphabetic()) {
        plain.push(' ');
    }
}

/// What a raised or lowered character is at its usual height.
fn in_table(character: char, [above, below]: &[&str; 2]) -> Option<char> {
    if character.is_ascii() {
        return None;
    }
    above.chars().zip(below.chars()).find(|(from, _)| *from == character).map(|(_, to)| to)
}

/// Characters without width, which only say where a line may break or which glyph to take.
fn is_invisible(character: char) -> bool {
    matches!(u32::from(character), 0xAD | 0x200B..=0x200D | 0x2060..=0x2064 | 0xFE0E | 0xFE0F | 0xFEFF)
}

/// What a character is written as, where that is more than another character.
fn command(character: char) -> Option<&'static str> {
    if let Some((_, fraction)) = FRACTIONS.iter().find(|(fraction, _)| *fraction == character) {
        return Some(fraction);
    }
    Some(match character {
        '\u{391}'..='\u{3a9}' => CAPITAL_GREEK[u32::from(character) as usize - 0x391],
        '\u{3b1}'..='\u{3c9}' => SMALL_GREEK[u32::from(character) as usize - 0x3b1],
        '\u{1d6a8}'..='\u{1d7cb}' => mathematical_greek((u32::from(character) as usize - 0x1d6a8) % 58)?,
        '\u{3d1}' => "\\theta",
        '\u{3d5}' => "\\phi",
        '\u{3d6}' => "\\varpi",
        '\u{3f1}' => "\\rho",
        '\u{3f0}' => "\\kappa",
        '\u{3f5}' => "\\epsilon",
        '\u{b5}' => "\\mu",
        '\u{2126}' => "\\Omega",
        '\u{2206}' => "\\Delta",
        '∇' => "\\nabla",
        '∂' => "\\partial",
        'ℓ' => "\\ell",
        '∑' => "\\sum",
        '∏' => "\\prod",
        '∠' => "\\angle",
        '△' => "\\triangle",
        '∛' => "\\sqrt[3]",
        '∜' => "\\sqrt[4]",
        '⅟' => "1/",
        '″' => "''",
        '‴' => "'''",
        '℃' => "°C",
        '℉' => "°F",
        _ => return None,
    })
}

/// A letter of a Greek mathematical alphabet by its place: 25 capitals, nabla, 25 small letters, variants.
fn mathematical_greek(place: usize) -> Option<&'static str> {
    Some(match place {
        0..=24 => CAPITAL_GREEK[place],
        25 => "\\nabla",
        26..=50 => SMALL_GREEK[place - 26],
        51 => "\\partial",
        52 => "\\epsilon",
        53 => "\\theta",
        54 => "\\kappa",
        55 => "\\phi",
        56 => "\\rho",
        57 => "\\varpi",
        _ => return None,
    })
}

/// The usual form of a character of full width or of a mathematical alphabet; any other as it is.
fn usual(character: char) -> char {
    let of = |first: u8, place: u32| char::from(first + place as u8);
    match u32::from(character) {
        code @ 0xFF01..=0xFF5E => of(b'!', code - 0xFF01),
        code @ 0x1D400..=0x1D6A3 => match (code - 0x1D400) % 52 {
            place @ 0..=25 => of(b'A', place),
            place => of(b'a', place - 26),
        },
        code @ 0x1D7CE..=0x1D7FF => of(b'0', (code - 0x1D7CE) % 10),
        _ => match character {
            'ℎ' => 'h',
            'ℯ' => 'e',
            'ℊ' => 'g',
            'ℴ' => 'o',
            'ℬ' => 'B',
            'ℰ' => 'E',
            'ℱ' => 'F',
            'ℋ' => 'H',
            'ℐ' => 'I',
            'ℒ' => 'L',
            'ℳ' => 'M',
            'ℛ' => 'R',
            '\u{212a}' => 'K',
            'º' | 'ᵒ' | '˚' => '°',
            '‐' | '‑' => '-',
            '。' => '.',
            '✕' | '✖' | '⨯' => '×',
            other => other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_written_out() {
        for (text, plain) in [
            ("3½", r"3\frac{1}{2}"),
            ("5θx+θ", r"5\theta x+\theta"),
            ("x⁻¹ + 2³⁺¹", "x^{-1} + 2^{3+1}"),
            ("x₁²", "x_{1}^{2}"),
            ("𝐱𝟓𝑥𝜋", r"x5x\pi"),
            ("２５％", "25%"),
            ("∛2", r"\sqrt[3]2"),
            ("1\u{200b}2", "12"),
            ("20℃", "20°C"),
            ("plain", "plain"),
            ("Müller", "Müller"),
        ] {
            assert_eq!(plain_characters(text), plain);
        }
    }

    /// Both rows of a table have one character for each other, and none is there twice.
    #[test]
    fn tables_of_scripts_are_whole() {
        for [above, below] in [RAISED, LOWERED] {
            assert_eq!(above.chars().count(), below.chars().count());
            for character in above.chars() {
                assert_eq!(above.chars().filter(|other| *other == character).count(), 1, "{character}");
            }
        }
    }
}
