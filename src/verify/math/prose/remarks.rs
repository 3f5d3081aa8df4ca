//! What an answer is, and what is said about it: `2πk \text{ where } k \text{ is an integer}`. A denial, a bound in
//! words or several cases in words make an answer unreadable, since its number would be taken for the answer.

use super::{
    scan::{self, ProseItem, ProseItemKind, after, any_phrase_at, before, items},
    vocabulary::{
        ALTERNATIVES, APPROXIMATIONS, CONDITIONS, DENIALS, DESCRIPTIONS, HEDGES, MAGNITUDES, OPENINGS,
        REASONS, is_assent, is_of_sort, sort,
    },
};
use crate::verify::math::{
    budget::{Budget, Stop},
    conditions::Conditions,
    literal::Commas,
    parser,
};

/// An answer and the remarks that were taken off it.
#[derive(Debug)]
pub(crate) struct Separated {
    pub value: String,
    pub remarks: Vec<Remark>,
}

/// The text of a condition.
#[derive(Debug)]
pub(crate) struct Remark(String);

/// Remarks that are taken off one answer.
const MOST_REMARKS: usize = 6;

/// What a step makes of an answer.
enum RemarkStep {
    Rewritten(String),
    /// Something is said about the answer; the remark, where it is a condition.
    Remarked(String, Option<Remark>),
}

/// Takes what is said about an answer off it; nothing where nothing is said.
///
/// # Errors
/// When words deny the value, only bound it, or give several.
pub(crate) fn separated(text: &str) -> Result<Option<Separated>, Stop> {
    if !scan::has_words(text) && !text.trim_end_matches(['.', ' ']).ends_with(')') {
        return Ok(None);
    }
    let Some(mut parts) = items(text) else { return Ok(None) };
    let says_something = parts.iter().any(|item| item.kind == ProseItemKind::Word)
        || parts.iter().rev().take(2).any(|item| item.text(text).starts_with('('));
    if !says_something || !parts.iter().any(|item| is_formula(text, item)) {
        return Ok(None);
    }
    if denies(text, &parts) {
        return Err(Stop::Unreadable("a denial or a bound in words"));
    }
    let mut separated = Separated { value: text.to_owned(), remarks: Vec::new() };
    let mut changed = false;
    for _ in 0..MOST_REMARKS {
        let Some(step) = step(&separated.value, &parts)? else { break };
        changed = true;
        separated.value = match step {
            RemarkStep::Rewritten(value) => value,
            RemarkStep::Remarked(value, remark) => {
                separated.remarks.extend(remark);
                value
            }
        };
        let Some(rest) = items(&separated.value) else { return Ok(None) };
        parts = rest;
    }
    Ok((changed && !parts.is_empty()).then_some(separated))
}

/// Whether words deny a value, only bound it or multiply it, also in brackets at the end.
fn denies(text: &str, parts: &[ProseItem]) -> bool {
    let says = |text: &str, parts: &[ProseItem], phrases| {
        (0..parts.len()).any(|at| any_phrase_at(text, parts, at, phrases).is_some())
    };
    let in_brackets = || {
        let group = parts.iter().rev().take(2).find(|item| item.text(text).starts_with('('))?;
        let inside = &text[group.start + 1..group.end - 1];
        let words = format!("\\text{{{}}}", inside.replace(['{', '}'], " ").replace("\\text", " "));
        let said = items(&words)?;
        Some(says(&words, &said, DENIALS) || says(&words, &said, MAGNITUDES))
    };
    says(text, parts, DENIALS) || in_brackets().unwrap_or(false)
}

/// Whether an item is mathematics rather than a word or punctuation.
fn is_formula(text: &str, item: &ProseItem) -> bool {
    let sign = item.text(text);
    match item.kind {
        ProseItemKind::Word => false,
        ProseItemKind::Group => true,
        ProseItemKind::Sign => {
            !matches!(sign, "a" | "A" | "I")
                && !sign.starts_with([',', '.', ';', ':', '!', '?', '-', '\'', '"', '&'])
        }
    }
}

