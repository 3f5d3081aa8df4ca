//! Words and paragraphs of a text.

use super::boundary::is_ideograph;

/// The number of words: what spaces separate and holds a letter or digit, so that bullets and dashes are
/// none. Chinese characters and kana are a word each, as word processors count them.
pub(crate) fn words(text: &str) -> usize {
    text.split_whitespace().map(words_in_run).sum()
}

fn words_in_run(run: &str) -> usize {
    let others = run.split(is_ideograph).filter(|part| part.contains(char::is_alphanumeric));
    others.count() + run.chars().filter(|c| is_ideograph(*c)).count()
}

/// What blank lines separate, trimmed; none of it is blank.
pub(crate) fn blocks(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in text.lines().map(str::trim_end) {
        match blocks.last_mut() {
            Some(block) if !line.is_empty() => {
                block.push_str(line);
                block.push('\n');
            }
            Some(block) if !block.is_empty() => blocks.push(String::new()),
            _ => {}
        }
    }
    blocks.retain(|block| !block.trim().is_empty());
    blocks.iter().map(|block| block.trim().to_owned()).collect()
}
