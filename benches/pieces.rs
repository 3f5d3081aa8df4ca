//! The pieces of a step, each by itself: `cargo bench --bench pieces`, or with a part of a name behind `--`.

use std::path::Path;

use burn::{
    backend::Autodiff,
    tensor::{Tensor, TensorData},
};
use divan::{Bencher, counter::ItemsCount};
use spark::{
    data::{BadRows, Problem, load_problems},
    kernels::{Forest, HeadCounts, Kernels, Qkv, RotaryTable, RowDraw, Tree, Visibility},
    model::{
        ImagePatches, KvCache, Model, ModelConfig, ModelInput, Sequence, index_tensor, weights::random_model,
    },
    processor::{Processor, Prompt},
    random::Stream,
    recycle::{RecycleConfig, Recycler},
    rollout::{Completion, FinishReason, Rollout, RolloutGroup},
    train::{AdamW, Parts, TrainConfig, Trainer, batch::Example},
    verify::{Penalties, Response, Verdict, Verifier},
};

type Plain = burn_flex::Flex;
type Differentiable = Autodiff<Plain>;

fn main() {
    divan::main();
}

fn random<B: burn::tensor::backend::Backend, const D: usize>(shape: [usize; D]) -> Tensor<B, D> {
    let mut stream = Stream::new(&[7]);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| stream.normal() as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), &Default::default())
}

/// The text model of 5.4 million parameters that `spark bench` has.
fn small_model() -> Model<Plain> {
    let config = include_str!("../src/bench/small.json");
    let config = ModelConfig::from_json(&serde_json::from_str(config).unwrap()).unwrap();
    random_model(&config, 1, &Default::default())
}

fn problems() -> Vec<Problem> {
    load_problems(Path::new("datasets/digits-vl/test.jsonl"), BadRows::Refuse).unwrap().problems
}

/// A layer's products for 2,048 tokens.
#[divan::bench]
fn matrix_product(bencher: Bencher<'_, '_>) {
    let (left, right) = (random::<Plain, 2>([2048, 256]), random::<Plain, 2>([256, 768]));
    bencher.bench(|| left.clone().matmul(right.clone()));
}

#[divan::bench]
fn rms_norm(bencher: Bencher<'_, '_>) {
    let (x, weight) = (random::<Plain, 2>([2048, 256]), random::<Plain, 1>([256]));
    bencher.bench(|| Plain::rms_norm(x.clone(), weight.clone(), 1e-6));
}

#[divan::bench]
fn gated_silu(bencher: Bencher<'_, '_>) {
    let (gate, up) = (random::<Plain, 2>([2048, 768]), random::<Plain, 2>([2048, 768]));
    bencher.bench(|| Plain::gated_silu(gate.clone(), up.clone()));
}

/// 16 rows of 128 tokens, 4 heads of 64, forward and backward.
#[divan::bench]
fn attention_and_its_gradient(bencher: Bencher<'_, '_>) {
    let matrix = || random::<Differentiable, 2>([2048, 256]).require_grad();
    let angles = random::<Differentiable, 4>([1, 1, 2048, 32]);
    let rotary = RotaryTable { cos: angles.clone().cos(), sin: angles.sin() };
    let trees = vec![Tree { trunk: 128, branches: vec![] }; 16];
    let heads = HeadCounts { queries: 4, keys: 4 };
    bencher.bench(|| {
        let inputs = Qkv { query: matrix(), key: matrix(), value: matrix(), heads, rotary: &rotary };
        let output = Differentiable::tree_attention(inputs, &Forest::new(&trees));
        output.sum().backward()
    });
}

/// One token of 64 rows after 65 tokens, on one thread and the pool it shares work with.
#[divan::bench]
fn decode_step(bencher: Bencher<'_, '_>) {
    let model = small_model();
    let prompt = ModelInput { ids: (0..64).collect(), images: vec![] };
    // A cache of its own for each run: one that is held twice is copied before it is written to.
    let fresh = || {
        let (_, cache, _) = model.prefill(&[Sequence::new(&prompt, &[], &model.config)]);
        let mut cache = cache.select_rows(index_tensor(&[0; 64], &Default::default()), 0);
        // The first step makes room for those that follow.
        decode(&model, 64, &mut cache);
        cache
    };
    bencher
        .counter(ItemsCount::new(64usize))
        .with_inputs(fresh)
        .bench_values(|mut cache| model.logits(decode(&model, 65, &mut cache)).into_data());
}

