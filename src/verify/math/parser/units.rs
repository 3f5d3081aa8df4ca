//! Units behind values, however they are set: `\text{ m/s}^2`, `\frac{\text{m}}{\text{s}}`, `^\circ\text{C}`, plain words.

use num_traits::ToPrimitive;

use super::numerals::Replacement;
use crate::verify::math::{
    expr::Function,
    token::{Bracket, Token, TokenKind},
    unit::{Unit, UnitReader, begins_comment, is_known_plain},
};

const OPENS: TokenKind = TokenKind::Open(Bracket::Group);
const CLOSES: TokenKind = TokenKind::Close(Bracket::Group);

/// Single letters that are units where they are set upright behind a value.
const LETTERS: &str = "mghstLlVWANJKCFTℓ";

/// Currencies whose code or abbreviation may stand before a number.
const CODES: [&str; 14] =
    ["USD", "EUR", "GBP", "JPY", "CNY", "RMB", "INR", "Rs", "CHF", "KRW", "RUB", "MXN", "THB", "VND"];

/// Reads the unit that tokens begin with, if they do; `before` is what has been prepared so far.
pub(super) fn read(before: &[Token], tokens: &[Token]) -> Option<Replacement> {
    let last = before.last();
    let behind_value = last.is_some_and(|token| token.kind.ends_value());
    let next_is_number = |at: usize| matches!(kind(tokens, at), Some(TokenKind::Number(_)));
    match kind(tokens, 0)? {
        TokenKind::Currency(unit) if behind_value && !next_is_number(1) => {
            return Some((vec![TokenKind::Unit(unit.clone())], 1));
        }
        TokenKind::Word(word) | TokenKind::Text(word) if !behind_value => {
            let word = word.trim_end_matches(['.', ' ']);
            if CODES.contains(&word) && next_is_number(1) {
                let mut reader = UnitReader::default();
                reader.word(word, true, false);
                return Some((vec![TokenKind::Currency(reader.finish())], 1));
            }
            let dollars = word == "US" && matches!(kind(tokens, 1), Some(TokenKind::Currency(_)));
            return dollars.then(|| (Vec::new(), 1));
        }
        TokenKind::Power => {
            if let Some(length) = raised_primes(tokens) {
                return Some((vec![TokenKind::Prime; length - 3], length));
            }
        }
        _ => {}
    }
    if !behind_value {
        return None;
    }
    let mut run = UnitRun { tokens, at: 0, before, signs: 0, reader: UnitReader::default() };
    run.read();
    let (length, unit) = (run.at, run.reader.finish());
    match length {
        0 => None,
        length if unit.is_none() => Some((Vec::new(), length)),
        length => Some((vec![TokenKind::Unit(unit)], length)),
    }
}

fn kind(tokens: &[Token], at: usize) -> Option<&TokenKind> {
    tokens.get(at).map(|token| &token.kind)
}

/// The length of `^{\prime\prime}`.
fn raised_primes(tokens: &[Token]) -> Option<usize> {
    let primes = tokens.get(2..)?.iter().take_while(|token| token.kind == TokenKind::Prime).count();
    let closed = kind(tokens, 1) == Some(&OPENS) && kind(tokens, 2 + primes) == Some(&CLOSES);
    (primes > 0 && closed).then_some(3 + primes)
}

/// A unit that is being read from tokens.
struct UnitRun<'a> {
    tokens: &'a [Token],
    at: usize,
    before: &'a [Token],
    /// The signs of products and quotients that are being read, one within the other.
    signs: usize,
    reader: UnitReader,
}

/// Brackets below a line that are read within each other.
const MOST_SIGNS: usize = 4;

