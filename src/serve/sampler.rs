//! The door to whoever samples for the server, and the model that it has.

use std::path::Path;

use anyhow::Result;

use crate::{
    kernels::Kernels,
    model::{Model, ModelConfig},
    rollout::{ContinuousEngine, EngineLoad, NewsListener, OwnedRequest, RefusedRequest},
};

/// Whoever continues prompts for a server, until it is closed.
pub(super) trait ServedSampler: Send + Sync + 'static {
    /// Takes a request; the listener is told of its tokens as they come.
    fn submit(&self, request: OwnedRequest, listener: NewsListener) -> Result<(), RefusedRequest>;

    /// Goes on with the weights in a directory.
    ///
    /// # Errors
    /// An input error where they are not those of the model that is served.
    fn reload(&self, directory: &Path) -> Result<()>;

    fn load(&self) -> EngineLoad;

    /// Works until it is closed.
    fn run(&self);

    /// Takes no more requests.
    fn close(&self);
}

/// Reads a model's weights from a directory, onto the device that serves.
pub type ReloadWeights<B> = Box<dyn Fn(&Path) -> Result<Model<B>> + Send + Sync>;

/// A model in this process, whose weights may be exchanged.
pub struct ServedModel<B: Kernels> {
    pub engine: ContinuousEngine<B>,
    pub config: ModelConfig,
    pub reload: ReloadWeights<B>,
}

impl<B: Kernels> ServedSampler for ServedModel<B> {
    fn submit(&self, request: OwnedRequest, listener: NewsListener) -> Result<(), RefusedRequest> {
        self.engine.submit(request, listener)
    }

    fn reload(&self, directory: &Path) -> Result<()> {
        let model = (self.reload)(directory)?;
        if model.config != self.config {
            return Err(crate::error::input_error(format!(
                "{}: its config.json is not that of the model that is served; start another server for it",
                directory.display()
            )));
        }
        self.engine.swap(model);
        Ok(())
    }

    fn load(&self) -> EngineLoad {
        self.engine.load()
    }

    fn run(&self) {
        self.engine.run();
    }

    fn close(&self) {
        self.engine.close();
    }
}
