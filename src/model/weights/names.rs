//! What a parameter of the module tree is called in a checkpoint. Knows no values.

use std::collections::HashMap;

use burn::{
    module::{Module, ModuleVisitor, Param, ParamId},
    tensor::{Tensor, backend::Backend},
};

use crate::model::family::families;

macro_rules! define_renamed {
    ($($family:ident: $folder:ident),* $(,)?) => {
        /// Parts of names that cannot be those of fields: ours, and the checkpoint's, of every family.
        const RENAMED: &[&[(&str, &str)]] = &[$(crate::model::$folder::NAMES),*];
    };
}
families!(define_renamed);

/// Levels of the module tree that no checkpoint has: the model around its network, and the choice of the
/// family.
const WRAPPERS: [&str; 2] = ["Struct:Model", "Enum:Network"];

/// Where a parameter is in the module tree, and what that makes of it in a checkpoint.
#[derive(Debug, Default)]
pub struct ParameterPath {
    names: Vec<String>,
    containers: Vec<String>,
}

impl ParameterPath {
    /// Follows [`ModuleVisitor::enter_module`].
    pub fn enter(&mut self, name: &str, container: &str) {
        self.names.push(name.to_owned());
        self.containers.push(container.to_owned());
    }

    /// Follows [`ModuleVisitor::exit_module`].
    pub fn exit(&mut self) {
        self.names.pop();
        self.containers.pop();
    }

    /// The name in a released checkpoint; an adapter's ends as in PEFT.
    pub fn name(&self) -> String {
        let levels = self.names.iter().zip(&self.containers);
        let stored = levels.filter(|(_, container)| !WRAPPERS.contains(&container.as_str()));
        let name = stored.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(".");
        let renamed = RENAMED.iter().copied().flatten();
        renamed
            .fold(name, |name, (ours, theirs)| name.replace(ours, theirs))
            .replace(".adapter.lora_a", ".lora_A.weight")
            .replace(".adapter.lora_b", ".lora_B.weight")
    }

    /// Whether the checkpoint stores the transpose: our projections are `[input, output]`.
    pub fn is_transposed(&self) -> bool {
        self.is_adapter() || (self.is_in("Struct:Projection") && self.names.ends_with(&["weight".into()]))
    }

    /// Whether it belongs to a LoRA adapter rather than to the model.
    pub fn is_adapter(&self) -> bool {
        self.is_in("Struct:Adapter")
    }

    fn is_in(&self, container: &str) -> bool {
        self.containers.last().is_some_and(|last| last == container)
    }
}

/// Our name of a tensor, whichever layout it comes in: that of most releases. What a family's own release calls it is in
/// [`crate::model::Family::stored_name`].
///
/// ```text
/// model.language_model.norm.weight   →   model.norm.weight
/// model.visual.merger.ln_q.weight    →   visual.merger.ln_q.weight
/// ```
pub(crate) fn released_name(name: &str) -> String {
    match name.strip_prefix("model.language_model.") {
        Some(rest) => format!("model.{rest}"),
        None if name.starts_with("model.visual.") => name["model.".len()..].to_owned(),
        None => name.to_owned(),
    }
}

/// The names of all parameters by id, for what is kept per parameter outside the model.
pub(crate) fn parameter_names<B: Backend, M: Module<B>>(model: &M) -> HashMap<ParamId, String> {
    struct Names(ParameterPath, HashMap<ParamId, String>);
    impl<B: Backend> ModuleVisitor<B> for Names {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.0.enter(name, container);
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.0.exit();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            self.1.insert(param.id, self.0.name());
        }
    }
    let mut names = Names(ParameterPath::default(), HashMap::new());
    model.visit(&mut names);
    names.1
}
