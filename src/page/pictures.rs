//! The images of completions, each once, as data URLs of the files as they are.

use std::{collections::HashMap, fs};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

/// Bytes of all images on a page, at most; those beyond it show as their paths.
const MOST_BYTES: usize = 8 << 20;

/// The images that were met so far.
#[derive(Default)]
pub(super) struct Pictures {
    numbers: HashMap<String, usize>,
    urls: Vec<String>,
    bytes: usize,
}

impl Pictures {
    /// The number of an image as a row of `rollouts.jsonl` names it: by its path, or an object with one.
    pub fn number(&mut self, image: &Value) -> Option<usize> {
        let path = image.as_str().or_else(|| image["image"].as_str()).or_else(|| image["path"].as_str())?;
        if let Some(number) = self.numbers.get(path) {
            return Some(*number);
        }
        let bytes = fs::read(path).ok().filter(|bytes| self.bytes + bytes.len() <= MOST_BYTES);
        self.urls.push(match bytes {
            Some(bytes) => {
                self.bytes += bytes.len();
                // Browsers tell the type by the first bytes.
                format!("data:image/png;base64,{}", STANDARD.encode(bytes))
            }
            None => path.to_owned(),
        });
        self.numbers.insert(path.to_owned(), self.urls.len() - 1);
        Some(self.urls.len() - 1)
    }

    pub fn into_urls(self) -> Vec<String> {
        self.urls
    }
}
