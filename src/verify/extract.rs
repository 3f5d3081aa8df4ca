//! Finding the final answer in a text.

/// The boxes that count, with the bare `\box` that some judge prompts ask for.
const BOXES: [&str; 3] = ["\\boxed{", "\\box{", "\\fbox{"];

/// The content of the last box whose braces close, trimmed.
///
/// Braces nest; escaped braces (`\{`, `\}`) are text. An unclosed box does not count.
pub fn last_box(text: &str) -> Option<&str> {
    let mut starts: Vec<usize> = BOXES
        .iter()
        .flat_map(|open| text.match_indices(open).map(move |(at, _)| at + open.len()))
        .collect();
    starts.sort_unstable();
    starts.into_iter().rev().find_map(|start| closed(&text[start..])).map(str::trim)
}

/// The text up to the brace that closes an already opened one.
fn closed(text: &str) -> Option<&str> {
    let mut depth = 1;
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(&text[..at]);
                }
            }
            _ => {}
        }
    }
    None
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
        assert_eq!(last_box("no box, 7"), None);
    }

    #[test]
    fn braces_nest_and_escaped_ones_are_text() {
        assert_eq!(last_box(r"\boxed{\frac{1}{2}}"), Some(r"\frac{1}{2}"));
        assert_eq!(last_box(r"\boxed{\{1, 2\}}"), Some(r"\{1, 2\}"));
        assert_eq!(last_box(r"\boxed{\boxed{6}}"), Some("6"));
    }

    #[test]
    fn a_gold_text_is_read_like_a_response() {
        assert_eq!(gold_answer("3 + 4 = 7\n#### 7"), "7");
        assert_eq!(gold_answer(r"so \boxed{8}"), "8");
        assert_eq!(gold_answer(" 9 "), "9");
    }
}
