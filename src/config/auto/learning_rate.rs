//! The learning rate that suits what learns.

use anyhow::Result;

use crate::{
    backend::{Job, run_without_device},
    kernels::TrainBackend,
    model::{ModelConfig, ParameterCounts, lora::LoraConfig, parameter_shapes},
};

/// For all weights: what reinforcement learning on pretrained models is published with, at any size (verl, TRL and
/// EasyR1 ship 1e-6; the SPARK paper takes 5e-7).
const ALL_WEIGHTS: f64 = 1e-6;

/// For adapters, up to so many billions of parameters of the base. They start from nothing and are few, so that they
/// take ten times as much as all weights of a large model, and the more the smaller the model is: its adapters are
/// narrower, and its answers farther from what is rewarded.
const ADAPTERS: [(f64, f64); 4] = [(0.7, 2e-4), (2.0, 1e-4), (5.0, 5e-5), (10.0, 2e-5)];

/// For adapters of larger models, and where the size is not known.
const ADAPTERS_OF_LARGE: f64 = 1e-5;

/// The rate, and why.
pub(super) fn decided(model: Option<&ModelConfig>, lora: &LoraConfig) -> (f64, String) {
    if !lora.is_on() {
        return (ALL_WEIGHTS, "all weights learn".to_owned());
    }
    match model.and_then(|model| run_without_device(CountWeights(model)).ok()) {
        Some(weights) => {
            let billions = weights as f64 / 1e9;
            (of_adapters(billions), format!("adapters learn, of a model of {billions:.2} billion parameters"))
        }
        None => (ADAPTERS_OF_LARGE, "adapters learn; the model's size cannot be read yet".to_owned()),
    }
}

fn of_adapters(billions: f64) -> f64 {
    let fits = |&&(most, _): &&(f64, f64)| billions <= most;
    ADAPTERS.iter().find(fits).map_or(ADAPTERS_OF_LARGE, |&(_, rate)| rate)
}

struct CountWeights<'a>(&'a ModelConfig);

impl Job for CountWeights<'_> {
    type Output = u64;

    fn run<B: TrainBackend>(self, _device: B::Device) -> Result<u64> {
        Ok(ParameterCounts::new(&parameter_shapes::<B>(self.0, &LoraConfig::default(), &[])?).total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(text: &str) -> ModelConfig {
        ModelConfig::from_json(&serde_json::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn all_weights_have_one_rate_and_adapters_one_by_size() {
        let small = published(include_str!("../../../tests/fixtures/released_configs/SmolLM2-135M.json"));
        let large =
            published(include_str!("../../../tests/fixtures/released_configs/Qwen2.5-7B-Instruct.json"));
        let adapters = LoraConfig { rank: 8, ..LoraConfig::default() };
        let full = LoraConfig::default();
        assert_eq!([&small, &large].map(|model| decided(Some(model), &full).0), [1e-6; 2]);
        assert_eq!([&small, &large].map(|model| decided(Some(model), &adapters).0), [2e-4, 2e-5]);
        assert!(decided(Some(&small), &adapters).1.contains("0.13 billion"));
        assert_eq!(decided(None, &adapters).0, 1e-5);
    }

    #[test]
    fn larger_models_never_take_larger_rates() {
        let rates = [0.1, 0.7, 0.8, 1.5, 3.0, 7.6, 32.0, 400.0].map(of_adapters);
        assert!(rates.is_sorted_by(|first, second| first >= second), "{rates:?}");
        assert_eq!([rates[0], rates[7]], [2e-4, 1e-5]);
    }
}
