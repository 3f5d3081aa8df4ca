//! Numbers as people write them: groups of thousands, decimals, repeating decimals, powers of ten.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};

use super::{
    budget::{Budget, Stop},
    expr::Literal,
};

/// How commas between digits are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Commas {
    /// `1,234` is one number, `1,2` are two.
    Thousands,
    /// Every comma separates, as it does within brackets.
    Separators,
    /// `1,2` is 1.2.
    Decimal,
}

/// What may stand between two groups of three digits whatever the reading, longest first.
const SURE_SEPARATORS: [&str; 5] = ["{,}\\!", "{,}", ",\\!", "\\,", "\\;"];

/// What may stand tightly between two groups of three digits: in Switzerland, and in programs.
const TIGHT_SEPARATORS: [char; 3] = ['\'', '’', '_'];

/// Reads the number that `text` begins with; `None` if it begins with none. Returns its length too.
///
/// # Errors
/// When it has more digits than the budget allows.
pub(crate) fn read(text: &str, commas: Commas, budget: &Budget) -> Result<Option<(Literal, usize)>, Stop> {
    let (mut digits, mut at) = whole_part(text, commas);
    let bytes = text.as_bytes();
    let mut places = None;
    let point = match bytes.get(at) {
        Some(b'.') => bytes.get(at + 1).is_some_and(u8::is_ascii_digit) || repeats(&text[at + 1..]),
        Some(b',') => {
            commas == Commas::Decimal && at > 0 && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
        }
        _ => false,
    };
    if point {
        at += 1;
        let decimals = leading_digits(&text[at..]);
        digits.push_str(decimals);
        places = Some(decimals.len());
        at += decimals.len();
    }
    if digits.is_empty() && !point {
        return Ok(None);
    }
    budget.spend(digits.len() as u64)?;
    if digits.len() > budget.limits.digits {
        return Err(Stop::GaveUp("too many digits"));
    }
    let scale = power_of_ten(places.unwrap_or(0));
    let mut value = BigRational::new(integer(&digits), scale.clone());
    if let (Some(decimals), Some((period, length))) = (places, repeating(&text[at..], &digits, places)) {
        at += length;
        let nines = power_of_ten(period.len()) - BigInt::one();
        // A period read from "…" repeats digits that are already there; it goes on behind them.
        value += BigRational::new(integer(period), nines * power_of_ten(decimals));
        places = None;
    }
    if let Some((exponent, length)) = exponent(&text[at..]) {
        if exponent.unsigned_abs() as usize > budget.limits.digits {
            return Err(Stop::GaveUp("too many digits"));
        }
        at += length;
        let power = BigRational::from_integer(power_of_ten(exponent.unsigned_abs() as usize));
        value = if exponent < 0 { value / power } else { value * power };
        places = places.map(|places| (places as i64 - i64::from(exponent)).max(0) as usize);
    }
    Ok(Some((Literal { value, places: places.map(|places| places as u32) }, at)))
}

/// The digits before the point without their separators, and the length they take.
fn whole_part(text: &str, commas: Commas) -> (String, usize) {
    let first = leading_digits(text);
    let (mut digits, mut at) = (first.to_owned(), first.len());
    if (1..=3).contains(&first.len()) && !first.starts_with('0') {
        let points = groups_with_points(&text[at..], commas);
        digits.extend(text[at..at + points].bytes().filter(u8::is_ascii_digit).map(char::from));
        at += points;
        while let Some(length) = group(&text[at..], commas) {
            at += length;
            digits.push_str(&text[at - 3..at]);
        }
    }
    (digits, at)
}

/// The length of groups of three digits behind points, `.234.567`. One alone is decimals, unless a decimal comma
/// is read behind it.
fn groups_with_points(text: &str, commas: Commas) -> usize {
    let is_group = |at: usize| text[at..].starts_with('.') && leading_digits(&text[at + 1..]).len() == 3;
    let mut at = 0;
    while is_group(at) {
        at += 4;
    }
    let ends = !text[at..].starts_with('.') || leading_digits(&text[at + 1..]).is_empty();
    let decimals = commas == Commas::Decimal && text[at..].starts_with(',');
    if ends && (at > 4 || decimals) { at } else { 0 }
}

