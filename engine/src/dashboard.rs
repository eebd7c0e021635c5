//! A tenant's dashboard: totals, daily series, top values and what moves
//! together across platforms, each metric by its kind.
//!
//! All panels come from one pass over merged partials ([`tally`]); only what
//! partials cannot know is asked of raw points ([`raw`]). Nothing is cached
//! here, and nothing is rounded but ratios, averages and per-cents.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use storage_layout::rollup::{Partials, RollupError};
use storage_layout::{MetricDefinition, MetricKind};

mod branches;
mod correlation;
mod exact;
mod history;
#[cfg(test)]
mod panels_test;
mod range;
mod raw;
mod series;
mod student;
mod tally;
mod top_values;
mod totals;
mod zoned;

pub use correlation::{Correlation, Side};
pub use exact::Exact;
pub use range::{
    DEFAULT_RANGE, Days, HISTORY_DAYS, MAX_DAYS, RangeRequest, day_number, day_start_us,
};
pub use series::{DayState, Series, SeriesDay};
pub(crate) use tally::combined;
pub use top_values::{Ranking, TopValue, TopValues};
pub use totals::Total;

use crate::error::{Error, Result};
use crate::metadata::metering::Used;
use crate::session::{PartialsSource, Session};
use range::Spans;
use raw::RawReader;
use tally::{MetricTally, Tally};
use totals::Numbers;

/// What a dashboard is asked to show.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DashboardRequest {
    /// Which days.
    pub range: RangeRequest,
    /// Only this platform; `None`: all.
    pub platform: Option<String>,
    /// Whether the period before is shown beside.
    pub compare: Compare,
    /// The zone that days begin in; `None`: the tenant's own.
    pub zone: Option<Tz>,
    /// What happens to top values that only raw points know.
    pub raw_top: RawTop,
}

/// What the numbers are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compare {
    /// Nothing.
    None,
    /// As many days, directly before the range.
    Previous,
}

/// What happens to the top values of keys with so many values that roll-ups
/// leave them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RawTop {
    /// They are answered when few points have to be read
    /// ([`CHEAP_RAW_POINTS`]), else named without numbers.
    WhenCheap,
    /// They are answered, however long it takes.
    Always,
}

/// Points that top values may cost under [`RawTop::WhenCheap`], all keys together.
pub const CHEAP_RAW_POINTS: i64 = 20_000;

/// A dashboard at one version of its tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
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
    /// Today, if it is shown: its numbers can still grow.
    pub unfinished: Option<NaiveDate>,
    /// Where the cells came from; a panel that differs says so itself.
    pub source: PartialsSource,
    /// Each metric over the range, ordered by platform, type and name.
    pub totals: Vec<Total>,
    /// Each metric by day, in the order of `totals`.
    pub series: Vec<Series>,
    /// Each metric by dimension value, in the order of `totals`, then by key.
    pub top_values: Vec<TopValues>,
    /// What moves together across platforms, the strongest first.
    pub correlations: Vec<Correlation>,
}

/// Answers a dashboard as of `now`, which decides what "today" is.
/// Errors: `Invalid` for a range or platform that cannot be, `Query` when a sum
/// is too large to be exact, and whatever reading fails with.
pub async fn dashboard(
    session: &Session,
    request: &DashboardRequest,
    now: DateTime<Utc>,
) -> Result<Dashboard> {
    let zone = request.zone.unwrap_or_else(|| session.time_zone());
    let today = now.with_timezone(&zone).date_naive();
    let spans = Spans::resolve(&request.range, request.compare, today)?;
    let platform = request.platform.as_deref();
    check_platform(session, platform)?;
    session.count(&Used {
        dashboards: 1,
        ..Used::default()
    });

    let cells = zoned::cells(session, &spans, zone, request.raw_top).await?;
    let source = cells.source;
    let mut panels = Panels::of(
        &cells.partials,
        cells.slices,
        session.metrics(),
        platform,
        &spans,
    )?;
    RawReader {
        session,
        spans: &spans,
        zone,
    }
    .complete(&mut panels, request.raw_top)
    .await?;

    let mut dashboard = Dashboard {
        version: session.version(),
        as_of: session.as_of(),
        zone,
        range: spans.current,
        previous: spans.previous,
        unfinished: spans.current.iter().find(|day| *day == today),
        source,
        totals: Vec::new(),
        series: Vec::new(),
        top_values: Vec::new(),
        correlations: panels.correlations,
    };
    for panel in panels.metrics {
        dashboard.totals.push(panel.total(&spans, source)?);
        dashboard
            .series
            .push(Series::of(&panel.tally, &panel.numbers, &spans));
        dashboard.top_values.extend(panel.top_values);
    }
    Ok(dashboard)
}