impl UnitRun<'_> {
    fn kind(&self, ahead: usize) -> Option<&TokenKind> {
        kind(self.tokens, self.at + ahead)
    }

    /// Reads as far as the unit goes.
    fn read(&mut self) {
        if let Some((name, length)) = self.temperature() {
            self.reader.push(name);
            self.at += length;
        }
        while self.part() {}
    }

    /// Degrees of a scale: `^\circ\text{C}`, `° C`, "degrees Celsius".
    fn temperature(&self) -> Option<(&'static str, usize)> {
        let mut at = usize::from(self.kind(0) == Some(&TokenKind::Power));
        let grouped = self.kind(at) == Some(&OPENS);
        at += usize::from(grouped);
        if self.kind(at) != Some(&TokenKind::Degree) {
            return None;
        }
        at += 1;
        if grouped && self.kind(at) == Some(&CLOSES) {
            return self.scale(at + 1);
        }
        let (name, length) = self.scale(at)?;
        (!grouped || self.kind(length) == Some(&CLOSES)).then_some((name, length + usize::from(grouped)))
    }

    /// The name of a scale so far ahead, and where it ends.
    fn scale(&self, at: usize) -> Option<(&'static str, usize)> {
        let (letter, end) = match self.kind(at)? {
            &OPENS if self.kind(at + 2) == Some(&CLOSES) => (self.kind(at + 1)?, at + 3),
            kind => (kind, at + 1),
        };
        let goes_on = matches!(
            self.kind(end),
            Some(TokenKind::Subscript | TokenKind::Number(_) | TokenKind::Symbol(_))
        );
        let (TokenKind::Symbol(name) | TokenKind::Word(name) | TokenKind::Text(name)) = letter else {
            return None;
        };
        match name.trim().to_lowercase().as_str() {
            "c" | "celsius" | "centigrade" if !goes_on => Some(("°C", end)),
            "f" | "fahrenheit" if !goes_on => Some(("°F", end)),
            _ => None,
        }
    }

    /// Reads one more part; whether there was one.
    fn part(&mut self) -> bool {
        match self.kind(0) {
            Some(TokenKind::Power) => self.power(),
            Some(TokenKind::Divide | TokenKind::Times) if !self.reader.is_empty() => self.sign(),
            Some(TokenKind::Divide) if self.names_unit(1) => self.sign(),
            Some(TokenKind::Fraction) if self.kind(2) != Some(&TokenKind::Fraction) => self.fraction(),
            Some(&OPENS) => self.group(CLOSES),
            _ => self.word(),
        }
    }

    /// `^2`, `^{-1}` behind a unit.
    fn power(&mut self) -> bool {
        let grouped = self.kind(1) == Some(&OPENS);
        let mut at = 1 + usize::from(grouped);
        let negative = self.kind(at) == Some(&TokenKind::Minus);
        at += usize::from(negative);
        let Some(TokenKind::Number(number)) = self.kind(at) else { return false };
        let whole = number.value.is_integer().then(|| number.value.to_integer().to_i32()).flatten();
        let Some(exponent) = whole.filter(|exponent| self.reader.has_unit() && exponent.abs() < 100) else {
            return false;
        };
        if grouped && self.kind(at + 1) != Some(&CLOSES) {
            return false;
        }
        self.reader.raise(if negative { -exponent } else { exponent });
        self.at += at + 1 + usize::from(grouped);
        true
    }

    /// A sign of a product or quotient, if more of the unit follows.
    fn sign(&mut self) -> bool {
        if self.signs >= MOST_SIGNS {
            return false;
        }
        let start = self.at;
        let below = self.kind(0) == Some(&TokenKind::Divide);
        self.at += 1;
        self.signs += 1;
        let mut reader = UnitReader::default();
        std::mem::swap(&mut reader, &mut self.reader);
        let goes_on = match self.kind(0) {
            Some(TokenKind::Open(Bracket::Round)) => self.group(TokenKind::Close(Bracket::Round)),
            _ => self.letter(below) || self.word(),
        };
        while goes_on && self.kind(0) == Some(&TokenKind::Power) && self.power() {}
        std::mem::swap(&mut reader, &mut self.reader);
        self.signs -= 1;
        if !goes_on || reader.is_empty() {
            self.at = start;
            return false;
        }
        self.reader.join(reader.finish(), below);
        true
    }

    /// Whether the token so far ahead is a word for a unit that is known.
    fn names_unit(&self, ahead: usize) -> bool {
        match self.kind(ahead) {
            Some(TokenKind::Text(word) | TokenKind::Word(word)) => is_known_plain(word.trim()),
            _ => false,
        }
    }

    /// `\frac{\text{m}}{\text{s}}`
    fn fraction(&mut self) -> bool {
        let start = self.at;
        self.at += 1;
        let above = self.whole_group();
        let below = above.is_some().then(|| self.whole_group()).flatten();
        let (Some(above), Some(below)) = (above, below) else {
            self.at = start;
            return false;
        };
        self.reader.join(above, false);
        self.reader.join(below, true);
        true
    }

    /// Braces that hold a unit and nothing else.
    fn whole_group(&mut self) -> Option<Unit> {
        let mut outer = std::mem::take(&mut self.reader);
        let found = self.group(CLOSES);
        std::mem::swap(&mut outer, &mut self.reader);
        found.then(|| outer.finish())
    }

    /// A bracket that holds a unit and nothing else; behind it nothing has been read where it does not.
    fn group(&mut self, close: TokenKind) -> bool {
        let start = self.at;
        let mut outer = std::mem::take(&mut self.reader);
        self.at += usize::from(matches!(self.kind(0), Some(TokenKind::Open(_))));
        while !matches!(self.kind(0), Some(TokenKind::Open(_))) && (self.letter(false) || self.part()) {}
        let found = self.at > start + 1 && self.kind(0) == Some(&close) && self.reader.has_unit();
        std::mem::swap(&mut outer, &mut self.reader);
        if found {
            self.at += 1;
            self.reader.join(outer.finish(), false);
        } else {
            self.at = start;
        }
        found
    }

    /// A single upright letter, ohms, words and known symbols.
    fn word(&mut self) -> bool {
        let spaced = self.tokens.get(self.at).is_some_and(|token| token.spaced);
        let begins = self.reader.is_empty();
        match self.kind(0).cloned() {
            Some(TokenKind::Text(content)) if !begins_comment(&content) => {
                self.reader.read(&content);
                self.at += 1;
                true
            }
            Some(TokenKind::Word(word)) if self.is_word(&word, spaced) => {
                let is_last = !matches!(self.kind(1), Some(TokenKind::Word(_) | TokenKind::Text(_)));
                self.reader.word(&word, is_last, self.kind(1) == Some(&TokenKind::Power));
                self.at += 1;
                true
            }
            // Behind a number these are minutes and seconds, not minimum and secant.
            Some(TokenKind::Function(function @ (Function::Min | Function::Sec)))
                if (self.is_behind_number() || !begins)
                    && !matches!(self.kind(1), Some(TokenKind::Open(_))) =>
            {
                self.reader.push(if function == Function::Min { "min" } else { "s" });
                self.at += 1;
                true
            }
            Some(TokenKind::Symbol(name)) if name == "\\mu" => self.micro(),
            // A union of nothing: the word for a measure.
            Some(TokenKind::Union) if begins && self.kind(1).is_none() => {
                self.reader.push("cup");
                self.at += 1;
                true
            }
            Some(TokenKind::Symbol(name)) if name == "\\Omega" && !self.continues_product() => {
                self.reader.push("Ω");
                self.at += 1;
                true
            }
            _ => self.letter(false),
        }
    }

    /// Whether something that is multiplied follows the next token, so that it is an unknown.
    fn continues_product(&self) -> bool {
        matches!(
            self.kind(1),
            Some(TokenKind::Symbol(_) | TokenKind::Number(_) | TokenKind::Subscript | TokenKind::Open(_))
        )
    }

    /// One letter: set upright, or behind a sign or space in a unit that has begun.
    fn letter(&mut self, behind_sign: bool) -> bool {
        let Some(token) = self.tokens.get(self.at) else { return false };
        let TokenKind::Symbol(name) = &token.kind else { return false };
        let known = name.chars().count() == 1 && LETTERS.contains(name.as_str());
        let behind_symbol = self.at == 0 && matches!(self.last(), Some(TokenKind::Symbol(_)));
        let is_unit = (token.upright && !behind_symbol)
            || behind_sign
            || (self.reader.has_unit() && token.spaced)
            || self.is_compound();
        if !known || !is_unit || matches!(self.kind(1), Some(TokenKind::Subscript)) {
            return false;
        }
        let name = name.clone();
        self.reader.word(&name, true, true);
        self.at += 1;
        true
    }

    /// `\mu\text{m}`: a millionth of the unit that follows upright.
    fn micro(&mut self) -> bool {
        let unit = match self.tokens.get(self.at + 1) {
            Some(Token { kind: TokenKind::Symbol(name) | TokenKind::Text(name), upright: true, .. }) => {
                name.clone()
            }
            _ => return false,
        };
        self.reader.read(&format!("\\mu {unit}"));
        self.at += 2;
        true
    }

    /// Whether a letter behind a number is part of a quantity in several units: `2 h 30 min`, `5 m 20 s`.
    fn is_compound(&self) -> bool {
        let number_follows = self
            .tokens
            .get(self.at + 1)
            .is_some_and(|next| next.spaced && matches!(next.kind, TokenKind::Number(_)));
        let unit_before = matches!(self.before, [.., before, _] if matches!(before.kind, TokenKind::Unit(_)));
        self.is_behind_number() && (number_follows || unit_before)
    }

    /// The last token before the unit.
    fn last(&self) -> Option<&TokenKind> {
        self.before.last().map(|token| &token.kind)
    }

    fn is_behind_number(&self) -> bool {
        self.at == 0 && matches!(self.last(), Some(TokenKind::Number(_)))
    }

    /// Whether a plain word belongs to the unit: a long one, a known one, or a short one behind others.
    fn is_word(&self, word: &str, spaced: bool) -> bool {
        if begins_comment(word) {
            return false;
        }
        let begun = !self.reader.is_empty() || self.signs > 0;
        let length = word.chars().count();
        let next_is_word =
            matches!(self.kind(1), Some(TokenKind::Word(next)) if next.len() > 3 || is_known_plain(next));
        length > 3
            || (is_known_plain(word) && (begun || self.is_behind_number()))
            || (spaced && is_known_plain(word) && (length > 2 || word == "cm"))
            || (spaced && (begun || word == "per" || next_is_word))
    }
}
