//! Which letter a text says it chooses: "A is right", "I choose B", "A is tempting, but the answer is B, not C".

use std::ops::Range;

use crate::verify::prose::{ProseKind, ProseToken, is_boundary, is_denied, is_negation, tokens};

/// Words that call an option an option.
const NAMES: [&str; 13] = [
    "option",
    "answer",
    "choice",
    "reply",
    "candidate",
    "response",
    "solution",
    "statement",
    "letter",
    "options",
    "answers",
    "choices",
    "statements",
];

/// Words right before a letter that choose it.
const CHOOSING: [&str; 22] = [
    "is",
    "be",
    "choose",
    "chose",
    "chosen",
    "choosing",
    "pick",
    "picked",
    "picking",
    "select",
    "selected",
    "selecting",
    "prefer",
    "with",
    "was",
    "are",
    "it's",
    "是",
    "为",
    "選",
    "选",
    "は",
];

/// Words behind a letter that call it right.
const PRAISING: [&str; 14] = [
    "correct",
    "right",
    "answer",
    "true",
    "better",
    "best",
    "valid",
    "wins",
    "works",
    "accurate",
    "preferred",
    "preferable",
    "chosen",
    "fits",
];

/// A letter, or several that a text treats as one.
struct Mention {
    letters: Vec<char>,
    /// Whether only one of several is meant: "A or B".
    alternatives: bool,
    /// Whether the text says that it is the answer.
    chosen: bool,
    denied: bool,
    /// Whether a mark stands around or behind it, so that it is no word: "B.", "(B)".
    marked: bool,
    at: usize,
}

/// The letters that a text chooses ("B", or "A, C" where it says "A and C are right"), and whether it mentions no
/// others. `None` where it chooses none, or one thing here and another there.
pub(crate) fn stated_choice(text: &str) -> Option<(String, bool)> {
    if !text.bytes().any(|byte| byte.is_ascii_uppercase()) && !text.contains('(') {
        return None;
    }
    let tokens = tokens(text, &[]);
    let mentions = Mentions { text, tokens: &tokens }.all();
    let stated: Vec<&Mention> = mentions.iter().filter(|mention| !mention.denied).collect();
    let chosen: Vec<&Mention> = stated.iter().copied().filter(|mention| mention.chosen).collect();
    let certain = stated.iter().all(|mention| mention.letters == stated[0].letters);
    let letters = match stated.first() {
        _ if !chosen.is_empty() => common(&chosen),
        Some(first) if first.marked && first.at <= 1 => common(&[first]),
        _ => common(&stated),
    };
    letters.map(|letters| (letters, certain))
}

/// The letters that all mentions are of.
fn common(mentions: &[&Mention]) -> Option<String> {
    let first = mentions.first()?;
    let agree = mentions.iter().all(|mention| mention.letters == first.letters && !mention.alternatives);
    let letters: Vec<String> = first.letters.iter().map(char::to_string).collect();
    agree.then(|| letters.join(", "))
}

struct Mentions<'a> {
    text: &'a str,
    tokens: &'a [ProseToken],
}

