//! `spark train` as one of several ranks, in a process of its own.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::command::{rows, train};

/// A run of three steps as one of `world` ranks.
pub fn rank(rank: usize, world: usize, run: &Path, port: u16, settings: &[&str]) -> Command {
    let single = train(run);
    let mut command = Command::new(single.get_program());
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(single.get_args());
    command.args(settings.iter().flat_map(|setting| ["--set", setting]));
    command.env("RAYON_NUM_THREADS", "1").env("SPARK_BACKEND", "flex");
    for (name, value) in [("RANK", rank), ("WORLD_SIZE", world), ("MASTER_PORT", port.into())] {
        command.env(name, value.to_string());
    }
    command.env("MASTER_ADDR", "127.0.0.1");
    for launcher in ["SPARK_SECRET", "TORCHELASTIC_RUN_ID", "SLURM_JOB_ID"] {
        command.env_remove(launcher);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A port that nothing listens at.
pub fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port()
}

/// Starts all ranks of a run.
pub fn all<const WORLD: usize>(run: &Path, settings: &[&str]) -> [Child; WORLD] {
    let port = free_port();
    std::array::from_fn(|number| rank(number, WORLD, run, port, settings).spawn().unwrap())
}

pub fn ended<const RANKS: usize>(ranks: [Child; RANKS]) -> [Output; RANKS] {
    ranks.map(|rank| rank.wait_with_output().unwrap())
}

pub fn stderr(ended: &Output) -> String {
    String::from_utf8_lossy(&ended.stderr).into_owned()
}

/// Waits until a run has taken some steps.
pub fn steps_are_taken(run: &Path, steps: usize) {
    let until = Instant::now() + Duration::from_secs(300);
    while !run.join("metrics.jsonl").exists() || rows(&run.join("metrics.jsonl")).len() < steps {
        assert!(Instant::now() < until, "{steps} steps take this long");
        thread::sleep(Duration::from_millis(20));
    }
}
