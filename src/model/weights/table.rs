//! The stored tensors of a checkpoint, taken out one by one; what is missing, left over or misshapen is
//! remembered and told at the end. Knows no model.

use std::{collections::HashMap, path::PathBuf};

use anyhow::Result;

use super::{
    fill::Wanted,
    names::released_name,
    stored::{StoredTensor, first_not_finite, open_tensors},
};
use crate::error::input_error;

/// Stored tensors under the released names, and what was wrong with them.
pub(in crate::model) struct TensorTable {
    pub tensors: HashMap<String, StoredTensor>,
    complaints: Vec<String>,
    /// Tensors that hold NaN or infinite values.
    broken: Vec<String>,
}

impl TensorTable {
    /// The tensors of several files, without those whose names have one of the `unused` endings.
    ///
    /// # Errors
    /// When a file is missing or malformed.
    pub(crate) fn open(files: &[PathBuf], unused: &[&str]) -> Result<Self> {
        let mut tensors = Vec::new();
        for file in files {
            let stored = open_tensors(file)?.into_iter();
            tensors.extend(
                stored
                    .filter(|(name, _)| !unused.iter().any(|ending| name.ends_with(ending)))
                    .map(|(name, tensor)| (released_name(&name), tensor)),
            );
        }
        Ok(Self::new(tensors))
    }

    /// Whether the head is the embedding. Some files have a copy of it, which is dropped; one with other
    /// values counts, whatever the configuration says, as in transformers 5.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn has_no_other_head(&mut self) -> Result<bool> {
        let (head, embedding) = ("lm_head.weight", "model.embed_tokens.weight");
        let (Some(stored), Some(embedding)) = (self.tensors.get(head), self.tensors.get(embedding)) else {
            return Ok(true);
        };
        let is_same = stored.is_same(embedding)?;
        if is_same {
            self.tensors.remove(head);
        }
        Ok(is_same)
    }

    /// Tensors under released names; one that comes twice, in both layouts perhaps, is complained of.
    pub(crate) fn new(tensors: impl IntoIterator<Item = (String, StoredTensor)>) -> Self {
        let mut table = Self { tensors: HashMap::new(), complaints: Vec::new(), broken: Vec::new() };
        for (name, tensor) in tensors {
            if table.tensors.insert(name.clone(), tensor).is_some() {
                table.complaints.push(format!("twice: {name}"));
            }
        }
        table.complaints.sort();
        table
    }

    /// The values of a tensor; `None` and a complaint when it is not as expected.
    pub(crate) fn take(&mut self, &Wanted { name, shape, transposed }: &Wanted<'_>) -> Option<Vec<f32>> {
        let complaint = match self.tensors.remove(name) {
            None => format!("missing: {name} {shape:?}"),
            Some(tensor) if tensor.shape != shape => {
                format!("misshapen: {name} is {:?}, expected {shape:?}", tensor.shape)
            }
            Some(tensor) if !tensor.is_float() => {
                format!("unsupported: {name} is {:?}, expected F32, F16 or BF16", tensor.dtype)
            }
            Some(tensor) => match tensor.read(transposed) {
                Ok(values) => {
                    if let Some(broken) = first_not_finite(&values) {
                        self.broken.push(format!("{name}: {broken}"));
                    }
                    return Some(values);
                }
                Err(error) => format!("unreadable: {name}: {error:#}"),
            },
        };
        self.complaints.push(complaint);
        None
    }

    /// # Errors
    /// Names the tensors with values that no sound model has.
    fn check_finite(mut self) -> Result<()> {
        const NAMED: usize = 10;
        if self.broken.is_empty() {
            return Ok(());
        }
        let others = self.broken.len().saturating_sub(NAMED);
        self.broken.truncate(NAMED);
        if others > 0 {
            self.broken.push(format!("… and {others} more"));
        }
        Err(input_error(format!(
            "the weights hold values that are not finite; the model was broken when it was saved, or the file has been \
             since: fetch it again, or take an earlier checkpoint:\n  {}",
            self.broken.join("\n  ")
        )))
    }

    /// Looks back after every tensor has been asked for.
    ///
    /// # Errors
    /// When something was wrong, or a tensor is left over.
    pub(crate) fn finish(mut self) -> Result<()> {
        let mut unused: Vec<String> =
            std::mem::take(&mut self.tensors).into_keys().map(|name| format!("unused: {name}")).collect();
        unused.sort();
        self.complaints.extend(unused);
        if self.complaints.is_empty() {
            return self.check_finite();
        }
        Err(input_error(format!(
            "the weights do not fit the configuration:\n  {}",
            self.complaints.join("\n  ")
        )))
    }
}
