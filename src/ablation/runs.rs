//! The runs of an ablation: which there are, and running those that are missing, each in a process of its own.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Error, Result, bail};

use super::spec::{Ablation, AblationTask, Variant, settings};
use crate::{
    config::RunConfig,
    interrupt::Interrupt,
    run::{
        directory::{RunDirectory, read_json},
        report::{Summary, percent},
    },
    storage::write_atomically,
};

/// How often it is looked whether a run has ended.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// One run and where it lies.
#[derive(Debug)]
pub struct AblationRun<'a> {
    pub task: &'a AblationTask,
    pub variant: &'a Variant,
    pub seed: u64,
    /// `OUT/TASK/VARIANT/seed-N`.
    pub dir: RunDirectory,
}

/// Every run: all variants of the first seed first, so that early reports compare like with like.
pub fn planned_runs<'a>(ablation: &'a Ablation, out: &Path) -> Vec<AblationRun<'a>> {
    let mut runs = Vec::new();
    for task in &ablation.tasks {
        for &seed in &ablation.seeds {
            for variant in ablation.variants_of(task) {
                let dir = out.join(&task.name).join(&variant.name).join(format!("seed-{seed}"));
                runs.push(AblationRun { task, variant, seed, dir: RunDirectory::at(dir) });
            }
        }
    }
    runs
}

impl AblationRun<'_> {
    /// Whether it has come to its end.
    pub fn is_complete(&self) -> bool {
        self.dir.summary().exists()
    }

    fn title(&self) -> String {
        format!("{}, {}, seed {}", self.task.name, self.variant.name, self.seed)
    }

    fn config(&self) -> Result<RunConfig> {
        RunConfig::load(&self.task.recipe, &settings(self.task, self.variant))
    }
}

/// How runs are made.
#[derive(Debug, Clone)]
pub struct Runner {
    /// Runs at a time; they share the cores.
    pub jobs: u16,
    /// The backend of all runs; `None` leaves the choice to each.
    pub backend: Option<String>,
    /// Say nothing on stderr.
    pub quiet: bool,
    /// Who may ask that no further run be started, and those under way be saved and ended.
    pub interrupt: Interrupt,
}

impl Runner {
    /// Runs everything that is not complete, `jobs` at a time; interrupted runs go on where they stopped.
    ///
    /// # Errors
    /// When a run fails; the others that are under way are finished first.
    pub fn run_missing(&self, ablation: &Ablation, runs: &[AblationRun<'_>]) -> Result<()> {
        let missing: Vec<&AblationRun<'_>> = runs.iter().filter(|run| !run.is_complete()).collect();
        self.say(&format!(
            "{} runs of {} tasks, {} variants and {} seeds; {} to do",
            runs.len(),
            ablation.tasks.len(),
            ablation.variants.len(),
            ablation.seeds.len(),
            missing.len()
        ));
        let (started, next, done) = (Instant::now(), AtomicUsize::new(0), AtomicUsize::new(0));
        let failed = AtomicBool::new(false);
        let work = || -> Result<()> {
            while !failed.load(Ordering::Relaxed) && !self.interrupt.asked() {
                let Some(run) = missing.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                self.run_one(run, runs).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
                let done = 1 + done.fetch_add(1, Ordering::Relaxed);
                let left = started.elapsed().as_secs_f64() / done as f64 * (missing.len() - done) as f64;
                self.say(&progress(run, done, missing.len(), left)?);
            }
            Ok(())
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..self.jobs).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| worker.join().expect("a worker panicked"))
        })?;
        let left = missing.len() - done.into_inner();
        self.interrupt.check().map_err(|by| {
            Error::new(by).context(format!("{by}: {left} runs are left; the same command goes on with them"))
        })
    }

    fn run_one(&self, run: &AblationRun<'_>, runs: &[AblationRun<'_>]) -> Result<()> {
        let dir = run.dir.path();
        fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
        let begun = run.dir.recipe().exists();
        if !begun {
            share_start(run, runs)?;
        }
        let path = dir.join("output.log");
        let log = File::options().create(true).append(true).open(&path)?;
        let mut command = Command::new(std::env::current_exe().context("finding the spark binary")?);
        command.arg("train").arg("--recipe").arg(&run.task.recipe).arg("--out").arg(dir);
        command.arg("--seed").arg(run.seed.to_string()).arg("--quiet");
        settings(run.task, run.variant).iter().for_each(|setting| {
            command.arg("--set").arg(setting);
        });
        if begun {
            command.arg("--resume");
        }
        if let Some(backend) = &self.backend {
            command.arg("--backend").arg(backend);
        }
        if self.jobs > 1 {
            let cores = thread::available_parallelism().map_or(1, usize::from);
            command.env("RAYON_NUM_THREADS", (cores / usize::from(self.jobs)).max(1).to_string());
        }
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let status = self.ended(&mut command)?;
        if self.interrupt.asked() && !run.is_complete() {
            let by = self.interrupt.check().expect_err("somebody has asked");
            let message = format!("{by}: {} is not complete; the same command goes on with it", run.title());
            return Err(Error::new(by).context(message));
        }
        if !status.success() {
            bail!("{}: {status}; its output is in {}", run.title(), path.display());
        }
        if !run.is_complete() {
            bail!("{}: was interrupted; the same command goes on with it", run.title());
        }
        Ok(())
    }

    /// How a process ended. It is in a process group of its own, so that a Ctrl-C reaches it once, from here: it saves
    /// and ends, and is waited for.
    fn ended(&self, command: &mut Command) -> Result<ExitStatus> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let mut child = command.spawn()?;
        let mut told = false;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if self.interrupt.asked() && !std::mem::replace(&mut told, true) {
                terminate(&child);
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn say(&self, message: &str) {
        if !self.quiet {
            say!("{message}");
        }
    }
}

