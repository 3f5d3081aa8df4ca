//! Who stops a run may be a person, a scheduler or a lost line.

use std::{
    fs,
    io::Read,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{
    Guarded, checkpoints, final_weights, resumed, run, spark, stderr, steps, succeeds, until, until_step,
};
use crate::common::command::rows;

fn signal(process: &mut Guarded, name: &str) {
    let pid = process.child().id().to_string();
    assert!(Command::new("kill").arg(format!("-{name}")).arg(pid).status().unwrap().success());
}

/// Signals that stop a run, with the exit codes that say so.
const SIGNALS: [(&str, i32); 3] = [("INT", 130), ("TERM", 143), ("HUP", 129)];

/// A held-out evaluation that takes long enough to be met.
const LONG_EVALUATION: [&str; 2] = ["eval.problems=200", "eval.judge_items=100"];

#[test]
fn a_run_that_is_stopped_amid_its_steps_goes_on_to_the_same_weights() {
    let root = TempDir::new().unwrap();
    let whole = root.path().join("whole");
    succeeds(run(&whole, &["train.steps=5"]));
    for (name, code) in SIGNALS {
        let stopped = root.path().join(name);
        // Nothing but the signal asks for a checkpoint.
        let mut process = Guarded::spawn(run(&stopped, &["train.steps=5", "checkpoint.every=0"]));
        until_step(&stopped, 2);
        signal(&mut process, name);
        let output = process.output();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        let command = format!("go on with: spark train --out {} --resume", stopped.display());
        assert!(
            said.contains(&format!("stopped by SIG{name} after step")) && said.contains(&command),
            "{said}"
        );
        let saved = steps(&stopped).len();
        assert_eq!(checkpoints(&stopped), [format!("step-{saved:06}")], "{said}");
        succeeds(resumed(&stopped, &[]));
        assert!(final_weights(&stopped) == final_weights(&whole), "{name}: the weights differ");
        assert_eq!(steps(&stopped), [1, 2, 3, 4, 5]);
        let rollouts = |run: &Path| fs::read(run.join("rollouts.jsonl")).unwrap();
        assert!(rollouts(&stopped) == rollouts(&whole), "{name}: the rollouts differ");
    }
}

#[test]
fn an_evaluation_is_given_up_at_once_before_the_first_step_and_after_the_last() {
    let root = TempDir::new().unwrap();
    let out = root.path().join("run");
    let mut process = Guarded::spawn(run(&out, &LONG_EVALUATION));
    until("an evaluation", || out.join("judge_set.json").exists());
    let started = Instant::now();
    signal(&mut process, "TERM");
    let output = process.output();
    assert_eq!(output.status.code(), Some(143), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("before the first step; go on with: spark train"),
        "{}",
        stderr(&output)
    );
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert!(!out.join("before.json").exists(), "it was not over");

    let mut process = Guarded::spawn(resumed(&out, &["train.steps=1"]));
    until("the last evaluation", || out.join("final/model.safetensors").exists());
    signal(&mut process, "TERM");
    let output = process.output();
    assert_eq!(output.status.code(), Some(143), "{}", stderr(&output));
    assert!(stderr(&output).contains("only the held-out scores"), "{}", stderr(&output));
    assert!(!out.join("summary.json").exists());
    succeeds(resumed(&out, &[]));
    assert!(out.join("summary.json").exists() && steps(&out) == [1]);
}

#[test]
fn a_run_that_is_stopped_in_an_evaluation_amid_it_repeats_the_evaluation() {
    let root = TempDir::new().unwrap();
    let settings = [
        "train.steps=2",
        "checkpoint.every=0",
        "eval.every=1",
        "eval.before=false",
        "eval.judge_items=0",
        "eval.problems=60",
    ];
    let (whole, stopped) = (root.path().join("whole"), root.path().join("stopped"));
    succeeds(run(&whole, &settings));
    let mut process = Guarded::spawn(run(&stopped, &settings));
    until("the first step", || fs::metadata(stopped.join("rollouts.jsonl")).is_ok_and(|file| file.len() > 0));
    signal(&mut process, "TERM");
    let output = process.output();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(143), "{said}");
    assert!(said.contains("after step 1, which is saved (its evaluation is repeated)"), "{said}");
    assert_eq!((steps(&stopped), checkpoints(&stopped)), (vec![], vec!["step-000001".to_owned()]));
    succeeds(resumed(&stopped, &[]));
    assert!(final_weights(&stopped) == final_weights(&whole), "the weights differ");
    assert_eq!(steps(&stopped), [1, 2]);
    let evaluated = |run: &Path| -> Vec<f64> {
        let metrics = rows(&run.join("metrics.jsonl"));
        metrics.iter().map(|row| row["eval/reasoning_accuracy"].as_f64().unwrap()).collect()
    };
    assert_eq!(evaluated(&stopped), evaluated(&whole));
    let best = |run: &Path| fs::read(run.join("best/evaluation.json")).unwrap();
    assert!(best(&stopped) == best(&whole));
}

