//! One row into one problem, whatever shape the row has: our own, chat messages, or a benchmark's. Which fields are
//! read under which names, `docs/data.md` tells. Touches the file system only to see whether images exist.

use super::{
    ImageRef, Kind, Problem, ReflectedProblem, ReplyForm,
    answer::{References, references},
    asked::{Asked, asked},
    fields::{is_held, refuse_unread, scalar, string},
    image::ImageFiles,
    rows::{Complaint, Fields, present},
};

/// What a row says of what is asked and how a reply is checked. SFT rows may have no reference answer.
///
/// `fallback_id` names the row where it has no id.
pub(crate) fn problem_without_answer(
    fields: &Fields,
    files: ImageFiles<'_>,
    fallback_id: String,
) -> Result<Problem, Complaint> {
    let Asked { system, history, question, images, image_places } = asked(fields, files)?;
    let References { answer, alternatives } = references(fields)?;
    let problem = Problem {
        id: match present(fields, "id") {
            Some(id) => scalar(id, "id")?,
            None => fallback_id,
        },
        kind: kind(fields)?,
        system,
        history,
        question,
        images,
        image_places,
        answer,
        alternatives,
        verifier: string(fields, "verifier")?,
        source: source(fields)?,
        reply: reply(fields)?,
        reflects_on: reflects_on(fields)?,
        columns: columns(fields),
    };
    let images: Vec<&ImageRef> = problem.all_images().collect();
    refuse_unread(fields, &images, files, true)?;
    Ok(problem.under_its_own_kind())
}

/// The row as a problem with a reference answer.
pub(crate) fn problem(
    fields: &Fields,
    files: ImageFiles<'_>,
    fallback_id: String,
) -> Result<Problem, Complaint> {
    let problem = problem_without_answer(fields, files, fallback_id)?;
    if problem.answer.trim().is_empty() {
        return Err(r#"field "answer" is missing or empty; give the reference answer (only data.train may do without: verify.without_answer)"#.into());
    }
    Ok(problem)
}

/// The row as a problem that may be without a reference answer, where it is an original one.
pub(crate) fn problem_with_or_without_answer(
    fields: &Fields,
    files: ImageFiles<'_>,
    fallback_id: String,
) -> Result<Problem, Complaint> {
    let problem = problem_without_answer(fields, files, fallback_id)?;
    if !problem.answer.trim().is_empty() {
        return Ok(problem);
    }
    if !problem.lacks_answer() || problem.reply != ReplyForm::Answer {
        return Err(r#"field "answer" is missing or empty; only original problems may do without one"#.into());
    }
    match present(fields, "alternatives") {
        Some(alternatives) if alternatives.as_array().is_none_or(|all| !all.is_empty()) => {
            Err(r#"field "alternatives" has answers, but there is no "answer"; name one of them there"#
                .into())
        }
        _ => Ok(problem),
    }
}

fn source(fields: &Fields) -> Result<Option<String>, Complaint> {
    for name in ["source", "dataset", "data_source"] {
        if let Some(source) = string(fields, name)? {
            return Ok(Some(source));
        }
    }
    Ok(None)
}

/// Any word may be a kind; whether it is one that is known is for those to say who know the kinds.
fn kind(fields: &Fields) -> Result<Kind, Complaint> {
    let Some(name) = string(fields, "kind")? else { return Ok(Kind::default()) };
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if name.is_empty() || !name.chars().all(fits) {
        return Err(format!(
            r#"field "kind" is "{name}"; it must be one word of letters, digits, "_" and "-""#
        ));
    }
    Ok(Kind::named(&name))
}

/// The fields that a problem holds in no other way.
fn columns(fields: &Fields) -> Fields {
    fields
        .iter()
        .filter(|(name, _)| !is_held(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// How a reply is read, as recycled problems in a file say it.
fn reply(fields: &Fields) -> Result<ReplyForm, Complaint> {
    match present(fields, "reply") {
        None => Ok(ReplyForm::Answer),
        Some(value) => match serde_json::from_value(value.clone()) {
            Ok(ReplyForm::Choice(candidates)) if !(2..=26).contains(&candidates) => {
                Err(format!(r#"field "reply" has {candidates} candidates; letters are for 2 to 26"#))
            }
            Ok(reply) => Ok(reply),
            Err(error) => Err(format!(
                r#"field "reply" is {value} ({error}); it must be "answer", {{"choice": candidates}} or {{"critique": {{"right": true or false}}}}"#
            )),
        },
    }
}

/// Which problem a reflection is about, as recycled problems in a file say it.
fn reflects_on(fields: &Fields) -> Result<Option<ReflectedProblem>, Complaint> {
    let Some(value) = present(fields, "reflects_on") else { return Ok(None) };
    serde_json::from_value(value.clone()).map(Some).map_err(|error| {
        format!(
            r#"field "reflects_on" is {value} ({error}); it must be as recycled reflections have it ({{"start", "length", "right"}}), or name it in data.ignore_fields"#
        )
    })
}

#[cfg(test)]
mod tests;
