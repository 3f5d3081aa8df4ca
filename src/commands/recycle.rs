//! `spark recycle`: judge and reflection problems from rollouts in a file, offline.

mod rollouts;

use std::{
    fs,
    io::{BufWriter, Write},
    path::Path,
};

use anyhow::{Context, Result};

use crate::{
    cli::{CommonArgs, RecycleArgs},
    config::RunConfig,
    data::Problem,
    error::input_error,
    recycle::{RecycleConfig, RecycleReport, Recycler},
};

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
    let groups = rollouts::read(&args.rollouts)?;
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
        ("  without a readable answer, left out", report.unparsed),
        ("  cut off by the token limit, left out", report.truncated),
        ("  neither right nor wrong", report.ambiguous),
        ("pointwise: Yes", report.yes),
        ("pointwise: No", report.no),
        ("pairwise: A", report.a),
        ("pairwise: B", report.b),
        ("pairwise: among three or more", report.choice),
        ("no judge item: no candidate", judge.no_candidate),
        ("no judge item: label in surplus", judge.unbalanced),
        ("no judge item: made already", judge.duplicate),
        ("reflection on a right answer", report.reflection_right),
        ("reflection on a wrong answer", report.reflection_wrong),
        ("  of both: a critique first", report.critique),
        ("no reflection: no candidate", reflection.no_candidate),
        ("no reflection: label in surplus", reflection.unbalanced),
        ("no reflection: made already", reflection.duplicate),
    ];
    rows.into_iter().map(|(name, count)| format!("{name:46} {count:>8}\n")).collect()
}
