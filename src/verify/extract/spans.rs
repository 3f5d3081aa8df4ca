//! Whole formulas in plain text: every number is seen with all that it belongs to, so that a part of `x^2`,
//! `2*sqrt(3)` or `(5, pi/4)` is never taken for an answer. One pass, linear in the text.

use super::{
    grammar::{Grammar, MOST_SIGNS, operator},
    words::is_constant,
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

/// Every formula of a text, in order. A letter by itself is none.
pub(crate) fn spans(text: &str, tokens: &[ProseToken]) -> Vec<Span> {
    let grammar = Grammar::new(text, tokens);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match span_at(&grammar, at) {
            Some(span) => {
                at = grammar.behind_unit(span.end).max(at + 1);
                if span.core && !dangles(&grammar, &span) {
                    found.push(span);
                }
            }
            None => at += 1,
        }
    }
    found
}

/// The formula that begins at a token.
fn span_at(grammar: &Grammar<'_>, first: usize) -> Option<Span> {
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
    if grammar.is_inside_a_word(first) {
        return None;
    }
    let mut at = operand(grammar, first, &mut span, true)?;
    loop {
        while grammar.kind(at) == Some(ProseKind::Postfix) && (grammar.is_tied(at) || grammar.word(at) == "%")
        {
            span.core = true;
            at += 1;
        }
        if let Some(next) = grammar.behind_operator(at) {
            note_operator(grammar, at, next, &mut span);
            let Some(end) = operand(grammar, next, &mut span, false) else { break };
            at = end;
        } else if grammar.multiplies(at) {
            span.core = true;
            span.calculates |= grammar.kind(at - 1) != Some(ProseKind::Number)
                || grammar.kind(at) != Some(ProseKind::Number);
            let Some(end) = operand(grammar, at, &mut span, false) else { break };
            at = end;
        } else {
            break;
        }
    }
    span.end = at;
    Some(span)
}

fn note_operator(grammar: &Grammar<'_>, at: usize, next: usize, span: &mut Span) {
    span.core = true;
    match grammar.word(at) {
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
fn operand(grammar: &Grammar<'_>, mut at: usize, span: &mut Span, begins: bool) -> Option<usize> {
    let mut first = begins;
    for _ in 0..MOST_SIGNS {
        match grammar.kind(at)? {
            ProseKind::Operator if grammar.is_sign(at) && !(first && grammar.is_between_words(at)) => at += 1,
            ProseKind::Currency => at += 1,
            ProseKind::Root => {
                span.core = true;
                span.calculates = true;
                at += 1;
            }
            ProseKind::Word if grammar.applies(at) => {
                (span.core, span.calculates) = (true, true);
                at += 1;
                while matches!(grammar.word(at), "_" | "^") && grammar.is_tied(at) {
                    at = atom(grammar, at + 1, span)?;
                }
            }
            ProseKind::Command if matches!(grammar.word(at), "\\left" | "\\right" | "\\pm" | "\\mp") => {
                at += 1
            }
            _ => break,
        }
        first = false;
    }
    atom(grammar, at, span)
}

/// Where a value that nothing stands before ends.
fn atom(grammar: &Grammar<'_>, at: usize, span: &mut Span) -> Option<usize> {
    match grammar.kind(at)? {
        ProseKind::Number if !grammar.is_inside_a_word(at) || grammar.word(at - 1).starts_with('\\') => {
            span.core = true
        }
        ProseKind::Formula => (span.core, span.latex) = (true, true),
        ProseKind::Open => {
            let close = grammar.closes[at].filter(|&close| !grammar.is_label(at, close))?;
            span.core = true;
            span.letters |= (at..close).any(|at| grammar.kind(at) == Some(ProseKind::Word));
            return Some(close + 1);
        }
        ProseKind::Word if is_constant(grammar.word(at)) => span.core = true,
        ProseKind::Word if grammar.is_variable(at) => span.letters = true,
        ProseKind::Command if grammar.is_value_command(at) => {
            span.core = true;
            span.letters |= !matches!(grammar.word(at), "\\frac" | "\\dfrac" | "\\tfrac" | "\\sqrt" | "\\pi");
            let mut end = at + 1;
            while grammar.is_tied(end) && grammar.kind(end) == Some(ProseKind::Open) {
                let Some(close) = grammar.closes[end] else { break };
                end = close + 1;
            }
            return Some(end);
        }
        _ => return None,
    }
    Some(at + 1)
}

/// Whether a formula is a part of what could not be read: "total > 5", "5 + apples".
fn dangles(grammar: &Grammar<'_>, span: &Span) -> bool {
    const LEFT: [&str; 20] = [
        "+", "*", "**", "×", "·", "⋅", "÷", "/", "^", "_", "<", ">", "≤", "≥", "≠", "<=", ">=", "!=", "∈",
        "√",
    ];
    const RIGHT: [&str; 13] = ["+", "×", "·", "÷", "^", "<", ">", "≤", "≥", "≠", "<=", ">=", "!="];
    let before = span.first.checked_sub(1).map_or("", |at| grammar.word(at));
    let before_is_operator = LEFT.contains(&before) || operator(before).is_some_and(|relation| relation);
    if span.value.is_none() && before_is_operator {
        return true;
    }
    let spaced = |at: usize| grammar.tokens.get(at).is_some_and(|token| token.spaced);
    RIGHT.contains(&grammar.word(span.end))
        && (!matches!(grammar.word(span.end), "<" | ">") || spaced(span.end))
        && matches!(grammar.kind(span.end + 1), Some(ProseKind::Word | ProseKind::Open | ProseKind::Command))
}
