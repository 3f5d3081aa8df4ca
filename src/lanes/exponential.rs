//! `exp` in a form that compilers turn into vector instructions.

/// `e^x` for f32, within 2 units in the last place of f32 arithmetic for `x` in −87..=88; below, 0.
///
/// `x = n·ln 2 + r` with `|r| ≤ ln 2 / 2`; `e^r` by its Taylor polynomial of degree 6 (error below
/// 2⁻²⁴ there); `2ⁿ` by writing `n` into the exponent bits.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³: adding it leaves the nearest integer in the low bits
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let clamped = x.clamp(-87.0, 88.0);
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = clamped - n * LN_2_HIGH - n * LN_2_LOW;
    let polynomial = 1.0
        + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0))))));
    let exponent = (shifted.to_bits().wrapping_sub(ROUND.to_bits()) as i32) << 23;
    let value = f32::from_bits((polynomial.to_bits() as i32).wrapping_add(exponent) as u32);
    if x < -87.0 { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_the_exponential() {
        let worst = (-8700..8800)
            .map(|hundredths| hundredths as f32 / 100.0)
            .map(|x| (f64::from(super::exp(x)) / f64::from(x).exp() - 1.0).abs())
            .fold(0.0, f64::max);
        assert!(worst < 4e-7, "{worst}");
        assert_eq!((super::exp(0.0), super::exp(-1e9)), (1.0, 0.0));
    }
}
