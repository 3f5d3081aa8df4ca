//! Answers the problems of an evaluation, some at a time, and keeps what is answered beside `--out`: an evaluation that was
//! stopped, or whose machine was lost, goes on from there with `--resume`.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Error, Result};
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use crate::{
    data::Problem,
    error::input_error,
    eval::{AnswerOptions, FinalAnswer, Strategy, answer_problems},
    interrupt::tell_interrupted,
    metrics::Phase,
    random::hash_text,
    rollout::RolloutPipeline,
    storage::write_atomically,
};

/// Answers that are sampled together: what a lost machine takes with it.
const AT_ONCE: usize = 512;

/// A line of the file that is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptLine {
    /// The first: by what problems, model and settings the answers are.
    Evaluation(String),
    Answer(Box<FinalAnswer>),
    /// All answers to so many problems stand above.
    Answered(usize),
}

/// Where the answers so far are kept.
pub(super) struct KeptAnswers {
    path: PathBuf,
    file: File,
    answers: Vec<FinalAnswer>,
    answered: usize,
}

/// What is kept beside `--out`, and whether an earlier evaluation is to go on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keeping<'a> {
    pub out: Option<&'a Path>,
    pub resume: bool,
}

impl Keeping<'_> {
    /// The answers of an earlier evaluation of the same problems by the same settings, or none yet; `None` without `--out`.
    ///
    /// # Errors
    /// Input errors: there are answers that nobody asked to go on with, they are of another evaluation, or there are none.
    pub fn begin(self, of: impl FnOnce() -> Result<String>) -> Result<Option<KeptAnswers>> {
        let Some(out) = self.out else { return Ok(None) };
        let mut name = out.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let path = out.with_file_name(name);
        let refused = |what: &str| Err(input_error(format!("{}: {what}", path.display())));
        let of = format!("{:016x}", hash_text(&of()?));
        match (path.exists(), self.resume) {
            (true, false) => refused(
                "holds the answers of an evaluation that was not over; add --resume to go on with it, or remove the file",
            ),
            (false, true) => refused("--resume: there is no evaluation to go on with; leave the option out"),
            (false, false) => {
                let mut file = File::create(&path).with_context(|| format!("writing {}", path.display()))?;
                file.write_all(line_of(&KeptLine::Evaluation(of))?.as_bytes())?;
                Ok(Some(KeptAnswers { path, file, answers: Vec::new(), answered: 0 }))
            }
            (true, true) => match read(&path, &of)? {
                Some((answers, answered)) => {
                    let file = OpenOptions::new().append(true).open(&path);
                    let file = file.with_context(|| format!("writing {}", path.display()))?;
                    Ok(Some(KeptAnswers { path, file, answers, answered }))
                }
                None => refused("--resume: is of other problems, another model or other settings"),
            },
        }
    }
}

impl KeptAnswers {
    fn add(&mut self, answers: &[FinalAnswer], problems: usize) -> Result<()> {
        self.answered += problems;
        let lines = lines_of(answers, self.answered)?;
        let written = self.file.write_all(lines.as_bytes()).and_then(|()| self.file.sync_data());
        written.with_context(|| format!("writing {}", self.path.display()))
    }

    /// The answers are elsewhere now.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn forget(self) -> Result<()> {
        fs::remove_file(&self.path).with_context(|| format!("removing {}", self.path.display()))
    }
}

fn line_of(line: &KeptLine) -> Result<String> {
    Ok(serde_json::to_string(line)? + "\n")
}

/// The lines of some answers, and of how many problems are answered with them.
fn lines_of(answers: &[FinalAnswer], answered: usize) -> Result<String> {
    let lines = answers.iter().map(|answer| line_of(&KeptLine::Answer(Box::new(answer.clone()))));
    Ok(lines.collect::<Result<String>>()? + &line_of(&KeptLine::Answered(answered))?)
}

/// The answers to problems all of whose answers are there, and how many problems these are; `None` of another evaluation.
/// What stands behind them was cut off as it was written.
fn read(path: &Path, of: &str) -> Result<Option<(Vec<FinalAnswer>, usize)>> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let mut lines = text.lines().map_while(|line| serde_json::from_str(line).ok());
    if !matches!(lines.next(), Some(KeptLine::Evaluation(kept)) if kept == of) {
        return Ok(None);
    }
    let (mut whole, mut next, mut answered) = (Vec::new(), Vec::new(), 0);
    for line in lines {
        match line {
            KeptLine::Answer(answer) => next.push(*answer),
            KeptLine::Answered(problems) => {
                whole.append(&mut next);
                answered = problems;
            }
            KeptLine::Evaluation(_) => break,
        }
    }
    // What was cut off goes: other answers will stand behind what is whole.
    let kept = line_of(&KeptLine::Evaluation(of.to_owned()))? + &lines_of(&whole, answered)?;
    write_atomically(path, &kept)?;
    Ok(Some((whole, answered)))
}

/// What to tell of an evaluation that was given up. A file without any answers goes.
fn given_up(error: Error, kept: Option<KeptAnswers>, (answered, all): (usize, usize)) -> Error {
    let path = kept.as_ref().map(|kept| kept.path.clone()).filter(|_| answered > 0);
    if let Some(kept) = kept.filter(|_| answered == 0)
        && let Err(also) = kept.forget()
    {
        return error.context(also);
    }
    tell_interrupted(error, |by| match &path {
        Some(path) => format!(
            "{by}: {answered} of {all} problems are answered and kept in {}; add --resume to go on",
            path.display()
        ),
        None => format!("{by}: {answered} of {all} problems were answered, and nothing was written"),
    })
}

/// The answers to all problems, those that are kept among them, and where they are kept. `of` says what else than the
/// problems they depend on.
///
/// # Errors
/// When a problem cannot be rendered, the sampler fails, a reward cannot be had, or what is kept cannot be read or written.
pub(super) fn answer_all<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    problems: &[Problem],
    options: AnswerOptions,
    keeping: (Keeping<'_>, &str),
    quiet: bool,
) -> Result<(Vec<FinalAnswer>, Option<KeptAnswers>)> {
    let (keeping, of) = keeping;
    let mut kept =
        keeping.begin(|| Ok(format!("{of}\n{options:?}\n{}", serde_json::to_string(problems)?)))?;
    let (mut answers, mut answered) = match &mut kept {
        Some(kept) => (std::mem::take(&mut kept.answers), kept.answered),
        None => (Vec::new(), 0),
    };
    let all = problems.len();
    if answered > 0 {
        say!("going on with {answered} of {all} problems answered");
    }
    let progress = Phase::start("answering", all, quiet);
    progress.advance(answered);
    for some in problems[answered..].chunks((AT_ONCE / options.samples).max(1)) {
        let advance = |count| progress.advance(count);
        let found = match answer_problems(pipeline, some.to_vec(), options, &advance) {
            Ok(found) => found,
            Err(error) => return Err(given_up(error, kept, (answered, all))),
        };
        answered += some.len();
        if let Some(kept) = &mut kept {
            kept.add(&found, some.len())?;
        }
        answers.extend(found);
    }
    drop(progress);
    if options.strategy == Strategy::Reflect && answers.len() < all {
        say!("{} of {all} problems are left out: their first answer has no reward", all - answers.len());
    }
    Ok((answers, kept))
}
