//! Log-probabilities of targets, and tokens that are drawn.

use burn::{
    backend::Autodiff,
    tensor::{Int, Tensor},
};
use spark::kernels::{Kernels, RowDraw, generic};

use super::tensors::{Precision, assert_close, assert_same, leaf, plain};

/// The last has more scores than LibTorch's kernels work on at once.
pub fn target_logprobs<B: Kernels>(precision: Precision)
where
    Autodiff<B>: Kernels,
{
    for (tokens, vocabulary) in [(1, 2), (7, 33), (50, 300), (70, 3000)] {
        let targets: Vec<u32> = (0..tokens as u32).map(|token| token * 7 % vocabulary as u32).collect();
        let column = |logprobs: Tensor<Autodiff<B>, 1>| logprobs.unsqueeze_dim::<2>(1);
        for temperature in [0.7, 1.0] {
            let scores = leaf::<B, 2>([tokens, vocabulary], 1, precision).mul_scalar(3.0);
            assert_same(
                [scores.detach().require_grad()],
                precision,
                |[scores]| column(Autodiff::<B>::target_logprobs(scores, &targets, temperature).logprobs),
                |[scores]| column(generic::target_logprobs(scores, &targets, temperature).logprobs),
            );
            let scores = plain::<B, 2>([tokens, vocabulary], 2, precision);
            let own = B::target_logprobs(scores.clone(), &targets, temperature);
            let theirs = generic::target_logprobs(scores, &targets, temperature);
            assert_close(own.entropy, theirs.entropy, precision);
            assert_close(own.logprobs, theirs.logprobs, precision);
        }
    }
}

/// Rows that are drawn in every way.
fn draws(uniform: f64, seen: &[u32]) -> Vec<RowDraw<'_>> {
    let plain = RowDraw {
        scores: 0,
        uniform: Some(uniform),
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        repetition_penalty: 1.0,
        seen: &[],
    };
    vec![
        plain,
        RowDraw { temperature: 0.3, ..plain },
        RowDraw { temperature: 0.0, ..plain },
        RowDraw { top_k: 3, ..plain },
        RowDraw { top_p: 0.6, temperature: 1.4, ..plain },
        RowDraw { top_p: 0.8, top_k: 4, ..plain },
        RowDraw { top_p: 1e-6, ..plain },
        RowDraw { top_k: 1_000_000, ..plain },
        RowDraw { repetition_penalty: 1.7, seen, ..plain },
        RowDraw { repetition_penalty: 1.7, seen, temperature: 0.0, ..plain },
        RowDraw { repetition_penalty: 0.5, seen, top_k: 5, top_p: 0.9, ..plain },
    ]
}

/// The same uniform number draws the same token, from vocabularies that fill their cubes and that do not.
pub fn draw_tokens<B: Kernels>(precision: Precision) {
    for vocabulary in [1, 2, 7, 8, 33, 300, 1001] {
        let scores = plain::<B, 2>([4, vocabulary], 5, precision).mul_scalar(3.0);
        let seen: Vec<u32> =
            [0, 5, 5, 300, 31].into_iter().filter(|&id| (id as usize) < vocabulary).collect();
        for number in 0..40 {
            let uniform = f64::from(number) / 40.0 + 0.003;
            let rows: Vec<RowDraw<'_>> = draws(uniform, &seen)
                .into_iter()
                .enumerate()
                .map(|(place, row)| RowDraw { scores: place % 4, ..row })
                .collect();
            let own = B::draw_tokens(scores.clone(), &rows);
            let theirs = generic::draw_tokens(scores.clone(), &rows);
            let ids = |ids: Tensor<B, 1, Int>| ids.into_data().iter::<u32>().collect::<Vec<_>>();
            assert_eq!(ids(own.ids), ids(theirs.ids), "vocabulary {vocabulary}, uniform {uniform}");
            assert_close(own.logprobs, theirs.logprobs, precision);
        }
    }
}

/// Probabilities by hand: softmax of 0, 2, 1, −1 at temperatures 1 and 0.5, and what top-k and top-p leave of it.
pub fn tokens_come_as_often_as_the_softmax_says<B: Kernels>() {
    let plain = draws(0.0, &[])[0];
    let of = |row: RowDraw<'static>| {
        let count = 4000;
        let rows: Vec<_> = (0..count)
            .map(|number| RowDraw { uniform: Some((f64::from(number) + 0.5) / f64::from(count)), ..row })
            .collect();
        let scores = Tensor::<B, 2>::from_floats([[0.0, 2.0, 1.0, -1.0]], &Default::default());
        for drawn in [B::draw_tokens(scores.clone(), &rows), generic::draw_tokens(scores, &rows)] {
            let mut found = [0.0; 4];
            drawn.ids.into_data().iter::<u32>().for_each(|id| found[id as usize] += 1.0 / f64::from(count));
            let expected = match (row.temperature, row.top_k, row.top_p) {
                (0.5, ..) => [0.0159, 0.8650, 0.1171, 0.0021],
                (_, 2, _) | (_, _, 0.7) => [0.0, 0.7311, 0.2689, 0.0],
                (_, _, 0.6) => [0.0, 1.0, 0.0, 0.0],
                _ => [0.0871, 0.6439, 0.2369, 0.0321],
            };
            let close = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-3);
            assert!(close, "{row:?}: {found:?}");
        }
    };
    of(plain);
    of(RowDraw { temperature: 0.5, ..plain });
    of(RowDraw { top_k: 2, ..plain });
    of(RowDraw { top_p: 0.7, ..plain });
    of(RowDraw { top_p: 0.6, ..plain });
}
