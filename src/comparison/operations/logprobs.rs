//! The cases of `target_logprobs`.

use burn::tensor::{Tensor, TensorData};
use serde_json::{Value, json};

use super::{
    case::CaseWork,
    function::{MatrixFunction, works},
    inputs::MatrixInput,
};
use crate::kernels::{Kernels, TrainBackend};

const TEMPERATURE: f64 = 0.7;

struct LogprobsCase {
    vocabulary: usize,
    targets: Vec<u32>,
}

impl LogprobsCase {
    /// Targets over all of the vocabulary, its first and last tokens among them.
    fn new([tokens, vocabulary]: [usize; 2]) -> Self {
        let target = |token: usize| match token % 5 {
            0 => 0,
            1 => vocabulary - 1,
            _ => token * 7919 % vocabulary,
        };
        Self { vocabulary, targets: (0..tokens).map(|token| target(token) as u32).collect() }
    }
}

impl MatrixFunction<1> for LogprobsCase {
    fn inputs(&self) -> [MatrixInput; 1] {
        [MatrixInput { name: "scores", shape: [self.targets.len(), self.vocabulary], scale: 3.0 }]
    }

    fn parameters(&self) -> Value {
        json!({"temperature": TEMPERATURE, "targets": self.targets})
    }

    fn on<B: Kernels>(&self, _: &B::Device) -> impl Fn([Tensor<B, 2>; 1]) -> Tensor<B, 2> {
        |[scores]| B::target_logprobs(scores, &self.targets, TEMPERATURE).logprobs.unsqueeze_dim(1)
    }

    fn beside<B: Kernels>(&self, [scores]: [Tensor<B, 2>; 1]) -> Vec<(String, TensorData)> {
        let entropy = B::target_logprobs(scores, &self.targets, TEMPERATURE).entropy;
        vec![("entropy".to_owned(), entropy.into_data())]
    }
}

pub(super) fn target_logprobs<B: TrainBackend>(large: bool) -> Vec<CaseWork<B>> {
    let small = [[1, 2], [7, 33], [50, 300], [3, 5003]].map(LogprobsCase::new);
    let at_3b = large.then(|| LogprobsCase::new([512, 151_936]));
    works(small.into(), at_3b.into_iter().collect())
}