fn step(text: &str, parts: &[ProseItem]) -> Result<Option<RemarkStep>, Stop> {
    if let Some(step) =
        opening(text, parts).or_else(|| in_brackets(text, parts)).or_else(|| approximation(text, parts))
    {
        return Ok(Some(step));
    }
    if let Some(step) = declaration(text, parts) {
        return Ok(Some(step));
    }
    for at in 1..parts.len() {
        if let Some(length) = any_phrase_at(text, parts, at, CONDITIONS) {
            refuse_alternatives(text, &parts[at + length..])?;
            let remark = Remark(after(text, parts, at + length));
            return Ok(Some(RemarkStep::Remarked(before(text, parts, at), Some(remark))));
        }
        if let Some(length) = any_phrase_at(text, parts, at, REASONS) {
            refuse_alternatives(text, &parts[at + length..])?;
            return Ok(Some(RemarkStep::Remarked(before(text, parts, at), None)));
        }
        if any_phrase_at(text, parts, at, DESCRIPTIONS).is_some() {
            let words =
                parts[at..].iter().all(|item| item.kind == ProseItemKind::Word || item.text(text) == ".");
            return Ok(words.then(|| RemarkStep::Remarked(before(text, parts, at), None)));
        }
    }
    Ok(None)
}

/// Words before the answer.
fn opening(text: &str, parts: &[ProseItem]) -> Option<RemarkStep> {
    if any_phrase_at(text, parts, 0, &[&["minus"], &["negative"]]).is_some() && parts.len() > 1 {
        return Some(RemarkStep::Rewritten(format!("-{}", after(text, parts, 1))));
    }
    let mut from = any_phrase_at(text, parts, 0, OPENINGS)?;
    while parts.get(from).is_some_and(|item| matches!(item.text(text), "," | ":" | ".")) {
        from += 1;
    }
    parts.get(from).map(|_| RemarkStep::Rewritten(after(text, parts, from)))
}

/// A remark in brackets at the end: `(k \in \mathbb{Z})`, `(\approx 4.47)`, `(\text{since } x > 0)`.
fn in_brackets(text: &str, parts: &[ProseItem]) -> Option<RemarkStep> {
    let at = parts.iter().rposition(|item| item.text(text) != ".").filter(|at| *at > 0)?;
    let group = parts[at];
    if group.kind != ProseItemKind::Group || !group.text(text).starts_with('(') {
        return None;
    }
    let inside = text[group.start + 1..group.end]
        .strip_suffix("\\right)")
        .unwrap_or(&text[group.start + 1..group.end - 1]);
    let closes = inside.matches('}').count() > inside.matches('{').count();
    let inside = if closes { format!("\\text{{{inside}") } else { inside.to_owned() };
    let said = items(&inside)?;
    let first = said.first()?;
    let value = before(text, parts, at);
    let value = value.strip_suffix("\\left").unwrap_or(&value).to_owned();
    if matches!(first.text(&inside), "\\approx" | "≈") {
        return Some(RemarkStep::Rewritten(format!("{value} {inside}")));
    }
    if let Some(length) = any_phrase_at(&inside, &said, 0, HEDGES) {
        return Some(RemarkStep::Rewritten(format!("{value} \\approx {}", after(&inside, &said, length))));
    }
    if any_phrase_at(&inside, &said, 0, REASONS).is_some() {
        return Some(RemarkStep::Remarked(value, None));
    }
    if said
        .iter()
        .all(|item| item.kind == ProseItemKind::Word && is_assent(&item.text(&inside).to_lowercase()))
    {
        return Some(RemarkStep::Remarked(value, None));
    }
    let is_relation = |item: &ProseItem| {
        let sign = item.text(&inside);
        let commands =
            ["\\in", "\\ge", "\\geq", "\\le", "\\leq", "\\ne", "\\neq", "\\geqslant", "\\leqslant"];
        commands.contains(&sign) || ["<", ">", "≥", "≤", "≠", "∈"].contains(&sign)
    };
    let length = any_phrase_at(&inside, &said, 0, CONDITIONS);
    let sorted = said.iter().any(|item| item.kind == ProseItemKind::Word)
        && said
            .iter()
            .all(|item| item.kind != ProseItemKind::Word || is_of_sort(&item.text(&inside).to_lowercase()));
    if length.is_none() && !sorted && !said.iter().any(is_relation) {
        return None;
    }
    let remark = after(&inside, &said, length.unwrap_or(0));
    Some(RemarkStep::Remarked(value, Some(Remark(remark))))
}

