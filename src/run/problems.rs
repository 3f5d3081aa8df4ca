//! The problems of a run: read from its files, and those kept that can be asked and checked. Knows nothing of steps.

use std::path::Path;

use anyhow::Result;
use rayon::prelude::*;

use crate::{
    config::{DataConfig, RunConfig},
    data::{BadRows, DataFiles, FileProblems, Problem, ProblemSet, ReadOptions, load_files, preference},
    error::input_error,
    eval::held_out_sample,
    judge::check_kind,
    processor::Processor,
    verify::{Verifier, WithoutAnswer},
};

/// The problems that a run draws from.
///
/// # Errors
/// When a file cannot be read, a row is bad and may not be skipped, a file has no usable row, or a setting has no effect.
pub fn training_problems(
    config: &DataConfig,
    processor: &Processor,
    verifier: &Verifier,
) -> Result<ProblemSet> {
    let (setting, _) = verifier.without_answer();
    let files = UsedFiles {
        files: &config.train,
        max_problems: config.max_problems,
        without_answer: setting.admits(),
        preferences: false,
    };
    let set = usable_set(files, config, processor, verifier)?;
    if setting.admits() {
        say_without_answer(config, &set.problems, setting)?;
    }
    Ok(set)
}

/// Says how many problems are rewarded without a reference, and what to watch where all of them are.
///
/// # Errors
/// An input error where none is.
fn say_without_answer(config: &DataConfig, problems: &[Problem], setting: WithoutAnswer) -> Result<()> {
    let without = problems.iter().filter(|problem| problem.lacks_answer()).count();
    let (all, files, name) = (problems.len(), config.train.display(), setting.name());
    if without == 0 {
        return Err(input_error(format!(
            "verify.without_answer = \"{name}\": each of the {all} problems of {files} has an answer; leave the setting out"
        )));
    }
    let by = match setting {
        WithoutAnswer::JudgedMajority => {
            "the share of the replies that give the same answer, times the policy's own verdict on it"
        }
        _ => "the share of the replies that give the same answer",
    };
    say!("{files}: {without} of {all} problems have no answer: rewarded by {by} (verify.without_answer)");
    if without == all {
        say!(
            "warning: {files}: no problem has an answer, so that nothing holds the policy to the truth: it may come to give one \
             wrong answer with confidence; watch unlabelled/agreement rise towards 1 while eval/reasoning_accuracy \
             (eval.every) stands or falls, and mix in problems with answers"
        );
    }
    Ok(())
}

/// The problems that a run is measured by: all of them, or the sample that `eval.problems` asks for.
///
/// # Errors
/// As [`training_problems`].
pub fn held_out_problems(
    config: &RunConfig,
    processor: &Processor,
    verifier: &Verifier,
) -> Result<Vec<Problem>> {
    let set = usable_set((&config.data.test).into(), &config.data, processor, verifier)?;
    Ok(held_out_sample(set.problems, config.eval.problems))
}

/// The problems of a file, or of several, that a model is measured by: all that can be asked and checked, and those that
/// have a better and a worse reply in the place of a reference answer ([`preference`]). Bad rows are refused, or skipped,
/// counted and reported.
///
/// # Errors
/// When a file cannot be read, a row is bad and may not be skipped, or none is left.
pub fn measurable_problems(
    files: impl Into<DataFiles>,
    config: &DataConfig,
    processor: &Processor,
    verifier: &Verifier,
) -> Result<Vec<Problem>> {
    let files: DataFiles = files.into();
    let used = UsedFiles { preferences: true, ..(&files).into() };
    Ok(usable_set(used, config, processor, verifier)?.problems)
}

/// Files of problems, and what is used of them.
struct UsedFiles<'a> {
    files: &'a DataFiles,
    max_problems: Option<usize>,
    /// Whether problems may be without a reference answer.
    without_answer: bool,
    /// Whether a better and a worse reply may stand in its place.
    preferences: bool,
}

impl<'a> From<&'a DataFiles> for UsedFiles<'a> {
    /// All problems, each with a reference.
    fn from(files: &'a DataFiles) -> Self {
        Self { files, max_problems: None, without_answer: false, preferences: false }
    }
}

fn usable_set(
    UsedFiles { files, max_problems, without_answer, preferences }: UsedFiles<'_>,
    config: &DataConfig,
    processor: &Processor,
    verifier: &Verifier,
) -> Result<ProblemSet> {
    check_system(config, processor)?;
    let mut set = ProblemSet::default();
    let reading = |path: &Path| ReadOptions { without_answer, preferences, ..config.reading(path) };
    for mut file in load_files(files, max_problems, reading)? {
        file.loaded.notes.iter().for_each(|note| say!("{note}"));
        let usable = usable_of(&mut file, config, processor, verifier)?;
        set.add(&file, usable);
    }
    say_what_is_dropped(files, &set.problems, config, processor);
    if let Some(message) = verifier.setting_overruled(&set.problems)? {
        say!("{}: {message}", files.display());
    }
    Ok(set)
}

