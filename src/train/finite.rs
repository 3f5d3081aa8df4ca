//! Whether a policy's weights are still numbers: looked at before they are saved.

use anyhow::Result;
use burn::tensor::{Tensor, backend::Backend};

use super::{parameters::visit_parameters, tensors::on_host};
use crate::{
    error::NotFinite,
    model::{Model, weights::parameter_names},
};

/// Fails where a parameter holds NaN or an infinite value, or values so large that their squares overflow. One
/// reduction per parameter on the device, and one transfer for all.
///
/// # Errors
/// A [`NotFinite`] that names the first such parameter, and how many others there are.
pub fn check_finite<B: Backend>(model: &Model<B>) -> Result<()> {
    let (mut ids, mut sums): (Vec<_>, Vec<Tensor<B, 1>>) = (Vec::new(), Vec::new());
    visit_parameters::<B, _>(model, |id, values, _| {
        ids.push(id);
        sums.push(values.square().sum());
    });
    if sums.is_empty() {
        return Ok(());
    }
    let sums = on_host(Tensor::cat(sums, 0));
    let mut broken = ids.iter().zip(sums).filter(|(_, sum)| !sum.is_finite());
    let Some((first, _)) = broken.next() else { return Ok(()) };
    let names = parameter_names(model);
    let name = &names[first];
    let others = match broken.count() {
        0 => String::new(),
        count => format!(" and {count} other parameters"),
    };
    Err(NotFinite(format!("{name}{others} of the policy hold NaN, infinite or boundless values")).into())
}

#[cfg(test)]
mod tests {
    use burn::module::{ModuleMapper, Param};

    use super::*;

    type Flex = burn_flex::Flex;

    fn model() -> Model<Flex> {
        let config = crate::model::ModelConfig::from_dir("models/tiny-text".as_ref()).unwrap();
        crate::model::weights::random_model(&config, 1, &Default::default())
    }

    /// Puts a value into the last element of the parameter with this number.
    struct Poison(usize, f32);
    impl ModuleMapper<Flex> for Poison {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<Flex, D>>) -> Param<Tensor<Flex, D>> {
            let turn = self.0 == 0;
            self.0 = self.0.wrapping_sub(1);
            let value = self.1;
            param.map(|tensor| {
                let shape = tensor.dims();
                let flat = tensor.reshape([-1]);
                let last = flat.dims()[0] - 1;
                let poison = Tensor::<Flex, 1>::from_data([value], &flat.device());
                let flat = if turn { flat.slice_assign(burn::tensor::s![last..], poison) } else { flat };
                flat.reshape(shape)
            })
        }
    }

    #[test]
    fn one_bad_value_anywhere_is_found_and_named() {
        use burn::module::Module;
        assert!(check_finite(&model()).is_ok());
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = check_finite(&model().map(&mut Poison(5, value))).unwrap_err();
            assert!(error.is::<NotFinite>() && error.to_string().starts_with("model.layers.0."), "{error}");
        }
    }
}
