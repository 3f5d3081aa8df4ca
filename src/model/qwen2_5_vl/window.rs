//! Where each patch of an image stands: window by window, windows padded to one length, so that both
//! window attention and full attention are plain reshapes. Pure index arithmetic.

use crate::model::config::VisionConfig;

/// The order of an image's patches inside the vision tower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WindowLayout {
    /// Windows in the image.
    pub windows: usize,
    /// Patches per window, padding included.
    pub window_length: usize,
    /// For each slot (`windows · window_length` of them) the patch that stands there.
    pub slots: Vec<Option<usize>>,
    /// For each merged cell in raster order, the merged slot (slot / merge²) where it stands.
    pub cell_slots: Vec<usize>,
}

impl WindowLayout {
    /// The layout of an image of `height × width` patches; one window in a tower without windows.
    ///
    /// ```text
    /// cells (merge² patches each), windows of 2 x 2 cells:
    ///   0 1 | 2        windows: [0 1 3 4] [2 5 . .] [6 7 . .] [8 . . .]
    ///   3 4 | 5
    ///   ----+--
    ///   6 7 | 8
    /// ```
    pub(crate) fn new(height: usize, width: usize, config: &VisionConfig) -> Self {
        let merge = config.spatial_merge_size;
        let (rows, columns) = (height / merge, width / merge);
        let side = config.window_cells().unwrap_or(rows.max(columns));
        let windows = windows_of_cells(rows, columns, side);
        let cells_per_window = windows.iter().map(Vec::len).max().unwrap_or(0);
        let mut cell_slots = vec![0; rows * columns];
        let mut slots = Vec::with_capacity(windows.len() * cells_per_window * merge * merge);
        for (window, cells) in windows.iter().enumerate() {
            for place in 0..cells_per_window {
                let cell = cells.get(place);
                if let Some(&cell) = cell {
                    cell_slots[cell] = window * cells_per_window + place;
                }
                slots.extend((0..merge * merge).map(|patch| cell.map(|&cell| cell * merge * merge + patch)));
            }
        }
        Self { windows: windows.len(), window_length: cells_per_window * merge * merge, slots, cell_slots }
    }

    /// Whether some window is shorter than the longest.
    pub(crate) fn is_ragged(&self) -> bool {
        self.slots.iter().any(Option::is_none)
    }
}

/// Cells of each window, both in raster order; windows at the edges are cut off.
fn windows_of_cells(rows: usize, columns: usize, side: usize) -> Vec<Vec<usize>> {
    let mut windows = Vec::new();
    for top in (0..rows).step_by(side) {
        for left in (0..columns).step_by(side) {
            let inside = |start: usize, end: usize| start..(start + side).min(end);
            let cells =
                inside(top, rows).flat_map(|row| inside(left, columns).map(move |c| row * columns + c));
            windows.push(cells.collect());
        }
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::VisionWindows;

    fn config() -> VisionConfig {
        VisionConfig {
            depth: 1,
            hidden_size: 8,
            intermediate_size: 8,
            num_heads: 2,
            in_channels: 3,
            out_hidden_size: 8,
            patch_size: 4,
            spatial_merge_size: 2,
            temporal_patch_size: 2,
            gated: true,
            windows: Some(VisionWindows { window_size: 16, fullatt_block_indexes: vec![] }),
            num_position_embeddings: None,
            deepstack_visual_indexes: vec![],
        }
    }

    #[test]
    fn ragged_windows_follow_the_documented_example() {
        let layout = WindowLayout::new(6, 6, &config());
        assert_eq!((layout.windows, layout.window_length), (4, 16));
        assert_eq!(layout.cell_slots, [0, 1, 4, 2, 3, 5, 8, 9, 12]);
        assert_eq!(layout.slots[..9], [0, 1, 2, 3, 4, 5, 6, 7, 12].map(Some));
        assert!(layout.is_ragged());
    }

    #[test]
    fn every_patch_stands_in_exactly_one_slot() {
        for (height, width) in [(2, 2), (4, 4), (6, 10), (2, 200), (14, 8)] {
            let layout = WindowLayout::new(height, width, &config());
            let mut patches: Vec<usize> = layout.slots.iter().flatten().copied().collect();
            patches.sort_unstable();
            assert_eq!(patches, (0..height * width).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_image_smaller_than_a_window_is_not_padded() {
        let layout = WindowLayout::new(2, 4, &config());
        assert_eq!((layout.windows, layout.window_length, layout.is_ragged()), (1, 8, false));
    }
}
