//! The tiny run that is put to the test: its recipe, the folder it plays in, and how it is started and resumed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tempfile::TempDir;

use super::{
    calls::{Call, Change},
    disk,
    outcome::said,
    trace::{Action, Ended, trace},
};

/// Steps of the run; a checkpoint after each, two of them kept.
pub const STEPS: u64 = 4;

/// Longer than any run takes, on a machine with much else to do.
const LIMIT: Duration = Duration::from_secs(300);

/// Every step of it learns something, so that the weights of two steps differ.
const RECIPE: &str = r#"
seed = 7

[model]
path = "REPOSITORY/models/tiny-text"

[data]
train = "FOLDER/train.jsonl"
test = "FOLDER/test.jsonl"

[sft]
data = "FOLDER/pairs.jsonl"
batch_size = 3

[train]
steps = 4
prompts_per_step = 2
recycled_per_step = 1
samples_per_prompt = 3
max_new_tokens = 24
learning_rate = 3e-5
entropy_coefficient = 0.01

[eval]
problems = 1
judge_items = 1
max_new_tokens = 4

[checkpoint]
every = 1
keep = 2
"#;

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// The SPARK loop.
    Train,
    /// The same with a reference and an average that move, which checkpoints hold, too.
    TrainMoving,
    /// The same on adapters.
    TrainAdapters,
    /// Supervised pairs.
    Imitate,
    /// Supervised pairs, with one checkpoint, at the end.
    ImitateSavedOnce,
}

impl Work {
    fn command(self) -> &'static str {
        match self {
            Self::Imitate | Self::ImitateSavedOnce => "sft",
            Self::Train | Self::TrainMoving | Self::TrainAdapters => "train",
        }
    }

    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Train | Self::Imitate => &[],
            Self::TrainMoving => &[
                "train.kl_coefficient=0.05",
                "train.reference=ema",
                "train.reference_decay=0.5",
                "train.ema_decay=0.5",
            ],
            Self::TrainAdapters => &["lora.rank=4"],
            Self::ImitateSavedOnce => &["checkpoint.every=0"],
        }
    }
}

/// A folder of its own, in which the run is `run` and its recipe `tiny.toml`.
pub struct Scene {
    program: PathBuf,
    work: Work,
    dir: TempDir,
}

impl Scene {
    /// A recipe, a few rows of data, and nothing else.
    pub fn new(program: &Path, work: Work) -> Self {
        let (repository, dir) = (Path::new(env!("CARGO_MANIFEST_DIR")), TempDir::new().unwrap());
        for (name, rows) in [("train.jsonl", 12), ("test.jsonl", 2)] {
            let all = fs::read_to_string(repository.join("datasets/calculations").join(name)).unwrap();
            let few: String = all.split_inclusive('\n').take(rows).collect();
            fs::write(dir.path().join(name), few).unwrap();
        }
        let pair =
            |n: usize| format!("{{\"question\": \"What is {n} + 3?\", \"completion\": \"{}\"}}\n", n + 3);
        fs::write(dir.path().join("pairs.jsonl"), (0..12).map(pair).collect::<String>()).unwrap();
        let folders = [("REPOSITORY", repository), ("FOLDER", dir.path())];
        let fill = |recipe: String, (name, path): (&str, &Path)| recipe.replace(name, path.to_str().unwrap());
        let recipe = folders.into_iter().fold(RECIPE.to_owned(), fill);
        fs::write(dir.path().join("tiny.toml"), recipe).unwrap();
        Self { program: program.to_owned(), work, dir }
    }

    /// Another folder with recipe and data and nothing else.
    pub fn fresh(&self) -> Self {
        Self::new(&self.program, self.work)
    }

    /// Another folder with the same run. The run goes on with this folder's data.
    pub fn copy(&self) -> Self {
        let copy = self.fresh();
        disk::copy(&self.run(), &copy.run());
        copy
    }

