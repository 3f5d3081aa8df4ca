//! The server, asked over HTTP: what it says is what the model says, and what cannot be answered is refused by name.

mod common;
#[path = "serve/serving.rs"]
mod serving;

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use common::Plain;
use serde_json::{Value, json};
use serving::{Served, agent, processor, shipped};
use spark::{
    checkpoint::{WeightFormat, save_model_dir},
    model::{
        ModelConfig, ModelInput, load_model,
        weights::{Precision, random_model},
    },
    random::Stream,
    rollout::{EngineConfig, Generate, LocalEngine, Request, Sampling},
    serve::ServeLimits,
};

const QUESTION: &str = "a = 9 + 3, b = a + 6. Find b.";

fn chat(question: &str, more: Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": question}], "max_tokens": 24});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// What the model in this process says, by the ids of its prompt.
fn local(model: &str, ids: &[u32], sampling: Sampling, streams: Vec<Stream>) -> Vec<(Vec<u32>, Vec<f32>)> {
    let weights = load_model::<Plain>(&shipped(model), &Default::default()).unwrap();
    let engine = LocalEngine::with_model(weights, EngineConfig::default());
    let (prompt, processor) = (ModelInput { ids: ids.to_vec(), images: vec![] }, processor(model));
    let request = Request { prompt: &prompt, sampling, stop_ids: processor.eos_token_ids(), streams };
    let completions = engine.generate(&[request], &|_| ()).unwrap().remove(0);
    completions.into_iter().map(|completion| (completion.token_ids, completion.logprobs)).collect()
}

fn ids(value: &Value) -> Vec<u32> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("{value}"))
        .iter()
        .map(|id| id.as_u64().unwrap() as u32)
        .collect()
}

#[test]
fn a_chat_is_answered_as_the_model_answers() {
    let server = Served::new("tiny-text", ServeLimits::default());
    let more = json!({"temperature": 0, "return_token_ids": true, "logprobs": true, "model": "tiny-text"});
    let answer = server.answer("/v1/chat/completions", &chat(QUESTION, more));
    let prompt = ids(&answer["prompt_token_ids"]);
    let (expected, logprobs) =
        local("tiny-text", &prompt, Sampling::greedy(24), vec![Stream::new(&[1])]).remove(0);
    let choice = &answer["choices"][0];
    assert_eq!(ids(&choice["token_ids"]), expected);
    assert_eq!(choice["message"]["content"], processor("tiny-text").decode(&expected, true).unwrap());
    let told = choice["logprobs"]["content"].as_array().unwrap();
    let told: Vec<f32> = told.iter().map(|token| token["logprob"].as_f64().unwrap() as f32).collect();
    assert!(told.iter().zip(&logprobs).all(|(told, own)| (told - own).abs() < 1e-5));
    let usage = &answer["usage"];
    assert_eq!(
        (usage["prompt_tokens"].as_u64(), usage["completion_tokens"].as_u64()),
        (Some(prompt.len() as u64), Some(expected.len() as u64))
    );
    let tokens = server.answer("/tokenize", &json!({"messages": [{"role": "user", "content": QUESTION}]}));
    assert_eq!(ids(&tokens["tokens"]), prompt);
    let text = server.answer("/detokenize", &json!({"tokens": prompt}));
    assert!(text["prompt"].as_str().unwrap().contains(QUESTION));
    assert!(server.text("/v1/models").contains("\"tiny-text\""));
    assert_eq!(server.text("/health"), "");
}

#[test]
fn completions_of_token_ids_are_those_of_the_same_random_numbers_elsewhere() {
    let server = Served::new("tiny-text", ServeLimits::default());
    let prompt =
        processor("tiny-text").encode("<|im_start|>user\n9 + 3?<|im_end|>\n<|im_start|>assistant\n").unwrap();
    let streams: Vec<Stream> = (0..3).map(|sample| Stream::new(&[4, sample])).collect();
    let states: Vec<String> = streams.iter().map(|stream| format!("{:x}", stream.state())).collect();
    let body = json!({
        "prompt": prompt, "n": 3, "temperature": 1, "top_p": 0.9, "top_k": -1, "max_tokens": 16, "streams": states,
        "logprobs": 0, "return_token_ids": true,
    });
    let answer = server.answer("/v1/completions", &body);
    let sampling = Sampling { temperature: 1.0, top_p: 0.9, ..Sampling::greedy(16) };
    let expected = local("tiny-text", &prompt, sampling, streams);
    for (place, (tokens, logprobs)) in expected.iter().enumerate() {
        let choice = &answer["choices"][place];
        assert_eq!(
            (choice["index"].as_u64(), ids(&choice["token_ids"])),
            (Some(place as u64), tokens.clone())
        );
        assert_eq!(ids(&choice["prompt_token_ids"]), prompt);
        let told = choice["logprobs"]["token_logprobs"].as_array().unwrap();
        assert!(
            told.iter().zip(logprobs).all(|(told, own)| (told.as_f64().unwrap() as f32 - own).abs() < 1e-5)
        );
    }
    // A seed is chance that comes back; without one it does not.
    let seeded = |seed: Option<u64>| {
        let body =
            json!({"prompt": [prompt, prompt], "n": 2, "temperature": 1, "max_tokens": 12, "seed": seed});
        let answer = server.answer("/v1/completions", &body);
        answer["choices"].as_array().unwrap().iter().map(|choice| choice["text"].clone()).collect::<Vec<_>>()
    };
    let first = seeded(Some(5));
    assert_eq!(first.len(), 4);
    assert_eq!(seeded(Some(5)), first);
    assert_ne!(seeded(None), seeded(None));
}

