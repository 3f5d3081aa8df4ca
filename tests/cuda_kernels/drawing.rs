//! Drawing of tokens: against the generic form, and against a sort where scores are equal.

use spark::{
    kernels::{
        RowDraw,
        cuda::launch::{
            Pitched,
            Storage::{self, Bf16, F32},
            draw_tokens, draw_words,
        },
        generic,
    },
    random::Stream,
};

use crate::{
    emulator::{Buffer, run},
    numbers::{Plain, assert_close, random, rounded, tensor, values},
};

const ROWS: usize = 24;

/// Ways to draw, each with a few uniform numbers; `seen` is for the penalty.
fn draws(seen: &[u32]) -> Vec<RowDraw<'_>> {
    let plain = RowDraw {
        scores: 0,
        uniform: Some(0.0),
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        repetition_penalty: 1.0,
        seen,
    };
    let kinds = [
        plain,
        RowDraw { temperature: 0.0, ..plain },
        RowDraw { temperature: 0.7, top_k: 5, ..plain },
        RowDraw { top_p: 0.8, ..plain },
        RowDraw { top_p: 0.3, top_k: 40, temperature: 1.3, ..plain },
        RowDraw { repetition_penalty: 1.4, top_k: 1, ..plain },
        RowDraw { repetition_penalty: 1.4, top_p: 0.95, ..plain },
        RowDraw { uniform: None, ..plain },
    ];
    let mut stream = Stream::new(&[5]);
    (0..ROWS)
        .map(|row| {
            let kind = kinds[row % kinds.len()];
            // The rows of scores in another order than the draws.
            RowDraw { scores: row * 5 % ROWS, uniform: kind.uniform.map(|_| stream.uniform()), ..kind }
        })
        .collect()
}

/// Ids and log-probabilities.
fn drawn(of: &[f32], layout: Pitched, storage: Storage, rows: &[RowDraw<'_>]) -> (Vec<u32>, Vec<f32>) {
    let (words, seen) = draw_words(rows);
    let penalised = rows.iter().any(|row| row.penalises());
    let launch = draw_tokens(storage, layout, rows.len(), penalised);
    let [scores, words, seen] =
        [Buffer::matrix(of, layout, storage), Buffer::words(&words), Buffer::words(&seen)];
    let [ids, logprobs] = [(); 2].map(|()| Buffer::empty(4 * rows.len()));
    run(&launch, &[&scores, &words, &seen, &ids, &logprobs]);
    (ids.read_words(), logprobs.read_numbers(F32))
}

#[test]
fn as_the_generic_form() {
    for (columns, pitch) in [(50, 50), (1003, 1004), (5000, 5000)] {
        let of: Vec<f32> = random(ROWS * columns, 1, F32).iter().map(|x| 3.0 * x).collect();
        let seen: Vec<u32> = (0..columns as u32).step_by(3).chain([0, 3]).collect();
        let all = draws(&seen);
        let kept = [all.clone(), all.into_iter().filter(|row| !row.penalises()).collect()];
        for rows in kept {
            let (ids, logprobs) = drawn(&of, Pitched { rows: ROWS, columns, pitch }, F32, &rows);
            let theirs = generic::draw_tokens(tensor::<Plain, 2>(&of, [ROWS, columns]), &rows);
            let their_ids: Vec<i32> = theirs.ids.into_data().iter::<i32>().collect();
            let their_logprobs = values(theirs.logprobs);
            for (row, draw) in rows.iter().enumerate().filter(|(_, draw)| draw.uniform.is_some()) {
                assert_eq!(ids[row] as i32, their_ids[row], "{draw:?} of {columns}");
                assert_close("log-probability", &[logprobs[row]], &[their_logprobs[row]], 2e-5);
            }
        }
    }
}

/// Scores of bf16 are often equal; the first of those at a border are kept.
#[test]
fn equal_scores() {
    let columns = 3000;
    // Adding 0 makes -0 the same number as 0.
    let of: Vec<f32> =
        random(ROWS * columns, 1, F32).iter().map(|x| rounded(x.round() + 0.0, Bf16)).collect();
    let rows = draws(&[1, 2, 3]);
    let (ids, _) = drawn(&of, Pitched { rows: ROWS, columns, pitch: columns + 4 }, Bf16, &rows);
    for (draw, id) in rows.iter().zip(ids).filter(|(draw, _)| draw.uniform.is_some()) {
        assert_eq!(id as usize, by_sorting(&of[draw.scores * columns..][..columns], draw), "{draw:?}");
    }
}

/// Nothing but masked tokens beside a few, no spread at all, and a vocabulary as large as that of Qwen.
#[test]
fn odd_distributions() {
    let columns = 151_936;
    let mut of = vec![f32::NEG_INFINITY; ROWS * columns];
    for (row, scores) in of.chunks_mut(columns).enumerate() {
        match row % 3 {
            0 => (0..7).for_each(|token| scores[token * 20_000 + row] = token as f32 / 2.0),
            1 => scores.fill(-3.5),
            _ => scores.copy_from_slice(&random(columns, row as u64, Bf16)),
        }
    }
    let rows = draws(&[1, 2, 20_003]);
    let (ids, logprobs) = drawn(&of, Pitched::packed(ROWS, columns), Bf16, &rows);
    for ((draw, id), logprob) in
        rows.iter().zip(ids).zip(logprobs).filter(|((draw, _), _)| draw.uniform.is_some())
    {
        let scores = &of[draw.scores * columns..][..columns];
        assert_eq!(id as usize, by_sorting(scores, draw), "{draw:?}");
        let heat = draw.logprob_temperature();
        let total: f64 = scores.iter().map(|&score| (f64::from(score) / heat).exp()).sum();
        let expected = f64::from(scores[id as usize]) / heat - total.ln();
        assert_close("log-probability", &[logprob], &[expected as f32], 2e-5);
    }
}

/// The token that a draw gives, in 64 bits and by a sort.
fn by_sorting(scores: &[f32], draw: &RowDraw<'_>) -> usize {
    let mut scores: Vec<f64> = scores.iter().map(|&score| f64::from(score)).collect();
    if draw.penalises() {
        for &id in draw.seen {
            let score = &mut scores[id as usize];
            *score = if *score > 0.0 {
                *score / draw.repetition_penalty
            } else {
                *score * draw.repetition_penalty
            };
        }
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    if draw.is_greedy() {
        return order[0];
    }
    let weight = |&id: &usize| ((scores[id] - scores[order[0]]) / draw.temperature).exp();
    let total: f64 = order.iter().map(weight).sum();
    let mut kept = Vec::new();
    let mut sum = 0.0;
    for &id in order.iter().take(if draw.top_k == 0 { usize::MAX } else { draw.top_k }) {
        kept.push(id);
        sum += weight(&id);
        if sum >= draw.top_p * total && draw.top_p < 1.0 {
            break;
        }
    }
    kept.sort();
    let mut left = draw.uniform.unwrap() * sum;
    let passes = |id: &&usize| {
        left -= weight(id);
        left < 0.0
    };
    *kept.iter().find(passes).unwrap()
}
