//! Where the patches of an image stand, and the rotation that follows from it. Pure arithmetic.

use crate::model::rope::{VISION_ROPE_THETA, inverse_frequencies};

/// Row and column of each patch, in the order the processor delivers them: merge block by merge block.
pub fn patch_coordinates(height: usize, width: usize, merge: usize) -> Vec<[usize; 2]> {
    let mut coordinates = Vec::with_capacity(height * width);
    for block_row in (0..height).step_by(merge) {
        for block_column in (0..width).step_by(merge) {
            for row in 0..merge {
                coordinates.extend((0..merge).map(|column| [block_row + row, block_column + column]));
            }
        }
    }
    coordinates
}

/// The angles by which heads of `2 · half` values are turned at each place, row-major `[places, half]`: the first half
/// of them by the row, the others by the column.
pub fn axial_angles(places: impl IntoIterator<Item = [usize; 2]>, half: usize) -> Vec<f32> {
    let frequencies = inverse_frequencies(VISION_ROPE_THETA, half / 2);
    let coordinates = places.into_iter().flatten();
    coordinates.flat_map(|coordinate| frequencies.iter().map(move |f| coordinate as f32 * f)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_come_merge_block_by_merge_block() {
        let expected = [[0, 0], [0, 1], [1, 0], [1, 1], [0, 2], [0, 3], [1, 2], [1, 3]];
        assert_eq!(patch_coordinates(2, 4, 2), expected);
    }

    #[test]
    fn rows_turn_the_first_half_and_columns_the_second() {
        assert_eq!(axial_angles([[2, 4], [0, 1]], 4), [2.0, 0.02, 4.0, 0.04, 0.0, 0.0, 1.0, 0.01]);
    }
}
