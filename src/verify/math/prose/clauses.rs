//! The words of functions in pieces: "if" and its like stand between a value and where it holds, as a sign of the
//! next cell does; "else" is "otherwise".

use crate::verify::text::closing_brace;

/// Words before a condition.
const BEFORE_CONDITIONS: [&str; 5] = ["if", "for", "when", "where", "whenever"];

/// Words for what the other cases leave.
const OTHERWISE: [&str; 4] = ["otherwise", "else", "elsewhere", "in all other cases"];

/// Commands whose braces hold words.
const WRAPPERS: [&str; 4] = ["\\text{", "\\textrm{", "\\mbox{", "\\mathrm{"];

/// The text with formulas in dollar signs within `\text{…}` set outside of it: `\text{if $x$}` as `\text{if }x`.
pub(super) fn without_inner_dollars(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find("\\text{") {
        let (before, wrapped) = rest.split_at(at);
        spelled.push_str(before);
        let inner = &wrapped["\\text{".len()..];
        let Some(length) = closing_brace(inner) else { break };
        let escaped = inner[..length].contains("\\$") || inner[..length].matches('$').count() % 2 == 1;
        if escaped || !inner[..length].contains('$') {
            spelled.push_str(&wrapped[.."\\text{".len() + length + 1]);
            rest = &inner[length + 1..];
            continue;
        }
        for (place, part) in inner[..length].split('$').enumerate() {
            match place % 2 {
                0 if part.is_empty() => {}
                0 => spelled.push_str(&format!("\\text{{{part}}}")),
                _ => spelled.push_str(part),
            }
        }
        rest = &inner[length + 1..];
    }
    spelled.push_str(rest);
    spelled
}

/// The text with the words of its functions in pieces as signs of cells.
pub(super) fn with_cells(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len() + 16);
    let mut inside = 0_usize;
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if rest.starts_with("\\begin{") {
            inside +=
                usize::from(["cases", "dcases", "rcases", "array"].iter().any(|name| names(rest, name)));
        } else if rest.starts_with("\\end{") {
            inside = inside.saturating_sub(1);
        }
        let (piece, length) = match first {
            _ if inside == 0 => (first.to_string(), first.len_utf8()),
            '\\' => wrapped(rest).unwrap_or_else(|| command(rest)),
            letter if letter.is_alphabetic() => word(rest),
            other => (other.to_string(), other.len_utf8()),
        };
        spelled.push_str(&piece);
        at += length;
    }
    spelled
}

fn names(begin: &str, environment: &str) -> bool {
    begin["\\begin{".len()..].strip_prefix(environment).is_some_and(|rest| rest.starts_with(['}', '*']))
}

/// A command as it stands, with the name of an environment.
fn command(text: &str) -> (String, usize) {
    let letters = text[1..].bytes().take_while(u8::is_ascii_alphabetic).count();
    let length = match &text[1..1 + letters] {
        "" => 1 + text[1..].chars().next().map_or(0, char::len_utf8),
        "begin" | "end" => text.find('}').map_or(text.len(), |end| end + 1),
        _ => 1 + letters,
    };
    (text[..length].to_owned(), length)
}

/// A run of letters outside of commands.
fn word(text: &str) -> (String, usize) {
    let length: usize = text.chars().take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum();
    let lower = text[..length].to_lowercase();
    let piece = match lower.as_str() {
        word if BEFORE_CONDITIONS.contains(&word) => " & ".to_owned(),
        word if OTHERWISE.contains(&word) => " & \\text{otherwise} ".to_owned(),
        _ => text[..length].to_owned(),
    };
    (piece, length)
}

/// `\text{if …}` as the sign of a cell and the rest.
fn wrapped(text: &str) -> Option<(String, usize)> {
    let wrapper = WRAPPERS.iter().find(|wrapper| text.starts_with(**wrapper))?;
    let inner = &text[wrapper.len()..];
    let length = closing_brace(inner)?;
    let words = inner[..length].trim_matches([' ', ',', '.']);
    let lower = words.to_lowercase();
    let total = wrapper.len() + length + 1;
    if OTHERWISE.contains(&lower.as_str()) {
        return Some((" & \\text{otherwise} ".to_owned(), total));
    }
    let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
    BEFORE_CONDITIONS.contains(&first.to_lowercase().as_str()).then_some(())?;
    let rest = rest.trim();
    Some(match rest {
        "" => (" & ".to_owned(), total),
        rest if OTHERWISE.contains(&rest.to_lowercase().as_str()) => {
            (" & \\text{otherwise} ".to_owned(), total)
        }
        rest => (format!(" & \\text{{{rest}}}"), total),
    })
}
