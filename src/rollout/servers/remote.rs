//! [`RemoteEngine`]: the sampler of a run whose completions come from servers.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use burn::tensor::backend::Backend;

use super::{
    ask::Ask,
    dialect::Dialect,
    fleet::{Fleet, PublishedWeights, VERSIONS_BEGIN, prepared},
    http::{CallFailure, HttpClient},
    pool::{RequestPool, ServerEvent},
    sglang::Sglang,
    spark::SparkServe,
    vllm::{Vllm, VllmAdapters},
};
use crate::{
    error::input_error,
    interrupt::Interrupt,
    model::{ImagePatches, Model},
    random::unrepeatable,
    rollout::{
        completion::Completion,
        config::{EngineKind, RolloutConfig},
        generate::Generate,
        request::Request,
    },
};

/// How often it is looked whether servers have joined or left, or somebody has asked to stop.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const LISTEN: Duration = Duration::from_millis(50);

/// Times that one request may be lost before it is taken for what fails the servers.
const MOST_LOSSES: usize = 20;

/// How servers of a kind are talked to; `None` of this process itself.
fn dialect(kind: EngineKind, has_adapters: bool) -> Option<Arc<dyn Dialect>> {
    match (kind, has_adapters) {
        (EngineKind::Local, _) => None,
        (EngineKind::Spark, _) => Some(Arc::new(SparkServe)),
        (EngineKind::Vllm, false) => Some(Arc::new(Vllm)),
        (EngineKind::Vllm, true) => Some(Arc::new(VllmAdapters)),
        (EngineKind::Sglang, _) => Some(Arc::new(Sglang)),
    }
}

/// What a run does for its servers.
pub struct ServerCallbacks<B: Backend> {
    /// Writes the policy as a model directory.
    pub write: WritePolicy<B>,
    /// Whether what it writes are adapters.
    pub has_adapters: bool,
    /// Makes a data URL of an image.
    pub picture: DrawPicture,
}

/// Writes a policy as a model directory.
type WritePolicy<B> = Box<dyn Fn(&Model<B>, &Path) -> Result<()>>;
/// Makes a data URL of an image.
pub type DrawPicture = Box<dyn Fn(&ImagePatches) -> Result<String>>;

/// Which weights servers are to sample from.
enum SampledWeights<B: Backend> {
    /// Those that each of them has.
    Served,
    /// Those that were published last.
    Own { write: WritePolicy<B>, published: Option<PublishedWeights> },
}

/// Samples on servers.
pub struct RemoteEngine<B: Backend> {
    config: RolloutConfig,
    dialect: Arc<dyn Dialect>,
    client: HttpClient,
    picture: DrawPicture,
    interrupt: Interrupt,
    /// Makes the versions of this run others than those of any other.
    run: u64,
    weights: SampledWeights<B>,
    versions: u64,
    /// Kept between batches, so that what is known of servers is.
    fleet: Mutex<Fleet>,
}

impl<B: Backend> RemoteEngine<B> {
    /// An engine that waits for weights.
    ///
    /// # Errors
    /// An input error where the recipe samples in this process, or the key cannot be read.
    pub fn new(config: RolloutConfig, callbacks: ServerCallbacks<B>, interrupt: Interrupt) -> Result<Self> {
        let ServerCallbacks { write, has_adapters, picture } = callbacks;
        let weights = SampledWeights::Own { write, published: None };
        Self::over(config, has_adapters, picture, weights, interrupt)
    }

