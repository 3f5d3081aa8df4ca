//! Products with packed weights.
//!
//! Every number of the output is one sum over the inputs in their order, by fused multiply-adds from zero on: the same
//! to the bit whatever rows are computed beside it, on however many threads, and with vectors of any width.

use std::{marker::PhantomData, ops::Range};

use burn::tensor::DType;
use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::tensors::{halves, tensor_of, values};
use crate::{
    kernels::packed::{PANEL, PackedWeight, PanelLine, Panels, WeightOrder},
    lanes::wide,
};

/// Rows that go through all panels together: enough to be worth reading the weights, few enough for the cache.
const ROWS: usize = 96;

/// Multiply-adds that are worth waking another core for.
const WORTH_SHARING: usize = 1 << 18;

/// A contiguous weight packed for [`project`]; `None` in a type that is not packed.
pub(super) fn packed(weight: &FlexTensor, order: WeightOrder) -> Option<PackedWeight> {
    let shape = weight.layout().shape();
    let shape = match order {
        WeightOrder::InputFirst => [shape[0], shape[1]],
        WeightOrder::OutputFirst => [shape[1], shape[0]],
    };
    match weight.dtype() {
        DType::F32 => Some(PackedWeight::from_f32(values(weight), shape, order)),
        DType::BF16 => Some(PackedWeight::from_bf16(halves(weight), shape, order)),
        _ => None,
    }
}

/// `x · weight + bias` for maps of one input; `x` is `[rows, input]`. All of them are one piece of work for the cores.
///
/// # Panics
/// When a map is not for rows of this length.
pub(super) fn project(x: &FlexTensor, maps: &[(&PackedWeight, Option<FlexTensor>)]) -> Vec<FlexTensor> {
    let [rows, input] = [x.layout().shape()[0], x.layout().shape()[1]];
    let mut outputs: Vec<Vec<f32>> = maps.iter().map(|(weight, _)| vec![0.0; rows * weight.output]).collect();
    let products: Vec<PackedProduct<'_>> = maps
        .iter()
        .zip(&mut outputs)
        .map(|((weight, bias), sums)| {
            assert_eq!(weight.input, input, "sizes do not fit");
            let sums = SharedRows {
                start: sums.as_mut_ptr(),
                count: rows,
                width: weight.output,
                owner: PhantomData,
            };
            PackedProduct { x: values(x), weight, bias: bias.as_ref().map(values), sums }
        })
        .collect();
    let numbers: usize = maps.iter().map(|(weight, _)| weight.input * weight.output).sum();
    let threads = if rows * numbers < WORTH_SHARING { 1 } else { rayon::current_num_threads() };
    let share = (numbers * rows).div_ceil(threads * (rows / 16).clamp(1, 4)).max(1);
    let tasks: Vec<(&PackedProduct<'_>, ProductPart)> =
        products.iter().flat_map(|product| product.parts(share).map(move |part| (product, part))).collect();
    match threads {
        1 => tasks.iter().for_each(|(product, part)| product.run(part)),
        _ => tasks.par_iter().with_max_len(1).for_each(|(product, part)| product.run(part)),
    }
    drop(products);
    let tensors = outputs.into_iter().zip(maps);
    tensors.map(|(sums, (weight, _))| tensor_of(sums, [rows, weight.output])).collect()
}

/// One product.
struct PackedProduct<'a> {
    /// `[rows, weight.input]`
    x: &'a [f32],
    weight: &'a PackedWeight,
    bias: Option<&'a [f32]>,
    sums: SharedRows<'a>,
}

/// Rows and panels of a product.
struct ProductPart {
    rows: Range<usize>,
    panels: Range<usize>,
}