impl Mentions<'_> {
    fn all(&self) -> Vec<Mention> {
        let letters: Vec<usize> = (0..self.tokens.len()).filter(|&at| self.is_letter(at)).collect();
        let mut found = Vec::new();
        let mut first = 0;
        while first < letters.len() {
            let mut last = first;
            while last + 1 < letters.len() && self.is_joined(letters[last] + 1..letters[last + 1]) {
                last += 1;
            }
            let limits = first.checked_sub(1).map_or(0, |before| letters[before] + 1)
                ..letters.get(last + 1).map_or(self.tokens.len(), |next| *next);
            found.push(self.mention(&letters[first..=last], limits));
            first = last + 1;
        }
        found
    }

    fn mention(&self, letters: &[usize], limits: Range<usize>) -> Mention {
        let (first, last) = (letters[0], letters[letters.len() - 1]);
        let mut named: Vec<char> = letters
            .iter()
            .filter_map(|at| self.word(*at).chars().next())
            .map(|c| c.to_ascii_uppercase())
            .collect();
        named.dedup();
        Mention {
            letters: named,
            alternatives: (first..last)
                .any(|at| matches!(self.lower(at).as_str(), "or" | "nor" | "/" | "或")),
            chosen: self.is_chosen(first, limits.start) || self.is_praised(last + 1..limits.end),
            denied: is_denied(self.text, self.tokens, first..last + 1, limits),
            marked: self.is_marked(first),
            at: first,
        }
    }

    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text(self.text))
    }

    fn lower(&self, at: usize) -> String {
        self.word(at).to_ascii_lowercase()
    }

    fn kind(&self, at: usize) -> Option<ProseKind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn is_marked(&self, at: usize) -> bool {
        let open = at > 0 && self.kind(at - 1) == Some(ProseKind::Open);
        let closed = self.kind(at + 1) == Some(ProseKind::Close);
        let behind = !self.tokens.get(at + 1).is_none_or(|token| token.spaced)
            && matches!(
                self.kind(at + 1),
                Some(
                    ProseKind::Close
                        | ProseKind::Stop
                        | ProseKind::Comma
                        | ProseKind::Colon
                        | ProseKind::Semicolon
                )
            );
        (open && closed) || behind || self.kind(at + 1).is_none()
    }

    /// Whether a token is a letter that names an option rather than a word, an unknown or an initial.
    fn is_letter(&self, at: usize) -> bool {
        let word = self.word(at);
        let [letter] = word.as_bytes() else { return false };
        let tied = |at: usize| self.tokens.get(at).is_some_and(|token| !token.spaced);
        let operator = |at: usize| self.kind(at) == Some(ProseKind::Operator);
        if !letter.is_ascii_alphabetic() || self.kind(at) != Some(ProseKind::Word) {
            return false;
        }
        // `B = 5`, `f(B)`, `2B` and `B(1)` are formulas.
        let behind_value = tied(at) && at > 0 && self.kind(at - 1) == Some(ProseKind::Number);
        if operator(at + 1) && self.word(at + 1) != "/"
            || (at > 0 && operator(at - 1) && self.word(at - 1) != "/")
        {
            return false;
        }
        if behind_value || (tied(at + 1) && self.kind(at + 1) == Some(ProseKind::Open)) {
            return false;
        }
        let before = at.checked_sub(1).map(|at| self.lower(at)).unwrap_or_default();
        let in_brackets = at > 0
            && self.kind(at - 1) == Some(ProseKind::Open)
            && self.kind(at + 1) == Some(ProseKind::Close)
            && !(tied(at - 1) && at > 1 && self.kind(at - 2) == Some(ProseKind::Word));
        if letter.is_ascii_lowercase() {
            return in_brackets;
        }
        let named = NAMES.contains(&before.as_str());
        match letter {
            b'I' => in_brackets || named,
            b'A' => in_brackets || named || self.is_marked(at) || self.is_no_article(at),
            _ => true,
        }
    }

    /// Whether an A is a letter: "A is right", "I choose A because", "A and B". As an article it begins a sentence
    /// and a noun follows it.
    fn is_no_article(&self, at: usize) -> bool {
        const BEHIND: [&str; 22] = [
            "is", "was", "isn't", "and", "or", "nor", "seems", "looks", "has", "wins", "because", "since",
            "not", "as", "over", "vs", "but", "cannot", "can't", "gives", "makes", "rather",
        ];
        let begins = at == 0 || matches!(self.kind(at - 1), Some(ProseKind::Stop | ProseKind::Question));
        BEHIND.contains(&self.lower(at + 1).as_str())
            || (!begins && self.kind(at - 1) == Some(ProseKind::Word))
            || self.kind(at + 1).is_none_or(|kind| kind != ProseKind::Word)
    }

    /// Whether what stands between two letters makes them one answer.
    fn is_joined(&self, between: Range<usize>) -> bool {
        let words = between.map(|at| self.lower(at)).filter(|word| !NAMES.contains(&word.as_str()));
        let words: Vec<String> = words.filter(|word| !matches!(word.as_str(), "(" | ")")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        matches!(
            words.as_slice(),
            [] | ["," | "and" | "or" | "nor" | "&" | "/" | "、" | "，" | "或" | "和" | "と"]
                | [",", "and" | "or" | "nor"]
                | ["and", "/", "or"]
                | ["或", "者"]
        )
    }

    /// Whether the word before a letter chooses it: "the correct one is (A)", "I choose option B".
    fn is_chosen(&self, first: usize, limit: usize) -> bool {
        for at in (limit..first).rev() {
            let word = self.lower(at);
            let passed = NAMES.contains(&word.as_str())
                || matches!(
                    word.as_str(),
                    "the" | "(" | "*" | "\"" | ":" | "likely" | "definitely" | "clearly"
                );
            if !passed {
                return CHOOSING.contains(&word.as_str());
            }
        }
        false
    }

    /// Whether the clause behind a letter calls it right. "A is not wrong" only denies that it is wrong.
    fn is_praised(&self, behind: Range<usize>) -> bool {
        let clause = behind.take_while(|at| !is_boundary(self.text, self.tokens, *at));
        let mut praised = false;
        for at in clause {
            praised |= PRAISING.contains(&self.lower(at).as_str());
            if is_negation(self.text, self.tokens, at) {
                return false;
            }
        }
        praised
    }
}
