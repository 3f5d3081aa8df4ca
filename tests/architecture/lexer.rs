//! Rust text to tokens: names and punctuation. Comments and the contents of literals are left out.

/// A name, a number, `::`, or one character of punctuation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

impl Token {
    pub fn is(&self, text: &str) -> bool {
        self.text == text
    }

    /// Whether it is a name (or a keyword).
    pub fn is_name(&self) -> bool {
        self.text.starts_with(|first: char| first.is_alphabetic() || first == '_')
    }
}

/// The tokens of a file.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { rest: text, line: 1, tokens: Vec::new() };
    while !lexer.rest.is_empty() {
        lexer.step();
    }
    lexer.tokens
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn step(&mut self) {
        let first = self.rest.chars().next().expect("text is left");
        if self.rest.starts_with("//") {
            self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if self.rest.starts_with("/*") {
            self.skip(block_comment(self.rest));
        } else if let Some(length) = raw_string(self.rest) {
            self.skip(length);
        } else if first == '"' {
            self.skip(string(self.rest));
        } else if first == '\'' {
            self.skip(character_or_lifetime(self.rest));
        } else if first.is_alphanumeric() || first == '_' {
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            let length = self.rest.find(|c: char| !is_part(c)).unwrap_or(self.rest.len());
            // The `b` of `b"bytes"` is no name, but it does no harm as one.
            self.emit(length);
        } else if first.is_whitespace() {
            self.skip(first.len_utf8());
        } else {
            self.emit(if self.rest.starts_with("::") { 2 } else { first.len_utf8() });
        }
    }

    fn emit(&mut self, length: usize) {
        self.tokens.push(Token { text: self.rest[..length].to_owned(), line: self.line });
        self.skip(length);
    }

    fn skip(&mut self, length: usize) {
        self.line += self.rest[..length].matches('\n').count();
        self.rest = &self.rest[length..];
    }
}

/// The length of a block comment, nested ones included.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of `r"…"`, `r#"…"#`, `br"…"` and so on at the start of the text.
fn raw_string(text: &str) -> Option<usize> {
    let after =
        text.strip_prefix("br").or_else(|| text.strip_prefix("cr")).or_else(|| text.strip_prefix('r'))?;
    let inside = after.trim_start_matches('#');
    let hashes = after.len() - inside.len();
    let body = inside.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |found| found + end.len());
    Some(text.len() - body.len() + length)
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn character_or_lifetime(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => {
            // The escaped character may be a quote itself.
            let rest = text.char_indices().skip(3).find(|(_, character)| *character == '\'');
            rest.map_or(text.len(), |(at, _)| at + 1)
        }
        Some((_, first)) => match characters.next() {
            Some((at, '\'')) => at + 1,
            _ if first.is_alphanumeric() || first == '_' => {
                let is_end = |c: char| !c.is_alphanumeric() && c != '_';
                text[1..].find(is_end).map_or(text.len(), |length| 1 + length)
            }
            _ => 1,
        },
        None => text.len(),
    }
}
