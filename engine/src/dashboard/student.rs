//! How likely a correlation is by chance: Student's t by the incomplete beta
//! function.

/// The two-sided p-value of Pearson's `r` over `n` pairs, if they were
/// independent: with t² = r²(n−2)/(1−r²), it is I₍₁₋ᵣ²₎((n−2)/2, 1/2)
/// (DLMF 8.17; Abramowitz and Stegun 26.5.27).
pub(super) fn p_value(r: f64, n: usize) -> f64 {
    if n < 3 {
        return 1.0;
    }
    let freedom = (n - 2) as f64;
    incomplete_beta((1.0 - r * r).clamp(0.0, 1.0), freedom / 2.0, 0.5)
}

/// The regularised incomplete beta function I_x(a, b), by its continued
/// fraction (DLMF 8.17.22) on the side where it converges fast.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let front =
        (log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(x, a, b) / a
    } else {
        1.0 - front * beta_fraction(1.0 - x, b, a) / b
    }
}

/// The continued fraction by Lentz's method.
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    let away_from_zero = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let (mut c, mut d) = (1.0, 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for step in 1..300 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut factor = 1.0;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            factor = d * c;
            fraction *= factor;
        }
        if (factor - 1.0).abs() < 1e-14 {
            break;
        }
    }
    fraction
}

/// ln Γ(x) for x > 0: Stirling's series (DLMF 5.11.1) after moving x up.
fn log_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 12.0 {
        shift += x.ln();
        x += 1.0;
    }
    let square = x * x;
    let series = (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * square)) / square) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    /// References: closed forms for one and two degrees of freedom, and the
    /// 5 % and 0.1 % points of tables of critical values of r.
    #[test]
    fn p_values_agree_with_closed_forms_and_tables() {
        let near = |p: f64, expected: f64, within: f64| {
            assert!((p - expected).abs() < within, "{p} is not {expected}");
        };
        let one_degree = |r: f64| 1.0 - 2.0 / std::f64::consts::PI * r.asin();
        near(p_value(0.5, 3), one_degree(0.5), 1e-10);
        near(p_value(0.7, 4), 1.0 - 0.7, 1e-10);
        near(p_value(0.4438, 20), 0.05, 1e-4);
        near(p_value(0.1946, 102), 0.05, 1e-4);
        near(p_value(0.3211, 102), 0.001, 1e-5);
        assert_eq!(p_value(1.0, 30), 0.0);
        near(p_value(0.0, 30), 1.0, 1e-10);
    }
}
