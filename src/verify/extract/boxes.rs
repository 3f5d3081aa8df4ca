//! Boxes: `\boxed{…}` and its spellings.

use super::context::multiplier;

/// The boxes that count, with the bare `\box` that some judge prompts ask for.
const BOXES: [&str; 3] = ["\\boxed", "\\box", "\\fbox"];

/// Bytes between two boxes that belong together, where nothing else says so.
const CLOSE: usize = 10;

/// Bytes between two boxes that a conjunction joins.
const NEAR: usize = 70;

/// Boxes that make one answer, at most.
const MOST_BOXES: usize = 32;

/// Words between two boxes of which only the second is the answer: it follows from the first, is another form of
/// it, or corrects it.
const REPLACING: [&str; 34] = [
    "so",
    "then",
    "thus",
    "hence",
    "therefore",
    "which",
    "giving",
    "gives",
    "becomes",
    "equals",
    "simplified",
    "simplifies",
    "simplify",
    "ie",
    "but",
    "not",
    "actually",
    "wait",
    "correction",
    "instead",
    "rather",
    "finally",
    "answer",
    "because",
    "since",
    "equivalently",
    "equivalent",
    "approximately",
    "namely",
    "to",
    "rightarrow",
    "implies",
    "Rightarrow",
    "approx",
];

/// Where the content of a box lies, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BoxSpan {
    /// Where the box's name begins.
    outside: usize,
    start: usize,
    end: usize,
}

/// The boxes of a text.
struct Boxes {
    /// Those whose braces close, in the order in which they open.
    closed: Vec<BoxSpan>,
    /// Where the last one begins whose braces do not.
    unclosed: Option<usize>,
}

/// Every box, outermost first.
///
/// Braces nest; escaped braces (`\{`, `\}`) are text. One pass: the time is linear in the text, however many
/// boxes are left open.
fn boxes(text: &str) -> Boxes {
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
                    found.push(BoxSpan { outside, start, end: at });
                }
            }
            _ => {}
        }
    }
    found.sort_by_key(|span| span.start);
    Boxes { closed: found, unclosed: open.iter().rev().find_map(|(_, outside)| *outside) }
}

/// Whether the content of a box only shows where an answer goes: nothing, an ellipsis, "answer".
pub(crate) fn is_placeholder(content: &str) -> bool {
    const NAMES: [&str; 9] = [
        "",
        "answer",
        "your answer",
        "your answer here",
        "final answer",
        "your final answer",
        "the answer",
        "answer here",
        "the final answer",
    ];
    let words = content
        .replace("\\text", " ")
        .replace("\\,", " ")
        .replace("\\ ", " ")
        .replace("\\ldots", "")
        .replace("\\dots", "")
        .replace("\\cdots", "");
    let bare = words.trim_matches(|c: char| c.is_whitespace() || ".…{}[]<>$_*\"'`".contains(c));
    bare.len() < 20 && NAMES.contains(&bare.to_lowercase().as_str())
}

/// The content of the last box whose braces close, trimmed; one that is empty or holds a placeholder only where
/// there is no other. An unclosed box does not count; of nested boxes the inner one counts.
pub fn last_box(text: &str) -> Option<&str> {
    let closed = boxes(text).closed;
    let content = |span: &BoxSpan| text[span.start..span.end].trim();
    let filled = closed.iter().rev().find(|span| !is_placeholder(content(span)));
    filled.or(closed.last()).map(content)
}

/// The content of the first box whose braces close, trimmed, and the text behind it.
pub(crate) fn first_box(text: &str) -> Option<(&str, &str)> {
    let first = boxes(text).closed.into_iter().next()?;
    Some((text[first.start..first.end].trim(), &text[first.end + 1..]))
}

/// Where the contents of all closed boxes lie.
pub(crate) fn insides(text: &str) -> Vec<(usize, usize)> {
    boxes(text).closed.into_iter().map(|span| (span.start, span.end)).collect()
}

/// Where the last closed box ends.
pub(crate) fn last_end(text: &str) -> Option<usize> {
    boxes(text).closed.last().map(|span| span.end)
}

/// Where the last box begins, closed or not.
pub(crate) fn last_start(text: &str) -> Option<usize> {
    let boxes = boxes(text);
    boxes.closed.last().map(|span| span.outside).max(boxes.unclosed)
}

/// The answer in boxes, and whether it is the only one: the last that holds something, with those before it that
/// belong to the same answer (`\boxed{1} and \boxed{2}`), and a percent sign or magnitude behind it. Nothing where
/// the last box was begun and does not close: the answer was to be there.
pub(crate) fn answer(text: &str) -> Option<(String, bool)> {
    let Boxes { closed, unclosed } = boxes(text);
    let filled: Vec<BoxSpan> =
        closed.iter().copied().filter(|span| !is_placeholder(&text[span.start..span.end])).collect();
    let Some(last) = filled.last().filter(|last| unclosed.is_none_or(|begun| begun < last.outside)) else {
        return (unclosed.is_some() || !closed.is_empty()).then(|| (String::new(), true));
    };
    let mut parts = vec![last];
    let mut certain = true;
    for span in filled.iter().rev().skip(1) {
        let next = parts.last().expect("the last box is there");
        if span.end > next.outside {
            continue; // a box around the next one
        }
        if parts.len() == MOST_BOXES || !belong_together(text, span, next) {
            let content = |span: &BoxSpan| text[span.start..span.end].trim();
            certain = parts.len() == 1 && filled.iter().all(|other| content(other) == content(last));
            break;
        }
        parts.push(span);
    }
    let joined: Vec<&str> = parts.iter().rev().map(|span| text[span.start..span.end].trim()).collect();
    let mut answer = joined.join(", ");
    if let Some(multiplier) = multiplier(&text[last.end + 1..])
        && !answer.contains(multiplier.trim_start_matches(['\\', ' ']))
    {
        answer.push_str(&multiplier);
    }
    Some((answer, certain))
}

