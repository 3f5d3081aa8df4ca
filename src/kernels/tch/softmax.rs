//! One call of LibTorch's fused attention and one of its gradients: flash attention on the processor, memory-efficient
//! attention on CUDA. Neither keeps a matrix of scores.

use tch::{Device, Kind, Tensor};

/// CUDA's kernel counts queries in blocks of this many where it keeps their logarithms.
const QUERY_BLOCK: usize = 32;
/// CUDA's kernel reads a bias in vectors of up to this many numbers, and so it does a head.
const VECTOR: usize = 8;
/// CUDA's kernel reads vectors of at most this many bytes, from addresses that are their multiples.
const VECTOR_BYTES: usize = 16;

/// What attention gives, and what its gradient needs besides its inputs.
pub(super) struct Attended {
    /// `[rows, heads, queries, head_dim]`
    pub output: Tensor,
    /// The logarithm of each softmax's denominator in f32, `[rows, heads, queries]`.
    pub log_totals: Tensor,
}

/// Attention of queries `[rows, heads, queries, head_dim]` over `[rows, key_heads, keys, head_dim]`; query head `h`
/// reads key head `h / (heads / key_heads)`. Where it is causal, query `q` sees the keys up to key `q`.
pub(super) fn attend(query: &Tensor, key: &Tensor, value: &Tensor, causal: bool) -> Attended {
    let none = None::<Tensor>;
    if query.device() == Device::Cpu {
        let (output, log_totals) = Tensor::internal_scaled_dot_product_flash_attention_for_cpu(
            query, key, value, 0.0, causal, none, None,
        );
        return Attended { output, log_totals };
    }
    let [key, value] = [key, value].map(|heads| repeat_heads(heads, group(query, key)));
    let [own_query, key, value] = [query, &key, &value].map(readable);
    let (output, log_totals, ..) = Tensor::internal_scaled_dot_product_efficient_attention(
        &own_query,
        &key,
        &value,
        none,
        true,
        0.0,
        causal,
        scale(query),
    );
    let log_totals = log_totals.narrow(2, 0, query.size()[2]);
    Attended { output: without_padding(&output, query), log_totals }
}

/// Attention with a bias on the scaled scores, `[rows, 1, queries or 1, keys]` in any float type, and without what a
/// gradient needs; shapes as in [`attend`]. The kernel is named and not left to LibTorch to choose: one of its choices
/// compiles a plan for every new number of keys.
pub(super) fn attend_masked(query: &Tensor, key: &Tensor, value: &Tensor, bias: Option<&Tensor>) -> Tensor {
    if query.device() == Device::Cpu {
        let bias = bias.map(|bias| bias.to_kind(query.kind()));
        return Tensor::internal_scaled_dot_product_flash_attention_for_cpu(
            query, key, value, 0.0, false, bias, None,
        )
        .0;
    }
    let [key, value] = [key, value].map(|heads| repeat_heads(heads, group(query, key)));
    let bias = bias.map(|bias| aligned(bias, query, key.size()[2]));
    let [own_query, key, value] = [query, &key, &value].map(readable);
    let (output, ..) = Tensor::internal_scaled_dot_product_efficient_attention(
        &own_query,
        &key,
        &value,
        bias,
        false,
        0.0,
        false,
        scale(query),
    );
    without_padding(&output, query)
}

/// Heads `[rows, heads, sequence, head_dim]` as CUDA's kernel can read them: whole vectors of features, the last filled
/// up with zeros, from addresses where a vector may start. LibTorch sees to both before it chooses a kernel; called
/// directly, the kernel reads wrong numbers or fails. What fits already is not copied.
fn readable(heads: &Tensor) -> Tensor {
    let [.., head_dim] = heads.size()[..] else { unreachable!("heads have four dimensions") };
    let whole = (head_dim as usize).next_multiple_of(VECTOR) as i64;
    if whole != head_dim {
        return heads.constant_pad_nd([0, whole - head_dim]);
    }
    let bytes = heads.kind().elt_size_in_bytes();
    let starts = heads.stride().into_iter().rev().skip(1).map(|stride| stride as usize * bytes);
    let fits = heads.stride().last() == Some(&1)
        && starts.chain([heads.data_ptr() as usize]).all(|start| start.is_multiple_of(VECTOR_BYTES));
    if fits { heads.shallow_clone() } else { heads.copy() }
}

/// What scores are multiplied by: it follows the features of a head, not what fills them up.
fn scale(heads: &Tensor) -> f64 {
    (heads.size()[3] as f64).powf(-0.5)
}

/// The features that `heads` has.
fn without_padding(padded: &Tensor, heads: &Tensor) -> Tensor {
    padded.narrow(3, 0, heads.size()[3])
}

/// A bias in the queries' type for all heads and queries, with rows that start where CUDA's kernel can read them.
fn aligned(bias: &Tensor, query: &Tensor, keys: i64) -> Tensor {
    let [rows, heads, queries, _] = query.size()[..] else { unreachable!("heads have four dimensions") };
    let own = [bias.size()[0], 1, bias.size()[2], (keys as usize).next_multiple_of(VECTOR) as i64];
    let mut copy = Tensor::empty(own, (query.kind(), query.device())).narrow(3, 0, keys);
    copy.copy_(bias);
    copy.expand([rows, heads, queries, keys], false)
}

