//! A training run as a library: three steps of the digits recipe, and the reward of each.
//!
//! `cargo run --release --example train -- runs/example [BACKEND]`

use anyhow::{Context, Result};
use spark::{
    backend::{Job, run_job},
    config::RunConfig,
    kernels::TrainBackend,
    run::{Launch, Run},
};

struct ThreeSteps(Launch);

impl Job for ThreeSteps {
    type Output = ();

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<()> {
        let (mut run, start) = Run::<B>::open(self.0, device)?;
        let before = run.score_start(start)?;
        while run.steps_left() {
            let report = run.step()?;
            println!("step {}: reward {:?}", report.step, report.metric("reason/reward"));
        }
        let summary = run.finish(before)?.context("one process writes the summary")?;
        let solved = summary.after.reasoning_accuracy.context("no held-out problem was measured")?;
        println!("solved {:.1} % after training", solved * 100.0);
        Ok(())
    }
}

fn main() -> Result<()> {
    let [out, backend] = [1, 2].map(|place| std::env::args().nth(place));
    let settings = ["train.steps=3", "eval.problems=16"].map(str::to_owned);
    let config = RunConfig::load("recipes/digits.toml".as_ref(), &settings)?;
    let launch = Launch::start(config, out.context("usage: train OUT [BACKEND]")?.as_ref())?;
    run_job(backend.as_deref(), launch.config.seed, ThreeSteps(launch))
}