/// What one pass gives: complete but for the questions that are left to raw points.
struct Panels<'a> {
    metrics: Vec<MetricPanel<'a>>,
    correlations: Vec<Correlation>,
}

/// One metric's panels.
struct MetricPanel<'a> {
    tally: MetricTally<'a>,
    numbers: Numbers,
    /// `Raw` when `numbers` are still to be read from raw points.
    numbers_source: PartialsSource,
    top_values: Vec<TopValues>,
}

impl<'a> Panels<'a> {
    fn of(
        partials: &'a Partials,
        slices: Option<PartialsSource>,
        definitions: &'a [MetricDefinition],
        platform: Option<&str>,
        spans: &Spans,
    ) -> Result<Self, RollupError> {
        let mut tally = Tally::of(partials, definitions, platform, spans)?;
        let finished = (spans.today - spans.history.from).num_days();
        let finished = usize::try_from(finished).unwrap_or(0);
        let correlations = correlation::correlations(&tally.history, platform, finished);
        let mut metrics = Vec::with_capacity(tally.metrics.len());
        for metric in std::mem::take(&mut tally.metrics) {
            let numbers = Numbers::of(&metric)?;
            metrics.push(MetricPanel {
                top_values: TopValues::of(&tally, &metric, slices)?,
                numbers_source: match numbers {
                    Some(_) => PartialsSource::Rollup,
                    None => PartialsSource::Raw,
                },
                numbers: numbers.unwrap_or_else(|| Numbers::unknown(metric.days.len())),
                tally: metric,
            });
        }
        metrics.sort_by(|a, b| a.tally.key.cmp(b.tally.key));
        Ok(Self {
            metrics,
            correlations,
        })
    }
}

impl MetricPanel<'_> {
    fn total(&self, spans: &Spans, cells: PartialsSource) -> Result<Total, RollupError> {
        let source = match self.numbers_source {
            PartialsSource::Raw => PartialsSource::Raw,
            PartialsSource::Rollup => cells,
        };
        Total::of(&self.tally, &self.numbers, spans, source)
    }

    /// Keys whose top values only raw points know.
    fn raw_keys(&self) -> Vec<String> {
        let ranked = match self.tally.kind {
            MetricKind::Sum | MetricKind::Ratio { .. } => true,
            MetricKind::Gauge { series, .. } => series.is_empty(),
            MetricKind::Distinct { .. } => false,
        };
        let keys = self
            .tally
            .incomplete
            .iter()
            .filter(|_| ranked && self.tally.current.is_some());
        keys.map(|key| (*key).to_owned()).collect()
    }
}

fn check_platform(session: &Session, platform: Option<&str>) -> Result<()> {
    let known = session.platforms();
    match platform {
        Some(name) if !known.iter().any(|p| p.name == name) => {
            let names: Vec<&str> = known.iter().map(|p| p.name.as_str()).collect();
            Err(Error::Invalid {
                message: format!("{name:?} is not a registered platform"),
                at: Some("platform".to_owned()),
                location: None,
                hint: Some(format!("use one of {}", names.join(", "))),
            })
        }
        _ => Ok(()),
    }
}

impl From<RollupError> for Error {
    fn from(error: RollupError) -> Self {
        match error {
            RollupError::Overflow => Self::Query {
                message: error.to_string(),
                location: None,
                hint: Some("ask for fewer days".to_owned()),
            },
            RollupError::Corrupt(_) | RollupError::OtherFormat(_) => Self::storage(error),
        }
    }
}