#[test]
fn a_second_wish_ends_at_once_and_an_echo_of_the_first_does_not() {
    let root = TempDir::new().unwrap();
    let out = root.path().join("run");
    // What the first Ctrl-C asks for takes as long as the disk does; the second does not wait for it.
    let mut process = Guarded::spawn(run(&out, &["train.steps=1000", "checkpoint.every=0"]));
    until_step(&out, 1);
    signal(&mut process, "INT");
    signal(&mut process, "INT");
    assert_eq!(process.output().status.code(), Some(130));

    // As `timeout` does it, and a shell that loses its line.
    let out = root.path().join("echo");
    let mut process = Guarded::spawn(run(&out, &["train.steps=1000", "checkpoint.every=0"]));
    until_step(&out, 1);
    for name in ["TERM", "TERM", "HUP", "HUP"] {
        signal(&mut process, name);
    }
    let output = process.output();
    assert_eq!(output.status.code(), Some(143), "{}", stderr(&output));
    assert_eq!(checkpoints(&out).len(), 1, "{}", stderr(&output));
}

#[test]
fn a_run_under_nohup_survives_the_lost_line() {
    let root = TempDir::new().unwrap();
    let out = root.path().join("run");
    let command = run(&out, &["train.steps=2"]);
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg("trap '' HUP; exec \"$@\"")
        .arg("sh")
        .arg(command.get_program())
        .args(command.get_args());
    shell.env("SPARK_BACKEND", "flex").current_dir(env!("CARGO_MANIFEST_DIR"));
    shell.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = Guarded::spawn(shell);
    until_step(&out, 1);
    signal(&mut process, "HUP");
    let output = process.output();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(steps(&out), [1, 2]);
}

#[test]
fn a_warm_start_is_stopped_and_gone_on_with() {
    let root = TempDir::new().unwrap();
    let warm_start = |out: &Path, resume: bool| {
        let mut command = spark();
        command.args(["sft", "--quiet", "--out"]).arg(out);
        match resume {
            true => command.arg("--resume"),
            false => command
                .args(["--recipe", "recipes/tiny-vl-sft.toml", "--set", "train.steps=40"])
                .args(["--set", "sft.batch_size=8", "--set", "checkpoint.every=0"]),
        };
        command
    };
    let (whole, stopped) = (root.path().join("whole"), root.path().join("stopped"));
    succeeds(warm_start(&whole, false));
    let mut process = Guarded::spawn(warm_start(&stopped, false));
    until_step(&stopped, 1);
    signal(&mut process, "TERM");
    let output = process.output();
    assert_eq!(output.status.code(), Some(143), "{}", stderr(&output));
    assert!(stderr(&output).contains("which is saved; go on with: spark sft --out"), "{}", stderr(&output));
    assert!(steps(&stopped).len() < 40, "it was not over");
    succeeds(warm_start(&stopped, true));
    assert!(final_weights(&stopped) == final_weights(&whole), "the weights differ");
    // And once more: there is nothing left to do.
    let again = succeeds(warm_start(&stopped, true));
    assert!(stderr(&again).contains("is finished"), "{}", stderr(&again));
}

#[test]
fn commands_that_answer_at_the_end_say_that_nothing_was_written() {
    let mut eval = spark();
    eval.args([
        "eval",
        "--model",
        "models/tiny-vl",
        "--data",
        "datasets/digits-vl/test.jsonl",
        "--samples",
        "8",
    ]);
    let mut process = Guarded::spawn(eval);
    // It says what it is at once the problems are loaded.
    let mut first = [0; 9];
    process.child().stderr.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"answering");
    thread::sleep(Duration::from_millis(300));
    signal(&mut process, "INT");
    let output = process.output();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("of 600 problems were answered, and nothing was written"),
        "{}",
        stderr(&output)
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn an_ablation_hands_a_signal_on_and_its_runs_are_saved() {
    let root = TempDir::new().unwrap();
    let recipe = root.path().join("ablation.toml");
    let settings = "\"train.prompts_per_step=3\", \"train.recycled_per_step=3\", \"train.samples_per_prompt=4\", \
        \"train.max_new_tokens=24\", \"eval.problems=2\", \"eval.judge_items=2\", \"train.steps=1000\"";
    fs::write(
        &recipe,
        format!(
            "seeds = [1]\ncompared = \"spark\"\n[[task]]\nname = \"digits\"\nrecipe = \"recipes/digits.toml\"\n\
             set = [{settings}]\n[[variant]]\nname = \"spark\"\n"
        ),
    )
    .unwrap();
    let out = root.path().join("runs");
    let mut ablate = spark();
    ablate.arg("ablate").arg("--recipe").arg(&recipe).arg("--out").arg(&out).process_group(0);
    let mut process = Guarded::spawn(ablate);
    let child = out.join("digits/spark/seed-1");
    until_step(&child, 1);
    signal(&mut process, "TERM");
    let output = process.output();
    assert_eq!(output.status.code(), Some(143), "{}", stderr(&output));
    assert!(stderr(&output).contains("the same command goes on with it"), "{}", stderr(&output));
    assert_eq!(checkpoints(&child).last().unwrap(), &format!("step-{:06}", steps(&child).len()));
}
