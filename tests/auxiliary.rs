//! Objectives beside the policy gradient, masked completions and averaged weights: each does what its formula
//! says, and nothing else.

mod common;

use common::{
    Plain, prompt, tiny_model,
    training::{config, groups, largest_difference, penalty, rate, rollout, trainer, weights},
};
use spark::{
    data::Kind,
    eval::completion_logprobs,
    model::{Model, Sequence},
    rollout::{FinishReason, RolloutGroup},
    train::{
        Auxiliary, AuxiliaryConfig, KindWeights, TrainConfig, UpdateReport, VerdictAmong, VerdictPair,
        VerdictTriple, batch::Example,
    },
};

/// Nothing learns but the auxiliary objectives.
fn alone(auxiliary: AuxiliaryConfig) -> TrainConfig {
    let silent = |weights: KindWeights, kind| weights.with(kind, 0.0);
    let kind_weights = Kind::ALL.into_iter().fold(KindWeights::default(), silent);
    TrainConfig { auxiliary, kind_weights, kl: penalty(0.0), ..config() }
}

fn updated(config: &TrainConfig, auxiliary: &Auxiliary) -> (Vec<f32>, UpdateReport) {
    let mut trainer = trainer(config);
    let report = trainer.update_with(&groups(), auxiliary, 1).unwrap();
    (weights(&trainer.inference_model()), report)
}

fn imitated(examples: &[Example]) -> Vec<f32> {
    let mut trainer = trainer(&alone(AuxiliaryConfig::default()));
    trainer.imitate(examples, 1).unwrap();
    weights(&trainer.inference_model())
}

/// The mean log-probability of all tokens of the sequences.
fn mean_logprob(model: &Model<Plain>, sequences: &[Sequence]) -> f64 {
    let all = completion_logprobs(model, sequences).concat();
    all.iter().map(|&logprob| f64::from(logprob)).sum::<f64>() / all.len() as f64
}

/// Exactly this objective is reported, with its value and denominator.
fn assert_reports(report: &UpdateReport, name: &str, value: f64, count: usize) {
    let (metric, counted) = (format!("objective/{name}"), format!("objective/{name}/count"));
    let found: Vec<&str> = report.metrics().map(|(name, _)| name).filter(|name| name.contains('/')).collect();
    assert_eq!(found, [metric.as_str(), counted.as_str()]);
    assert_eq!(report.metric(&counted), count as f64);
    let found = report.metric(&metric);
    assert!((found - value).abs() < 1e-5, "{found}, expected {value}");
}

#[test]
fn likelihood_of_right_reflections_is_that_of_imitating_them() {
    let model = tiny_model(1);
    let right = groups().into_iter().find(|group| group.problem.kind == Kind::REFLECTION).unwrap();
    let completion = &right.rollouts[0].completion.token_ids;
    let sequence = Sequence::new(&right.prompt.input, completion, &model.config);
    let config = alone(AuxiliaryConfig { reflection_likelihood: 1.0, ..AuxiliaryConfig::default() });
    let (after, report) = updated(&config, &Auxiliary::default());
    let value = -mean_logprob(&model, std::slice::from_ref(&sequence));
    assert_reports(&report, "reflection_likelihood", value, 4);
    assert!((report.metric("loss") - value).abs() < 1e-5);
    assert!(largest_difference(&after, &imitated(&[Example::to_imitate(sequence)])) < 1e-6);
}

#[test]
fn replay_is_imitation_with_a_weight_and_a_denominator_of_its_own() {
    let model = tiny_model(1);
    let sequences = [
        Sequence::new(&prompt(&[4, 5], &[], &[]), &[6, 7, 2], &model.config),
        Sequence::new(&prompt(&[8], &[], &[]), &[9, 2], &model.config),
    ];
    let replay: Vec<Example> = sequences.clone().map(Example::to_imitate).to_vec();
    let auxiliary = Auxiliary { replay: replay.clone(), ..Auxiliary::default() };
    let with = |weight| alone(AuxiliaryConfig { replay: weight, ..AuxiliaryConfig::default() });
    let (after, report) = updated(&with(1.0), &auxiliary);
    let value = -mean_logprob(&model, &sequences);
    assert_reports(&report, "replay", value, 5);
    assert!(largest_difference(&after, &imitated(&replay)) < 1e-6);
    let (_, half) = updated(&with(0.5), &auxiliary);
    assert!(
        (half.metric("loss") - 0.5 * value).abs() < 1e-5
            && (half.metric("objective/replay") - value).abs() < 1e-5
    );
    assert_eq!(updated(&with(0.0), &auxiliary).1.metric("objective/replay"), 0.0);
}

