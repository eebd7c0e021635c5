//! Does every stored roll-up say what the rows say? Made again from the rows and
//! compared cell by cell.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use storage_layout::decimal::{SCALE, canonical};
use storage_layout::rollup::{
    Cell, Detail, LocalDay, Measures, Partials, Sketch, Slice, Stamped, StoredRollup,
};
use storage_layout::{MetricKey, TenantId};

use super::Maintainer;
use crate::error::{Error, Result};
use crate::metadata::catalog::{DataFile, FileStorage};
use crate::query::file_partials::{readable, stored_days, stored_detail, stored_rows};
use crate::query::partials::fit;
use crate::query::scope::Scope;

/// Mismatches that a report names; more are counted.
const NAMED: usize = 1_000;

/// What is checked.
#[derive(Debug, Clone, Default)]
pub struct VerifyRequest {
    /// Only this local day and later ones.
    pub from: Option<NaiveDate>,
    /// Only this local day and earlier ones.
    pub to: Option<NaiveDate>,
    /// Only metrics of this platform.
    pub platform: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct VerifyReport {
    /// The tenant's version that was checked.
    pub version: i64,
    /// Files whose stored roll-ups were compared with their rows.
    pub files: u64,
    /// Files without a roll-up that fits the zone, the definitions and the
    /// format in force: answers make theirs from the rows.
    pub stale_files: u64,
    /// Files without a roll-up because they are inline, or because theirs would
    /// hardly be smaller than their rows: answers make theirs from the rows.
    pub inline_files: u64,
    /// What was compared.
    pub checked: Checked,
    /// How many measures differ.
    pub mismatches: u64,
    /// The first thousand of them.
    pub found: Vec<Mismatch>,
}

/// How many cells were compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Checked {
    /// A metric on a day.
    pub days: u64,
    /// A metric's dimension value on a day.
    pub dimension_values: u64,
    /// A metric in a quarter of an hour.
    pub quarter_hours: u64,
    /// A sketch of a metric on a day.
    pub sketches: u64,
}

/// A measure that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// The metric's platform.
    pub platform: String,
    /// Its family.
    pub metric_type: String,
    /// Its name.
    pub metric_name: String,
    /// The local day.
    pub day: NaiveDate,
    /// The quarter of an hour, where it is one that differs.
    pub quarter_hour: Option<DateTime<Utc>>,
    /// The dimension key, where it is one value's cell or sketch that differs.
    pub dimension: Option<String>,
    /// The dimension's value.
    pub value: Option<String>,
    /// Which measure; `cell` where the whole cell is missing or too many.
    pub measure: &'static str,
    /// What the rows say; `None`: nothing.
    pub expected: Option<String>,
    /// What is stored; `None`: nothing.
    pub stored: Option<String>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            platform,
            metric_type,
            metric_name,
            day,
            ..
        } = self;
        write!(
            f,
            "{} of {platform}/{metric_type}/{metric_name} ",
            self.measure
        )?;
        match &self.quarter_hour {
            Some(quarter) => write!(f, "in the quarter of an hour from {quarter}")?,
            None => write!(f, "on {day}")?,
        }
        if let Some(dimension) = &self.dimension {
            let value = self.value.as_deref().unwrap_or("all values");
            write!(f, " by {dimension} ({value})")?;
        }
        let text = |said: &Option<String>| said.clone().unwrap_or_else(|| "nothing".into());
        write!(
            f,
            " is {} and not {}",
            text(&self.stored),
            text(&self.expected)
        )
    }
}

/// Where a cell is. Days come before quarter hours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    metric: MetricKey,
    day: i32,
    quarter: Option<i32>,
    dimension: Option<(Arc<str>, Arc<str>)>,
}

/// Checks all stored roll-ups of a tenant. It reads every row of the days asked
/// for. Errors: as reading; damaged bytes are an error and no mismatch.
pub(super) async fn verify(
    maintainer: &Maintainer,
    tenant: &TenantId,
    request: &VerifyRequest,
) -> Result<VerifyReport> {
    let snapshot = maintainer.snapshot(tenant).await?;
    let scope = maintainer.scope(&snapshot);
    let mut report = VerifyReport {
        version: snapshot.version,
        ..VerifyReport::default()
    };
    let number = |day: NaiveDate| crate::dashboard::day_number(day);
    let days = request.from.map_or(i32::MIN, number)
        ..request
            .to
            .map_or(i32::MAX, |day| number(day).saturating_add(1));
    for file in &snapshot.files {
        let mut local = LocalDay::new(snapshot.tenant.time_zone);
        // A local day may begin again where clocks go back over midnight.
        if local.of(file.statistics.max_recorded_at_us) < days.start.saturating_sub(1)
            || local.of(file.statistics.min_recorded_at_us) > days.end
        {
            continue;
        }
        if file.storage == FileStorage::Inline || file.rollup_zone.is_none() {
            report.inline_files += 1;
            continue;
        }
        let Some(stored) = stored(&scope, file).await? else {
            report.stale_files += 1;
            continue;
        };
        report.files += 1;
        let zone = snapshot.tenant.time_zone;
        let expected = maintainer
            .rollup_of_rows(&snapshot, file, zone, maintainer.pace.clone())
            .await?;
        let mut comparison = Comparison {
            days: days.clone(),
            platform: request.platform.clone(),
            local,
            report,
        };
        report = tokio::task::spawn_blocking(move || {
            let (days, detail) = &stored;
            comparison.compare_days(&expected.days, days);
            if let Some(detail) = detail {
                comparison.compare_detail(&expected.detail, detail);
            }
            comparison.report
        })
        .await
        .map_err(Error::internal)?;
    }
    Ok(report)
}

