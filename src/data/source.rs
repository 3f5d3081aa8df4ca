//! Problems from a file, whole and checked: every row is read before the first is used.

use std::{
    cell::Cell,
    collections::{HashMap, hash_map::Entry},
    path::{Path, PathBuf},
};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{
    Problem,
    embedded::ImageStore,
    format,
    image::ImageFiles,
    pattern::data_files,
    preference::problem_or_preference,
    rows::{Complaint, Fields, Row, for_each_row},
};
use crate::error::input_error;

/// What to do with a row that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BadRows {
    /// Refuse the file.
    #[default]
    Refuse,
    /// Leave the row out and report it.
    Skip,
}

/// How the rows of a file are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    pub bad_rows: BadRows,
    /// Where relative image paths start; at the file without it.
    pub image_root: Option<PathBuf>,
    /// Where images go that rows hold as bytes or data URLs; they are refused without it.
    pub image_cache: Option<PathBuf>,
    /// Taken off the end of questions, the first that fits.
    pub strip_suffix: Vec<String>,
    /// Fields that are as good as absent.
    pub ignore_fields: Vec<String>,
    /// The system message of problems that have none of their own.
    pub system: Option<String>,
    /// Whether a suffix or field that occurs in no row is an error.
    pub must_occur: bool,
    /// Whether original problems may be without a reference answer.
    pub without_answer: bool,
    /// Whether a better and a worse reply may stand in the place of a reference answer, as in reward benchmarks.
    pub preferences: bool,
}

impl ReadOptions {
    /// The problem under the data set's system message, unless it brings one.
    pub(super) fn with_system(&self, mut problem: Problem) -> Problem {
        if problem.system.is_none() {
            problem.system.clone_from(&self.system);
        }
        problem
    }

    /// How many problems keep a system message of their own, where there is one for all.
    ///
    /// # Errors
    /// When all of them do and the message must have an effect.
    pub(super) fn own_systems<'a>(
        &self,
        path: &Path,
        problems: impl ExactSizeIterator<Item = &'a Problem>,
    ) -> Result<Option<OwnSystems>> {
        let Some(system) = &self.system else { return Ok(None) };
        let all = problems.len();
        let own = problems.filter(|problem| problem.system.as_ref() != Some(system)).count();
        let path = path.display();
        if own == all && self.must_occur {
            return Err(input_error(format!(
                "data.system: all {all} rows of {path} have a system message of their own; leave the setting out"
            )));
        }
        let note =
            format!("{path}: {own} of {all} rows have a system message of their own, and not data.system");
        Ok((own > 0).then_some(OwnSystems { are_all: own == all, note }))
    }
}

/// That rows keep a system message of their own.
pub(super) struct OwnSystems {
    pub are_all: bool,
    /// For people to read.
    pub note: String,
}

impl From<BadRows> for ReadOptions {
    fn from(bad_rows: BadRows) -> Self {
        Self { bad_rows, ..Self::default() }
    }
}

/// The problems of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// In the file's order; never empty, every id unique.
    pub problems: Vec<Problem>,
    /// Why rows were left out, one message each, naming file and line.
    pub skipped: Vec<String>,
    /// What settings changed, a sentence each, for people to read.
    pub notes: Vec<String>,
    /// Settings that changed nothing, as `data.strip_suffix = "…"`.
    pub unused: Vec<String>,
}

/// What the rows of a file are, whatever it is; the fields as those of [`Loaded`].
pub(super) struct LoadedRows<T> {
    pub items: Vec<T>,
    pub skipped: Vec<String>,
    pub notes: Vec<String>,
    pub unused: Vec<String>,
}

/// Reads problems from JSON lines, one JSON array or Parquet, from one file or those of a pattern (see [`data_files`]);
/// `docs/data.md` lists the shapes that a row may have.
///
/// A missing id becomes `{file stem}:{line}`. Images must exist; whether they can be decoded shows
/// when they are used.
///
/// # Errors
/// When the file cannot be read, has no usable row, has a bad row and the options say to refuse, or a setting has no
/// effect that must have one.
pub fn load_problems(path: &Path, options: impl Into<ReadOptions>) -> Result<Loaded> {
    let options = options.into();
    let suffixes = Suffixes::new(&options);
    let parse = match (options.preferences, options.without_answer) {
        (true, _) => problem_or_preference,
        (false, true) => format::problem_with_or_without_answer,
        (false, false) => format::problem,
    };
    let problem = |fields: &Fields, files: ImageFiles<'_>, id| {
        parse(fields, files, id)
            .and_then(|problem| suffixes.stripped(problem))
            .map(|problem| options.with_system(problem))
    };
    let LoadedRows { items: problems, skipped, mut notes, mut unused } =
        load(path, &options, problem, |problem| &problem.id)?;
    notes.extend(suffixes.notes(path, problems.len())?);
    unused.extend(suffixes.unused());
    if let Some(OwnSystems { are_all, note }) = options.own_systems(path, problems.iter())? {
        unused.extend(are_all.then(|| "data.system".to_owned()));
        notes.push(note);
    }
    Ok(Loaded { problems, skipped, notes, unused })
}

/// Suffixes of questions, and how often each was taken off.
pub(super) struct Suffixes<'a> {
    options: &'a ReadOptions,
    counts: Vec<Cell<usize>>,
}

impl<'a> Suffixes<'a> {
    pub(super) fn new(options: &'a ReadOptions) -> Self {
        Self { options, counts: vec![Cell::new(0); options.strip_suffix.len()] }
    }

