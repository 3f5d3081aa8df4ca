//! Which path does what.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Request as HttpRequest, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response, Sse, sse::KeepAlive},
    routing::{get, post},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::spawn_blocking, time::timeout};

use super::{
    answer::{AnswerKind, Choices, Heading, Telling, listening},
    api_error::ApiError,
    counters::{Counters, InFlight},
    options::ServeOptions,
    protocol::{ChatBody, CommonFields, CompletionBody, ResponseOptions, Wishes},
    render::Rendering,
    sampler::ServedSampler,
    stream,
};
use crate::{model::ModelInput, processor::Processor, rollout::OwnedRequest};

/// Everything that requests share.
pub(super) struct Shared {
    pub options: ServeOptions,
    pub processor: Arc<Processor>,
    pub sampler: Arc<dyn ServedSampler>,
    pub counters: Counters,
    /// Room for bodies, in KiB.
    pub bodies: tokio::sync::Semaphore,
    /// Numbers of requests, which are their chance where they bring no seed.
    pub number: AtomicU64,
    pub chance: u64,
    pub started: u64,
    /// What the weights are called.
    pub weight_version: Mutex<String>,
    /// Held while weights are exchanged.
    pub reloading: tokio::sync::Mutex<()>,
}

type SharedState = State<Arc<Shared>>;

/// All paths of the server.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let guarded = Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/completions", post(completions))
        .route("/v1/models", get(models))
        .route("/tokenize", post(tokenize))
        .route("/detokenize", post(detokenize))
        .route("/reload", post(reload))
        .route("/weight_info", get(weight_info))
        .layer(from_fn_with_state(shared.clone(), check_key));
    Router::new()
        .merge(guarded)
        .route("/health", get(|| async { "" }))
        .route("/metrics", get(metrics))
        .fallback(|| async { ApiError::with_status(StatusCode::NOT_FOUND, "there is no such path here") })
        .with_state(shared)
}

async fn check_key(State(shared): SharedState, request: HttpRequest, next: Next) -> Response {
    let Some(key) = &shared.options.api_key else { return next.run(request).await };
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    match is_same(given.as_bytes(), key.as_bytes()) {
        true => next.run(request).await,
        false => {
            ApiError::with_status(StatusCode::UNAUTHORIZED, "the API key is missing or wrong").into_response()
        }
    }
}

/// Compares in a time that does not depend on where two texts differ.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

impl Shared {
    /// Reads a body, no faster than there is room for it and no slower than a client may send.
    async fn body<T: DeserializeOwned>(&self, headers: &HeaderMap, body: Body) -> Result<T, ApiError> {
        let most = self.options.limits.body_bytes;
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let length: usize = length.unwrap_or(most);
        let too_large = || {
            let message = format!("the body has more than {most} bytes (--max-body-bytes)");
            ApiError::with_status(StatusCode::PAYLOAD_TOO_LARGE, message)
        };
        if length > most {
            return Err(too_large());
        }
        let room = u32::try_from(length.div_ceil(1024)).unwrap_or(u32::MAX);
        let _room = self.bodies.acquire_many(room).await.expect("never closed");
        let bytes = timeout(self.options.limits.sending, to_bytes(body, most)).await.map_err(|_| {
            ApiError::with_status(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive")
        })?;
        let bytes = bytes.map_err(|_| too_large())?;
        serde_json::from_slice(&bytes).map_err(|error| ApiError::invalid(format!("the body: {error}")))
    }

    fn rendering(&self) -> Rendering {
        Rendering {
            processor: self.processor.clone(),
            fetches_images: self.options.fetches_images,
            most_images: self.options.limits.images,
        }
    }

    /// What is asked of the model that is served.
    fn wishes(&self, common: &mut CommonFields) -> Result<Wishes, ApiError> {
        self.check_model(common)?;
        Wishes::read(common, &self.processor, &self.options.limits, self.chance())
    }

    fn check_model(&self, common: &CommonFields) -> Result<(), ApiError> {
        let served = &self.options.served_name;
        match &common.model {
            Some(name) if name != served => Err(ApiError {
                param: Some("model".to_owned()),
                ..ApiError::with_status(
                    StatusCode::NOT_FOUND,
                    format!("the model {name:?} is not served here; this is {served:?}"),
                )
            }),
            _ => Ok(()),
        }
    }

    /// Hands prompts to the engine, and answers with what comes back.
    async fn answer(
        &self,
        (kind, in_flight): (AnswerKind, InFlight),
        prompts: Vec<ModelInput>,
        wishes: &Wishes,
        written: ResponseOptions,
    ) -> Result<Response, ApiError> {
        let (sender, received) = mpsc::unbounded_channel();
        let own = (self.processor.clone(), self.counters.generated_tokens.clone());
        let choices = Choices::new(prompts.len() * wishes.completions, &wishes.stops, received, own);
        let limits = &self.options.limits;
        let unasked = wishes.sampling.max_new_tokens;
        let samplings: Vec<_> = prompts
            .iter()
            .map(|prompt| wishes.within(prompt.ids.len(), limits, unasked))
            .collect::<Result<_, _>>()?;
        let heading = self.heading(kind, written, &prompts, wishes.completions);
        let version = self.weight_version();
        self.counters.prompt_tokens.fetch_add(heading.prompt_tokens() as u64, Ordering::Relaxed);
        // A text that ends a completion is looked for as it grows.
        let is_followed = written.stream || !wishes.stops.is_empty();
        let telling = if is_followed { Telling::AtOnce } else { Telling::Whole };
        for (place, (prompt, sampling)) in prompts.into_iter().zip(samplings).enumerate() {
            let first = place * wishes.completions;
            let ended = choices.ended(first..first + wishes.completions);
            let listener = listening(first, ended, sender.clone(), telling);
            let (stop_ids, streams) = (wishes.stop_ids.clone(), wishes.streams(place));
            self.sampler.submit(OwnedRequest { prompt, sampling, stop_ids, streams }, listener)?;
        }
        drop(sender);
        if written.stream {
            let events = stream::events(heading, choices, self.processor.clone(), in_flight);
            return Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response());
        }
        let pieces = choices.whole().await?;
        drop(in_flight);
        let mut answer = heading.answer(&pieces, &self.processor);
        answer["weight_version"] = match self.weight_version() {
            same if same == version => version.into(),
            later => format!("{version}..{later}").into(),
        };
        Ok(Json(answer).into_response())
    }

