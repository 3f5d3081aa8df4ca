//! What is measured of an operation in one case, and what it is measured with.

use std::time::Instant;

use anyhow::{Context, Result};
use burn::tensor::{DType, TensorData, backend::Backend};
use serde_json::Value;

use crate::{kernels::TrainBackend, random::Stream};

/// Where operations run, and how.
pub(super) struct Workplace<B: Backend> {
    pub device: B::Device,
    /// What is computed in.
    pub dtype: DType,
    pub seed: u64,
    /// Timed runs, after one to warm up.
    pub repeats: usize,
}

/// An operation on inputs of one shape, ready to be run.
pub(super) type CaseWork<B> = Box<dyn Fn(&Workplace<B>) -> Result<MeasuredCase>>;

/// What came of one case.
#[derive(Debug)]
pub(super) struct MeasuredCase {
    /// What the numbers depend on beside the tensors.
    pub parameters: Value,
    /// Inputs, outputs and gradients by name.
    pub tensors: Vec<(String, TensorData)>,
    /// Median seconds of the forward pass on the backend without autodiff.
    pub forward_seconds: f64,
    /// Median seconds of forward and backward pass together, where there is a gradient. They include a product of the
    /// output with a random direction, and its sum.
    pub backward_seconds: Option<f64>,
}

impl<B: TrainBackend> Workplace<B> {
    /// The random numbers of a case.
    pub(super) fn stream(&self, case: u64) -> Stream {
        Stream::new(&[self.seed, case])
    }

    /// The median seconds of some work on the device, from the second run on.
    ///
    /// # Errors
    /// When the device fails.
    pub(super) fn median_seconds(&self, mut work: impl FnMut()) -> Result<f64> {
        work();
        let mut seconds = Vec::with_capacity(self.repeats);
        for _ in 0..self.repeats {
            seconds.push(self.seconds(&mut work)?);
        }
        Ok(median(seconds))
    }

    /// Seconds of some work, from an idle device to an idle device.
    ///
    /// # Errors
    /// When the device fails.
    pub(super) fn seconds(&self, work: impl FnOnce()) -> Result<f64> {
        self.wait()?;
        let started = Instant::now();
        work();
        self.wait()?;
        Ok(started.elapsed().as_secs_f64())
    }

    fn wait(&self) -> Result<()> {
        B::sync(&self.device).context("waiting for the device")
    }
}

/// The middle one of several figures.
///
/// # Panics
/// Without a figure.
pub(super) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
