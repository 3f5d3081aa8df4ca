//! Adapters in PEFT's files, `adapter_config.json` and `adapter_model.safetensors`, both ways.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result};
use burn::tensor::backend::Backend;
use serde_json::{Value, json};

use super::{attach::attach, config::LoraConfig, paths::module_path, targets::Targets};
use crate::{
    error::input_error,
    model::{
        forward::Model,
        weights::{
            Precision, TensorTable, adapter_tensors, fill_adapters, open_tensors, released_name,
            write_tensors,
        },
    },
    storage::write_atomically,
};

/// The file by which a directory is known to hold an adapter.
pub(crate) const ADAPTER_CONFIG: &str = "adapter_config.json";

const ADAPTER_WEIGHTS: &str = "adapter_model.safetensors";

/// The field of the configuration that names the base model.
const BASE: &str = "base_model_name_or_path";

/// What PEFT puts before the name of a module of the model it wraps.
const PREFIX: &str = "base_model.model.";

/// Where models are that adapters call by another name than a path.
static NAMED_BASES: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());

/// Says for the rest of the process where the model is that adapters call by this name, as `org/name` on a hub.
pub fn base_is_at(name: &str, dir: PathBuf) {
    NAMED_BASES.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), dir);
}

/// What an adapter in a directory calls its base model; `None` where the directory has no adapter, or it names none.
///
/// # Errors
/// When the adapter's configuration cannot be read.
pub fn base_named_by(dir: &Path) -> Result<Option<String>> {
    let path = dir.join(ADAPTER_CONFIG);
    if !path.exists() {
        return Ok(None);
    }
    let reading = || format!("reading {}", path.display());
    let value: Value =
        serde_json::from_str(&std::fs::read_to_string(&path).with_context(reading)?).with_context(reading)?;
    Ok(value[BASE].as_str().map(str::to_owned))
}

/// The model directory that an adapter belongs to, and its configuration.
///
/// A relative path counts from the working directory, as in PEFT, or else from the adapter's. What is no path is looked
/// for where [`base_is_at`] said.
///
/// # Errors
/// When the file is malformed, asks for what is not supported, or names no directory that exists.
pub(crate) fn base_of(dir: &Path) -> Result<(PathBuf, LoraConfig)> {
    let path = dir.join(ADAPTER_CONFIG);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| input_error(format!("{}: cannot read ({error})", path.display())))?;
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| input_error(format!("{}: not valid JSON: {error}", path.display())))?;
    let config =
        parse(&value).map_err(|complaint| input_error(format!("{}: {complaint}", path.display())))?;
    let base = value[BASE].as_str().unwrap_or_default();
    let named = NAMED_BASES.lock().unwrap_or_else(PoisonError::into_inner).get(base).cloned();
    let mut candidates = [PathBuf::from(base), dir.join(base)].into_iter().chain(named);
    let found = candidates.find(|candidate| !base.is_empty() && candidate.is_dir());
    let found = found.ok_or_else(|| {
        input_error(format!(
            "{}: base_model_name_or_path {base:?} is no directory, neither from here nor from {}; write the model directory there",
            path.display(),
            dir.display()
        ))
    })?;
    Ok((found, config))
}

fn parse(value: &Value) -> Result<LoraConfig, String> {
    refuse_unsupported(value)?;
    let rank = value["r"].as_u64().filter(|&rank| rank > 0).ok_or("r must be a positive integer")?;
    let alpha = value["lora_alpha"].as_f64().ok_or("lora_alpha must be a number")?;
    let targets: Targets = serde_json::from_value(value["target_modules"].clone())
        .map_err(|_| "target_modules must be a text or a list of texts")?;
    let config = LoraConfig {
        rank: rank as usize,
        alpha,
        dropout: value["lora_dropout"].as_f64().unwrap_or(0.0),
        targets,
        rslora: value["use_rslora"].as_bool().unwrap_or(false),
    };
    config.check().map_err(|error| error.to_string())?;
    Ok(config)
}