/// Words between an exact value and its approximation.
fn approximation(text: &str, parts: &[ProseItem]) -> Option<RemarkStep> {
    (1..parts.len()).find_map(|at| {
        let sign = |at: usize| parts.get(at).is_some_and(|item| matches!(item.text(text), "\\approx" | "≈"));
        let from = match any_phrase_at(text, parts, at, APPROXIMATIONS) {
            Some(length) => at + length,
            None if parts[at].text(text).eq_ignore_ascii_case("or") && sign(at + 1) => at + 2,
            None => return None,
        };
        parts.get(from)?;
        Some(RemarkStep::Rewritten(format!(
            "{} \\approx {}",
            before(text, parts, at),
            after(text, parts, from)
        )))
    })
}

/// Words behind the last comma that say of what sort a letter is: `kπ, k an integer`.
fn declaration(text: &str, parts: &[ProseItem]) -> Option<RemarkStep> {
    let comma = parts.iter().rposition(|item| item.text(text) == ",").filter(|at| *at > 0)?;
    let said = &parts[comma + 1..];
    let words: Vec<String> = words(text, said);
    let fits = !words.is_empty() && sort(&words).is_some() && words.iter().all(|word| is_of_sort(word));
    let letters = said.iter().any(|item| item.kind == ProseItemKind::Sign && item.text(text) != ".");
    (fits && letters).then(|| {
        RemarkStep::Remarked(before(text, parts, comma), Some(Remark(after(text, parts, comma + 1))))
    })
}

/// # Errors
/// When another value follows in words.
fn refuse_alternatives(text: &str, rest: &[ProseItem]) -> Result<(), Stop> {
    let words = words(text, rest);
    let several = words.iter().any(|word| ALTERNATIVES.contains(&word.as_str()))
        || (0..rest.len()).any(|at| any_phrase_at(text, rest, at, CONDITIONS).is_some());
    if several { Err(Stop::Unreadable("several cases in words")) } else { Ok(()) }
}

fn words(text: &str, parts: &[ProseItem]) -> Vec<String> {
    parts
        .iter()
        .filter(|item| item.kind == ProseItemKind::Word)
        .map(|item| item.text(text).to_lowercase())
        .collect()
}

impl Remark {
    /// The conditions that a remark states; `None` where it holds something else, such as another value.
    pub(crate) fn conditions(&self, budget: &Budget) -> Option<Conditions> {
        let text = &self.0;
        let parts = items(text)?;
        let words = words(text, &parts);
        let formula = formula(text, &parts);
        let formula = formula.trim_matches([' ', ',', '.']);
        let mut said: Vec<String> =
            words.iter().filter(|word| word.chars().count() > 1 && !is_of_sort(word)).cloned().collect();
        said.sort();
        if formula.is_empty() {
            return Some(Conditions::default());
        }
        let sort = sort(&words);
        let expr = parser::parse(formula, Commas::Separators, budget).ok()?;
        let mut conditions = Conditions::of(expr, sort.or((!said.is_empty()).then_some('?')))
            .or_else(|| Conditions::stated(parser::parse(formula, Commas::Separators, budget).ok()?))?;
        conditions.words = said;
        Some(conditions)
    }
}

/// A remark without its words; those of one letter may be unknowns, unless they are articles.
fn formula(text: &str, parts: &[ProseItem]) -> String {
    let mut formula = String::with_capacity(text.len());
    let mut end = 0;
    for item in parts {
        let piece = match item.text(text) {
            word if item.kind == ProseItemKind::Word && word.eq_ignore_ascii_case("and") => ",",
            word if item.kind == ProseItemKind::Word && (word == "a" || word.chars().count() > 1) => continue,
            piece => piece,
        };
        if item.start > end {
            formula.push(' ');
        }
        formula.push_str(piece);
        end = item.end;
    }
    formula
}
