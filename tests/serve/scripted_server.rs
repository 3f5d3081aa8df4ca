//! A server that answers as others' servers do, by a function of path and body, and remembers what it was asked.

use std::{
    sync::{Arc, Mutex},
    thread,
};

use axum::{Json, Router, body::Bytes, extract::State, http::Uri};
use serde_json::Value;

type Answer = dyn Fn(&str, &Value) -> Value + Send + Sync;
type Asked = Arc<Mutex<Vec<(String, Value)>>>;

/// A server that runs as long as the test.
pub struct ScriptedServer {
    pub url: String,
    asked: Asked,
}

impl ScriptedServer {
    pub fn new(answer: impl Fn(&str, &Value) -> Value + Send + Sync + 'static) -> Self {
        let (asked, answer): (Asked, Arc<Answer>) = (Asked::default(), Arc::new(answer));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(reply).with_state((asked.clone(), answer));
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            runtime.unwrap().block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, router).await.unwrap();
            });
        });
        Self { url, asked }
    }

    /// What it was asked so far, without what only looks.
    pub fn asked(&self) -> Vec<(String, Value)> {
        let looks = ["/v1/models", "/weight_info", "/model_info"];
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(path, _)| !looks.contains(&path.as_str())).cloned().collect()
    }
}

async fn reply(State((asked, answer)): State<(Asked, Arc<Answer>)>, uri: Uri, body: Bytes) -> Json<Value> {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let path = uri.path_and_query().unwrap().to_string();
    let told = answer(&path, &body);
    asked.lock().unwrap().push((path, body));
    Json(told)
}
