//! Days made from quarter hours equal days made from rows, in every zone, and
//! what is stored comes back as it was.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray,
    new_null_array,
};
use chrono::DateTime;
use chrono_tz::Tz;

use super::*;
use crate::arrange;
use crate::dimension::{DimensionColumn, DimensionRegistry};
use crate::metric::{MetricKey, MetricKind, Sketches};
use crate::schema::{
    COMMIT_VERSION, DIMENSIONS, METRIC_NAME, METRIC_TYPE, METRIC_VALUE, PLATFORM, RECORDED_AT,
    stored_schema, timestamp_type, value_type,
};

const ROWS: u64 = 3_000;

/// A sequence that looks random (Knuth's constants).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        let Self(state) = self;
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % most
    }
}

fn registry() -> DimensionRegistry {
    let column = |key: &str| DimensionColumn {
        key: key.into(),
        column: key.into(),
        partial: false,
    };
    DimensionRegistry::new(1, false, vec![column("country"), column("n"), column("d")])
}

fn definition(key: &MetricKey) -> RollupDefinition {
    let kind = match &*key.metric_name {
        "ratio" => MetricKind::Ratio {
            numerator: "n".into(),
            denominator: "d".into(),
        },
        _ => MetricKind::Sum,
    };
    RollupDefinition {
        version: 3,
        kind,
        sketches: Sketches {
            distinct: vec!["country".into()],
            quantiles: true,
        },
    }
}

/// Rows around these moments, in file order; coarse, so that ties happen.
fn rows(dice: &mut Dice, around: &[&str]) -> RecordBatch {
    let registry = registry();
    let schema = stored_schema(&registry);
    let (mut names, mut values, mut times) = (Vec::new(), Vec::new(), Vec::new());
    let (mut versions, mut countries) = (Vec::new(), Vec::new());
    let (mut tops, mut bottoms) = (Vec::new(), Vec::new());
    for _ in 0..ROWS {
        let around = around[dice.below(around.len() as u64) as usize];
        let moment: DateTime<chrono::Utc> = around.parse().expect(around);
        let offset_us = match dice.below(3) {
            0 => dice.below(5 * 96) as i64 * 900_000_000 - dice.below(2) as i64,
            _ => dice.below(5 * 86_400) as i64 * 1_000_000,
        };
        names.push(["ratio", "sum"][dice.below(2) as usize]);
        times.push(moment.timestamp_micros() + offset_us);
        let wide = if dice.below(9) == 0 {
            10_i128.pow(12)
        } else {
            1
        };
        values.push((i128::from(dice.below(1_000_000)) - 500_000) * wide);
        versions.push((dice.below(3) > 0).then(|| dice.below(4) as i64));
        countries.push((dice.below(4) > 0).then(|| format!("c{}", dice.below(20))));
        tops.push((dice.below(3) > 0).then(|| i128::from(dice.below(90)) * 1_000_000_000));
        bottoms.push((dice.below(3) > 0).then(|| i128::from(dice.below(900)) * 1_000_000_000));
    }
    let decimals = |values: Vec<Option<i128>>| -> ArrayRef {
        Arc::new(Decimal128Array::from(values).with_data_type(value_type()))
    };
    let same = |text: &str| -> ArrayRef {
        Arc::new(StringViewArray::from_iter_values(
            (0..ROWS).map(|_| text.to_owned()),
        ))
    };
    let columns = schema
        .fields()
        .iter()
        .map(|field| match field.name().as_str() {
            PLATFORM => same("p"),
            METRIC_TYPE => same("t"),
            METRIC_NAME => Arc::new(StringViewArray::from_iter_values(names.iter())),
            METRIC_VALUE => decimals(values.iter().copied().map(Some).collect()),
            RECORDED_AT | "ingested_at" => {
                let times = TimestampMicrosecondArray::from(times.clone());
                Arc::new(times.with_data_type(timestamp_type())) as ArrayRef
            }
            COMMIT_VERSION => Arc::new(Int64Array::from(versions.clone())),
            DIMENSIONS => same("{}"),
            "dim_country" => Arc::new(countries.iter().cloned().collect::<StringViewArray>()),
            "num_n" => decimals(tops.clone()),
            "num_d" => decimals(bottoms.clone()),
            _ => new_null_array(field.data_type(), ROWS as usize),
        });
    let batch = RecordBatch::try_new(schema.clone(), columns.collect()).expect("a batch");
    arrange::sort(&batch).expect("sorted")
}

