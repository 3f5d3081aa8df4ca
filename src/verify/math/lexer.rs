//! From text to tokens. Spacing and sizing vanish here; nothing is worked out yet.

use super::{
    budget::{Budget, Stop},
    commands::{self, TEXT_COMMANDS},
    expr::{Constant, Literal, Relation},
    literal::{self, Commas},
    token::{Bracket, Conjunction, Token, TokenKind},
};

/// Splits an answer into tokens.
///
/// # Errors
/// When a character or command cannot be read, or the budget is spent.
pub(crate) fn tokens(text: &str, commas: Commas, budget: &Budget) -> Result<Vec<Token>, Stop> {
    let mut lexer =
        Lexer { text, at: 0, spaced: false, depth: 0, commas, budget, tokens: Vec::with_capacity(16) };
    while lexer.at < text.len() {
        lexer.budget.spend(5)?;
        lexer.step()?;
    }
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    spaced: bool,
    /// Brackets that are open: within them a comma always separates.
    depth: usize,
    commas: Commas,
    budget: &'a Budget,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        match kind {
            TokenKind::Open(bracket) if bracket != Bracket::Group => self.depth += 1,
            TokenKind::Close(bracket) if bracket != Bracket::Group => {
                self.depth = self.depth.saturating_sub(1)
            }
            _ => {}
        }
        self.tokens.push(Token { kind, start: self.at, end: self.at + length, spaced: self.spaced });
        self.at += length;
        self.spaced = false;
    }

    fn skip(&mut self, length: usize) {
        self.at += length;
        self.spaced = true;
    }

    fn step(&mut self) -> Result<(), Stop> {
        let first = self.rest().chars().next().expect("the text has not ended");
        if first.is_ascii_digit() || first == '.' {
            let commas = if self.depth > 0 { Commas::Separators } else { self.commas };
            if let Some((number, length)) = literal::read(self.rest(), commas, self.budget)? {
                self.push(TokenKind::Number(number), length);
                return Ok(());
            }
        }
        match first {
            '\\' => self.command(),
            space if space.is_whitespace() || space == '~' => {
                self.skip(first.len_utf8());
                Ok(())
            }
            letter if letter.is_alphabetic() && commands::character(letter).is_none() => {
                self.letters();
                Ok(())
            }
            other => self.sign(other),
        }
    }

    /// A character that is neither letter, digit nor backslash.
    fn sign(&mut self, first: char) -> Result<(), Stop> {
        let rest = self.rest();
        let pairs = [
            ("{:}", TokenKind::Colon),
            ("**", TokenKind::Power),
            ("<=", TokenKind::Relation(Relation::LessEqual)),
            (">=", TokenKind::Relation(Relation::GreaterEqual)),
            ("!=", TokenKind::Relation(Relation::NotEqual)),
            ("==", TokenKind::Relation(Relation::Equal)),
        ];
        if let Some((pair, kind)) = pairs.into_iter().find(|(pair, _)| rest.starts_with(pair)) {
            self.push(kind, pair.len());
            return Ok(());
        }
        if commands::is_currency(first) {
            self.skip(first.len_utf8());
            return Ok(());
        }
        if commands::superscript(first).is_some() {
            self.superscripts();
            return Ok(());
        }
        match commands::character(first) {
            Some(kind) => self.push(kind, first.len_utf8()),
            None if first.is_control() => return Err(Stop::Unreadable("a control character")),
            None if first == '.' => self.skip(1),
            None => return Err(Stop::Unreadable("a character that is no mathematics")),
        }
        Ok(())
    }

    /// `²³`: a power of the digits.
    fn superscripts(&mut self) {
        let digits: String = self.rest().chars().map_while(commands::superscript).collect();
        let length: usize =
            self.rest().chars().take_while(|c| commands::superscript(*c).is_some()).map(char::len_utf8).sum();
        self.push(TokenKind::Power, 0);
        let value = num_rational::BigRational::from_integer(digits.parse().expect("digits"));
        self.push(TokenKind::Number(Literal { value, places: None }), length);
    }

    /// A run of letters: a known name, a name that begins with a function, or unknowns one by one.
    fn letters(&mut self) {
        let length: usize = self.rest().chars().take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum();
        let run = self.rest()[..length].to_owned();
        if let Some(kind) = commands::word(&run) {
            return self.push(kind, length);
        }
        let mut letters = run.chars();
        if let (Some(letter), None) = (letters.next(), letters.next()) {
            return self.push(commands::letter(letter), length);
        }
        // A function may run into what follows it, as in "sinx" and "sqrtx".
        for split in (2..length).rev().filter(|split| run.is_char_boundary(*split)) {
            if let Some(kind @ (TokenKind::Function(_) | TokenKind::SquareRoot)) =
                commands::word(&run[..split])
            {
                return self.push(kind, split);
            }
        }
        self.push(TokenKind::Word(run), length);
    }

    fn command(&mut self) -> Result<(), Stop> {
        let after = &self.rest()[1..];
        let length: usize = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        if length == 0 {
            return self.short_command();
        }
        let name = after[..length].to_owned();
        if let Some(letter) = name.strip_prefix("qquad").or(name.strip_prefix("quad"))
            && letter.len() == 1
        {
            self.skip(length);
            return Ok(());
        }
        match name.as_str() {
            "left" | "right" => self.sized(&name, 1 + length),
            "begin" | "end" => return self.environment(&name, 1 + length),
            "mathbb" => return self.number_set(1 + length),
            "e" => self.push(TokenKind::Constant(Constant::Euler), 1 + length),
            "i" => self.push(TokenKind::Constant(Constant::Imaginary), 1 + length),
            text if TEXT_COMMANDS.contains(&text) => return self.words(1 + length),
            "color" | "textcolor" => {
                let colour = self.argument(1 + length).map_or(1 + length, |(_, total)| total);
                self.skip(colour);
            }
            formatting if commands::is_formatting(formatting) => self.skip(1 + length),
            _ => match self.known_prefix(&name) {
                Some((kind, length)) => self.push(kind, 1 + length),
                None => self.push(TokenKind::Symbol(format!("\\{name}")), 1 + length),
            },
        }
        Ok(())
    }

    /// A command, also one that runs into a letter as in `\cdotx`.
    fn known_prefix(&self, name: &str) -> Option<(TokenKind, usize)> {
        if let Some(kind) = commands::command(name) {
            return Some((kind, name.len()));
        }
        ["cdot", "times", "pm"]
            .into_iter()
            .find(|prefix| name.len() == prefix.len() + 1 && name.starts_with(prefix))
            .and_then(|prefix| Some((commands::command(prefix)?, prefix.len())))
    }

    /// A backslash and one character.
    fn short_command(&mut self) -> Result<(), Stop> {
        let after = self.rest()[1..].chars().next();
        let length = 1 + after.map_or(0, char::len_utf8);
        match after {
            Some('{') => self.push(TokenKind::Open(Bracket::Curly), length),
            Some('}') => self.push(TokenKind::Close(Bracket::Curly), length),
            Some('\\') => self.push(TokenKind::Row, length),
            Some('%') => self.push(TokenKind::Percent, length),
            Some('|') => self.push(TokenKind::Bar, length),
            Some('&') => self.push(TokenKind::Conjunction(Conjunction::And), length),
            Some('$' | ',' | ';' | ':' | '!' | ' ' | '/' | '(' | ')' | '[' | ']' | '\n') => self.skip(length),
            Some('_') => return Err(Stop::Unreadable("an underscore as text")),
            _ => return Err(Stop::Unreadable("an unknown command")),
        }
        Ok(())
    }

    /// Reads a sized bracket: `\left(`, `\right|`, `\left.`.
    fn sized(&mut self, name: &str, length: usize) {
        let rest = self.rest()[length..].trim_start();
        let space = self.rest().len() - length - rest.len();
        if rest.starts_with('.') {
            self.skip(length + space + 1);
        } else if rest.starts_with('|') {
            let bracket =
                if name == "left" { TokenKind::Open(Bracket::Bar) } else { TokenKind::Close(Bracket::Bar) };
            self.push(bracket, length + space + 1);
        } else {
            self.at += length;
        }
    }

    fn environment(&mut self, name: &str, length: usize) -> Result<(), Stop> {
        let (content, total) =
            self.argument(length).ok_or(Stop::Unreadable("an environment without a name"))?;
        let lays_out = matches!(
            content.trim_end_matches('*'),
            "align" | "aligned" | "equation" | "gather" | "gathered" | "split"
        );
        if lays_out {
            self.skip(total);
        } else if name == "begin" {
            self.push(TokenKind::Begin(content.clone()), total);
            if content == "array" {
                // The alignment of the columns follows and is left out.
                if let Some((_, columns)) = self.argument(0) {
                    self.at += columns;
                }
            }
        } else {
            self.push(TokenKind::End(content), total);
        }
        Ok(())
    }

    fn number_set(&mut self, length: usize) -> Result<(), Stop> {
        let (content, total) = match self.argument(length) {
            Some((content, total)) => (content, total),
            None => {
                let letter: String = self.rest()[length..].trim_start().chars().take(1).collect();
                let space = self.rest()[length..].len() - self.rest()[length..].trim_start().len();
                let total = length + space + letter.len();
                (letter, total)
            }
        };
        let letter = content.trim().chars().next().ok_or(Stop::Unreadable("a set without a name"))?;
        self.push(TokenKind::Numbers(letter), total);
        Ok(())
    }

    /// `\text{…}` and its like: a name we know, a single letter, or words.
    fn words(&mut self, length: usize) -> Result<(), Stop> {
        let Some((content, total)) = self.argument(length) else {
            // Without braces only the type is set, as in `\rm x`.
            self.skip(length);
            return Ok(());
        };
        let content = without_brackets(content.trim());
        let mut letters = content.chars();
        let kind = match (letters.next(), letters.next()) {
            (None, _) => None,
            (Some(letter), None) if letter.is_alphabetic() => Some(commands::letter(letter)),
            _ => commands::word(content).or_else(|| Some(TokenKind::Text(content.to_owned()))),
        };
        match kind {
            // Numbers and formulas within `\text{}` and `\mathbf{}` are read as if they stood outside.
            Some(TokenKind::Text(content))
                if !content.contains(char::is_alphabetic) || is_formula(&content) =>
            {
                self.at += length;
            }
            Some(kind) => self.push(kind, total),
            None => self.skip(total),
        }
        Ok(())
    }

    /// The content of the braces that begin `from` bytes ahead, and the length up to their end.
    fn argument(&self, from: usize) -> Option<(String, usize)> {
        let rest = &self.rest()[from..];
        let inner = rest.trim_start().strip_prefix('{')?;
        let start = rest.len() - inner.len();
        let mut depth = 0_usize;
        for (index, byte) in inner.bytes().enumerate() {
            match byte {
                b'{' => depth += 1,
                b'}' if depth == 0 => return Some((inner[..index].to_owned(), from + start + index + 1)),
                b'}' => depth -= 1,
                _ => {}
            }
        }
        None
    }
}

/// Whether words are short, behind a number or with signs between them: `3x`, `6x + 52`, but not "part 2" or "well-known".
fn is_formula(text: &str) -> bool {
    let is_word = |part: &str| part.chars().filter(|c| c.is_alphabetic()).count() > 2;
    let begins = text.starts_with(|c: char| c.is_ascii_digit());
    (begins || text.contains(['+', '='])) && !text.split_whitespace().any(is_word)
}

/// A letter in brackets, as choices are written: the letter.
fn without_brackets(text: &str) -> &str {
    let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    inner.filter(|inner| inner.chars().count() == 1).unwrap_or(text)
}
