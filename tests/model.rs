//! The model against itself: caches, batches and padding change nothing, and the gradient is the
//! slope of the loss.

mod common;

use burn::{
    module::{AutodiffModule, Module, ModuleMapper, Param},
    optim::GradientsParams,
    tensor::{Tensor, TensorData},
};
use common::{END_TOKEN, Plain, differentiable, image, prompt, tiny_model, tiny_models};
use spark::{
    kernels::Kernels,
    model::{Model, ModelInput, PackedBatch, Sequence, computing_in, weights::Precision},
    random::Stream,
    rollout::{Completion, EngineConfig, Generate, LocalEngine, Request, Sampling},
};

/// Prompts of different length, with and without images of different size.
fn prompts() -> Vec<ModelInput> {
    vec![
        prompt(&[5, 6], &[image(2, 4, 1)], &[7, 8, 9]),
        prompt(&[5, 6, 10, 11, 12], &[], &[]),
        prompt(&[4], &[image(6, 6, 2), image(2, 2, 3)], &[13]),
    ]
}

/// Log-probabilities of all completion tokens.
fn logprobs<B: Kernels>(model: &Model<B>, batch: &PackedBatch) -> Tensor<B, 1> {
    model.target_logprobs(model.predicting(batch), &batch.targets, 1.0).logprobs
}

/// Log-probabilities of `completion` after `prompt`, from one forward over the whole sequence.
fn full_forward(model: &Model<Plain>, prompt: &ModelInput, completion: &[u32]) -> Vec<f32> {
    let batch = PackedBatch::new(&[Sequence::new(prompt, completion, &model.config)], &model.config);
    logprobs(model, &batch).into_data().to_vec().unwrap()
}

fn generate(
    model: &Model<Plain>,
    prompts: &[&ModelInput],
    samples: usize,
    max_rows: usize,
) -> Vec<Vec<Completion>> {
    generate_until(&[END_TOKEN], model, prompts, samples, max_rows)
}

fn generate_until(
    stop_ids: &[u32],
    model: &Model<Plain>,
    prompts: &[&ModelInput],
    samples: usize,
    max_rows: usize,
) -> Vec<Vec<Completion>> {
    let sampling =
        Sampling { temperature: 1.0, top_p: 1.0, top_k: 0, repetition_penalty: 1.0, max_new_tokens: 12 };
    let engine = LocalEngine::with_model(model.clone(), EngineConfig { max_rows, workers: 2, dtype: None });
    let stream = |prompt: &ModelInput, sample: usize| Stream::new(&[prompt.ids.len() as u64, sample as u64]);
    let requests: Vec<Request<'_>> = prompts
        .iter()
        .map(|prompt| Request {
            prompt,
            sampling,
            stop_ids,
            streams: (0..samples).map(|sample| stream(prompt, sample)).collect(),
        })
        .collect();
    engine.generate(&requests, &|_| ()).unwrap()
}

fn assert_close(left: &[f32], right: &[f32], tolerance: f32) {
    assert_eq!(left.len(), right.len());
    for (l, r) in left.iter().zip(right) {
        assert!((l - r).abs() <= tolerance, "{l} and {r} differ by more than {tolerance}");
    }
}

/// Completions have the log-probabilities that a forward over each whole sequence gives.
fn assert_scored(
    model: &Model<Plain>,
    prompts: &[ModelInput],
    completions: &[Vec<Completion>],
    tolerance: f32,
) {
    for (prompt, group) in prompts.iter().zip(completions) {
        for completion in group {
            let expected = full_forward(model, prompt, &completion.token_ids);
            assert_close(&completion.logprobs, &expected, tolerance);
        }
    }
}

/// Two groups have the same tokens, and nearly the same log-probabilities.
fn assert_same(left: &[Completion], right: &[Completion], tolerance: f32) {
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(right) {
        assert_eq!(left.token_ids, right.token_ids);
        assert_close(&left.logprobs, &right.logprobs, tolerance);
    }
}

