//! Trials of a kind, and how many of them went well.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use super::outcome::{Survival, Verdict};

/// What became of the trials of one kind.
#[derive(Debug)]
pub struct Tally {
    pub kind: String,
    pub tried: usize,
    pub survived: usize,
    pub refused: usize,
    /// The moments that went wrong, and what went wrong.
    pub failed: Vec<(String, String)>,
}

/// Whether nothing is wrong but what TensorBoard shows.
fn is_drawing(failure: &(String, String)) -> bool {
    failure.1.starts_with("TensorBoard")
}

impl Tally {
    /// Does a trial at each of the moments, on so many threads.
    pub fn of<M: Sync>(
        kind: &str,
        moments: &[M],
        threads: usize,
        describe: impl Fn(&M) -> String,
        trial: impl Fn(&M) -> Verdict + Sync,
    ) -> Self {
        let (next, verdicts) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
        thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|| {
                    while let Some((index, moment)) =
                        Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, moments.get(i)?)))
                    {
                        let verdict = trial(moment);
                        verdicts.lock().unwrap().insert(index, verdict);
                    }
                });
            }
        });
        let verdicts = verdicts.into_inner().unwrap();
        let count = |wanted: Survival| verdicts.values().filter(|verdict| **verdict == Ok(wanted)).count();
        let failed = verdicts.iter().filter_map(|(index, verdict)| {
            Some((describe(&moments[*index]), verdict.as_ref().err()?.clone()))
        });
        Self {
            kind: kind.to_owned(),
            tried: moments.len(),
            survived: count(Survival::Same),
            refused: count(Survival::Refused),
            failed: failed.collect(),
        }
    }

    /// # Panics
    /// When a trial went wrong, or there was none; names the moments.
    pub fn assert(&self) {
        println!("{}: {} tried, {} survived, {} refused", self.kind, self.tried, self.survived, self.refused);
        assert!(self.tried > 0, "{}: nothing was tried", self.kind);
        let list: Vec<_> = self.failed.iter().map(|(moment, what)| format!("{moment}\n    {what}")).collect();
        assert!(
            list.is_empty(),
            "{}: {} of {} failed\n{}",
            self.kind,
            list.len(),
            self.tried,
            list.join("\n")
        );
    }

    pub fn to_json(&self) -> Value {
        json!({
            "kind": self.kind,
            "tried": self.tried,
            "survived": self.survived,
            "refused": self.refused,
            "failed": self.failed.iter().filter(|failure| !is_drawing(failure)).count(),
            "only_tensorboard_wrong": self.failed.iter().filter(|failure| is_drawing(failure)).count(),
        })
    }
}

/// A table of kinds, and below it each different thing that went wrong, how often, and at which moment first.
pub fn table(tallies: &[Tally]) -> String {
    let mut table =
        format!("| {:58} | tried | survived | refused | failed | only TensorBoard wrong |\n", "fault");
    table += "|---|---|---|---|---|---|\n";
    for Tally { kind, tried, survived, refused, failed } in tallies {
        let drawn = failed.iter().filter(|failure| is_drawing(failure)).count();
        let failed = failed.len() - drawn;
        table +=
            &format!("| {kind:58} | {tried:5} | {survived:8} | {refused:7} | {failed:6} | {drawn:21} |\n");
    }
    for tally in tallies.iter().filter(|tally| !tally.failed.is_empty()) {
        table += &format!("\n{}:\n", tally.kind);
        let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (moment, what) in &tally.failed {
            reasons.entry(anonymous(what)).or_default().push(moment);
        }
        for (what, moments) in reasons {
            table += &format!("  {} × {what}\n      first: {}\n", moments.len(), moments[0]);
        }
    }
    table
}

/// A message without the name of the folder that it happened in.
fn anonymous(text: &str) -> String {
    let random = |word: &str| word.contains("/.tmp") && word.starts_with('/');
    let words = text.split(' ').map(|word| match word.find("/run") {
        Some(place) if random(word) => &word[place + 1..],
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// So many of the items, at equal distances, the first and last among them.
pub fn spread<T: Clone>(items: &[T], count: usize) -> Vec<T> {
    if items.len() <= count {
        return items.to_vec();
    }
    let place = |index: usize| index * (items.len() - 1) / (count - 1).max(1);
    (0..count).map(|index| items[place(index)].clone()).collect()
}
