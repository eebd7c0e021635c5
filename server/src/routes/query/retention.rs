//! Retention over HTTP.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use engine::structured::{self as of, MetricPattern};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::QueryStats;
use super::request::{FilterRequest, Granularity, TimeRange, filters, range, zone};
use crate::app::App;
use crate::auth::{Caller, ToView};
use crate::error::{BodyRefused, KeyRefused, Result};
use crate::extract::Json as Body;
use crate::routes::dashboard::DateRange;

/// A question of retention.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetentionQuestion {
    /// The dimension whose values come and come again.
    #[schema(example = "player_id")]
    entity: String,
    /// A point of which metric begins: `platform/metric_type/metric_name` with
    /// `*` for any.
    #[schema(example = "thrillring/engagement/gaming_session")]
    start: String,
    /// A point of which is coming again; as `start` when left out.
    #[serde(rename = "return")]
    #[schema(example = json!(null))]
    back: Option<String>,
    /// How long a bucket is: `day`, `week` (default) or `month`.
    #[serde(default = "by_week")]
    #[schema(default = "week")]
    granularity: Granularity,
    /// Which points take part.
    #[serde(default)]
    #[schema(example = json!([]))]
    filters: Vec<FilterRequest>,
    /// Which days: `30d` (default), `12w`, `12m`, `1y`, or `from` and `to`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "12w")]
    time_range: Option<TimeRange>,
    /// The zone that days begin in; the tenant's own when left out.
    #[schema(example = "UTC")]
    time_zone: Option<String>,
}

fn by_week() -> Granularity {
    Granularity::Week
}

/// Who came again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetentionShown {
    /// The tenant's version that every number is of.
    version: i64,
    /// When that version was seen.
    as_of: DateTime<Utc>,
    /// The zone that days begin in.
    time_zone: String,
    /// The days that were looked at.
    range: DateRange,
    /// How long a bucket is.
    granularity: &'static str,
    /// One for each bucket that has begun, in order.
    cohorts: Vec<RetentionCohort>,
    /// The first day of the bucket that is under way: its numbers can grow.
    unfinished: Option<NaiveDate>,
    /// What it took.
    stats: QueryStats,
}

/// Entities that began in one bucket.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetentionCohort {
    /// The bucket's first day.
    start: NaiveDate,
    /// How many there are.
    entities: u64,
    /// How many of them came in this bucket (all), in the next, and so on.
    returned: Vec<u64>,
}

/// Counts who came again.
///
/// An entity belongs to the bucket of its first point in the range; whether it
/// was there before is not looked at. From raw points.
#[utoipa::path(
    post, path = "/api/analytics/query/retention", tag = "read",
    request_body = RetentionQuestion,
    responses(
        (status = 200, description = "who came again", body = RetentionShown),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = []), ("session" = [])),
)]
pub(crate) async fn ask(
    State(app): State<App>,
    caller: Caller<ToView>,
    Body(body): Body<RetentionQuestion>,
) -> Result<Json<RetentionShown>> {
    let query = body.query()?;
    let session = caller.session(&app).await?;
    let answer = of::retention(&session, &query, Utc::now()).await?;
    Ok(Json(RetentionShown::from(answer)))
}

impl RetentionQuestion {
    fn query(self) -> Result<of::RetentionQuery> {
        let back = self.back.as_deref();
        let back = back.map(|back| MetricPattern::parse(back, "return"));
        Ok(of::RetentionQuery {
            entity: self.entity,
            start: MetricPattern::parse(&self.start, "start")?,
            back: back.transpose()?,
            granularity: self.granularity.into(),
            filters: filters(self.filters)?,
            range: range(self.time_range)?,
            zone: self.time_zone.as_deref().map(zone).transpose()?,
        })
    }
}

impl From<of::RetentionAnswer> for RetentionShown {
    fn from(answer: of::RetentionAnswer) -> Self {
        let cohorts = answer.cohorts.into_iter().map(|cohort| RetentionCohort {
            start: cohort.start,
            entities: cohort.entities,
            returned: cohort.returned,
        });
        Self {
            version: answer.version,
            as_of: answer.as_of,
            time_zone: answer.zone.name().to_owned(),
            range: DateRange::from(answer.range),
            granularity: answer.granularity.name(),
            cohorts: cohorts.collect(),
            unfinished: answer.unfinished,
            stats: QueryStats::of(answer.rows_scanned),
        }
    }
}
