//! Every door from outside the crate: a run with a verifier, a recycled kind, an advantage estimator, an objective and
//! a sampler of its own. Nothing of them is known to the crate, and nothing in it changes for them.

mod common;

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::Result;
use burn::tensor::backend::Backend;
use common::{Differentiable, command::rows};
use spark::{
    config::RunConfig,
    data::{Kind, Problem},
    judge::{Item, Label},
    model::Model,
    processor::Processor,
    recycle::{Answers, Draw, ItemDraft, Recipe},
    rollout::{Completion, Generate, Request, Scripted},
    run::{Extensions, Launch, Run, StepReport},
    train::{
        Advantage, LossInput, LossTerm, NamedSum, Objective,
        advantage::{ScoredGroup, Spread},
    },
    verify::{Check, Verdict},
};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/tiny-text");

/// Right when a response has as many words as the reference says.
struct WordCount;

impl Check for WordCount {
    fn name(&self) -> &str {
        "word_count"
    }

    fn check(&self, problem: &Problem, response: &str) -> Verdict {
        let words = response.split_whitespace().count().to_string();
        let reward = if words == problem.answer { 1.0 } else { 0.0 };
        Verdict { reward, reason: format!("{words} words"), extracted: Some(words), ..Verdict::default() }
    }
}

/// "How many of these two are right?"
#[derive(Debug)]
struct HowMany;

impl Recipe for HowMany {
    fn kind(&self) -> Kind {
        Kind::new("how-many")
    }

    fn draft(&self, answers: &Answers<'_>, draw: &mut Draw<'_>) -> Option<ItemDraft> {
        let (right, wrong) = (draw.answer(answers, true)?, draw.answer(answers, false)?);
        let ask = |shown: [&str; 2], count: usize| Item {
            kind: self.kind(),
            prompt: format!(
                "{}\n{} or {}: how many are right?",
                answers.problem.question, shown[0], shown[1]
            ),
            label: Label::Own { answer: count.to_string(), verifier: Some("exact".into()) },
        };
        ItemDraft::either(Some(ask([right, wrong], 1)), Some(ask([wrong, wrong], 0)))
    }
}

/// The reward itself, as plain REINFORCE has it.
struct Raw;

impl Advantage for Raw {
    fn name(&self) -> &str {
        "raw"
    }

    fn advantages(&self, groups: &[ScoredGroup], _: Spread) -> Vec<Vec<f64>> {
        groups.iter().map(|group| group.rewards.clone()).collect()
    }
}

/// Pushes down what is certain already, and counts tokens.
struct Surprise;

impl<B: Backend> Objective<B> for Surprise {
    fn name(&self) -> &str {
        "surprise"
    }

    fn term(&self, input: &LossInput<B>) -> LossTerm<B> {
        let mean = (input.logprobs.clone() * input.weights.clone()).sum();
        let tokens = NamedSum::total("objective/surprise/tokens", input.tokens() as f64);
        LossTerm { loss: Some(mean.mul_scalar(0.1)), sums: vec![tokens] }
    }
}

/// Replies from a script, and counts how often it gets weights.
struct Counting {
    script: Scripted<'static>,
    updates: Arc<AtomicUsize>,
}

