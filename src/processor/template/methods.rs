//! Methods of Python's texts that templates call. Those that are not here are `minijinja_contrib`'s, or refused by name.

use minijinja::{
    Error, ErrorKind, FormatStyle, State,
    value::{Value, ValueKind, from_args},
};
use minijinja_contrib::pycompat::unknown_method_callback;

use super::{bounds::count, operators::formatted, python};

/// Calls a method that the value itself does not have.
pub(super) fn call(
    state: &State<'_, '_>,
    value: &Value,
    method: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        count(state, 2 * text.len())?;
        for part in [searching, cutting, asking, casing] {
            if let Some(found) = part(text, method, arguments) {
                return found;
            }
        }
        if let Some(found) = growing(state, text, method, arguments) {
            return found;
        }
    }
    if value.kind() == ValueKind::Map && method == "copy" {
        return Ok(value.clone());
    }
    unknown_method_callback(state, value, method, arguments)
}

type Called = Option<Result<Value, Error>>;

/// Characters before a place that is told in bytes.
fn characters_before(text: &str, place: usize) -> i64 {
    text[..place].chars().count() as i64
}

fn searching(text: &str, method: &str, arguments: &[Value]) -> Called {
    if !matches!(method, "find" | "rfind" | "index" | "rindex") {
        return None;
    }
    let found = from_args(arguments).and_then(|(what,): (&str,)| {
        let place = if method.starts_with('r') { text.rfind(what) } else { text.find(what) };
        match place {
            Some(place) => Ok(characters_before(text, place).into()),
            None if method.ends_with("find") => Ok((-1).into()),
            None => Err(Error::new(ErrorKind::InvalidOperation, "substring not found")),
        }
    });
    Some(found)
}

fn cutting(text: &str, method: &str, arguments: &[Value]) -> Called {
    let parts = |parts: [&str; 3]| Value::from(parts.map(Value::from).to_vec());
    let affix = |cut: fn(&str, &str) -> Option<String>| {
        from_args(arguments)
            .map(|(affix,): (&str,)| cut(text, affix).unwrap_or_else(|| text.to_owned()).into())
    };
    Some(match method {
        "removeprefix" => affix(|text, prefix| text.strip_prefix(prefix).map(str::to_owned)),
        "removesuffix" => affix(|text, suffix| text.strip_suffix(suffix).map(str::to_owned)),
        "partition" => from_args(arguments).map(|(separator,): (&str,)| match text.split_once(separator) {
            Some((before, after)) => parts([before, separator, after]),
            None => parts([text, "", ""]),
        }),
        "rpartition" => from_args(arguments).map(|(separator,): (&str,)| match text.rsplit_once(separator) {
            Some((before, after)) => parts([before, separator, after]),
            None => parts(["", "", text]),
        }),
        "rsplit" if !arguments.is_empty() => {
            from_args(arguments).map(|(separator, most): (&str, Option<usize>)| {
                let mut parts: Vec<&str> = match most {
                    Some(most) => text.rsplitn(most.saturating_add(1), separator).collect(),
                    None => text.rsplit(separator).collect(),
                };
                parts.reverse();
                parts.into_iter().map(Value::from).collect()
            })
        }
        "splitlines" => {
            from_args(arguments).map(|(keep,): (Option<bool>,)| lines(text, keep.unwrap_or(false)))
        }
        _ => return None,
    })
}

