//! [`RemoteEngine`]: the sampler of a run whose completions come from servers.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use burn::tensor::backend::Backend;

use super::{
    ask::Ask,
    dialect::Dialect,
    fleet::{PublishedWeights, VERSIONS_BEGIN},
    http::HttpClient,
    sampling::SamplingServers,
    sglang::Sglang,
    spark::SparkServe,
    vllm::{Vllm, VllmAdapters},
};
use crate::{
    error::input_error,
    interrupt::Interrupt,
    model::{ImagePatches, Model},
    rollout::{
        completion::Completion,
        config::{EngineKind, RolloutConfig},
        generate::Generate,
        pending::PendingCompletions,
        request::Request,
    },
};

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
    /// Writes the policy as a model directory. Of several ranks one does, and the others wait for it.
    pub write: WritePolicy<B>,
    /// Whether this process's weights are those that are written; it removes them in the end.
    pub is_publisher: bool,
    /// Makes the versions of the weights others than those of any other run; the same on all ranks.
    pub run: u64,
    /// Whether what it writes are adapters.
    pub has_adapters: bool,
    /// Makes a data URL of an image.
    pub picture: DrawPicture,
}

/// Writes a policy as a model directory.
type WritePolicy<B> = Box<dyn Fn(&Model<B>, &Path) -> Result<()>>;

/// Makes a data URL of an image.
pub type DrawPicture = Box<dyn Fn(&ImagePatches) -> Result<String>>;

/// Weights that servers are given, as directories that they read.
struct OwnWeights<B: Backend> {
    write: WritePolicy<B>,
    is_publisher: bool,
    run: u64,
    versions: u64,
    published: Option<PublishedWeights>,
}

impl<B: Backend> OwnWeights<B> {
    /// Puts a policy's weights in the place of those that were published last.
    fn publish(&mut self, policy: &Model<B>, root: &Path) -> Result<()> {
        self.versions += 1;
        let version = format!("{VERSIONS_BEGIN}{:016x}-{}", self.run, self.versions);
        let dir = root.join(&version);
        (self.write)(policy, &dir)
            .with_context(|| format!("rollout.weights_dir: writing {}", dir.display()))?;
        self.withdraw();
        self.published = Some(PublishedWeights { dir, version });
        Ok(())
    }

    fn withdraw(&mut self) {
        if let Some(old) = self.published.take().filter(|_| self.is_publisher) {
            // A directory that cannot be removed costs room, and nothing else.
            let _ = fs::remove_dir_all(old.dir);
        }
    }
}

impl<B: Backend> Drop for OwnWeights<B> {
    fn drop(&mut self) {
        self.withdraw();
    }
}

/// Samples on servers.
pub struct RemoteEngine<B: Backend> {
    servers: Arc<SamplingServers>,
    picture: DrawPicture,
    /// `None` where servers keep the weights that they have.
    own: Option<OwnWeights<B>>,
}

impl<B: Backend> RemoteEngine<B> {
    /// An engine that waits for weights.
    ///
    /// # Errors
    /// An input error where the recipe samples in this process, or the key cannot be read.
    pub fn new(config: RolloutConfig, callbacks: ServerCallbacks<B>, interrupt: Interrupt) -> Result<Self> {
        let ServerCallbacks { write, is_publisher, run, has_adapters, picture } = callbacks;
        let servers = Arc::new(servers(config, has_adapters, interrupt)?);
        Ok(Self {
            servers,
            picture,
            own: Some(OwnWeights { write, is_publisher, run, versions: 0, published: None }),
        })
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
        Ok(Self { servers: Arc::new(servers(config, false, interrupt)?), picture, own: None })
    }

    /// The weights that servers are to have; `None` where they keep their own.
    fn published(&self) -> Result<Option<&PublishedWeights>> {
        let Some(own) = &self.own else { return Ok(None) };
        let published = own.published.as_ref();
        published.context("the servers have no weights: give them some with update_weights").map(Some)
    }

    fn asks(&self, requests: &[Request<'_>], weights: Option<&PublishedWeights>) -> Result<Vec<Ask>> {
        let version = weights.map(|weights| weights.version.as_str());
        requests.iter().map(|request| self.ask(request, version)).collect()
    }

    fn ask(&self, request: &Request<'_>, version: Option<&str>) -> Result<Ask> {
        if let Some(why) = self.servers.dialect.refuses_images().filter(|_| !request.prompt.images.is_empty())
        {
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
}

fn servers(config: RolloutConfig, has_adapters: bool, interrupt: Interrupt) -> Result<SamplingServers> {
    let dialect = dialect(config.engine, has_adapters)
        .ok_or_else(|| input_error("rollout.engine = \"local\": there are no servers to sample on"))?;
    let read = |file: &PathBuf| {
        let key = fs::read_to_string(file)
            .with_context(|| format!("rollout.api_key_file: reading {}", file.display()))?;
        anyhow::Ok(key.trim().to_owned())
    };
    let key = config.api_key_file.as_ref().map(read).transpose()?;
    let client = HttpClient::new(Duration::from_secs_f64(config.timeout_seconds), key);
    Ok(SamplingServers { config, dialect, client, interrupt, fleet: Mutex::default() })
}

impl<B: Backend> Generate<B> for RemoteEngine<B> {
    fn generate(&self, requests: &[Request<'_>], progress: &dyn Fn(usize)) -> Result<Vec<Vec<Completion>>> {
        let weights = self.published()?;
        self.servers.sample(self.asks(requests, weights)?, weights, &AtomicBool::new(true), progress)
    }

    fn begin(&self, requests: &[Request<'_>]) -> Result<Option<PendingCompletions>> {
        let (weights, servers) = (self.published()?.cloned(), self.servers.clone());
        let asks = self.asks(requests, weights.as_ref())?;
        Ok(Some(PendingCompletions::begin(move |is_wanted| {
            servers.sample(asks, weights.as_ref(), is_wanted, &|_| ())
        })))
    }

    fn update_weights(&mut self, policy: &Model<B>) -> Result<()> {
        let Some(own) = &mut self.own else {
            bail!("this sampler takes the weights that its servers have, and gives them none");
        };
        own.publish(policy, &self.servers.config.weights_dir)?;
        self.servers.weights_have_changed();
        Ok(())
    }
}
