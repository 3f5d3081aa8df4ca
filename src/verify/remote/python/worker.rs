//! One worker: an interpreter with the functions loaded, asked one batch at a time. Ended with all that it started
//! when it dies, hangs or is dropped.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{answer, function::PythonFunction};
use crate::verify::remote::{
    process::{Process, ProcessOutput},
    retry::Failure,
};

/// What the interpreter runs.
const SCRIPT: &str = include_str!("worker.py");

/// The share of the time that a batch has after which a worker shows on stderr where it is.
const PATIENCE: f64 = 0.9;

/// What workers are started with.
#[derive(Debug)]
pub(super) struct WorkerSettings {
    pub executable: String,
    pub functions: Vec<PythonFunction>,
    /// How long a batch may take, and the start.
    pub timeout: Duration,
}

/// A worker that waits for a batch.
#[derive(Debug)]
pub(super) struct PythonWorker(Process);

impl PythonWorker {
    /// Starts an interpreter and waits until it has loaded the functions.
    ///
    /// # Errors
    /// When it cannot be started, a file or function cannot be loaded, or it takes too long.
    pub(super) fn start(settings: &WorkerSettings) -> Result<Self, Failure> {
        let WorkerSettings { executable, functions, timeout } = settings;
        let command = [executable, "-c", SCRIPT].map(str::to_owned);
        let process = Process::start(&command).map_err(|error| {
            Failure::Passing(format!(
                "verify.python_executable = {executable:?}: cannot start it ({error}); name an interpreter of \
                 Python 3, by its path or one on PATH"
            ))
        })?;
        let names: Vec<[&str; 2]> =
            functions.iter().map(|function| [&*function.file, &*function.name]).collect();
        let patience = timeout.as_secs_f64() * PATIENCE;
        let mut start = json!({ "functions": names, "patience": patience }).to_string().into_bytes();
        start.push(b'\n');
        let (worker, line) = Self(process).exchange(start, *timeout).map_err(|reason| {
            let interpreter = Path::new(executable).display();
            Failure::Passing(format!("verify.python: {interpreter} {reason} while it loaded the functions"))
        })?;
        answer::ready(&line).map_err(Failure::Final)?;
        Ok(worker)
    }

    /// Sends a line and waits for the one that answers it. A worker that does not answer is ended: it may hang for
    /// ever.
    ///
    /// # Errors
    /// How it failed, as what follows "the worker".
    pub(super) fn exchange(self, question: Vec<u8>, timeout: Duration) -> Result<(Self, Vec<u8>), String> {
        self.0.send(question);
        match self.0.next(Instant::now() + timeout) {
            Some(ProcessOutput::Line(line)) => Ok((self, line)),
            Some(ProcessOutput::TooLong) => Err("wrote a line that does not end".to_owned()),
            Some(ProcessOutput::End) => Err(format!("ended ({}; its stderr may say why)", self.0.end())),
            None => Err(format!(
                "did not answer within {timeout:?} (verify.remote.timeout_seconds; its stderr says where it was)"
            )),
        }
    }
}
