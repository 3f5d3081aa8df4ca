//! What a complete run left behind.

use std::{collections::BTreeMap, fs};

use anyhow::Result;
use serde_json::Value;

use crate::{
    error::input_error,
    eval::Scores,
    run::{
        directory::{RunDirectory, read_json},
        report::Summary,
    },
};

/// Outcomes of one task: of each variant in the recipe's order, by seed.
pub(super) type TaskOutcomes = Vec<(String, BTreeMap<u64, Outcome>)>;

/// A run's summary and its records of every step.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub summary: Summary,
    pub steps: Vec<Value>,
}

/// What the columns of a table are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Findings<'a> {
    pub scores: &'a Scores,
    /// The records of every step; none of a start.
    pub steps: &'a [Value],
}

impl Outcome {
    /// # Errors
    /// When a file of the run is missing or malformed.
    pub(super) fn read(dir: &RunDirectory) -> Result<Self> {
        let path = dir.metrics();
        let unreadable = |error: &dyn std::fmt::Display| input_error(format!("{}: {error}", path.display()));
        let text = fs::read_to_string(&path).map_err(|error| unreadable(&error))?;
        let steps = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
        Ok(Self { summary: read_json(&dir.summary())?, steps: steps.map_err(|error| unreadable(&error))? })
    }

    /// What is known of the start.
    pub(super) fn before(&self) -> Findings<'_> {
        Findings { scores: &self.summary.before, steps: &[] }
    }

    /// What is known of the end.
    pub(super) fn after(&self) -> Findings<'_> {
        Findings { scores: &self.summary.after, steps: &self.steps }
    }

    /// A metric over the run: (tokens sampled so far, value) of every step that has it.
    pub(super) fn series(&self, metric: &str) -> Vec<(f64, f64)> {
        let point = |step: &Value| Some((step["tokens"].as_f64()?, step[metric].as_f64()?));
        self.steps.iter().filter_map(point).collect()
    }
}