/// The stored roll-up, past every cache, with its detail unless it was left out;
/// `None` when answers do not use it.
async fn stored(scope: &Scope, file: &DataFile) -> Result<Option<(Partials, Option<Detail>)>> {
    if file.rollup_zone != Some(scope.snapshot.tenant.time_zone) {
        return Ok(None);
    }
    let row = stored_rows(scope, &[file]).await?.remove(&file.id);
    let Some(bytes) = stored_days(scope, file, row.clone()).await? else {
        return Ok(None);
    };
    let Some(days) = readable(file.id, StoredRollup::decode_days(&bytes))? else {
        return Ok(None);
    };
    let fits = fit(days.definitions(), &scope.snapshot.definitions());
    let left_out = file.detail_key.is_none() && !StoredRollup::has_detail(&bytes);
    let detail = stored_detail(scope, file, row).await?;
    Ok((fits && (left_out || detail.is_some())).then_some((days, detail)))
}

pub(super) struct Comparison {
    days: Range<i32>,
    platform: Option<String>,
    local: LocalDay,
    pub(super) report: VerifyReport,
}

impl Comparison {
    /// Of all days and platforms.
    pub(super) fn of_all(zone: chrono_tz::Tz) -> Self {
        Self {
            days: i32::MIN..i32::MAX,
            platform: None,
            local: LocalDay::new(zone),
            report: VerifyReport::default(),
        }
    }

    pub(super) fn compare_days(&mut self, expected: &Partials, stored: &Partials) {
        let (rows, kept) = (self.by_day(expected), self.by_day(stored));
        for place in union(&rows, &kept) {
            match place.dimension {
                None => self.report.checked.days += 1,
                Some(_) => self.report.checked.dimension_values += 1,
            }
            self.cell(place, rows.get(place), kept.get(place));
        }
        self.left_out(expected, stored);
    }

    pub(super) fn compare_detail(&mut self, expected: &Detail, stored: &Detail) {
        let (rows, kept) = (self.by_quarter(expected), self.by_quarter(stored));
        for place in union(&rows, &kept) {
            self.report.checked.quarter_hours += 1;
            self.cell(place, rows.get(place), kept.get(place));
        }
        let (rows, kept) = (self.sketches(expected), self.sketches(stored));
        for place in union(&rows, &kept) {
            self.report.checked.sketches += 1;
            let (expected, stored) = (rows.get(place), kept.get(place));
            if expected != stored {
                let text = |sketch: &&Sketch| match sketch {
                    Sketch::Distinct(sketch) => format!("{} different values", sketch.count()),
                    Sketch::Quantiles(sketch) => {
                        let median = sketch.quantile(0.5).unwrap_or_default();
                        format!("{} values around {median}", sketch.count())
                    }
                };
                self.note(place, "sketch", expected.map(text), stored.map(text));
            }
        }
    }

    /// Keys that have no cells because they have too many values.
    fn left_out(&mut self, expected: &Partials, stored: &Partials) {
        let named = |partials: &Partials| -> BTreeMap<(MetricKey, Arc<str>), ()> {
            let keys = partials.incomplete().iter();
            keys.map(|(metric, key)| ((partials.metric(*metric).clone(), key.clone()), ()))
                .collect()
        };
        let (rows, kept) = (named(expected), named(stored));
        for of in union(&rows, &kept) {
            let (in_rows, is_kept) = (rows.contains_key(of), kept.contains_key(of));
            if in_rows != is_kept && self.platform.as_ref().is_none_or(|p| **p == *of.0.platform) {
                let place = Place {
                    metric: of.0.clone(),
                    day: expected.cells().first().map_or(0, |cell| cell.day),
                    quarter: None,
                    dimension: Some((of.1.clone(), "".into())),
                };
                let text = |left_out: bool| Some(if left_out { "left out" } else { "kept" });
                self.note(&place, "dimension", text(in_rows), text(is_kept));
            }
        }
    }