    /// The folder, as the system calls name it.
    pub fn root(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    pub fn run(&self) -> PathBuf {
        self.root().join("run")
    }

    pub fn checkpoints(&self) -> PathBuf {
        self.run().join("checkpoints")
    }

    /// The folder of a step's checkpoint.
    pub fn checkpoint(&self, step: u64) -> PathBuf {
        self.checkpoints().join(format!("step-{step:06}"))
    }

    /// `spark train` or `spark sft`, in this folder.
    fn spark(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(self.dir.path());
        // One thread: two trials at once are faster than one on two threads.
        command.env("RAYON_NUM_THREADS", "1").env("SPARK_BACKEND", "flex");
        command.args([self.work.command(), "--quiet"]);
        command
    }

    /// A start without `--out`.
    pub fn start_anywhere(&self) -> Command {
        let mut command = self.spark();
        command.args(["--recipe", "tiny.toml"]);
        self.work.settings().iter().for_each(|setting| {
            command.args(["--set", setting]);
        });
        command
    }

    /// A start in `run`.
    pub fn start(&self) -> Command {
        let mut command = self.start_anywhere();
        command.arg("--out").arg(self.run());
        command
    }

    /// `run` going on.
    pub fn resume(&self) -> Command {
        let mut command = self.spark();
        command.arg("--resume").arg("--out").arg(self.run());
        command
    }

    /// Runs a command, `act` deciding at each of its calls.
    pub fn trace(&self, command: Command, act: &mut dyn FnMut(&Call) -> Action) -> Ended {
        trace(command, &self.root(), &[(LIMIT, libc::SIGKILL)], act)
    }

    /// Runs a command that is sent a signal after a while.
    pub fn signal_after(&self, command: Command, time: Duration, signal: libc::c_int) -> Ended {
        trace(command, &self.root(), &[(time, signal), (LIMIT, libc::SIGKILL)], &mut |_| Action::Go)
    }

    /// Runs a command undisturbed.
    pub fn let_run(&self, command: Command) -> Ended {
        self.trace(command, &mut |_| Action::Go)
    }

    /// Every call of a command that changes something, in order, paths from the folder on.
    ///
    /// # Panics
    /// Where it fails; `failure` says what that means.
    pub fn calls(&self, command: Command, failure: &str) -> Vec<Call> {
        let mut calls = Vec::new();
        let ended = self.trace(command, &mut |call| {
            calls.push(call.within(&self.root()));
            Action::Go
        });
        assert!(ended.succeeded(), "{failure}: {}", said(&ended));
        calls
    }

    /// The step of the newest checkpoint: what `latest` names, or where there is no such file, what lies there.
    pub fn saved_step(&self) -> u64 {
        let step = |name: &str| name.trim().strip_prefix("step-")?.parse().ok();
        let named = fs::read_to_string(self.checkpoints().join("latest")).ok().and_then(|name| step(&name));
        let entries = || fs::read_dir(self.checkpoints()).into_iter().flatten();
        let lying =
            || entries().filter_map(|entry| step(&entry.unwrap().file_name().to_string_lossy())).max();
        named.or_else(lying).unwrap_or(0)
    }

    /// The complete rows of `metrics.jsonl` up to a step, letter by letter: a resumed run keeps the seconds of the
    /// steps that it does not take again.
    pub fn metric_rows(&self, up_to: u64) -> Vec<String> {
        let text = fs::read_to_string(self.run().join("metrics.jsonl")).unwrap_or_default();
        let rows = text.split_inclusive('\n').filter(|row| row.ends_with('\n'));
        let step = |row: &str| -> Option<u64> {
            serde_json::from_str::<serde_json::Value>(row).ok()?["step"].as_u64()
        };
        rows.filter(|row| step(row).is_some_and(|step| step <= up_to)).map(str::to_owned).collect()
    }

    /// A run that was killed when it had saved step 3 and was about to record step 4.
    pub fn stopped(program: &Path, work: Work) -> Self {
        let scene = Self::new(program, work);
        let ended = scene.trace(scene.start(), &mut |call| {
            let is_rows = call.path.extension().is_some_and(|extension| extension == "jsonl");
            let records = call.change == Change::Data && is_rows;
            if records && scene.saved_step() == STEPS - 1 { Action::Kill } else { Action::Go }
        });
        assert_eq!((ended.signal, scene.saved_step()), (Some(libc::SIGKILL), STEPS - 1), "{}", ended.stderr);
        scene
    }

    /// A run that has ended well.
    pub fn finished(program: &Path, work: Work) -> Self {
        let scene = Self::new(program, work);
        let ended = scene.let_run(scene.start());
        assert!(ended.succeeded(), "{}", ended.stderr);
        scene
    }
}
