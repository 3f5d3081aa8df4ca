//! Labels: constraints as the data writes them, in JSON.

use anyhow::Result;
use serde_json::{Map, Value};

use super::{
    constraint::{Constraint, Rule},
    keywords::is_accent,
    language::Language,
    quantity::Quantity,
};
use crate::error::input_error;

impl Constraint {
    /// The constraints of a label: `{"func_name": …, arguments}`, an array of such objects, or either as a
    /// JSON string.
    ///
    /// # Errors
    /// Names the function and the argument that is missing or of the wrong sort.
    pub fn parse(label: &str) -> Result<Vec<Self>> {
        parse(label)
    }
}

/// Reads a label; the list is never empty.
fn parse(label: &str) -> Result<Vec<Constraint>> {
    let value: Value = serde_json::from_str(label)
        .map_err(|error| input_error(format!("constraints are no JSON ({error})")))?;
    let constraints = match value {
        Value::String(inner) => return parse(&inner),
        Value::Array(items) => items.iter().map(constraint).collect::<Result<Vec<_>>>()?,
        object => vec![constraint(&object)?],
    };
    if constraints.is_empty() {
        return Err(input_error("the list of constraints is empty: give at least one"));
    }
    Ok(constraints)
}

fn constraint(value: &Value) -> Result<Constraint> {
    let object = value.as_object().ok_or_else(|| {
        input_error(format!(
            "a constraint must be an object such as {{\"func_name\": \"validate_title\"}}, not {value}"
        ))
    })?;
    let Some(name) = object.get("func_name").and_then(Value::as_str) else {
        return Err(input_error("a constraint has no \"func_name\""));
    };
    let Some((name, read)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
        let near = nearest(name);
        return Err(input_error(format!("constraint {name:?} is unknown; did you mean {near:?}?")));
    };
    Ok(Constraint { name, rule: read(&Arguments { name, object })? })
}

/// The known name that the fewest edits make of an unknown one; `verify_` and `validate_` are easily mixed up.
fn nearest(name: &str) -> &'static str {
    let bare = |name: &str| {
        name.trim_start_matches("verify_")
            .trim_start_matches("validate_")
            .chars()
            .take(64)
            .collect::<Vec<_>>()
    };
    let wanted = bare(name);
    let names = FUNCTIONS.iter().map(|(known, _)| *known);
    names.min_by_key(|known| edits(&bare(known), &wanted)).unwrap_or("validate_title")
}

/// How many characters to insert, delete or replace (Levenshtein distance).
fn edits(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, source) in from.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, target) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(source != target);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

