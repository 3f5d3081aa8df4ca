//! The progress on the screen: a bar with the time left on a terminal, a line now and then elsewhere.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{Record, names};
use crate::storage::in_words;

/// How often a line is written when stderr is not a terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The bar of a training run.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    steps: u64,
    lines: Option<Instant>,
}

impl Progress {
    /// A bar over `steps` steps of which `done` are done; nothing at all when `quiet`.
    pub fn new(steps: u64, done: u64, quiet: bool) -> Self {
        let (bar, in_lines) = bar("step {pos}/{len} {wide_bar} {elapsed} < {eta}  {msg}", steps, quiet);
        bar.set_position(done);
        bar.reset_eta();
        Self { bar, steps, lines: in_lines.then(Instant::now) }
    }

    /// Shows a step's numbers.
    pub fn record(&mut self, record: &Record) {
        self.bar.set_position(record.step);
        self.bar.set_message(message(record));
        let due = self.lines.is_some_and(|last| last.elapsed() >= LINE_EVERY || record.step == self.steps);
        if due {
            say!("step {}/{}  {}", record.step, self.steps, message(record));
            self.lines = Some(Instant::now());
        }
    }

    /// Writes a line above the bar.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| say!("{line}"));
    }

    /// Takes the bar off the screen.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Rewards of the kinds, in the order in which they were recorded, loss and speed.
fn message(record: &Record) -> String {
    let suffix = format!("/{}", names::REWARD);
    let reward = |(name, value): (&str, f64)| Some(format!("{} {value:.2}", name.strip_suffix(&suffix)?));
    let mut parts: Vec<String> = record.values().filter_map(reward).collect();
    parts.extend(record.get(names::LOSS).map(|loss| format!("loss {loss:+.4}")));
    parts.extend(record.get(names::TOKENS_PER_SECOND_ROLLOUT).map(|speed| format!("{speed:.0} tok/s")));
    parts.join("  ")
}

/// A phase of work outside the steps, counted in problems.
#[derive(Debug)]
pub struct Phase(ProgressBar);

impl Phase {
    /// Starts a bar over `total` problems.
    pub fn start(name: &str, total: usize, quiet: bool) -> Self {
        let (bar, in_lines) = bar("{prefix} {pos}/{len} {wide_bar} {elapsed} < {eta}", total as u64, quiet);
        bar.set_prefix(name.to_owned());
        if in_lines {
            say!("{name}: {total} problems");
        }
        Self(bar)
    }

    /// Moves the bar on by `count` problems.
    pub fn advance(&self, count: usize) {
        self.0.inc(count as u64);
    }
}

impl Drop for Phase {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Bytes that come from elsewhere.
#[derive(Debug)]
pub struct Transfer(ProgressBar);

impl Transfer {
    /// Starts a bar over so many bytes.
    pub fn start(name: &str, bytes: u64, quiet: bool) -> Self {
        let template = "{prefix} {bytes}/{total_bytes} {wide_bar} {binary_bytes_per_sec} {elapsed} < {eta}";
        let (bar, in_lines) = bar(template, bytes, quiet);
        bar.set_prefix(name.to_owned());
        if in_lines {
            say!("fetching {name}: {}", in_words(bytes));
        }
        Self(bar)
    }

    /// Moves the bar on.
    pub fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// Moves the bar back: what had come is to come again.
    pub fn take_back(&self, bytes: u64) {
        self.0.dec(bytes);
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A bar that is shown on a terminal only, and whether lines take its place.
fn bar(template: &str, total: u64, quiet: bool) -> (ProgressBar, bool) {
    let terminal = std::io::stderr().is_terminal();
    let bar = if quiet || !terminal { ProgressBar::hidden() } else { ProgressBar::new(total) };
    bar.set_style(ProgressStyle::with_template(template).expect("a valid template"));
    (bar, !quiet && !terminal)
}