/// Gradients of queries, keys and values. Output and logarithms may be those of a softmax over more keys than these:
/// the gradients are then this part's share.
pub(super) fn attend_backward(
    gradient: &Tensor,
    [query, key, value]: [&Tensor; 3],
    attended: &Attended,
    causal: bool,
) -> [Tensor; 3] {
    let Attended { output, log_totals } = attended;
    if query.device() != Device::Cpu {
        return on_cuda(gradient, [query, key, value], attended, causal);
    }
    let (of_query, of_key, of_value) = Tensor::internal_scaled_dot_product_flash_attention_for_cpu_backward(
        gradient,
        query,
        key,
        value,
        output,
        log_totals,
        0.0,
        causal,
        None::<Tensor>,
        None,
    );
    [of_query, of_key, of_value]
}

/// The gradients by CUDA's kernel, which has sequence before heads, and as many heads of keys as of queries.
fn on_cuda(
    gradient: &Tensor,
    [query, key, value]: [&Tensor; 3],
    attended: &Attended,
    causal: bool,
) -> [Tensor; 3] {
    let group = group(query, key);
    let [wide_key, wide_value] = [key, value].map(|heads| repeat_heads(heads, group));
    let [own_query, wide_key, wide_value, gradient, output] =
        [query, &wide_key, &wide_value, gradient, &attended.output].map(readable);
    let swap = |heads: &Tensor| heads.transpose(1, 2);
    // The kernel draws nothing at random, so that neither seed nor offset is read.
    let unread = Tensor::zeros([1], (Kind::Int64, Device::Cpu));
    let (of_query, of_key, of_value, _) = Tensor::internal_efficient_attention_backward(
        &swap(&gradient),
        &swap(&own_query),
        &swap(&wide_key),
        &swap(&wide_value),
        None::<Tensor>,
        &swap(&output),
        None,
        None,
        query.size()[2],
        key.size()[2],
        &padded(&attended.log_totals),
        0.0,
        &unread,
        &unread,
        i64::from(causal),
        false,
        scale(query),
        None,
        None,
        false,
    );
    let [of_query, of_key, of_value] =
        [of_query, of_key, of_value].map(|gradient| without_padding(&gradient, &swap(query)));
    [swap(&of_query), sum_heads(&swap(&of_key), group), sum_heads(&swap(&of_value), group)]
}

/// Query heads that share one head of keys.
fn group(query: &Tensor, key: &Tensor) -> i64 {
    query.size()[1] / key.size()[1]
}

/// Each head of `[rows, heads, sequence, head_dim]` as often as queries share it.
fn repeat_heads(heads: &Tensor, group: i64) -> Tensor {
    if group == 1 {
        return heads.shallow_clone();
    }
    // By way of sequence before heads, which is the order that the kernel reads.
    heads.transpose(1, 2).repeat_interleave_self_int(group, 2, None).transpose(1, 2)
}

/// The gradient of heads that were repeated.
fn sum_heads(gradient: &Tensor, group: i64) -> Tensor {
    if group == 1 {
        return gradient.shallow_clone();
    }
    let [rows, heads, sequence, head_dim] = gradient.size()[..] else {
        unreachable!("heads have four dimensions")
    };
    let grouped = gradient.reshape([rows, heads / group, group, sequence, head_dim]);
    grouped.sum_dim_intlist([2i64].as_slice(), false, Kind::Float).to_kind(gradient.kind())
}

/// Logarithms filled up to whole blocks of queries with infinities, under which a weight is zero.
fn padded(log_totals: &Tensor) -> Tensor {
    let [rows, heads, queries] = log_totals.size()[..] else {
        unreachable!("logarithms have three dimensions")
    };
    let whole = (queries as usize).next_multiple_of(QUERY_BLOCK) as i64;
    let filled = Tensor::full([rows, heads, whole], f64::INFINITY, (Kind::Float, log_totals.device()));
    filled.narrow(2, 0, queries).copy_(log_totals);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(head_dim: i64) -> Tensor {
        let shape = [2, 3, 5, head_dim];
        Tensor::arange(shape.iter().product::<i64>(), (Kind::Float, Device::Cpu)).sin().reshape(shape)
    }

    #[test]
    fn heads_that_a_vector_fits_are_not_copied() {
        let fitting = heads(16);
        assert_eq!(readable(&fitting).data_ptr(), fitting.data_ptr());
        let swapped = fitting.transpose(1, 2);
        assert_eq!(readable(&swapped).data_ptr(), swapped.data_ptr());
    }

    #[test]
    fn heads_at_odd_places_are_copied_to_places_where_a_vector_may_start() {
        for (from, row) in [(1, 19), (4, 18)] {
            let wider = heads(row);
            let odd = wider.narrow(3, from, 8);
            let even = readable(&odd);
            assert!(even.is_contiguous() && (even.data_ptr() as usize).is_multiple_of(VECTOR_BYTES));
            assert_eq!(even, odd);
        }
    }

    /// The kernel of the processor stands for CUDA's: both take the same arguments.
    #[test]
    fn attention_over_filled_up_heads_is_that_of_the_heads() {
        let [query, key, value] = [heads(6), heads(6).cos(), heads(6) * 0.5];
        let direct = attend(&query, &key, &value, true);
        let [wide_query, wide_key, wide_value] = [&query, &key, &value].map(readable);
        assert_eq!(wide_query.size(), [2, 3, 5, 8]);
        let (output, log_totals) = Tensor::internal_scaled_dot_product_flash_attention_for_cpu(
            &wide_query,
            &wide_key,
            &wide_value,
            0.0,
            true,
            None::<Tensor>,
            scale(&query),
        );
        assert!(without_padding(&output, &query).allclose(&direct.output, 1e-5, 1e-6, false));
        assert!(log_totals.allclose(&direct.log_totals, 1e-5, 1e-6, false));
    }
}