#[test]
fn cached_decoding_equals_the_uncached_forward() {
    for model in tiny_models(1) {
        let prompts = prompts();
        let completions = generate(&model, &prompts.iter().collect::<Vec<_>>(), 4, 64);
        assert_scored(&model, &prompts, &completions, 1e-4);
    }
}

#[test]
fn grouped_prefill_equals_separate_prefills() {
    for model in tiny_models(2) {
        let prompts = prompts();
        let together = generate(&model, &prompts.iter().collect::<Vec<_>>(), 4, 64);
        for (prompt, group) in prompts.iter().zip(&together) {
            let alone = generate(&model, &[prompt], 4, 4).remove(0);
            assert_same(group, &alone, 1e-4);
        }
    }
}

/// Prompts of more tokens than pass at once, beside short ones, and with images on both sides of the cut.
#[test]
fn a_prompt_that_is_read_in_blocks_gives_what_one_pass_gives() {
    for model in tiny_models(2) {
        let words = |count: u32| -> Vec<u32> { (0..count).map(|id| 4 + id * 7 % 19).collect() };
        let prompts = [
            prompt(&words(2600), &[], &[]),
            prompt(&words(1020), &[image(6, 6, 2), image(2, 4, 1)], &words(1100)),
            prompt(&words(1024), &[], &[]),
            prompt(&words(7), &[image(2, 2, 3)], &[]),
        ];
        let completions = generate(&model, &prompts.iter().collect::<Vec<_>>(), 2, 64);
        assert_scored(&model, &prompts, &completions, 1e-4);
    }
}

/// More prompts than pass at once in each of two batches: what each gives is the same, up to how sums of rows that are
/// padded otherwise are rounded.
#[test]
fn prompts_that_are_read_in_turns_give_what_each_gives_alone() {
    let model = tiny_model(2);
    let words = |count: u32| -> Vec<u32> { (0..count).map(|id| 4 + id * 5 % 19).collect() };
    let prompts: Vec<ModelInput> = (0..200)
        .map(|place| prompt(&words(100 + place % 7), &[image(2, 4, u64::from(place))], &words(place % 5)))
        .collect();
    let together = generate(&model, &prompts.iter().collect::<Vec<_>>(), 1, 300);
    for (prompt, group) in prompts.iter().zip(together).step_by(9) {
        let alone = generate(&model, &[prompt], 1, 1).remove(0);
        assert_eq!(alone[0].token_ids, group[0].token_ids);
        assert_close(&alone[0].logprobs, &group[0].logprobs, 1e-5);
    }
}

#[test]
fn rows_beyond_the_limit_are_sampled_in_turns_with_the_same_result() {
    let model = tiny_model(3);
    let prompts = prompts();
    let all: Vec<_> = prompts.iter().collect();
    let ids = |completions: Vec<Vec<Completion>>| -> Vec<Vec<Vec<u32>>> {
        completions.into_iter().map(|group| group.into_iter().map(|c| c.token_ids).collect()).collect()
    };
    assert_eq!(ids(generate(&model, &all, 3, 64)), ids(generate(&model, &all, 3, 1)));
}

/// Rows end at different times, and prompts that are longer or shorter than what the cache holds then come in under
/// those that go on.
#[test]
fn places_that_fall_free_are_taken_with_the_same_result() {
    let model = tiny_model(3);
    let lengths = [1, 19, 3, 7, 25, 2, 11, 5, 16, 4, 9, 13];
    let prompts: Vec<ModelInput> = lengths
        .map(|length| prompt(&(0..length).map(|id| 4 + id % 9).collect::<Vec<_>>(), &[], &[]))
        .to_vec();
    // One token in five ends a completion.
    let vocabulary = model.config.text.vocab_size as u32;
    let stop_ids: Vec<u32> = (0..vocabulary).step_by(5).collect();
    let alone = |prompt: &ModelInput| generate_until(&stop_ids, &model, &[prompt], 2, 2).remove(0);
    let all = generate_until(&stop_ids, &model, &prompts.iter().collect::<Vec<_>>(), 2, 6);
    let ends: std::collections::BTreeSet<usize> =
        all.iter().flatten().map(|completion| completion.token_ids.len()).collect();
    assert!(ends.len() > 3, "rows end at different times: {ends:?}");
    for (prompt, group) in prompts.iter().zip(&all) {
        assert_same(group, &alone(prompt), 1e-4);
    }
}

