//! The sampler's door with replies that are decided beforehand: evaluation by every strategy, the judge set, and what
//! a sampler is asked for and held to, in milliseconds and without weights.

mod common;

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    path::Path,
};

use anyhow::Result;
use common::Plain;
use spark::{
    data::{Kind, Problem},
    distributed::ALONE,
    eval::{
        AnswerOptions, AnswerSummary, AskedByOdds, EvalConfig, Evaluation, FinalAnswer, JudgeSet, Measuring,
        OddsMeasures, OwnReward, Scores, SourceScores, Strategy, answer_problems, answer_with_reflection,
        completion_logprobs, evaluate, evaluate_in_full, judge_measures, votes,
    },
    judge::JudgePrompts,
    model::{Model, ModelInput, Sequence},
    processor::Processor,
    random::{Stream, hash_text},
    rollout::{
        Completion, Continuations, CountedTokens, EngineConfig, FinishReason, Generate, LocalEngine, Request,
        RolloutGroup, RolloutPipeline, Sampling, SamplingKey, Scripted,
    },
    train::objective::SelfRewardScale,
    verify::{Verdict, Verifier},
};

/// A problem, and how the scripted model behaves when it meets it.
struct Case {
    question: &'static str,
    answer: &'static str,
    /// Its sampled answers, of which the first is the greedy one, too.
    answers: [&'static str; 4],
    /// Its answer on a second look at an earlier answer: (earlier, new). A new answer without digits cannot be read.
    second_looks: &'static [(&'static str, &'static str)],
    /// The answers that it calls right.
    trusted: &'static [&'static str],
}

const CASES: [Case; 5] = [
    Case {
        question: "What is 3 + 4?",
        answer: "7",
        answers: ["8", "7", "7", "9"],
        second_looks: &[("8", "7")],
        trusted: &["7"],
    },
    Case {
        question: "What is 5 + 5?",
        answer: "10",
        answers: ["10", "11", "10", "10"],
        second_looks: &[("10", "11")],
        trusted: &["11"],
    },
    Case {
        question: "What is 2 + 2?",
        answer: "4",
        answers: ["5", "5", "5", "4"],
        second_looks: &[],
        trusted: &["5"],
    },
    Case {
        question: "What is 6 + 6?",
        answer: "12",
        answers: ["12"; 4],
        second_looks: &[("12", "I am not sure.")],
        trusted: &[],
    },
    Case {
        question: "What is 9 + 9?",
        answer: "18",
        answers: ["1", "18", "1", "2"],
        second_looks: &[("1", "2"), ("2", "18")],
        trusted: &["18"],
    },
];

fn problems() -> Vec<Problem> {
    let problem = |(number, case): (usize, &Case)| Problem {
        id: format!("p{number}"),
        question: case.question.to_owned(),
        answer: case.answer.to_owned(),
        source: Some(if number < 2 { "first" } else { "second" }.to_owned()),
        ..Problem::default()
    };
    CASES.iter().enumerate().map(problem).collect()
}

fn boxed(text: &str) -> String {
    if text.contains(char::is_numeric) { format!("\\boxed{{{text}}}") } else { text.to_owned() }
}

/// What stands behind a label, up to the end of the line.
fn behind<'a>(prompt: &'a str, label: &str) -> Option<&'a str> {
    prompt.split_once(label)?.1.lines().next()
}

/// The reply of the scripted model; both ways of asking have the first wording.
fn reply(prompt: &str, number: usize) -> String {
    let case = CASES.iter().find(|case| prompt.contains(case.question)).expect("a known question");
    if let Some(shown) = behind(prompt, "Proposed answer: ") {
        let verdict = if case.trusted.contains(&shown) { "Yes" } else { "No" };
        return format!("\\boxed{{{verdict}}}");
    }
    let again = behind(prompt, "Earlier answer: ")
        .and_then(|earlier| case.second_looks.iter().find(|(first, _)| *first == earlier));
    boxed(again.map_or(case.answers[number], |(_, new)| new))
}

fn processor() -> Processor {
    Processor::from_dir(Path::new("models/tiny-text")).unwrap()
}

