//! A response as the answers that it states, in the order in which they stand: formulas and numbers, those that
//! "and", "or" and commas join as one, without those that are denied.

use super::{
    latex,
    spans::{Span, spans},
    words::meaning_behind,
};
use crate::verify::prose::{ProseKind, ProseToken, is_denied, tokens};

/// Formulas that make one answer, at most.
const MOST_JOINED: usize = 32;

/// One answer that a text states, or denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub text: String,
    /// Where it lies, in bytes.
    pub start: usize,
    pub end: usize,
    /// The number of its sentence.
    pub sentence: usize,
    /// Whether it holds a formula between delimiters.
    pub latex: bool,
    /// Whether the text says that it is not, or asks whether it is.
    pub denied: bool,
    /// Whether only a comma stands between it and the group before it.
    behind_comma: bool,
}

/// Everything that a text states.
pub(crate) struct Reading {
    pub groups: Vec<Group>,
}

/// What stands between two formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// Anything else: they are two answers.
    None,
    Comma,
    And,
    Or,
    /// "4 to 6".
    To,
    /// "8 + 9 is 17": a calculation and its result.
    Result,
}

impl Reading {
    /// Reads a text.
    pub(crate) fn new(text: &str) -> Self {
        let formulas: Vec<(usize, usize)> =
            latex::formulas(text).iter().map(|formula| formula.outside).collect();
        let tokens = tokens(text, &formulas);
        let spans = spans(text, &tokens);
        let reader = GroupReader { text, tokens: &tokens, spans: &spans };
        Self { groups: reader.groups() }
    }

    /// The last answer of the last sentence that holds a formula of the given sort; none where that is denied.
    pub(crate) fn last(&self, latex: bool) -> Option<&Group> {
        let of_sort = |group: &&Group| group.latex == latex;
        let sentence = self.groups.iter().rev().find(of_sort)?.sentence;
        let before_end = self.groups.iter().rev().skip_while(|group| group.sentence != sentence);
        let in_sentence = before_end.take_while(|group| group.sentence == sentence);
        in_sentence.filter(of_sort).find(|group| !group.denied)
    }

    /// The first answer behind a place, in the first sentence there and before `reach`; commas join what follows.
    pub(crate) fn first_behind(&self, from: usize, reach: usize) -> Option<(String, bool)> {
        let behind = self.groups.partition_point(|group| group.start < from);
        let groups = &self.groups[behind..];
        let sentence = groups.first()?.sentence;
        let here = groups.iter().take_while(|group| group.sentence == sentence);
        let first = here.clone().position(|group| !group.denied)?;
        let joined = groups[first + 1..].iter().take_while(|group| group.behind_comma && !group.denied);
        let parts: Vec<&Group> = groups[first..].iter().take(1).chain(joined).take(MOST_JOINED).collect();
        let alone = here.filter(|group| !group.denied).count() == parts.len();
        let texts: Vec<&str> = parts.iter().map(|group| group.text.as_str()).collect();
        (groups[first].start < reach).then(|| (texts.join(", "), alone))
    }

    /// Whether a formula or number stands between two places, denied or not.
    pub(crate) fn has_any(&self, from: usize, to: usize) -> bool {
        let behind = self.groups.partition_point(|group| group.start < from);
        self.groups.get(behind).is_some_and(|group| group.start < to)
    }

    /// Whether the text ends in plain numbers: one stands in a later sentence than the last formula between
    /// delimiters.
    pub(crate) fn ends_in_plain(&self, text: &str) -> bool {
        let Some(last) = self.groups.iter().rev().find(|group| group.latex) else { return false };
        let rest = &text[last.end..];
        let ends = [". ", ".\n", "\n\n"].into_iter().filter_map(|end| rest.find(end)).min();
        let from = if rest.trim_start().starts_with(char::is_uppercase) { Some(0) } else { ends };
        from.is_some_and(|from| self.has_any(last.end + from, text.len()))
    }

    /// Whether everything that the text states is one and the same.
    pub(crate) fn is_unanimous(&self) -> bool {
        let mut stated = self.groups.iter().filter(|group| !group.denied).map(|group| &group.text);
        let first = stated.next();
        stated.all(|text| Some(text) == first)
    }
}