    /// The problem without the suffix of its question. White space at the end of either is not looked at.
    pub(super) fn stripped(&self, problem: Problem) -> Result<Problem, Complaint> {
        let question = problem.question.trim_end();
        let found = self.options.strip_suffix.iter().zip(&self.counts).find_map(|(suffix, count)| {
            let suffix = Some(suffix.trim()).filter(|suffix| !suffix.is_empty())?;
            Some((question.strip_suffix(suffix)?.trim_end().to_owned(), count))
        });
        let Some((question, count)) = found else { return Ok(problem) };
        if question.is_empty() {
            return Err(
                "its question is nothing but data.strip_suffix; correct the row or the setting".to_owned()
            );
        }
        count.set(count.get() + 1);
        let end = question.chars().count();
        let image_places = problem.image_places.iter().map(|&place| place.min(end)).collect();
        Ok(Problem { question, image_places, ..problem })
    }

    /// Suffixes that no question ended in.
    fn unused(&self) -> impl Iterator<Item = String> {
        let unused = self.options.strip_suffix.iter().zip(&self.counts).filter(|(_, count)| count.get() == 0);
        unused.map(|(suffix, _)| format!("data.strip_suffix = {suffix:?}"))
    }

    /// How many questions were changed.
    ///
    /// # Errors
    /// When a suffix that must occur does not.
    pub(super) fn notes(&self, path: &Path, rows: usize) -> Result<Vec<String>> {
        let counted = self.options.strip_suffix.iter().zip(&self.counts);
        counted
            .map(|(suffix, count)| {
                let (path, count) = (path.display(), count.get());
                if count == 0 && self.options.must_occur {
                    return Err(input_error(format!(
                        "data.strip_suffix: none of the {rows} questions of {path} ends in {suffix:?}; correct the setting or leave it out"
                    )));
                }
                Ok(format!("{path}: data.strip_suffix taken off {count} of {rows} questions: {suffix:?}"))
            })
            .collect()
    }
}

/// Reads every row with `parse` (fields, where images are, id where the row has none), of all files that the path stands
/// for.
pub(super) fn load<T>(
    path: &Path,
    options: &ReadOptions,
    parse: impl Fn(&Fields, ImageFiles<'_>, String) -> Result<T, Complaint>,
    id: impl Fn(&T) -> &str,
) -> Result<LoadedRows<T>> {
    let store = options.image_cache.as_deref().map(ImageStore::new);
    let (mut items, mut skipped) = (Vec::new(), Vec::new());
    let mut first_with_id: HashMap<String, String> = HashMap::new();
    let mut ignored = vec![0; options.ignore_fields.len()];
    for file in data_files(path)? {
        let directory = options.image_root.as_deref().or(file.parent()).unwrap_or(Path::new(""));
        let files = ImageFiles { roots: &[directory], must_exist: true, store: store.as_ref() };
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let place_in = |unit: &str, number: usize| match file == path {
            true => format!("{unit} {number}"),
            false => format!("{unit} {number} of {}", file.display()),
        };
        for_each_row(&file, &mut |Row { number, unit, fields }| {
            let parsed = fields
                .and_then(|mut fields| {
                    for (name, count) in options.ignore_fields.iter().zip(&mut ignored) {
                        *count += usize::from(fields.shift_remove(name).is_some());
                    }
                    parse(&fields, files, format!("{stem}:{number}"))
                })
                .and_then(|item| {
                    claim(id(&item), place_in(unit, number), &mut first_with_id)?;
                    Ok(item)
                });
            // A full disk is no fault of the row.
            if let Some(error) = store.as_ref().and_then(ImageStore::take_failure) {
                return Err(error);
            }
            match parsed {
                Ok(item) => items.push(item),
                Err(complaint) => {
                    let message = format!("{}, {unit} {number}: {complaint}", file.display());
                    match options.bad_rows {
                        BadRows::Refuse => return Err(input_error(message)),
                        BadRows::Skip => skipped.push(message),
                    }
                }
            }
            Ok(())
        })?;
    }
    if items.is_empty() {
        return Err(nothing_usable(path, &skipped));
    }
    let notes = ignored_notes(path, options, &ignored)?;
    let unused = options.ignore_fields.iter().zip(&ignored).filter(|(_, count)| **count == 0);
    let unused = unused.map(|(name, _)| format!("data.ignore_fields = {name:?}")).collect();
    Ok(LoadedRows { items, skipped, notes, unused })
}

/// Remembers the place of an id.
///
/// # Errors
/// Names the place that has the id already.
fn claim(id: &str, place: String, first_with_id: &mut HashMap<String, String>) -> Result<(), Complaint> {
    match first_with_id.entry(id.to_owned()) {
        Entry::Vacant(entry) => {
            entry.insert(place);
            Ok(())
        }
        Entry::Occupied(first) => Err(format!(
            r#"field "id" repeats "{}" of {}; make ids unique or leave them out"#,
            first.key(),
            first.get()
        )),
    }
}

fn ignored_notes(path: &Path, options: &ReadOptions, counts: &[usize]) -> Result<Vec<String>> {
    let path = path.display();
    let note = |(name, &count): (&String, &usize)| {
        if count == 0 && options.must_occur {
            return Err(input_error(format!(
                "data.ignore_fields: no row of {path} has a field {name:?}; correct the setting or leave it out"
            )));
        }
        Ok(format!("{path}: field {name:?} ignored in {count} rows"))
    };
    options.ignore_fields.iter().zip(counts).map(note).collect()
}

fn nothing_usable(path: &Path, skipped: &[String]) -> anyhow::Error {
    let path = path.display();
    input_error(match skipped.first() {
        None => format!("{path} is empty; give one JSON object per line, or one JSON array"),
        Some(first) => format!("{path} has no usable row: all {} are bad, the first: {first}", skipped.len()),
    })
}

#[cfg(test)]
mod tests;
