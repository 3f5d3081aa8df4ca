//! From the list of families to one type: the network of whichever family a configuration is for, and how
//! each family's configuration is read. Everything here is generated from the list in [`super::family`].

// A model has one network, and Burn has no boxed modules; its derived types are concerned, too.
#![allow(clippy::large_enum_variant)]

use std::path::Path;

use anyhow::{Context, Result};
use burn::{module::Module, tensor::backend::Backend};
use serde_json::Value;

use super::{
    config::{ConfigFile, ModelConfig},
    family::{Family, families},
    policy::Policy,
};
use crate::error::input_error;

/// Reads one family's configuration.
type ReadConfig = fn(&ConfigFile<'_>) -> Result<ModelConfig>;

macro_rules! define_network {
    ($($family:ident: $folder:ident),* $(,)?) => {
        /// The parameters of a model, whatever its family.
        #[derive(Module, Debug)]
        pub enum Network<B: Backend> {
            $($family(super::$folder::Network<B>)),*
        }

        impl<B: Backend> Network<B> {
            /// A network of zeros with unit norms.
            pub fn new(config: &ModelConfig, device: &B::Device) -> Self {
                match config.family {
                    $(Family::$family => Self::$family(super::$folder::Network::new(config, device))),*
                }
            }

            /// What the family states of it.
            pub fn policy(&self) -> &dyn Policy<B> {
                match self {
                    $(Self::$family(network) => network),*
                }
            }

            /// The same, to change it.
            pub fn policy_mut(&mut self) -> &mut dyn Policy<B> {
                match self {
                    $(Self::$family(network) => network),*
                }
            }
        }

        impl Family {
            /// Endings of the names of tensors that a checkpoint may hold and the model does not need.
            pub(super) fn unused_tensors(self) -> &'static [&'static str] {
                match self {
                    $(Self::$family => super::$folder::UNUSED),*
                }
            }

            /// Beginnings of parameters' names, ours and those of released checkpoints.
            fn prefixes(self) -> &'static [(&'static str, &'static str)] {
                match self {
                    $(Self::$family => super::$folder::PREFIXES),*
                }
            }
        }

        /// Every family's values of `model_type`, and how its file is read.
        const READERS: &[(&[&str], ReadConfig)] = &[
            $((super::$folder::MODEL_TYPES, super::$folder::read_config)),*
        ];
    };
}
families!(define_network);

impl Family {
    /// What a parameter is called in a released checkpoint of this family: its name here, but for the beginning.
    pub(super) fn stored_name(self, name: &str) -> String {
        let stored = |(ours, theirs): &(&str, &str)| Some(format!("{theirs}{}", name.strip_prefix(ours)?));
        self.prefixes().iter().find_map(stored).unwrap_or_else(|| name.to_owned())
    }
}

impl ModelConfig {
    /// Reads `config.json` of a Hugging Face directory.
    ///
    /// # Errors
    /// When the file is missing, malformed, or asks for something that is not supported.
    pub fn from_dir(dir: &Path) -> Result<Self> {
        let path = dir.join("config.json");
        let text = std::fs::read_to_string(&path).map_err(|error| {
            input_error(format!(
                "{}: cannot read the model's configuration ({error}); name a Hugging Face model directory",
                path.display()
            ))
        })?;
        let value: Value = serde_json::from_str(&text)
            .map_err(|error| input_error(format!("{}: not valid JSON: {error}", path.display())))?;
        Self::from_json(&value).with_context(|| format!("in {}", path.display()))
    }

    /// Reads either layout: text fields at the top level, or under `text_config`. The family follows from
    /// `model_type`.
    ///
    /// # Errors
    /// As [`ModelConfig::from_dir`].
    pub fn from_json(config: &Value) -> Result<Self> {
        let file = ConfigFile::new(config);
        let family = READERS.iter().find(|(types, _)| types.contains(&file.model_type));
        let (_, read) = family.ok_or_else(|| {
            let types: Vec<&str> = READERS.iter().flat_map(|(types, _)| types.iter().copied()).collect();
            let (last, others) = types.split_last().expect("there are families");
            let experts = if file.model_type.contains("moe") { ", nor are mixtures of experts" } else { "" };
            input_error(format!(
                "model_type {} is not supported{experts}; use {} or {last}",
                file.model_type,
                others.join(", ")
            ))
        })?;
        read(&file)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_model_type_that_no_family_claims_is_refused_with_those_that_are() {
        let refusal = |config| ModelConfig::from_json(&config).unwrap_err().to_string();
        let expected = "model_type gemma is not supported; use qwen2_5_vl, qwen3_vl, qwen2, qwen3 or llama";
        assert_eq!(refusal(json!({"model_type": "gemma"})), expected);
        assert!(refusal(json!({})).contains("model_type missing"));
    }

    #[test]
    fn names_in_a_released_checkpoint_are_the_familys() {
        let stored = |family: Family| {
            ["visual.merger.norm.bias", "model.layers.0.mlp.up_proj.weight", "lm_head.weight"]
                .map(|name| family.stored_name(name))
        };
        assert_eq!(
            stored(Family::Qwen3Vl),
            [
                "model.visual.merger.norm.bias",
                "model.language_model.layers.0.mlp.up_proj.weight",
                "lm_head.weight"
            ]
        );
        assert_eq!(stored(Family::Qwen2_5Vl)[0], "visual.merger.norm.bias");
        assert_eq!(stored(Family::Llama)[1], "model.layers.0.mlp.up_proj.weight");
    }

    #[test]
    fn no_model_type_is_claimed_by_two_families() {
        let types = || READERS.iter().flat_map(|(types, _)| types.iter());
        assert_eq!(types().collect::<HashSet<_>>().len(), types().count());
        assert!(READERS.iter().all(|(types, _)| !types.is_empty()));
    }
}
