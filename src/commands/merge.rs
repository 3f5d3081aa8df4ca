//! `spark merge`: adapters into the weights they belong to, and a head of its own for a model that has none.

use anyhow::Result;

use super::names;
use crate::{
    backend::{Job, run_job},
    checkpoint::{WeightFormat, replace_model_dir},
    cli::{CommonArgs, MergeArgs},
    error::input_error,
    hub::ModelPart,
    kernels::TrainBackend,
    model::{is_adapter, load_model, lora::merged, weights::Precision},
};

/// Writes a model directory that does what base model and adapters do together.
///
/// # Errors
/// Input errors that name the option or file.
pub(super) fn run(mut args: MergeArgs, common: &CommonArgs) -> Result<()> {
    args.model = names::model("--model", &args.model, ModelPart::Whole, common.quiet)?;
    if !is_adapter(&args.model) && !args.own_head {
        return Err(input_error(format!(
            "--model {}: holds no adapter_config.json; name a PEFT directory, or add --own-head",
            args.model.display()
        )));
    }
    let is_free = match args.out.read_dir() {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if !is_free {
        return Err(input_error(format!(
            "--out {}: exists and is no empty directory; name another one",
            args.out.display()
        )));
    }
    run_job(
        common.backend.as_deref(),
        common.seed.unwrap_or(0),
        MergeJob(args, common.dtype.unwrap_or_default()),
    )
}

struct MergeJob(MergeArgs, Precision);

impl Job for MergeJob {
    type Output = ();

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<()> {
        let MergeArgs { model: dir, out, shard_bytes, own_head } = self.0;
        let mut model = merged(load_model::<B::InnerBackend>(&dir, &device)?);
        if own_head {
            model = model.with_own_head();
        }
        replace_model_dir(&model, &dir, &out, WeightFormat { precision: self.1, shard_bytes })?;
        print_line!("{}", out.display())
    }
}
