//! What only raw points know: several dimensions, numbers compared, hours,
//! different values, and gauges of several series. One measure a query.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type};
use futures::TryStreamExt;
use storage_layout::rollup::RollupError;
use storage_layout::{Combine, MetricKey};

use super::amount::Amount;
use super::cells::{Cells, Group};
use super::grid::Grid;
use super::resolve::{Question, Resolved, Term};
use super::sql::{Sql, column, number};
use crate::dashboard::{Exact, combined};
use crate::error::{Error, Result};
use crate::session::{PartialsSource, Session};

/// Which columns a query groups by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Buckets and groups.
    Rows,
    /// Groups, over all buckets.
    Groups,
    /// Nothing.
    Total,
}

/// Adds the numbers of one measure.
pub(super) async fn gather(
    session: &Session,
    question: &Question,
    number: usize,
    grid: &Grid,
    cells: &mut Cells,
) -> Result<()> {
    let measure = &question.measures[number];
    cells.sources[number] = PartialsSource::Raw;
    if measure.term.metrics().next().is_none() {
        return Ok(());
    }
    let asker = Asker {
        session,
        question,
        measure,
        grid,
    };
    for (bucket, group, amount) in asker.ask(Level::Rows, cells).await? {
        cells.add(bucket, &group, number, amount)?;
    }
    if matches!(measure.term, Term::Gauge { .. } | Term::Distinct { .. }) {
        // These do not follow from those of their parts.
        if grid.len() > 1 {
            for (_, group, amount) in asker.ask(Level::Groups, cells).await? {
                cells.set_group(group, number, amount);
            }
        }
        let total = asker.ask(Level::Total, cells).await?;
        cells.total[number] = total.into_iter().next().map(|(_, _, amount)| amount);
    }
    Ok(())
}

struct Asker<'a> {
    session: &'a Session,
    question: &'a Question,
    measure: &'a Resolved,
    grid: &'a Grid,
}

