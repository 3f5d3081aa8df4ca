//! Which parameters learn: all of them, all but those frozen by name, or the adapters alone.

use anyhow::Result;
use burn::{
    module::{AutodiffModule, Module, ModuleMapper, Param},
    tensor::{Tensor, backend::AutodiffBackend},
};
use regex::Regex;

use super::{qwen::Qwen, weights::ParameterPath};
use crate::error::input_error;

/// The model with gradients for the parameters that learn. `freeze` holds patterns for whole names of
/// released checkpoints, in which `*` stands for any text (`visual.*`); where the model has adapters,
/// everything else is frozen anyway.
///
/// # Errors
/// When a pattern matches nothing, or nothing is left to learn.
pub fn trainable<B: AutodiffBackend>(model: Qwen<B::InnerBackend>, freeze: &[String]) -> Result<Qwen<B>> {
    let mut mapper = RequireGrad {
        path: ParameterPath::default(),
        adapters_only: model.lora.is_some(),
        frozen: freeze.iter().map(|pattern| (matcher(pattern), false)).collect(),
        trained: 0,
    };
    let model = Qwen::<B>::from_inner(model).map(&mut mapper);
    for (pattern, (_, matched)) in freeze.iter().zip(&mapper.frozen) {
        if !matched {
            return Err(input_error(format!(
                "model.freeze: {pattern:?} matches no parameter; * stands for any text, as in \"visual.*\" or \"model.layers.0.*\""
            )));
        }
    }
    if mapper.trained == 0 {
        return Err(input_error("model.freeze: nothing is left to learn; freeze less"));
    }
    Ok(model)
}

/// A pattern for whole names, in which only `*` is special.
fn matcher(pattern: &str) -> Regex {
    let parts: Vec<String> = pattern.split('*').map(regex::escape).collect();
    Regex::new(&format!("^{}$", parts.join(".*"))).expect("escaped text is a regular expression")
}

struct RequireGrad {
    path: ParameterPath,
    adapters_only: bool,
    /// Patterns, and whether they have matched.
    frozen: Vec<(Regex, bool)>,
    trained: usize,
}

impl RequireGrad {
    fn learns(&mut self) -> bool {
        let name = self.path.name();
        let mut frozen = self.adapters_only && !self.path.is_adapter();
        for (pattern, matched) in &mut self.frozen {
            if pattern.is_match(&name) {
                (frozen, *matched) = (true, true);
            }
        }
        !frozen
    }
}

impl<B: AutodiffBackend> ModuleMapper<B> for RequireGrad {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let learns = self.learns();
        self.trained += usize::from(learns);
        param.set_require_grad(learns)
    }
}