fn built(rows: &RecordBatch, zone: Tz) -> FileRollup {
    let registry = registry();
    let mut builder = PartialsBuilder::new(zone, &registry, &definition);
    // Cut anywhere: a quarter of an hour may come in two pieces.
    let cut = rows.num_rows() / 3;
    builder.push(&rows.slice(0, cut)).expect("the first");
    let rest = rows.slice(cut, rows.num_rows() - cut);
    builder.push(&rest).expect("the rest");
    builder.finish().expect("a roll-up")
}

#[test]
fn days_of_every_zone_made_from_quarter_hours_are_those_of_the_rows() {
    let mut dice = Dice(20_240_310);
    let modern = rows(
        &mut dice,
        &[
            "2024-03-08T00:00:00Z",
            "2024-11-01T00:00:00Z",
            "2010-11-05T00:00:00Z",
            "1985-12-30T00:00:00Z",
            "2011-12-28T00:00:00Z",
        ],
    );
    let detail = built(&modern, chrono_tz::UTC).detail;
    let mut unknown = Vec::new();
    for zone in chrono_tz::TZ_VARIANTS {
        match detail.days(zone).expect("sums fit") {
            Some(days) => {
                let totals = built(&modern, zone).days.totals();
                assert_eq!(days.cells(), totals.cells(), "{zone}");
                assert!(days.definitions().eq(totals.definitions()), "{zone}");
            }
            None => unknown.push(zone.name()),
        }
    }
    // Newfoundland's clocks changed at one minute past midnight until 2011.
    assert_eq!(
        unknown,
        [
            "America/Goose_Bay",
            "America/St_Johns",
            "Canada/Newfoundland",
        ]
    );

    let old = rows(&mut dice, &["1938-01-10T00:00:00Z"]);
    let detail = built(&old, chrono_tz::UTC).detail;
    assert!(
        detail
            .days(chrono_tz::Africa::Monrovia)
            .expect("sums")
            .is_none()
    );
    assert!(
        detail
            .days(chrono_tz::Asia::Kolkata)
            .expect("sums")
            .is_some()
    );
}

#[test]
fn a_stored_roll_up_comes_back_as_it_was() {
    let mut dice = Dice(7);
    for (around, alone) in [
        (&["2024-03-08T00:00:00Z"][..], false),
        (
            &[
                "1900-01-01T00:00:00Z",
                "2199-12-20T00:00:00Z",
                "2024-03-08T00:00:00Z",
            ][..],
            true,
        ),
    ] {
        let all = rows(&mut dice, around);
        let some = match alone {
            true => all,
            false => all.slice(0, 200),
        };
        let mut rollup = built(&some, chrono_tz::Asia::Kathmandu);
        if alone {
            // Many more quarter hours than are kept beside the days.
            let quarters = std::mem::take(&mut rollup.detail.quarters);
            rollup.detail.quarters = (0..20_i32)
                .flat_map(|n| {
                    quarters.iter().map(move |c| Cell {
                        day: c.day + n,
                        ..*c
                    })
                })
                .collect();
        }
        let encode = |rows| rollup.encode(rows).expect("bytes").expect("is kept");
        let stored = encode(1 << 20);
        assert_eq!(stored.detail.is_some(), alone);
        let days = StoredRollup::decode_days(&stored.days).expect("days");
        assert_eq!(days.cells(), rollup.days.cells());
        assert_eq!(days.slices(), rollup.days.slices());
        assert!(days.definitions().eq(rollup.days.definitions()));
        let detail = match &stored.detail {
            Some(bytes) => StoredRollup::decode_detail(bytes, DetailPlace::Alone),
            None => StoredRollup::decode_detail(&stored.days, DetailPlace::BehindDays),
        };
        assert_eq!(detail.expect("detail"), Some(rollup.detail.clone()));
        if alone {
            // Of so few rows it is not worth its bytes.
            let days = encode(10_000).days;
            let detail = StoredRollup::decode_detail(&days, DetailPlace::BehindDays);
            assert_eq!(detail.expect("nothing"), None);
            assert!(StoredRollup::decode_days(&days).is_ok());
            assert!(!StoredRollup::has_detail(&days));
        }

        let mut damaged = stored.days.clone();
        damaged[40] ^= 1;
        assert!(matches!(
            StoredRollup::decode_days(&damaged),
            Err(RollupError::Corrupt(_))
        ));
        let mut newer = stored.days.clone();
        newer[3] += 1;
        let older = rollup.days.encode().expect("without a mark");
        for other in [newer, older] {
            assert!(matches!(
                StoredRollup::decode_days(&other),
                Err(RollupError::OtherFormat(_))
            ));
        }
    }
}