impl PackedProduct<'_> {
    /// Blocks of rows by groups of panels, of about `share` multiply-adds each.
    fn parts(&self, share: usize) -> impl Iterator<Item = ProductPart> {
        let (rows, panels) = (self.sums.count, self.sums.width.div_ceil(PANEL));
        let of_a_panel = rows.min(ROWS) * self.weight.input * PANEL;
        let group = share.div_ceil(of_a_panel.max(1)).clamp(1, panels.max(1));
        (0..rows).step_by(ROWS).flat_map(move |row| {
            (0..panels).step_by(group).map(move |panel| ProductPart {
                rows: row..rows.min(row + ROWS),
                panels: panel..panels.min(panel + group),
            })
        })
    }

    fn run(&self, ProductPart { rows, panels }: &ProductPart) {
        let (rows, panels, tile_rows) = (rows.clone(), panels.clone(), rows_of_a_tile());
        match &self.weight.panels {
            Panels::F32(lines) => {
                wide!(self.block(lines, self.weight.input, rows, panels, tile_rows));
            }
            Panels::Bf16(lines) => {
                wide!(self.block(lines, self.weight.input.div_ceil(2), rows, panels, tile_rows));
            }
        }
    }

    /// A block of rows through a group of panels.
    #[inline(always)]
    fn block<T: PanelNumber>(
        &self,
        lines: &[PanelLine<T>],
        depth: usize,
        rows: Range<usize>,
        panels: Range<usize>,
        tile_rows: usize,
    ) {
        let mut panel = panels.start;
        // Several panels at once for a few rows: more sums that do not wait for one another.
        while rows.len() <= 2 && panel + 4 <= panels.end {
            let four = [0, 1, 2, 3].map(|next| &lines[(panel + next) * depth..][..depth]);
            for row in rows.clone() {
                self.tile::<T, 1, 4>(four, row, panel);
            }
            panel += 4;
        }
        for panel in panel..panels.end {
            let lines = [&lines[panel * depth..][..depth]];
            let mut row = rows.start;
            while row < rows.end {
                // Tiles of about the same height.
                let left = rows.end - row;
                let height = left.div_ceil(left.div_ceil(tile_rows));
                self.tile_of(height, lines, row, panel);
                row += height;
            }
        }
    }

    #[inline(always)]
    fn tile_of<T: PanelNumber>(&self, height: usize, lines: [&[PanelLine<T>]; 1], row: usize, panel: usize) {
        match height {
            1 => self.tile::<T, 1, 1>(lines, row, panel),
            2 => self.tile::<T, 2, 1>(lines, row, panel),
            3 => self.tile::<T, 3, 1>(lines, row, panel),
            4 => self.tile::<T, 4, 1>(lines, row, panel),
            5 => self.tile::<T, 5, 1>(lines, row, panel),
            6 => self.tile::<T, 6, 1>(lines, row, panel),
            7 => self.tile::<T, 7, 1>(lines, row, panel),
            8 => self.tile::<T, 8, 1>(lines, row, panel),
            9 => self.tile::<T, 9, 1>(lines, row, panel),
            10 => self.tile::<T, 10, 1>(lines, row, panel),
            11 => self.tile::<T, 11, 1>(lines, row, panel),
            _ => self.tile::<T, 12, 1>(lines, row, panel),
        }
    }

    /// `R` rows through `P` panels.
    #[inline(always)]
    fn tile<T: PanelNumber, const R: usize, const P: usize>(
        &self,
        panels: [&[PanelLine<T>]; P],
        first_row: usize,
        first_panel: usize,
    ) {
        let x: [&[f32]; R] =
            std::array::from_fn(|row| &self.x[(first_row + row) * self.weight.input..][..self.weight.input]);
        let sums = T::sums(x, panels);
        for (row, sums) in sums.into_iter().enumerate() {
            for (panel, mut sums) in sums.into_iter().enumerate() {
                let column = (first_panel + panel) * PANEL;
                let count = PANEL.min(self.sums.width - column);
                if let Some(bias) = self.bias {
                    sums.iter_mut().zip(&bias[column..column + count]).for_each(|(sum, bias)| *sum += bias);
                }
                // SAFETY: no two tiles of a product have a row and a panel in common.
                unsafe { self.sums.write(first_row + row, column, &sums[..count]) };
            }
        }
    }
}

