//! `spark recycle`: judge and reflection problems from rollouts in a file, offline.

mod rollouts;

use std::{collections::BTreeSet, io::Write, path::Path};

use anyhow::{Context, Result};

use super::output::output;
use crate::{
    cli::{CommonArgs, RecycleArgs},
    config::RunConfig,
    data::Problem,
    error::input_error,
    recycle::{Dropped, MadeItems, RecycleConfig, RecycleReport, Recycler},
    storage::WholeFile,
    verify::{Verifier, VerifyConfig},
};

/// Writes the problems that the rollouts of a file make, and prints on stderr what became of them.
///
/// # Errors
/// Input errors that name the setting, or the file and line.
pub(super) fn run(args: &RecycleArgs, common: &CommonArgs) -> Result<()> {
    let RunConfig { recycle: config, verify, judge, .. } = match &args.recipe {
        Some(recipe) => RunConfig::load(recipe, &args.set)?,
        // Without a recipe, answers may stand anywhere.
        None if args.set.is_empty() => {
            let verify = VerifyConfig::anywhere();
            RunConfig { verify, ..RunConfig::default() }
        }
        None => return Err(input_error("--set needs --recipe: there is nothing to change")),
    };
    let out = output(&args.out, &[&args.rollouts])?;
    let verifier = Verifier::new(verify)?;
    let (groups, unscored) = rollouts::read(&args.rollouts, &verifier)?;
    // A file is no step: nothing waits, and nothing is too much.
    let unbounded = RecycleConfig {
        max_judge_per_step: usize::MAX,
        max_reflection_per_step: usize::MAX,
        queue_capacity: usize::MAX,
        ..config
    };
    if let Some(sentence) = judge.bounds(unbounded.wordings) {
        say!("{sentence}");
    }
    let mut recycler =
        Recycler::new(unbounded, common.seed.unwrap_or(0), Vec::new())?.with_prompts(judge.prompts().clone());
    let report = recycler.push(&groups, 1, &verifier);
    let problems = recycler.take(usize::MAX, 1);
    write_problems(out, &problems).with_context(|| format!("writing {}", args.out.display()))?;
    if !common.quiet {
        say!("{}", table(&report, unscored).trim_end());
    }
    let shown: BTreeSet<&Path> =
        problems.iter().flat_map(Problem::all_images).map(|image| image.path.as_path()).collect();
    let missing: Vec<&Path> = shown.iter().copied().filter(|path| !path.is_file()).collect();
    if let Some(first) = missing.first() {
        let (count, out) = (missing.len(), args.out.display());
        say!(
            "{count} of {} images are not there, and {out} cannot be read without them: {}",
            shown.len(),
            first.display()
        );
    }
    Ok(())
}

fn write_problems(mut out: WholeFile, problems: &[Problem]) -> Result<()> {
    for problem in problems {
        serde_json::to_writer(&mut out, &problem.to_row())?;
        out.write_all(b"\n")?;
    }
    out.finish()
}

fn table(report: &RecycleReport, unscored: usize) -> String {
    let mut rows = vec![
        ("groups".to_owned(), report.groups),
        ("left out without a reward".to_owned(), unscored),
        ("completions".to_owned(), report.completions),
        ("  shown to a judge or for reflection, perhaps".to_owned(), report.candidates),
        ("  without a readable answer, left out".to_owned(), report.unparsed),
        ("  cut off by the token limit, left out".to_owned(), report.truncated),
        ("  of which the verifier is not certain, left out".to_owned(), report.doubtful),
        ("  neither right nor wrong, left out".to_owned(), report.ambiguous),
    ];
    for line in &report.lines {
        rows.extend(line.made.iter().flat_map(made_rows));
        let name = if line.name == "judge" { "judge item" } else { &line.name };
        let Dropped { no_candidate, all_wrong, unbalanced, duplicate, .. } = line.dropped;
        rows.extend([
            (format!("no {name}: no candidate"), no_candidate),
            (format!("no {name}: no right answer"), all_wrong),
            (format!("no {name}: label in surplus"), unbalanced),
            (format!("no {name}: made already"), duplicate),
        ]);
    }
    rows.into_iter().map(|(name, count)| format!("{name:50} {count:>8}\n")).collect()
}

/// One row per named count of a kind's items: `pairwise: A`.
fn made_rows(made: &MadeItems) -> Vec<(String, usize)> {
    let kind = made.kind.name();
    let row = |(name, count): (&str, usize)| {
        let label = name.strip_prefix(kind).unwrap_or(name).trim_start_matches('_');
        let title = match label.get(..1) {
            Some(first) => format!("{kind}: {}{}", first.to_uppercase(), &label[1..]),
            None => kind.to_owned(),
        };
        (title, count)
    };
    made.named().into_iter().map(row).collect()
}