/// What reads the arguments of a function.
pub(super) type Read = fn(&Arguments<'_>) -> Result<Rule>;

/// The functions of the data by name, with what reads their arguments.
pub(super) const FUNCTIONS: [(&str, Read); 25] = [
    ("verify_keywords", |a| Ok(Rule::Keywords(a.texts("keyword_list")?))),
    ("verify_keyword_frequency", |a| {
        Ok(Rule::KeywordFrequency { word: a.text("word")?.to_owned(), times: a.count("N")? })
    }),
    ("validate_forbidden_words", |a| Ok(Rule::ForbiddenWords(a.texts("forbidden_words")?))),
    ("verify_letter_frequency", |a| {
        Ok(Rule::LetterFrequency { letter: a.letter("letter")?, times: a.count("N")? })
    }),
    ("validate_response_language", |a| Ok(Rule::Language(Language::parse(a.text("language")?)?))),
    ("verify_paragraph_count", |a| Ok(Rule::ParagraphCount(a.count("N")?))),
    ("validate_word_constraint", |a| Ok(Rule::Words(a.quantity()?))),
    ("verify_sentence_constraint", |a| Ok(Rule::Sentences(a.quantity()?))),
    ("validate_paragraphs", |a| {
        let (count, number) = (a.count("N")?, a.count("i")?);
        if number == 0 || number > count {
            return Err(a.wrong("i", "a paragraph's number from 1 to N"));
        }
        Ok(Rule::NthParagraph { count, number, first_word: a.word("first_word")? })
    }),
    ("verify_postscript", |a| Ok(Rule::Postscript(a.text("postscript_marker")?.to_owned()))),
    ("validate_placeholders", |a| Ok(Rule::Placeholders(a.count("N")?))),
    ("verify_bullet_points", |a| Ok(Rule::Bullets(a.count("N")?))),
    ("validate_title", |_| Ok(Rule::Title)),
    ("validate_choice", |a| Ok(Rule::Choice(a.texts("options")?))),
    ("validate_highlighted_sections", |a| Ok(Rule::Highlights(a.count("N")?))),
    ("validate_sections", |a| {
        Ok(Rule::Sections { count: a.count("N")?, marker: a.text("section_splitter")?.to_owned() })
    }),
    ("validate_json_format", |_| Ok(Rule::Json)),
    ("validate_repeat_prompt", |a| Ok(Rule::RepeatPrompt(a.text("original_prompt")?.to_owned()))),
    ("validate_two_responses", |_| Ok(Rule::TwoResponses)),
    ("validate_uppercase", |_| Ok(Rule::Uppercase)),
    ("validate_lowercase", |_| Ok(Rule::Lowercase)),
    ("validate_frequency_capital_words", |a| Ok(Rule::CapitalWords(a.quantity()?))),
    ("validate_end", |a| Ok(Rule::End(a.text("end_phrase")?.to_owned()))),
    ("validate_quotation", |_| Ok(Rule::Quotation)),
    ("validate_no_commas", |_| Ok(Rule::NoCommas)),
];

/// The arguments of one function; what it does not ask for is not looked at.
pub(super) struct Arguments<'a> {
    name: &'a str,
    object: &'a Map<String, Value>,
}

impl<'a> Arguments<'a> {
    fn wrong(&self, argument: &str, expected: &str) -> anyhow::Error {
        let found = self.object.get(argument).unwrap_or(&Value::Null);
        input_error(format!("{}: {argument:?} must be {expected}, not {found}", self.name))
    }

    fn text(&self, argument: &str) -> Result<&'a str> {
        let text = self.object.get(argument).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| self.wrong(argument, "a text"))
    }

    /// One character, perhaps with accents that are characters of their own.
    fn letter(&self, argument: &str) -> Result<String> {
        let letter = self.text(argument)?.trim();
        if letter.chars().skip(1).all(is_accent) {
            Ok(letter.to_owned())
        } else {
            Err(self.wrong(argument, "one letter"))
        }
    }

    fn word(&self, argument: &str) -> Result<String> {
        let word = self.text(argument)?;
        let is_word = word.contains(char::is_alphanumeric);
        if is_word { Ok(word.to_owned()) } else { Err(self.wrong(argument, "a word")) }
    }

    /// Texts in an array; one text by itself is an array of one.
    fn texts(&self, argument: &str) -> Result<Vec<String>> {
        let expected = "an array of texts, at least one";
        let texts: Option<Vec<String>> = match self.object.get(argument) {
            Some(Value::String(text)) => Some(vec![text.clone()]),
            Some(Value::Array(items)) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        let filled =
            |texts: &Vec<String>| !texts.is_empty() && texts.iter().all(|text| !text.trim().is_empty());
        texts.filter(filled).ok_or_else(|| self.wrong(argument, expected))
    }

    /// A whole number of at least 0, also as `3.0` or `"3"`.
    fn count(&self, argument: &str) -> Result<usize> {
        let number = match self.object.get(argument) {
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        };
        let whole = number.filter(|number| number.fract() == 0.0 && (0.0..=1e9).contains(number));
        whole.map(|number| number as usize).ok_or_else(|| self.wrong(argument, "a whole number"))
    }

    fn quantity(&self) -> Result<Quantity> {
        let number = self.count("N")?;
        let word = self.object.get("quantifier").and_then(Value::as_str);
        word.and_then(|word| Quantity::parse(word, number)).ok_or_else(|| {
            self.wrong(
                "quantifier",
                "\"at least\", \"at most\", \"around\", \"more than\", \"less than\" or \"exactly\"",
            )
        })
    }
}
