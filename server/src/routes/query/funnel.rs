//! Funnels over HTTP.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use engine::dashboard::Exact;
use engine::structured::{self as of, MetricPattern};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::QueryStats;
use super::request::{FilterRequest, TimeRange, filters, range, zone};
use crate::app::App;
use crate::auth::{Caller, ToView};
use crate::encode::Decimals;
use crate::error::{BodyRefused, KeyRefused, Result};
use crate::extract::Json as Body;
use crate::routes::dashboard::{DateRange, Decimal};

/// A funnel.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FunnelRequest {
    /// The dimension whose values take the steps.
    #[schema(example = "customer_id")]
    entity: String,
    /// The steps in their order, 1 to 8.
    steps: Vec<FunnelStepRequest>,
    /// How long after the first step the last may be, days; the whole range when
    /// left out.
    within_days: Option<u32>,
    /// A dimension that tells entities apart, as it was at their first step.
    #[schema(example = json!(null))]
    by: Option<String>,
    /// Which points take part in any step.
    #[serde(default)]
    #[schema(example = json!([]))]
    filters: Vec<FilterRequest>,
    /// Which days: `30d` (default), `12w`, `12m`, `1y`, or `from` and `to`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "30d")]
    time_range: Option<TimeRange>,
    /// The zone that days begin in; the tenant's own when left out.
    #[schema(example = "UTC")]
    time_zone: Option<String>,
    /// Per cents as numbers (default) or as text.
    #[serde(default)]
    decimals: Decimals,
}

/// A step of a funnel.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FunnelStepRequest {
    /// What it is called; the metric's name when left out.
    name: Option<String>,
    /// `platform/metric_type/metric_name` with `*` for any.
    #[schema(example = "coreldove/revenue/order_revenue")]
    metric: String,
    /// Which of its points.
    #[serde(default)]
    #[schema(example = json!([]))]
    filters: Vec<FilterRequest>,
}

/// How many took each step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FunnelAnswer {
    /// The tenant's version that every number is of.
    version: i64,
    /// When that version was seen.
    as_of: DateTime<Utc>,
    /// The zone that days begin in.
    time_zone: String,
    /// The days that were looked at.
    range: DateRange,
    /// The steps.
    steps: Vec<FunnelStep>,
    /// The same by value, the largest 50 first; empty unless asked for.
    groups: Vec<FunnelGroup>,
    /// How many values are not listed.
    groups_left_out: usize,
    /// What it took.
    stats: QueryStats,
}

/// How many took a step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FunnelStep {
    /// The step.
    name: String,
    /// Different entities that took it and all before.
    entities: u64,
    /// In per cent of those that took the first; null without any.
    of_first_percent: Option<Decimal>,
    /// In per cent of those that took the one before.
    of_previous_percent: Option<Decimal>,
}

/// A funnel of the entities with one value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FunnelGroup {
    /// The value; null for entities whose first step lacks the dimension.
    value: Option<String>,
    /// The steps.
    steps: Vec<FunnelStep>,
}

/// Counts who took one step after another.
///
/// An entity's way begins with its first point of the first step in the range;
/// a further step is its first point of that step from then on (after it, where
/// both are of the same metric). From raw points.
#[utoipa::path(
    post, path = "/api/analytics/query/funnel", tag = "read",
    request_body = FunnelRequest,
    responses(
        (status = 200, description = "the funnel", body = FunnelAnswer),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = []), ("session" = [])),
)]
pub(crate) async fn ask(
    State(app): State<App>,
    caller: Caller<ToView>,
    Body(body): Body<FunnelRequest>,
) -> Result<Json<FunnelAnswer>> {
    let decimals = body.decimals;
    let query = body.query()?;
    let session = caller.session(&app).await?;
    let answer = of::funnel(&session, &query, Utc::now()).await?;
    Ok(Json(FunnelAnswer::new(answer, &query, decimals)?))
}

impl FunnelRequest {
    fn query(self) -> Result<of::FunnelQuery> {
        let steps = self.steps.into_iter().enumerate().map(|(i, step)| {
            let at = format!("steps[{i}]");
            let metric = MetricPattern::parse(&step.metric, &format!("{at}.metric"))?;
            let name = metric.metric_name.as_deref().unwrap_or("any");
            Ok(of::Step {
                name: step.name.unwrap_or_else(|| name.to_owned()),
                metric,
                filters: filters(step.filters).map_err(|problem| problem.within(&at))?,
            })
        });
        Ok(of::FunnelQuery {
            entity: self.entity,
            steps: steps.collect::<Result<_>>()?,
            within_days: self.within_days,
            by: self.by,
            filters: filters(self.filters)?,
            range: range(self.time_range)?,
            zone: self.time_zone.as_deref().map(zone).transpose()?,
        })
    }
}

impl FunnelAnswer {
    fn new(answer: of::FunnelAnswer, query: &of::FunnelQuery, decimals: Decimals) -> Result<Self> {
        let steps = |counts: &[u64]| steps(&query.steps, counts, decimals);
        let groups = answer.groups.into_iter().map(|(value, counts)| {
            Ok(FunnelGroup {
                value,
                steps: steps(&counts)?,
            })
        });
        Ok(Self {
            version: answer.version,
            as_of: answer.as_of,
            time_zone: answer.zone.name().to_owned(),
            range: DateRange::from(answer.range),
            groups: groups.collect::<Result<_>>()?,
            steps: steps(&answer.entities)?,
            groups_left_out: answer.groups_left_out,
            stats: QueryStats::of(answer.rows_scanned),
        })
    }
}

fn steps(of: &[of::Step], counts: &[u64], decimals: Decimals) -> Result<Vec<FunnelStep>> {
    let percent = |part: u64, whole: u64| -> Result<Option<Decimal>> {
        let share = Exact::ratio(i128::from(part) * 100, i128::from(whole));
        let share = share.map_err(engine::Error::internal)?;
        Ok(share.map(|share| Decimal(share, decimals)))
    };
    let first = counts.first().copied().unwrap_or_default();
    let mut previous = first;
    let mut steps = Vec::new();
    for (step, count) in of.iter().zip(counts) {
        steps.push(FunnelStep {
            name: step.name.clone(),
            entities: *count,
            of_first_percent: percent(*count, first)?,
            of_previous_percent: percent(*count, previous)?,
        });
        previous = *count;
    }
    Ok(steps)
}
