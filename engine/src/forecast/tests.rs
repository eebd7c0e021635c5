use super::*;

fn days(values: impl IntoIterator<Item = f64>) -> Series {
    Series {
        granularity: Granularity::Day,
        values: values.into_iter().map(Some).collect(),
    }
}

/// Between 0 and 1, the same each time.
fn noise(t: usize) -> f64 {
    let mixed = (t as u64 + 1).wrapping_mul(6_364_136_223_846_793_005);
    (mixed >> 40) as f64 / (1_u64 << 24) as f64
}

fn weekly(t: usize) -> f64 {
    100.0 + 0.1 * t as f64 + if t % 7 < 2 { -40.0 } else { 0.0 } + 12.0 * noise(t)
}

fn ahead(horizon: usize) -> Options {
    Options {
        horizon,
        ..Options::default()
    }
}

#[test]
fn a_weekly_series_is_forecast_better_than_last_week_repeated() {
    let answer = forecast(&days((0..280).map(weekly)), &ahead(28));
    assert_eq!(answer.confidence, Confidence::Tested, "{answer:?}");
    let record = answer.record.unwrap();
    assert!(
        record.origins == 6 && record.error < 0.85 * record.naive_error,
        "{record:?}"
    );
    assert!(
        answer.sentence.contains("less than last week repeated"),
        "{}",
        answer.sentence
    );
    let off: f64 = (0..28)
        .map(|s| (answer.steps[s].mean - (weekly(280 + s) - 12.0 * noise(280 + s) + 6.0)).abs())
        .sum::<f64>()
        / 28.0;
    assert!(off < 4.0, "{off}");
    let weights: f64 = answer.models.iter().map(|m| m.weight).sum();
    assert!((weights - 1.0).abs() < 1e-9 && answer.models.len() >= 3);
}

#[test]
fn what_is_no_better_than_last_week_says_so() {
    // A week that repeats exactly: nothing beats repeating it.
    let answer = forecast(
        &days((0..140).map(|t| [3.0, 9.0, 4.0, 8.0, 1.0, 7.0, 2.0][t % 7])),
        &ahead(7),
    );
    assert_eq!(answer.confidence, Confidence::NotBetter);
    assert!(
        answer
            .sentence
            .starts_with("Not better than last week repeated")
    );
    assert!((answer.steps[0].mean - 3.0).abs() < 1e-6);
}

#[test]
fn intervals_widen_and_hold_each_other() {
    let mut level = 0.0;
    let walk = (0..400).map(|t| {
        level += noise(t) - 0.5;
        level
    });
    let answer = forecast(&days(walk), &ahead(30));
    let width = |s: &Step| s.high80 - s.low80;
    assert!(width(&answer.steps[29]) > 1.5 * width(&answer.steps[0]));
    for s in &answer.steps {
        assert!(
            s.low95 <= s.low80 && s.low80 <= s.mean && s.mean <= s.high80 && s.high80 <= s.high95
        );
    }
}

#[test]
fn counts_stay_above_zero_and_ratios_within_their_bounds() {
    let counts = forecast(
        &days((0..90).map(|t| if noise(t) > 0.8 { 5.0 } else { 0.0 })),
        &ahead(14),
    );
    assert!(counts.steps.iter().all(|s| s.low95 >= 0.0 && s.mean >= 0.0));
    let free = Options {
        bounds: Bounds::Free,
        ..ahead(14)
    };
    let free = forecast(
        &days((0..90).map(|t| if noise(t) > 0.8 { 5.0 } else { 0.0 })),
        &free,
    );
    assert!(free.steps.iter().any(|s| s.low95 < 0.0));
    let within = Options {
        bounds: Bounds::Within {
            low: 0.0,
            high: 1.0,
        },
        ..ahead(60)
    };
    let ratio = forecast(
        &days((0..90).map(|t| 0.9 + 0.001 * t as f64 + 0.01 * noise(t))),
        &within,
    );
    assert!(
        ratio
            .steps
            .iter()
            .all(|s| s.low95 >= 0.0 && s.high95 <= 1.0)
    );
}

