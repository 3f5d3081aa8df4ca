//! From text to tokens. Spacing and sizing vanish here; nothing is worked out yet.

mod dollars;
mod words;

use super::{
    budget::{Budget, Stop},
    commands,
    expr::{Constant, Relation},
    formatting,
    literal::{self, Commas},
    token::{Bracket, Conjunction, Token, TokenKind},
    unit::{self, Unit},
};
use crate::verify::text::closing_brace;

/// Splits an answer into tokens.
///
/// # Errors
/// When a character or command cannot be read, or the budget is spent.
pub(crate) fn tokens(text: &str, commas: Commas, budget: &Budget) -> Result<Vec<Token>, Stop> {
    let mut lexer = Lexer {
        text,
        at: 0,
        spaced: false,
        depth: 0,
        upright: 0,
        commas,
        budget,
        tokens: Vec::with_capacity(16),
    };
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
    /// Up to where words and letters behind a space are set upright.
    upright: usize,
    commas: Commas,
    budget: &'a Budget,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        let upright = self.spaced && self.at < self.upright;
        self.push_set(kind, length, upright);
    }

    /// Takes a token that is set upright, or not.
    fn push_set(&mut self, kind: TokenKind, length: usize, upright: bool) {
        match kind {
            TokenKind::Open(bracket) if bracket != Bracket::Group => self.depth += 1,
            TokenKind::Close(bracket) if bracket != Bracket::Group => {
                self.depth = self.depth.saturating_sub(1)
            }
            _ => {}
        }
        let (start, end, spaced) = (self.at, self.at + length, self.spaced);
        self.tokens.push(Token { kind, start, end, spaced, upright });
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
        if let Some((kind, length)) = self.several_signs() {
            self.push(kind, length);
            return Ok(());
        }
        if first == '$' && !dollars::is_currency(self.text, self.at) {
            self.skip(1);
            return Ok(());
        }
        if let Some(name) = commands::currency(first) {
            self.push(TokenKind::Currency(Unit::named(name)), first.len_utf8());
            return Ok(());
        }
        match commands::character(first) {
            Some(kind) => self.push(kind, first.len_utf8()),
            None if first == '"' => {
                self.push(TokenKind::Prime, 0);
                self.push(TokenKind::Prime, 1);
            }
            None if first.is_control() => return Err(Stop::Unreadable("a control character")),
            None if first == '.' => self.skip(1),
            None => return Err(Stop::Unreadable("a character that is no mathematics")),
        }
        Ok(())
    }

    /// Several characters that are one sign.
    fn several_signs(&self) -> Option<(TokenKind, usize)> {
        const SIGNS: [(&str, TokenKind); 11] = [
            ("{:}", TokenKind::Colon),
            ("**", TokenKind::Power),
            ("<=", TokenKind::Relation(Relation::LessEqual)),
            (">=", TokenKind::Relation(Relation::GreaterEqual)),
            ("!=", TokenKind::Relation(Relation::NotEqual)),
            ("==", TokenKind::Relation(Relation::Equal)),
            (":=", TokenKind::Relation(Relation::Equal)),
            ("+/-", TokenKind::PlusMinus(false)),
            ("+/−", TokenKind::PlusMinus(false)),
            ("-/+", TokenKind::PlusMinus(true)),
            ("−/+", TokenKind::PlusMinus(true)),
        ];
        let rest = self.rest();
        let second = rest.chars().nth(1)?;
        if !matches!(second, ':' | '*' | '=' | '-' | '−' | '/') {
            return None;
        }
        if let Some((sign, kind)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            return Some((kind.clone(), sign.len()));
        }
        let after = ["+-", "+−"].into_iter().find_map(|sign| rest.strip_prefix(sign))?;
        self.is_plus_minus(after).then_some((TokenKind::PlusMinus(false), rest.len() - after.len()))
    }

    /// Whether `+-` means both signs, as it does where a value begins, with spaces around it, and before a root;
    /// in `3x+-5` a negative number is added.
    fn is_plus_minus(&self, after: &str) -> bool {
        let begins = !self.tokens.last().is_some_and(|last| last.kind.ends_value());
        let before_root = ["\\sqrt", "sqrt", "√"].iter().any(|root| after.trim_start().starts_with(root));
        begins || before_root || (self.spaced && after.starts_with(char::is_whitespace))
    }

    /// A run of letters: a known name, a name that begins with a function, or unknowns one by one.
    fn letters(&mut self) {
        if let Some((word, length)) = commands::clock(self.rest()) {
            return self.push(TokenKind::Word(word.to_owned()), length);
        }
        let length: usize = self.rest().chars().take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum();
        let run = self.rest()[..length].to_owned();
        if let Some(kind) = commands::word(&run) {
            return self.push(kind, length);
        }
        let mut letters = run.chars();
        if let (Some(letter), None) = (letters.next(), letters.next()) {
            return self.push(commands::letter(letter), length);
        }
        // A function may run into what follows it, as in "sinx" and "sqrtx", but is not the beginning of a word.
        let is_word = |rest: &str| rest.chars().count() > 3 && commands::word(rest).is_none();
        let splits =
            (2..length).rev().filter(|split| run.is_char_boundary(*split) && !is_word(&run[*split..]));
        for split in splits.filter(|_| !unit::is_known_plain(&run)) {
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
        if let Some(kind) = commands::command(&name) {
            self.push(kind, 1 + length);
            return Ok(());
        }
        match name.as_str() {
            "left" | "right" => self.sized(&name, 1 + length),
            "begin" | "end" => return self.environment(&name, 1 + length),
            "mathbb" => return self.number_set(1 + length),
            "e" => self.push(TokenKind::Constant(Constant::Euler), 1 + length),
            "i" => self.push(TokenKind::Constant(Constant::Imaginary), 1 + length),
            text if formatting::holds_text(text) => {
                return self.words(1 + length, formatting::is_upright(text));
            }
            hidden if formatting::hidden_arguments(hidden).is_some() => {
                let count = formatting::hidden_arguments(hidden).unwrap_or(0);
                self.hidden(1 + length, count);
            }
            spacing if formatting::takes_length(spacing) => self.length(1 + length),
            upright if formatting::turns_upright(upright) => {
                self.skip(1 + length);
                if self.upright <= self.at {
                    self.upright = self.end_of_group();
                }
            }
            formatting if formatting::is_formatting(formatting) => self.skip(1 + length),
            _ => match self.known_prefix(&name) {
                Some((kind, length)) => self.push(kind, 1 + length),
                None => {
                    self.push(TokenKind::Symbol(format!("\\{}", commands::usual_form(&name))), 1 + length);
                }
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
            Some('$') => self.push(TokenKind::Currency(Unit::named("$")), length),
            Some('\'') => self.push(TokenKind::Prime, length),
            Some(',' | ';' | ':' | '!' | ' ' | '/' | '(' | ')' | '[' | ']' | '\n') => self.skip(length),
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

    /// The content of the braces that begin `from` bytes ahead, and the length up to their end.
    fn argument(&self, from: usize) -> Option<(String, usize)> {
        let rest = &self.rest()[from..];
        let inner = rest.trim_start().strip_prefix('{')?;
        let start = rest.len() - inner.len();
        let length = closing_brace(inner)?;
        Some((inner[..length].to_owned(), from + start + length + 1))
    }
}
