//! What partials cannot know, asked of raw points in SQL: different values and
//! gauges over keys with too many values, and such keys' top values.
//!
//! Few queries answer totals and days, each as many of them as a query may hold.
//! Top values of all metrics and keys come from one pass where the points are few
//! ([`CHEAP_RAW_POINTS`]), else from one query per metric and key. Keys that
//! tell single points apart (see [`is_like_an_id`]) are left out once the
//! answer has shown it.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type};
use chrono_tz::Tz;
use futures::TryStreamExt;
use storage_layout::{Combine, MetricKey, MetricKind};

use super::branches::{Branch, Part, queries};
use super::exact::Exact;
use super::range::{Days, Spans, day_number, local_day};
use super::tally::{MetricTally, combined};
use super::top_values::{LISTED, Ranking, TopValue, TopValues, is_like_an_id};
use super::totals::Numbers;
use super::{CHEAP_RAW_POINTS, MetricPanel, Panels, RawTop};
use crate::error::{Error, Result};
use crate::query::tops::{Answers, Tops, TopsOf, TopsQuestion};
use crate::session::{Param, PartialsSource, Session};

/// Asks raw points within one session.
pub(super) struct RawReader<'a> {
    pub(super) session: &'a Session,
    pub(super) spans: &'a Spans,
    pub(super) zone: Tz,
}

/// A query's text and its parameters, written together.
#[derive(Default)]
struct Sql {
    text: String,
    params: Vec<Param>,
}

