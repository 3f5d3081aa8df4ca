//! What a token may be in a formula: a value, a sign, an operator, a word. Knows nothing of where formulas begin
//! and end.

use super::words::{
    is_constant, is_function, is_size, is_text_command, is_unit_letter, is_unit_word, is_variable_cluster,
};
use crate::verify::prose::{ProseKind, ProseToken};

/// Signs, roots and functions before one value, at most; likewise the parts of a unit.
pub(crate) const MOST_SIGNS: usize = 8;

/// The tokens of a text, as parts of formulas.
pub(crate) struct Grammar<'a> {
    pub text: &'a str,
    pub tokens: &'a [ProseToken],
    /// For each bracket that opens a formula, where it closes.
    pub closes: Vec<Option<usize>>,
}

impl<'a> Grammar<'a> {
    pub fn new(text: &'a str, tokens: &'a [ProseToken]) -> Self {
        let mut grammar = Self { text, tokens, closes: vec![None; tokens.len()] };
        let mut open = Vec::new();
        // Tokens so far that no formula holds.
        let mut prose = 0_usize;
        for (at, token) in tokens.iter().enumerate() {
            match token.kind {
                ProseKind::Open => open.push((at, prose)),
                ProseKind::Close => {
                    if let Some((start, before)) = open.pop()
                        && before == prose
                        && at > start + 1
                    {
                        grammar.closes[start] = Some(at);
                    }
                }
                ProseKind::Stop | ProseKind::Question => open.clear(),
                _ => prose += usize::from(grammar.is_prose(at)),
            }
        }
        grammar
    }