impl Asker<'_> {
    async fn ask(&self, level: Level, cells: &mut Cells) -> Result<Vec<(u32, Group, Amount)>> {
        let mut sql = Sql::default();
        let text = self.text(&mut sql, level);
        let answer = self.session.raw_points(&text, &sql.params).await?;
        let batches: Vec<RecordBatch> = answer.stream.try_collect().await?;
        cells.rows_scanned += answer.stats.told().rows_scanned;
        if answer.stats.truncated() {
            return Err(Error::Query {
                message: "the answer needs more rows than the plan allows".to_owned(),
                location: None,
                hint: Some("ask for fewer days, longer buckets or fewer dimensions".to_owned()),
            });
        }
        let mut found = Vec::new();
        for batch in &batches {
            for row in 0..batch.num_rows() {
                found.push(self.row(level, batch, row)?);
            }
        }
        Ok(found)
    }

    /// Rows of (bucket, points, above, below, high, time, version, dimensions…).
    fn text(&self, sql: &mut Sql, level: Level) -> String {
        let bucket = match self.grid.granularity.interval() {
            Some(interval) if level == Level::Rows => format!(
                "arrow_cast(time_bucket(interval '{interval}', recorded_at, '{}'), 'Int64')",
                self.grid.zone.name()
            ),
            _ => "cast(0 as bigint)".to_owned(),
        };
        let dimensions: &[String] = match level {
            Level::Total => &[],
            Level::Rows | Level::Groups => &self.question.dimensions,
        };
        let named = dimensions.iter().enumerate();
        let named: String = named
            .map(|(i, key)| format!(", {} as d{i}", column(key)))
            .collect();
        let groups: String = (0..dimensions.len()).map(|i| format!(", d{i}")).collect();
        let shown: String = (0..dimensions.len())
            .map(|i| format!(", arrow_cast(d{i}, 'Utf8') as d{i}"))
            .collect();
        let (parts, numbers) = self.parts(sql);
        let filter = self.filter(sql);
        let points = format!(
            "select {bucket} as bucket{named}, recorded_at, commit_version, {parts} \
             from analytics_data_points where {filter}"
        );
        match &self.measure.term {
            Term::Gauge { series, .. } if !series.is_empty() => {
                let names: String = (0..series.len()).map(|i| format!(", s{i}")).collect();
                format!(
                    "select bucket, cast(count(*) as bigint) as points, {numbers}{shown} from (\
                     select bucket{groups}, last_value(above \
                     order by recorded_at, commit_version, above) as above \
                     from ({points}) as points group by bucket{groups}{names}) as series \
                     group by bucket{groups}"
                )
            }
            _ => format!(
                "select bucket, cast(count(*) as bigint) as points, {numbers}{shown} \
                 from ({points}) as points group by bucket{groups}"
            ),
        }
    }

    /// What the query takes of each point, and the numbers it makes of it.
    fn parts(&self, sql: &mut Sql) -> (String, String) {
        let numbers = |above: &str, below: &str, high: &str| {
            format!(
                "cast({above} as decimal(38, 9)) as above, cast({below} as decimal(38, 9)) as below, \
                 cast({high} as decimal(38, 9)) as high"
            )
        };
        let value = "metric_value as above".to_owned();
        match &self.measure.term {
            Term::Count(_) => (value, numbers("null", "null", "null")),
            Term::Sum(_) | Term::Mean(_) => (value, numbers("sum(above)", "null", "null")),
            Term::Min(_) => (value, numbers("min(above)", "null", "null")),
            Term::Max(_) => (value, numbers("max(above)", "null", "null")),
            Term::Ratio {
                numerator,
                denominator,
                ..
            } => (
                format!(
                    "{} as above, {} as below",
                    number(numerator),
                    number(denominator)
                ),
                numbers("sum(above)", "sum(below)", "null"),
            ),
            Term::Quotient(above, below) => {
                let (above, below) = (sql.is_one_of(above), sql.is_one_of(below));
                (
                    format!(
                        "case when {above} then metric_value end as above, \
                         case when {below} then metric_value end as below"
                    ),
                    numbers("sum(above)", "sum(below)", "null"),
                )
            }
            Term::Gauge { series, .. } if !series.is_empty() => {
                let series = series.iter().enumerate();
                let series = series.map(|(i, key)| format!(", {} as s{i}", column(key)));
                (
                    format!("{value}{}", series.collect::<String>()),
                    numbers("sum(above)", "min(above)", "max(above)"),
                )
            }
            Term::Gauge { .. } => (
                value,
                numbers(
                    "last_value(above order by recorded_at, commit_version, above)",
                    "null",
                    "null",
                ),
            ),
            Term::Distinct { dimension, .. } => (
                format!("{} as above", column(dimension)),
                numbers("count(distinct above)", "null", "null"),
            ),
        }
    }

    fn filter(&self, sql: &mut Sql) -> String {
        let instants = self.grid.days.instants_us(self.grid.zone);
        let metrics: Vec<MetricKey> = self.measure.term.metrics().cloned().collect();
        let mut filter = format!(
            "recorded_at >= {} and recorded_at < {} and {}",
            sql.instant(instants.start),
            sql.instant(instants.end),
            sql.is_one_of(&metrics)
        );
        for of in &self.question.filters {
            filter.push_str(" and ");
            filter.push_str(&sql.condition(of));
        }
        filter
    }

    fn row(&self, level: Level, batch: &RecordBatch, row: usize) -> Result<(u32, Group, Amount)> {
        let ints = |column: usize| {
            let ints = batch.column(column).as_primitive_opt::<Int64Type>();
            ints.map(|ints| ints.value(row)).ok_or_else(unexpected)
        };
        let decimal = |column: usize| {
            let values = batch.column(column).as_primitive_opt::<Decimal128Type>();
            let values = values.ok_or_else(unexpected)?;
            Ok::<_, Error>(values.is_valid(row).then(|| values.value(row)))
        };
        let (bucket, points) = (ints(0)?, ints(1)?);
        let (above, below, high) = (decimal(2)?, decimal(3)?, decimal(4)?);
        let bucket = match (level, self.grid.granularity.interval()) {
            (Level::Rows, Some(_)) => self.grid.of_instant(bucket),
            _ => 0,
        };
        let mut group = Group::new();
        for column in 5..batch.num_columns() {
            let texts = batch.column(column).as_string_opt::<i32>();
            let texts = texts.ok_or_else(unexpected)?;
            group.push(texts.is_valid(row).then(|| texts.value(row).into()));
        }
        let unit = |units: Option<i128>| units.unwrap_or_default();
        let amount = match &self.measure.term {
            Term::Count(_) => Amount::Count(points),
            Term::Sum(_) => Amount::Sum(unit(above)),
            Term::Mean(_) => Amount::Mean(unit(above), points),
            Term::Min(_) => Amount::Min(unit(above)),
            Term::Max(_) => Amount::Max(unit(above)),
            Term::Ratio { .. } | Term::Quotient(..) => Amount::Quotient(unit(above), unit(below)),
            Term::Gauge {
                combine, series, ..
            } => gauge(*combine, series, points, [above, below, high])?,
            Term::Distinct { .. } => Amount::Whole(above.map(Exact::from_units)),
        };
        Ok((bucket, group, amount))
    }
}

/// One number for the last values of `points` series.
fn gauge(
    combine: Combine,
    series: &[String],
    points: i64,
    [sum, low, high]: [Option<i128>; 3],
) -> Result<Amount, RollupError> {
    let unit = |units: Option<i128>| units.unwrap_or_default();
    let number = match series.is_empty() {
        true => sum.map(Exact::from_units),
        false => combined(combine, points, unit(sum), unit(low), unit(high))?,
    };
    Ok(Amount::Whole(number))
}

fn unexpected() -> Error {
    Error::internal("a structured question came back with another type of column")
}