/// The length of a separator and exactly three digits.
fn group(text: &str, commas: Commas) -> Option<usize> {
    if let Some(rest) = text.strip_prefix(TIGHT_SEPARATORS) {
        return (leading_digits(rest).len() == 3).then_some(text.len() - rest.len() + 3);
    }
    let trimmed = text.trim_start_matches(' ');
    let sure = SURE_SEPARATORS
        .iter()
        .find_map(|separator| Some(trimmed.len() - trimmed.strip_prefix(separator)?.len()));
    let separator = match sure {
        Some(length) => text.len() - trimmed.len() + length,
        None if text.starts_with(',') && commas == Commas::Thousands => 1,
        None if commas != Commas::Separators && one_space(text).is_some() => one_space(text)?,
        None => brace_comma(trimmed).map(|length| text.len() - trimmed.len() + length)?,
    };
    let spaces = match sure {
        Some(_) => text[separator..].len() - text[separator..].trim_start_matches(' ').len(),
        None => 0,
    };
    let start = separator + spaces;
    (leading_digits(&text[start..]).len() == 3).then_some(start + 3)
}

/// The length of a single space, however it is written.
fn one_space(text: &str) -> Option<usize> {
    // The last three are a no-break space, a thin one, and a narrow no-break one.
    let space = [" ", "~", "\\ ", "\u{a0}", "\u{2009}", "\u{202f}"]
        .into_iter()
        .find(|space| text.starts_with(space))?;
    (!text[space.len()..].starts_with([' ', '~'])).then_some(space.len())
}

/// `{, }` and its like.
fn brace_comma(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('{')?.trim_start_matches(' ').strip_prefix(',')?.trim_start_matches(' ');
    Some(text.len() - inner.strip_prefix('}')?.len())
}

pub(crate) fn leading_digits(text: &str) -> &str {
    &text[..text.bytes().take_while(u8::is_ascii_digit).count()]
}

fn repeats(text: &str) -> bool {
    ["\\overline{", "\\bar{", "\\dot{", "("].iter().any(|mark| text.starts_with(mark))
        && repeating(text, "", None).is_some()
}

/// The period behind a decimal, and the length it takes: `\overline{3}`, `\bar{3}`, `\dot{3}`, `(3)` or
/// `...` after three times the same digit.
fn repeating<'a>(text: &'a str, digits: &'a str, places: Option<usize>) -> Option<(&'a str, usize)> {
    for (open, close) in [("\\overline{", "}"), ("\\bar{", "}"), ("\\dot{", "}"), ("(", ")")] {
        let Some(rest) = text.strip_prefix(open) else { continue };
        let period = leading_digits(rest);
        let closed = !period.is_empty() && rest[period.len()..].starts_with(close);
        return closed.then(|| (period, open.len() + period.len() + close.len()));
    }
    let dots = ["...", "…", "\\ldots", "\\dots"].into_iter().find(|dots| text.starts_with(dots))?;
    let decimals = &digits[digits.len() - places?..];
    let last = &decimals[decimals.len().checked_sub(1)?..];
    let same = decimals.bytes().rev().take_while(|byte| *byte == last.as_bytes()[0]).count();
    (same >= 3).then_some((last, dots.len()))
}

/// `e5`, `E-3`
fn exponent(text: &str) -> Option<(i32, usize)> {
    let rest = text.strip_prefix(['e', 'E'])?;
    let unsigned = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    let digits = leading_digits(unsigned);
    let length = rest.len() - unsigned.len() + digits.len();
    let value: i32 = rest[..length].trim_start_matches('+').parse().ok()?;
    (!digits.is_empty()).then_some((value, 1 + length))
}

fn integer(digits: &str) -> BigInt {
    if digits.len() <= 18 {
        return digits.parse::<i64>().unwrap_or(0).into();
    }
    digits.parse().unwrap_or_else(|_| BigInt::zero())
}

pub(crate) fn power_of_ten(exponent: usize) -> BigInt {
    if exponent <= 18 {
        10_i64.pow(exponent as u32).into()
    } else {
        num_traits::pow(BigInt::from(10), exponent)
    }
}
