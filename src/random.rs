//! Random numbers that depend on nothing but their keys: the same (run seed, step, problem, sample)
//! draws the same numbers whatever the batching, the backend or the number of threads.

/// A number that is another one each time, in each process.
pub fn unrepeatable() -> u64 {
    hash_text(&format!("{:?} {}", std::time::SystemTime::now(), std::process::id()))
}

/// A SplitMix64 stream whose start is a hash of its keys.
#[derive(Debug, Clone)]
pub struct Stream {
    state: u64,
}

const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Stream {
    /// A stream for these keys; their order matters.
    pub fn new(keys: &[u64]) -> Self {
        let state = keys
            .iter()
            .fold(0x5350_4152_4B00, |state, &key| mix(state ^ mix(key.wrapping_add(GOLDEN_GAMMA))));
        Self { state }
    }

    /// The stream that goes on where one of this state is.
    pub fn from_state(state: u64) -> Self {
        Self { state }
    }

    /// Where it is: all that its further numbers depend on.
    pub fn state(&self) -> u64 {
        self.state
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        mix(self.state)
    }

    /// The same stream after `draws` more draws.
    pub fn skipping(mut self, draws: u64) -> Self {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA.wrapping_mul(draws));
        self
    }

    /// Uniform in `[0, 1)`, with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `0..n`.
    ///
    /// # Panics
    /// When `n` is zero: there is nothing to draw from.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "cannot draw below zero");
        ((u128::from(self.next_u64()) * n as u128) >> 64) as usize
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Standard normal (Box–Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// One element, or `None` of an empty slice.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        (!items.is_empty()).then(|| &items[self.below(items.len())])
    }

    /// Fisher–Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// A stable 64-bit hash of a text (FNV-1a), to key streams by problem id.
pub fn hash_text(text: &str) -> u64 {
    text.bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_keys_same_numbers_other_keys_other_numbers() {
        let draw = |keys: &[u64]| Stream::new(keys).next_u64();
        assert_eq!(draw(&[1, 2, 3]), draw(&[1, 2, 3]));
        assert_ne!(draw(&[1, 2, 3]), draw(&[1, 3, 2]));
        assert_ne!(draw(&[0]), draw(&[0, 0]));
    }

    #[test]
    fn skipping_is_drawing_without_looking() {
        let (mut drawn, keys) = (Stream::new(&[7]), [7]);
        (0..5).for_each(|_| _ = drawn.next_u64());
        assert_eq!(drawn.next_u64(), Stream::new(&keys).skipping(5).next_u64());
    }

    #[test]
    fn uniform_and_normal_have_their_moments() {
        let mut stream = Stream::new(&[7]);
        let n = 20_000;
        let mean = (0..n).map(|_| stream.uniform()).sum::<f64>() / n as f64;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        let variance = (0..n).map(|_| stream.normal().powi(2)).sum::<f64>() / n as f64;
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
    }

    #[test]
    fn shuffle_keeps_every_element() {
        let mut items: Vec<usize> = (0..100).collect();
        Stream::new(&[3]).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
