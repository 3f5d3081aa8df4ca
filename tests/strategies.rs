//! One answer of several: what `spark eval --strategy` gives is what the table of votes counts, from a directory and from a
//! server of it alike.

mod common;
#[path = "serve/serving.rs"]
mod serving;

use std::{collections::HashSet, fs, path::Path};

use common::{
    Plain,
    command::{printed, refused, rows, spark},
};
use serde_json::{Value, json};
use serving::{Served, processor, shipped};
use spark::{
    data::{ReadOptions, load_problems},
    distributed::ALONE,
    eval::{Election, EvalConfig, FinalAnswer, Measuring, elect, votes},
    judge::JudgePrompts,
    model::load_model,
    rollout::{EngineConfig, LocalEngine, RolloutPipeline, SamplingKey},
    serve::ServeLimits,
    verify::Verifier,
};

const PROBLEMS: usize = 24;

#[test]
fn the_answers_that_are_elected_are_those_whose_accuracy_votes_tell() {
    let read = load_problems(Path::new("datasets/calculations/test.jsonl"), ReadOptions::default()).unwrap();
    let problems = read.problems[..PROBLEMS].to_vec();
    let model = load_model::<Plain>(&shipped("tiny-text"), &Default::default()).unwrap();
    let pipeline = RolloutPipeline {
        sampler: &LocalEngine::with_model(model, EngineConfig::default()),
        processor: &processor("tiny-text"),
        verifier: &Verifier::default(),
        prompts: JudgePrompts::built_in(),
        peers: &ALONE,
    };
    let config = EvalConfig { vote_samples: 4, max_new_tokens: 60, ..EvalConfig::default() };
    let counted =
        votes(&pipeline, &problems, Measuring { config: &config, own_reward: None, seed: 5 }).unwrap();
    let counted = counted.by_samples.last().unwrap();
    let key = SamplingKey { seed: 5, step: u64::MAX - 1 };
    let groups = pipeline.rollout(problems, 4, config.drawing(), key, &|_| ()).unwrap();
    let mean = |of: &dyn Fn(&FinalAnswer) -> f64, answers: &[FinalAnswer]| {
        answers.iter().map(of).sum::<f64>() / PROBLEMS as f64
    };
    let reward = |answer: &FinalAnswer| answer.verdict.reward;
    let mut chosen = HashSet::new();
    for (way, expected, read) in [
        (Election::Majority, Some(counted.majority), Some(0.0)),
        (Election::Weighted, counted.weighted, counted.judge_prompt_tokens),
        (Election::Tournament, counted.tournament, counted.tournament_prompt_tokens),
        (Election::BestOfN, None, counted.judge_prompt_tokens),
    ] {
        let answers = elect(&pipeline, &groups, way).unwrap();
        assert_eq!(answers.len(), PROBLEMS);
        if let Some(expected) = expected {
            assert!((mean(&reward, &answers) - expected).abs() < 1e-12, "{way:?}");
        }
        assert!(
            (mean(&|answer| answer.spent.sampled as f64, &answers) - counted.tokens.unwrap()).abs() < 1e-9
        );
        assert!((mean(&|answer| answer.spent.read as f64, &answers) - read.unwrap()).abs() < 1e-9, "{way:?}");
        chosen.insert(answers.iter().map(|answer| answer.sample).collect::<Vec<_>>());
    }
    assert!(chosen.len() > 1, "the ways differ somewhere");
}

/// Problems with and without images, whose images are found from anywhere.
fn problems(dir: &Path, model: &str) -> std::path::PathBuf {
    let data = if model == "tiny-vl" { "digits-vl" } else { "calculations" };
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets").join(data);
    let whole = |mut row: Value| {
        if let Some(images) = row["images"].as_array_mut() {
            images.iter_mut().for_each(|image| *image = json!(source.join(image.as_str().unwrap())));
        }
        row.to_string() + "\n"
    };
    let lines: String = rows(&source.join("test.jsonl")).into_iter().take(16).map(whole).collect();
    let path = dir.join("problems.jsonl");
    fs::write(&path, lines).unwrap();
    path
}

#[test]
fn a_directory_and_a_server_of_it_give_the_same_answers() {
    for model in ["tiny-text", "tiny-vl"] {
        let (server, dir) = (Served::new(model, ServeLimits::default()), tempfile::tempdir().unwrap());
        let data = problems(dir.path(), model);
        let answered = |name: &str, more: &[&str]| {
            let out = dir.path().join(name);
            let mut command = spark();
            command.args(["eval", "--quiet", "--max-new-tokens", "40", "--data"]).arg(&data);
            let summary =
                printed(command.arg("--model").arg(shipped(model)).arg("--out").arg(&out).args(more));
            (rows(&out), summary[0].clone())
        };
        let url = server.url("");
        assert_eq!(answered("here", &[]), answered("there", &["--server", &url]));
        let vote = ["--strategy", "vote", "--samples", "4"];
        let ((here, summary), (there, _)) =
            (answered("here", &vote), answered("there", &[&vote[..], &["--server", &url]].concat()));
        assert_eq!(here, there, "a server of ours draws the same samples, too");
        assert_eq!((here.len(), &summary["all"]["answers"]), (16, &json!(16)));
        let reflect = ["--strategy", "reflect"];
        assert_eq!(
            answered("here", &reflect).0,
            answered("there", &[&reflect[..], &["--server", &url]].concat()).0
        );
    }
}