#[test]
fn adding_files_to_merged_partials_is_merging_them_all() {
    let mut dice = Dice(11);
    let zone = chrono_tz::America::New_York;
    let mut part = |around: &str, version| {
        built(&rows(&mut dice, &[around]), zone)
            .days
            .with_version(version)
    };
    let parts = [
        part("2024-03-08T00:00:00Z", 5),
        part("2024-03-10T00:00:00Z", 6),
        part("2024-01-01T00:00:00Z", 7),
        part("2024-03-09T00:00:00Z", 8),
    ];
    let all = Partials::merge(&parts).expect("merged");
    let two = Partials::merge(&parts[..2]).expect("merged");
    let grown = two.plus(&parts[2..]).expect("added");
    assert_eq!(grown.cells(), all.cells());
    assert_eq!(grown.slices(), all.slices());
    assert_eq!(grown.incomplete(), all.incomplete());
    assert_eq!(two.plus([]).expect("nothing added").cells(), two.cells());
    let mut backwards: Vec<&Partials> = parts.iter().collect();
    backwards.reverse();
    let backwards = Partials::merge(backwards).expect("merged");
    let same = backwards.differences(&all);
    assert!(
        same.is_empty(),
        "the order of files decides nothing: {same:?}"
    );
}

/// The same rows with texts for the key `n`: `every`th has one, beside what
/// number it may have.
fn with_texts(rows: &RecordBatch, every: usize) -> RecordBatch {
    let at = rows.schema().index_of("dim_n").expect("a column");
    let mut columns = rows.columns().to_vec();
    let texts = (0..rows.num_rows()).map(|row| row.is_multiple_of(every).then_some("a"));
    columns[at] = Arc::new(texts.collect::<StringViewArray>());
    RecordBatch::try_new(rows.schema(), columns).expect("rows")
}

fn incomplete(partials: &Partials) -> Vec<String> {
    let keys = partials.incomplete().iter();
    keys.map(|(metric, key)| format!("{} {key}", partials.metric(*metric).metric_name))
        .collect()
}

#[test]
fn a_key_with_texts_and_numbers_is_incomplete_in_one_file_and_over_several() {
    let zone = chrono_tz::UTC;
    let rows = rows(&mut Dice(5), &["2024-03-08T00:00:00Z"]);
    let numbers = built(&rows, zone).days;
    assert_eq!(incomplete(&numbers), Vec::<String>::new());
    let both = built(&with_texts(&rows, 7), zone).days;
    assert_eq!(incomplete(&both), ["ratio n", "sum n"]);
    // A text hides the number beside it.
    let texts = built(&with_texts(&rows, 1), zone).days;
    assert_eq!(incomplete(&texts), Vec::<String>::new());

    let merged = Partials::merge([&numbers, &texts]).expect("merged");
    assert_eq!(incomplete(&merged), ["ratio n", "sum n"]);
    let stored = |days: &Partials| Partials::decode(&days.encode().expect("bytes")).expect("days");
    let grown = stored(&texts).plus([&stored(&numbers)]).expect("added");
    assert_eq!(incomplete(&grown), ["ratio n", "sum n"]);
    assert_eq!(incomplete(&grown.totals()), Vec::<String>::new());
}

#[test]
fn the_keys_with_the_most_cells_are_left_out_whatever_the_batches() {
    let registry = registry();
    let rows = with_texts(
        &rows(
            &mut Dice(3),
            &["2024-03-08T00:00:00Z", "2024-05-08T00:00:00Z"],
        ),
        2,
    );
    let capped = |most: usize, batch: usize| {
        let builder = PartialsBuilder::new(chrono_tz::UTC, &registry, &definition);
        let mut builder = builder.with_cap(most);
        for start in (0..rows.num_rows()).step_by(batch) {
            let length = batch.min(rows.num_rows() - start);
            builder.push(&rows.slice(start, length)).expect("rows");
            builder.settle().expect("sums");
        }
        builder.finish().expect("a roll-up").days
    };
    let slices = |days: &Partials| days.cells().iter().filter(|c| c.slice != 0).count();
    let all = capped(usize::MAX, 500);
    assert_eq!(
        slices(&all),
        built(&rows, chrono_tz::UTC).days.cells().len() - all.totals().cells().len()
    );
    for most in [0, 15, 30, 100, slices(&all) - 1] {
        let days = capped(most, rows.num_rows());
        assert!(slices(&days) <= most, "{most}");
        assert_eq!(days.totals().cells(), all.totals().cells());
        let left_out = incomplete(&days);
        assert!(
            left_out.iter().any(|key| key.ends_with("country")),
            "{left_out:?}"
        );
        for batch in [70, 333] {
            let found = capped(most, batch).differences(&days);
            assert!(found.is_empty(), "{most} {batch}: {found:?}");
        }
    }
}
