//! What a processor holds: its tokenizer, and images cut into patches. Host memory, in bytes.

use std::path::Path;

use super::IMAGE_CACHE_BYTES;

/// Bytes that a tokenizer takes per byte of its file: entries are held as text and as ids, in both directions, and the
/// parsed file is there while they are made.
const PER_TOKENIZER_BYTE: u64 = 12;

/// What the tokenizer of a model directory takes; 0 where it has none.
pub fn tokenizer_bytes(directory: &Path) -> u64 {
    let file = std::fs::metadata(directory.join("tokenizer.json"));
    file.map_or(0, |file| PER_TOKENIZER_BYTE * file.len())
}

/// What is kept of so many images of this size from step to step: at most the cache's capacity.
pub fn cached_image_bytes(images: u64, bytes_per_image: u64) -> u64 {
    images.saturating_mul(bytes_per_image).min(IMAGE_CACHE_BYTES as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_bounds_what_is_kept() {
        assert_eq!(cached_image_bytes(3, 100), 300);
        assert_eq!(cached_image_bytes(u64::MAX, 100), 512 << 20);
        assert_eq!(tokenizer_bytes(Path::new("no/such/directory")), 0);
    }
}
