//! How much memory a recipe needs, by arithmetic on the model's shape and the recipe alone.
//!
//! A step has two phases, each with moments at which much is held at once; a phase needs what its
//! largest moment holds. What a moment holds is read off the code that runs then: the engine and the
//! cache, the states that the kernels and Burn's operations keep for their backward passes, the
//! optimizer. `cargo bench --bench memory` compares with measured peaks.
//!
//! On flex, the allocator adds to that what it keeps of the sampling threads' memory.
//!
//! Weights that learn, their moments and gradients are f32; where a model computes in 16 bits, so are its copy, its
//! cache and the reference. Its activations are counted as f32: norms and softmax keep such copies. Knows shapes and settings; reads no file and no device.

mod activations;
mod sampling;
mod sizes;
mod update;

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::model::weights::Precision;

pub use sizes::{ImageSize, Parameters, PromptSize, Sizes, Workload};

/// Bytes of an f32.
const F32: u64 = 4;

/// What a process holds before it has a model: code, threads' stacks, pools of the matrix products.
const PROCESS_BYTES: u64 = 24 << 20;

/// glibc's allocator maps blocks above this size one by one and returns them when they are freed; smaller
/// ones stay with the heaps of the thread that asked for them (`DEFAULT_MMAP_THRESHOLD_MAX`).
const MAPPED_BYTES: u64 = 32 << 20;

/// Size of such a heap on every thread but the main one (`HEAP_MAX_SIZE`).
const HEAP_BYTES: u64 = 64 << 20;

/// Which form of [`crate::kernels`] computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KernelForm {
    /// Flex: the scores of one attention head at a time, computed again for the backward pass. Tensors
    /// lie in the process's own memory.
    HandWritten,
    /// Every other backend: Burn's operations, which keep their inputs. Tensors lie on the device.
    Generic,
}

/// Which memory something takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    Device,
    /// The process's own memory; on flex this is the device's, too.
    Host,
}

/// One thing that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    pub name: &'static str,
    pub bytes: u64,
    pub place: Place,
    /// What makes it smaller.
    #[serde(skip)]
    pub remedy: &'static str,
}

impl Item {
    fn device(name: &'static str, elements: u64, remedy: &'static str) -> Self {
        Self { name, bytes: elements * F32, place: Place::Device, remedy }
    }

    fn sized(name: &'static str, bytes: u64, remedy: &'static str) -> Self {
        Self { name, bytes, place: Place::Device, remedy }
    }

    fn host(name: &'static str, bytes: u64, remedy: &'static str) -> Self {
        Self { name, bytes, place: Place::Host, remedy }
    }
}

/// What is held at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moment {
    pub at: &'static str,
    /// Of the device's memory; on flex, of the process's.
    pub bytes: u64,
    /// Of the process's memory besides; 0 on flex.
    pub host_bytes: u64,
    pub items: Vec<Item>,
}

impl Moment {
    fn new(at: &'static str, kernels: KernelForm, items: Vec<Item>) -> Self {
        let sum = |place: Place| items.iter().filter(|item| item.place == place).map(|item| item.bytes).sum();
        let (device, host): (u64, u64) = (sum(Place::Device), sum(Place::Host));
        let (bytes, host_bytes) = match kernels {
            KernelForm::HandWritten => (device + host, 0),
            KernelForm::Generic => (device, host),
        };
        let items = items.into_iter().filter(|item| item.bytes > 0).collect();
        Self { at, bytes, host_bytes, items }
    }

    /// The largest item of the memory that has to suffice.
    pub fn largest(&self) -> Option<&Item> {
        let counted = |item: &&Item| self.host_bytes == 0 || item.place == Place::Device;
        self.items.iter().filter(counted).max_by_key(|item| item.bytes)
    }
}

/// What a step holds in each phase, at the phase's largest moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub sampling: Moment,
    pub update: Moment,
}

impl Plan {
    /// The plan of a run that never saw memory run out.
    pub fn new(workload: &Workload<'_>) -> Self {
        let largest = |moments: Vec<Moment>| {
            moments.into_iter().max_by_key(|moment| moment.bytes).expect("a phase has moments")
        };
        let sizes = Sizes::new(workload);
        Self {
            sampling: largest(sampling::moments(workload, &sizes)),
            update: largest(update::moments(workload, &sizes)),
        }
    }

    /// The larger phase.
    pub fn peak(&self) -> &Moment {
        if self.sampling.bytes > self.update.bytes { &self.sampling } else { &self.update }
    }
}

/// What is held in every phase.
fn standing(workload: &Workload<'_>, sizes: &Sizes) -> Vec<Item> {
    let Parameters { total, trainable, reference, .. } = workload.parameters;
    let average = if workload.train.ema_decay > 0.0 { trainable } else { 0 };
    let reference = if workload.train.kl.coefficient > 0.0 { reference } else { 0 };
    let (width, frozen) = (workload.width(), total - trainable);
    let frozen_width = if workload.frozen_in_it { width } else { F32 };
    let copied = match workload.precision {
        Precision::F32 => 0,
        _ if workload.frozen_in_it => trainable,
        _ => total,
    };
    vec![
        Item::sized("weights", trainable * F32 + frozen * frozen_width, "take a smaller model (model.path)"),
        Item::sized("the copy that computes", copied * width, "take a smaller model (model.path)"),
        Item::device(
            "optimizer moments",
            2 * trainable,
            "train adapters (lora.rank) or freeze some (model.freeze)",
        ),
        Item::sized("reference model", reference * width, "set train.kl_coefficient=0"),
        Item::device("average of the weights", average, "set train.ema_decay=0"),
        Item::host("images, cut into patches", sizes.image_bytes(workload), "scale the images down"),
        Item::host("token ids and positions", sizes.host_token_bytes(), "lower train.prompts_per_step"),
        Item::host("process", PROCESS_BYTES, "take a machine with more memory"),
    ]
}
