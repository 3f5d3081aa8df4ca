//! Hand-written kernels that are not to be used, by the names of their operations: for a kernel that is wrong on some
//! device, and to see what a kernel gains. Set once, before anything is computed.

use std::{collections::BTreeSet, sync::OnceLock};

use anyhow::Result;

use crate::error::input_error;

/// The operations of [`Kernels`](super::Kernels) that have hand-written forms.
const OPERATIONS: [&str; 10] = [
    "adamw",
    "cached_attention",
    "draw_tokens",
    "gated_silu",
    "project",
    "project_transposed",
    "rms_norm",
    "self_attention",
    "target_logprobs",
    "tree_attention",
];

static OFF: OnceLock<BTreeSet<String>> = OnceLock::new();

/// Computes these operations in their generic form from now on, on every backend.
///
/// # Errors
/// When a name is none of an operation, or this was asked for before.
pub fn switch_off(names: &[String]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| !OPERATIONS.contains(&name.as_str())) {
        return Err(input_error(format!(
            "--kernels-off {unknown}: there is no such operation; there are {}",
            OPERATIONS.join(", ")
        )));
    }
    if names.is_empty() {
        return Ok(());
    }
    OFF.set(names.iter().cloned().collect())
        .map_err(|_| input_error("kernels can be switched off once only, before anything is computed"))
}

/// Whether an operation is to be computed in its generic form.
pub fn is_switched_off(operation: &str) -> bool {
    debug_assert!(OPERATIONS.contains(&operation), "{operation} is not in the list of operations");
    OFF.get().is_some_and(|off| off.contains(operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_refused_with_the_names_that_there_are() {
        let message = switch_off(&["rmsnorm".to_owned()]).unwrap_err().to_string();
        assert!(message.contains("rmsnorm") && message.contains("rms_norm, self_attention"), "{message}");
        assert!(!is_switched_off("rms_norm"));
    }
}
