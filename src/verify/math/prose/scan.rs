//! An answer as words, signs and whole brackets, so that what is said about it can be told from what it is.

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProseItemKind {
    /// Several letters in a row, or a letter within `\text{}`.
    Word,
    /// A letter, digit, sign or command by itself.
    Sign,
    /// Brackets or an environment, with all they hold.
    Group,
}

/// A part of an answer outside of all brackets.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProseItem {
    pub kind: ProseItemKind,
    /// Byte offsets in the text.
    pub start: usize,
    pub end: usize,
    /// Where the `\text{` begins in whose braces it stands.
    pub wrapper: Option<usize>,
}

impl ProseItem {
    pub(super) fn text<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start..self.end]
    }
}

/// Commands whose braces hold words.
const WRAPPERS: [&str; 8] = ["text", "textrm", "textbf", "textit", "textnormal", "mathrm", "mbox", "mathbf"];

/// The items of a text; `None` where its brackets do not close.
pub(super) fn items(text: &str) -> Option<Vec<ProseItem>> {
    let mut scan = Scan { text, items: Vec::new(), open: Vec::new(), from: (0, None), wrapper: None };
    let mut at = 0;
    while at < text.len() {
        at += scan.step(at)?;
    }
    (scan.open.is_empty() && scan.wrapper.is_none()).then_some(scan.items)
}

struct Scan<'a> {
    text: &'a str,
    items: Vec<ProseItem>,
    /// The brackets that are open; a round one stands for all but braces.
    open: Vec<char>,
    /// Where the outermost of them begins, and in which braces of words.
    from: (usize, Option<usize>),
    wrapper: Option<usize>,
}

impl Scan<'_> {
    fn push(&mut self, kind: ProseItemKind, start: usize, end: usize) {
        if self.open.is_empty() {
            let wrapper = if kind == ProseItemKind::Group { self.from.1 } else { self.wrapper };
            self.items.push(ProseItem { kind, start, end, wrapper });
        }
    }

    /// Takes what begins at an offset, and gives its length.
    fn step(&mut self, at: usize) -> Option<usize> {
        let rest = &self.text[at..];
        let first = rest.chars().next()?;
        let length = first.len_utf8();
        match first {
            '\\' => return self.command(at),
            '(' | '[' => self.opens(at, '('),
            '{' => self.opens(at, '{'),
            ')' | ']' => self.closes('(', at + 1)?,
            '}' if self.open.last() != Some(&'{') && self.wrapper.is_some() => self.wrapper = None,
            '}' => self.closes('{', at + 1)?,
            space if space.is_whitespace() || space == '~' || space == '$' => {}
            letter if letter.is_alphabetic() => {
                let length = rest.chars().take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum();
                let word = length > letter.len_utf8() || self.wrapper.is_some();
                self.push(if word { ProseItemKind::Word } else { ProseItemKind::Sign }, at, at + length);
                return Some(length);
            }
            _ => self.push(ProseItemKind::Sign, at, at + length),
        }
        Some(length)
    }

    fn opens(&mut self, at: usize, bracket: char) {
        if self.open.is_empty() {
            self.from = (at, self.wrapper);
        }
        self.open.push(bracket);
    }

    fn closes(&mut self, bracket: char, end: usize) -> Option<()> {
        (self.open.pop()? == bracket).then_some(())?;
        self.push(ProseItemKind::Group, self.from.0, end);
        Some(())
    }

    fn command(&mut self, at: usize) -> Option<usize> {
        let after = &self.text[at + 1..];
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let name = &after[..letters];
        match name {
            "" => {
                let first = after.chars().next()?;
                match first {
                    '{' => self.opens(at, '\\'),
                    '}' => self.closes('\\', at + 2)?,
                    '%' => self.push(ProseItemKind::Sign, at, at + 2),
                    _ => {}
                }
                return Some(1 + first.len_utf8());
            }
            "begin" => self.opens(at, 'b'),
            "end" => {
                // The name of the environment belongs to it.
                let length = 1 + letters + after[letters..].find('}')? + 1;
                self.closes('b', at + length)?;
                return Some(length);
            }
            "left" | "right" | "quad" | "qquad" => {}
            _ if WRAPPERS.contains(&name) && self.open.is_empty() && self.wrapper.is_none() => {
                let space = after[letters..].len() - after[letters..].trim_start().len();
                if after[letters + space..].starts_with('{') && holds_words(&after[letters + space + 1..]) {
                    self.wrapper = Some(at);
                    return Some(1 + letters + space + 1);
                }
                self.push(ProseItemKind::Sign, at, at + 1 + letters);
            }
            _ => self.push(ProseItemKind::Sign, at, at + 1 + letters),
        }
        Some(1 + letters)
    }
}

/// Whether braces hold more than a letter or number.
fn holds_words(inside: &str) -> bool {
    let inside = inside.split(['}', '{']).next().unwrap_or("").trim();
    inside.chars().filter(|c| c.is_alphabetic()).count() > 1 || inside.contains([',', '('])
}

/// Whether several letters stand in a row anywhere outside of the names of commands.
pub(super) fn has_words(text: &str) -> bool {
    let (mut run, mut in_command) = (0, false);
    text.chars().any(|c| {
        if c.is_alphabetic() {
            run += 1;
            return run > 1 && !in_command;
        }
        (run, in_command) = (0, c == '\\');
        false
    })
}

/// The number of items that say a phrase, in any case, from one on; none where they do not.
pub(super) fn phrase_at(text: &str, items: &[ProseItem], at: usize, phrase: &[&str]) -> Option<usize> {
    let words = items.get(at..at + phrase.len())?;
    let says = |(item, word): (&ProseItem, &&str)| item.text(text).eq_ignore_ascii_case(word);
    words.iter().zip(phrase).all(says).then_some(phrase.len())
}

/// The longest of several phrases that is said from an item on: its length.
pub(super) fn any_phrase_at(
    text: &str,
    items: &[ProseItem],
    at: usize,
    phrases: &[&[&str]],
) -> Option<usize> {
    phrases.iter().filter_map(|phrase| phrase_at(text, items, at, phrase)).max()
}

/// The text before an item, without what separates them.
pub(super) fn before(text: &str, items: &[ProseItem], at: usize) -> String {
    let item = items[at];
    let shared = item.wrapper.filter(|_| at > 0 && items[at - 1].wrapper == item.wrapper);
    let mut end = match (item.wrapper, shared) {
        (Some(wrapper), None) => trimmed(&text[..wrapper]).to_owned(),
        _ => trimmed(&text[..item.start]).to_owned(),
    };
    if shared.is_some() {
        end.push('}');
    }
    end
}

/// The text from an item on.
pub(super) fn after(text: &str, items: &[ProseItem], at: usize) -> String {
    match items.get(at) {
        None => String::new(),
        Some(ProseItem { start, wrapper: Some(_), .. }) => format!("\\text{{{}", &text[*start..]),
        Some(item) => text[item.start..].to_owned(),
    }
}

/// A text without spaces and signs of separation at its end.
fn trimmed(text: &str) -> &str {
    let mut text = text;
    loop {
        let shorter = text.trim_end().trim_end_matches([',', ';', ':']);
        let spaces = ["\\quad", "\\qquad", "\\,", "\\ ", "\\;", "\\:", "\\!", "\\", "~"];
        let shorter = spaces.iter().find_map(|space| shorter.strip_suffix(space)).unwrap_or(shorter);
        if shorter.len() == text.len() {
            return text;
        }
        text = shorter;
    }
}
