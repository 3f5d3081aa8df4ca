//! One call of LibTorch's fused attention and one of its gradients: flash attention on the processor, memory-efficient
//! attention on CUDA. Neither keeps a matrix of scores.

use tch::{Device, Kind, Tensor};

/// CUDA's kernel counts queries in blocks of this many where it keeps their logarithms.
const QUERY_BLOCK: usize = 32;
/// CUDA's kernel reads a bias in vectors of up to this many numbers.
const BIAS_ALIGNMENT: usize = 8;

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
    let (output, log_totals, ..) = Tensor::internal_scaled_dot_product_efficient_attention(
        query, &key, &value, none, true, 0.0, causal, None,
    );
    let log_totals = log_totals.narrow(2, 0, query.size()[2]);
    Attended { output, log_totals }
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
    Tensor::internal_scaled_dot_product_efficient_attention(
        query, &key, &value, bias, false, 0.0, false, None,
    )
    .0
}

/// A bias in the queries' type for all heads and queries, with rows that start where CUDA's kernel can read them.
fn aligned(bias: &Tensor, query: &Tensor, keys: i64) -> Tensor {
    let [rows, heads, queries, _] = query.size()[..] else { unreachable!("heads have four dimensions") };
    let own = [bias.size()[0], 1, bias.size()[2], (keys as usize).next_multiple_of(BIAS_ALIGNMENT) as i64];
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
    let swap = |heads: &Tensor| heads.transpose(1, 2);
    // The kernel draws nothing at random, so that neither seed nor offset is read.
    let unread = Tensor::zeros([1], (Kind::Int64, Device::Cpu));
    let (of_query, of_key, of_value, _) = Tensor::internal_efficient_attention_backward(
        &swap(gradient),
        &swap(query),
        &swap(&wide_key),
        &swap(&wide_value),
        None::<Tensor>,
        &swap(&attended.output),
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
        None,
        None,
        None,
        false,
    );
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
