//! `spark recycle`: judge and reflection problems from rollouts in a file, offline.

use std::{
    fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::{
    cli::{CommonArgs, RecycleArgs},
    config::RunConfig,
    data::{ImageRef, Kind, Problem},
    error::input_error,
    model::ModelInput,
    processor::Prompt,
    recycle::{RecycleConfig, RecycleReport, Recycler},
    rollout::{Completion, FinishReason, Rollout, RolloutGroup},
    verify::{Extractor, Penalties, Verdict, candidates},
};

/// One line of input.
#[derive(Debug, Deserialize)]
struct Row {
    question: String,
    #[serde(default)]
    images: Vec<PathBuf>,
    answer: String,
    completions: Vec<Sampled>,
}

#[derive(Debug, Deserialize)]
struct Sampled {
    text: String,
    reward: f64,
}

/// Writes the problems that the rollouts of a file make, and prints on stderr what became of them.
///
/// # Errors
/// Input errors that name the setting, or the file and line.
pub fn run(args: &RecycleArgs, common: &CommonArgs) -> Result<()> {
    let config = match &args.recipe {
        Some(recipe) => RunConfig::load(recipe, &args.set)?.recycle,
        None if args.set.is_empty() => RecycleConfig::default(),
        None => return Err(input_error("--set needs --recipe: there is nothing to change")),
    };
    let groups = read_groups(&args.rollouts)?;
    // A file is no step: nothing waits, and nothing is too much.
    let unbounded = RecycleConfig {
        max_judge_per_step: usize::MAX,
        max_reflection_per_step: usize::MAX,
        queue_capacity: usize::MAX,
        ..config
    };
    let mut recycler = Recycler::new(unbounded, common.seed.unwrap_or(0));
    let report = recycler.push(&groups, 1);
    let problems = recycler.take(usize::MAX, 1);
    write_problems(&args.out, &problems)?;
    if !common.quiet {
        eprint!("{}", table(&report));
    }
    Ok(())
}

fn read_groups(path: &Path) -> Result<Vec<RolloutGroup>> {
    let text = fs::read_to_string(path)
        .map_err(|error| input_error(format!("{}: cannot be read ({error})", path.display())))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            let row = serde_json::from_str(line).map_err(|error| {
                let expected =
                    "{\"question\", \"images\"?, \"answer\", \"completions\": [{\"text\", \"reward\"}]}";
                input_error(format!("{}, line {}: expected {expected} ({error})", path.display(), index + 1))
            })?;
            Ok(group(row, index + 1, path.parent().unwrap_or(Path::new(""))))
        })
        .collect()
}

/// A group as if it had been sampled; the answers are found wherever they may stand.
fn group(row: Row, line: usize, folder: &Path) -> RolloutGroup {
    let rollout = |Sampled { text, reward }| {
        let extracted =
            candidates(&text, &Extractor::ALL).map(|found| found.text).find(|text| !text.is_empty());
        Rollout {
            completion: Completion { token_ids: vec![], logprobs: vec![], finish_reason: FinishReason::Stop },
            verdict: Verdict { reward, extracted, ..Verdict::default() },
            penalties: Penalties::default(),
            text,
        }
    };
    RolloutGroup {
        problem: Problem {
            id: format!("line-{line}"),
            kind: Kind::Reason,
            system: None,
            question: row.question,
            images: row.images.into_iter().map(|image| ImageRef::from(folder.join(image))).collect(),
            answer: row.answer,
            verifier: None,
            source: None,
        },
        prompt: Prompt { text: String::new(), input: ModelInput { images: vec![], ids: vec![] } },
        rollouts: row.completions.into_iter().map(rollout).collect(),
        unscored: vec![],
    }
}

fn write_problems(path: &Path, problems: &[Problem]) -> Result<()> {
    let writing = || format!("writing {}", path.display());
    let mut output = BufWriter::new(fs::File::create(path).with_context(writing)?);
    for problem in problems {
        serde_json::to_writer(&mut output, problem).with_context(writing)?;
        output.write_all(b"\n").with_context(writing)?;
    }
    output.flush().with_context(writing)
}

fn table(report: &RecycleReport) -> String {
    let RecycleReport { judge_dropped: judge, reflection_dropped: reflection, .. } = report;
    let rows = [
        ("groups", report.groups),
        ("completions", report.completions),
        ("  shown to a judge or for reflection, perhaps", report.candidates),
        ("  without a readable answer", report.unparsed),
        ("  neither right nor wrong", report.ambiguous),
        ("pointwise: Yes", report.yes),
        ("pointwise: No", report.no),
        ("pairwise: A", report.a),
        ("pairwise: B", report.b),
        ("no judge item: no candidate", judge.no_candidate),
        ("no judge item: label in surplus", judge.unbalanced),
        ("no judge item: made already", judge.duplicate),
        ("reflection on a right answer", report.reflection_right),
        ("reflection on a wrong answer", report.reflection_wrong),
        ("no reflection: no candidate", reflection.no_candidate),
        ("no reflection: label in surplus", reflection.unbalanced),
        ("no reflection: made already", reflection.duplicate),
    ];
    rows.into_iter().map(|(name, count)| format!("{name:46} {count:>8}\n")).collect()
}