/// Lines, which end in any of the characters at which Python ends them.
fn lines(text: &str, keep: bool) -> Value {
    const ENDS: [char; 10] =
        ['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
    let (mut lines, mut rest) = (Vec::new(), text);
    while let Some(place) = rest.find(ENDS) {
        let end = rest[place..].chars().next().map_or(0, char::len_utf8);
        let end = if rest[place..].starts_with("\r\n") { 2 } else { end };
        lines.push(Value::from(&rest[..if keep { place + end } else { place }]));
        rest = &rest[place + end..];
    }
    if !rest.is_empty() {
        lines.push(rest.into());
    }
    lines.into()
}

/// Questions about every character, to which the answer for an empty text is no.
fn asking(text: &str, method: &str, arguments: &[Value]) -> Called {
    let all = |is: &dyn Fn(char) -> bool| !text.is_empty() && text.chars().all(is);
    let cased = |is: &dyn Fn(char) -> bool, is_not: &dyn Fn(char) -> bool| {
        text.chars().any(is) && !text.chars().any(is_not)
    };
    let answer = match method {
        "isdigit" => {
            all(&|character| character.is_ascii_digit() || character.is_numeric() && is_digit(character))
        }
        "isdecimal" => all(&|character| character.is_ascii_digit()),
        "isnumeric" => all(&char::is_numeric),
        "isalpha" => all(&char::is_alphabetic),
        "isalnum" => all(&char::is_alphanumeric),
        "isspace" => all(&char::is_whitespace),
        "islower" => cased(&char::is_lowercase, &char::is_uppercase),
        "isupper" => cased(&char::is_uppercase, &char::is_lowercase),
        _ => return None,
    };
    Some(from_args(arguments).map(|()| answer.into()))
}

/// Digits beyond ASCII: superscripts, subscripts and those of full width; not fractions.
fn is_digit(character: char) -> bool {
    matches!(character, '²' | '³' | '¹' | '⁰' | '⁴'..='⁹' | '₀'..='₉' | '０'..='９' | '٠'..='٩' | '०'..='९')
}

fn casing(text: &str, method: &str, arguments: &[Value]) -> Called {
    let turned: String = match method {
        "title" => title(text),
        "capitalize" => capitalized(text),
        "swapcase" => text.chars().map(swapped).collect(),
        "casefold" => text.to_lowercase().replace('ß', "ss"),
        _ => return None,
    };
    Some(from_args(arguments).map(|()| turned.into()))
}

fn swapped(character: char) -> String {
    if character.is_uppercase() {
        character.to_lowercase().collect()
    } else {
        character.to_uppercase().collect()
    }
}

/// A capital after everything that is no letter.
fn title(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut in_word = false;
    for character in text.chars() {
        match in_word {
            true => titled.extend(character.to_lowercase()),
            false => titled.extend(character.to_uppercase()),
        }
        in_word = character.is_alphabetic();
    }
    titled
}

pub(super) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters.flat_map(char::to_lowercase)).collect()
}

/// Methods whose result may be much longer than the text.
fn growing(state: &State<'_, '_>, text: &str, method: &str, arguments: &[Value]) -> Called {
    Some(match method {
        "join" => from_args(arguments).and_then(|(parts,): (&Value,)| joined(state, parts, text)),
        "replace" => from_args(arguments)
            .and_then(|(old, new, most): (&str, &str, Option<i64>)| replaced(state, text, [old, new], most)),
        "format" => formatted(state, FormatStyle::StrFormat, text, arguments),
        "center" | "ljust" | "rjust" | "zfill" => padded(state, text, method, arguments),
        _ => return None,
    })
}

/// Parts as texts, with a separator between them.
pub(super) fn joined(state: &State<'_, '_>, parts: &Value, separator: &str) -> Result<Value, Error> {
    let mut whole = String::new();
    for (place, part) in parts.try_iter()?.enumerate() {
        let part = python::text(&part)?;
        count(state, part.len() + separator.len())?;
        whole.push_str(if place == 0 { "" } else { separator });
        whole.push_str(&part);
        if whole.len() > super::bounds::MOST_BYTES {
            return Err(super::bounds::too_long());
        }
    }
    Ok(whole.into())
}

/// A text with `new` in the place of `old`, the first `most` times.
pub(super) fn replaced(
    state: &State<'_, '_>,
    text: &str,
    [old, new]: [&str; 2],
    most: Option<i64>,
) -> Result<Value, Error> {
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let times = text.matches(old).take(most).count();
    count(state, text.len() + times.saturating_mul(new.len()))?;
    Ok(text.replacen(old, new, most).into())
}

fn padded(state: &State<'_, '_>, text: &str, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    let (width, fill): (usize, Option<&str>) = from_args(arguments)?;
    count(state, width.saturating_mul(4))?;
    let missing = width.saturating_sub(text.chars().count());
    let fill = if method == "zfill" { "0" } else { fill.unwrap_or(" ") };
    let fill = |count: usize| fill.repeat(count);
    Ok(match method {
        "ljust" => format!("{text}{}", fill(missing)),
        // Where the halves differ, Python's left one is larger in texts of an odd width.
        "center" => {
            let left = missing / 2 + (missing & width & 1);
            format!("{}{text}{}", fill(left), fill(missing - left))
        }
        "zfill" if text.starts_with(['+', '-']) => format!("{}{}{}", &text[..1], fill(missing), &text[1..]),
        _ => format!("{}{text}", fill(missing)),
    }
    .into())
}
