//! Parts that a response is laid out in: paragraphs, sections, a postscript, bullets.

use super::{
    boundary::{folded, occurrences},
    compliance::Compliance,
    quantity::Quantity,
    text::blocks,
};

/// Markdown and punctuation that may stand before the first word of a line.
const MARKUP: &str = " \t#*_>|~`\"“'([-";

/// Characters of markup that are looked at before a word, at most: it keeps the search linear.
const LONGEST_MARKUP: usize = 16;

/// Whether so many paragraphs stand between dividers, none of them blank. A divider at either end separates nothing.
/// (RLVR-IFEval counts a blank paragraph there and refuses it.)
pub(crate) fn paragraph_count(response: &str, divider: &str, count: usize) -> Compliance {
    match divided(response, divider) {
        Some(parts) => Quantity::exactly(count).check(parts.len(), &format!("paragraphs between {divider}")),
        None => Compliance::new(false, "a paragraph is blank"),
    }
}

/// What a divider such as `***` separates; `None` where there is nothing between two. `***` must stand alone:
/// in `******` and `***bold***` it is none.
pub(crate) fn divided<'a>(response: &'a str, divider: &str) -> Option<Vec<&'a str>> {
    let stands_alone = |at: usize| {
        let (before, after) = (&response[..at], &response[at + divider.len()..]);
        divider.contains(' ')
            || before.chars().next_back().is_none_or(char::is_whitespace)
                && after.chars().next().is_none_or(char::is_whitespace)
    };
    let (mut parts, mut start) = (Vec::new(), 0);
    for (at, _) in response.match_indices(divider).filter(|(at, _)| stands_alone(*at)) {
        parts.push(response[start..at].trim());
        start = at + divider.len();
    }
    parts.push(response[start..].trim());
    let inner = parts.len().saturating_sub(2);
    if parts.iter().skip(1).take(inner).any(|part| part.is_empty()) {
        return None;
    }
    parts.retain(|part| !part.is_empty());
    Some(parts)
}

/// Whether so many paragraphs stand between blank lines, and one of them begins with a word, in any case and
/// behind any markdown. (The original counts three line breaks as two blank lines, and is content with
/// "Helloworld".)
pub(crate) fn nth_paragraph(response: &str, count: usize, number: usize, first_word: &str) -> Compliance {
    let paragraphs = blocks(response);
    let Some(paragraph) = paragraphs.get(number - 1).filter(|_| paragraphs.len() == count) else {
        return Quantity::exactly(count).check(paragraphs.len(), "paragraphs");
    };
    let is_mark = |c: char| !c.is_alphanumeric();
    let (text, word) =
        (folded(paragraph.trim_start_matches(is_mark)), folded(first_word.trim_matches(is_mark)));
    let begins: String = text.chars().take(word.chars().count().max(12)).collect();
    Compliance::new(
        text.starts_with(&word) && occurrences(&text, &word).next() == Some(0),
        format!("paragraph {number} begins with {begins:?}, {first_word:?} asked"),
    )
}

/// Where a marker begins a line or follows the end of a sentence. One without letters may stand anywhere.
fn openings<'a>(response: &'a str, marker: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_symbol = !marker.contains(char::is_alphanumeric);
    occurrences(response, marker).filter(move |at| is_symbol || opens(&response[..*at]))
}

fn opens(before: &str) -> bool {
    // "P.S." is no part of "P.P.S.".
    if before.ends_with(['.', '!', '?', ':', '…']) {
        return false;
    }
    let mut backwards = before.chars().rev();
    let reached = backwards.by_ref().take(LONGEST_MARKUP).find(|c| !MARKUP.contains(*c));
    reached.map_or(backwards.next().is_none(), |c| "\n\r.!?:…。！？।".contains(c))
}

/// Whether a postscript's marker begins a line or sentence, behind something and before something. (The
/// original finds it anywhere.)
pub(crate) fn postscript(response: &str, marker: &str) -> Compliance {
    let marker = marker.trim();
    let Some(at) = openings(response, marker).last() else {
        return Compliance::new(false, format!("nothing begins with {marker:?}"));
    };
    if !response[..at].contains(char::is_alphanumeric) {
        return Compliance::new(false, "the postscript is all there is");
    }
    let is_filled = response[at + marker.len()..].contains(char::is_alphanumeric);
    Compliance::new(is_filled, "the postscript is blank")
}

/// Whether a marker such as "SECTION" begins exactly so many sections, none of them blank. (The original
/// counts what stands before the first marker, and markers in running text.)
pub(crate) fn sections(response: &str, count: usize, marker: &str) -> Compliance {
    let marker = marker.trim();
    let starts: Vec<usize> = openings(response, marker).collect();
    let ends = starts.iter().skip(1).copied().chain([response.len()]);
    let sections = starts.iter().zip(ends).map(|(start, end)| &response[start + marker.len()..end]);
    let blank = sections.filter(|section| !has_content(section)).count();
    if blank > 0 {
        return Compliance::new(false, format!("{blank} blank sections"));
    }
    Quantity::exactly(count).check(starts.len(), &format!("sections with {marker:?}"))
}

/// Whether a section holds more than its number.
fn has_content(section: &str) -> bool {
    let text = section.trim_start_matches(|c: char| !c.is_alphanumeric());
    let number = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    let is_number = number.len() == 1 || number.chars().all(|c| c.is_numeric() || "IVX".contains(c));
    let rest = if is_number { &text[number.len()..] } else { text };
    rest.contains(char::is_alphanumeric)
}

/// Whether exactly so many lines begin with `* ` or `- `, however far they are indented. Rules (`* * *`) and
/// `**bold**` or `*italic*` beginnings are no bullets. (For the original they are.)
pub(crate) fn bullets(response: &str, count: usize) -> Compliance {
    Quantity::exactly(count).check(response.lines().filter(|line| is_bullet(line)).count(), "bullet points")
}

fn is_bullet(line: &str) -> bool {
    let mark = |c: char| c == '*' || c == '-';
    let Some(rest) = line.trim_start().strip_prefix(mark) else { return false };
    let is_rule = rest.chars().all(|c| c.is_whitespace() || mark(c));
    rest.starts_with([' ', '\t']) && !is_rule
}