#[test]
fn a_row_ends_at_its_stop_token_or_at_the_limit() {
    let model = tiny_model(4);
    for completion in generate(&model, &[&prompts()[1]], 64, 64).remove(0) {
        let stops = completion.token_ids.iter().position(|&id| id == END_TOKEN);
        match completion.finish_reason {
            spark::rollout::FinishReason::Stop => assert_eq!(stops, Some(completion.token_ids.len() - 1)),
            spark::rollout::FinishReason::Length => {
                assert_eq!((stops, completion.token_ids.len()), (None, 12))
            }
        }
    }
}

/// Three prompts; the first followed by three completions, one of them empty, the last by two.
fn families(model: &Model<Plain>) -> Vec<(usize, Vec<u32>, Sequence)> {
    let completions: [(usize, &[u32]); 6] =
        [(0, &[9, 10, 11, 12]), (0, &[]), (0, &[9, 4]), (1, &[9, 10]), (2, &[6]), (2, &[7, 8, 9, 10, 11])];
    let prompts = prompts();
    let sequence = |(prompt, completion): (usize, &[u32])| {
        (prompt, completion.to_vec(), Sequence::new(&prompts[prompt], completion, &model.config))
    };
    completions.map(sequence).to_vec()
}

#[test]
fn sequences_that_share_their_prompt_equal_sequences_one_by_one() {
    for model in tiny_models(5) {
        let families = families(&model);
        let sequences: Vec<Sequence> = families.iter().map(|(.., sequence)| sequence.clone()).collect();
        let batch = PackedBatch::new(&sequences, &model.config);
        let prompts = prompts();
        let shared: usize = prompts.iter().map(|prompt| prompt.ids.len()).sum();
        assert_eq!(batch.ids.len(), shared + 4 + 2 + 2 + 1 + 5);
        let mut together: Vec<f32> = logprobs(&model, &batch).into_data().to_vec().unwrap();
        for (prompt, completion, _) in &families {
            let alone = full_forward(&model, &prompts[*prompt], completion);
            let rest = together.split_off(completion.len());
            assert_close(&together, &alone, 1e-5);
            together = rest;
        }
        assert!(together.is_empty());
    }
}

/// The negative mean log-probability of completions that follow text and images, some of them sharing a
/// prompt.
fn loss<B: Kernels>(model: &Model<B>) -> Tensor<B, 1> {
    let sequence = |completion: &[u32]| Sequence::new(&prompts()[2], completion, &model.config);
    let sequences = [sequence(&[9, 10, 11, 12]), sequence(&[13]), sequence(&[4, 5])];
    logprobs(model, &PackedBatch::new(&sequences, &model.config)).mean().neg()
}

/// Moves parameters along a random unit direction; adds up the gradient's slope along it.
struct Nudge<'a> {
    stream: Stream,
    scale: f64,
    gradients: Option<&'a GradientsParams>,
    slope: f64,
    only: Option<usize>,
    seen: usize,
}

impl ModuleMapper<Plain> for Nudge<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<Plain, D>>) -> Param<Tensor<Plain, D>> {
        let shape = param.dims();
        let mut direction: Vec<f32> =
            (0..shape.iter().product()).map(|_| self.stream.normal() as f32).collect();
        let length = direction.iter().map(|value| value * value).sum::<f32>().sqrt();
        direction.iter_mut().for_each(|value| *value /= length);
        self.seen += 1;
        if self.only.is_some_and(|only| only != self.seen - 1) {
            return param;
        }
        let direction = Tensor::<Plain, D>::from_data(TensorData::new(direction, shape), &param.device());
        if let Some(gradient) = self.gradients.and_then(|g| g.get::<Plain, D>(param.id)) {
            self.slope += f64::from((gradient * direction.clone()).sum().into_scalar());
        }
        param.map(|tensor| tensor + direction.mul_scalar(self.scale))
    }
}

