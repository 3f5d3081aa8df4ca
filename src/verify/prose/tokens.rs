//! A text as words, numbers, signs and formulas, in one pass. What only formats it (stars of Markdown, the notes
//! of a calculator between `<<` and `>>`) leaves no token.

use super::numbers::{end_of_number, is_vulgar_fraction};

/// What a piece of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProseKind {
    /// `1,000.50`, `3½`, `∞`.
    Number,
    /// Letters, with the hyphens and apostrophes inside: "isn't", "t-shirt".
    Word,
    /// `\frac`, with its backslash.
    Command,
    /// A formula, with its delimiters.
    Formula,
    /// A sign between two values, or a sign before one.
    Operator,
    /// `√`, `∛`.
    Root,
    /// What follows its value: `%`, `°`, `²`, the sign of a factorial.
    Postfix,
    Currency,
    Open,
    Close,
    Comma,
    Semicolon,
    Colon,
    /// The end of a sentence or line.
    Stop,
    /// The end of a question.
    Question,
    /// A dash or arrow between clauses.
    Dash,
    Other,
}

/// A piece of a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProseToken {
    pub kind: ProseKind,
    pub start: usize,
    pub end: usize,
    /// Whether white space stands before it.
    pub spaced: bool,
}

impl ProseToken {
    /// What the token covers of the text that it was read from.
    pub fn text<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start..self.end]
    }
}

/// Reads a text. The formulas, given by their first bytes and ends in order, are one token each.
pub(crate) fn tokens(text: &str, formulas: &[(usize, usize)]) -> Vec<ProseToken> {
    let mut reader = TokenReader {
        text,
        formulas,
        at: 0,
        spaced: true,
        emphasis: [false; 2],
        notes_close: true,
        angle_closes: None,
        found: Vec::with_capacity(text.len() / 4),
    };
    while reader.at < text.len() {
        reader.step();
    }
    reader.found
}

struct TokenReader<'a> {
    text: &'a str,
    formulas: &'a [(usize, usize)],
    at: usize,
    spaced: bool,
    /// Whether one star, or two, have opened an emphasis.
    emphasis: [bool; 2],
    /// Whether `>>` may still follow.
    notes_close: bool,
    /// Where the bracket of a vector `<2, 3>` closes.
    angle_closes: Option<usize>,
    found: Vec<ProseToken>,
}

impl TokenReader<'_> {
    fn step(&mut self) {
        if let Some((&(start, end), rest)) = self.formulas.split_first()
            && start <= self.at
        {
            self.formulas = rest;
            if start == self.at {
                self.push(ProseKind::Formula, end);
            }
            return;
        }
        let rest = &self.text[self.at..];
        let character = rest.chars().next().unwrap_or(' ');
        match character {
            '\n' => self.push(ProseKind::Stop, self.at + 1),
            '~' | '`' => self.skip(1, character == '~'),
            space if space.is_whitespace() => self.skip(space.len_utf8(), true),
            '*' => self.stars(rest),
            '<' if rest.starts_with("<<") && self.notes_close => self.notes(rest),
            '\\' => self.backslash(rest),
            digit if digit.is_ascii_digit() || is_vulgar_fraction(digit) => self.number(digit),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number('.'),
            letter if is_letter(letter) => {
                self.push(ProseKind::Word, self.at + time_of_day(rest).unwrap_or_else(|| word_length(rest)))
            }
            '<' if angle(rest).is_some() => {
                self.angle_closes = angle(rest).map(|length| self.at + length);
                self.push(ProseKind::Open, self.at + 1);
            }
            '>' if self.angle_closes == Some(self.at) => self.push(ProseKind::Close, self.at + 1),
            _ => {
                let (kind, length) = sign(rest, character);
                self.push(kind, self.at + length);
            }
        }
    }

    fn push(&mut self, kind: ProseKind, end: usize) {
        self.found.push(ProseToken { kind, start: self.at, end, spaced: self.spaced });
        self.at = end;
        self.spaced = kind == ProseKind::Stop;
    }

    fn skip(&mut self, length: usize, spaces: bool) {
        self.at += length;
        self.spaced |= spaces;
    }

    fn number(&mut self, first: char) {
        let from = self.at + if first == '.' { 1 } else { 0 };
        self.push(ProseKind::Number, end_of_number(self.text, from));
    }

    /// Stars multiply, raise to a power, or emphasise.
    fn stars(&mut self, rest: &str) {
        let count = rest.len() - rest.trim_start_matches('*').len();
        let next = rest[count..].chars().next().unwrap_or(' ');
        let operand = |c: char| c.is_alphanumeric() || "([{\\√$.-".contains(c);
        let before = !self.spaced
            && self.text[..self.at].ends_with(|c: char| c.is_alphanumeric() || ")]}".contains(c));
        let Some(open) = self.emphasis.get_mut(count - 1) else { return self.skip(count, false) };
        let closes = *open && !(count == 1 && operand(next));
        let multiplies = if count == 1 {
            (before && !next.is_whitespace() && operand(next)) || (self.spaced && next.is_whitespace())
        } else {
            before && operand(next)
        };
        if !closes && multiplies {
            return self.push(ProseKind::Operator, self.at + count);
        }
        *open = !closes && operand(next);
        self.skip(count, false);
    }

    /// `<<3*4=12>>`.
    fn notes(&mut self, rest: &str) {
        match rest.find(">>") {
            Some(end) => self.skip(end + 2, false),
            None => {
                self.notes_close = false;
                self.push(ProseKind::Other, self.at + 2);
            }
        }
    }

    fn backslash(&mut self, rest: &str) {
        let name = rest[1..].len() - rest[1..].trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        if name > 0 {
            return self.push(ProseKind::Command, self.at + 1 + name);
        }
        let next = rest[1..].chars().next().unwrap_or(' ');
        let length = 1 + next.len_utf8().min(rest.len() - 1);
        match next {
            ',' | ';' | ':' | '!' | ' ' => self.skip(length, true),
            '%' => self.push(ProseKind::Postfix, self.at + length),
            '$' => self.push(ProseKind::Currency, self.at + length),
            '{' => self.push(ProseKind::Open, self.at + length),
            '}' => self.push(ProseKind::Close, self.at + length),
            _ => self.push(ProseKind::Other, self.at + length),
        }
    }
}