/// The true and the false verdict on two prompts.
fn verdict_pairs(model: &Model<Plain>) -> [VerdictPair; 2] {
    let reply = |ids: &[u32], verdict: &[u32]| Sequence::new(&prompt(ids, &[], &[]), verdict, &model.config);
    [
        VerdictPair([reply(&[4, 5], &[6, 7, 2]), reply(&[4, 5], &[6, 8, 2])]),
        VerdictPair([reply(&[8], &[9]), reply(&[8], &[10])]),
    ]
}

/// Of each pair, the log-probabilities of both verdicts as a model has them.
fn verdict_logprobs(model: &Model<Plain>, pairs: &[VerdictPair]) -> Vec<[f64; 2]> {
    let logprob = |sequence: &Sequence| {
        mean_logprob(model, std::slice::from_ref(sequence)) * sequence.completion().len() as f64
    };
    pairs.iter().map(|VerdictPair(both)| [logprob(&both[0]), logprob(&both[1])]).collect()
}

#[test]
fn a_true_verdict_becomes_the_likelier_of_two_and_what_both_begin_with_stays() {
    let model = tiny_model(1);
    let verdicts = verdict_pairs(&model);
    let missing = |model: &Model<Plain>| {
        let all = verdict_logprobs(model, &verdicts);
        all.iter().map(|[right, wrong]| (1.0 + (wrong - right).exp()).ln()).sum::<f64>() / all.len() as f64
    };
    let auxiliary = Auxiliary { verdicts: verdicts.to_vec(), ..Auxiliary::default() };
    let config = alone(AuxiliaryConfig { verdict_likelihood: 0.5, ..AuxiliaryConfig::default() });
    for micro_batch_tokens in [1, 1000] {
        let (_, report) = updated(&TrainConfig { micro_batch_tokens, ..config.clone() }, &auxiliary);
        assert_reports(&report, "verdict_likelihood", missing(&model), 2);
        assert!((report.metric("loss") - 0.5 * missing(&model)).abs() < 1e-5);
    }
    let mut trainer = trainer(&TrainConfig { learning_rate: rate(0.3), ..config });
    for step in 1..=3 {
        trainer.update_with(&groups(), &auxiliary, step).unwrap();
    }
    assert!(missing(&trainer.inference_model()) < 0.9 * missing(&model));
}

#[test]
fn verdicts_can_have_updates_of_their_own_behind_the_policys() {
    let model = tiny_model(1);
    let verdicts = verdict_pairs(&model);
    let auxiliary = Auxiliary { verdicts: verdicts.to_vec(), ..Auxiliary::default() };
    let after = |updates| {
        let config = AuxiliaryConfig {
            verdict_likelihood: 0.5,
            verdict_updates: updates,
            ..AuxiliaryConfig::default()
        };
        updated(&alone(config), &auxiliary)
    };
    let first_of_each = |report: &UpdateReport| report.metric("objective/verdict_likelihood");
    let (_, joined_report) = after(0);
    let ((once, once_report), (twice, twice_report)) = (after(1), after(2));
    assert!((first_of_each(&joined_report) - first_of_each(&once_report)).abs() < 1e-6);
    let loss_of_the_policy = [&joined_report, &once_report].map(|report| report.metric("loss").abs());
    assert!(loss_of_the_policy[0] > 0.1 && loss_of_the_policy[1] < 1e-9, "{loss_of_the_policy:?}");
    assert!(largest_difference(&once, &weights(&model)) > 1e-4);
    assert!(largest_difference(&once, &twice) > 1e-4);
    // One verdict each, whose mean is taken over the updates.
    assert_eq!(twice_report.metric("objective/verdict_likelihood/count"), 1.0);
    assert_eq!(twice_report.tokens, once_report.tokens);
}