    /// An engine that samples from the weights that its servers have, and gives them none.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_served_weights(
        config: RolloutConfig,
        picture: DrawPicture,
        interrupt: Interrupt,
    ) -> Result<Self> {
        Self::over(config, false, picture, SampledWeights::Served, interrupt)
    }

    fn over(
        config: RolloutConfig,
        has_adapters: bool,
        picture: DrawPicture,
        weights: SampledWeights<B>,
        interrupt: Interrupt,
    ) -> Result<Self> {
        let dialect = dialect(config.engine, has_adapters)
            .ok_or_else(|| input_error("rollout.engine = \"local\": there are no servers to sample on"))?;
        let read = |file: &PathBuf| {
            let key = fs::read_to_string(file)
                .with_context(|| format!("rollout.api_key_file: reading {}", file.display()))?;
            anyhow::Ok(key.trim().to_owned())
        };
        let key = config.api_key_file.as_ref().map(read).transpose()?;
        let client = HttpClient::new(Duration::from_secs_f64(config.timeout_seconds), key);
        let run = unrepeatable();
        let fleet = Mutex::default();
        Ok(Self { config, dialect, client, picture, interrupt, run, weights, versions: 0, fleet })
    }

    /// The weights that servers are to have; `None` where they keep their own.
    fn published(&self) -> Result<Option<&PublishedWeights>> {
        match &self.weights {
            SampledWeights::Served => Ok(None),
            SampledWeights::Own { published, .. } => {
                let published = published.as_ref();
                published.context("the servers have no weights: give them some with update_weights").map(Some)
            }
        }
    }

    fn ask(&self, request: &Request<'_>, version: Option<&str>) -> Result<Ask> {
        if let Some(why) = self.dialect.refuses_images().filter(|_| !request.prompt.images.is_empty()) {
            return Err(input_error(why));
        }
        let images = request.prompt.images.iter().map(|image| (self.picture)(image));
        Ok(Ask {
            prompt: request.prompt.ids.clone(),
            images: images.collect::<Result<_>>()?,
            sampling: request.sampling,
            stop_ids: request.stop_ids.to_vec(),
            streams: request.streams.iter().map(crate::random::Stream::state).collect(),
            version: version.map(str::to_owned),
        })
    }

    /// The directory of the newest weights goes, where there is one.
    fn withdraw(&mut self) {
        if let SampledWeights::Own { published, .. } = &mut self.weights
            && let Some(old) = published.take()
        {
            // A directory that cannot be removed costs room, and nothing else.
            let _ = fs::remove_dir_all(old.dir);
        }
    }

    /// Threads that ask each server for what waits, as many as it may have.
    fn send_out(
        &self,
        fleet: &mut Fleet,
        work: &Arc<RequestPool>,
        weights: Option<&PublishedWeights>,
        events: &mpsc::Sender<(String, ServerEvent)>,
    ) -> Result<Option<String>> {
        let mut trouble = None;
        for (url, server) in &mut fleet.servers {
            let more = work.waiting().min(self.config.max_in_flight.saturating_sub(server.busy));
            if more == 0 || Instant::now() < server.not_before {
                continue;
            }
            let model = match &server.model {
                Some(model) => model.clone(),
                None => match prepared(&self.client, &*self.dialect, url, weights) {
                    Ok(model) => model,
                    Err(CallFailure::Lasting(message)) => return Err(input_error(message)),
                    Err(CallFailure::Passing(message)) => {
                        server.not_before = Instant::now() + LOOK_EVERY;
                        trouble = Some(message);
                        continue;
                    }
                },
            };
            server.model = Some(model.clone());
            server.busy += more;
            for _ in 0..more {
                let (work, client, dialect) = (work.clone(), self.client.clone(), self.dialect.clone());
                let (url, model, events) = (url.clone(), model.clone(), events.clone());
                thread::spawn(move || work.attend(&client, &*dialect, (&url, &model), &events));
            }
        }
        Ok(trouble)
    }

    /// The completions of all requests that want any, by their numbers.
    fn sample(
        &self,
        asks: Vec<Ask>,
        weights: Option<&PublishedWeights>,
        progress: &dyn Fn(usize),
    ) -> Result<Vec<Vec<Completion>>> {
        let mut fleet = self.fleet.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<Option<Vec<Completion>>> =
            asks.iter().map(|ask| (ask.completions() == 0).then(Vec::new)).collect();
        let (mut left, mut losses) = (found.iter().filter(|one| one.is_none()).count(), vec![0; asks.len()]);
        let work = Arc::new(RequestPool::new(asks));
        let (sender, events) = mpsc::channel();
        let (mut look_at, mut says) = (Instant::now(), true);
        while left > 0 {
            self.interrupt.check()?;
            if Instant::now() >= look_at {
                fleet.look(&self.config)?;
                look_at = Instant::now() + LOOK_EVERY;
            }
            let trouble = self.send_out(&mut fleet, &work, weights, &sender)?;
            if fleet.is_idle() && std::mem::take(&mut says) {
                let none = if fleet.servers.is_empty() { "none is listed" } else { "all have just failed" };
                let why = trouble.unwrap_or_else(|| none.to_owned());
                say!("no server can be asked, the run waits for one: {why}");
            }
            let Ok((url, event)) = events.recv_timeout(LISTEN) else { continue };
            match event {
                ServerEvent::Done(index, completions) => {
                    says = true;
                    if found[index].replace(completions).is_none() {
                        left -= 1;
                        progress(1);
                    }
                }
                ServerEvent::Failed(_, CallFailure::Lasting(message)) => return Err(input_error(message)),
                ServerEvent::Failed(index, CallFailure::Passing(message)) => {
                    losses[index] += 1;
                    if losses[index] > MOST_LOSSES {
                        return Err(anyhow::anyhow!("one request was lost {MOST_LOSSES} times: {message}"));
                    }
                    if fleet.servers.get(&url).is_some_and(|server| server.model.is_some()) {
                        say!("a server has failed, others are asked: {message}");
                    }
                    fleet.lost(&url);
                    work.again(index);
                }
                ServerEvent::Idle => fleet.idle(&url),
            }
        }
        Ok(found.into_iter().map(|found| found.expect("none is left")).collect())
    }
}

impl<B: Backend> Generate<B> for RemoteEngine<B> {
    fn generate(&self, requests: &[Request<'_>], progress: &dyn Fn(usize)) -> Result<Vec<Vec<Completion>>> {
        let weights = self.published()?;
        let version = weights.map(|weights| weights.version.as_str());
        let asks = requests.iter().map(|request| self.ask(request, version)).collect::<Result<Vec<Ask>>>()?;
        self.sample(asks, weights, progress)
    }

    fn update_weights(&mut self, policy: &Model<B>) -> Result<()> {
        self.versions += 1;
        let version = format!("{VERSIONS_BEGIN}{:016x}-{}", self.run, self.versions);
        let dir = self.config.weights_dir.join(&version);
        let SampledWeights::Own { write, .. } = &self.weights else {
            bail!("this sampler takes the weights that its servers have, and gives them none");
        };
        write(policy, &dir).with_context(|| format!("rollout.weights_dir: writing {}", dir.display()))?;
        self.withdraw();
        if let SampledWeights::Own { published, .. } = &mut self.weights {
            *published = Some(PublishedWeights { dir, version });
        }
        let fleet = self.fleet.get_mut().unwrap_or_else(PoisonError::into_inner);
        fleet.servers.values_mut().for_each(|server| server.model = None);
        Ok(())
    }
}

impl<B: Backend> Drop for RemoteEngine<B> {
    fn drop(&mut self) {
        self.withdraw();
    }
}