/// Does something with the scripted model that replies in this way.
fn with<T>(
    reply: impl Fn(&str, usize) -> String,
    work: impl FnOnce(&RolloutPipeline<'_, Plain>) -> Result<T>,
) -> Result<T> {
    let processor = processor();
    let sampler = Scripted::texts(&processor, reply);
    through(&sampler, &processor, work)
}

fn through<T>(
    sampler: &dyn Generate<Plain>,
    processor: &Processor,
    work: impl FnOnce(&RolloutPipeline<'_, Plain>) -> Result<T>,
) -> Result<T> {
    work(&RolloutPipeline {
        sampler,
        processor,
        verifier: &Verifier::default(),
        prompts: JudgePrompts::built_in(),
        peers: &ALONE,
    })
}

fn config() -> EvalConfig {
    EvalConfig { vote_samples: 4, max_new_tokens: 40, reflection_rounds: 2, ..EvalConfig::default() }
}

/// With a fixed seed, of a policy that rewards nothing itself.
fn by(config: &EvalConfig) -> Measuring<'_> {
    Measuring { config, own_reward: None, seed: 1 }
}

fn options(strategy: Strategy, samples: usize) -> AnswerOptions {
    let temperature = if samples == 1 { 0.0 } else { 1.0 };
    let sampling = Sampling { temperature, ..Sampling::greedy(40) };
    AnswerOptions { strategy, samples, ..AnswerOptions::single(sampling, 1) }
}

#[test]
fn single_answers_are_counted_by_source_and_kind() {
    let answers =
        with(reply, |model| answer_problems(model, problems(), options(Strategy::Single, 1), &|_| ()));
    let summary = AnswerSummary::of(&answers.unwrap(), &[1, 4]);
    assert_eq!((summary.answers, summary.accuracy, summary.unparsed), (5, Some(0.4), 0));
    let by_source = [("first".to_owned(), 0.5), ("second".to_owned(), 1.0 / 3.0)];
    assert_eq!(Vec::from_iter(summary.by_source), by_source);
    assert_eq!(Vec::from_iter(summary.by_kind), [("reason".to_owned(), 0.4)]);
}

#[test]
fn several_samples_are_all_counted() {
    let answers =
        with(reply, |model| answer_problems(model, problems(), options(Strategy::Single, 4), &|_| ()));
    let summary = AnswerSummary::of(&answers.unwrap(), &[1, 4]);
    assert_eq!((summary.answers, summary.accuracy), (20, Some((2.0 + 3.0 + 1.0 + 4.0 + 1.0) / 20.0)));
    let of_source = &summary.sources["first"];
    assert_eq!((of_source.problems, of_source.answers, of_source.truncated), (2, 8, 0));
    assert_eq!(Vec::from_iter(of_source.pass_at.clone()), [(1, 5.0 / 8.0), (4, 1.0)]);
}

#[test]
fn reflection_goes_on_while_the_model_doubts_and_keeps_an_answer_that_it_does_not_replace() {
    let answers =
        with(reply, |model| answer_problems(model, problems(), options(Strategy::Reflect, 1), &|_| ()));
    let answers: Vec<FinalAnswer> = answers.unwrap();
    let rewards: Vec<&[f64]> = answers.iter().map(|answer| answer.rewards.as_slice()).collect();
    // Doubted and mended; doubted though right; trusted though wrong; doubted twice without a new answer; mended in the
    // second round.
    assert_eq!(rewards, [&[0.0, 1.0][..], &[1.0, 0.0], &[0.0], &[1.0, 1.0, 1.0], &[0.0, 0.0, 1.0]]);
    let texts: Vec<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
    assert_eq!(texts, ["\\boxed{7}", "\\boxed{11}", "\\boxed{5}", "\\boxed{12}", "\\boxed{18}"]);
    assert_eq!(answers[0].to_json()["reflections"], 1);
}

#[test]
fn reflection_stops_after_the_rounds_that_are_allowed() {
    let rounds = |reflection_rounds| {
        with(reply, |model| {
            let groups = model.rollout_greedily(problems(), 40, &|_| ())?;
            let config = EvalConfig { reflection_rounds, ..config() };
            let answers = answer_with_reflection(model, &groups, &config)?;
            Ok(answers.iter().map(FinalAnswer::rounds).collect::<Vec<_>>())
        })
        .unwrap()
    };
    assert_eq!(rounds(0), [0, 0, 0, 0, 0]);
    assert_eq!(rounds(1), [1, 1, 0, 1, 1]);
    assert_eq!(rounds(9), [1, 1, 0, 9, 2]);
}

#[test]
fn votes_are_taken_with_and_without_the_models_own_judgement() {
    let found = with(reply, |model| votes(model, &problems(), by(&config()))).unwrap().by_samples;
    let figures: Vec<[f64; 3]> = found.iter().map(|vote| [vote.majority, vote.judged, vote.any]).collect();
    assert_eq!(found.iter().map(|vote| vote.samples).collect::<Vec<_>>(), [1, 2, 4]);
    assert_eq!(figures, [[0.4, 0.4, 0.4], [0.4, 0.6, 0.8], [0.6, 0.6, 1.0]]);
}

/// Replies as the scripted model does, and has an opinion about everything: it holds an answer for right as far as it is
/// large, likes place A, and puts a certain token behind an answer the more readily the smaller it is.
struct Telling<'a>(Scripted<'a>, &'a Processor);

const BEHIND_AN_ANSWER: u32 = 3;

impl Telling<'_> {
    fn logprob(&self, asked: &Continuations<'_>, ids: &[u32]) -> Result<f64> {
        let prompt = self.1.decode(&asked.prompt.ids, true)?;
        let size = |text: &str| text.trim().parse::<f64>().expect("a number");
        if let Some((&BEHIND_AN_ANSWER, completion)) = ids.split_last() {
            assert_eq!(asked.counted, CountedTokens::Last);
            let text = self.1.decode(completion, true)?;
            return Ok(-size(text.trim_start_matches("\\boxed{").trim_end_matches('}')));
        }
        assert_eq!(asked.counted, CountedTokens::All);
        let verdict = self.1.decode(ids, true)?;
        let is_first = ["Yes", "A"].iter().any(|first| verdict.ends_with(first));
        let odds = match behind(&prompt, "Proposed answer: ") {
            Some(shown) => (size(shown) - 9.0) / 10.0,
            None => {
                let shown = ["A", "B"].map(|place| size(pair_answer(&prompt, place)));
                5.0 + (shown[0] - shown[1]) / 10.0
            }
        };
        Ok(if is_first { odds } else { 0.0 })
    }
}

