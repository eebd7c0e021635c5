//! Structured questions: measures by time and dimensions, compared, ranked and
//! filled, each metric by its kind.
//!
//! A question is resolved against the tenant's definitions ([`resolve`]), which
//! refuses what would be wrong maths. Stored roll-ups answer it where they are
//! exact for it ([`rollup`]); raw points answer the rest ([`raw`]). Both give
//! [`cells`], of which [`shape`] makes the rows.

mod amount;
mod cells;
mod explain;
mod filter;
mod funnel;
mod grid;
mod points;
mod raw;
mod request;
mod resolve;
mod retention;
mod rollup;
mod shape;
mod sql;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use explain::{ExplainedMeasure, ExplainedMetric, Explanation, explain};
pub use filter::{Filter, Operator};
pub use funnel::{FunnelAnswer, FunnelQuery, MAX_STEPS, Step, funnel};
pub use grid::Granularity;
pub use points::{MAX_PAGE, PointsAnswer, PointsQuery, points};
pub use request::{
    Aggregate, Compared, Expression, Fill, MAX_MEASURES, Measure, MetricPattern, Order, OrderBy,
    StructuredQuery, Top,
};
pub use retention::{Cohort, RetentionAnswer, RetentionQuery, retention};
pub use shape::{Row, RowKind};

use crate::dashboard::{Days, Exact};
use crate::error::Result;
use crate::session::{PartialsSource, Session};
use cells::Cells;
use grid::Grid;
use resolve::Question;

/// A measure of an answer, as its column is described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasureColumn {
    /// Its name in the request, or the metric's.
    pub name: String,
    /// How it was made: a metric's kind (`sum`, `gauge`, `ratio`, `distinct`) or
    /// the aggregate that was asked for.
    pub kind: &'static str,
    /// Whether roll-ups or raw points gave its numbers.
    pub source: PartialsSource,
    /// The metrics it is made of.
    pub metrics: usize,
}

/// An answer at one version of its tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct StructuredAnswer {
    /// The tenant's version that every number is of.
    pub version: i64,
    /// When that version was seen.
    pub as_of: DateTime<Utc>,
    /// The zone that days begin in.
    pub zone: Tz,
    /// The days that are shown.
    pub range: Days,
    /// The days they are compared with.
    pub previous: Option<Days>,
    /// How long a bucket is.
    pub granularity: Granularity,
    /// The dimensions, in the request's order.
    pub dimensions: Vec<String>,
    /// The measures, in the request's order.
    pub measures: Vec<MeasureColumn>,
    /// The rows, in the order asked for.
    pub rows: Vec<Row>,
    /// Each measure over the range and all groups; `None` unless asked for.
    pub totals: Option<Vec<Option<Exact>>>,
    /// The same of the period that is compared.
    pub previous_totals: Option<Vec<Option<Exact>>>,
    /// How many groups there are in all, listed or not.
    pub groups: usize,
    /// Rows of raw points that lie in the files that were read.
    pub rows_scanned: u64,
}

/// Answers a structured question as of `now`, which decides what "today" is.
/// Errors: `Invalid` for what cannot be asked (its hint says what can), `Query`
/// when a sum is too large to be exact, and whatever reading fails with.
pub async fn structured(
    session: &Session,
    query: &StructuredQuery,
    now: DateTime<Utc>,
) -> Result<StructuredAnswer> {
    let zone = query.zone.unwrap_or_else(|| session.time_zone());
    let today = now.with_timezone(&zone).date_naive();
    let question = Question::resolve(session, query)?;
    let range = query.range.resolve(today)?;
    let previous = query.compare.days(range)?;
    let grid = Grid::new(query.granularity, range, zone)?;
    let current = gather(session, &question, &grid).await?;
    let before = match previous {
        Some(days) => {
            let grid = Grid::new(query.granularity, days, zone)?;
            Some(gather(session, &question, &grid).await?)
        }
        None => None,
    };
    let measures = question.measures.iter().zip(&current.sources);
    let measures = measures.map(|(measure, source)| MeasureColumn {
        name: measure.name.clone(),
        kind: measure.kind_name(),
        source: *source,
        metrics: measure.metrics(),
    });
    let measures = measures.collect();
    let shaped = shape::shape(query, &question, &grid, &current, before.as_ref(), session)?;
    Ok(StructuredAnswer {
        version: session.version(),
        as_of: session.as_of(),
        zone,
        range,
        previous,
        granularity: query.granularity,
        dimensions: query.dimensions.clone(),
        measures,
        rows: shaped.rows,
        totals: query.totals.then(|| current.finished_total()).transpose()?,
        previous_totals: match (&before, query.totals) {
            (Some(before), true) => Some(before.finished_total()?),
            _ => None,
        },
        groups: shaped.groups,
        rows_scanned: current.rows_scanned + before.as_ref().map_or(0, |b| b.rows_scanned),
    })
}

/// All measures over the grid: from roll-ups those that they answer exactly,
/// from raw points the others.
async fn gather(session: &Session, question: &Question, grid: &Grid) -> Result<Cells> {
    let mut cells = Cells::new(question.measures.len());
    let open = rollup::gather(session, question, grid, &mut cells).await?;
    for measure in open {
        raw::gather(session, question, measure, grid, &mut cells).await?;
    }
    Ok(cells)
}