/// Settings of PEFT under which the adapter would do something else than ours do.
fn refuse_unsupported(value: &Value) -> Result<(), String> {
    if value["peft_type"] != "LORA" {
        return Err(format!("peft_type {} is not supported; expected \"LORA\"", value["peft_type"]));
    }
    let is_empty = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    let unsupported = [
        "use_dora",
        "use_qalora",
        "use_bdlora",
        "fan_in_fan_out",
        "lora_bias",
        "rank_pattern",
        "alpha_pattern",
        "modules_to_save",
        "layer_replication",
        "layers_to_transform",
        "layers_pattern",
        "exclude_modules",
        "trainable_token_indices",
        "target_parameters",
        "alora_invocation_tokens",
        "arrow_config",
        "kasa_config",
        "monteclora_config",
        "velora_config",
    ];
    if let Some(name) = unsupported.into_iter().find(|name| !is_empty(&value[*name])) {
        return Err(format!("{name} is not supported"));
    }
    match value["bias"].as_str() {
        None | Some("none") => {}
        Some(bias) => return Err(format!("bias \"{bias}\" is not supported; expected \"none\"")),
    }
    match value["init_lora_weights"].as_str() {
        None | Some("gaussian") => Ok(()),
        Some(init) => Err(format!(
            "init_lora_weights \"{init}\" is not supported: it changes the base weights; convert the adapter with PEFT's save_pretrained(path_initial_model_for_weight_conversion=…)"
        )),
    }
}

/// A base model with the adapters of a PEFT directory.
///
/// # Errors
/// When a file is missing or malformed, or adapters are missing, unused or misshapen: all are named.
pub(crate) fn load_adapter<B: Backend>(
    mut model: Model<B>,
    config: LoraConfig,
    dir: &Path,
) -> Result<Model<B>> {
    let path = dir.join(ADAPTER_WEIGHTS);
    let tensors = open_tensors(&path)?.into_iter().map(|(name, tensor)| {
        let name = name.strip_prefix(PREFIX).unwrap_or(&name);
        (released_name(name), tensor)
    });
    let mut table = TensorTable::new(tensors);
    let device = model.device();
    attach(&mut model, &config, &device).with_context(|| dir.join(ADAPTER_CONFIG).display().to_string())?;
    let model = fill_adapters(model, |wanted| table.take(wanted));
    table.finish().with_context(|| format!("in {}", path.display()))?;
    Ok(model)
}

/// Writes a model's adapters as a PEFT directory; `base` is the directory of the model they belong to.
///
/// # Errors
/// When a file cannot be written.
///
/// # Panics
/// When the model has no adapters.
pub(crate) fn save_adapter<B: Backend>(model: &Model<B>, base: &Path, dir: &Path) -> Result<()> {
    let config = model.lora.as_ref().expect("a model with adapters");
    let is_vision_language = model.config.vision.is_some();
    let mut tensors = adapter_tensors(model, Precision::F32);
    for tensor in &mut tensors {
        tensor.name = format!("{PREFIX}{}", module_path(&tensor.name, is_vision_language));
    }
    write_tensors(&tensors, &dir.join(ADAPTER_WEIGHTS))?;
    let settings = json!({
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "inference_mode": true,
        "r": config.rank,
        "lora_alpha": config.alpha,
        "lora_dropout": config.dropout,
        "use_rslora": config.rslora,
        "target_modules": config.targets,
        "bias": "none",
        "fan_in_fan_out": false,
        "init_lora_weights": true,
    });
    write_atomically(&dir.join(ADAPTER_CONFIG), &serde_json::to_string_pretty(&settings)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: impl FnOnce(&mut Value)) -> Result<LoraConfig, String> {
        let mut value = json!({"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"]});
        change(&mut value);
        parse(&value)
    }

    #[test]
    fn what_peft_writes_by_default_is_read() {
        let read = config(|value| {
            value["bias"] = json!("none");
            value["rank_pattern"] = json!({});
            value["use_dora"] = json!(false);
            value["init_lora_weights"] = json!(true);
        });
        let expected = LoraConfig {
            rank: 4,
            alpha: 8.0,
            targets: Targets::Names(vec!["q_proj".into()]),
            ..LoraConfig::default()
        };
        assert_eq!(read.unwrap(), expected);
    }

    #[test]
    fn what_would_change_the_result_is_refused_by_name() {
        let refused = |name: &str, setting: Value| config(|value| value[name] = setting).unwrap_err();
        for name in ["use_dora", "fan_in_fan_out", "lora_bias"] {
            assert!(refused(name, json!(true)).contains(name));
        }
        assert!(refused("rank_pattern", json!({"q_proj": 2})).contains("rank_pattern"));
        assert!(refused("modules_to_save", json!(["lm_head"])).contains("modules_to_save"));
        assert!(refused("bias", json!("all")).contains("bias \"all\""));
        assert!(refused("init_lora_weights", json!("pissa")).contains("pissa"));
        assert!(refused("peft_type", json!("IA3")).contains("IA3"));
        assert!(refused("r", json!(0)).contains("r must be"));
    }
}