/// Whether two boxes are parts of one answer: next to each other, or joined by "and", "or" or a comma, unless the
/// second follows from the first, replaces it, or gives it again.
fn belong_together(text: &str, left: &BoxSpan, right: &BoxSpan) -> bool {
    let between = &text[left.end + 1..right.outside];
    let sentence_ends = between.contains(". ")
        || between.contains(".\n")
        || between.contains("\n\n")
        || between.contains(['!', '?']);
    if between.len() > NEAR || sentence_ends || text[left.start..left.end] == text[right.start..right.end] {
        return false;
    }
    let words = || between.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let is = |word: &str, list: &[&str]| list.iter().any(|other| other.eq_ignore_ascii_case(word));
    // Between the boxes themselves; "y_2 =" before the second one names it.
    let signs = between.trim_start_matches(['$', ' ']).starts_with(['=', '≈', '→', '⇒', '⟹', '⟶', '-']);
    if signs || between.contains(['→', '⇒']) || words().any(|word| is(word, &REPLACING)) {
        return false;
    }
    let joined = between.contains(',') || words().any(|word| is(word, &["and", "or"]));
    joined || (between.len() < CLOSE && words().all(|word| is(word, &["text", "quad", "qquad", "mbox"])))
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
        let joined = |text: &str| answer(text).unwrap().0;
        assert_eq!(joined(r"\boxed{1} and \boxed{2}"), "1, 2");
        assert_eq!(joined(r"\boxed{1}\boxed{2}"), "1, 2");
        assert_eq!(joined(r"\boxed{(3, 3)} \text{ for part (a) and } \boxed{(1, 1)}"), "(3, 3), (1, 1)");
        assert_eq!(joined(r"$y_1 = \boxed{2}$ and $y_2 = \boxed{3}$"), "2, 3");
        for last in [
            r"\boxed{1} no no no no no \boxed{2}",
            r"first \boxed{1}, so \boxed{2}",
            r"\boxed{1} → \boxed{2}",
            r"$\boxed{1} \rightarrow \boxed{2}$",
            r"\boxed{1} = \boxed{2}",
            r"not \boxed{1} but \boxed{2}",
            r"\boxed{1}, which gives \boxed{2}",
            r"\boxed{1} or equivalently \boxed{2}",
        ] {
            assert_eq!(joined(last), "2", "{last}");
        }
        assert_eq!(joined(r"So \boxed{5}. Wait, that is wrong, it is \boxed{6}"), "6");
        assert_eq!(joined(r"So \boxed{5}, and again: the answer is \boxed{5}"), "5");
        assert_eq!(joined(r"$\boxed{28}$ pct"), r"28\%");
        assert_eq!(joined(r"\boxed{\boxed{6}}"), "6");
    }

    #[test]
    fn boxes_that_show_the_format_are_no_answers() {
        for text in [
            r"\boxed{12}. As asked I used \boxed{}.",
            r"\boxed{12}. The format \boxed{...} was used.",
            r"\boxed{12} in \boxed{\text{answer}}",
            r"\boxed{\ldots} is asked for: \boxed{12}",
        ] {
            assert_eq!(answer(text).unwrap().0, "12", "{text}");
            assert_eq!(last_box(text), Some("12"), "{text}");
        }
        assert_eq!(answer(r"\boxed{}").unwrap().0, "");
    }

    #[test]
    fn where_the_last_box_was_begun_no_other_counts() {
        for text in [r"So \boxed{7", r"\boxed{3} and \boxed{4", r"\boxed{\frac{1}{2}"] {
            assert_eq!(answer(text), Some((String::new(), true)), "{text}");
        }
        assert_eq!(answer(r"\boxed{3 and \boxed{4}").unwrap().0, "4");
    }

    #[test]
    fn what_multiplies_a_box_belongs_to_it() {
        assert_eq!(answer(r"\boxed{5} million").unwrap().0, "5 million");
        assert_eq!(answer(r"$\boxed{12}$ cents").unwrap().0, "12 cents");
        assert_eq!(answer(r"\boxed{5\%} percent").unwrap().0, r"5\%");
        assert_eq!(answer(r"\boxed{5} apples").unwrap().0, "5");
    }

    #[test]
    fn one_answer_in_boxes_is_certain() {
        for (text, certain) in [
            (r"\boxed{5}", true),
            (r"\boxed{5}. Again: \boxed{5}", true),
            (r"\boxed{1} and \boxed{2}", true),
            (r"first \boxed{3}, so \boxed{4}", false),
        ] {
            assert_eq!(answer(text).unwrap().1, certain, "{text}");
        }
    }
}
