//! Labels: constraints as the data writes them. Knows the shapes of labels; what each constraint means is in
//! `published`.
//!
//! Three shapes occur, each in JSON or as a Python literal, by itself, in an array, or as a string in either:
//! RLVR-IFEval's `{"func_name": …, arguments}`, open-instruct's `{"instruction_id": […], "kwargs": […]}`, and IFEval's
//! `{"instruction_id_list": […], "kwargs": […]}`.

use anyhow::Result;
use serde_json::{Map, Value};

use super::{
    arguments::Arguments,
    constraint::Constraint,
    literal,
    published::{self, Definition},
};
use crate::error::input_error;

/// How many arrays and strings a constraint may be wrapped in.
const DEEPEST: usize = 6;

/// The keys under which identifiers stand.
const IDENTIFIERS: [&str; 2] = ["instruction_id", "instruction_id_list"];

impl Constraint {
    /// The constraints of a label; see `docs/verifiers.md` for its shapes and the constraints that there are.
    ///
    /// # Errors
    /// Names the constraint that is unknown, or the argument that is unknown, missing or of the wrong sort.
    pub fn parse(label: &str) -> Result<Vec<Self>> {
        let constraints = constraints(&value(label)?, 0)?;
        if constraints.is_empty() {
            return Err(input_error("the list of constraints is empty: give at least one"));
        }
        Ok(constraints)
    }
}

/// Whether a label has the shape of constraints, although it may be wrong.
pub(crate) fn has_constraints(label: &str) -> bool {
    label.trim_start().starts_with(['{', '[', '(', '"', '\''])
        && (label.contains("func_name") || label.contains("instruction_id"))
}

fn value(text: &str) -> Result<Value> {
    serde_json::from_str(text).or_else(|error| {
        literal::parse(text).map_err(|other| {
            input_error(format!("constraints are no JSON ({error}) and no Python literal ({other})"))
        })
    })
}

fn constraints(value: &Value, depth: usize) -> Result<Vec<Constraint>> {
    if depth > DEEPEST {
        return Err(input_error(format!("constraints are wrapped more than {DEEPEST} times")));
    }
    match value {
        Value::String(text) => constraints(&self::value(text)?, depth + 1),
        Value::Array(items) => {
            let read = items.iter().map(|item| constraints(item, depth + 1));
            Ok(read.collect::<Result<Vec<_>>>()?.concat())
        }
        Value::Object(object) => of_object(object),
        other => Err(input_error(format!(
            "a constraint must be an object such as {{\"func_name\": \"validate_title\"}}, not {other}"
        ))),
    }
}

fn of_object(object: &Map<String, Value>) -> Result<Vec<Constraint>> {
    if let Some(name) = object.get("func_name").and_then(Value::as_str) {
        let definition = known(name, &published::functions())?;
        return Ok(vec![constraint(definition, object)?]);
    }
    match IDENTIFIERS.into_iter().find_map(|key| object.get(key)) {
        Some(identifiers) => of_identifiers(identifiers, object.get("kwargs").unwrap_or(&Value::Null)),
        None => Err(input_error("a constraint has neither \"func_name\" nor \"instruction_id\"")),
    }
}

/// Identifiers and the arguments of each, which may be null.
fn of_identifiers(identifiers: &Value, arguments: &Value) -> Result<Vec<Constraint>> {
    let identifiers = match identifiers {
        Value::Array(items) => items.iter().map(Value::as_str).collect::<Option<Vec<_>>>(),
        one => one.as_str().map(|one| vec![one]),
    };
    let identifiers =
        identifiers.ok_or_else(|| input_error("\"instruction_id\" must be an array of texts"))?;
    let arguments = match arguments {
        Value::String(text) => value(text)?,
        other => other.clone(),
    };
    let arguments = match arguments {
        Value::Null => vec![Value::Null; identifiers.len()],
        Value::Array(items) => items,
        one => vec![one],
    };
    if arguments.len() != identifiers.len() {
        return Err(input_error(format!(
            "{} constraints in \"instruction_id\" but {} in \"kwargs\"",
            identifiers.len(),
            arguments.len()
        )));
    }
    identifiers.iter().zip(&arguments).map(|(name, arguments)| of_identifier(name, arguments)).collect()
}

fn of_identifier(name: &str, arguments: &Value) -> Result<Constraint> {
    if let Some((_, reason)) = published::LEFT_OUT.iter().find(|(left_out, _)| *left_out == name) {
        return Err(input_error(format!("constraint {name:?} is not supported: {reason}")));
    }
    let definition = known(name, &published::identifiers())?;
    let object = match arguments {
        Value::Null => Map::new(),
        Value::Object(object) => object.clone(),
        Value::String(text) => value(text)?.as_object().cloned().unwrap_or_default(),
        other => return Err(input_error(format!("{name}: arguments must be an object, not {other}"))),
    };
    Arguments { name, object: &object }.refuse_others(definition.arguments)?;
    constraint(definition, &object)
}

fn constraint(definition: &Definition, object: &Map<String, Value>) -> Result<Constraint> {
    let rule = (definition.read)(&Arguments { name: definition.name, object })?;
    let mut arguments = object.clone();
    arguments.retain(|_, value| !value.is_null());
    Ok(Constraint { name: definition.name, arguments, rule })
}

/// The definition of a name.
///
/// # Errors
/// Names the known one that is most like an unknown one.
fn known(name: &str, definitions: &[&'static Definition]) -> Result<&'static Definition> {
    if let Some(found) = definitions.iter().find(|definition| definition.name == name) {
        return Ok(found);
    }
    let bare = |name: &str| {
        let name = name.trim_start_matches("verify_").trim_start_matches("validate_");
        name.chars().take(64).collect::<Vec<_>>()
    };
    let wanted = bare(name);
    let near = definitions.iter().map(|known| known.name).min_by_key(|known| edits(&bare(known), &wanted));
    Err(input_error(format!("constraint {name:?} is unknown; did you mean {:?}?", near.unwrap_or_default())))
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