struct GroupReader<'a> {
    text: &'a str,
    tokens: &'a [ProseToken],
    spans: &'a [Span],
}

impl GroupReader<'_> {
    fn groups(&self) -> Vec<Group> {
        let joints: Vec<Joint> = self.spans.windows(2).map(|pair| self.joint(&pair[0], &pair[1])).collect();
        let mut groups = Vec::new();
        let mut sentence = 0;
        let mut token = 0;
        let mut first = 0;
        while first < self.spans.len() {
            let last = self.last_joined(&joints, first);
            let begin = self.spans[first].first;
            sentence += self.tokens[token..begin].iter().filter(|token| is_end(token.kind)).count();
            token = begin;
            let sum = last == first && self.is_open_calculation(&self.spans[first]);
            if joints.get(last) != Some(&Joint::Result) && !sum {
                let behind_comma = first > 0 && joints[first - 1] == Joint::Comma;
                groups.push(self.group(first, last, &joints, sentence, behind_comma));
            }
            first = last + 1;
        }
        groups
    }

    /// The last formula that belongs to the same answer. Commas join two formulas only between delimiters, or where
    /// "and" or "or" follows, or where there are three: "In 2010, 5 came" is no list.
    fn last_joined(&self, joints: &[Joint], first: usize) -> usize {
        let mut last = first;
        let mut sure = false;
        while last - first < MOST_JOINED {
            match joints.get(last) {
                Some(Joint::And | Joint::Or | Joint::To) => sure = true,
                Some(Joint::Comma) => {}
                _ => break,
            }
            last += 1;
        }
        let latex = self.spans[first..=last].iter().all(|span| span.latex);
        if sure || latex || last - first > 1 { last } else { first }
    }

    fn group(
        &self,
        first: usize,
        last: usize,
        joints: &[Joint],
        sentence: usize,
        behind_comma: bool,
    ) -> Group {
        let spans = &self.spans[first..=last];
        let joints = &joints[first..last];
        let (begin, end) = (spans[0].first, spans[spans.len() - 1].end);
        let inequality = spans.iter().any(|span| span.inequality);
        let mut text = self.value(&spans[0]);
        for (joint, span) in joints.iter().zip(&spans[1..]) {
            text.push_str(match joint {
                Joint::To => " to ",
                Joint::Or if inequality => " or ",
                Joint::And if inequality => " and ",
                _ => ", ",
            });
            text.push_str(&self.value(span));
        }
        let limits = first.checked_sub(1).map_or(0, |before| self.spans[before].end)
            ..self.spans.get(last + 1).map_or(self.tokens.len(), |next| next.first);
        // "between 5 and 6" and "from 5 to 6" give neither.
        let before = begin.checked_sub(1).map_or("", |at| self.word(at)).to_ascii_lowercase();
        let between = last > first && matches!(before.as_str(), "between" | "from");
        Group {
            text,
            start: self.tokens[begin].start,
            end: self.tokens[end - 1].end,
            sentence,
            latex: spans.iter().any(|span| span.latex),
            denied: between
                || self.is_share(begin, end)
                || is_denied(self.text, self.tokens, begin..end, limits),
            behind_comma,
        }
    }

    /// Whether a number is one of the two in "45 of 50" and "45 out of 50", which are a share together. A formula between
    /// delimiters stands for itself.
    fn is_share(&self, begin: usize, end: usize) -> bool {
        let is = |at: usize, word: &str| self.word(at).eq_ignore_ascii_case(word);
        let kind = |at: usize| self.tokens.get(at).map(|token| token.kind);
        let number = |at: usize| matches!(kind(at), Some(ProseKind::Number | ProseKind::Formula));
        let of = end + usize::from(is(end, "out"));
        let is_part = kind(end - 1) == Some(ProseKind::Number) && is(of, "of") && number(of + 1);
        let is_whole = kind(begin) == Some(ProseKind::Number)
            && begin >= 2
            && is(begin - 1, "of")
            && (number(begin - 2) || (begin >= 3 && is(begin - 2, "out") && number(begin - 3)));
        is_part || is_whole
    }

    /// Whether a formula is a calculation with numbers whose result nobody states, as "2 + 3" in "what 2 + 3 equals". It
    /// is what was asked rather than an answer. Powers and fractions may be left as they are.
    fn is_open_calculation(&self, span: &Span) -> bool {
        const SIGNS: [&str; 10] = ["+", "-", "−", "–", "*", "×", "·", "÷", "x", "X"];
        let tokens = &self.tokens[span.first..span.end];
        let is_number = |token: &ProseToken| token.kind == ProseKind::Number;
        let is_sign = |token: &ProseToken| SIGNS.contains(&token.text(self.text));
        let is_plain = |token: &ProseToken| {
            is_number(token)
                || is_sign(token)
                || token.text(self.text) == "/"
                || matches!(token.kind, ProseKind::Open | ProseKind::Close | ProseKind::Currency)
        };
        let calculates =
            tokens.windows(3).any(|three| is_number(&three[0]) && is_sign(&three[1]) && is_number(&three[2]));
        calculates && span.value.is_none() && tokens.iter().all(is_plain)
    }

    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text(self.text))
    }

    fn joint(&self, left: &Span, right: &Span) -> Joint {
        let behind = left.end + usize::from(self.meaning(left).is_some());
        if behind > right.first || right.first - behind > 2 {
            return Joint::None;
        }
        let between: Vec<String> =
            (behind..right.first).map(|at| self.word(at).to_ascii_lowercase()).collect();
        let words: Vec<&str> = between.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["," | "，" | "、"] => Joint::Comma,
            ["and" | "&" | "和" | "与" | "と" | "und" | "et" | "y"] | [",", "and"] => Joint::And,
            ["or" | "nor" | "或" | "か" | "oder" | "ou" | "o"] | [",", "or" | "nor"] | ["或", "者"] => {
                Joint::Or
            }
            ["to"] => Joint::To,
            ["is" | "equals" | "makes" | "gives" | "are"] | ["is", "equal"]
                if left.calculates && !left.letters && left.value.is_none() =>
            {
                Joint::Result
            }
            _ => Joint::None,
        }
    }

    /// What the words behind a formula make of it.
    fn meaning(&self, span: &Span) -> Option<String> {
        let formula_ends = self.word(span.end - 1).ends_with('%');
        let at = span.end + usize::from(self.word(span.end) == "$");
        let mut meaning = meaning_behind(self.word(at), self.word(at + 1))?;
        if self.word(at + 1).eq_ignore_ascii_case("per") && self.word(at + 2).chars().all(char::is_alphabetic)
        {
            meaning.push_str(&format!(" per {}", self.word(at + 2)));
        }
        (!formula_ends).then_some(meaning)
    }

    /// The text of a formula without delimiters. Of a calculation only the result, unless it may be an exact value
    /// with its decimals: "5/7 = 0.714".
    fn value(&self, span: &Span) -> String {
        let mut from = span.first;
        if let Some(result) = span.value
            && !span.letters
            && !span.latex
        {
            let decimal =
                self.tokens[result..span.end].iter().any(|token| token.text(self.text).contains('.'));
            if span.calculates || !decimal {
                from = result;
            }
        }
        let mut value = String::new();
        while self.tokens[from].kind == ProseKind::Currency && from + 1 < span.end {
            // A dollar sign by itself would open a formula.
            value = self.word(from).replace('\\', "").replace('$', "\\$");
            from += 1;
        }
        for token in &self.tokens[from..span.end] {
            if token.spaced && value.ends_with(|c: char| !"$€£¥₹".contains(c)) {
                value.push(' ');
            }
            value.push_str(match token.text(self.text) {
                "%" => "\\%",
                "<" if token.kind == ProseKind::Open => "\\langle ",
                ">" if token.kind == ProseKind::Close => "\\rangle ",
                formula if token.kind == ProseKind::Formula => inside(formula),
                other => other,
            });
        }
        value + &self.meaning(span).unwrap_or_default()
    }
}

fn is_end(kind: ProseKind) -> bool {
    matches!(kind, ProseKind::Stop | ProseKind::Question)
}

/// A formula without its delimiters.
fn inside(formula: &str) -> &str {
    let length = if formula.starts_with('$') && !formula.starts_with("$$") { 1 } else { 2 };
    formula.get(length..formula.len().saturating_sub(length)).unwrap_or(formula).trim()
}
