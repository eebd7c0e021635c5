//! Small arithmetic that several files share.

/// The median of `values`, or none of none. Reorders them.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The `p`-quantile of `values` by linear interpolation between order
/// statistics (Hyndman and Fan's type 7). Sorts them.
pub(crate) fn quantile(values: &mut [f64], p: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = p.clamp(0.0, 1.0) * last as f64;
    let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
    Some(low + (high - low) * at.fract())
}

/// The median absolute deviation from the median, times 1.4826: the standard
/// deviation of a normal sample.
pub(crate) fn robust_scale(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    let Some(middle) = median(&mut values) else {
        return 0.0;
    };
    for v in &mut values {
        *v = (*v - middle).abs();
    }
    1.4826 * median(&mut values).unwrap_or(0.0)
}

/// The mean; 0 of none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The value, or the largest finite one of its sign.
pub(crate) fn finite(value: f64) -> f64 {
    if value.is_nan() {
        0.0
    } else {
        value.clamp(f64::MIN, f64::MAX)
    }
}

/// The chance that a standard normal value is above `z`: the complementary
/// error function in Numerical Recipes' Chebyshev form (3rd ed., 6.2.2), whose
/// relative error is below 1.2e-7.
pub(crate) fn normal_tail(z: f64) -> f64 {
    let x = z / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * x.abs());
    let series = [
        0.170_872_77,
        -0.822_152_23,
        1.488_515_87,
        -1.135_203_98,
        0.278_868_07,
        -0.186_288_06,
        0.096_784_18,
        0.374_091_96,
        1.000_023_68,
        -1.265_512_23,
    ]
    .iter()
    .fold(0.0, |sum, c| sum * t + c);
    let erfc = t * (series - x * x).exp();
    if x >= 0.0 {
        erfc / 2.0
    } else {
        1.0 - erfc / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_tails_are_those_of_the_tables() {
        for (z, published) in [
            (0.0, 0.5),
            (1.0, 0.158_655),
            (1.959_964, 0.025),
            (-1.0, 0.841_345),
        ] {
            assert!((normal_tail(z) - published).abs() < 1e-6, "{z}");
        }
        assert!((normal_tail(5.0) / 2.866_516e-7 - 1.0).abs() < 1e-4);
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&mut [4.0, 1.0, 3.0, 2.0], 0.5), Some(2.5));
        assert_eq!(quantile(&mut [], 0.5), None);
        assert!((robust_scale(&[1.0, 2.0, 3.0, 4.0, 500.0]) - 1.4826).abs() < 1e-12);
    }
}
