//! How sure an accuracy is.

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The Wilson score interval of 95 % around a mean of `count` independent values between 0 and 1; `None` without any
/// value, or for a mean that is none of such values.
///
/// Values between 0 and 1 vary at most as much as zeros and ones of the same mean: for them the interval is on the
/// safe side.
pub(super) fn wilson(mean: f64, count: usize) -> Option<[f64; 2]> {
    if count == 0 || !(0.0..=1.0).contains(&mean) {
        return None;
    }
    let n = count as f64;
    let centre = mean + Z * Z / (2.0 * n);
    let spread = Z * (mean * (1.0 - mean) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Some([((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_interval_of_the_textbooks() {
        // statsmodels.stats.proportion.proportion_confint(method="wilson")
        for (right, count, expected) in [
            (0, 10, [0.0, 0.277_532_799_862_889_2]),
            (5, 10, [0.236_593_090_512_564, 0.763_406_909_487_436]),
            (81, 263, [0.255_288_519_878_274_2, 0.366_209_576_982_800_04]),
            (10, 10, [0.722_467_200_137_110_6, 1.0]),
        ] {
            let found = wilson(f64::from(right) / f64::from(count), count as usize).unwrap();
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{right} of {count}: {found} {expected}");
            }
        }
        assert_eq!(wilson(0.5, 0), None);
        assert_eq!(wilson(1.5, 4), None);
    }
}
