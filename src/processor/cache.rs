//! Images already cut into patches, the latest within a bound on memory.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use crate::{data::ImageRef, model::ImagePatches};

/// Drops the oldest images where a new one would exceed its capacity.
pub(super) struct ImageCache {
    /// The most pixel values that are held.
    capacity: usize,
    held: usize,
    images: HashMap<ImageRef, Arc<ImagePatches>>,
    /// The images that are held, oldest first.
    order: VecDeque<ImageRef>,
}

impl ImageCache {
    pub(super) fn new(capacity_bytes: usize) -> Self {
        Self {
            capacity: capacity_bytes / size_of::<f32>(),
            held: 0,
            images: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    pub(super) fn get(&self, key: &ImageRef) -> Option<Arc<ImagePatches>> {
        self.images.get(key).cloned()
    }

    /// Keeps an image; one that alone exceeds the capacity is not kept.
    pub(super) fn insert(&mut self, key: ImageRef, image: Arc<ImagePatches>) {
        let size = image.pixels.len();
        if size > self.capacity || self.images.contains_key(&key) {
            return;
        }
        while self.held + size > self.capacity {
            let oldest = self.order.pop_front().expect("what is held is in order");
            self.held -= self.images.remove(&oldest).expect("what is in order is held").pixels.len();
        }
        self.held += size;
        self.order.push_back(key.clone());
        self.images.insert(key, image);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn key(name: &str) -> ImageRef {
        PathBuf::from(name).into()
    }

    fn image(values: usize) -> Arc<ImagePatches> {
        Arc::new(ImagePatches { grid_thw: [1, 1, 1], pixels: vec![0.0; values] })
    }

    #[test]
    fn the_oldest_make_room() {
        let mut cache = ImageCache::new(10 * size_of::<f32>());
        for name in ["a", "b", "c"] {
            cache.insert(key(name), image(4));
        }
        let held = ["a", "b", "c"].map(|name| cache.get(&key(name)).is_some());
        assert_eq!(held, [false, true, true]);
    }

    #[test]
    fn one_that_is_too_large_pushes_nothing_out() {
        let mut cache = ImageCache::new(10 * size_of::<f32>());
        cache.insert(key("a"), image(4));
        cache.insert(key("huge"), image(11));
        assert!(cache.get(&key("a")).is_some() && cache.get(&key("huge")).is_none());
    }

    #[test]
    fn the_same_file_under_other_bounds_is_another_image() {
        let mut cache = ImageCache::new(1024);
        cache.insert(key("a"), image(4));
        assert!(cache.get(&ImageRef { max_pixels: Some(9), ..key("a") }).is_none());
    }
}