/// Rows of a reward benchmark beside an original problem.
#[test]
fn pairs_of_a_reward_benchmark_are_judged_in_both_orders() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("pairs.jsonl");
    let pair = |id: usize| {
        json!({"id": format!("p{id}"), "prompt": "a = 9 + 3, b = a + 6. Find b.", "chosen": "\\boxed{18}",
            "rejected": format!("\\boxed{{{id}}}"), "subset": "sums"})
    };
    let ranked = json!({"id": "r", "query": "3 + 4?", "response": ["8", "7"], "human_ranking": [1, 0]});
    let original = json!({"id": "q", "question": "3 + 4?", "answer": "7"});
    let rows_of = [pair(0), pair(1), pair(2), ranked, original];
    fs::write(&data, rows_of.map(|row| row.to_string() + "\n").concat()).unwrap();
    let out = dir.path().join("out.jsonl");
    let mut command = spark();
    command.args(["eval", "--quiet", "--max-new-tokens", "40", "--model"]).arg(shipped("tiny-text"));
    let summary = printed(command.arg("--data").arg(&data).arg("--out").arg(&out)).remove(0);
    let answers = rows(&out);
    assert_eq!(answers.len(), 9);
    let judged: Vec<&Value> = answers.iter().filter(|row| row["kind"] == "pairwise").collect();
    let of = |ending: &str| -> Vec<&Value> {
        judged.iter().copied().filter(|row| row["id"].as_str().unwrap().ends_with(ending)).collect()
    };
    let (first, second) = (of("#chosen-first"), of("#rejected-first"));
    assert!(first.iter().all(|row| row["answer"] == "A") && second.iter().all(|row| row["answer"] == "B"));
    let right = |row: &Value| row["reward"] == 1.0;
    let both = first.iter().zip(&second).filter(|(one, other)| right(one) && right(other)).count();
    let one = first.iter().zip(&second).filter(|(one, other)| right(one) != right(other)).count();
    assert_eq!(summary["pairs"], json!({"pairs": 4, "right_in_both": both, "right_in_one": one}));
    assert_eq!(summary["judging"]["pairwise"]["replies"], 8);
    assert_eq!(summary["sources"]["sums"]["problems"], 6);
    // Elsewhere a pair is no problem.
    let mut check = spark();
    check.args(["train", "--quiet", "--recipe", "recipes/calculations.toml", "--set"]);
    check.arg(format!("data.train={data:?}")).arg("--out").arg(dir.path().join("run"));
    refused(&mut check, &["pairs.jsonl", "answer"]);
}

#[test]
fn what_a_strategy_or_a_server_cannot_do_is_refused() {
    let server = Served::new("tiny-text", ServeLimits::default());
    let dir = tempfile::tempdir().unwrap();
    let data = problems(dir.path(), "tiny-text");
    let eval = |more: &[&str]| {
        let mut command = spark();
        command.args(["eval", "--quiet", "--model"]).arg(shipped("tiny-text")).arg("--data").arg(&data);
        command.args(more);
        command
    };
    refused(&mut eval(&["--strategy", "vote"]), &["--strategy", "--samples"]);
    refused(&mut eval(&["--strategy", "vote", "--samples", "4", "--k", "4"]), &["--k"]);
    refused(&mut eval(&["--server-kind", "vllm"]), &["--server-kind", "--server"]);
    let url = server.url("");
    refused(&mut eval(&["--server", &url, "--dtype", "bf16"]), &["--dtype"]);
    refused(&mut eval(&["--server", "no url"]), &["no url"]);
}

#[test]
fn an_evaluation_that_was_killed_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    // Enough of them that it is still at work when it is killed.
    let data = dir.path().join("problems.jsonl");
    let all = fs::read_to_string("datasets/calculations/train.jsonl").unwrap();
    fs::write(&data, all.lines().take(1500).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let eval = |name: &str, more: &[&str]| {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("spark"));
        command.env("SPARK_BACKEND", "flex");
        command.args(["eval", "--quiet", "--max-new-tokens", "24", "--model"]).arg(shipped("tiny-text"));
        command.arg("--data").arg(&data).arg("--out").arg(dir.path().join(name)).args(more);
        command
    };
    let whole = eval("whole.jsonl", &[]).output().unwrap();
    let part = dir.path().join("killed.jsonl.part");
    let mut killed = eval("killed.jsonl", &[]).spawn().unwrap();
    let has_some = || fs::read_to_string(&part).is_ok_and(|text| text.contains("{\"answered\":512}"));
    while !has_some() {
        assert!(killed.try_wait().unwrap().is_none(), "it was over too soon");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    // The machine was lost as a line was written.
    let kept = fs::read_to_string(&part).unwrap();
    fs::write(&part, kept + "{\"answer\":{\"prob").unwrap();
    let refusal =
        |more: &[&str]| String::from_utf8(eval("killed.jsonl", more).output().unwrap().stderr).unwrap();
    assert!(refusal(&[]).contains("--resume"));
    assert!(refusal(&["--resume", "--samples", "2"]).contains("other settings"));
    let resumed = eval("killed.jsonl", &["--resume"]).output().unwrap();
    assert!(String::from_utf8(resumed.stderr).unwrap().contains("of 1500 problems answered"));
    assert_eq!(resumed.stdout, whole.stdout);
    assert_eq!(rows(&dir.path().join("killed.jsonl")), rows(&dir.path().join("whole.jsonl")));
    assert!(!part.exists());
    assert!(refusal(&["--resume"]).contains("no evaluation to go on with"));
}
