//! The float types that weights are kept in.

use burn::tensor::DType;
use clap::ValueEnum;
use safetensors::Dtype;
use serde::{Deserialize, Serialize};

/// The type that weights are written in, or that a model computes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 4 bytes, what training computes in: nothing is lost
    #[default]
    F32,
    /// 2 bytes, as most models are released
    Bf16,
    /// 2 bytes, of a smaller range
    F16,
}

impl Precision {
    /// Its name in recipes and options.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        }
    }

    /// PyTorch's name of it.
    pub fn torch_name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::Bf16 => "bfloat16",
            Self::F16 => "float16",
        }
    }

    /// The name of it in a safetensors file.
    pub(super) fn stored(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::Bf16 => Dtype::BF16,
            Self::F16 => Dtype::F16,
        }
    }

    /// Burn's name of it.
    pub fn element(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
            Self::F16 => DType::F16,
        }
    }
}