#[test]
fn true_verdicts_are_imitated_with_verdicts_as_the_denominator() {
    let model = tiny_model(1);
    let verdicts = verdict_pairs(&model);
    let sequences = verdicts.clone().map(|VerdictPair([right, _])| right);
    let auxiliary = Auxiliary { verdicts: verdicts.to_vec(), ..Auxiliary::default() };
    let verdict_among = VerdictAmong::Replies;
    let config =
        alone(AuxiliaryConfig { verdict_likelihood: 0.5, verdict_among, ..AuxiliaryConfig::default() });
    let (_, report) = updated(&config, &auxiliary);
    // Four tokens, but two verdicts.
    let value = -mean_logprob(&model, &sequences) * 4.0 / 2.0;
    assert_reports(&report, "verdict_likelihood", value, 2);
    assert!((report.metric("loss") - 0.5 * value).abs() < 1e-5);
    let mut trainer = trainer(&TrainConfig { learning_rate: rate(0.3), ..config });
    for step in 1..=3 {
        trainer.update_with(&groups(), &auxiliary, step).unwrap();
    }
    assert!(-mean_logprob(&trainer.inference_model(), &sequences) * 2.0 < 0.9 * value);
}

#[test]
fn verdicts_are_learnt_from_the_step_that_is_set_and_not_at_weight_0() {
    let config =
        AuxiliaryConfig { verdict_likelihood: 0.1, verdict_start_step: 3, ..AuxiliaryConfig::default() };
    assert_eq!([2, 3, 4].map(|step| config.learns_verdicts_at(step)), [false, true, true]);
    assert!(!AuxiliaryConfig { verdict_likelihood: 0.0, ..config }.learns_verdicts_at(4));
}

/// Verdicts of two tokens and one, after prompts of different length.
fn triples(model: &Model<Plain>) -> Vec<VerdictTriple> {
    let triple = |first: u32| {
        let asked: [(Vec<u32>, [&[u32]; 2]); 3] = [
            (vec![4, first, 5], [&[6, 7], &[8]]),
            (vec![9, first], [&[10, 2], &[11, 2]]),
            (vec![9, 5, 9], [&[10, 2], &[11, 2]]),
        ];
        let sequences = asked.iter().flat_map(|(ids, verdicts)| {
            verdicts.map(|verdict| Sequence::new(&prompt(ids, &[], &[]), verdict, &model.config))
        });
        VerdictTriple(sequences.collect::<Vec<_>>().try_into().unwrap())
    };
    vec![triple(12), triple(13), triple(14)]
}

fn inconsistency(model: &Model<Plain>) -> f64 {
    let sigmoid = |odds: f64| 1.0 / (1.0 + (-odds).exp());
    let of = |triple: &VerdictTriple| {
        let sums: Vec<f64> = completion_logprobs(model, &triple.0)
            .iter()
            .map(|logprobs| logprobs.iter().map(|&logprob| f64::from(logprob)).sum())
            .collect();
        let implied = sigmoid((sums[2] - sums[3]) - (sums[4] - sums[5]));
        (sigmoid(sums[0] - sums[1]) - implied).powi(2)
    };
    let all = triples(model);
    all.iter().map(of).sum::<f64>() / all.len() as f64
}

#[test]
fn consistency_is_the_mean_over_triples_in_any_micro_batches_and_falls() {
    let config = TrainConfig {
        learning_rate: rate(0.3),
        ..alone(AuxiliaryConfig { consistency: 2.0, ..AuxiliaryConfig::default() })
    };
    let model = tiny_model(1);
    let auxiliary = Auxiliary { consistency: triples(&model), ..Auxiliary::default() };
    let (after, report) = updated(&config, &auxiliary);
    let value = inconsistency(&model);
    assert!(value > 1e-3, "{value}");
    assert_reports(&report, "consistency", value, 3);
    let (parts, _) = updated(&TrainConfig { micro_batch_tokens: 1, ..config.clone() }, &auxiliary);
    assert!(largest_difference(&after, &parts) < 1e-6);
    let mut trainer = trainer(&config);
    for step in 1..=5 {
        trainer.update_with(&groups(), &auxiliary, step).unwrap();
    }
    let later = inconsistency(&trainer.inference_model());
    assert!(later < 0.9 * value, "{later} of {value}");
}

/// The first completion of every group was cut off and says `token`.
fn cut_off(token: u32, reward: f64) -> Vec<RolloutGroup> {
    let mut groups = groups();
    for group in &mut groups {
        group.rollouts[0] = rollout(&[token, token, token], reward);
        group.rollouts[0].completion.finish_reason = FinishReason::Length;
    }
    groups
}

