//! Loops compiled for the widest vectors that the processor has, chosen at run time.
//!
//! Sums run in a fixed number of lanes and nothing is contracted, so that results are the same to the bit whatever
//! those vectors are.

mod exponential;

pub use exponential::exp;

/// How many partial results a loop keeps that do not wait for each other.
pub const LANES: usize = 16;

/// Does some work with the processor's widest vectors. Functions that it calls gain from them only when inlined.
macro_rules! wide {
    ($work:expr $(,)?) => {{
        let once = $crate::lanes::Once;
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                once.used_up();
                $work
            },
        )
    }};
}

/// A value that makes a closure which consumes it callable only once. Such a closure is inlined itself; for others the
/// compiler puts a function in between, which it may not inline, and which then has no wide vectors.
#[derive(Debug)]
pub struct Once;

impl Once {
    /// Consumes the value.
    #[inline(always)]
    pub fn used_up(self) {}
}

pub(crate) use wide;

/// The sum of the lanes, added in halves.
#[inline(always)]
fn halved(mut sums: [f32; LANES]) -> f32 {
    let mut count = LANES / 2;
    while count > 0 {
        for lane in 0..count {
            sums[lane] += sums[lane + count];
        }
        count /= 2;
    }
    sums[0]
}

/// `Σ left · right`
#[inline(always)]
pub fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (lefts, rights) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
    let rest = lefts.remainder().iter().zip(rights.remainder()).map(|(l, r)| l * r).sum::<f32>();
    for (left, right) in lefts.zip(rights) {
        for lane in 0..LANES {
            sums[lane] += left[lane] * right[lane];
        }
    }
    halved(sums) + rest
}

/// `Σ value²`
#[inline(always)]
pub fn squares(values: &[f32]) -> f32 {
    dot(values, values)
}

/// The largest value; negative infinity of none.
#[inline(always)]
pub fn largest(values: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, larger);
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = larger(lanes[lane], chunk[lane]);
        }
    }
    lanes.into_iter().fold(rest, larger)
}

/// Puts `value(x)` in each place and returns their sum.
#[inline(always)]
pub fn replace_and_sum(values: &mut [f32], value: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let mut chunks = values.chunks_exact_mut(LANES);
    for chunk in &mut chunks {
        for lane in 0..LANES {
            chunk[lane] = value(chunk[lane]);
            sums[lane] += chunk[lane];
        }
    }
    let mut rest = 0.0;
    for x in chunks.into_remainder() {
        *x = value(*x);
        rest += *x;
    }
    halved(sums) + rest
}

/// `sum += factor · values`
#[inline(always)]
pub fn add_scaled(sum: &mut [f32], factor: f32, values: &[f32]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
}

/// `sum += Σ factor · values`, which reads and writes the sum once for all four.
#[inline(always)]
pub fn add_four_scaled(sum: &mut [f32], factors: [f32; 4], values: [&[f32]; 4]) {
    let [a, b, c, d] = values;
    for ((((sum, a), b), c), d) in sum.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *sum += (factors[0] * a + factors[1] * b) + (factors[2] * c + factors[3] * d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_and_their_rest_are_all_counted() {
        for length in [0, 1, 15, 16, 17, 100] {
            let values: Vec<f32> = (1..=length).map(|value| value as f32).collect();
            let mut twice = values.clone();
            let sum = wide!(replace_and_sum(&mut twice, |value| 2.0 * value));
            assert_eq!(sum, (length * (length + 1)) as f32);
            assert_eq!(wide!(squares(&values)), values.iter().map(|value| value * value).sum::<f32>());
            assert_eq!(wide!(dot(&values, &twice)), 2.0 * squares(&values));
            let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(wide!(largest(&values)), most);
            let mut sums = vec![1.0; length];
            wide!(add_scaled(&mut sums, 2.0, &values));
            assert!(sums.iter().zip(&values).all(|(sum, value)| *sum == 1.0 + 2.0 * value));
            wide!(add_four_scaled(&mut sums, [1.0, 2.0, 3.0, 4.0], [&values; 4]));
            assert!(sums.iter().zip(&values).all(|(sum, value)| *sum == 1.0 + 12.0 * value));
        }
    }
}