/// Token 1 of 64 rows at this position.
fn decode(model: &Model<Plain>, position: usize, cache: &mut KvCache<Plain>) -> Tensor<Plain, 2> {
    let device = Default::default();
    let rotary = model.text_rotary(position + 1).at(index_tensor(&[position; 64], &device));
    let visibility = Visibility::new(vec![0; 64], position + 1);
    model.decode(index_tensor(&[1; 64], &device), rotary, &visibility, cache)
}

#[divan::bench(args = [512, 152_064])]
fn draw_a_token(bencher: Bencher<'_, '_>, vocabulary: usize) {
    let scores = random::<Plain, 2>([1, vocabulary]);
    let row = RowDraw {
        scores: 0,
        uniform: Some(0.7),
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        repetition_penalty: 1.0,
        seen: &[],
    };
    bencher.bench(|| Plain::draw_tokens(scores.clone(), &[row]).ids.into_data());
}

/// Forward, backward and AdamW on 16 rows of 128 tokens.
#[divan::bench(sample_count = 10)]
fn train_step(bencher: Bencher<'_, '_>) {
    let model = small_model();
    let prompt = ModelInput { ids: vec![1], images: vec![] };
    let completion: Vec<u32> = (0..127).collect();
    let example = Example::to_imitate(Sequence::new(&prompt, &completion, &model.config));
    let examples = vec![example; 16];
    let policy = spark::model::trainable::<Differentiable>(model, &[]).unwrap();
    let parts = Parts::new(policy, AdamW::new(Default::default()));
    let mut trainer = Trainer::new(parts, &TrainConfig::default()).unwrap();
    bencher.counter(ItemsCount::new(2048usize)).bench_local(|| trainer.imitate(&examples, 1).unwrap());
}

#[divan::bench(args = ["42", r"\frac{21}{4}", r"x^2 + 2x + 1"])]
fn verify_an_answer(bencher: Bencher<'_, '_>, answer: &str) {
    let verifier = Verifier::new(Default::default()).unwrap();
    let problem = Problem { answer: answer.to_owned(), ..Problem::default() };
    let response = format!("Adding up gives the result. The answer is \\boxed{{{answer}}}.");
    let responses = [Response { problem: &problem, prompt: "", text: &response }];
    bencher.bench(|| verifier.verify_all(&responses).unwrap());
}

/// 32 groups of 8 completions.
#[divan::bench]
fn recycle_a_step(bencher: Bencher<'_, '_>) {
    let rollout = |index: usize| Rollout {
        completion: Completion {
            token_ids: vec![1; 20],
            logprobs: vec![-1.0; 20],
            finish_reason: FinishReason::Stop,
        },
        text: format!("The digits add up. The answer is \\boxed{{{}}}.", index % 3),
        verdict: Verdict {
            reward: f64::from(u8::from(index.is_multiple_of(3))),
            extracted: Some((index % 3).to_string()),
            ..Verdict::default()
        },
        penalties: Penalties::default(),
        own_reward: None,
    };
    let group = |problem: Problem| RolloutGroup {
        problem,
        prompt: Prompt { text: String::new(), input: ModelInput::default() },
        rollouts: (0..8).map(rollout).collect(),
        unscored: vec![],
    };
    let groups: Vec<RolloutGroup> = problems().into_iter().take(32).map(group).collect();
    let verifier = Verifier::default();
    bencher
        .with_inputs(|| Recycler::new(RecycleConfig::default(), 1, Vec::new()).unwrap())
        .bench_values(|mut recycler| recycler.push(&groups, 1, &verifier));
}

/// A problem's image and text to patches and tokens.
#[divan::bench]
fn render_a_prompt(bencher: Bencher<'_, '_>) {
    let processor = Processor::from_dir(Path::new("models/tiny-vl")).unwrap();
    let problem = problems().remove(0);
    bencher.bench(|| processor.prompt(&problem).unwrap());
}

/// A picture of 640 × 480 pixels to patches.
#[divan::bench]
fn image_to_patches(bencher: Bencher<'_, '_>) {
    let processor = Processor::from_dir(Path::new("models/tiny-vl")).unwrap();
    let image = image::RgbImage::from_fn(640, 480, |x, y| image::Rgb([x as u8, y as u8, (x + y) as u8]));
    let settings = processor.image().unwrap();
    bencher.bench(|| -> ImagePatches { settings.patches(&image, 3136, 1 << 20).unwrap() });
}

#[divan::bench]
fn encode_a_prompt(bencher: Bencher<'_, '_>) {
    let processor = Processor::from_dir(Path::new("models/tiny-vl")).unwrap();
    let text =
        "What number do the digits of the picture make when they are read from left to right? ".repeat(10);
    bencher.bench(|| processor.encode(&text).unwrap());
}