/// How far it is to the bracket that closes a vector `<2, 3>`.
fn angle(text: &str) -> Option<usize> {
    const REACH: usize = 64;
    let inside = text[1..]
        .bytes()
        .take(REACH)
        .position(|byte| !(byte.is_ascii_alphanumeric() || b",.+-*/^ ()".contains(&byte)))?;
    let components = &text[1..1 + inside];
    let closes =
        text[1 + inside..].starts_with('>') && components.contains(',') && !components.starts_with(' ');
    closes.then_some(1 + inside)
}

/// The bytes of "p.m" or "a.m", whose stop ends no sentence.
fn time_of_day(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is = |at: usize, letters: &[u8]| bytes.get(at).is_some_and(|byte| letters.contains(byte));
    let ends = !bytes.get(3).is_some_and(u8::is_ascii_alphanumeric);
    (is(0, b"aApP") && is(1, b".") && is(2, b"mM") && ends).then_some(3)
}

/// Letters of words; each Han or kana character stands by itself.
fn is_letter(character: char) -> bool {
    let by_itself = matches!(u32::from(character), 0x2E80..=0xD7FF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF);
    character.is_alphabetic() && !by_itself && !"ªºⁱⁿₐₑₒₓₕₖₗₘₙₚₛₜ".contains(character)
}

/// The bytes of the word that a text begins with. A hyphen belongs to it unless it may be a minus between two
/// single letters.
fn word_length(text: &str) -> usize {
    let run =
        |from: usize| text[from..].find(|c: char| !is_letter(c)).map_or(text.len(), |length| from + length);
    let mut end = run(0);
    loop {
        let begin = text[end..].chars().next().filter(|c| "'’-".contains(*c)).map(|c| end + c.len_utf8());
        let Some(begin) = begin else { return end };
        let next = run(begin);
        let single = |part: &str| part.chars().nth(1).is_none();
        if next == begin
            || (text[end..].starts_with('-') && single(&text[..end]) && single(&text[begin..next]))
        {
            return end;
        }
        end = next;
    }
}

fn sign(rest: &str, character: char) -> (ProseKind, usize) {
    let length = character.len_utf8();
    let next = rest[length..].chars().next().unwrap_or(' ');
    let arrows = ["-->", "->", "=>", "==>"].into_iter().find(|arrow| rest.starts_with(arrow));
    if let Some(arrow) = arrows {
        return (ProseKind::Dash, arrow.len());
    }
    let kind = match character {
        '<' | '>' | '!' | ':' if next == '=' => return (ProseKind::Operator, length + 1),
        '+' | '-' | '−' | '–' | '±' | '∓' | '×' | '·' | '⋅' | '÷' | '/' | '^' | '=' | '<' | '>' | '≤'
        | '≥' | '≠' | '≈' | '∈' | '∪' | '∩' | '_' | '∣' => ProseKind::Operator,
        '√' | '∛' | '∜' => ProseKind::Root,
        '∞' => ProseKind::Number,
        '!' if next.is_alphanumeric() || ")+-*/^.,".contains(next) => ProseKind::Postfix,
        '!' | '。' | '！' => ProseKind::Stop,
        '.' if !next.is_alphanumeric() && next != '.' && !rest.starts_with("..") => ProseKind::Stop,
        '?' | '？' => ProseKind::Question,
        '%' | '°' | '′' | '″' | '‰' | '²' | '³' | '¹' | '⁰'..='₎' => ProseKind::Postfix,
        '$' | '€' | '£' | '¥' | '₹' | '¢' => ProseKind::Currency,
        '(' | '[' | '{' | '（' | '【' | '⟨' => ProseKind::Open,
        ')' | ']' | '}' | '）' | '】' | '⟩' => ProseKind::Close,
        ',' | '，' | '、' => ProseKind::Comma,
        ';' | '；' => ProseKind::Semicolon,
        ':' | '：' => ProseKind::Colon,
        '—' | '→' | '⇒' | '⟹' => ProseKind::Dash,
        _ => ProseKind::Other,
    };
    (kind, length)
}
