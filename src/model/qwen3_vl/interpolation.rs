//! Learned position embeddings for images of any size: those of a square grid, interpolated bilinearly so that the
//! corners of the image have those of the grid's corners. Pure arithmetic.

/// What the position embeddings of an image's patches are made of: four entries of the grid each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Interpolation {
    /// Row-major `[4, patches]`: numbers of the grid's entries.
    pub entries: Vec<usize>,
    /// Row-major `[4, patches]`: how much of each.
    pub weights: Vec<f32>,
}

impl Interpolation {
    /// For patches at these rows and columns of an image of `height × width` patches, from a grid of `side × side`.
    pub(super) fn new(coordinates: &[[usize; 2]], [height, width]: [usize; 2], side: usize) -> Self {
        let (rows, columns) = (taps(height, side), taps(width, side));
        let corners = [(0, 0), (0, 1), (1, 0), (1, 1)];
        let all = corners.iter().flat_map(|&(above, left)| {
            let (rows, columns) = (&rows, &columns);
            coordinates.iter().map(move |&[row, column]| (rows[row][above], columns[column][left]))
        });
        let (entries, weights) = all.map(|(row, column)| (row.0 * side + column.0, row.1 * column.1)).unzip();
        Self { entries, weights }
    }
}

/// For each of `size` places that are spread evenly over a line of `side` entries, the entries on both sides of it and
/// how much of each; in f32 as the reference computes them.
fn taps(size: usize, side: usize) -> Vec<[(usize, f32); 2]> {
    let place = |index: usize| {
        let place = index as f32 * (side - 1) as f32 / (size.max(2) - 1) as f32;
        let (below, beyond) = (place.floor(), place - place.floor());
        let entry = |number: f32| (number as usize).min(side - 1);
        [(entry(below), 1.0 - beyond), (entry(below + 1.0), 1.0 - (beyond - 1.0).abs())]
    };
    (0..size).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_are_the_grids_corners_and_the_middle_is_between() {
        assert_eq!(taps(3, 2), [[(0, 1.0), (1, 0.0)], [(0, 0.5), (1, 0.5)], [(1, 1.0), (1, 0.0)]]);
        assert_eq!(taps(2, 4), [[(0, 1.0), (1, 0.0)], [(3, 1.0), (3, 0.0)]]);
        assert_eq!(taps(1, 5), [[(0, 1.0), (1, 0.0)]]);
        assert_eq!(taps(2, 1), [[(0, 1.0), (0, 0.0)]; 2]);
    }

    #[test]
    fn an_image_of_the_grids_size_has_the_grid_itself() {
        let coordinates = [[0, 0], [0, 1], [1, 0], [2, 2]];
        let found = Interpolation::new(&coordinates, [3, 3], 3);
        assert_eq!(found.entries[..4], [0, 1, 3, 8]);
        assert_eq!(found.weights[..4], [1.0; 4]);
        assert!(found.weights[4..].iter().all(|&weight| weight == 0.0));
    }

    #[test]
    fn four_neighbours_share_a_patch_by_its_distance() {
        // Row 1 of 3 lies halfway between entries 0 and 1; column 1 of 5 a quarter of the way.
        let found = Interpolation::new(&[[1, 1]], [3, 5], 2);
        assert_eq!(found.entries, [0, 1, 2, 3]);
        assert_eq!(found.weights, [0.375, 0.125, 0.375, 0.125]);
    }
}
