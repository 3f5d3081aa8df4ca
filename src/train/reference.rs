//! The model that the KL penalty holds the policy near: the start, or one that follows the policy.

use std::collections::HashMap;

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    tensor::{
        Tensor,
        backend::{AutodiffBackend, Backend},
    },
};
use serde::{Deserialize, Serialize};

use crate::model::{Model, weights::parameter_names};

/// How the reference moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReferenceMode {
    /// It stays the start.
    #[default]
    Fixed,
    /// Every so many steps it becomes the policy of that step (as in TR-DPO's hard update,
    /// arXiv 2404.09656).
    Refreshed,
    /// After every step `decay · reference + (1 − decay) · policy` (its soft update).
    Ema,
}

/// `decay · reference + (1 − decay) · policy` of every parameter that learns; the others are equal.
pub fn averaged<B: AutodiffBackend>(
    reference: Model<B::InnerBackend>,
    policy: &Model<B>,
    decay: f64,
) -> Model<B::InnerBackend> {
    let mut learning = Learning::<B> { names: parameter_names(policy), found: HashMap::new() };
    policy.visit(&mut learning);
    let names = parameter_names(&reference);
    reference.map(&mut Average { names, policy: learning.found, decay })
}

/// Collects what learns by name: a reference that was read from a file has other ids.
struct Learning<B: AutodiffBackend> {
    names: HashMap<ParamId, String>,
    found: HashMap<String, Tensor<B::InnerBackend, 1>>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Learning<B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let tensor = param.val();
        if tensor.is_require_grad() {
            self.found.insert(self.names[&param.id].clone(), tensor.inner().reshape([-1]));
        }
    }
}

struct Average<B: Backend> {
    names: HashMap<ParamId, String>,
    policy: HashMap<String, Tensor<B, 1>>,
    decay: f64,
}

impl<B: Backend> ModuleMapper<B> for Average<B> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let (id, tensor, mapper) = param.consume();
        let tensor = match self.policy.remove(&self.names[&id]) {
            Some(policy) => {
                let policy = policy.reshape(tensor.dims());
                tensor.mul_scalar(self.decay) + policy.mul_scalar(1.0 - self.decay)
            }
            None => tensor,
        };
        Param::from_mapped_value(id, tensor, mapper)
    }
}