/// Refuses a system message that no prompt would show.
///
/// # Errors
/// An input error that names the setting and what to do instead.
pub fn check_system(config: &DataConfig, processor: &Processor) -> Result<()> {
    let complaint = match config.system.as_ref().map(|_| processor.shows_system()) {
        None | Some(Ok(true)) => return Ok(()),
        Some(Ok(false)) => "the model's chat template does not show system messages".to_owned(),
        Some(Err(error)) => format!("the model's chat template takes no system message ({error:#})"),
    };
    Err(input_error(format!(
        "data.system: {complaint}; put the text into data.instruction, which stands behind every question, or give the model a chat_template.jinja that shows it"
    )))
}

/// Says what of the data's own messages no prompt shows.
fn say_what_is_dropped(files: &DataFiles, problems: &[Problem], config: &DataConfig, processor: &Processor) {
    let dropped = |what: &str, count: usize, is_shown: &dyn Fn() -> Result<bool>| {
        // What a template refuses, it has refused problem by problem.
        if count > 0 && is_shown().is_ok_and(|shown| !shown) {
            say!(
                "{}: {count} problems have {what}, which the model's chat template does not show: they are asked without",
                files.display()
            );
        }
    };
    let systems = problems.iter().filter(|problem| problem.system.is_some() && config.system.is_none());
    dropped("a system message", systems.count(), &|| processor.shows_system());
    let histories = problems.iter().filter(|problem| !problem.history.is_empty());
    dropped("earlier turns", histories.count(), &|| processor.shows_history());
}

/// As many usable problems of a file as are wanted, in the file's order. Where rows are skipped, others take their
/// place.
fn usable_of(
    file: &mut FileProblems,
    config: &DataConfig,
    processor: &Processor,
    verifier: &Verifier,
) -> Result<Vec<Problem>> {
    let check = |problem: Problem| -> Result<Problem> {
        check_kind(&problem)?;
        // What is put to the judge has the answers of a judge problem.
        if preference(&problem).is_none() {
            verifier.prepare(&problem)?;
        }
        processor.prompt(&problem)?;
        Ok(problem)
    };
    let mut order = file.order().into_iter();
    let mut rest: Vec<Option<Problem>> =
        std::mem::take(&mut file.loaded.problems).into_iter().map(Some).collect();
    let mut checked: Vec<(usize, Result<Problem>)> = Vec::with_capacity(file.wanted);
    loop {
        let usable = checked.iter().filter(|(_, problem)| problem.is_ok()).count();
        let next: Vec<(usize, Problem)> = order
            .by_ref()
            .take(file.wanted - usable)
            .map(|place| (place, rest[place].take().expect("every place comes once")))
            .collect();
        if next.is_empty() {
            break;
        }
        checked.par_extend(next.into_par_iter().map(|(place, problem)| (place, check(problem))));
    }
    checked.sort_by_key(|(place, _)| *place);
    let checked = checked.into_iter().map(|(_, problem)| problem).collect();
    let skipped = std::mem::take(&mut file.loaded.skipped);
    let usable = usable_rows(checked, &file.path, config.bad_rows, skipped)?;
    if usable.is_empty() {
        return Err(input_error(format!("{}: no usable problem", file.path.display())));
    }
    Ok(usable)
}

/// The rows of a file that can be used. A bad one is refused, or reported beside those that were skipped before.
pub(super) fn usable_rows<T>(
    read: Vec<Result<T>>,
    path: &Path,
    bad_rows: BadRows,
    mut skipped: Vec<String>,
) -> Result<Vec<T>> {
    let mut usable = Vec::with_capacity(read.len());
    for row in read {
        match row {
            Ok(row) => usable.push(row),
            Err(error) if bad_rows == BadRows::Skip => {
                skipped.push(format!("{}: {error:#}", path.display()));
            }
            Err(error) => return Err(error.context(path.display().to_string())),
        }
    }
    report_skipped(path, &skipped);
    Ok(usable)
}

fn report_skipped(path: &Path, skipped: &[String]) {
    const SHOWN: usize = 5;
    if skipped.is_empty() {
        return;
    }
    say!("{}: {} rows skipped", path.display(), skipped.len());
    skipped.iter().take(SHOWN).for_each(|message| say!("  {message}"));
    if skipped.len() > SHOWN {
        say!("  … and {} more", skipped.len() - SHOWN);
    }
}
