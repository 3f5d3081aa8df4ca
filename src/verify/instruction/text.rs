//! Words and paragraphs of a text.

use super::boundary::{is_ideograph, is_word};

/// The number of words: what spaces separate and holds a letter or digit, so that bullets and dashes are
/// none. Chinese characters and kana are a word each, as word processors count them.
pub(crate) fn words(text: &str) -> usize {
    text.split_whitespace().map(words_in_run).sum()
}

fn words_in_run(run: &str) -> usize {
    let others = run.split(is_ideograph).filter(|part| part.contains(char::is_alphanumeric));
    others.count() + run.chars().filter(|c| is_ideograph(*c)).count()
}

/// The words of a text as spaces separate them, without the marks around them; none is empty.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split_whitespace().map(|run| run.trim_matches(|c: char| !is_word(c)));
    words.filter(|word| word.contains(char::is_alphanumeric))
}

/// What blank lines separate, trimmed; none of it is blank.
pub(crate) fn blocks(text: &str) -> Vec<&str> {
    let (mut blocks, mut start, mut end, mut at) = (Vec::new(), None, 0, 0);
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            blocks.extend(start.take().map(|start: usize| text[start..end].trim()));
        } else {
            start.get_or_insert(at);
            end = at + line.len();
        }
        at += line.len();
    }
    blocks.extend(start.map(|start| text[start..end].trim()));
    blocks
}
