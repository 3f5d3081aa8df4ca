//! A model's parameters without their values: names and shapes from a walk over the module tree.

use anyhow::Result;
use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Tensor, backend::Backend},
};

use super::{
    config::ModelConfig,
    forward::Model,
    lora::{LoraConfig, attach},
    trainable::Selection,
    weights::ParameterPath,
};

/// A parameter without its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterShape {
    /// Its name in a released checkpoint; that of an adapter is PEFT's.
    pub name: String,
    /// Its shape in the checkpoint's layout.
    pub shape: Vec<usize>,
    pub is_adapter: bool,
    /// Whether a recipe with these adapters and frozen names trains it.
    pub learns: bool,
}

impl ParameterShape {
    /// Numbers in it.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Every parameter of a model that a recipe trains, in the order of the module tree. Parameters are
/// created when they are first read, so nothing is allocated and no device touched.
///
/// # Errors
/// When the adapters' targets or the frozen names match nothing, or nothing is left to learn.
pub fn parameter_shapes<B: Backend>(
    config: &ModelConfig,
    lora: &LoraConfig,
    freeze: &[String],
) -> Result<Vec<ParameterShape>> {
    let mut model = Model::<B>::new(config, &B::Device::default());
    if lora.is_on() {
        attach(&mut model, lora, &B::Device::default())?;
    }
    let selection = Selection::new(lora.is_on(), freeze, config.family);
    let mut shapes = Shapes { path: ParameterPath::default(), selection, found: Vec::new() };
    model.visit(&mut shapes);
    shapes.selection.check()?;
    Ok(shapes.found)
}

struct Shapes {
    path: ParameterPath,
    selection: Selection,
    found: Vec<ParameterShape>,
}

impl<B: Backend> ModuleVisitor<B> for Shapes {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let mut shape = param.lazy_shape().to_vec();
        if self.path.is_transposed() {
            shape.reverse();
        }
        let learns = self.selection.learns(&self.path);
        let is_adapter = self.path.is_adapter();
        self.found.push(ParameterShape { name: self.path.name(), shape, is_adapter, learns });
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn_flex::Flex;
    use serde_json::Value;

    use super::*;
    use crate::metrics::peak_memory_bytes;

    fn shapes(lora: &LoraConfig, freeze: &[&str]) -> Result<Vec<ParameterShape>> {
        let text = include_str!("../../tests/fixtures/released_configs/Qwen2.5-VL-3B-Instruct.json");
        let config: Value = serde_json::from_str(text).unwrap();
        let freeze: Vec<String> = freeze.iter().map(|&pattern| pattern.to_owned()).collect();
        parameter_shapes::<Flex>(&ModelConfig::from_json(&config).unwrap(), lora, &freeze)
    }

    #[test]
    fn names_and_shapes_are_the_checkpoints_and_nothing_is_allocated() {
        let shapes = shapes(&LoraConfig::default(), &[]).unwrap();
        let find = |name: &str| shapes.iter().find(|found| found.name == name);
        assert_eq!(find("visual.merger.mlp.2.weight").unwrap().shape, [2048, 5120]);
        assert_eq!(find("model.layers.35.self_attn.k_proj.weight").unwrap().shape, [256, 2048]);
        assert_eq!(find("lm_head.weight"), None, "tied");
        assert!(shapes.iter().all(|shape| shape.learns && !shape.is_adapter));
        // 15 GB of parameters, had they been created.
        assert!(peak_memory_bytes().is_none_or(|bytes| bytes < 4 << 30));
    }

    #[test]
    fn adapters_learn_alone_and_frozen_names_do_not() {
        let lora = LoraConfig { rank: 8, ..LoraConfig::default() };
        let adapted = shapes(&lora, &["visual.*"]).unwrap();
        let learning: Vec<&ParameterShape> = adapted.iter().filter(|shape| shape.learns).collect();
        // Seven projections in each of 36 layers, A and B.
        assert_eq!(learning.len(), 7 * 36 * 2);
        assert!(learning.iter().all(|shape| shape.is_adapter && shape.name.starts_with("model.")));
        let frozen = shapes(&LoraConfig::default(), &["visual.*"]).unwrap();
        assert!(frozen.iter().all(|shape| shape.learns != shape.name.starts_with("visual.")));
        assert!(shapes(&LoraConfig::default(), &["vision.*"]).is_err());
    }
}
