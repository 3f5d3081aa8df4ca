//! Boxes: `\boxed{…}` and its spellings.

use super::context::is_percent;

/// The boxes that count, with the bare `\box` that some judge prompts ask for.
const BOXES: [&str; 3] = ["\\boxed", "\\box", "\\fbox"];

/// Bytes between two boxes that belong together, where nothing else says so.
const CLOSE: usize = 10;

/// Bytes between two boxes that a conjunction joins.
const NEAR: usize = 70;

/// Boxes that make one answer, at most.
const MOST_BOXES: usize = 32;

/// Where the content of a box lies, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    /// Where the box's name begins.
    outside: usize,
    start: usize,
    end: usize,
}

/// Every box whose braces close, outermost first, in the order in which they open.
///
/// Braces nest; escaped braces (`\{`, `\}`) are text. One pass: the time is linear in the text, however many
/// boxes are left open.
fn spans(text: &str) -> Vec<Span> {
    let mut open: Vec<(usize, Option<usize>)> = Vec::new();
    let mut found = Vec::new();
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'{' => {
                let name = BOXES.iter().find(|name| text.as_bytes()[..at].ends_with(name.as_bytes()));
                open.push((at + 1, name.map(|name| at - name.len())));
            }
            b'}' => {
                if let Some((start, Some(outside))) = open.pop() {
                    found.push(Span { outside, start, end: at });
                }
            }
            _ => {}
        }
    }
    found.sort_by_key(|span| span.start);
    found
}

/// The content of the last box whose braces close, trimmed. An unclosed box does not count; of nested boxes
/// the inner one counts.
pub fn last_box(text: &str) -> Option<&str> {
    spans(text).last().map(|span| text[span.start..span.end].trim())
}

/// The content of the first box whose braces close, trimmed, and the text behind it.
pub(crate) fn first_box(text: &str) -> Option<(&str, &str)> {
    let first = spans(text).into_iter().next()?;
    Some((text[first.start..first.end].trim(), &text[first.end + 1..]))
}

/// Where the contents of all closed boxes lie.
pub(crate) fn insides(text: &str) -> Vec<(usize, usize)> {
    spans(text).into_iter().map(|span| (span.start, span.end)).collect()
}

/// Where the last closed box ends.
pub(crate) fn last_end(text: &str) -> Option<usize> {
    spans(text).last().map(|span| span.end)
}

/// The answer in boxes: the last one, with those before it that belong to the same answer
/// (`\boxed{1} and \boxed{2}`), and a percent sign behind it.
pub(crate) fn answer(text: &str) -> Option<String> {
    let all = spans(text);
    let last = all.last()?;
    let mut parts = vec![last];
    for span in all.iter().rev().skip(1) {
        let next = parts.last().expect("the last box is there");
        if span.end > next.outside {
            continue; // a box around the next one
        }
        if parts.len() == MOST_BOXES || !belong_together(text, span, next) {
            break;
        }
        parts.push(span);
    }
    let joined: Vec<&str> = parts.iter().rev().map(|span| text[span.start..span.end].trim()).collect();
    let mut answer = joined.join(", ");
    if is_percent(&text[last.end + 1..]) && !answer.contains('%') {
        answer.push_str("\\%");
    }
    Some(answer)
}

/// Whether two boxes are parts of one answer: close to each other, or joined by "and", "or" or a comma, and
/// not the same answer given again in another sentence.
fn belong_together(text: &str, left: &Span, right: &Span) -> bool {
    let between = &text[left.end + 1..right.outside];
    if between.len() > NEAR {
        return false;
    }
    let sentence_ends = between.contains(". ")
        || between.contains(".\n")
        || between.contains("\n\n")
        || between.contains(['!', '?']);
    if sentence_ends {
        return false;
    }
    if between.len() < CLOSE {
        return true;
    }
    let joined = between.contains(',')
        || between
            .split(|c: char| !c.is_alphabetic())
            .any(|word| word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or"));
    joined && text[left.start..left.end] != text[right.start..right.end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_closed_box_counts() {
        assert_eq!(last_box(r"first \boxed{1}, then \boxed{ 2 }."), Some("2"));
        assert_eq!(last_box(r"\boxed{3} and \boxed{4"), Some("3"));
        assert_eq!(last_box(r"\box{5}"), Some("5"));
        assert_eq!(last_box(r"\fbox{6}"), Some("6"));
        assert_eq!(last_box(r"\boxed{} is empty"), Some(""));
        assert_eq!(last_box("no box, {7}"), None);
    }

    #[test]
    fn braces_nest_and_escaped_ones_are_text() {
        assert_eq!(last_box(r"\boxed{\frac{1}{2}}"), Some(r"\frac{1}{2}"));
        assert_eq!(last_box(r"\boxed{\{1, 2\}}"), Some(r"\{1, 2\}"));
        assert_eq!(last_box(r"\boxed{2\}"), None);
        assert_eq!(last_box(r"\boxed{\boxed{6}}"), Some("6"));
        assert_eq!(last_box(r"} stray, \boxed{é→7}"), Some("é→7"));
    }

    #[test]
    fn many_open_boxes_take_no_longer_than_the_text_is_long() {
        assert_eq!(last_box(&r"\boxed{".repeat(100_000)), None);
    }

    #[test]
    fn several_boxes_make_one_answer_where_they_stand_together() {
        let joined = |text: &str| answer(text).unwrap();
        assert_eq!(joined(r"\boxed{1} and \boxed{2}"), "1, 2");
        assert_eq!(joined(r"\boxed{1}\boxed{2}"), "1, 2");
        assert_eq!(joined(r"\boxed{(3, 3)} \text{ for part (a) and } \boxed{(1, 1)}"), "(3, 3), (1, 1)");
        assert_eq!(joined(r"$y_1 = \boxed{2}$ and $y_2 = \boxed{3}$"), "2, 3");
        assert_eq!(joined(r"\boxed{1} no no no no no \boxed{2}"), "2");
        assert_eq!(joined(r"So \boxed{5}. Wait, that is wrong, it is \boxed{6}"), "6");
        assert_eq!(joined(r"So \boxed{5}, and again: the answer is \boxed{5}"), "5");
        assert_eq!(joined(r"$\boxed{28}$ pct"), r"28\%");
        assert_eq!(joined(r"\boxed{\boxed{6}}"), "6");
    }
}
