//! The two layers every block has: a linear map, with an adapter where it has one, and the gated
//! feed-forward network.

use burn::{
    module::{Initializer, Module, Param},
    tensor::{Distribution, Tensor, backend::Backend},
};

use crate::kernels::{Kernels, PackedWeight, WeightOrder, generic};

/// `x · weight + bias`, and what a low-rank adapter adds to it.
#[derive(Module, Debug)]
pub struct Projection<B: Backend> {
    /// `[input, output]`, the transpose of the checkpoint's.
    pub weight: Param<Tensor<B, 2>>,
    /// `[output]`
    pub bias: Option<Param<Tensor<B, 1>>>,
    pub adapter: Option<Adapter<B>>,
    /// What stands for the weight where nothing but sampling is asked for.
    #[module(skip)]
    packed: Option<PackedWeight>,
}

impl<B: Backend> Projection<B> {
    /// A map of zeros: real weights are loaded, or drawn at random.
    pub fn new(input: usize, output: usize, bias: bool, device: &B::Device) -> Self {
        let zeros = Initializer::Zeros;
        Self {
            weight: zeros.init([input, output], device),
            bias: bias.then(|| zeros.init([output], device)),
            adapter: None,
            packed: None,
        }
    }

    /// A map without a bias by its weight, `[input, output]`.
    pub fn of(weight: Tensor<B, 2>) -> Self {
        Self { weight: Param::from_tensor(weight), bias: None, adapter: None, packed: None }
    }

    /// `[input, output]`, told without making the values.
    pub fn shape(&self) -> [usize; 2] {
        self.weight.lazy_shape().dims()
    }

    /// The plain map that does the same.
    pub fn merged(self) -> Self {
        let Some(adapter) = self.adapter else { return self };
        let delta = adapter.lora_a.val().matmul(adapter.lora_b.val()).mul_scalar(adapter.scale);
        Self { weight: self.weight.map(|weight| weight + delta), adapter: None, ..self }
    }
}

impl<B: Kernels> Projection<B> {
    /// `[tokens, input]` to `[tokens, output]`.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        if let Some([mapped]) = Self::forward_packed([self], &x) {
            return mapped;
        }
        let mapped = B::project(x.clone(), self.weight.val(), self.bias.as_ref().map(Param::val));
        self.adapted(mapped, x)
    }

    /// Several maps of one input together; `None` unless all of them are packed.
    pub fn forward_packed<const N: usize>(all: [&Self; N], x: &Tensor<B, 2>) -> Option<[Tensor<B, 2>; N]> {
        let maps = all.iter().map(|one| Some((one.packed.as_ref()?, one.bias.as_ref().map(Param::val))));
        let maps: Vec<_> = maps.collect::<Option<_>>()?;
        let mapped = B::project_packed(x.clone(), &maps);
        let adapted = mapped.into_iter().zip(all).map(|(mapped, one)| one.adapted(mapped, x.clone()));
        adapted.collect::<Vec<_>>().try_into().ok()
    }

    /// What the map makes of `x`, with what the adapter adds.
    fn adapted(&self, mapped: Tensor<B, 2>, x: Tensor<B, 2>) -> Tensor<B, 2> {
        match &self.adapter {
            None => mapped,
            Some(adapter) => mapped + adapter.forward(x),
        }
    }

    /// Packs the weight, which is then gone; biases and adapters are in f32 from now on. Whether the backend does.
    pub fn pack(&mut self) -> bool {
        let Some(packed) = B::pack(self.weight.val(), WeightOrder::InputFirst) else { return false };
        self.weight = Param::from_tensor(Tensor::zeros([1, 1], &self.weight.val().device()));
        self.packed = Some(packed);
        self.bias = self.bias.take().map(in_f32);
        self.adapter = self.adapter.take().map(|adapter| Adapter {
            lora_a: in_f32(adapter.lora_a),
            lora_b: in_f32(adapter.lora_b),
            ..adapter
        });
        true
    }
}

/// A parameter in f32.
pub(super) fn in_f32<B: Backend, const D: usize>(param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
    param.map(generic::in_f32)
}

/// LoRA (arXiv 2106.09685): `scale · dropout(x) · A · B`.
#[derive(Module, Debug)]
pub struct Adapter<B: Backend> {
    /// `[input, rank]`
    pub lora_a: Param<Tensor<B, 2>>,
    /// `[rank, output]`; zeros at first, so that nothing is added.
    pub lora_b: Param<Tensor<B, 2>>,
    scale: f64,
    dropout: f64,
}

impl<B: Backend> Adapter<B> {
    /// An adapter of zeros for a map of `[input, output]`.
    pub fn new(
        [input, output]: [usize; 2],
        rank: usize,
        scale: f64,
        dropout: f64,
        device: &B::Device,
    ) -> Self {
        Self {
            lora_a: Initializer::Zeros.init([input, rank], device),
            lora_b: Initializer::Zeros.init([rank, output], device),
            scale,
            dropout,
        }
    }
}

impl<B: Kernels> Adapter<B> {
    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let x = self.drop_some(x);
        let low = B::project(x, self.lora_a.val(), None);
        B::project(low, self.lora_b.val(), None).mul_scalar(self.scale)
    }

    /// Dropout while gradients are recorded; sampling and the reference see everything.
    fn drop_some(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        if self.dropout == 0.0 || !B::ad_enabled(&x.device()) {
            return x;
        }
        let kept = 1.0 - self.dropout;
        let mask = x.random_like(Distribution::Bernoulli(kept));
        (x * mask).div_scalar(kept)
    }
}

/// SwiGLU: `down(silu(gate(x)) · up(x))`.
#[derive(Module, Debug)]
pub struct GatedMlp<B: Backend> {
    pub gate_proj: Projection<B>,
    pub up_proj: Projection<B>,
    pub down_proj: Projection<B>,
}

impl<B: Backend> GatedMlp<B> {
    /// `hidden → intermediate → hidden`.
    pub fn new(hidden: usize, intermediate: usize, bias: bool, device: &B::Device) -> Self {
        Self {
            gate_proj: Projection::new(hidden, intermediate, bias, device),
            up_proj: Projection::new(hidden, intermediate, bias, device),
            down_proj: Projection::new(intermediate, hidden, bias, device),
        }
    }
}

impl<B: Kernels> GatedMlp<B> {
    /// `[tokens, hidden]` in and out.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let [gate, up] = match Projection::forward_packed([&self.gate_proj, &self.up_proj], &x) {
            Some(both) => both,
            None => [self.gate_proj.forward(x.clone()), self.up_proj.forward(x)],
        };
        self.down_proj.forward(B::gated_silu(gate, up))
    }
}
