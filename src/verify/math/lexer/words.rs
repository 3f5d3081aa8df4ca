//! What braces and words hold: `\text{…}` and its like, arguments that show nothing, times of day.

use super::Lexer;
use crate::verify::{
    math::{budget::Stop, commands, formatting, token::TokenKind, unit::begins_comment},
    text::closing_brace,
};

/// Marks of length in LaTeX.
const LENGTHS: [&str; 8] = ["pt", "mm", "cm", "in", "ex", "em", "mu", "sp"];

impl Lexer<'_> {
    /// `\text{…}` and its like: a name we know, a single letter, a quantity, or words.
    pub(super) fn words(&mut self, length: usize, upright: bool) -> Result<(), Stop> {
        let Some((content, total)) = self.argument(length) else {
            // Without braces only the type is set, as in `\rm x`.
            self.skip(length);
            return Ok(());
        };
        let content = without_brackets(content.trim_matches(|c: char| c.is_whitespace() || c == '~'));
        let mut letters = content.chars();
        let kind = match (letters.next(), letters.next()) {
            (None, _) => None,
            (Some(letter), None) if letter.is_alphabetic() => Some(commands::letter(letter)),
            _ => commands::word(content).or_else(|| Some(TokenKind::Text(content.to_owned()))),
        };
        match kind {
            // Numbers and formulas within `\text{}` and `\mathbf{}` are read as if they stood outside.
            Some(TokenKind::Text(content))
                if !content.contains(char::is_alphabetic)
                    || is_formula(&content)
                    || is_quantity(&content)
                    || is_formatted(&content) =>
            {
                if upright {
                    self.upright = self.at + total;
                }
                self.at += length;
            }
            Some(kind) => self.push_set(kind, total, upright),
            None => self.skip(total),
        }
        Ok(())
    }

    /// Leaves out what follows a command in so many pairs of braces, and what stands in square brackets.
    pub(super) fn hidden(&mut self, length: usize, arguments: usize) {
        let mut total = length;
        total += usize::from(self.rest()[total..].starts_with('*'));
        if self.rest()[total..].starts_with('[') {
            total += self.rest()[total..].find(']').map_or(0, |end| end + 1);
        }
        for _ in 0..arguments {
            total = self.argument(total).map_or(total, |(_, end)| end);
        }
        self.skip(total);
    }

    /// Leaves out a length: `3mu`, `-2pt`.
    pub(super) fn length(&mut self, length: usize) {
        let rest = &self.rest()[length..];
        let number = rest.trim_start_matches(|c: char| c.is_ascii_digit() || " .-".contains(c));
        let unit = LENGTHS.iter().find(|unit| number.starts_with(**unit)).map_or(0, |unit| unit.len());
        self.skip(length + rest.len() - number.len() + unit);
    }

    /// Where the braces close that stand around this place.
    pub(super) fn end_of_group(&self) -> usize {
        closing_brace(self.rest()).map_or(self.text.len(), |length| self.at + length)
    }
}

/// Whether words are short, behind a number or with signs between them: `3x`, `6x + 52`, but not "part 2" or "well-known".
fn is_formula(text: &str) -> bool {
    let is_word = |part: &str| part.chars().filter(|c| c.is_alphabetic()).count() > 2;
    let begins = text.starts_with(|c: char| c.is_ascii_digit());
    (begins || text.contains(['+', '='])) && !text.split_whitespace().any(is_word)
}

/// Whether a formula or another command of formatting stands around the whole content.
fn is_formatted(text: &str) -> bool {
    let command = text.strip_prefix('\\').unwrap_or("");
    let length = command.bytes().take_while(u8::is_ascii_alphabetic).count();
    let name = &command[..length];
    formatting::is_formatting(name)
        || formatting::holds_text(name)
        || (text.len() > 1 && text.starts_with('$') && text.ends_with('$'))
}

/// Whether words are a number and what it counts or measures, "5 apples", "3:45 pm", `\$5 million`, but not
/// "3-digit", "2D shape" or "2 red and 3 blue".
fn is_quantity(text: &str) -> bool {
    let is_head = |c: char| c.is_ascii_digit() || " .,:/%$\\-−€£".contains(c);
    let tail = text.trim_start_matches(is_head);
    let head = &text[..text.len() - tail.len()];
    let counts = head.contains(|c: char| c.is_ascii_digit());
    let ordinal = ["st", "nd", "rd", "th"].contains(&tail);
    let unpowered = tail.replace("^{-", "").replace("^{", "").replace('^', "");
    let powers = tail.matches('^').count();
    let digits = unpowered.chars().filter(char::is_ascii_digit).count();
    counts && (ordinal || head.ends_with([' ', '%']) && digits <= powers && !begins_comment(tail))
}

/// A letter in brackets, as choices are written: the letter.
fn without_brackets(text: &str) -> &str {
    let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    inner.filter(|inner| inner.chars().count() == 1).unwrap_or(text)
}
