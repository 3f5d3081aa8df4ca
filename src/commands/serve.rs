//! `spark serve`: an OpenAI-compatible server.

use anyhow::Result;

use super::names;
use crate::{
    backend::{Job, run_job},
    cli::{CommonArgs, ServeArgs},
    error::input_error,
    hub::ModelPart,
    kernels::TrainBackend,
    model::{computing_in, load_model, weights::Precision},
    random::unrepeatable,
    rollout::{ContinuousEngine, EngineConfig},
    run::{inputs::load_to_compute_in, signals},
    serve::{HttpServer, ServeLimits, ServeOptions, ServedModel},
};

/// Tokens that are served where nothing else is asked for and the model reads more.
const MOST_TOKENS_UNASKED: usize = 8192;

/// Serves a model until it is stopped.
///
/// # Errors
/// Input errors that name the option or file.
pub(super) fn run(mut args: ServeArgs, common: &CommonArgs) -> Result<()> {
    if args.max_rows == 0 {
        return Err(input_error("--max-rows = 0: must be at least 1"));
    }
    let served_name = args.served_name.take().unwrap_or_else(|| args.model.display().to_string());
    args.model = names::model("--model", &args.model, ModelPart::Whole, common.quiet)?;
    // Nobody expects two servers to say the same by chance.
    let seed = common.seed.unwrap_or_else(unrepeatable);
    run_job(common.backend.as_deref(), seed, ServeJob { args, served_name, seed, dtype: common.dtype })
}

struct ServeJob {
    args: ServeArgs,
    served_name: String,
    seed: u64,
    dtype: Option<Precision>,
}

impl Job for ServeJob {
    type Output = ();

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<()> {
        let Self { args, served_name, seed, dtype } = self;
        let arguments = args.template.arguments()?;
        let (model, processor) =
            load_to_compute_in::<B::InnerBackend>(&args.model, &arguments, dtype, &device)?;
        let options = ServeOptions {
            addr: args.addr,
            served_name,
            api_key: args.api_key,
            fetches_images: args.fetch_images,
            limits: ServeLimits {
                queue: args.max_queue,
                model_tokens: model_tokens(args.max_model_len, model.config.text.max_position_embeddings)?,
                body_bytes: args.max_body_bytes,
                ..ServeLimits::default()
            },
        };
        let config = model.config.clone();
        let rows = EngineConfig { max_rows: args.max_rows, ..EngineConfig::default() };
        let served: ServedModel<B::InnerBackend> = ServedModel {
            engine: ContinuousEngine::new(model, rows, args.max_queue),
            config,
            reload: Box::new(move |dir| {
                Ok(computing_in(load_model(dir, &device)?, dtype.unwrap_or_default()))
            }),
        };
        let shown = (options.served_name.clone(), options.limits.model_tokens);
        let server = HttpServer::bind(options, processor)?;
        let addr = server.addr()?;
        say!("serving {} at http://{addr}/v1, {} tokens at most; Ctrl-C ends it", shown.0, shown.1);
        server.run(served, seed, &signals::listen("finishing what is under way")?)
    }
}

/// Tokens of prompt and completion together.
fn model_tokens(asked: Option<usize>, read: Option<usize>) -> Result<usize> {
    match (asked, read) {
        (Some(asked), Some(read)) if asked > read => {
            Err(input_error(format!("--max-model-len {asked}: the model reads {read} tokens at most")))
        }
        (Some(asked), _) => Ok(asked),
        (None, read) => Ok(read.unwrap_or(MOST_TOKENS_UNASKED).min(MOST_TOKENS_UNASKED)),
    }
}
