//! A child process that is spoken to in lines and never waited for without an end: one thread writes its
//! stdin, one reads its stdout. Knows nothing of what the lines mean.

mod group;

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender},
    thread,
    time::{Duration, Instant},
};

/// Bytes of a line, at most.
const LINE_LIMIT: u64 = 1 << 20;

/// Lines that wait to be taken; beyond that the process waits.
const LINES_WAITING: usize = 64;

/// How long a process may take to exit after it has closed its stdout.
const EXIT_PATIENCE: Duration = Duration::from_secs(1);

/// What a process wrote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ProcessOutput {
    /// A line; its end may be missing on the last.
    Line(Vec<u8>),
    /// A line longer than anything is read.
    TooLong,
    /// The end: the process closed its stdout, mostly by ending.
    End,
}

/// A running child process, killed with everything it started when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// How it ended, once it has been waited for.
    status: Option<ExitStatus>,
    input: Sender<Vec<u8>>,
    output: Receiver<ProcessOutput>,
}

impl Process {
    /// Starts a program with its arguments. Its stderr is ours.
    ///
    /// # Errors
    /// When it cannot be started.
    ///
    /// # Panics
    /// When `command` is empty.
    pub(crate) fn start(command: &[String]) -> io::Result<Self> {
        let mut builder = Command::new(&command[0]);
        builder.args(&command[1..]).stdin(Stdio::piped()).stdout(Stdio::piped());
        group::lead(&mut builder);
        let mut child = builder.spawn()?;
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = child.stdout.take().expect("stdout is piped");
        // Both threads end by themselves when the process or this value is gone. They are not joined:
        // a descendant that got away may hold the pipes open.
        let (input, to_write) = mpsc::channel();
        thread::spawn(move || write_all(stdin, &to_write));
        let (to_take, output) = mpsc::sync_channel(LINES_WAITING);
        thread::spawn(move || read_lines(BufReader::new(stdout), &to_take));
        Ok(Self { child, status: None, input, output })
    }

    /// Writes to its stdin, without waiting until it reads.
    pub(crate) fn send(&self, bytes: Vec<u8>) {
        // The writer is gone where stdin is closed; the reader, or the deadline, tells what that means.
        let _ = self.input.send(bytes);
    }

    /// What it writes next; `None` when nothing came until the deadline.
    pub(crate) fn next(&self, deadline: Instant) -> Option<ProcessOutput> {
        // Past the deadline a process that never stops writing has no say either.
        let left = deadline.checked_duration_since(Instant::now())?;
        match self.output.recv_timeout(left) {
            Ok(output) => Some(output),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(ProcessOutput::End),
        }
    }

    /// Ends it, and says how it ended: by itself, where it does so soon.
    pub(crate) fn end(mut self) -> String {
        let patience = Instant::now() + EXIT_PATIENCE;
        while !group::has_exited(&mut self.child) && Instant::now() < patience {
            thread::sleep(Duration::from_millis(5));
        }
        self.stop().map_or_else(|error| error.to_string(), |status| status.to_string())
    }

    fn stop(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        group::kill(&mut self.child);
        let status = self.child.wait()?;
        self.status = Some(status);
        Ok(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Waiting fails only for a child that somebody else has waited for: then it is gone, too.
        let _ = self.stop();
    }
}

fn write_all(mut stdin: ChildStdin, to_write: &Receiver<Vec<u8>>) {
    for bytes in to_write {
        if stdin.write_all(&bytes).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

fn read_lines(mut stdout: impl BufRead, lines: &SyncSender<ProcessOutput>) {
    loop {
        let mut line = Vec::new();
        let output = match stdout.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => ProcessOutput::End,
            Ok(_) if line.len() as u64 == LINE_LIMIT && line.last() != Some(&b'\n') => ProcessOutput::TooLong,
            Ok(_) => ProcessOutput::Line(line),
        };
        let last = !matches!(output, ProcessOutput::Line(_));
        if lines.send(output).is_err() || last {
            return;
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
