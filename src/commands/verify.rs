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

use crate::{
    cli::VerifyArgs,
    data::Problem,
    error::input_error,
    verify::{Explanation, Verdict, Verifier, VerifyConfig},
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

/// Prints one verdict per row, in order.
///
/// # Errors
/// Input errors that name the option, or the file and line.
pub(super) fn run(args: &VerifyArgs) -> Result<()> {
    let verifier = Verifier::new(VerifyConfig {
        extract: args.extract.clone(),
        verifier: args.verifier.clone(),
        rounding_places: args.rounding_places,
        partial_credit: args.partial_credit,
        ..VerifyConfig::default()
    })?;
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
        let check = |(number, line): &(usize, String)| check_line(line, &verifier, args, &args.data, *number);
        for line in chunk
            .par_iter()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(check)
            .collect::<Result<Vec<_>>>()?
        {
            writeln!(output, "{line}").context("writing to stdout")?;
        }
    }
    output.flush().context("writing to stdout")
}

fn check_line(
    line: &str,
    verifier: &Verifier,
    args: &VerifyArgs,
    path: &Path,
    number: usize,
) -> Result<String> {
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
        ..Problem::default()
    };
    if let Some(names) = &problem.verifier {
        verifier.check_names(names).with_context(place)?;
    }
    let started = Instant::now();
    let verdict = match verifier.check_gold(&problem) {
        Ok(()) => verifier.verify(&problem, &row.response),
        Err(error) => {
            Verdict { reason: format!("the reference cannot be used: {error:#}"), ..Verdict::default() }
        }
    };
    let microseconds = args.timing.then(|| started.elapsed().as_nanos() as f64 / 1000.0);
    let explanation = if args.explain { explained(verifier, &problem, &verdict) } else { None };
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
