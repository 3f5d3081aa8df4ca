//! Whole formulas in plain text: every number is seen with all that it belongs to, so that a part of `x^2`,
//! `2*sqrt(3)` or `(5, pi/4)` is never taken for an answer. One pass, linear in the text.

use super::words::{
    is_constant, is_function, is_size, is_text_command, is_unit_letter, is_unit_word, is_variable_cluster,
};
use crate::verify::prose::{ProseKind, ProseToken};

/// A formula, as a range of tokens, and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub first: usize,
    /// The token behind its last.
    pub end: usize,
    /// Behind its last `=`, where one stands in the open.
    pub value: Option<usize>,
    /// Whether it holds unknowns.
    pub letters: bool,
    /// Whether it holds a formula between delimiters.
    pub latex: bool,
    /// Whether it holds a relation other than `=`.
    pub inequality: bool,
    /// Whether values are added, multiplied or the like in it, apart from division.
    pub calculates: bool,
    /// Whether more than a letter is there.
    core: bool,
}

/// Signs, roots and functions before one value, at most.
const MOST_SIGNS: usize = 8;

/// Every formula of a text, in order. A letter by itself is none.
pub(crate) fn spans(text: &str, tokens: &[ProseToken]) -> Vec<Span> {
    let finder = Finder::new(text, tokens);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match finder.span(at) {
            Some(span) => {
                at = finder.behind_unit(span.end).max(at + 1);
                if span.core && !finder.dangles(&span) {
                    found.push(span);
                }
            }
            None => at += 1,
        }
    }
    found
}

struct Finder<'a> {
    text: &'a str,
    tokens: &'a [ProseToken],
    /// For each bracket that opens a formula, where it closes.
    closes: Vec<Option<usize>>,
}