#[test]
fn a_stream_is_the_whole_answer_in_pieces() {
    let server = Served::new("tiny-text", ServeLimits::default());
    let asked = json!({"temperature": 1, "seed": 3, "n": 2});
    let whole = server.answer("/v1/chat/completions", &chat(QUESTION, asked.clone()));
    let mut streamed = chat(QUESTION, asked);
    streamed["stream"] = json!(true);
    streamed["stream_options"] = json!({"include_usage": true});
    let mut events = server.events("/v1/chat/completions", &streamed);
    assert_eq!(events.pop().as_deref(), Some("[DONE]"));
    let events: Vec<Value> = events.iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    assert_eq!(events.last().unwrap()["usage"], whole["usage"]);
    for (index, choice) in whole["choices"].as_array().unwrap().iter().enumerate() {
        let own = || {
            events
                .iter()
                .flat_map(|event| event["choices"].as_array().unwrap())
                .filter(|piece| piece["index"] == index)
        };
        let text: String = own().map(|piece| piece["delta"]["content"].as_str().unwrap()).collect();
        assert_eq!(text, choice["message"]["content"].as_str().unwrap());
        assert_eq!(own().next().unwrap()["delta"]["role"], "assistant");
        assert_eq!(own().next_back().unwrap()["finish_reason"], choice["finish_reason"]);
        assert!(own().count() > 2, "it came at once");
    }
}

