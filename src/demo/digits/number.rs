//! Which source digits stand in which image: every digit of a pool is used about equally often, and
//! no image is drawn twice.

use std::collections::HashSet;

use anyhow::Result;

use super::source::SourceDigit;
use crate::{error::input_error, random::Stream};

/// An image of a number, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberImage {
    /// The file, relative to the data set.
    pub file: String,
    /// The source digits from left to right, as indices into the source.
    pub sources: Vec<usize>,
    /// Their labels.
    pub number: Vec<u8>,
}

impl NumberImage {
    /// The file's name without folder and extension: `train-0001`.
    pub fn name(&self) -> &str {
        self.file.trim_start_matches("images/").trim_end_matches(".png")
    }
}

/// The number in decimal digits.
pub(crate) fn written(number: &[u8]) -> String {
    number.iter().map(|digit| char::from(b'0' + digit)).collect()
}

/// Deals the members of a pool in random order, each once before any comes again.
struct Deck<'a> {
    cards: Vec<usize>,
    dealt: usize,
    stream: &'a mut Stream,
}

impl Deck<'_> {
    fn deal(&mut self) -> usize {
        if self.dealt.is_multiple_of(self.cards.len()) {
            self.stream.shuffle(&mut self.cards);
        }
        self.dealt += 1;
        self.cards[(self.dealt - 1) % self.cards.len()]
    }

    /// Two to four digits that don't begin with a zero; `None` where all are zeros.
    fn deal_number(&mut self, digits: &[SourceDigit]) -> Option<Vec<usize>> {
        let places = 2 + self.stream.below(3);
        let mut sources: Vec<usize> = (0..places).map(|_| self.deal()).collect();
        let first = sources.iter().position(|&source| digits[source].label != 0)?;
        sources.swap(0, first);
        Some(sources)
    }
}

/// `count` different images from the digits of a `pool`, named `images/<name>-0001.png` and so on.
///
/// # Errors
/// An input error where the pool is too small for that many different images.
pub(super) fn draw_images(
    digits: &[SourceDigit],
    pool: &[usize],
    name: &str,
    count: usize,
    stream: &mut Stream,
) -> Result<Vec<NumberImage>> {
    let only_zeros = pool.iter().all(|&source| digits[source].label == 0);
    if pool.len() < 10 || only_zeros || count > pool.len() * pool.len() {
        return Err(input_error(format!(
            "{} source digits are too few for {count} different {name} images; give more digits or ask for fewer images",
            pool.len()
        )));
    }
    let mut deck = Deck { cards: pool.to_vec(), dealt: 0, stream };
    let mut seen = HashSet::new();
    let mut images = Vec::with_capacity(count);
    while images.len() < count {
        let Some(sources) = deck.deal_number(digits) else { continue };
        if seen.insert(sources.clone()) {
            let number = sources.iter().map(|&source| digits[source].label).collect();
            let file = format!("images/{name}-{:04}.png", images.len() + 1);
            images.push(NumberImage { file, sources, number });
        }
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::is_input_error;

    fn digits(count: usize) -> Vec<SourceDigit> {
        (0..count).map(|i| SourceDigit { label: (i % 10) as u8, ink: [0; 64] }).collect()
    }

    #[test]
    fn images_differ_come_from_the_pool_and_never_begin_with_a_zero() {
        let digits = digits(60);
        let pool: Vec<usize> = (20..60).collect();
        let images = draw_images(&digits, &pool, "train", 200, &mut Stream::new(&[1])).unwrap();
        assert_eq!(images.len(), 200);
        assert_eq!(images[41].file, "images/train-0042.png");
        assert_eq!(images.iter().map(|image| &image.sources).collect::<HashSet<_>>().len(), 200);
        for image in &images {
            assert!((2..=4).contains(&image.number.len()) && image.number[0] != 0);
            for (&source, &label) in image.sources.iter().zip(&image.number) {
                assert!(pool.contains(&source));
                assert_eq!(digits[source].label, label);
            }
        }
    }

    #[test]
    fn too_small_a_pool_is_an_input_error() {
        let digits = digits(9);
        let pool: Vec<usize> = (0..9).collect();
        let error = draw_images(&digits, &pool, "test", 1, &mut Stream::new(&[1])).unwrap_err();
        assert!(is_input_error(&error));
    }

    #[test]
    fn a_number_is_written_digit_by_digit() {
        assert_eq!(written(&[4, 0, 7, 1]), "4071");
    }
}