#[test]
fn a_masked_completion_is_compared_with_and_not_learnt_from() {
    let after = |mask_truncated, groups: &[RolloutGroup]| {
        let mut trainer = trainer(&TrainConfig { mask_truncated, kl: penalty(0.0), ..config() });
        let report = trainer.update(groups, 1).unwrap();
        (weights(&trainer.inference_model()), report)
    };
    let [(one, report), (other, _)] = [5, 6].map(|token| after(true, &cut_off(token, 1.0)));
    assert!(one == other && report.advantages[0][0] > 0.0 && report.tokens > 0);
    let [one, other] = [5, 6].map(|token| after(false, &cut_off(token, 1.0)).0);
    assert!(largest_difference(&one, &other) > 1e-3);
    // Its reward is part of the baseline.
    let mut groups = cut_off(5, 0.0);
    groups.iter_mut().for_each(|group| group.rollouts[1].verdict.reward = 0.5);
    let mut lower = groups.clone();
    lower.iter_mut().for_each(|group| group.rollouts[0].verdict.reward = -1.0);
    assert!(largest_difference(&after(true, &groups).0, &after(true, &lower).0) > 1e-3);
}

#[test]
fn what_is_evaluated_is_the_average_over_steps() {
    let config = TrainConfig { ema_decay: 0.75, kl: penalty(0.0), ..config() };
    let mut trainer = trainer(&config);
    let mut expected = weights(&tiny_model(1));
    for step in 1..=3 {
        trainer.update(&groups(), step).unwrap();
        let policy = weights(&trainer.inference_model());
        expected.iter_mut().zip(&policy).for_each(|(mean, new)| *mean = 0.75 * *mean + 0.25 * new);
        assert!(largest_difference(&weights(&trainer.evaluated()), &expected) < 1e-6);
        assert!(largest_difference(&policy, &expected) > 1e-3);
    }
    let plain = common::training::trainer(&TrainConfig { ema_decay: 0.0, ..config });
    assert!(plain.average().is_none() && weights(&plain.evaluated()) == weights(&plain.inference_model()));
}

/// Under the original's prompt, not the reflection's; a mean over tokens in any micro-batches, and learnt from.
#[test]
fn refinements_count_by_their_shaped_probability() {
    let model = tiny_model(1);
    let sequences = [
        Sequence::new(&prompt(&[4, 5], &[], &[]), &[6, 7, 2], &model.config),
        Sequence::new(&prompt(&[8], &[], &[]), &[9, 2], &model.config),
    ];
    let refinements: Vec<Example> = sequences.clone().map(Example::to_imitate).to_vec();
    let auxiliary = Auxiliary { refinements, ..Auxiliary::default() };
    let with =
        |refinement| AuxiliaryConfig { refinement, refinement_gamma: 0.01, ..AuxiliaryConfig::default() };
    let shaped = |model: &Model<Plain>| {
        let logprobs = completion_logprobs(model, &sequences).concat();
        let value = |&logprob: &f32| f64::from(logprob).exp() / (f64::from(logprob).exp() + 0.01);
        logprobs.iter().map(value).sum::<f64>() / logprobs.len() as f64
    };
    let config = TrainConfig { learning_rate: rate(0.3), ..alone(with(0.5)) };
    let (after, report) = updated(&config, &auxiliary);
    let value = shaped(&model);
    assert_reports(&report, "refinement", -value, 5);
    assert!((report.metric("loss") + 0.5 * value).abs() < 1e-5);
    let (parts, _) = updated(&TrainConfig { micro_batch_tokens: 1, ..config.clone() }, &auxiliary);
    assert!(largest_difference(&after, &parts) < 1e-6);
    let mut trainer = trainer(&config);
    for step in 1..=3 {
        trainer.update_with(&groups(), &auxiliary, step).unwrap();
    }
    let later = shaped(&trainer.inference_model());
    assert!(later > 1.1 * value, "{later} of {value}");
    let off = TrainConfig { auxiliary: with(0.0), ..config };
    let (untouched, report) = updated(&off, &auxiliary);
    assert!(report.metric("objective/refinement") == 0.0 && untouched == weights(&model));
}
