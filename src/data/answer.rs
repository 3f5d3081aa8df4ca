//! The reference answer of a row, or several of which any is right.

use serde_json::Value;

use super::{
    fields::{ANSWERS, scalar},
    rows::{Complaint, Fields, present, type_name},
};

/// What a reply is checked against.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct References {
    /// Empty where the row has none.
    pub answer: String,
    /// Further answers that are right, too; none repeats another.
    pub alternatives: Vec<String>,
}

/// The answers of a row, from whatever field has them. Several fields must agree.
///
/// `answer`, `answers`, `solution`, `ground_truth` or `reward_model.ground_truth`; without any of them, the same fields
/// of `extra_info`. A list holds answers of which any is right. Two fields agree where they hold the same, where one is
/// a list that holds the other's answer, or where a `solution` is the working that shows it.
pub(super) fn references(fields: &Fields) -> Result<References, Complaint> {
    let mut found = answers_in(fields, "")?;
    if found.is_empty()
        && let Some(Value::Object(nested)) = present(fields, "extra_info")
    {
        found = answers_in(nested, "extra_info.")?;
    }
    let mut found = found.into_iter();
    let Some((name, mut all)) = found.next() else { return Ok(References::default()) };
    for (other, answers) in found {
        if answers.contains(&all[0]) {
            all.extend(answers);
        } else if !(other.ends_with("solution") && answers.iter().any(|text| text.contains(all[0].trim()))) {
            return Err(format!(
                r#"fields "{name}" and "{other}" both look like the answer and differ; keep one, or name the other in data.ignore_fields"#
            ));
        }
    }
    if let Some(value) = present(fields, "alternatives") {
        all.extend(listed(value, "alternatives")?);
    }
    let mut all = all.into_iter();
    let answer = all.next().expect("a field that was found has an answer");
    let mut alternatives: Vec<String> = Vec::new();
    for other in all {
        if other != answer && !alternatives.contains(&other) {
            alternatives.push(other);
        }
    }
    Ok(References { answer, alternatives })
}

/// The fields that hold answers, each with at least one; those that are empty count as absent.
fn answers_in(fields: &Fields, prefix: &str) -> Result<Vec<(String, Vec<String>)>, Complaint> {
    let mut found = Vec::new();
    for name in ANSWERS {
        let (name, value) = match (name, present(fields, name)) {
            (_, None) => continue,
            ("reward_model", Some(Value::Object(model))) => match present(model, "ground_truth") {
                Some(value) => (format!("{prefix}reward_model.ground_truth"), value),
                None => continue,
            },
            ("reward_model", Some(other)) => {
                return Err(format!(
                    r#"field "{prefix}reward_model" must be an object with a "ground_truth", this is {}"#,
                    type_name(other)
                ));
            }
            (name, Some(value)) => (format!("{prefix}{name}"), value),
        };
        let answers = listed(value, &name)?;
        if !answers.is_empty() {
            found.push((name, answers));
        }
    }
    Ok(found)
}

/// One answer, or several of a list. A text without anything in it is none.
fn listed(value: &Value, field: &str) -> Result<Vec<String>, Complaint> {
    match value {
        Value::Array(items) => {
            let answers: Vec<String> =
                items.iter().map(|item| scalar(item, field)).collect::<Result<_, _>>()?;
            match answers.iter().find(|answer| answer.trim().is_empty()) {
                Some(_) => Err(format!(r#"field "{field}" lists an empty answer; take it out"#)),
                None => Ok(answers),
            }
        }
        value => {
            let answer = scalar(value, field)?;
            Ok(if answer.trim().is_empty() { Vec::new() } else { vec![answer] })
        }
    }
}
