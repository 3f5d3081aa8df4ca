//! What a clause denies: "it is not 5", "5 is wrong", "isn't 5", "neither 5 nor 6", "is it 5?".

use std::ops::Range;

use super::tokens::{ProseKind, ProseToken};

/// Whether a text denies or questions what some of its tokens say.
///
/// Looked at is the clause around them, no further than to `limits`, where what else is said in it begins and
/// ends. Two negations cancel each other: "5 is not wrong" is no denial.
pub(crate) fn is_denied(text: &str, tokens: &[ProseToken], said: Range<usize>, limits: Range<usize>) -> bool {
    let mut negations = 0;
    for at in (limits.start..said.start).rev() {
        // "A is wrong and B is right": what is said before an "and" is said of something else.
        if is_boundary(text, tokens, at) || tokens[at].text(text).eq_ignore_ascii_case("and") {
            break;
        }
        negations += usize::from(is_negation(text, tokens, at) || is_fault(tokens[at].text(text)));
    }
    let mut behind = 0;
    for at in said.end..limits.end {
        if is_boundary(text, tokens, at) {
            break;
        }
        behind += usize::from(is_negation(text, tokens, at) || is_fault(tokens[at].text(text)));
        // "5 and not 6" denies what follows.
        if at + 1 == limits.end
            && at + 1 < tokens.len()
            && behind > 0
            && !has_fault(text, tokens, said.end..at + 1)
        {
            behind = 0;
        }
    }
    (negations + behind) % 2 == 1 || is_questioned(tokens, said.end)
}

fn has_fault(text: &str, tokens: &[ProseToken], range: Range<usize>) -> bool {
    tokens[range].iter().any(|token| is_fault(token.text(text)))
}

/// Whether the sentence around a token ends with a question mark.
fn is_questioned(tokens: &[ProseToken], from: usize) -> bool {
    // Sentences are short; a text without an end is no question.
    const REACH: usize = 64;
    let ends = tokens[from..].iter().take(REACH);
    ends.map(|token| token.kind)
        .find(|kind| matches!(kind, ProseKind::Stop | ProseKind::Question))
        .is_some_and(|kind| kind == ProseKind::Question)
}

/// Whether a token says "not".
pub(crate) fn is_negation(text: &str, tokens: &[ProseToken], at: usize) -> bool {
    let word = tokens[at].text(text);
    if tokens[at].kind == ProseKind::Operator {
        return word == "≠" || word == "!=";
    }
    if tokens[at].kind == ProseKind::Other {
        return is_character_negation(text, tokens, at);
    }
    if tokens[at].kind != ProseKind::Word {
        return false;
    }
    let follows = |expected: &str| {
        tokens.get(at + 1).is_some_and(|token| token.text(text).eq_ignore_ascii_case(expected))
    };
    let lower = word.to_ascii_lowercase().replace('’', "'");
    lower.ends_with("n't")
        || match lower.as_str() {
            "not" | "never" | "cannot" | "neither" | "nor" | "unlike" | "except" | "excluding" | "dont"
            | "doesnt" | "isnt" | "cant" | "nicht" | "kein" | "keine" | "niemals" | "pas" | "jamais"
            | "nunca" | "non" | "não" | "не" => true,
            "instead" => follows("of"),
            "rather" => follows("than"),
            "rule" | "ruling" => follows("out"),
            "no" => follows("longer") || follows("es"),
            // "No doubt" and "without a doubt" are the reverse.
            "doubt" | "doubts" | "doubtful" | "unlikely" => !at.checked_sub(1).is_some_and(|before| {
                let before = tokens[before].text(text).to_ascii_lowercase();
                matches!(before.as_str(), "no" | "without" | "a" | "any" | "beyond")
            }),
            _ => false,
        }
}

/// Whether a Han, kana or Hangul character says "not", by itself or with the one behind it.
fn is_character_negation(text: &str, tokens: &[ProseToken], at: usize) -> bool {
    let next = tokens.get(at + 1).map_or("", |token| token.text(text));
    match tokens[at].text(text) {
        "不" | "没" | "未" | "非" | "错" => true,
        "な" => next == "い",
        "せ" => next == "ん",
        "아" => matches!(next, "니" | "닙" | "닌"),
        _ => false,
    }
}

/// Whether a word says that something is wrong.
fn is_fault(word: &str) -> bool {
    const FAULTS: [&str; 28] = [
        "wrong",
        "incorrect",
        "false",
        "invalid",
        "impossible",
        "mistaken",
        "incorrectly",
        "wrongly",
        "mistakenly",
        "excluded",
        "eliminated",
        "rejected",
        "ruled",
        "inaccurate",
        "exclude",
        "eliminate",
        "eliminating",
        "reject",
        "discard",
        "discarded",
        "dismiss",
        "erroneous",
        "falsch",
        "faux",
        "falso",
        "incorrecto",
        "incorrecta",
        "неверно",
    ];
    FAULTS.iter().any(|fault| fault.eq_ignore_ascii_case(word))
}

/// Whether a clause ends at a token. A comma before "which" ends none.
pub(crate) fn is_boundary(text: &str, tokens: &[ProseToken], at: usize) -> bool {
    const CLAUSES: [&str; 14] = [
        "but",
        "so",
        "then",
        "thus",
        "therefore",
        "hence",
        "because",
        "since",
        "however",
        "although",
        "though",
        "while",
        "whereas",
        "instead",
    ];
    let token = tokens[at];
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text(text));
    match token.kind {
        ProseKind::Stop | ProseKind::Question | ProseKind::Semicolon | ProseKind::Dash => true,
        ProseKind::Comma => !word(at + 1).eq_ignore_ascii_case("which"),
        // " - " between words is a dash.
        ProseKind::Operator => {
            matches!(word(at), "-" | "–")
                && token.spaced
                && tokens.get(at + 1).is_some_and(|next| next.spaced)
        }
        ProseKind::Word => {
            CLAUSES.iter().any(|clause| clause.eq_ignore_ascii_case(word(at)))
                && !is_negation(text, tokens, at)
        }
        _ => false,
    }
}
