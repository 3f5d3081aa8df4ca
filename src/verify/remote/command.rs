//! A reward command: started once, asked in lines, started again when it dies. What the lines contain is up to
//! [`lines`](super::lines).

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Result;

use super::{
    config::RemoteConfig,
    json,
    pending::Pending,
    process::{Process, ProcessOutput},
    retry::{Failure, Retries},
    reward::{RewardQuery, RewardSource, Scored, Unscored},
};
use crate::error::input_error;

/// Lines of one batch that are no replies, at most. A warning now and then is let through; a program that
/// talks in another way is not waited for.
const STRAY_LINES: usize = 100;

/// A program that scores what it reads on its stdin.
#[derive(Debug)]
pub(crate) struct CommandRewards {
    command: Vec<String>,
    batch_size: usize,
    timeout: Duration,
    retries: Retries,
    connection: Mutex<Connection>,
}

/// The process that is asked, and the next query's number.
#[derive(Debug)]
struct Connection {
    /// `None` after it died or did not answer; the next batch starts it again.
    process: Option<Process>,
    next_id: u64,
}

/// Why no more replies are expected of a process.
enum ListenFailure {
    /// It died, or closed its stdout.
    Ended,
    /// Another start would end the same way; the reason.
    Useless(String),
}

impl CommandRewards {
    /// Starts `verify.remote.command`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(config: &RemoteConfig) -> Result<Self> {
        let command = config.command.clone();
        let process = Process::start(&command).map_err(|error| {
            let remedy = "name an executable, by its path or one on PATH; a script comes after its \
                          interpreter, as in [\"python3\", \"reward.py\"]";
            input_error(format!("{}; {remedy}", cannot_start(&command, &error)))
        })?;
        Ok(Self {
            command,
            batch_size: config.batch_size,
            timeout: config.timeout(),
            retries: config.attempts(),
            connection: Mutex::new(Connection { process: Some(process), next_id: 0 }),
        })
    }

    fn score_batch(&self, connection: &mut Connection, batch: &[RewardQuery<'_>]) -> Vec<Scored> {
        let mut pending = Pending::new(connection.next_id, batch);
        connection.next_id += batch.len() as u64;
        let outcome = self.retries.run(|| self.exchange(&mut connection.process, &mut pending));
        // Without a failure nothing is unanswered.
        pending.finish(&outcome.err().unwrap_or(Unscored { reason: String::new() }))
    }

    /// Asks for what is unanswered. A process that fails to answer is ended: its later replies would be
    /// taken for nothing, and it may hang for ever.
    fn exchange(&self, running: &mut Option<Process>, pending: &mut Pending<'_>) -> Result<(), Failure> {
        let process = match running.take() {
            Some(process) => process,
            None => Process::start(&self.command)
                .map_err(|error| Failure::Passing(cannot_start(&self.command, &error)))?,
        };
        process.send(pending.questions());
        match self.listen(&process, pending) {
            Ok(()) => {
                *running = Some(process);
                Ok(())
            }
            Err(ListenFailure::Ended) => Err(Failure::Passing(format!(
                "verify.remote.command ended ({}) with {} replies of the batch missing; its stderr may say why",
                process.end(),
                pending.unanswered()
            ))),
            Err(ListenFailure::Useless(reason)) => Err(Failure::Final(reason)),
        }
    }

    /// Takes replies until nothing is unanswered.
    fn listen(&self, process: &Process, pending: &mut Pending<'_>) -> Result<(), ListenFailure> {
        let deadline = Instant::now() + self.timeout;
        let mut strays = 0;
        while pending.unanswered() > 0 {
            match process.next(deadline) {
                Some(ProcessOutput::Line(line)) if pending.take(&line) || line.trim_ascii().is_empty() => {}
                Some(ProcessOutput::Line(line)) => {
                    strays += 1;
                    report_stray(&line, strays)?;
                }
                Some(ProcessOutput::TooLong) => {
                    let reason =
                        "verify.remote.command wrote a line that does not end; a reply is one short line";
                    return Err(ListenFailure::Useless(reason.to_owned()));
                }
                Some(ProcessOutput::End) => return Err(ListenFailure::Ended),
                None => return Err(ListenFailure::Useless(self.too_late(strays))),
            }
        }
        Ok(())
    }

    /// The reason of a batch without replies, with the most frequent cause: stdout is buffered where it is not a
    /// terminal.
    fn too_late(&self, strays: usize) -> String {
        let waited = self.timeout;
        let instead =
            if strays == 0 { String::new() } else { format!(", only {strays} lines that are none") };
        format!(
            "verify.remote.command sent no reply within {waited:?}{instead}; let it flush \
             every line it prints, or raise verify.remote.timeout_seconds (it counts for a batch, and for \
             the start before it)"
        )
    }
}

impl RewardSource for CommandRewards {
    fn score(&self, queries: &[RewardQuery<'_>]) -> Vec<Scored> {
        // A panic of another caller leaves at worst no process, and the next batch starts one.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        queries.chunks(self.batch_size).flat_map(|batch| self.score_batch(&mut connection, batch)).collect()
    }
}

fn cannot_start(command: &[String], error: &io::Error) -> String {
    format!("verify.remote.command = {command:?}: cannot start {:?} ({error})", command[0])
}

/// Shows a line that is no reply where the command's own stderr goes, up to [`STRAY_LINES`] of them.
fn report_stray(line: &[u8], count: usize) -> Result<(), ListenFailure> {
    let shown = json::excerpt(line);
    say!("verify.remote.command wrote a line that is no reply: {shown}");
    if count < STRAY_LINES {
        return Ok(());
    }
    Err(ListenFailure::Useless(format!(
        "verify.remote.command wrote {count} lines that are no replies, the last: {shown}; its stdout is for \
         {{\"id\": …, \"reward\": …}} lines, everything else belongs on stderr"
    )))
}

#[cfg(all(test, unix))]
mod tests;