#[test]
fn the_gradient_of_every_parameter_is_the_slope_of_the_loss() {
    for model in tiny_models(6).map(differentiable) {
        let gradients = GradientsParams::from_grads(loss(&model).backward(), &model);
        let inner = model.valid();
        let nudged = |only: Option<usize>, scale: f64| {
            let mut nudge = Nudge {
                stream: Stream::new(&[8]),
                scale,
                gradients: Some(&gradients),
                slope: 0.0,
                only,
                seen: 0,
            };
            let value = loss(&inner.clone().map(&mut nudge)).into_scalar();
            (f64::from(value), nudge.slope, nudge.seen)
        };
        let parameters = nudged(None, 0.0).2;
        assert!(parameters > 60, "vision and text are both there: {parameters} parameters");
        for only in 0..parameters {
            let step = 1e-2;
            let (above, slope, _) = nudged(Some(only), step);
            let (below, _, _) = nudged(Some(only), -step);
            let measured = (above - below) / (2.0 * step);
            assert!(
                (measured - slope).abs() < 5e-4 + 1e-2 * slope.abs(),
                "parameter {only}: slope {slope}, measured {measured}"
            );
        }
    }
}

/// The model as an engine has it that samples from packed weights, and the same in a type.
fn packed(model: &Model<Plain>, precision: Precision) -> Model<Plain> {
    let packed = computing_in(model.clone(), precision).packed();
    assert!(packed.is_packed());
    packed
}

#[test]
fn packed_weights_sample_what_plain_ones_score() {
    let model = tiny_model(1);
    let prompts = prompts();
    let completions = generate(&packed(&model, Precision::F32), &prompts.iter().collect::<Vec<_>>(), 4, 64);
    assert_scored(&model, &prompts, &completions, 1e-4);
}

/// Hidden states are f32, so that only the weights are rounded, and of a prompt with images the tower's features.
#[test]
fn packed_weights_of_bf16_sample_what_a_model_of_rounded_weights_scores() {
    let model = tiny_model(1);
    let rounded = computing_in(computing_in(model.clone(), Precision::Bf16), Precision::F32);
    let prompts = prompts();
    let completions = generate(&packed(&model, Precision::Bf16), &prompts.iter().collect::<Vec<_>>(), 4, 64);
    for (prompt, group) in prompts.iter().zip(&completions) {
        let tolerance = if prompt.images.is_empty() { 1e-4 } else { 0.25 };
        for completion in group {
            let expected = full_forward(&rounded, prompt, &completion.token_ids);
            assert_close(&completion.logprobs, &expected, tolerance);
        }
    }
}

#[test]
fn a_row_of_packed_weights_samples_the_same_whatever_is_beside_it() {
    let model = packed(&tiny_model(2), Precision::Bf16);
    let prompts = prompts();
    let together = generate(&model, &prompts.iter().collect::<Vec<_>>(), 4, 64);
    for (prompt, group) in prompts.iter().zip(&together) {
        let alone = generate(&model, &[prompt], 4, 4).remove(0);
        assert_same(group, &alone, 1e-5);
    }
}

/// An engine may sample in another type than the policy has, and takes new weights in it.
#[test]
fn an_engine_samples_in_a_type_of_its_own() {
    let model = tiny_model(3);
    let config = EngineConfig { dtype: Some(Precision::Bf16), ..EngineConfig::default() };
    let mut engine = LocalEngine::with_model(tiny_model(1), config);
    engine.update_weights(&model).unwrap();
    let prompts = [prompt(&[5, 6, 10, 11, 12], &[], &[])];
    let requests = Request::numbered(&prompts, Sampling::greedy(12), 1, 0);
    let found = engine.generate(&requests, &|_| ()).unwrap().remove(0).remove(0);
    let exact = full_forward(&model, &prompts[0], &found.token_ids);
    assert_close(&found.logprobs, &exact, 0.3);
    assert_ne!(found.logprobs, exact);
}
