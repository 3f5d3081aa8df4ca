//! `spark verify`: verdicts on (answer, response) rows, in parallel and in order.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write, stdout},
    path::Path,
    time::Instant,
};

use anyhow::{Context, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    cli::VerifyArgs,
    console::output_error,
    data::Problem,
    error::input_error,
    verify::{Doubt, Explanation, RemoteConfig, Response, UnscoredPolicy, Verdict, Verifier, VerifyConfig},
};

/// Rows read, checked and written at once.
const ROWS_AT_ONCE: usize = 4096;

/// One line of input.
#[derive(Debug, Deserialize)]
struct VerifyRow {
    answer: String,
    response: String,
    #[serde(default)]
    verifier: Option<String>,
    /// Its options, where an answer may name one by its text.
    #[serde(default)]
    question: String,
    #[serde(flatten)]
    columns: Map<String, Value>,
}

/// A response and what it is checked against.
struct Answered {
    problem: Problem,
    response: String,
}

/// One line of output.
#[derive(Debug, Serialize)]
struct VerdictRow {
    #[serde(flatten)]
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    microseconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
}

/// A line of output where there is no reward.
#[derive(Debug, Serialize)]
struct UnscoredRow {
    reward: Option<f64>,
    extracted: Option<String>,
    reason: String,
}

/// Prints one verdict per row, in order.
///
/// # Errors
/// Input errors that name the option, or the file and line.
pub(super) fn run(args: &VerifyArgs) -> Result<()> {
    let verifier = Verifier::new(args.python.applied_to(VerifyConfig {
        extract: args.extract.clone(),
        verifier: args.verifier.clone(),
        rounding_places: args.rounding_places,
        partial_credit: args.partial_credit,
        remote: RemoteConfig { unscored: UnscoredPolicy::LeaveOut, ..RemoteConfig::default() },
        ..VerifyConfig::default()
    }))?;
    let unreadable = |error| input_error(format!("{}: cannot be read ({error})", args.data.display()));
    let mut lines = BufReader::new(File::open(&args.data).map_err(unreadable)?).lines().enumerate();
    let mut output = BufWriter::new(stdout().lock());
    loop {
        let chunk: Vec<(usize, String)> = lines
            .by_ref()
            .take(ROWS_AT_ONCE)
            .map(|(index, line)| Ok((index + 1, line.map_err(unreadable)?)))
            .collect::<Result<_>>()?;
        if chunk.is_empty() {
            break;
        }
        let read = |(number, line): &(usize, String)| read_line(line, &verifier, args, &args.data, *number);
        let rows: Vec<Answered> =
            chunk.par_iter().filter(|(_, line)| !line.trim().is_empty()).map(read).collect::<Result<_>>()?;
        let lines = if args.python.functions.is_empty() {
            rows.par_iter().map(|row| check(row, &verifier, args)).collect::<Result<Vec<_>>>()?
        } else {
            check_together(&rows, &verifier, args)?
        };
        for line in lines {
            output_error(writeln!(output, "{line}"))?;
        }
    }
    output_error(output.flush())
}

fn read_line(
    line: &str,
    verifier: &Verifier,
    args: &VerifyArgs,
    path: &Path,
    number: usize,
) -> Result<Answered> {
    let place = || format!("{}, line {number}", path.display());
    let row: VerifyRow = serde_json::from_str(line).map_err(|error| {
        input_error(format!("{}: expected {{\"answer\", \"response\", \"verifier\"?}} ({error})", place()))
    })?;
    let problem = Problem {
        id: format!("line {number}"),
        question: row.question,
        images: Vec::new(),
        answer: row.answer,
        verifier: row.verifier.or_else(|| args.verifier.clone()),
        columns: row.columns,
        ..Problem::default()
    };
    if let Some(names) = &problem.verifier {
        verifier.check_names(names).with_context(place)?;
    }
    Ok(Answered { problem, response: row.response })
}

/// The verdict on one response, as a line.
fn check(row: &Answered, verifier: &Verifier, args: &VerifyArgs) -> Result<String> {
    let started = Instant::now();
    let verdict = match verifier.check_gold(&row.problem) {
        Ok(()) => verifier.verify(&row.problem, &row.response),
        Err(error) => without_reference(&error),
    };
    let microseconds = args.timing.then(|| started.elapsed().as_nanos() as f64 / 1000.0);
    line_of(verdict, row, verifier, args, microseconds)
}

/// A verdict as a line, with its explanation where it is asked for.
fn line_of(
    verdict: Verdict,
    row: &Answered,
    verifier: &Verifier,
    args: &VerifyArgs,
    microseconds: Option<f64>,
) -> Result<String> {
    let explanation = if args.explain { explained(verifier, &row.problem, &verdict) } else { None };
    serde_json::to_string(&VerdictRow { verdict, microseconds, explanation }).context("writing a verdict")
}

/// How both sides were understood. Where no answer was found, only the reference was.
fn explained(verifier: &Verifier, problem: &Problem, verdict: &Verdict) -> Option<Explanation> {
    match &verdict.extracted {
        Some(answer) => verifier.explain(problem, answer),
        None => verifier.explain(problem, &problem.answer).map(|of_itself| Explanation {
            answer: "none was found".to_owned(),
            difference: verdict.reason.clone(),
            ..of_itself
        }),
    }
}

fn without_reference(error: &anyhow::Error) -> Verdict {
    let reason = format!("the reference cannot be used: {error:#}");
    Verdict { reason, doubt: Some(Doubt::Unread), ..Verdict::default() }
}

/// The verdicts on many responses, as lines. What judges from outside is asked about all of them at once.
fn check_together(rows: &[Answered], verifier: &Verifier, args: &VerifyArgs) -> Result<Vec<String>> {
    let references: Vec<Result<()>> = rows.iter().map(|row| verifier.check_gold(&row.problem)).collect();
    let usable = rows.iter().zip(&references).filter(|(_, reference)| reference.is_ok());
    let responses: Vec<Response<'_>> = usable
        .map(|(row, _)| Response {
            problem: &row.problem,
            prompt: &row.problem.question,
            text: &row.response,
        })
        .collect();
    let mut verdicts = verifier.verify_all(&responses)?.into_iter();
    let lines = rows.iter().zip(&references).map(|(row, reference)| {
        let verdict = match reference {
            Ok(()) => verdicts.next().expect("one verdict per response"),
            Err(error) => Ok(without_reference(error)),
        };
        match verdict {
            Ok(verdict) => line_of(verdict, row, verifier, args, None),
            Err(unscored) => {
                let unscored = UnscoredRow { reward: None, extracted: None, reason: unscored.reason };
                serde_json::to_string(&unscored).context("writing a verdict")
            }
        }
    });
    lines.collect()
}
