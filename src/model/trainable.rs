//! Which parameters learn: all of them, all but those frozen by name, or the adapters alone.

use anyhow::Result;
use burn::{
    module::{AutodiffModule, Module, ModuleMapper, Param},
    tensor::{Tensor, backend::AutodiffBackend},
};
use regex::Regex;

use super::{family::Family, forward::Model, weights::ParameterPath};
use crate::error::input_error;

/// The model with gradients for the parameters that learn. `freeze` holds patterns for whole names of
/// released checkpoints, in which `*` stands for any text (`visual.*`; in Qwen3-VL, whose release calls it so,
/// `model.visual.*` as well); where the model has adapters,
/// everything else is frozen anyway.
///
/// # Errors
/// When a pattern matches nothing, or nothing is left to learn.
pub fn trainable<B: AutodiffBackend>(model: Model<B::InnerBackend>, freeze: &[String]) -> Result<Model<B>> {
    let mut mapper = RequireGrad {
        path: ParameterPath::default(),
        selection: Selection::new(model.lora.is_some(), freeze, model.config.family),
    };
    let model = Model::<B>::from_inner(model).map(&mut mapper);
    mapper.selection.check()?;
    Ok(model)
}

/// The rule by which parameters learn, and what it has met so far.
pub(super) struct Selection {
    adapters_only: bool,
    family: Family,
    /// Patterns as they were written, and whether they have matched.
    frozen: Vec<(String, Regex, bool)>,
    learning: usize,
}

impl Selection {
    pub(super) fn new(adapters_only: bool, freeze: &[String], family: Family) -> Self {
        let frozen = freeze.iter().map(|pattern| (pattern.clone(), matcher(pattern), false));
        Self { adapters_only, family, frozen: frozen.collect(), learning: 0 }
    }

    /// Whether the parameter at this place learns.
    pub(super) fn learns(&mut self, path: &ParameterPath) -> bool {
        let name = path.name();
        let stored = self.family.stored_name(&name);
        let mut frozen = self.adapters_only && !path.is_adapter();
        for (_, pattern, matched) in &mut self.frozen {
            if pattern.is_match(&name) || pattern.is_match(&stored) {
                (frozen, *matched) = (true, true);
            }
        }
        self.learning += usize::from(!frozen);
        !frozen
    }

    /// Looks back after every parameter has been asked for.
    ///
    /// # Errors
    /// When a pattern matched nothing, or nothing learns.
    pub(super) fn check(&self) -> Result<()> {
        if let Some((pattern, ..)) = self.frozen.iter().find(|(.., matched)| !matched) {
            return Err(input_error(format!(
                "model.freeze: {pattern:?} matches no parameter; * stands for any text, as in \"visual.*\" or \"model.layers.0.*\""
            )));
        }
        if self.learning == 0 {
            return Err(input_error("model.freeze: nothing is left to learn; freeze less"));
        }
        Ok(())
    }
}

/// A pattern for whole names, in which only `*` is special.
fn matcher(pattern: &str) -> Regex {
    let parts: Vec<String> = pattern.split('*').map(regex::escape).collect();
    Regex::new(&format!("^{}$", parts.join(".*"))).expect("escaped text is a regular expression")
}

struct RequireGrad {
    path: ParameterPath,
    selection: Selection,
}

impl<B: AutodiffBackend> ModuleMapper<B> for RequireGrad {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        param.set_require_grad(self.selection.learns(&self.path))
    }
}
