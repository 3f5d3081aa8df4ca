//! The list of model families. A family is a folder beside this file, declared in `mod.rs`, and one line
//! here; everything that differs from family to family follows from the list.
//!
//! A folder offers six things:
//!
//! | item | what it states |
//! |---|---|
//! | `MODEL_TYPES` | the values of `model_type` in `config.json` that are read as this family |
//! | `read_config` | the configuration, from a parsed `config.json` |
//! | `Network<B>` | its parameters: `Network::new(&ModelConfig, &B::Device)`, and [`super::Policy`] (`decoder.rs`) |
//! | `NAMES` | parts of parameters' names that a checkpoint has otherwise |
//! | `PREFIXES` | beginnings of names that its released checkpoints have otherwise |
//! | `UNUSED` | endings of the names of tensors that a checkpoint may hold for nothing |

/// Hands the list of families, `Name: folder` each, to another macro.
macro_rules! families {
    ($then:ident) => {
        $then! {
            Qwen2_5Vl: qwen2_5_vl,
            Qwen3Vl: qwen3_vl,
            Qwen2: qwen2,
            Llama: llama,
        }
    };
}
pub(super) use families;

macro_rules! define_family {
    ($($family:ident: $folder:ident),* $(,)?) => {
        /// A model family; the name of its folder says which models it covers.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Family {
            $(#[doc = concat!("The models of `model/", stringify!($folder), "`.")] $family),*
        }
    };
}
families!(define_family);
