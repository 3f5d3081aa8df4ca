//! Hand-written kernels against the generic form on every backend that is compiled in: values and gradients, over odd
//! shapes and views too.

#[path = "kernels/attention.rs"]
mod attention;
#[path = "kernels/cache.rs"]
mod cache;
#[path = "kernels/draw.rs"]
mod draw;
#[path = "kernels/elementwise.rs"]
mod elementwise;
#[cfg(feature = "tch")]
#[path = "kernels/memory.rs"]
mod memory;
#[path = "kernels/optimizer.rs"]
mod optimizer;
#[path = "kernels/products.rs"]
mod products;
#[path = "kernels/tensors.rs"]
mod tensors;

/// The checks of a backend in a float type: a module of tests of its name.
macro_rules! check {
    ($module:ident, $backend:ty, $precision:expr) => {
        mod $module {
            use super::{tensors::*, *};

            type Tested = $backend;

            #[test]
            fn rms_norm() {
                elementwise::rms_norm::<Tested>($precision);
            }

            #[test]
            fn gated_silu() {
                elementwise::gated_silu::<Tested>($precision);
            }

            #[test]
            fn views_that_are_not_contiguous() {
                elementwise::views_that_are_not_contiguous::<Tested>($precision);
            }

            #[test]
            fn project() {
                products::project::<Tested>($precision);
            }

            #[test]
            fn project_with_gradients() {
                products::project_with_gradients::<Tested>($precision);
            }

            #[test]
            fn project_transposed() {
                products::project_transposed::<Tested>($precision);
            }

            #[test]
            fn frozen_weights_have_no_gradient() {
                products::frozen_weights_have_no_gradient::<Tested>($precision);
            }

            #[test]
            fn packed() {
                products::packed::<Tested>($precision);
                products::packed_rows_stand_alone::<Tested>($precision);
                products::packed_passes_on_what_is_not_finite::<Tested>($precision);
            }

            #[test]
            fn self_attention() {
                attention::self_attention::<Tested>($precision);
            }

            #[test]
            fn tree_attention() {
                attention::tree_attention::<Tested>($precision);
            }

            #[test]
            fn cached_attention() {
                cache::cached_attention::<Tested>($precision);
            }

            #[test]
            fn decoding_gives_what_one_pass_gives() {
                cache::decoding_gives_what_one_pass_gives::<Tested>($precision);
            }

            #[test]
            fn target_logprobs() {
                draw::target_logprobs::<Tested>($precision);
            }

            #[test]
            fn draw_tokens() {
                draw::draw_tokens::<Tested>($precision);
            }

            #[test]
            fn tokens_come_as_often_as_the_softmax_says() {
                draw::tokens_come_as_often_as_the_softmax_says::<Tested>();
            }

            #[test]
            fn adamw() {
                optimizer::adamw::<Tested>();
            }
        }
    };
}

#[cfg(feature = "flex")]
check!(flex, burn_flex::Flex, SINGLE);
#[cfg(feature = "flex")]
check!(flex_in_bf16, burn_flex::Flex, BRAIN);
#[cfg(feature = "tch")]
check!(libtorch, burn::backend::LibTorch, SINGLE);
#[cfg(feature = "tch")]
check!(libtorch_in_bf16, burn::backend::LibTorch, BRAIN);