impl<'a> Finder<'a> {
    fn new(text: &'a str, tokens: &'a [ProseToken]) -> Self {
        let mut finder = Self { text, tokens, closes: vec![None; tokens.len()] };
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
                        finder.closes[start] = Some(at);
                    }
                }
                ProseKind::Stop | ProseKind::Question => open.clear(),
                _ => prose += usize::from(finder.is_prose(at)),
            }
        }
        finder
    }

    fn kind(&self, at: usize) -> Option<ProseKind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn word(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text(self.text))
    }

    /// Whether a token follows the one before it without a space.
    fn is_tied(&self, at: usize) -> bool {
        at > 0 && self.tokens.get(at).is_some_and(|token| !token.spaced)
    }

    /// Whether no formula in brackets holds this token.
    fn is_prose(&self, at: usize) -> bool {
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

    /// The formula that begins at a token.
    fn span(&self, first: usize) -> Option<Span> {
        let mut span = Span {
            first,
            end: first,
            value: None,
            letters: false,
            latex: false,
            inequality: false,
            calculates: false,
            core: false,
        };
        if self.is_inside_a_word(first) {
            return None;
        }
        let mut at = self.operand(first, &mut span, true)?;
        loop {
            while self.kind(at) == Some(ProseKind::Postfix) && (self.is_tied(at) || self.word(at) == "%") {
                span.core = true;
                at += 1;
            }
            if let Some(next) = self.behind_operator(at) {
                self.note_operator(at, next, &mut span);
                let Some(end) = self.operand(next, &mut span, false) else { break };
                at = end;
            } else if self.multiplies(at) {
                span.core = true;
                span.calculates |=
                    self.kind(at - 1) != Some(ProseKind::Number) || self.kind(at) != Some(ProseKind::Number);
                let Some(end) = self.operand(at, &mut span, false) else { break };
                at = end;
            } else {
                break;
            }
        }
        span.end = at;
        Some(span)
    }

    /// Digits behind letters are no number: "AZYUK2A".
    fn is_inside_a_word(&self, at: usize) -> bool {
        self.is_tied(at)
            && self.kind(at) == Some(ProseKind::Number)
            && matches!(self.kind(at - 1), Some(ProseKind::Word | ProseKind::Command))
    }

    fn note_operator(&self, at: usize, next: usize, span: &mut Span) {
        span.core = true;
        match self.word(at) {
            "=" => span.value = Some(next),
            "≈" | "/" | "\\approx" => {}
            "<" | ">" | "≤" | "≥" | "≠" | "<=" | ">=" | "!=" | "∈" | "\\le" | "\\leq" | "\\ge" | "\\geq"
            | "\\lt" | "\\gt" | "\\ne" | "\\neq" | "\\in" => {
                span.inequality = true;
                span.calculates = true;
            }
            _ => span.calculates = true,
        }
    }

    /// Where an operand that begins at a token ends: signs, roots and functions, and what they apply to.
    fn operand(&self, mut at: usize, span: &mut Span, begins: bool) -> Option<usize> {
        let mut first = begins;
        for _ in 0..MOST_SIGNS {
            match self.kind(at)? {
                ProseKind::Operator if self.is_sign(at) && !(first && self.is_between_words(at)) => at += 1,
                ProseKind::Currency => at += 1,
                ProseKind::Root => {
                    span.core = true;
                    span.calculates = true;
                    at += 1;
                }
                ProseKind::Word if self.applies(at) => {
                    (span.core, span.calculates) = (true, true);
                    at += 1;
                    while matches!(self.word(at), "_" | "^") && self.is_tied(at) {
                        at = self.atom(at + 1, span)?;
                    }
                }
                ProseKind::Command if matches!(self.word(at), "\\left" | "\\right" | "\\pm" | "\\mp") => {
                    at += 1
                }
                _ => break,
            }
            first = false;
        }
        self.atom(at, span)
    }

    /// Where a value that nothing stands before ends.
    fn atom(&self, at: usize, span: &mut Span) -> Option<usize> {
        match self.kind(at)? {
            ProseKind::Number if !self.is_inside_a_word(at) || self.word(at - 1).starts_with('\\') => {
                span.core = true
            }
            ProseKind::Formula => (span.core, span.latex) = (true, true),
            ProseKind::Open => {
                let close = self.closes[at].filter(|&close| !self.is_label(at, close))?;
                span.core = true;
                span.letters |= (at..close).any(|at| self.kind(at) == Some(ProseKind::Word));
                return Some(close + 1);
            }
            ProseKind::Word if is_constant(self.word(at)) => span.core = true,
            ProseKind::Word if self.is_variable(at) => span.letters = true,
            ProseKind::Command if self.is_value_command(at) => {
                span.core = true;
                span.letters |=
                    !matches!(self.word(at), "\\frac" | "\\dfrac" | "\\tfrac" | "\\sqrt" | "\\pi");
                let mut end = at + 1;
                while self.is_tied(end) && self.kind(end) == Some(ProseKind::Open) {
                    let Some(close) = self.closes[end] else { break };
                    end = close + 1;
                }
                return Some(end);
            }
            _ => return None,
        }
        Some(at + 1)
    }

    /// A letter in brackets, as in "(B)", unless it is an argument.
    fn is_label(&self, open: usize, close: usize) -> bool {
        let alone = close == open + 2 && self.kind(open + 1) == Some(ProseKind::Word);
        alone
            && !(self.is_tied(open)
                && matches!(self.kind(open - 1), Some(ProseKind::Word | ProseKind::Operator)))
    }

    /// `\frac`, `\pi` and whatever else is no word, size or operator.
    fn is_value_command(&self, at: usize) -> bool {
        let word = self.word(at);
        !is_text_command(word) && !is_size(word) && operator(word).is_none()
    }

    fn is_sign(&self, at: usize) -> bool {
        matches!(self.word(at), "-" | "−" | "–" | "+" | "±" | "∓")
    }

    /// Whether a sign is a hyphen or dash rather than the sign of the value behind it.
    fn is_between_words(&self, at: usize) -> bool {
        let value = matches!(
            self.kind(at.wrapping_sub(1)),
            Some(ProseKind::Word | ProseKind::Number | ProseKind::Close)
        );
        !self.is_tied(at + 1) || (self.is_tied(at) && value)
    }

    /// Whether a word is a function with its argument behind it.
    fn applies(&self, at: usize) -> bool {
        let next = at + 1;
        is_function(self.word(at))
            && (matches!(self.word(next), "_" | "^") && self.is_tied(next)
                || (self.kind(next) == Some(ProseKind::Open) && self.closes[next].is_some())
                || matches!(self.kind(next), Some(ProseKind::Number | ProseKind::Root | ProseKind::Formula))
                || (self.kind(next) == Some(ProseKind::Word) && self.word(next).chars().nth(1).is_none()))
    }

    /// Whether a word stands for unknowns. "a", "A" and "I" are words unless a sign stands beside them.
    fn is_variable(&self, at: usize) -> bool {
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
    fn behind_operator(&self, at: usize) -> Option<usize> {
        let word = self.word(at);
        let numbers = at > 0
            && self.kind(at - 1) == Some(ProseKind::Number)
            && matches!(self.kind(at + 1), Some(ProseKind::Number | ProseKind::Currency));
        let is_operator = match self.kind(at)? {
            ProseKind::Operator => true,
            ProseKind::Command => operator(word).is_some(),
            // "6 x 3" and "12:30" between numbers.
            ProseKind::Word => numbers && matches!(word, "x" | "X"),
            ProseKind::Colon => numbers && self.is_tied(at) != self.tokens[at + 1].spaced,
            _ => false,
        };
        (is_operator && self.begins(at + 1)).then_some(at + 1)
    }

    /// Whether a value begins at a token, signs before it included.
    fn begins(&self, mut at: usize) -> bool {
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
    fn multiplies(&self, at: usize) -> bool {
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
    fn is_unit(&self, at: usize) -> bool {
        is_unit_letter(self.word(at)) && self.is_tied(at + 1) && matches!(self.word(at + 1), "²" | "³")
    }

    /// Behind the unit that follows a value, with its powers and what it is divided by: no number of "5 cm^3" or
    /// "9.8 m/s²" but the first is an answer.
    fn behind_unit(&self, end: usize) -> usize {
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
    fn behind_sum(&self, at: usize) -> bool {
        matches!(self.word(at), "+" | "-" | "−") && self.behind_operator(at).is_some()
    }

    /// Whether a formula is a part of what could not be read: "total > 5", "5 + apples".
    fn dangles(&self, span: &Span) -> bool {
        const LEFT: [&str; 20] = [
            "+", "*", "**", "×", "·", "⋅", "÷", "/", "^", "_", "<", ">", "≤", "≥", "≠", "<=", ">=", "!=",
            "∈", "√",
        ];
        const RIGHT: [&str; 13] = ["+", "×", "·", "÷", "^", "<", ">", "≤", "≥", "≠", "<=", ">=", "!="];
        let before = span.first.checked_sub(1).map_or("", |at| self.word(at));
        let before_is_operator = LEFT.contains(&before) || operator(before).is_some_and(|relation| relation);
        if span.value.is_none() && before_is_operator {
            return true;
        }
        let spaced = |at: usize| self.tokens.get(at).is_some_and(|token| token.spaced);
        RIGHT.contains(&self.word(span.end))
            && (!matches!(self.word(span.end), "<" | ">") || spaced(span.end))
            && matches!(self.kind(span.end + 1), Some(ProseKind::Word | ProseKind::Open | ProseKind::Command))
    }
}

/// Whether a command stands between values; true where it may not stand before an answer.
fn operator(command: &str) -> Option<bool> {
    match command {
        "\\approx" => Some(false),
        "\\times" | "\\cdot" | "\\div" | "\\pm" | "\\le" | "\\leq" | "\\ge" | "\\geq" | "\\lt" | "\\gt"
        | "\\ne" | "\\neq" | "\\in" | "\\cup" | "\\cap" | "\\setminus" | "\\mp" => Some(true),
        _ => None,
    }
}