/// The answer that the pairwise judge prompt shows in a place.
fn pair_answer<'a>(prompt: &'a str, place: &str) -> &'a str {
    behind(prompt, &format!("Answer {place}: ")).expect("a pair")
}

impl Generate<Plain> for Telling<'_> {
    fn generate(&self, requests: &[Request<'_>], progress: &dyn Fn(usize)) -> Result<Vec<Vec<Completion>>> {
        Generate::<Plain>::generate(&self.0, requests, progress)
    }

    fn logprobs(&self, asked: &[Continuations<'_>]) -> Result<Option<Vec<Vec<f64>>>> {
        let of =
            |asked: &Continuations<'_>| asked.token_ids.iter().map(|ids| self.logprob(asked, ids)).collect();
        asked.iter().map(of).collect::<Result<_>>().map(Some)
    }

    fn update_weights(&mut self, _: &Model<Plain>) -> Result<()> {
        Ok(())
    }
}

#[test]
fn votes_by_probabilities_take_no_sampled_token_and_state_what_they_read() {
    let processor = processor();
    let sampler = Telling(Scripted::texts(&processor, reply), &processor);
    let scale = SelfRewardScale { scale: 0.05, offset: -20.0 };
    let own_reward = Some(OwnReward { token: BEHIND_AN_ANSWER, scale });
    let config = config();
    let measuring = Measuring { own_reward, ..by(&config) };
    let found = through(&sampler, &processor, |model| votes(model, &problems(), measuring)).unwrap();
    let last = found.by_samples.last().unwrap();
    // The largest answer wins its comparisons: 9, 11, 5, 12, 18, of which two are right.
    assert_eq!((last.samples, last.tournament), (4, Some(0.4)));
    // The own rewards of 7, 8 and 9 are near, and two samples say 7; likewise 10, 5 and 12; and 1 is worth more than 18.
    assert_eq!(last.self_rewarded, Some(0.6));
    assert_eq!(
        last.weighted,
        Some(0.8),
        "two 7 outweigh 8 and 9, three 10 outweigh 11, and 18 outweighs 1 and 2"
    );
    // Of 11 right and 9 wrong samples 4 comes before 6 wrong ones, each 7 before 3, and each 10 before one.
    let area = found.own_reward_auc.unwrap();
    assert!((area - 15.0 / 99.0).abs() < 1e-12, "{area}");
    let first = &found.by_samples[0];
    assert_eq!((first.tournament, first.tournament_prompt_tokens), (Some(first.majority), Some(0.0)));
    assert!(first.tokens < last.tokens && first.judge_tokens < last.judge_tokens);
    assert!(
        first.judge_prompt_tokens < last.judge_prompt_tokens && last.tournament_prompt_tokens > Some(0.0)
    );
    let silent = with(reply, |model| votes(model, &problems(), measuring)).unwrap();
    let unmeasured = silent.by_samples[2];
    assert_eq!([unmeasured.weighted, unmeasured.tournament, unmeasured.self_rewarded], [None; 3]);
    assert_eq!(silent.own_reward_auc, None);
    assert_eq!(unmeasured.tokens, last.tokens);
}

/// Groups of four sampled answers to every problem.
fn sampled_groups(model: &RolloutPipeline<'_, Plain>) -> Result<Vec<RolloutGroup>> {
    let sampling = Sampling { temperature: 1.0, ..Sampling::greedy(40) };
    model.rollout(problems(), 4, sampling, SamplingKey { seed: 1, step: 0 }, &|_| ())
}

fn judge_set() -> JudgeSet {
    with(reply, |model| {
        Ok(JudgeSet::new(&sampled_groups(model)?, 4, 4, JudgePrompts::built_in(), 1, &Verifier::default()))
    })
    .unwrap()
}

#[test]
fn the_judge_set_shows_the_models_own_answers_under_both_labels_equally_often() {
    let JudgeSet { items, held_out, .. } = judge_set();
    let labels = |kind: Kind| -> Vec<&str> {
        items.iter().filter(|item| item.kind == kind).map(|item| item.answer.as_str()).collect()
    };
    assert_eq!(labels(Kind::POINTWISE), ["No", "No", "Yes", "Yes"]);
    assert_eq!(labels(Kind::PAIRWISE), ["B", "B", "A", "A"]);
    assert_eq!(held_out.len(), items.len());
}

#[test]
fn a_run_is_scored_on_solving_judging_reflecting_and_voting() {
    let set = judge_set();
    // Every item is judged rightly as it is worded in training, and every item that is worded otherwise is not.
    let judge = |prompt: &str, number: usize| {
        let asked = |items: &[Problem]| {
            items.iter().find(|item| prompt.contains(&item.question)).map(|item| item.answer.clone())
        };
        match (asked(&set.items), asked(&set.held_out)) {
            (Some(label), _) => format!("\\boxed{{{label}}}"),
            (None, Some(_)) => "no verdict".to_owned(),
            (None, None) => reply(prompt, number),
        }
    };
    let done = RefCell::new(0);
    let scores = with(judge, |model| {
        evaluate(model, &problems(), &set, by(&config()), &|count| *done.borrow_mut() += count)
    })
    .unwrap();
    let Scores { accuracy_by_rounds, votes, .. } = &scores;
    assert_eq!(
        (scores.reasoning_accuracy, scores.reflect_accuracy),
        (Some(0.4), accuracy_by_rounds.last().copied())
    );
    let judged = [scores.pointwise_accuracy, scores.pairwise_accuracy, scores.judge_accuracy];
    assert_eq!(judged, [Some(1.0); 3]);
    assert_eq!((scores.held_out_wording_accuracy, scores.parsed), (Some(0.0), Some(1.0)));
    assert_eq!((accuracy_by_rounds.len(), votes.len()), (3, 3));
    assert_eq!(*done.borrow(), 5 + set.items.len() + set.held_out.len());
}

#[test]
fn biases_and_unread_replies_are_measured_apart_from_accuracy() {
    let set = judge_set();
    // Says Yes to every answer, A of every pair but the first, and nothing about that.
    let first = set.items.iter().find(|item| item.kind == Kind::PAIRWISE).unwrap().question.clone();
    let biased = |prompt: &str, number: usize| match () {
        () if prompt.contains(&first) => "Both.".to_owned(),
        () if prompt.contains("\\boxed{Yes}") => "\\boxed{Yes}".to_owned(),
        () if prompt.contains("\\boxed{A}") => "It is \\boxed{A}.".to_owned(),
        () => reply(prompt, number),
    };
    let scores = with(biased, |model| evaluate(model, &problems(), &set, by(&config()), &|_| ())).unwrap();
    let kinds: Vec<&str> = scores.judging.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["pairwise", "pointwise"]);
    let named = |kind: &str| scores.judging[kind].named().into_iter().collect::<HashMap<String, f64>>();
    let (pointwise, pairwise) = (named("pointwise"), named("pairwise"));
    assert_eq!(
        (pointwise["parsed"], pointwise["accuracy"], pointwise["accuracy_of_parsed"]),
        (1.0, 0.5, 0.5)
    );
    assert_eq!((pointwise["share_yes"], pointwise["share_no"]), (1.0, 0.0));
    assert_eq!((pointwise["accuracy_yes"], pointwise["accuracy_no"]), (1.0, 0.0));
    // The right places are B, B, A, A, and the first is not read.
    assert_eq!((pairwise["parsed"], pairwise["accuracy"]), (0.75, 0.5));
    assert!((pairwise["accuracy_of_parsed"] - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!((pairwise["share_a"], pairwise["accuracy_a"], pairwise["accuracy_b"]), (1.0, 1.0, 0.0));
    assert!(!pointwise.contains_key("auc"), "a scripted sampler tells no probabilities");
    let nothing = with(biased, |model| judge_measures(model, &[], AskedByOdds::default())).unwrap();
    assert!(nothing.is_empty());
}

/// An engine whose every answer is asked of another sampler: it likes verdicts that its reply to the prompt gives.
struct Opinionated<'a>(&'a dyn Fn(&str) -> f64, &'a Processor);

impl Generate<Plain> for Opinionated<'_> {
    fn generate(&self, _: &[Request<'_>], _: &dyn Fn(usize)) -> Result<Vec<Vec<Completion>>> {
        unreachable!("odds are not sampled")
    }

    fn logprobs(&self, asked: &[Continuations<'_>]) -> Result<Option<Vec<Vec<f64>>>> {
        let of_prompt = |asked: &Continuations<'_>| -> Result<Vec<f64>> {
            let odds = self.0(&self.1.decode(&asked.prompt.ids, true)?);
            let logprob = |ids: &Vec<u32>| -> Result<f64> {
                let text = self.1.decode(ids, true)?;
                let verdict = text.strip_prefix("\\boxed{").expect("the form that is asked for").trim();
                Ok(if ["Yes", "A"].contains(&verdict) { odds } else { 0.0 })
            };
            asked.token_ids.iter().map(logprob).collect()
        };
        asked.iter().map(of_prompt).collect::<Result<_>>().map(Some)
    }

    fn update_weights(&mut self, _: &Model<Plain>) -> Result<()> {
        Ok(())
    }
}

#[test]
fn log_odds_rank_the_items_whatever_the_bias_and_pairs_count_in_both_orders() {
    let (set, processor) = (judge_set(), processor());
    let verdict = Verdict::default();
    let replies: Vec<_> = set.items.iter().map(|item| (item, &verdict)).collect();
    let originals: BTreeSet<&str> =
        set.items.iter().map(|item| item.id.rsplit_once('#').expect("named after its problem").0).collect();
    let measured = |odds: &dyn Fn(&str) -> f64| {
        let workings = originals.iter().map(|&id| (id, "Thinking aloud.")).collect();
        let asked = AskedByOdds { workings, ..AskedByOdds::of(&set) };
        let measure = |model: &RolloutPipeline<'_, Plain>| judge_measures(model, &replies, asked.clone());
        let measured = through(&Opinionated(odds, &processor), &processor, measure).unwrap();
        ["pointwise", "pairwise"].map(|kind| measured[kind].clone())
    };
    let area = |odds: &dyn Fn(&str) -> f64| measured(odds).map(|measures| measures.auc);
    let right = |prompt: &str| {
        let mut all = set.items.iter().chain(&set.swapped).chain(&set.solutions);
        let item = all.find(|item| prompt.contains(&item.question)).expect("a known item");
        ["Yes", "A"].contains(&item.answer.as_str())
    };
    assert_eq!(area(&|prompt| if right(prompt) { 9.0 } else { 8.0 }), [Some(1.0); 2]);
    assert_eq!(area(&|prompt| if right(prompt) { -9.0 } else { -8.0 }), [Some(0.0); 2]);
    assert_eq!(area(&|_| 3.0), [Some(0.5); 2]);
    // Right about the pairs as they stand in the set, and of the same opinion when they are swapped.
    let in_set = |prompt: &str| set.items.iter().any(|item| prompt.contains(&item.question));
    assert_eq!(area(&|prompt| if in_set(prompt) && right(prompt) { 1.0 } else { 0.0 })[1], Some(0.75));
    // Whichever verdict is the likelier one is the verdict of a judge that is asked for no reply.
    let by_odds = |odds: &dyn Fn(&str) -> f64| {
        measured(odds).map(|measures| {
            let OddsMeasures { accuracy, first, .. } = measures.on_solutions.unwrap();
            [(measures.odds_accuracy, measures.odds_first), (accuracy, first)]
        })
    };
    let perfect = |prompt: &str| if right(prompt) { 1.0 } else { -1.0 };
    assert_eq!(by_odds(&perfect), [[(Some(1.0), Some(0.5)); 2]; 2]);
    assert_eq!(by_odds(&|_| 1.0), [[(Some(0.5), Some(1.0)); 2]; 2]);
    // A judge that is right behind working alone.
    let aloud = |prompt: &str| if prompt.contains("Thinking aloud") { perfect(prompt) } else { 1.0 };
    let behind = measured(&aloud).map(|measures| measures.behind_working.unwrap().accuracy);
    assert_eq!((behind, by_odds(&aloud)), ([Some(1.0); 2], by_odds(&|_| 1.0)));
}

#[test]
fn an_engine_tells_how_likely_continuations_are() {
    let model = common::tiny_model(1);
    let prompt = |ids: &[u32]| ModelInput { ids: ids.to_vec(), images: Vec::new() };
    let prompts = [prompt(&[15, 16, 17]), prompt(&[15, 16, 17, 18, 19]), prompt(&[13])];
    let token_ids =
        [vec![vec![11, 12], vec![12], vec![11, 13, 14]], vec![vec![12]], vec![vec![19, 18], vec![19]]];
    let asked: Vec<Continuations<'_>> = prompts
        .iter()
        .zip(&token_ids)
        .map(|(prompt, token_ids)| Continuations {
            prompt,
            token_ids: token_ids.clone(),
            counted: CountedTokens::All,
        })
        .collect();
    let engine = LocalEngine::with_model(model.clone(), EngineConfig::default());
    let found = engine.logprobs(&asked).unwrap().expect("an engine has the weights");
    for (asked, found) in asked.iter().zip(&found) {
        assert_eq!(found.len(), asked.token_ids.len());
        for (ids, found) in asked.token_ids.iter().zip(found) {
            let alone = completion_logprobs(&model, &[Sequence::new(asked.prompt, ids, &model.config)]);
            let expected: f64 = alone[0].iter().map(|logprob| f64::from(*logprob)).sum();
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }
    let last_alone: Vec<Continuations<'_>> =
        asked.iter().map(|asked| Continuations { counted: CountedTokens::Last, ..asked.clone() }).collect();
    let found = engine.logprobs(&last_alone).unwrap().expect("an engine has the weights");
    for (asked, found) in last_alone.iter().zip(&found) {
        for (ids, found) in asked.token_ids.iter().zip(found) {
            let alone = completion_logprobs(&model, &[Sequence::new(asked.prompt, ids, &model.config)]);
            let expected = f64::from(*alone[0].last().unwrap());
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }
    assert!(LocalEngine::<Plain>::new(EngineConfig::default()).logprobs(&[]).is_err());
}

#[test]
fn drawn_answers_give_pass_at_k_of_everything_and_of_each_source() {
    let set = judge_set();
    let config = EvalConfig { samples: 4, vote_samples: 0, reflection_rounds: 0, ..config() };
    let measured = |config| {
        with(reply, |model| evaluate_in_full(model, &problems(), &set, by(&config), &|_| ())).unwrap()
    };
    let Evaluation { scores, greedy, drawn } = measured(config.clone());
    // Two, three, one, four and one of four answers are right.
    assert_eq!(Vec::from_iter(scores.pass_at.clone()), [(1, 11.0 / 20.0), (4, 1.0)]);
    assert_eq!((greedy.len(), drawn.len(), scores.problems), (5 + set.items.len(), 5, 5));
    assert!(drawn.iter().all(|group| group.rollouts.len() == 4));
    let [first, second] = ["first", "second"].map(|name| &scores.by_source[name]);
    assert_eq!((first.problems, first.reasoning_accuracy, first.pass_at[&1]), (2, Some(0.5), 5.0 / 8.0));
    assert_eq!((second.problems, second.pass_at[&1]), (3, 0.5));
    let judged = |scores: &SourceScores| scores.judge_accuracy;
    assert!(judged(first).is_some() && judged(second).is_some());
    let named: Vec<String> = scores.metrics().into_iter().map(|(name, _)| name).collect();
    let expected = [
        "eval/reasoning_accuracy",
        "eval/judge_accuracy",
        "eval/judging/pairwise/accuracy_b",
        "eval/judging/pointwise/share_yes",
        "eval/pass@4",
        "eval/pass@1/first",
    ];
    for name in expected {
        assert!(named.iter().any(|known| known == name), "{name} is none of {named:?}");
    }
    // Without drawn answers the greedy one is all there is.
    let scores = measured(EvalConfig { samples: 0, ..config }).scores;
    assert_eq!(Vec::from_iter(scores.pass_at), [(1, 0.4)]);
    let nothing =
        with(reply, |model| evaluate(model, &[], &JudgeSet::default(), by(&EvalConfig::default()), &|_| ()));
    assert_eq!(nothing.unwrap(), Scores::default(), "what was not measured is no 0");
}

#[test]
fn a_verdict_for_everything_is_right_half_the_time() {
    let set = judge_set();
    let credulous = |prompt: &str, number: usize| match prompt.contains("\\boxed{Yes}") {
        true => "\\boxed{Yes}".to_owned(),
        false if prompt.contains("\\boxed{A}") => "\\boxed{A}".to_owned(),
        false => reply(prompt, number),
    };
    let scores = with(credulous, |model| evaluate(model, &problems(), &set, by(&config()), &|_| ())).unwrap();
    assert_eq!((scores.pointwise_accuracy, scores.pairwise_accuracy), (Some(0.5), Some(0.5)));
    assert_eq!(scores.held_out_wording_accuracy, Some(0.5));
    assert_eq!(scores.accuracy_by_rounds, [0.4; 3], "a model that never doubts never answers again");
}

/// A sampler of another crate: it keeps what it was asked for.
#[derive(Default)]
struct Recorder(RefCell<Vec<(u64, Sampling, Vec<u32>)>>);

impl Generate<Plain> for Recorder {
    fn generate(&self, requests: &[Request<'_>], progress: &dyn Fn(usize)) -> Result<Vec<Vec<Completion>>> {
        let mut completions = Vec::new();
        for request in requests {
            let mut seen = self.0.borrow_mut();
            for mut stream in request.streams.iter().cloned() {
                seen.push((stream.next_u64(), request.sampling, request.stop_ids.to_vec()));
            }
            let token_ids = request.stop_ids[..1].to_vec();
            let silence = Completion { token_ids, logprobs: vec![0.0], finish_reason: FinishReason::Stop };
            completions.push(vec![silence; request.completions()]);
            progress(1);
        }
        Ok(completions)
    }

    fn update_weights(&mut self, _policy: &Model<Plain>) -> Result<()> {
        Ok(())
    }
}

#[test]
fn every_completion_has_a_stream_keyed_by_seed_step_problem_and_sample() {
    let (recorder, processor) = (Recorder::default(), processor());
    let sampling = Sampling { temperature: 0.7, top_k: 5, ..Sampling::greedy(9) };
    let key = SamplingKey { seed: 3, step: 8 };
    let groups = through(&recorder, &processor, |model| model.rollout(problems(), 2, sampling, key, &|_| ()));
    assert_eq!(groups.unwrap().iter().map(|group| group.rollouts.len()).collect::<Vec<_>>(), [2; 5]);
    let asked = recorder.0.into_inner();
    let draw =
        |number: u64| Stream::new(&[3, 8, hash_text(&format!("p{}", number / 2)), number % 2]).next_u64();
    assert_eq!(
        asked.iter().map(|(draw, ..)| *draw).collect::<Vec<_>>(),
        (0..10).map(draw).collect::<Vec<_>>()
    );
    assert!(asked.iter().all(|(_, asked, stop)| *asked == sampling && stop == processor.eos_token_ids()));
}

#[test]
fn a_sampler_that_answers_with_too_little_is_refused() {
    let refusal = |completions: Vec<Vec<Completion>>| {
        struct Fixed(Vec<Vec<Completion>>);
        impl Generate<Plain> for Fixed {
            fn generate(&self, _: &[Request<'_>], _: &dyn Fn(usize)) -> Result<Vec<Vec<Completion>>> {
                Ok(self.0.clone())
            }

            fn update_weights(&mut self, _policy: &Model<Plain>) -> Result<()> {
                Ok(())
            }
        }
        let rollout = |model: &RolloutPipeline<'_, Plain>| model.rollout_greedily(problems(), 9, &|_| ());
        through(&Fixed(completions), &processor(), rollout).unwrap_err().to_string()
    };
    let completion = |logprobs: &[f32]| Completion {
        token_ids: vec![1],
        logprobs: logprobs.to_vec(),
        finish_reason: FinishReason::Stop,
    };
    assert!(refusal(vec![]).contains("0 of 5 requests"));
    let mut one_short = vec![vec![completion(&[0.0])]; 5];
    one_short[3].clear();
    assert!(refusal(one_short).contains("0 of 1 completions of request 3"));
    assert!(refusal(vec![vec![completion(&[])]; 5]).contains("1 tokens with 0 log-probabilities"));
}

#[test]
fn a_scripted_reply_is_cut_off_where_the_token_limit_says() {
    let groups = with(|_, _| "0123456789".to_owned(), |model| model.rollout_greedily(problems(), 4, &|_| ()));
    for group in groups.unwrap() {
        let completion = &group.rollouts[0].completion;
        assert_eq!((completion.token_ids.len(), completion.finish_reason), (4, FinishReason::Length));
    }
}

#[test]
fn a_table_replies_to_the_prompts_that_it_lists() {
    let processor = processor();
    let prompt = processor.prompt(&problems()[0]).unwrap().input;
    let completion = |token| Completion {
        token_ids: vec![token],
        logprobs: vec![-1.0],
        finish_reason: FinishReason::Stop,
    };
    let table = HashMap::from([(prompt.ids.clone(), vec![completion(5), completion(6)])]);
    let sampler = Scripted::table(table);
    let generate = |prompt: &spark::model::ModelInput, samples: usize| {
        let requests = Request::numbered(std::slice::from_ref(prompt), Sampling::greedy(1), samples, 0);
        Generate::<Plain>::generate(&sampler, &requests, &|_| ())
    };
    let listed = vec![completion(5), completion(6), completion(5)];
    assert_eq!(generate(&prompt, 3).unwrap(), [listed]);
    let other = processor.prompt(&problems()[1]).unwrap().input;
    assert!(generate(&other, 1).unwrap_err().to_string().contains("no scripted reply"));
}

#[test]
fn an_engine_without_weights_says_so() {
    let mut engine = LocalEngine::<Plain>::new(EngineConfig::default());
    assert!(engine.generate(&[], &|_| ()).unwrap_err().to_string().contains("update_weights"));
    engine.update_weights(&common::tiny_model(1)).unwrap();
    assert!(engine.generate(&[], &|_| ()).unwrap().is_empty());
    engine.release_weights().unwrap();
    assert!(engine.generate(&[], &|_| ()).is_err());
}