    fn by_day<'a>(&self, partials: &'a Partials) -> BTreeMap<Place, &'a Measures> {
        let place = |cell: &Cell| Place {
            metric: partials.metric(cell.metric).clone(),
            day: cell.day,
            quarter: None,
            dimension: match partials.slice(cell.slice) {
                Slice::Total => None,
                Slice::Dimension { key, value } => Some((key.clone(), value.clone())),
            },
        };
        let cells = partials.cells().iter();
        let cells = cells.map(|cell| (place(cell), &cell.measures));
        cells.filter(|(place, _)| self.asked(place)).collect()
    }

    fn by_quarter<'a>(&mut self, detail: &'a Detail) -> BTreeMap<Place, &'a Measures> {
        let mut cells = BTreeMap::new();
        for cell in detail.quarters() {
            let place = Place {
                metric: detail.metric(cell.metric).clone(),
                day: self.local.of(cell.measures.first.recorded_at_us),
                quarter: Some(cell.day),
                dimension: None,
            };
            if self.asked(&place) {
                cells.insert(place, &cell.measures);
            }
        }
        cells
    }

    fn sketches<'a>(&self, detail: &'a Detail) -> BTreeMap<Place, &'a Sketch> {
        let sketches = detail.sketches().iter().map(|((metric, day, of), sketch)| {
            let place = Place {
                metric: detail.metric(*metric).clone(),
                day: *day,
                quarter: None,
                dimension: of.clone().map(|key| (key, "".into())),
            };
            (place, sketch)
        });
        sketches.filter(|(place, _)| self.asked(place)).collect()
    }

    fn asked(&self, place: &Place) -> bool {
        let platform = self.platform.as_deref();
        self.days.contains(&place.day) && platform.is_none_or(|p| p == &*place.metric.platform)
    }

    fn cell(&mut self, place: &Place, expected: Option<&&Measures>, stored: Option<&&Measures>) {
        let (Some(expected), Some(stored)) = (expected, stored) else {
            let points = |m: &&Measures| format!("{} points", m.count);
            return self.note(place, "cell", expected.map(points), stored.map(points));
        };
        let value = |units: i128| canonical(units, SCALE);
        let stamped = |s: &Stamped| {
            let at = DateTime::from_timestamp_micros(s.recorded_at_us).unwrap_or_default();
            let version = match s.commit_version {
                storage_layout::rollup::OWN_VERSION => "its own".to_owned(),
                version => version.to_string(),
            };
            format!("{} at {at} of version {version}", value(s.value))
        };
        type Show<'a> = &'a dyn Fn(&Measures) -> String;
        let measures: [(&'static str, Show<'_>); 8] = [
            ("count", &|m| m.count.to_string()),
            ("sum", &|m| value(m.sum)),
            ("min", &|m| value(m.min)),
            ("max", &|m| value(m.max)),
            ("first", &|m| stamped(&m.first)),
            ("last", &|m| stamped(&m.last)),
            ("numerator", &|m| value(m.numerator)),
            ("denominator", &|m| value(m.denominator)),
        ];
        if expected == stored {
            return;
        }
        for (name, show) in measures {
            let (expected, stored) = (show(expected), show(stored));
            if expected != stored {
                self.note(place, name, Some(expected), Some(stored));
            }
        }
    }

    fn note(
        &mut self,
        place: &Place,
        measure: &'static str,
        expected: Option<impl Display>,
        stored: Option<impl Display>,
    ) {
        self.report.mismatches += 1;
        if self.report.found.len() >= NAMED {
            return;
        }
        let quarter_us = |quarter: i32| i64::from(quarter) * 900_000_000;
        let (dimension, value) = match &place.dimension {
            None => (None, None),
            Some((key, value)) => (Some(key.to_string()), Some(value.to_string())),
        };
        self.report.found.push(Mismatch {
            platform: place.metric.platform.to_string(),
            metric_type: place.metric.metric_type.to_string(),
            metric_name: place.metric.metric_name.to_string(),
            day: LocalDay::date(place.day),
            quarter_hour: place
                .quarter
                .and_then(|q| DateTime::from_timestamp_micros(quarter_us(q))),
            dimension,
            value: value.filter(|value| !value.is_empty()),
            measure,
            expected: expected.map(|e| e.to_string()),
            stored: stored.map(|s| s.to_string()),
        });
    }
}

/// The places of either, each once, in order.
fn union<'a, K: Ord, V>(a: &'a BTreeMap<K, V>, b: &'a BTreeMap<K, V>) -> Vec<&'a K> {
    let mut places: Vec<&K> = a.keys().chain(b.keys()).collect();
    places.sort();
    places.dedup();
    places
}
