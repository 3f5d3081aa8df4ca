//! Where each token of a prompt stands: text counts up, the features of an image lie on a grid.

use super::{config::ModelConfig, input::ModelInput, rope::Position};

/// Positions of a prompt's tokens, and the position of the first token after it.
///
/// Text counts up on all three axes. An image's tokens share the time position, and count rows and
/// columns of merged cells from there; text goes on after the largest position used.
///
/// ```text
/// ids        a  b  I  I  I  I  I  I  c      I: image of 2 x 3 merged cells
/// time       0  1  2  2  2  2  2  2  5
/// height     0  1  2  2  2  3  3  3  5
/// width      0  1  2  3  4  2  3  4  5      next: 6
/// ```
///
/// # Panics
/// When the runs of image tokens disagree with the images; the processor has checked them.
pub fn prompt_positions(input: &ModelInput, config: &ModelConfig) -> (Vec<Position>, u32) {
    let merge = config.vision.as_ref().map_or(1, |vision| vision.spatial_merge_size);
    let mut images = input.images.iter();
    let mut positions = Vec::with_capacity(input.ids.len());
    let mut next = 0;
    while positions.len() < input.ids.len() {
        if Some(input.ids[positions.len()]) != config.image_token_id {
            positions.push([next; 3]);
            next += 1;
            continue;
        }
        let [_, height, width] = images.next().expect("an image for every run of image tokens").grid_thw;
        let (rows, columns) = ((height / merge) as u32, (width / merge) as u32);
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        positions.extend(cells.map(|(row, column)| [next, next + row, next + column]));
        next += rows.max(columns);
    }
    assert_eq!(positions.len(), input.ids.len(), "image tokens and image features differ in number");
    (positions, next)
}
