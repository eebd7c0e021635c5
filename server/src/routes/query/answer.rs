//! The answer to a structured question in the shape that is sent.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use engine::dashboard::Exact;
use engine::structured::{Granularity, Row, RowKind, StructuredAnswer};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::encode::Decimals;
use crate::routes::dashboard::{DateRange, Decimal, source_name};

/// The answer to a structured question.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryAnswer {
    /// The tenant's version that every number is of.
    version: i64,
    /// When that version was seen.
    as_of: DateTime<Utc>,
    /// The zone that days begin in.
    time_zone: String,
    /// The days that are shown.
    range: DateRange,
    /// The days they are compared with.
    previous_range: Option<DateRange>,
    /// How long a bucket is.
    granularity: &'static str,
    /// The columns of the rows, in order.
    columns: Vec<QueryColumn>,
    /// The rows, each an array of cells in the columns' order.
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    rows: Vec<Vec<Cell>>,
    /// Each metric over the whole range; null unless asked for.
    totals: Option<Vec<QueryTotal>>,
    /// How many groups there are, listed or not.
    groups: usize,
    /// Whether these are all rows that were asked for: they always are.
    complete: bool,
    /// What it took.
    stats: QueryStats,
}

/// A column of the rows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryColumn {
    /// Its name.
    name: String,
    /// `time`, `dimension`, `metric`, `previous` or `other` (whether the row
    /// stands for all groups that are not listed).
    role: &'static str,
    /// `date`, `timestamp`, `text`, `decimal` or `boolean`.
    #[serde(rename = "type")]
    type_name: &'static str,
    /// How a metric's number is made: `sum`, `ratio`, `gauge`, `distinct`,
    /// `count`, `avg`, `min` or `max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// Where a metric's numbers come from: `rollup` or `raw`.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
}

/// A metric over the whole range.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryTotal {
    /// The metric's column.
    name: String,
    /// Its number.
    value: Option<Decimal>,
    /// Its number in the period compared with.
    previous: Option<Decimal>,
    /// The change in per cent of the magnitude of `previous`.
    change_percent: Option<Decimal>,
}

/// What an answer took.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryStats {
    /// Rows in the files that were read; 0 when roll-ups answered all of it, and
    /// for a caller that sees a part of the data.
    rows_scanned: u64,
}

impl QueryStats {
    pub(super) fn of(rows_scanned: u64) -> Self {
        Self { rows_scanned }
    }
}

/// A cell of a row.
#[derive(Debug)]
pub(crate) enum Cell {
    Null,
    Boolean(bool),
    Text(std::sync::Arc<str>),
    Date(NaiveDate),
    Time(String),
    Number(Decimal),
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_none(),
            Self::Boolean(value) => to.serialize_bool(*value),
            Self::Text(text) => to.serialize_str(text),
            Self::Date(date) => to.collect_str(date),
            Self::Time(time) => to.serialize_str(time),
            Self::Number(number) => number.serialize(to),
        }
    }
}

impl QueryAnswer {
    pub(crate) fn new(answer: StructuredAnswer, decimals: Decimals) -> Self {
        let has_other = answer.rows.iter().any(|row| row.kind == RowKind::Other);
        let rows = answer.rows.iter();
        let rows = rows
            .map(|row| cells(&answer, row, has_other, decimals))
            .collect();
        let columns = columns(&answer, has_other);
        let number = |exact: Option<Exact>| exact.map(|exact| Decimal(exact, decimals));
        let totals = answer.totals.as_ref().map(|totals| {
            let previous = answer.previous_totals.as_ref();
            let measures = answer.measures.iter().zip(totals).enumerate();
            let total = measures.map(|(i, (measure, value))| {
                let before = previous.and_then(|previous| previous[i]);
                QueryTotal {
                    name: measure.name.clone(),
                    value: number(*value),
                    previous: number(before),
                    change_percent: number(change_percent(*value, before)),
                }
            });
            total.collect()
        });
        Self {
            version: answer.version,
            as_of: answer.as_of,
            time_zone: answer.zone.name().to_owned(),
            range: DateRange::from(answer.range),
            previous_range: answer.previous.map(DateRange::from),
            granularity: answer.granularity.name(),
            columns,
            rows,
            totals,
            groups: answer.groups,
            complete: true,
            stats: QueryStats {
                rows_scanned: answer.rows_scanned,
            },
        }
    }
}

/// What is too large to be exact has no change that could be said.
fn change_percent(value: Option<Exact>, before: Option<Exact>) -> Option<Exact> {
    let change = value?.minus(before?).ok()?;
    change.percent_of(before?).ok()?
}

fn columns(answer: &StructuredAnswer, has_other: bool) -> Vec<QueryColumn> {
    let column = |name: &str, role, type_name| QueryColumn {
        name: name.to_owned(),
        role,
        type_name,
        kind: None,
        source: None,
    };
    let mut columns = Vec::new();
    match answer.granularity {
        Granularity::All => {}
        Granularity::Hour => columns.push(column("time", "time", "timestamp")),
        _ => columns.push(column("time", "time", "date")),
    }
    columns.extend(
        answer
            .dimensions
            .iter()
            .map(|key| column(key, "dimension", "text")),
    );
    for measure in &answer.measures {
        let mut of = column(&measure.name, "metric", "decimal");
        of.kind = Some(measure.kind);
        of.source = Some(source_name(measure.source));
        columns.push(of);
    }
    if answer.previous.is_some() {
        for measure in &answer.measures {
            columns.push(column(
                &format!("{}_previous", measure.name),
                "previous",
                "decimal",
            ));
        }
    }
    if has_other {
        columns.push(column("other", "other", "boolean"));
    }
    columns
}

fn cells(answer: &StructuredAnswer, row: &Row, has_other: bool, decimals: Decimals) -> Vec<Cell> {
    let number = |value: &Option<Exact>| match value {
        Some(exact) => Cell::Number(Decimal(*exact, decimals)),
        None => Cell::Null,
    };
    let mut cells = Vec::new();
    if let Some(start) = row.start {
        let start = start.with_timezone(&answer.zone);
        cells.push(match answer.granularity {
            Granularity::Hour => Cell::Time(start.to_rfc3339_opts(SecondsFormat::Secs, true)),
            _ => Cell::Date(start.date_naive()),
        });
    }
    let groups = row.group.iter();
    cells.extend(groups.map(|value| value.clone().map_or(Cell::Null, Cell::Text)));
    cells.extend(row.values.iter().map(number));
    cells.extend(row.previous.iter().flatten().map(number));
    if has_other {
        cells.push(Cell::Boolean(row.kind == RowKind::Other));
    }
    cells
}