    fn heading(
        &self,
        kind: AnswerKind,
        written: ResponseOptions,
        prompts: &[ModelInput],
        completions: usize,
    ) -> Heading {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let prefix = if kind == AnswerKind::Chat { "chatcmpl" } else { "cmpl" };
        Heading {
            kind,
            id: format!("{prefix}-{:016x}{number:08x}", self.chance),
            created: seconds_since_1970(),
            model: self.options.served_name.clone(),
            written,
            prompts: prompts.iter().map(|prompt| prompt.ids.clone()).collect(),
            completions,
        }
    }

    /// What the weights are called; while they are exchanged, it is neither the old nor the new ones' name.
    fn weight_version(&self) -> String {
        self.weight_version.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn rename_weights(&self, version: &str) {
        version.clone_into(&mut self.weight_version.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The seed of a request that brings none.
    fn chance(&self) -> u64 {
        crate::random::Stream::new(&[self.chance, self.number.fetch_add(1, Ordering::Relaxed)]).next_u64()
    }

    fn failed(&self, failure: ApiError) -> ApiError {
        self.counters.failures.fetch_add(1, Ordering::Relaxed);
        failure
    }

    async fn chat(&self, headers: &HeaderMap, body: Body) -> Result<Response, ApiError> {
        let in_flight = self.counters.enter(self.options.limits.queue)?;
        let mut body: ChatBody = self.body(headers, body).await?;
        if body.top_logprobs.unwrap_or(0) > 0 {
            return Err(ApiError::of(
                "top_logprobs",
                "only the sampled tokens' log-probabilities are told: 0",
            ));
        }
        let wishes = self.wishes(&mut body.common)?;
        let written = ResponseOptions::of(&body.common, body.logprobs == Some(true));
        let rendering = self.rendering();
        let prompt = blocking(move || rendering.chat(&body)).await?;
        self.answer((AnswerKind::Chat, in_flight), vec![prompt], &wishes, written).await
    }

    async fn completions(&self, headers: &HeaderMap, body: Body) -> Result<Response, ApiError> {
        let in_flight = self.counters.enter(self.options.limits.queue)?;
        let mut body: CompletionBody = self.body(headers, body).await?;
        if body.logprobs.unwrap_or(0) > 1 {
            return Err(ApiError::of(
                "logprobs",
                "only the sampled tokens' log-probabilities are told: 0 or 1",
            ));
        }
        if body.echo == Some(true) {
            return Err(ApiError::of("echo", "the prompt is not repeated here; leave it out"));
        }
        let wishes = self.wishes(&mut body.common)?;
        let written = ResponseOptions::of(&body.common, body.logprobs.is_some());
        let rendering = self.rendering();
        let prompts = blocking(move || rendering.prompts(&body)).await?;
        if prompts.len() * wishes.completions > self.options.limits.completions.max(prompts.len()) {
            let message =
                format!("{} completions of {} prompts: too many", wishes.completions, prompts.len());
            return Err(ApiError::of("n", message));
        }
        self.answer((AnswerKind::Completion, in_flight), prompts, &wishes, written).await
    }
}

/// Work that may block, away from the threads that talk to clients.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    spawn_blocking(work).await.unwrap_or_else(|_| Err(ApiError::internal("reading the request has failed")))
}

pub(super) fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

async fn chat(State(shared): SharedState, headers: HeaderMap, body: Body) -> Result<Response, ApiError> {
    shared.chat(&headers, body).await.map_err(|failure| shared.failed(failure))
}

async fn completions(
    State(shared): SharedState,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    shared.completions(&headers, body).await.map_err(|failure| shared.failed(failure))
}

async fn models(State(shared): SharedState) -> Json<Value> {
    let ServeOptions { served_name, limits, .. } = &shared.options;
    Json(json!({"object": "list", "data": [{
        "id": served_name, "object": "model", "created": shared.started, "owned_by": "spark",
        "max_model_len": limits.model_tokens,
    }]}))
}

async fn metrics(State(shared): SharedState) -> Response {
    let text = shared.counters.prometheus(shared.sampler.load());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// A text or a conversation.
#[derive(Deserialize)]
struct TokenizeBody {
    prompt: Option<String>,
    messages: Option<Vec<Value>>,
}

async fn tokenize(
    State(shared): SharedState,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let body: TokenizeBody = shared.body(&headers, body).await?;
    let (rendering, processor) = (shared.rendering(), shared.processor.clone());
    let tokens = blocking(move || match (body.prompt, body.messages) {
        (Some(text), None) => {
            processor.encode(&text).map_err(|error| ApiError::of("prompt", format!("{error:#}")))
        }
        (None, Some(messages)) => {
            let body =
                ChatBody { messages, logprobs: None, top_logprobs: None, common: CommonFields::default() };
            Ok(rendering.chat(&body)?.ids)
        }
        _ => Err(ApiError::invalid(r#"give either "prompt" or "messages""#)),
    });
    let tokens = tokens.await?;
    let most = shared.options.limits.model_tokens;
    Ok(Json(json!({"count": tokens.len(), "max_model_len": most, "tokens": tokens})))
}

#[derive(Deserialize)]
struct DetokenizeBody {
    tokens: Vec<u32>,
}

async fn detokenize(
    State(shared): SharedState,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let body: DetokenizeBody = shared.body(&headers, body).await?;
    let text = shared.processor.decode(&body.tokens, false);
    let text = text.map_err(|error| ApiError::of("tokens", format!("{error:#}")))?;
    Ok(Json(json!({"prompt": text})))
}

#[derive(Deserialize)]
struct ReloadBody {
    path: PathBuf,
    /// What the weights are called from then on.
    weight_version: Option<String>,
}

async fn reload(State(shared): SharedState, headers: HeaderMap, body: Body) -> Result<Json<Value>, ApiError> {
    let ReloadBody { path, weight_version } = shared.body(&headers, body).await?;
    let _one_at_a_time = shared.reloading.lock().await;
    let sampler = shared.sampler.clone();
    let shown = path.display().to_string();
    let old = shared.weight_version();
    let number = shared.counters.reloads.load(Ordering::SeqCst) + 1;
    let version = weight_version.unwrap_or_else(|| number.to_string());
    shared.rename_weights(&format!("{old}..{version}"));
    let reloaded =
        blocking(move || sampler.reload(&path).map_err(|error| ApiError::of("path", format!("{error:#}"))));
    if let Err(failure) = reloaded.await {
        shared.rename_weights(&old);
        return Err(failure);
    }
    shared.counters.reloads.store(number, Ordering::SeqCst);
    shared.rename_weights(&version);
    Ok(Json(json!({"status": "reloaded", "path": shown, "weight_version": version})))
}

async fn weight_info(State(shared): SharedState) -> Json<Value> {
    Json(json!({"weight_version": shared.weight_version()}))
}
