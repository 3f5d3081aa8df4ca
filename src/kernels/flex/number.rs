//! The types of numbers that kernels read and write. All of them compute in f32.

use burn::tensor::{DType, Shape};
use burn_flex::{FlexTensor, Layout};
use half::bf16;
use rayon::prelude::*;

use super::tensors::{halves, tensor_of, values};
use crate::lanes::wide;

/// Numbers that a task changes the type of.
const NUMBERS: usize = 1 << 15;

/// f32 or bf16.
pub(super) trait KernelNumber: Copy + Default + Send + Sync + 'static {
    /// The elements of a contiguous tensor in row-major order.
    fn values(tensor: &FlexTensor) -> &[Self];

    /// A tensor of a shape, of its elements in row-major order.
    fn tensor(values: Vec<Self>, shape: impl Into<Shape>) -> FlexTensor;

    /// Reads some numbers; `room` may hold them meanwhile.
    fn wide<'a>(numbers: &'a [Self], room: &'a mut Vec<f32>) -> &'a [f32];

    /// Writes some numbers.
    fn narrow(numbers: &[f32], into: &mut [Self]);
}

impl KernelNumber for f32 {
    fn values(tensor: &FlexTensor) -> &[Self] {
        values(tensor)
    }

    fn tensor(values: Vec<Self>, shape: impl Into<Shape>) -> FlexTensor {
        tensor_of(values, shape)
    }

    #[inline(always)]
    fn wide<'a>(numbers: &'a [Self], _room: &'a mut Vec<f32>) -> &'a [f32] {
        numbers
    }

    #[inline(always)]
    fn narrow(numbers: &[f32], into: &mut [Self]) {
        into.copy_from_slice(numbers);
    }
}

impl KernelNumber for bf16 {
    fn values(tensor: &FlexTensor) -> &[Self] {
        halves(tensor)
    }

    fn tensor(values: Vec<Self>, shape: impl Into<Shape>) -> FlexTensor {
        let bytes = burn::tensor::Bytes::from_elems(values);
        FlexTensor::new(bytes, Layout::contiguous(shape.into()), DType::BF16)
    }

    #[inline(always)]
    fn wide<'a>(numbers: &'a [Self], room: &'a mut Vec<f32>) -> &'a [f32] {
        room.resize(numbers.len(), 0.0);
        widen(numbers, room);
        room
    }

    #[inline(always)]
    fn narrow(numbers: &[f32], into: &mut [Self]) {
        into.iter_mut().zip(numbers).for_each(|(into, &number)| *into = nearest(number));
    }
}

/// bf16 is the upper half of f32.
#[inline(always)]
fn widen(numbers: &[bf16], into: &mut [f32]) {
    for (into, number) in into.iter_mut().zip(numbers) {
        *into = f32::from_bits(u32::from(number.to_bits()) << 16);
    }
}

/// The nearest number of bf16, the even one of two; without a branch, so that it is done in wide vectors.
#[inline(always)]
fn nearest(number: f32) -> bf16 {
    let bits = number.to_bits();
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
    let not_a_number = bits >> 16 | 0x40;
    bf16::from_bits(if number.is_nan() { not_a_number } else { rounded } as u16)
}

/// Numbers of bf16 in f32.
pub(super) fn in_f32(numbers: &[bf16]) -> Vec<f32> {
    let mut wide = vec![0.0; numbers.len()];
    wide.par_chunks_mut(NUMBERS)
        .zip(numbers.par_chunks(NUMBERS))
        .for_each(|(into, numbers)| wide!(widen(numbers, into)));
    wide
}

/// A tensor of bf16 in f32.
pub(super) fn widened(tensor: &FlexTensor) -> FlexTensor {
    tensor_of(in_f32(halves(tensor)), tensor.layout().shape().clone())
}

/// A tensor of f32 in bf16.
pub(super) fn narrowed(tensor: &FlexTensor) -> FlexTensor {
    let numbers = values(tensor);
    let mut narrow = vec![bf16::default(); numbers.len()];
    narrow
        .par_chunks_mut(NUMBERS)
        .zip(numbers.par_chunks(NUMBERS))
        .for_each(|(into, numbers)| wide!(bf16::narrow(numbers, into)));
    bf16::tensor(narrow, tensor.layout().shape().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_that_of_the_type_for_every_upper_half() {
        for upper in 0..=u32::from(u16::MAX) {
            for lower in [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff] {
                let number = f32::from_bits(upper << 16 | lower);
                let (ours, theirs) = (nearest(number), bf16::from_f32(number));
                assert_eq!(ours.to_bits(), theirs.to_bits(), "{number} ({upper:x} {lower:x})");
            }
        }
    }

    #[test]
    fn a_tensor_comes_back_from_f32_as_it_was() {
        let numbers: Vec<bf16> = (0..40_000u32).map(|bits| bf16::from_bits(bits as u16 & 0x7f7f)).collect();
        let back = narrowed(&widened(&bf16::tensor(numbers.clone(), [200, 200])));
        assert_eq!(halves(&back), numbers);
    }
}