/// Asks a process to save and end.
#[cfg(unix)]
fn terminate(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};

    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended meanwhile.
        let _ = kill_process(pid, Signal::TERM);
    }
}

/// The console hands a Ctrl-C on by itself.
#[cfg(not(unix))]
fn terminate(_child: &Child) {}

fn progress(run: &AblationRun<'_>, done: usize, all: usize, seconds_left: f64) -> Result<String> {
    let summary: Summary = read_json(&run.dir.summary())?;
    Ok(format!(
        "[{done}/{all}] {}: reasoning {}, judge {} in {:.0} s; about {:.0} min left",
        run.title(),
        percent(summary.after.reasoning_accuracy),
        percent(summary.after.judge_accuracy),
        summary.seconds,
        seconds_left / 60.0
    ))
}

/// The start's scores and judge items do not depend on what a variant does later: they are taken from a
/// complete run of the same task and seed, where nothing that they do depend on differs.
fn share_start(run: &AblationRun<'_>, runs: &[AblationRun<'_>]) -> Result<()> {
    let same_start = |other: &&AblationRun<'_>| -> bool {
        // Without eval.before there is nothing to share that a run would not make anyway.
        other.task == run.task && other.seed == run.seed && other.is_complete() && other.dir.before().exists()
    };
    let config = run.config()?;
    for other in runs.iter().filter(same_start) {
        if start_settings(&other.config()?) == start_settings(&config) {
            let shared = [
                (other.dir.before(), run.dir.before()),
                (other.dir.judge_set(), run.dir.judge_set()),
                (other.dir.time_bound(), run.dir.time_bound()),
            ];
            // Only a recipe with eval.max_seconds has the last.
            for (theirs, ours) in shared.into_iter().filter(|(theirs, _)| theirs.exists()) {
                let text =
                    fs::read_to_string(&theirs).with_context(|| format!("reading {}", theirs.display()))?;
                write_atomically(&ours, &text)?;
            }
            return Ok(());
        }
    }
    Ok(())
}

/// What the starting model's scores depend on.
fn start_settings(config: &RunConfig) -> impl PartialEq + use<> {
    let RunConfig { model, data, verify, eval, train, recycle, rollout, judge, .. } = config.clone();
    let auxiliary = train.auxiliary;
    let own_reward = (auxiliary.self_reward > 0.0 && eval.vote_samples > 0).then_some((
        auxiliary.self_reward_token,
        auxiliary.self_reward_scale,
        auxiliary.self_reward_offset,
    ));
    (model, data, verify, eval, rollout, judge, train.sampling, recycle.wordings, own_reward)
}
