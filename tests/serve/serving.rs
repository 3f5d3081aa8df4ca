//! A server in this process, and a client for it.

#![allow(dead_code)]

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    thread::JoinHandle,
    time::Duration,
};

use anyhow::Result;
use serde_json::Value;
use spark::{
    interrupt::Interrupt,
    model::load_model,
    processor::Processor,
    rollout::{ContinuousEngine, EngineConfig},
    run::inputs::{load_model_and_processor, load_processor},
    serve::{HttpServer, ServeLimits, ServeOptions, ServedModel},
};

use crate::common::Plain;

pub fn shipped(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(model)
}

pub fn processor(model: &str) -> Processor {
    load_processor(&shipped(model), &Default::default()).unwrap()
}

/// A server that runs until it is dropped.
pub struct Served {
    pub addr: SocketAddr,
    pub key: Option<String>,
    interrupt: Interrupt,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Served {
    pub fn new(model: &str, limits: ServeLimits) -> Self {
        Self::with_key(model, limits, None)
    }

    pub fn with_key(model: &str, limits: ServeLimits, key: Option<&str>) -> Self {
        let (weights, processor) =
            load_model_and_processor::<Plain>(&shipped(model), &Default::default(), &Default::default())
                .unwrap();
        let served = ServedModel {
            config: weights.config.clone(),
            engine: ContinuousEngine::new(weights, EngineConfig::default(), limits.queue),
            reload: Box::new(|dir| load_model::<Plain>(dir, &Default::default())),
        };
        let options = ServeOptions {
            addr: "127.0.0.1:0".parse().unwrap(),
            served_name: model.to_owned(),
            api_key: key.map(str::to_owned),
            fetches_images: false,
            limits,
        };
        let server = HttpServer::bind(options, processor).unwrap();
        let (addr, interrupt) = (server.addr().unwrap(), Interrupt::default());
        let listening = interrupt.clone();
        let thread = std::thread::spawn(move || server.run(served, 7, &listening));
        Self { addr, key: key.map(str::to_owned), interrupt, thread: Some(thread) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// The status and the body of an answer.
    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.post_text(path, &body.to_string())
    }

    pub fn post_text(&self, path: &str, body: &str) -> (u16, Value) {
        let mut request = agent().post(self.url(path)).header("content-type", "application/json");
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let mut response = request.send(body).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// The answer to a request that is meant to be answered.
    pub fn answer(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.post(path, body);
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// The data of a stream's events.
    pub fn events(&self, path: &str, body: &Value) -> Vec<String> {
        let response = agent().post(self.url(path)).send(&body.to_string()).unwrap();
        let lines = BufReader::new(response.into_body().into_reader()).lines();
        let data =
            lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("data: ").map(str::to_owned));
        data.collect()
    }

    pub fn text(&self, path: &str) -> String {
        agent().get(self.url(path)).call().unwrap().body_mut().read_to_string().unwrap()
    }

    /// A number of `/metrics`.
    pub fn metric(&self, name: &str) -> u64 {
        let text = self.text("/metrics");
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("spark_{name} ")));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    }

    /// Waits until a number of `/metrics` is this one.
    pub fn wait_for(&self, name: &str, value: u64) {
        for _ in 0..600 {
            if self.metric(name) == value {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{name} is {} and not {value}", self.metric(name));
    }

    /// Waits until a number of `/metrics` has come this far.
    pub fn wait_for_at_least(&self, name: &str, value: u64, patience: Duration) {
        let started = std::time::Instant::now();
        while self.metric(name) < value {
            assert!(started.elapsed() < patience, "{name} is {} and not {value}", self.metric(name));
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn stop(&mut self) {
        self.interrupt.ask(15);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.interrupt.ask(15);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A client that takes every status for an answer.
pub fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(Duration::from_secs(300))).build().into()
}