/// Rows of a tile: as many as have their sums in registers, which are twice as wide and twice as many with AVX-512.
fn rows_of_a_tile() -> usize {
    #[cfg(target_arch = "x86_64")]
    if !matches!(pulp::Arch::new(), pulp::Arch::V3(_) | pulp::Arch::Scalar) {
        return 12;
    }
    6
}

/// Numbers of packed weights, one input or two in each.
trait PanelNumber: Copy + Send + Sync {
    /// Sums of `R` rows for the outputs of `P` panels, whose depth is that of the rows.
    fn sums<const R: usize, const P: usize>(
        x: [&[f32]; R],
        panels: [&[PanelLine<Self>]; P],
    ) -> [[[f32; PANEL]; P]; R];
}

impl PanelNumber for f32 {
    #[inline(always)]
    fn sums<const R: usize, const P: usize>(
        x: [&[f32]; R],
        panels: [&[PanelLine<f32>]; P],
    ) -> [[[f32; PANEL]; P]; R] {
        let depth = x[0].len();
        let (x, panels) = (x.map(|row| &row[..depth]), panels.map(|panel| &panel[..depth]));
        let mut sums = [[[0.0; PANEL]; P]; R];
        for place in 0..depth {
            for panel in 0..P {
                let weights = panels[panel][place].0;
                for row in 0..R {
                    add(&mut sums[row][panel], x[row][place], &weights);
                }
            }
        }
        sums
    }
}

/// Two numbers of bf16, which are the upper halves of f32.
impl PanelNumber for u32 {
    #[inline(always)]
    fn sums<const R: usize, const P: usize>(
        x: [&[f32]; R],
        panels: [&[PanelLine<u32>]; P],
    ) -> [[[f32; PANEL]; P]; R] {
        let split = x.map(|row| row.as_chunks::<2>());
        let depth = split[0].0.len();
        let (x, rest) = (split.map(|(pairs, _)| &pairs[..depth]), split.map(|(_, rest)| rest));
        let mut sums = [[[0.0; PANEL]; P]; R];
        let pairs = panels.map(|panel| &panel[..depth]);
        for place in 0..depth {
            for panel in 0..P {
                let words = pairs[panel][place].0;
                let lower = words.map(|word| f32::from_bits(word << 16));
                let upper = words.map(|word| f32::from_bits(word & 0xffff_0000));
                for row in 0..R {
                    add(&mut sums[row][panel], x[row][place][0], &lower);
                    add(&mut sums[row][panel], x[row][place][1], &upper);
                }
            }
        }
        for panel in 0..P {
            if let Some(last) = panels[panel].get(depth) {
                let lower = last.0.map(|word| f32::from_bits(word << 16));
                for row in 0..R {
                    add(&mut sums[row][panel], rest[row][0], &lower);
                }
            }
        }
        sums
    }
}

/// `sums += x · weights`
#[inline(always)]
fn add(sums: &mut [f32; PANEL], x: f32, weights: &[f32; PANEL]) {
    for lane in 0..PANEL {
        sums[lane] = x.mul_add(weights[lane], sums[lane]);
    }
}

/// A row-major matrix that several threads write, each its own part.
struct SharedRows<'a> {
    start: *mut f32,
    count: usize,
    width: usize,
    owner: PhantomData<&'a mut [f32]>,
}

// SAFETY: the pointer is used by `write` alone, whose callers write different parts.
unsafe impl Sync for SharedRows<'_> {}

impl SharedRows<'_> {
    /// Writes a part of a row.
    ///
    /// # Safety
    /// Nobody else reads or writes this part meanwhile.
    #[inline(always)]
    unsafe fn write(&self, row: usize, column: usize, values: &[f32]) {
        assert!(row < self.count && column + values.len() <= self.width, "outside of the matrix");
        // SAFETY: within the matrix, as was just checked; nobody else touches it, as the caller promises.
        unsafe {
            let place = self.start.add(row * self.width + column);
            std::ptr::copy_nonoverlapping(values.as_ptr(), place, values.len());
        }
    }
}
