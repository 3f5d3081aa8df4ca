//! Where the time of a step goes, part by part: off unless a run is profiled, and then a few additions per part.

use std::{
    cell::Cell,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use burn::tensor::backend::Backend;

/// A part of a step. The time of a nested part is not counted again in the part around it: a reference's
/// log-probabilities within the forward pass are not part of the forward pass. Parts that run on several threads at
/// once add up to more than the time that has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Problems rendered, images and text to tokens.
    Render,
    Prefill,
    Decode,
    /// Tokens drawn from scores.
    Draw,
    Verify,
    Recycle,
    Reference,
    Forward,
    Backward,
    Optimizer,
    Record,
    Checkpoint,
}

impl Part {
    /// All parts, in the order of a step.
    pub const ALL: [Self; 12] = [
        Self::Render,
        Self::Prefill,
        Self::Decode,
        Self::Draw,
        Self::Verify,
        Self::Recycle,
        Self::Reference,
        Self::Forward,
        Self::Backward,
        Self::Optimizer,
        Self::Record,
        Self::Checkpoint,
    ];

    /// The metric that its seconds are.
    pub fn metric(self) -> String {
        format!("seconds/{}", self.name())
    }

    /// Its name; a group of parts has a common beginning before the slash.
    pub fn name(self) -> &'static str {
        match self {
            Self::Render => "rollout/render",
            Self::Prefill => "rollout/prefill",
            Self::Decode => "rollout/decode",
            Self::Draw => "rollout/draw",
            Self::Verify => "verify",
            Self::Recycle => "recycle",
            Self::Reference => "update/reference",
            Self::Forward => "update/forward",
            Self::Backward => "update/backward",
            Self::Optimizer => "update/optimizer",
            Self::Record => "record",
            Self::Checkpoint => "checkpoint",
        }
    }
}

static ON: AtomicBool = AtomicBool::new(false);
static NANOSECONDS: [AtomicU64; Part::ALL.len()] = [const { AtomicU64::new(0) }; Part::ALL.len()];
/// Nanoseconds of each part that [`take_profile`] has returned already.
static TAKEN: [AtomicU64; Part::ALL.len()] = [const { AtomicU64::new(0) }; Part::ALL.len()];

thread_local! {
    /// Time that nested parts of the running one have taken.
    static WITHIN: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Turns the profile on, for the whole process.
pub fn profile() {
    ON.store(true, Relaxed);
}

/// Seconds of every part since the last call, in the order of [`Part::ALL`]; `None` without a profile.
pub fn take_profile() -> Option<Vec<(Part, f64)>> {
    let seconds = |part: Part| {
        let taken = NANOSECONDS[part as usize].swap(0, Relaxed);
        TAKEN[part as usize].fetch_add(taken, Relaxed);
        taken as f64 * 1e-9
    };
    ON.load(Relaxed).then(|| Part::ALL.map(|part| (part, seconds(part))).to_vec())
}

/// Drops the time since the last [`take_profile`], which was no part of a step.
pub fn forget_profile() {
    NANOSECONDS.iter().for_each(|part| part.store(0, Relaxed));
}

/// What all steps together spent on each part, as a table; `None` without a profile.
pub fn profile_table() -> Option<String> {
    let seconds = Part::ALL.map(|part| (part, TAKEN[part as usize].load(Relaxed) as f64 * 1e-9));
    let whole: f64 = seconds.iter().map(|(_, seconds)| seconds).sum();
    let line = |(part, seconds): (Part, f64)| {
        format!(
            "{:<20} {seconds:>9.2} s {:>6.2} %\n",
            part.name(),
            100.0 * seconds / whole.max(f64::MIN_POSITIVE)
        )
    };
    ON.load(Relaxed).then(|| seconds.map(line).concat())
}

/// Does some work on the host as a part of the step.
pub fn timed<T>(part: Part, work: impl FnOnce() -> T) -> T {
    if !ON.load(Relaxed) {
        return work();
    }
    let outer = WITHIN.replace(Duration::ZERO);
    let started = Instant::now();
    let result = work();
    let whole = started.elapsed();
    let own = whole.saturating_sub(WITHIN.replace(outer + whole));
    NANOSECONDS[part as usize].fetch_add(own.as_nanos() as u64, Relaxed);
    result
}

/// Does some work on a device as a part of the step, and waits for the device where there is a profile.
///
/// # Panics
/// When the device has failed.
pub fn timed_on<B: Backend, T>(part: Part, device: &B::Device, work: impl FnOnce() -> T) -> T {
    timed(part, || {
        let result = work();
        if ON.load(Relaxed) {
            B::sync(device).expect("the device works");
        }
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test, since a profile is the whole process's.
    #[test]
    fn parts_count_for_themselves() {
        let wait = |milliseconds| std::thread::sleep(Duration::from_millis(milliseconds));
        timed(Part::Recycle, || wait(1));
        assert!(take_profile().is_none());
        profile();
        let started = std::time::Instant::now();
        timed(Part::Checkpoint, || {
            wait(20);
            timed(Part::Recycle, || wait(40));
        });
        let whole = started.elapsed().as_secs_f64();
        let seconds = take_profile().unwrap();
        let of = |wanted| seconds.iter().find(|(part, _)| *part == wanted).unwrap().1;
        assert!(of(Part::Recycle) >= 0.04 && of(Part::Checkpoint) >= 0.02, "{seconds:?}");
        // However slow the machine is at the moment, nothing of the inner part counts for the outer one, too.
        assert!(of(Part::Checkpoint) + of(Part::Recycle) <= whole, "{seconds:?} of {whole}");
    }
}
