//! A crowd at `spark serve`: how long each client waits, how many tokens a second come out of it, and what the engine
//! samples by itself from the same prompts. On the shipped model that sees, each request with an image.
//!
//!     cargo bench --bench serving [-- CLIENTS REQUESTS_EACH]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/serve/serving.rs"]
mod serving;

use std::{fs, thread, time::Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use common::Plain;
use serde_json::{Value, json};
use serving::{Served, agent, processor, shipped};
use spark::{
    data::{ReadOptions, load_problems},
    model::load_model,
    random::Stream,
    rollout::{EngineConfig, Generate, LocalEngine, Request, Sampling},
    serve::ServeLimits,
};

const TOKENS: usize = 48;

/// The pictures of the held-out problems, and what is asked about them.
fn questions() -> Vec<(Vec<u8>, String)> {
    let data = shipped("").join("../datasets/digits-vl/test.jsonl");
    let problems = load_problems(&data, ReadOptions::default()).expect("the shipped problems can be read");
    let asked = problems.problems.iter().filter_map(|problem| {
        let image = fs::read(&problem.images.first()?.path).expect("the shipped images can be read");
        Some((image, problem.question.clone()))
    });
    asked.collect()
}

fn body(image: &[u8], question: &str, seed: usize) -> Value {
    let url = format!("data:image;base64,{}", STANDARD.encode(image));
    let content =
        json!([{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": question}]);
    json!({
        "messages": [{"role": "user", "content": content}], "max_tokens": TOKENS, "temperature": 1, "seed": seed,
        "ignore_eos": true,
    })
}

fn main() {
    // Cargo passes --bench; a test run passes nothing and only has to build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let (clients, each) = (numbers.first().copied().unwrap_or(256), numbers.get(1).copied().unwrap_or(4));
    let questions = questions();
    let bodies: Vec<String> = (0..clients * each)
        .map(|number| {
            let (image, question) = &questions[number % questions.len()];
            body(image, question, number).to_string()
        })
        .collect();
    for round in 1..=3 {
        let (waits, served) = crowd(&bodies, clients);
        let local = alone(&questions, bodies.len());
        let at = |share: f64| waits[((waits.len() - 1) as f64 * share).round() as usize];
        println!(
            "round {round}: {clients} clients x {each} requests, all answered; waits p50 {:.2} s, p99 {:.2} s; {served:.0} tokens/s served, {local:.0} by the engine itself ({:.2})",
            at(0.5),
            at(0.99),
            served / local
        );
    }
}

/// How long each request took in seconds, in ascending order, and the tokens a second of all.
fn crowd(bodies: &[String], clients: usize) -> (Vec<f64>, f64) {
    let server = Served::new("tiny-vl", ServeLimits::default());
    let url = server.url("/v1/chat/completions");
    let started = Instant::now();
    let mut waits: Vec<f64> = thread::scope(|scope| {
        let each = bodies.len() / clients;
        let client = |own: std::ops::Range<usize>| {
            let url = &url;
            scope.spawn(move || {
                let agent = agent();
                let ask = |body: &String| {
                    let started = Instant::now();
                    let response = agent.post(url).send(body).expect("the server answers");
                    assert_eq!(response.status(), 200);
                    let text = response.into_body().read_to_string().expect("the answer is whole");
                    let answer: Value = serde_json::from_str(&text).expect("the answer is JSON");
                    assert_eq!(answer["usage"]["completion_tokens"], TOKENS);
                    started.elapsed().as_secs_f64()
                };
                bodies[own].iter().map(ask).collect::<Vec<f64>>()
            })
        };
        let clients: Vec<_> = (0..clients).map(|number| client(number * each..(number + 1) * each)).collect();
        clients.into_iter().flat_map(|client| client.join().expect("no client panics")).collect()
    });
    let seconds = started.elapsed().as_secs_f64();
    waits.sort_by(f64::total_cmp);
    (waits, (bodies.len() * TOKENS) as f64 / seconds)
}

/// Tokens a second of the engine that training samples with, over as many of the same prompts; images and texts are
/// read beforehand.
fn alone(questions: &[(Vec<u8>, String)], requests: usize) -> f64 {
    let processor = processor("tiny-vl");
    let prompts: Vec<_> = (0..requests)
        .map(|number| {
            let (image, question) = &questions[number % questions.len()];
            let patches = processor.patches_of_bytes(image, 1).expect("the shipped images can be read");
            let content = json!([{"type": "image"}, {"type": "text", "text": question}]);
            let messages = [json!({"role": "user", "content": content})];
            processor.chat_showing(&messages, vec![patches.into()]).expect("it fits").input
        })
        .collect();
    let model = load_model::<Plain>(&shipped("tiny-vl"), &Default::default()).expect("the model can be read");
    let engine = LocalEngine::with_model(model, EngineConfig::default());
    let sampling = Sampling { temperature: 1.0, ..Sampling::greedy(TOKENS) };
    let request = |(number, prompt)| Request {
        prompt,
        sampling,
        stop_ids: &[],
        streams: vec![Stream::new(&[number as u64])],
    };
    let requests: Vec<Request<'_>> = prompts.iter().enumerate().map(request).collect();
    let started = Instant::now();
    let completions = engine.generate(&requests, &|_| ()).expect("the engine samples");
    assert_eq!(completions.len(), requests.len());
    (requests.len() * TOKENS) as f64 / started.elapsed().as_secs_f64()
}