    pub fn kind(&self, at: usize) -> Option<ProseKind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    pub fn word(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text(self.text))
    }

    /// Whether a token follows the one before it without a space.
    pub fn is_tied(&self, at: usize) -> bool {
        at > 0 && self.tokens.get(at).is_some_and(|token| !token.spaced)
    }

    /// Whether no formula in brackets holds this token.
    pub fn is_prose(&self, at: usize) -> bool {
        let word = self.word(at);
        match self.tokens[at].kind {
            ProseKind::Word => {
                let tied = self.is_tied(at) && self.kind(at - 1) == Some(ProseKind::Number);
                let short = word.chars().nth(1).is_none() || (tied && is_variable_cluster(word));
                !(short || is_function(word) || is_constant(word))
            }
            ProseKind::Command => is_text_command(word),
            ProseKind::Dash => true,
            ProseKind::Other => word != "|",
            _ => false,
        }
    }

    /// Digits behind letters are no number: "AZYUK2A".
    pub fn is_inside_a_word(&self, at: usize) -> bool {
        self.is_tied(at)
            && self.kind(at) == Some(ProseKind::Number)
            && matches!(self.kind(at - 1), Some(ProseKind::Word | ProseKind::Command))
    }

    /// A letter in brackets, as in "(B)", unless it is an argument.
    pub fn is_label(&self, open: usize, close: usize) -> bool {
        let alone = close == open + 2 && self.kind(open + 1) == Some(ProseKind::Word);
        alone
            && !(self.is_tied(open)
                && matches!(self.kind(open - 1), Some(ProseKind::Word | ProseKind::Operator)))
    }

    /// `\frac`, `\pi` and whatever else is no word, size or operator.
    pub fn is_value_command(&self, at: usize) -> bool {
        let word = self.word(at);
        !is_text_command(word) && !is_size(word) && operator(word).is_none()
    }

    pub fn is_sign(&self, at: usize) -> bool {
        matches!(self.word(at), "-" | "−" | "–" | "+" | "±" | "∓")
    }

    /// Whether a sign is a hyphen or dash rather than the sign of the value behind it.
    pub fn is_between_words(&self, at: usize) -> bool {
        let value = matches!(
            self.kind(at.wrapping_sub(1)),
            Some(ProseKind::Word | ProseKind::Number | ProseKind::Close)
        );
        !self.is_tied(at + 1) || (self.is_tied(at) && value)
    }

    /// Whether a word is a function with its argument behind it.
    pub fn applies(&self, at: usize) -> bool {
        let next = at + 1;
        is_function(self.word(at))
            && (matches!(self.word(next), "_" | "^") && self.is_tied(next)
                || (self.kind(next) == Some(ProseKind::Open) && self.closes[next].is_some())
                || matches!(self.kind(next), Some(ProseKind::Number | ProseKind::Root | ProseKind::Formula))
                || (self.kind(next) == Some(ProseKind::Word) && self.word(next).chars().nth(1).is_none()))
    }

    /// Whether a word stands for unknowns. "a", "A" and "I" are words unless a sign stands beside them.
    pub fn is_variable(&self, at: usize) -> bool {
        let word = self.word(at);
        let tied_number = self.is_tied(at) && self.kind(at - 1) == Some(ProseKind::Number);
        let sign = |at: usize| self.kind(at) == Some(ProseKind::Operator);
        if word.chars().nth(1).is_some() {
            let signs = |at: usize| sign(at) && matches!(self.word(at), "^" | "_" | "+" | "*" | "**");
            return is_variable_cluster(word)
                && (tied_number
                    || (self.is_tied(at) && signs(at - 1))
                    || (self.is_tied(at + 1) && signs(at + 1)));
        }
        if !matches!(word, "a" | "A" | "I") {
            return true;
        }
        tied_number
            || (at > 0 && sign(at - 1))
            || sign(at + 1)
            || (self.is_tied(at + 1)
                && matches!(self.kind(at + 1), Some(ProseKind::Open | ProseKind::Postfix)))
    }

    /// Behind the operator at a token, if a value follows it there.
    pub fn behind_operator(&self, at: usize) -> Option<usize> {
        let word = self.word(at);
        let numbers = at > 0
            && self.kind(at - 1) == Some(ProseKind::Number)
            && matches!(self.kind(at + 1), Some(ProseKind::Number | ProseKind::Currency));
        let is_operator = match self.kind(at)? {
            ProseKind::Operator => true,
            ProseKind::Command => operator(word).is_some(),
            // "6 x 3" and "12:30" between numbers.
            ProseKind::Word => matches!(word, "mod") || (numbers && matches!(word, "x" | "X")),
            ProseKind::Colon => numbers && self.is_tied(at) != self.tokens[at + 1].spaced,
            _ => false,
        };
        (is_operator && self.begins(at + 1)).then_some(at + 1)
    }

    /// Whether a value begins at a token, signs before it included.
    pub fn begins(&self, mut at: usize) -> bool {
        for _ in 0..4 {
            match self.kind(at) {
                Some(ProseKind::Operator) if self.is_sign(at) => at += 1,
                Some(ProseKind::Currency | ProseKind::Root) => at += 1,
                Some(ProseKind::Command) if matches!(self.word(at), "\\left" | "\\pm") => at += 1,
                _ => break,
            }
        }
        match self.kind(at) {
            Some(ProseKind::Number | ProseKind::Formula) => true,
            Some(ProseKind::Open) => self.closes[at].is_some_and(|close| !self.is_label(at, close)),
            Some(ProseKind::Word) => is_constant(self.word(at)) || self.applies(at) || self.is_variable(at),
            Some(ProseKind::Command) => self.is_value_command(at),
            _ => false,
        }
    }

    /// Whether the value at a token multiplies the one that has just ended, or is the fraction of a mixed number.
    pub fn multiplies(&self, at: usize) -> bool {
        let Some(token) = self.tokens.get(at) else { return false };
        let word = self.word(at);
        let before = self.tokens[at - 1].kind;
        match token.kind {
            ProseKind::Number if token.spaced => {
                let fraction = self.word(at + 1) == "/" && self.is_tied(at + 1) && self.is_tied(at + 2);
                let whole = before == ProseKind::Number
                    && self.word(at - 1).bytes().all(|byte| byte.is_ascii_digit());
                whole && (fraction || word.chars().all(|c| !c.is_ascii_digit() && c != '∞'))
            }
            ProseKind::Number => before == ProseKind::Close,
            ProseKind::Open => !token.spaced && self.begins(at),
            ProseKind::Root => true,
            ProseKind::Command => self.is_value_command(at),
            ProseKind::Word if is_constant(word) => true,
            ProseKind::Word if is_function(word) => self.applies(at),
            ProseKind::Word if !token.spaced => self.is_variable(at) && !self.is_unit(at),
            // "12 x." is no twelve, but "12 m" is.
            ProseKind::Word => {
                let lower =
                    word.chars().all(|c| c.is_lowercase()) && word.chars().nth(1).is_none() && word != "a";
                let goes_on = matches!(self.kind(at + 1), Some(ProseKind::Word)) || self.word(at + 1) == "-";
                before != ProseKind::Word && lower && !is_unit_letter(word) && !goes_on
                    || (before == ProseKind::Number && lower && self.behind_sum(at + 1))
            }
            _ => false,
        }
    }

    /// `m²`, `m^2` behind a number.
    pub fn is_unit(&self, at: usize) -> bool {
        is_unit_letter(self.word(at)) && self.is_tied(at + 1) && matches!(self.word(at + 1), "²" | "³")
    }

    /// Behind the unit that follows a value, with its powers and what it is divided by: no number of "5 cm^3" or
    /// "9.8 m/s²" but the first is an answer.
    pub fn behind_unit(&self, end: usize) -> usize {
        let is_unit = |at: usize| {
            let word = self.word(at);
            self.kind(at) == Some(ProseKind::Word) && (is_unit_letter(word) || is_unit_word(word))
        };
        let mut at = end;
        for _ in 0..MOST_SIGNS {
            let word = at + usize::from(at > end && matches!(self.word(at), "/" | "·" | "*"));
            if !is_unit(word) {
                break;
            }
            at = word + 1;
            if self.kind(at) == Some(ProseKind::Postfix) && self.is_tied(at) {
                at += 1;
            } else if self.word(at) == "^" {
                at += 1 + usize::from(self.is_sign(at + 1));
                at = if self.kind(at) == Some(ProseKind::Open) {
                    self.closes[at].unwrap_or(at) + 1
                } else {
                    at + 1
                };
            }
        }
        at.min(self.tokens.len())
    }

    /// Whether a sum goes on: "3 m + 2" is a formula.
    pub fn behind_sum(&self, at: usize) -> bool {
        matches!(self.word(at), "+" | "-" | "−") && self.behind_operator(at).is_some()
    }
}

/// Whether a command stands between values; true where it may not stand before an answer.
pub(crate) fn operator(command: &str) -> Option<bool> {
    match command {
        "\\approx" => Some(false),
        "\\times" | "\\cdot" | "\\div" | "\\pm" | "\\le" | "\\leq" | "\\ge" | "\\geq" | "\\lt" | "\\gt"
        | "\\ne" | "\\neq" | "\\in" | "\\cup" | "\\cap" | "\\setminus" | "\\mp" => Some(true),
        _ => None,
    }
}