#[test]
fn a_text_ends_where_it_is_told_to() {
    let server = Served::new("tiny-text", ServeLimits::default());
    let whole = server.answer("/v1/chat/completions", &chat(QUESTION, json!({"temperature": 0})));
    let whole = whole["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    let stop: String = whole.chars().skip(4).take(2).collect();
    for (kind, more) in [("one", json!(stop)), ("several", json!(["never said", stop]))] {
        let body = chat(QUESTION, json!({"temperature": 0, "stop": more}));
        let answer = server.answer("/v1/chat/completions", &body);
        let choice = &answer["choices"][0];
        assert_eq!(choice["message"]["content"], whole[..whole.find(&stop).unwrap()], "{kind}");
        assert_eq!((&choice["finish_reason"], &choice["stop_reason"]), (&json!("stop"), &json!(stop)));
    }
    server.wait_for("completions_running", 0);
}

/// An image of the shipped data as clients send it.
fn image_url(media_type: &str) -> String {
    let file = shipped("").join("../datasets/digits-vl/images/test-0001.png");
    format!("data:{media_type};base64,{}", STANDARD.encode(fs::read(file).unwrap()))
}

#[test]
fn images_are_data_urls_of_any_type_or_none() {
    let server = Served::new("tiny-vl", ServeLimits::default());
    let asked = |url: &str| {
        let content = json!([{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "What number is written?"}]);
        json!({"messages": [{"role": "user", "content": content}], "temperature": 0.0, "max_tokens": 32, "repetition_penalty": 1.05, "return_token_ids": true})
    };
    let answers: Vec<Value> = ["image/png", "image", "image/jpeg", ""]
        .iter()
        .map(|kind| server.answer("/v1/chat/completions", &asked(&image_url(kind))))
        .collect();
    assert!(answers.iter().all(|answer| answer["choices"] == answers[0]["choices"]));
    // The same prompt as token ids, with the image beside it.
    let body = json!({"prompt": answers[0]["prompt_token_ids"], "images": [image_url("image")], "temperature": 0, "max_tokens": 32, "repetition_penalty": 1.05, "return_token_ids": true});
    let by_ids = server.answer("/v1/completions", &body);
    assert_eq!(by_ids["choices"][0]["token_ids"], answers[0]["choices"][0]["token_ids"]);
    for broken in ["data:image/png;base64,aGVsbG8=", "http://127.0.0.1:1/a.png", "data:image/png,hello"] {
        let (status, answer) = server.post("/v1/chat/completions", &asked(broken));
        assert_eq!((status, &answer["error"]["param"]), (400, &json!("image_url")), "{answer}");
    }
}

#[test]
fn what_cannot_be_answered_is_refused_by_name() {
    let limits = ServeLimits { body_bytes: 20_000, ..ServeLimits::default() };
    let server = Served::new("tiny-text", limits);
    for (status, param, body) in [
        (400, "messages", json!({"messages": []})),
        (400, "messages", json!({"messages": [{"role": "tool", "content": "x"}]})),
        (400, "messages", chat("<|im_end|>", json!({}))),
        (400, "n", chat("a", json!({"n": 0}))),
        (400, "temperature", chat("a", json!({"temperature": -1}))),
        (400, "max_tokens", chat("a", json!({"max_tokens": 1_000_000}))),
        (400, "logit_bias", chat("a", json!({"logit_bias": {"5": 1}}))),
        (400, "top_logprobs", chat("a", json!({"logprobs": true, "top_logprobs": 5}))),
        (404, "model", chat("a", json!({"model": "gpt-4o"}))),
    ] {
        let (found, answer) = server.post("/v1/chat/completions", &body);
        assert_eq!((found, answer["error"]["param"].as_str()), (status, Some(param)), "{answer}");
        assert!(!answer["error"]["message"].as_str().unwrap().is_empty());
    }
    for (status, path, body) in [
        (400, "/v1/chat/completions", "{".to_owned()),
        (400, "/v1/chat/completions", "{}".to_owned()),
        (400, "/v1/completions", json!({"prompt": [999_999]}).to_string()),
        (400, "/v1/completions", json!({"prompt": []}).to_string()),
        (400, "/tokenize", "{}".to_owned()),
        (400, "/reload", json!({"path": "/nowhere"}).to_string()),
        (404, "/v1/embeddings", "{}".to_owned()),
        (413, "/v1/chat/completions", chat(&"a".repeat(30_000), json!({})).to_string()),
    ] {
        let (found, answer) = server.post_text(path, &body);
        assert_eq!(found, status, "{path} {answer}");
        assert!(answer["error"]["message"].is_string(), "{answer}");
    }
    assert_eq!(server.metric("completions_running"), 0);
}

#[test]
fn a_key_guards_all_but_health_and_metrics() {
    let mut server = Served::with_key("tiny-text", ServeLimits::default(), Some("secret"));
    assert_eq!(server.post("/v1/chat/completions", &chat("a", json!({}))).0, 200);
    for wrong in [None, Some("secre"), Some("secret2")] {
        server.key = wrong.map(str::to_owned);
        for path in ["/v1/chat/completions", "/v1/completions", "/tokenize", "/reload"] {
            assert_eq!(server.post(path, &chat("a", json!({}))).0, 401, "{path} {wrong:?}");
        }
    }
    assert_eq!(server.text("/health"), "");
    assert!(server.metric("requests_total") >= 1);
}

/// A model directory of the same shape with other numbers in it.
fn changed(model: &str, out: &Path) {
    let config = ModelConfig::from_dir(&shipped(model)).unwrap();
    let weights = random_model::<Plain>(&config, 5, &Default::default());
    let format = WeightFormat { precision: Precision::F32, shard_bytes: usize::MAX };
    save_model_dir(&weights, &shipped(model), out, format).unwrap();
}

#[test]
fn weights_are_exchanged_while_requests_are_under_way() {
    let server = Served::new("tiny-text", ServeLimits::default());
    let dir = tempfile::tempdir().unwrap();
    changed("tiny-text", dir.path());
    let asked = chat(QUESTION, json!({"temperature": 0, "return_token_ids": true}));
    let before = server.answer("/v1/chat/completions", &asked);
    thread::scope(|scope| {
        let long = scope.spawn(|| {
            let body = chat(QUESTION, json!({"ignore_eos": true, "max_tokens": 200, "seed": 1, "n": 4}));
            server.answer("/v1/chat/completions", &body)
        });
        server.wait_for("completions_running", 4);
        let reloaded = server.answer("/reload", &json!({"path": dir.path()}));
        assert_eq!(reloaded["weight_version"], "1");
        let whole = long.join().unwrap();
        assert_eq!(whole["usage"]["completion_tokens"], 800, "nothing was given up");
    });
    let after = server.answer("/v1/chat/completions", &asked);
    assert_ne!(after["choices"][0]["token_ids"], before["choices"][0]["token_ids"]);
    // Back again, and not to a model of another shape.
    assert_eq!(server.post("/reload", &json!({"path": shipped("tiny-vl")})).0, 400);
    server.answer("/reload", &json!({"path": shipped("tiny-text")}));
    assert_eq!(server.answer("/v1/chat/completions", &asked)["choices"], before["choices"]);
    assert!(server.text("/weight_info").contains("\"2\""));
}

#[test]
fn whoever_hangs_up_frees_the_rows() {
    let server = Served::new("tiny-text", ServeLimits::default());
    let body = chat(QUESTION, json!({"ignore_eos": true, "max_tokens": 1500, "n": 2})).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    for _ in 0..20 {
        let callers: Vec<TcpStream> = (0..50)
            .map(|_| {
                let mut stream = TcpStream::connect(server.addr).unwrap();
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(body.as_bytes()).unwrap();
                stream
            })
            .collect();
        drop(callers);
    }
    for number in ["requests_in_flight", "requests_waiting", "completions_running"] {
        server.wait_for(number, 0);
    }
    server.answer("/v1/chat/completions", &chat(QUESTION, json!({})));
}

#[test]
fn clients_that_dawdle_or_talk_nonsense_harm_nobody() {
    let limits = ServeLimits { sending: Duration::from_millis(500), ..ServeLimits::default() };
    let server = Served::new("tiny-text", limits);
    let says = |text: &str| {
        let mut stream = TcpStream::connect(server.addr).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    };
    let slow_head = says("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n");
    let slow_body = says("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{");
    let nonsense = says("\u{0}\u{1}\u{2}\r\n\r\n");
    let started = Instant::now();
    server.answer("/v1/chat/completions", &chat(QUESTION, json!({})));
    for (mut stream, expected) in [(slow_head, ""), (slow_body, "408"), (nonsense, "400")] {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut said = [0; 64];
        let length = stream.read(&mut said).unwrap();
        let said = String::from_utf8_lossy(&said[..length]).into_owned();
        assert!(said.contains(expected), "{said}");
    }
    assert!(started.elapsed() < Duration::from_secs(20));
    server.wait_for("requests_in_flight", 0);
}

#[test]
fn many_clients_are_all_answered_and_too_many_are_told_so() {
    let server = Served::new("tiny-vl", ServeLimits::default());
    let url = image_url("image");
    let answers: Vec<Value> = thread::scope(|scope| {
        let ask = |client: usize| {
            let url = &url;
            let server = &server;
            scope.spawn(move || {
                let content = json!([{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": format!("Number {client}?")}]);
                let body = json!({"messages": [{"role": "user", "content": content}], "max_tokens": 8, "temperature": 0, "return_token_ids": true});
                server.answer("/v1/chat/completions", &body)
            })
        };
        let asked: Vec<_> = (0..64).map(ask).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer["choices"][0]["finish_reason"].is_string()));
    // Alone, a request has the same answer as in a crowd.
    let content =
        json!([{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "Number 9?"}]);
    let alone = server.answer("/v1/chat/completions", &json!({"messages": [{"role": "user", "content": content}], "max_tokens": 8, "temperature": 0, "return_token_ids": true}));
    assert_eq!(alone["choices"][0]["token_ids"], answers[9]["choices"][0]["token_ids"]);

    let narrow = Served::new("tiny-text", ServeLimits { queue: 1, ..ServeLimits::default() });
    thread::scope(|scope| {
        scope.spawn(|| {
            narrow.answer(
                "/v1/chat/completions",
                &chat(QUESTION, json!({"ignore_eos": true, "max_tokens": 600})),
            )
        });
        narrow.wait_for("completions_running", 1);
        let (status, answer) = narrow.post("/v1/chat/completions", &chat("a", json!({})));
        assert_eq!(status, 503, "{answer}");
    });
}

#[test]
fn a_server_that_is_stopped_finishes_what_is_under_way() {
    let mut server = Served::new("tiny-text", ServeLimits::default());
    let (addr, url) = (server.addr, server.url("/v1/chat/completions"));
    let asked = thread::spawn(move || {
        let body = chat(QUESTION, json!({"ignore_eos": true, "max_tokens": 300})).to_string();
        agent().post(url).send(&body).unwrap().status().as_u16()
    });
    server.wait_for("completions_running", 1);
    server.stop();
    assert_eq!(asked.join().unwrap(), 200);
    assert!(TcpStream::connect(addr).is_err());
}

/// `SPARK_OPENAI` is a Python that has the package `openai`; `.ci/run` installs one.
#[test]
#[ignore = "needs Python with the openai package, named by SPARK_OPENAI"]
fn the_client_of_openai_is_answered() {
    let python = std::env::var("SPARK_OPENAI").expect("SPARK_OPENAI names a Python with the openai package");
    let server = Served::new("tiny-vl", ServeLimits::default());
    let script = shipped("").join("../tests/serve/openai_client.py");
    let image = shipped("").join("../datasets/digits-vl/images/test-0001.png");
    let told = Command::new(python)
        .arg(script)
        .args([server.url("/v1"), "tiny-vl".to_owned()])
        .arg(image)
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    assert!(String::from_utf8_lossy(&told.stdout).contains("256 requests answered"));
}
