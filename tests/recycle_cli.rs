//! `spark recycle` on rollouts in a file.

mod common;

use std::fs;

use common::command::{refused, rows, spark, train};
use serde_json::{Value, json};
use spark::data::{BadRows, Kind, Problem, ReplyForm, load_problems};
use tempfile::TempDir;

/// Problems `n + 1 = ?` with one right and one wrong answer each.
fn rollouts(count: usize) -> String {
    let row = |n: usize| {
        let text = |answer: usize| format!("I add one to {n}.\n\\boxed{{{answer}}}");
        json!({"question": format!("{n} + 1 = ?"), "answer": (n + 1).to_string(), "images": ["a.png"], "completions": [
            {"text": text(n + 1), "reward": 1}, {"text": text(n + 7), "reward": 0}, {"text": "no idea", "reward": 0},
        ]})
    };
    (0..count).map(|n| format!("{}\n", row(10 * n))).collect()
}

#[test]
fn labels_are_true_and_balanced_and_the_same_seed_makes_the_same_problems() {
    let folder = TempDir::new().unwrap();
    let (input, first, second) =
        (folder.path().join("in.jsonl"), folder.path().join("1.jsonl"), folder.path().join("2.jsonl"));
    fs::write(&input, rollouts(60)).unwrap();
    for out in [&first, &second] {
        let mut command = spark();
        command.args(["recycle", "--seed", "3", "--rollouts"]).arg(&input).arg("--out").arg(out);
        let table = String::from_utf8(command.assert().success().get_output().stderr.clone()).unwrap();
        assert!(
            table.contains("pairwise: A") && table.contains(&format!("{:50} {:>8}", "groups", 60)),
            "{table}"
        );
    }
    assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
    let problems = rows(&first);
    let labels = |kind: &str, label: &str| {
        problems.iter().filter(|problem| problem["kind"] == kind && problem["answer"] == label).count()
    };
    assert!(labels("pointwise", "Yes").abs_diff(labels("pointwise", "No")) <= 1);
    assert!(labels("pairwise", "A").abs_diff(labels("pairwise", "B")) <= 1);
    assert!(labels("pairwise", "A") > 5 && labels("pointwise", "No") > 2);
    let reflections: Vec<&Value> =
        problems.iter().filter(|problem| problem["kind"] == "reflection").collect();
    assert!(!reflections.is_empty());
    assert!(problems.iter().all(|problem| problem["images"][0]["path"].as_str().unwrap().ends_with("a.png")));
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line() {
    let folder = TempDir::new().unwrap();
    let input = folder.path().join("in.jsonl");
    let command = |settings: &[&str]| {
        let mut command = spark();
        command
            .args(["recycle", "--rollouts"])
            .arg(&input)
            .arg("--out")
            .arg(folder.path().join("out.jsonl"))
            .args(settings);
        command
    };
    refused(&mut command(&[]), &["in.jsonl"]);
    fs::write(&input, rollouts(1) + "{\"question\": \"?\"}\n").unwrap();
    refused(&mut command(&[]), &["in.jsonl, line 2", "answer"]);
    refused(&mut command(&["--set", "recycle.pairwise=false"]), &["--recipe"]);
}

#[test]
fn a_recipe_words_its_judge_prompts_itself() {
    let folder = TempDir::new().unwrap();
    let [input, out, prompts] =
        ["in.jsonl", "out.jsonl", "prompts.toml"].map(|name| folder.path().join(name));
    fs::write(&input, rollouts(30)).unwrap();
    let command = || {
        let mut command = spark();
        let setting = format!("judge.prompts={}", prompts.display());
        command.args(["recycle", "--recipe", "recipes/digits.toml", "--set", &setting, "--rollouts"]);
        command.arg(&input).arg("--out").arg(&out);
        command
    };
    refused(&mut command(), &["prompts.toml", "cannot read"]);
    fs::write(
        &prompts,
        "system = \"You judge.\"\n[pairwise]\ntrained = ['{question} {a} or {b}? \\boxed{}']\n",
    )
    .unwrap();
    let said = command().assert().success().get_output().stderr.clone();
    assert!(String::from_utf8(said).unwrap().contains("pairwise has 1 and uses 1"));
    let problems = rows(&out);
    let pairs: Vec<&Value> = problems.iter().filter(|problem| problem["kind"] == "pairwise").collect();
    assert!(!pairs.is_empty() && pairs.len() < problems.len());
    assert!(pairs.iter().all(|pair| pair["question"].as_str().unwrap().ends_with("? \\boxed{}")));
    assert!(problems.iter().all(|problem| problem["system"] == "You judge."));
    // Other kinds keep what ships.
    let others = problems.iter().filter(|problem| problem["kind"] != "pairwise");
    assert!(others.into_iter().all(|problem| problem["question"].as_str().unwrap().contains(" + 1 = ?\n")));
    fs::write(&prompts, "[pairwise]\ntrained = [\n'{question} {a} or {c}?']\n").unwrap();
    refused(&mut command(), &["prompts.toml", "line 2", "{c}"]);
}

#[test]
fn the_rollouts_of_a_run_can_be_recycled() {
    let folder = TempDir::new().unwrap();
    let (input, out) = (folder.path().join("rollouts.jsonl"), folder.path().join("out.jsonl"));
    let completion = |problem: usize, kind: &str, answer: usize, finish: &str| {
        let reward = if answer == problem + 1 { 1.0 } else { 0.0 };
        let row = json!({
            "step": 3, "problem": format!("p{problem}"), "kind": kind, "question": format!("{problem} + 1 = ?"),
            "images": ["/data/a.png"], "prompt": "…", "completion": format!("\\boxed{{{answer}}}"),
            "answer": (problem + 1).to_string(), "reward": reward, "finish_reason": finish,
        });
        format!("{row}\n")
    };
    let lines: String = (0..6)
        .flat_map(|n| {
            [(n, "reason", n + 1, "stop"), (n, "reason", n + 5, "stop"), (n, "reason", n + 9, "length")]
        })
        .chain([(7, "pointwise", 8, "stop")])
        .map(|(problem, kind, answer, finish)| completion(problem, kind, answer, finish))
        .collect();
    fs::write(&input, lines).unwrap();
    let mut command = spark();
    command.args(["recycle", "--rollouts"]).arg(&input).arg("--out").arg(&out);
    let table = String::from_utf8(command.assert().success().get_output().stderr.clone()).unwrap();
    let count = |name: &str| {
        let line = table.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().parse::<usize>().unwrap()
    };
    assert_eq!((count("groups"), count("completions"), count("  cut off")), (6, 18, 6));
    let problems = rows(&out);
    assert_eq!(problems.iter().filter(|row| row["kind"] == "reflection").count(), 6);
    assert!(problems.iter().all(|row| row["images"][0]["path"] == "/data/a.png"));
}

#[test]
fn choices_and_critiques_are_read_back_as_what_they_are() {
    let folder = TempDir::new().unwrap();
    let (input, out) = (folder.path().join("in.jsonl"), folder.path().join("out.jsonl"));
    let completion =
        |answer: usize, reward: u8| json!({"text": format!("\\boxed{{{answer}}}"), "reward": reward});
    let row = |n: usize| {
        let completions = [completion(n + 1, 1), completion(n + 2, 0), completion(n + 3, 0)];
        json!({"question": format!("{n} + 1 = ?"), "answer": (n + 1).to_string(), "completions": completions})
    };
    fs::write(&input, (0..9).map(|n| format!("{}\n", row(n))).collect::<String>()).unwrap();
    let mut command = spark();
    command
        .args(["recycle", "--recipe", "recipes/digits.toml", "--rollouts"])
        .arg(&input)
        .arg("--out")
        .arg(&out);
    let settings =
        ["choice_share=1.0", "critique_share=1.0", "mixed_pointwise_probability=0.0", "solution_share=0.0"];
    for setting in settings {
        command.arg("--set").arg(format!("recycle.{setting}"));
    }
    let table = String::from_utf8(command.assert().success().get_output().stderr.clone()).unwrap();
    assert!(table.contains("\nchoice ") && table.contains("\ncritique "), "{table}");
    let problems = load_problems(&out, BadRows::Refuse).unwrap().problems;
    let of = |kind: Kind| problems.iter().filter(move |problem| problem.kind == kind);
    assert_eq!((of(Kind::CHOICE).count(), of(Kind::CRITIQUE).count(), problems.len()), (9, 9, 18));
    assert!(of(Kind::CHOICE).all(|problem| problem.reply == ReplyForm::Choice(3)));
    for problem in of(Kind::CRITIQUE) {
        let shown_is_right = problem.question.lines().nth(1).unwrap().ends_with(&problem.answer);
        assert_eq!(problem.reply, ReplyForm::Critique { right: shown_is_right }, "{}", problem.question);
    }
}

/// Writes two images and a file of groups that name them, and recycles it from another directory into a third.
fn recycled_elsewhere(row: &Value) -> (TempDir, Vec<Problem>) {
    let folder = TempDir::new().unwrap();
    for place in ["data", "elsewhere", "out"] {
        fs::create_dir(folder.path().join(place)).unwrap();
    }
    for name in ["a.png", "b.png"] {
        fs::write(folder.path().join("data").join(name), b"").unwrap();
    }
    fs::write(folder.path().join("data/in.jsonl"), format!("{row}\n")).unwrap();
    let mut command = spark();
    command.current_dir(folder.path().join("elsewhere"));
    command.args(["recycle", "--quiet", "--rollouts", "../data/in.jsonl", "--out", "../out/out.jsonl"]);
    let said = command.assert().success().get_output().stderr.clone();
    assert!(said.is_empty(), "{}", String::from_utf8_lossy(&said));
    let problems = load_problems(&folder.path().join("out/out.jsonl"), BadRows::Refuse).unwrap().problems;
    (folder, problems)
}

#[test]
fn what_is_written_is_read_from_where_it_lies_with_images_turns_and_answers_as_they_were() {
    let completions = json!([{"text": "\\boxed{5}", "reward": 1}, {"text": "\\boxed{7}", "reward": 0}]);
    let (folder, problems) = recycled_elsewhere(&json!({
        "messages": [{"role": "system", "content": "Look."}, {"role": "user", "content": "<image> one?"},
            {"role": "assistant", "content": "Yes."}, {"role": "user", "content": "And <image>?"}],
        "images": ["a.png", {"path": "b.png", "max_pixels": 64}], "answer": ["five", "5"], "dataset": "d",
        "completions": completions,
    }));
    assert_eq!(problems.len(), 2, "a judge item and a reflection");
    for problem in &problems {
        let paths: Vec<_> = problem.all_images().map(|image| image.path.canonicalize().unwrap()).collect();
        let expected =
            ["a.png", "b.png"].map(|name| folder.path().join("data").join(name).canonicalize().unwrap());
        assert_eq!(paths, expected);
        assert_eq!((problem.history.len(), problem.image_places.as_slice()), (2, [4].as_slice()));
        assert_eq!(problem.images[0].max_pixels, Some(64));
        assert_eq!((problem.system.as_deref(), problem.source.as_deref()), (Some("Look."), Some("d")));
        let alternatives = if problem.kind == Kind::REFLECTION { vec!["5".to_owned()] } else { Vec::new() };
        assert_eq!(problem.alternatives, alternatives, "{}", problem.kind);
    }
}

#[test]
fn any_shape_of_a_problem_is_recycled_and_any_other_is_refused() {
    let folder = TempDir::new().unwrap();
    let input = folder.path().join("in.jsonl");
    let recycle = |row: Value| {
        fs::write(&input, format!("{row}\n")).unwrap();
        let mut command = spark();
        command.args(["recycle", "--rollouts"]).arg(&input).arg("--out").arg(folder.path().join("out.jsonl"));
        command
    };
    let completions = json!([{"text": "\\boxed{5}"}, {"text": "\\boxed{7}"}]);
    recycle(json!({"prompt": "2 + 3?", "solution": "5", "completions": completions})).assert().success();
    let row = json!({"question": "<image> q", "answer": "5", "completions": completions});
    refused(&mut recycle(row), &["in.jsonl, line 1", "<image>", "gives no image"]);
    refused(&mut recycle(json!({"question": "q", "answer": "5"})), &["line 1", "\"completions\" is missing"]);
}

/// The images of the shipped data are found from the repository, those that are recycled from anywhere.
#[test]
fn the_rollouts_of_a_run_are_recycled_from_another_directory() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let mut command = train(&run);
    command.args(["--set", "train.steps=1", "--set", "eval.problems=1"]).assert().success();
    let written = rows(&run.join("rollouts.jsonl"));
    assert!(written.iter().all(|row| row["images"][0].as_str().unwrap().starts_with('/')));
    let mut command = spark();
    command.current_dir(folder.path());
    command.args(["recycle", "--rollouts", "run/rollouts.jsonl", "--out", "out.jsonl"]).assert().success();
    let problems = load_problems(&folder.path().join("out.jsonl"), BadRows::Refuse).unwrap().problems;
    assert!(problems.iter().all(|problem| problem.images[0].path.is_file()));
}