impl RawReader<'_> {
    /// Fills in what [`Panels::of`] left open.
    pub(super) async fn complete(&self, panels: &mut Panels<'_>, raw_top: RawTop) -> Result<()> {
        let open = |panel: &&mut MetricPanel<'_>| panel.numbers_source == PartialsSource::Raw;
        let mut open: Vec<_> = panels.metrics.iter_mut().filter(open).collect();
        let kinds: Vec<&MetricKind> = open.iter().map(|panel| panel.tally.kind).collect();
        for branches in queries(&kinds, self.spans.previous.is_some()) {
            self.numbers(&mut open, &branches).await?;
        }
        self.top_values(panels, raw_top).await
    }

    async fn numbers(
        &self,
        panels: &mut [&mut MetricPanel<'_>],
        branches: &[Branch],
    ) -> Result<()> {
        let mut sql = Sql::default();
        for (number, branch) in branches.iter().enumerate() {
            let metric = &panels[branch.panel].tally;
            let (current, one) = (self.spans.current, "cast(0 as bigint)".to_owned());
            let (days, bucket) = match branch.part {
                Part::Days => (current, self.local_day_sql()),
                Part::Current => (current, one),
                Part::Previous => (self.spans.previous.unwrap_or(current), one),
            };
            self.push_numbers(&mut sql, number, metric, days, &bucket);
        }
        let first_day = day_number(self.spans.current.from);
        for batch in self.run(sql).await? {
            let (numbers, buckets) = (ints(&batch, 0)?, ints(&batch, 1)?);
            for row in 0..batch.num_rows() {
                let branch = usize::try_from(numbers.value(row)).map_err(Error::internal)?;
                let Some(branch) = branches.get(branch) else {
                    continue;
                };
                let panel = &mut panels[branch.panel];
                let value = number(panel.tally.kind, &batch, row)?;
                let Numbers {
                    current,
                    previous,
                    days,
                } = &mut panel.numbers;
                match branch.part {
                    Part::Current => *current = value,
                    Part::Previous => *previous = value,
                    Part::Days => {
                        let day = local_day(buckets.value(row), self.zone).map(day_number);
                        let day = day.and_then(|day| usize::try_from(day - first_day).ok());
                        if let Some(day) = day.and_then(|day| days.get_mut(day)) {
                            *day = value;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// One branch: rows of (branch, bucket, series or values, sum, min, max).
    fn push_numbers(
        &self,
        sql: &mut Sql,
        branch: usize,
        metric: &MetricTally<'_>,
        days: Days,
        bucket: &str,
    ) {
        if branch > 0 {
            sql.text.push_str(" union all ");
        }
        let filter = self.filter(sql, metric.key, days);
        let from = format!("from analytics_data_points where {filter}");
        let text = match metric.kind {
            // Every column has a name: two of one name are refused.
            MetricKind::Distinct { dimension } => format!(
                "select cast({branch} as bigint) as branch, bucket, \
                 cast(count(distinct value) as bigint) as series, \
                 cast(null as decimal(38, 9)) as total, cast(null as decimal(38, 9)) as low, \
                 cast(null as decimal(38, 9)) as high \
                 from (select {bucket} as bucket, {} as value {from}) as points group by bucket",
                dimension_sql(dimension)
            ),
            MetricKind::Gauge { series, .. } => {
                let keys: Vec<String> = series.iter().map(|key| dimension_sql(key)).collect();
                let names: Vec<String> = (0..keys.len()).map(|i| format!("series_{i}")).collect();
                let named = keys
                    .iter()
                    .zip(&names)
                    .map(|(key, name)| format!(", {key} as {name}"));
                let names: String = names.iter().map(|name| format!(", {name}")).collect();
                format!(
                    "select cast({branch} as bigint) as branch, bucket, \
                     cast(count(*) as bigint) as series, \
                     cast(sum(value) as decimal(38, 9)) as total, \
                     cast(min(value) as decimal(38, 9)) as low, \
                     cast(max(value) as decimal(38, 9)) as high from (\
                     select bucket, last_value(metric_value \
                     order by recorded_at, commit_version, metric_value) as value \
                     from (select {bucket} as bucket, metric_value, recorded_at, commit_version{} {from}) \
                     as points group by bucket{names}) as series group by bucket",
                    named.collect::<String>()
                )
            }
            // Partials always answer these.
            MetricKind::Sum | MetricKind::Ratio { .. } => return,
        };
        sql.text.push_str(&text);
    }

    async fn top_values(&self, panels: &mut Panels<'_>, raw_top: RawTop) -> Result<()> {
        let points = |panel: &MetricPanel<'_>| panel.tally.current.map_or(0, |m| m.count);
        let cost: i64 = panels
            .metrics
            .iter()
            .map(|p| p.raw_keys().len() as i64 * points(p))
            .sum();
        let cheap = cost <= CHEAP_RAW_POINTS;
        let found = match cheap {
            true => self.tops(panels).await?,
            false => Arc::default(),
        };
        let mut found = found.iter();
        for panel in &mut panels.metrics {
            let keys = panel.raw_keys();
            let of_panel = match cheap && !keys.is_empty() {
                true => found.next(),
                false => None,
            };
            let mut tops = of_panel.into_iter().flatten();
            for key in keys {
                let ranking = match (cheap, raw_top) {
                    (true, _) => match tops.next() {
                        Some(tops) => ranking_of(&panel.tally, tops)?,
                        None => return Err(Error::internal("a key's top values are missing")),
                    },
                    (false, RawTop::Always) => self.ranking(&panel.tally, &key).await?,
                    (false, RawTop::WhenCheap) => None,
                };
                if ranking.is_none() && (cheap || raw_top == RawTop::Always) {
                    continue;
                }
                let metric = panel.tally.key.clone();
                panel.top_values.push(TopValues {
                    metric,
                    key,
                    source: PartialsSource::Raw,
                    ranking,
                });
            }
            panel.top_values.sort_by(|a, b| a.key.cmp(&b.key));
        }
        Ok(())
    }

    /// The top values of all keys that are left to raw points.
    async fn tops(&self, panels: &Panels<'_>) -> Result<Arc<Answers>> {
        let of = panels.metrics.iter().map(|panel| TopsOf {
            metric: panel.tally.key.clone(),
            kind: panel.tally.kind.clone(),
            keys: panel.raw_keys(),
        });
        let of: Vec<TopsOf> = of.filter(|of| !of.keys.is_empty()).collect();
        if of.is_empty() {
            return Ok(Arc::default());
        }
        let question = TopsQuestion {
            instants: self.spans.current.instants_us(self.zone),
            of,
            listed: LISTED,
        };
        self.session.tops(question).await
    }

    /// The top of one key; `None` when it tells single points apart.
    async fn ranking(&self, metric: &MetricTally<'_>, key: &str) -> Result<Option<Ranking>> {
        let none = || "cast(null as decimal(25, 9))".to_owned();
        let (above, below) = match metric.kind {
            MetricKind::Ratio {
                numerator,
                denominator,
            } => (number_sql(numerator), number_sql(denominator)),
            _ => ("metric_value".to_owned(), none()),
        };
        let (number, order) = match metric.kind {
            MetricKind::Ratio { .. } => (
                "sum(above)",
                "cast(above as double) / nullif(cast(below as double), 0)",
            ),
            MetricKind::Gauge { .. } => (
                "last_value(above order by recorded_at, commit_version, above)",
                "above",
            ),
            _ => ("sum(above)", "above"),
        };
        let (mut sql, dimension) = (Sql::default(), dimension_sql(key));
        let filter = self.filter(&mut sql, metric.key, self.spans.current);
        sql.text = format!(
            "with points as (select {dimension} as value, {above} as above, {below} as below, \
             recorded_at, commit_version from analytics_data_points where {filter}), \
             grouped as (select value, count(*) as points, {number} as above, sum(below) as below \
             from points where value is not null group by value) \
             select arrow_cast(value, 'Utf8') as name, cast(points as bigint) as name_points, \
             cast(above as decimal(38, 9)) as name_above, \
             cast(below as decimal(38, 9)) as name_below, \
             cast(count(*) over () as bigint) as all_names, \
             cast(sum(points) over () as bigint) as all_points, \
             cast(sum(above) over () as decimal(38, 9)) as all_above \
             from grouped order by {order} desc nulls last, value limit {LISTED}"
        );
        let (mut ranking, mut points) = (
            Ranking {
                top: vec![],
                values: 0,
                other: None,
                without: None,
            },
            0,
        );
        let mut sum = None;
        for batch in self.run(sql).await? {
            let names = batch
                .column(0)
                .as_string_opt::<i32>()
                .ok_or_else(unexpected_type)?;
            let (counts, values, all) = (ints(&batch, 1)?, ints(&batch, 4)?, ints(&batch, 5)?);
            for row in 0..batch.num_rows() {
                (ranking.values, points) = (values.value(row), all.value(row));
                sum = decimal(&batch, 6, row)?;
                let above = decimal(&batch, 2, row)?;
                let value = match (metric.kind, above, decimal(&batch, 3, row)?) {
                    (MetricKind::Ratio { .. }, Some(above), Some(below)) => {
                        Exact::ratio(above, below)?
                    }
                    (MetricKind::Ratio { .. }, ..) => None,
                    (_, above, _) => above.map(Exact::from_units),
                };
                let name = names.value(row).to_owned();
                ranking.top.push(TopValue {
                    name,
                    count: counts.value(row),
                    value,
                });
            }
        }
        complete_ranking(metric, ranking, points, sum)
    }

    /// A metric's points of these local days, as a condition.
    fn filter(&self, sql: &mut Sql, key: &MetricKey, days: Days) -> String {
        let platform = sql.param(&key.platform);
        let metric_type = sql.param(&key.metric_type);
        let metric_name = sql.param(&key.metric_name);
        let instants = days.instants_us(self.zone);
        format!(
            "platform = {platform} and metric_type = {metric_type} and metric_name = {metric_name} \
             and recorded_at >= {} and recorded_at < {}",
            instant_sql(instants.start),
            instant_sql(instants.end)
        )
    }

    /// The first instant of a point's local day, microseconds; the first of two
    /// where midnight comes twice.
    fn local_day_sql(&self) -> String {
        format!(
            "arrow_cast(time_bucket(interval '1 day', recorded_at, '{}'), 'Int64')",
            self.zone.name()
        )
    }

    async fn run(&self, sql: Sql) -> Result<Vec<RecordBatch>> {
        let answer = self.session.raw_points(&sql.text, &sql.params).await?;
        let batches = answer.stream.try_collect().await?;
        match answer.stats.truncated() {
            false => Ok(batches),
            true => Err(Error::Query {
                message: "the dashboard needs more rows of raw points than the plan allows"
                    .to_owned(),
                location: None,
                hint: Some("ask for fewer days, or for one platform".to_owned()),
            }),
        }
    }
}

/// The top of one key, found in one pass; `None` as in [`RawReader::ranking`].
fn ranking_of(metric: &MetricTally<'_>, tops: &Tops) -> Result<Option<Ranking>> {
    let top = tops.listed.iter().map(|top| TopValue {
        name: top.name.clone(),
        count: top.points,
        value: top.number.map(Exact::from_units),
    });
    let ranking = Ranking {
        top: top.collect(),
        values: tops.values,
        other: None,
        without: None,
    };
    let sum = (tops.values != 0).then_some(tops.sum);
    complete_ranking(metric, ranking, tops.points, sum)
}

/// Adds what is not listed; `points` have a value, and add up to `sum`.
fn complete_ranking(
    metric: &MetricTally<'_>,
    mut ranking: Ranking,
    points: i64,
    sum: Option<i128>,
) -> Result<Option<Ranking>> {
    if is_like_an_id(ranking.values, points) {
        return Ok(None);
    }
    if let (MetricKind::Sum, Some(total), Some(sum)) = (metric.kind, &metric.current, sum) {
        let sum = Exact::from_units(sum);
        let listed = ranking
            .top
            .iter()
            .filter_map(|v| v.value)
            .try_fold(Exact::ZERO, Exact::plus)?;
        ranking.other = Some(sum.minus(listed)?);
        ranking.without = Some(Exact::from_units(total.sum).minus(sum)?);
    }
    Ok(Some(ranking))
}

impl Sql {
    /// Adds a parameter; the answer is how the text names it.
    fn param(&mut self, text: &str) -> String {
        self.params.push(Param::Text(text.to_owned()));
        format!("${}", self.params.len())
    }
}

fn dimension_sql(key: &str) -> String {
    format!("dimensions->>'{}'", key.replace('\'', "''"))
}

fn number_sql(key: &str) -> String {
    format!("try_cast({} as decimal(25, 9))", dimension_sql(key))
}

fn instant_sql(us: i64) -> String {
    format!("arrow_cast(cast({us} as bigint), 'Timestamp(Microsecond, Some(\"UTC\"))')")
}

/// The number of one row of [`RawReader::push_numbers`].
fn number(kind: &MetricKind, batch: &RecordBatch, row: usize) -> Result<Option<Exact>> {
    let count = ints(batch, 2)?.value(row);
    let combine: Combine = match kind {
        MetricKind::Gauge { combine, .. } => *combine,
        _ => return Ok(Some(Exact::whole(count))),
    };
    let unit = |column| decimal(batch, column, row).map(Option::unwrap_or_default);
    Ok(combined(combine, count, unit(3)?, unit(4)?, unit(5)?)?)
}

fn ints(batch: &RecordBatch, column: usize) -> Result<&arrow::array::Int64Array> {
    batch
        .column(column)
        .as_primitive_opt::<Int64Type>()
        .ok_or_else(unexpected_type)
}

fn decimal(batch: &RecordBatch, column: usize, row: usize) -> Result<Option<i128>> {
    let values = batch
        .column(column)
        .as_primitive_opt::<Decimal128Type>()
        .ok_or_else(unexpected_type)?;
    Ok(values.is_valid(row).then(|| values.value(row)))
}

fn unexpected_type() -> Error {
    Error::internal("a dashboard query came back with another type of column")
}
