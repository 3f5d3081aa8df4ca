//! Verdicts on correctness: yes or no, in a word or in sentences.

use super::bare;
use crate::verify::prose::{ProseKind, ProseToken, is_boundary, is_negation, tokens};

/// A verdict on correctness: true for yes, correct, right, true; false for their opposites, and for each of them
/// under an odd number of negations the reverse.
///
/// Read are "yes" and "no" as answers (not "no" before a noun), and what a sentence says about its subject ("it is
/// not correct", "the solution isn't wrong"), but no question, no condition and no mere attribute ("the correct
/// answer is 5"). A text that says both ("Yes or no", "Yes, but it is wrong") is no verdict.
pub(crate) fn yes_no(text: &str) -> Option<bool> {
    /// A text of this length, in bytes, is no label.
    const LONGEST: usize = 100_000;
    if text.len() > LONGEST {
        return None;
    }
    let text = &bare(text).replace("\\text", " ");
    let tokens = tokens(text, &[]);
    let reader = VerdictReader { text, tokens: &tokens };
    let mut verdict = None;
    let mut from = 0;
    while from < tokens.len() {
        let is_end = |token: &ProseToken| matches!(token.kind, ProseKind::Stop | ProseKind::Question);
        let end = tokens[from..].iter().position(is_end).map_or(tokens.len(), |length| from + length);
        let asks = tokens.get(end).is_some_and(|token| token.kind == ProseKind::Question);
        for at in from..if asks { from } else { end } {
            let Some(found) = reader.verdict(at, from, end) else { continue };
            if verdict.is_some_and(|before| before != found) {
                return None;
            }
            verdict = Some(found);
        }
        from = end + 1;
    }
    verdict
}

fn word_verdict(word: &str) -> Option<bool> {
    match word {
        "yes" | "correct" | "right" | "true" | "valid" | "accurate" => Some(true),
        "no" | "incorrect" | "wrong" | "false" | "invalid" | "inaccurate" | "untrue" => Some(false),
        _ => None,
    }
}

struct VerdictReader<'a> {
    text: &'a str,
    tokens: &'a [ProseToken],
}

impl VerdictReader<'_> {
    fn lower(&self, at: usize) -> String {
        self.tokens
            .get(at)
            .map_or_else(String::new, |token| token.text(self.text).to_lowercase().replace('’', "'"))
    }

    fn is_word(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == ProseKind::Word)
    }

    /// The verdict that a word gives, within its sentence.
    fn verdict(&self, at: usize, begin: usize, end: usize) -> Option<bool> {
        if !self.is_word(at) {
            return None;
        }
        let word = self.lower(at);
        let found = word_verdict(&word)?;
        let start = (begin..at).rev().find(|at| self.parts(*at)).map_or(begin, |at| at + 1);
        match word.as_str() {
            // "The answer is not yes" may be "perhaps".
            "yes" | "no" if at > start && is_negation(self.text, self.tokens, at - 1) => None,
            "yes" | "no" => self.is_answer(at, start, end).then_some(found),
            _ => self.predicate(at, start, end).map(|negations| found == (negations % 2 == 0)),
        }
    }

    /// Whether a clause ends at a token; brackets, colons, "and" and "or" end one too.
    fn parts(&self, at: usize) -> bool {
        let kind = self.tokens[at].kind;
        is_boundary(self.text, self.tokens, at)
            || matches!(kind, ProseKind::Colon | ProseKind::Open | ProseKind::Close)
            || matches!(self.lower(at).as_str(), "and" | "or" | "/")
    }

    /// Whether a yes or no is an answer by itself rather than a determiner ("no error") or a number's "No. 5".
    fn is_answer(&self, at: usize, start: usize, end: usize) -> bool {
        const GOES_ON: [&str; 18] = [
            "it", "the", "this", "that", "because", "i", "since", "they", "we", "he", "she", "there", "its",
            "it's", "that's", "and", "or", "as",
        ];
        if self.lower(at) == "yes" {
            return true;
        }
        let number = end + 1 < self.tokens.len()
            && at + 1 == end
            && self.tokens[end + 1].kind == ProseKind::Number
            && at > 0;
        let alone = at + 1 == end || !self.is_word(at + 1);
        !number && (alone || (at == start && GOES_ON.contains(&self.lower(at + 1).as_str())))
    }

    /// How many negations stand over an adjective that says what the subject of its clause is; `None` where it does
    /// something else.
    fn predicate(&self, at: usize, start: usize, end: usize) -> Option<usize> {
        const NOUNS: [&str; 20] = [
            "answer",
            "solution",
            "result",
            "one",
            "value",
            "reply",
            "response",
            "statement",
            "conclusion",
            "choice",
            "option",
            "number",
            "calculation",
            "reasoning",
            "approach",
            "claim",
            "equation",
            "verdict",
            "sum",
            "product",
        ];
        const DOUBTS: [&str; 8] = ["if", "whether", "would", "could", "might", "may", "can", "unless"];
        let words: Vec<String> = (start..at).map(|at| self.lower(at)).collect();
        let negations = (start..at).filter(|at| is_negation(self.text, self.tokens, *at)).count();
        let doubts = words.iter().any(|word| DOUBTS.contains(&word.as_str()));
        if words.iter().any(|word| word == "neither") || (doubts && negations == 0) {
            return None;
        }
        let attribute = NOUNS.contains(&self.lower(at + 1).as_str());
        let article = words.last().is_some_and(|word| matches!(word.as_str(), "a" | "an" | "the"));
        let got_it = words.ends_with(&["got".to_owned(), "it".to_owned()]);
        let copula = got_it || words.iter().rev().find(|word| is_copula(word)).is_some();
        if attribute {
            // "5 is the correct answer" does not say whether another answer is.
            let number = self.tokens[start..at].iter().any(|token| token.kind == ProseKind::Number);
            return (copula && article && !number && self.ends_behind(at + 1, end)).then_some(negations);
        }
        let leads = words.iter().enumerate().all(|(index, word)| {
            is_negation(self.text, self.tokens, start + index)
                || matches!(
                    word.as_str(),
                    "is" | "definitely" | "absolutely" | "completely" | "clearly" | "all"
                )
        });
        (!article && (copula || leads) && self.ends_behind(at, end)).then_some(negations)
    }

    /// Whether a clause ends behind a word, or goes on with a reason.
    fn ends_behind(&self, at: usize, end: usize) -> bool {
        const GOES_ON: [&str; 8] = ["because", "since", "as", "for", "and", "but", "or", "by"];
        at + 1 == end || !self.is_word(at + 1) || GOES_ON.contains(&self.lower(at + 1).as_str())
    }
}

fn is_copula(word: &str) -> bool {
    matches!(
        word,
        "is" | "isn't"
            | "are"
            | "aren't"
            | "was"
            | "wasn't"
            | "be"
            | "being"
            | "were"
            | "seems"
            | "looks"
            | "appears"
            | "it's"
            | "that's"
            | "this's"
            | "answer's"
            | "he's"
            | "she's"
            | "remains"
            | "cannot"
            | "can't"
    )
}