impl<B: Backend> Generate<B> for Counting {
    fn generate(&self, requests: &[Request<'_>], progress: &dyn Fn(usize)) -> Result<Vec<Vec<Completion>>> {
        Generate::<B>::generate(&self.script, requests, progress)
    }

    fn update_weights(&mut self, _policy: &Model<B>) -> Result<()> {
        self.updates.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Two right completions of four, and "1" to whoever asks how many are right.
fn reply(prompt: &str, number: usize) -> String {
    let judged = prompt.contains("how many are right");
    let original = if number.is_multiple_of(2) { "a b c" } else { "a b" };
    if judged { r"\boxed{1}" } else { original }.to_owned()
}

fn extensions(updates: &Arc<AtomicUsize>) -> Extensions<Differentiable> {
    let processor = Processor::from_dir(MODEL.as_ref()).unwrap();
    let sampler = Counting { script: Scripted::texts(processor, reply), updates: updates.clone() };
    Extensions {
        checks: vec![Arc::new(WordCount)],
        recipes: vec![Arc::new(HowMany)],
        advantages: vec![Arc::new(Raw)],
        objectives: vec![Arc::new(Surprise)],
        sampler: Some(Box::new(sampler)),
        ..Extensions::default()
    }
}

/// A recipe and data that name what only the extensions know.
fn recipe(dir: &Path) -> std::path::PathBuf {
    let row = |number: usize| {
        format!(
            "{{\"id\": \"p{number}\", \"question\": \"What is {number} + 1?\", \"answer\": \"3\", \"verifier\": \"word_count\"}}\n"
        )
    };
    let data = dir.join("problems.jsonl");
    fs::write(&data, (0..6).map(row).collect::<String>()).unwrap();
    let recipe = dir.join("recipe.toml");
    let text = format!(
        "[model]\npath = {MODEL:?}\n[data]\ntrain = {data:?}\ntest = {data:?}\n\
         [train]\nsteps = 3\nprompts_per_step = 3\nrecycled_per_step = 3\nsamples_per_prompt = 4\n\
         max_new_tokens = 24\nkl_coefficient = 0.0\nadvantage = \"raw\"\n\
         [train.kind_weights]\nhow-many = 0.5\n\
         [recycle]\npointwise = false\npairwise = false\nreflection = false\n\
         [eval]\nproblems = 2\njudge_items = 0\nmax_new_tokens = 24\nreflection_rounds = 0\n"
    );
    fs::write(&recipe, text).unwrap();
    recipe
}

#[test]
fn a_run_with_parts_of_its_own_behind_every_door() {
    let root = tempfile::tempdir().unwrap();
    let updates = Arc::new(AtomicUsize::new(0));
    let extensions = extensions(&updates);
    let names = extensions.known_names();
    let config = RunConfig::load_with(&recipe(root.path()), &[], &names).unwrap();
    let out = root.path().join("run");
    let launch = Launch::start(config, &out).unwrap();
    let (mut run, start) = Run::<Differentiable>::open_with(launch, extensions, Default::default()).unwrap();
    let before = run.score_start(start).unwrap();
    let mut reports: Vec<StepReport> = Vec::new();
    while run.steps_left() {
        reports.push(run.step().unwrap());
    }
    run.finish(before).unwrap();

    let metric = |step: usize, name: &str| {
        reports[step].metric(name).unwrap_or_else(|| panic!("step {step} has no {name}"))
    };
    // The verifier: two of four completions have three words.
    assert_eq!(metric(0, "reason/reward"), 0.5);
    // The recycled kind: made in the first step, asked in the second, right where the answer is 1.
    assert!(metric(0, "recycled/how-many") > 0.0 && metric(1, "how-many/count") > 0.0);
    assert!((0.0..=1.0).contains(&metric(1, "how-many/reward")));
    // The objective: its number is a metric by itself.
    assert!(metric(0, "objective/surprise/tokens") > 0.0 && metric(0, "objective/surprise").is_finite());
    // The estimator: an advantage is the reward.
    for row in rows(&out.join("rollouts.jsonl")) {
        assert_eq!(row["advantage"], row["reward"], "{row}");
    }
    // The sampler: once for the start, once a step, once for the end.
    assert_eq!(updates.load(Ordering::Relaxed), 5);
}

#[test]
fn what_no_extension_brings_is_refused_by_name() {
    let root = tempfile::tempdir().unwrap();
    let recipe = recipe(root.path());
    let error = format!("{:#}", RunConfig::load(&recipe, &[]).unwrap_err());
    assert!(error.contains("raw") || error.contains("how-many"), "{error}");
}
