//! The order in which problems are drawn: shuffled anew each epoch, and resumable from four numbers.
//! Knows indices only.

use serde::{Deserialize, Serialize};

use crate::random::{Stream, hash_text};

/// A place in an endless sequence of shuffled epochs over `0..len`.
///
/// The order of an epoch follows from the seed and the epoch's number, so the saved state is these
/// four numbers whatever the size of the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShuffledCursor {
    seed: u64,
    len: usize,
    epoch: u64,
    /// Indices already drawn in this epoch.
    position: usize,
}

impl ShuffledCursor {
    /// The start of the first epoch over `len` items.
    ///
    /// # Panics
    /// When `len` is zero: there is nothing to draw.
    pub fn new(seed: u64, len: usize) -> Self {
        assert!(len > 0, "a cursor needs something to draw from");
        Self { seed, len, epoch: 0, position: 0 }
    }

    /// The number of items; a resumed run compares it with its data.
    #[expect(clippy::len_without_is_empty, reason = "a cursor is never empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whole passes begun before this one.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The next `n` indices, into following epochs where this one ends.
    ///
    /// With two items and `n` = 3: `[1, 0]` of this epoch, then the first of the next.
    pub fn next(&mut self, n: usize) -> Vec<usize> {
        let mut drawn = Vec::with_capacity(n);
        let mut order = self.order();
        while drawn.len() < n {
            if self.position == self.len {
                self.epoch += 1;
                self.position = 0;
                order = self.order();
            }
            let take = (n - drawn.len()).min(self.len - self.position);
            drawn.extend_from_slice(&order[self.position..self.position + take]);
            self.position += take;
        }
        drawn
    }

    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len).collect();
        Stream::new(&[hash_text("data order"), self.seed, self.epoch]).shuffle(&mut order);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(mut indices: Vec<usize>) -> Vec<usize> {
        indices.sort_unstable();
        indices
    }

    #[test]
    fn every_epoch_draws_every_index_once_in_an_order_of_its_own() {
        let mut cursor = ShuffledCursor::new(1, 50);
        let (first, second) = (cursor.next(50), cursor.next(50));
        assert_ne!(first, second);
        for epoch in [first, second] {
            assert_eq!(sorted(epoch), (0..50).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_sequence_does_not_depend_on_the_size_of_the_draws() {
        let whole = ShuffledCursor::new(3, 7).next(40);
        let mut cursor = ShuffledCursor::new(3, 7);
        let pieces: Vec<usize> = [1, 6, 0, 20, 13].into_iter().flat_map(|n| cursor.next(n)).collect();
        assert_eq!(pieces, whole);
        assert_eq!(cursor.epoch(), 5);
    }

    #[test]
    fn a_saved_cursor_goes_on_where_it_was() {
        let mut cursor = ShuffledCursor::new(9, 11);
        cursor.next(15);
        let mut restored: ShuffledCursor =
            serde_json::from_str(&serde_json::to_string(&cursor).unwrap()).unwrap();
        assert_eq!(restored.next(30), cursor.next(30));
    }

    #[test]
    fn other_seeds_give_other_orders() {
        assert_ne!(ShuffledCursor::new(1, 50).next(50), ShuffledCursor::new(2, 50).next(50));
    }
}
