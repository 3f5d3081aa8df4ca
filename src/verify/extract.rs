//! Finding the final answer in a text.

/// The boxes that count, with the bare `\box` that some judge prompts ask for.
const BOXES: [&str; 3] = ["\\boxed", "\\box", "\\fbox"];

/// The content of the last box whose braces close, trimmed.
///
/// Braces nest; escaped braces (`\{`, `\}`) are text. An unclosed box does not count. One pass: the
/// time is linear in the text, however many boxes are left open.
pub fn last_box(text: &str) -> Option<&str> {
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut last: Option<(usize, usize)> = None;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'{' => open.push((at + 1, BOXES.iter().any(|name| text[..at].ends_with(name)))),
            b'}' => match open.pop() {
                Some((start, true)) if last.is_none_or(|(latest, _)| latest < start) => {
                    last = Some((start, at));
                }
                _ => {}
            },
            _ => {}
        }
    }
    last.map(|(start, end)| text[start..end].trim())
}

/// The reference answer inside a gold text: its last box, what follows its last `####`, or all of it.
pub fn gold_answer(gold: &str) -> &str {
    last_box(gold).unwrap_or_else(|| gold.rsplit("####").next().unwrap_or(gold).trim())
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
    fn a_gold_text_is_read_like_a_response() {
        assert_eq!(gold_answer("3 + 4 = 7\n#### 7"), "7");
        assert_eq!(gold_answer(r"so \boxed{8}"), "8");
        assert_eq!(gold_answer(" 9 "), "9");
    }
}
