//! How far a number reaches: digits with their groups and decimals.

/// Where the number that begins at a digit, or at a point before one, ends.
pub(crate) fn end_of_number(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    loop {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        let next = |ahead: usize| bytes.get(at + ahead).is_some_and(u8::is_ascii_digit);
        match bytes.get(at) {
            Some(b'.' | b',') if next(1) => at += 1,
            Some(b'{') if bytes[at..].starts_with(b"{,}") && next(3) => at += 3,
            Some(b'\\') if bytes[at..].starts_with(b"\\,") && digits(bytes, at + 2) == 3 => at += 2,
            Some(b'\'' | b'_') if digits(bytes, at + 1) == 3 => at += 1,
            Some(b' ') if is_group_of_three(bytes, at) => at += 1,
            Some(b'e' | b'E') if is_exponent(bytes, at + 1) => at += 2,
            _ => return end_of_vulgar_fraction(text, at),
        }
    }
}

/// How many digits stand at a place, counted up to four.
fn digits(bytes: &[u8], from: usize) -> usize {
    bytes[from.min(bytes.len())..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count()
}

/// `1 000`: a space between groups of three digits.
fn is_group_of_three(bytes: &[u8], at: usize) -> bool {
    let before = bytes[..at].iter().rev().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    (1..=3).contains(&before) && digits(bytes, at + 1) == 3 && bytes[at - before] != b'0'
}

/// `1e6`, `1e-6`: digits behind the letter, perhaps with a sign, and no other letter behind them.
fn is_exponent(bytes: &[u8], at: usize) -> bool {
    let signed = matches!(bytes.get(at), Some(b'+' | b'-'));
    let from = at + usize::from(signed);
    let count = digits(bytes, from);
    (1..=3).contains(&count) && !bytes.get(from + count).is_some_and(u8::is_ascii_alphabetic)
}

fn end_of_vulgar_fraction(text: &str, at: usize) -> usize {
    let next = text.get(at..).and_then(|rest| rest.chars().next()).filter(|&c| is_vulgar_fraction(c));
    at + next.map_or(0, char::len_utf8)
}

/// `½` and its like.
pub(crate) fn is_vulgar_fraction(character: char) -> bool {
    matches!(character, '½' | '¼' | '¾' | '⅐'..='⅞' | '↉')
}