#[test]
fn gaps_are_filled_for_fitting_and_count_in_no_error() {
    let whole: Vec<f64> = (0..280).map(weekly).collect();
    let mut series = days(whole.iter().copied());
    for (t, v) in series.values.iter_mut().enumerate() {
        if noise(t * 31) < 0.15 {
            *v = None;
        }
    }
    let (full, gapped) = (
        forecast(&days(whole), &ahead(14)),
        forecast(&series, &ahead(14)),
    );
    for (a, b) in full.steps.iter().zip(&gapped.steps) {
        assert!((a.mean - b.mean).abs() < 8.0, "{} {}", a.mean, b.mean);
    }
}

#[test]
fn a_cold_start_has_low_confidence_and_nothing_has_none() {
    let answer = forecast(&days([5.0, 7.0, 6.0, 4.0]), &ahead(7));
    assert_eq!(
        (answer.confidence, answer.steps.len()),
        (Confidence::Low, 7)
    );
    assert!(answer.steps[0].high80 > answer.steps[0].low80);
    let nothing = forecast(&days([]), &ahead(7));
    assert_eq!(
        (nothing.confidence, nothing.steps.len()),
        (Confidence::None, 0)
    );
}

#[test]
fn a_forecast_is_the_same_in_any_unit() {
    let one = forecast(&days((0..200).map(weekly)), &ahead(14));
    let other = forecast(&days((0..200).map(|t| weekly(t) * 1e9)), &ahead(14));
    for (a, b) in one.steps.iter().zip(&other.steps) {
        assert!((b.mean / 1e9 / a.mean - 1.0).abs() < 1e-6);
        assert!((b.high95 / 1e9 / a.high95 - 1.0).abs() < 1e-6);
    }
}

#[test]
fn any_series_is_answered_with_finite_numbers_in_order() {
    type Made = fn(usize, usize) -> Option<f64>;
    let kinds: &[(&str, Made)] = &[
        ("constant", |_, _| Some(0.1)),
        ("zero", |_, _| Some(0.0)),
        ("huge", |t, _| Some(1.7e308 * (noise(t) - 0.5))),
        ("tiny", |t, _| Some(1e-310 * noise(t))),
        ("negative", |t, _| Some(-1.0 - noise(t))),
        ("gaps", |t, _| (t % 3 != 0).then(|| noise(t))),
        ("not a number", |t, _| {
            Some(if t % 2 == 0 { f64::NAN } else { 1.0 })
        }),
        ("infinite", |t, _| {
            Some(if t == 3 { f64::INFINITY } else { t as f64 })
        }),
        ("growing", |t, _| Some((0.5 * t as f64).min(700.0).exp())),
        ("spike", |t, n| Some(if t == n / 2 { 1e12 } else { 1.0 })),
        ("sparse", |t, _| Some(if t % 17 == 0 { 3.0 } else { 0.0 })),
        ("ended", |t, n| (t <= n / 2).then_some((t % 7) as f64)),
        ("one value", |t, n| (t == n / 2).then_some(4.0)),
    ];
    for (kind, made) in kinds {
        for n in [1, 2, 3, 5, 8, 15, 29, 60, 380] {
            for granularity in [Granularity::Hour, Granularity::Day, Granularity::Month] {
                let values = (0..n).map(|t| made(t, n)).collect();
                let answer = forecast(
                    &Series {
                        granularity,
                        values,
                    },
                    &ahead(20),
                );
                let place = format!("{kind} {n} {granularity:?}");
                let expected = if answer.confidence == Confidence::None {
                    0
                } else {
                    20
                };
                assert_eq!(answer.steps.len(), expected, "{place}");
                for s in &answer.steps {
                    let row = [s.low95, s.low80, s.mean, s.high80, s.high95];
                    assert!(row.iter().all(|v| v.is_finite()), "{place} {row:?}");
                    assert!(row.is_sorted(), "{place} {row:?}");
                }
            }
        }
    }
}

#[test]
fn answers_keep_over_a_round_trip() {
    let answer = forecast(&days((0..60).map(weekly)), &ahead(3));
    let text = serde_json::to_string(&answer).unwrap();
    let again: Forecast = serde_json::from_str(&text).unwrap();
    assert_eq!(again.sentence, answer.sentence);
    assert_eq!(again.steps.len(), 3);
    let options: Options = serde_json::from_str(r#"{"horizon": 5}"#).unwrap();
    assert_eq!(options, ahead(5));
}
