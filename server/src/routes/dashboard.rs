//! A tenant's dashboard, of all platforms or of one.

mod answer;

use std::collections::BTreeSet;
use std::future::Future;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use engine::dashboard::{self as of, RangeRequest};
use engine::metadata::embed_tokens::Panel;
use engine::query::running::{Asked, Class};
use engine::{Error, Session};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(crate) use self::answer::{Decimal, source_name};
use super::metrics::Kind;
use crate::app::App;
use crate::auth::{Caller, ToShow};
use crate::encode::Decimals;
use crate::error::{KeyRefused, Problem, Result};
use crate::extract::Params;
use crate::watch;

/// What a dashboard shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DashboardParams {
    /// The days that end today: `7d`, `30d` (default), `12w`, `12m`, `1y`.
    #[param(example = "30d")]
    time_range: Option<String>,
    /// Instead of `time_range`: the first day, as `2025-01-31`.
    from: Option<String>,
    /// The last day, included.
    to: Option<String>,
    /// Only this platform.
    platform: Option<String>,
    /// Whether the period before is shown beside.
    #[serde(default)]
    compare: Compare,
    /// The zone that days begin in, such as `Europe/London`; the tenant's own
    /// when left out.
    tz: Option<String>,
    /// Whether top values that only raw points know are always answered.
    #[serde(default)]
    top: Top,
    /// Decimals as numbers (default) or as text.
    #[serde(default)]
    decimals: Decimals,
}

/// What the numbers are compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Compare {
    /// Nothing.
    #[default]
    None,
    /// As many days, directly before.
    Previous,
}

/// Which top values are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Top {
    /// Those that are quick; the others are named with `values` null.
    #[default]
    Quick,
    /// All, however long it takes.
    All,
}

/// A dashboard at one version of its tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dashboard {
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
    /// Today, if it is shown: its numbers can still grow.
    unfinished_day: Option<NaiveDate>,
    /// Where the numbers come from: `rollup` or `raw`.
    source: &'static str,
    /// Each metric over the range.
    totals: Vec<MetricTotal>,
    /// Each metric by day.
    series: Vec<MetricSeries>,
    /// Each metric by dimension value, the largest first.
    top_values: Vec<DimensionTop>,
    /// What moves together across platforms, the strongest first.
    insights: Vec<Insight>,
}

/// Days, both ends included.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DateRange {
    /// The first day.
    from: NaiveDate,
    /// The last day.
    to: NaiveDate,
    /// How many days.
    days: i64,
}

/// Which metric.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MetricName {
    /// The platform that sends it.
    platform: String,
    /// Its family.
    metric_type: String,
    /// Its name.
    metric_name: String,
}

/// A metric over the range.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MetricTotal {
    #[serde(flatten)]
    metric: MetricName,
    /// Which roll-up gave the numbers.
    #[serde(flatten)]
    kind: Kind,
    /// Whether the kind was assumed because nobody had registered the metric.
    assumed: bool,
    /// Number of points.
    count: i64,
    /// The kind's number; null without points.
    value: Option<Decimal>,
    /// Number of points in the period before.
    previous_count: Option<i64>,
    /// The kind's number of the period before.
    previous: Option<Decimal>,
    /// `value` less `previous`.
    change: Option<Decimal>,
    /// The change in per cent of the magnitude of `previous`.
    change_percent: Option<Decimal>,
    /// Where the numbers come from: `rollup` or `raw`.
    source: &'static str,
}

/// A metric by day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MetricSeries {
    #[serde(flatten)]
    metric: MetricName,
    /// Every day of the range, in order.
    days: Vec<Day>,
}

/// A metric on one day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Day {
    /// The day.
    date: NaiveDate,
    /// Number of points.
    count: i64,
    /// The kind's number; null is a gap, 0 a real zero.
    value: Option<Decimal>,
    /// Whether the day is over.
    finished: bool,
}

/// The top values of one dimension of one metric.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DimensionTop {
    #[serde(flatten)]
    metric: MetricName,
    /// The dimension.
    key: String,
    /// Where the numbers come from (or would): `rollup` or `raw`.
    source: &'static str,
    /// The largest ten; null when only raw points know them and they were not
    /// asked for with `top=all`.
    values: Option<Vec<DimensionValue>>,
    /// How many different values there are.
    value_count: Option<i64>,
    /// What the values that are not listed add up to.
    other: Option<Decimal>,
    /// What the points without this dimension add up to.
    without: Option<Decimal>,
}

/// One value of a dimension.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DimensionValue {
    /// The dimension's value.
    name: String,
    /// Number of points.
    count: i64,
    /// The metric's number by its kind.
    value: Option<Decimal>,
}

/// Two platforms that move together.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Insight {
    /// `correlation`.
    kind: &'static str,
    /// The series that moves first (or at the same time).
    leader: InsightSide,
    /// The series that follows.
    follower: InsightSide,
    /// How many days later it follows.
    lag_days: i32,
    /// Pearson's correlation, -1 to 1.
    r: f64,
    /// Days on which both were there.
    days: usize,
    /// Probability by chance, corrected for the number of pairs and lags tried.
    p: f64,
    /// The finding in plain English.
    sentence: String,
}

/// A platform's daily sums.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InsightSide {
    /// The platform.
    platform: String,
    /// `revenue` or `engagement`.
    metric_type: String,
}

/// Shows the tenant's dashboard.
///
/// Each metric is rolled up by its kind, exactly. `30d` are the 30 local days
/// that end today; today is included and marked unfinished.
#[utoipa::path(
    get, path = "/api/analytics/dashboard", tag = "read",
    params(DashboardParams),
    responses(
        (status = 200, description = "the dashboard", body = Dashboard),
        (status = 400, description = "a parameter that cannot be", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller<ToShow>,
    Params(params): Params<DashboardParams>,
) -> Result<Response> {
    let panels = caller.panels.as_ref();
    let make = |session| async move { params.shown(&session, panels).await };
    watched(&app, &caller, make).await
}

/// Makes a dashboard that is recorded, and can be cancelled.
async fn watched<F: Future<Output = Result<Json<Dashboard>>>>(
    app: &App,
    caller: &Caller<ToShow>,
    make: impl FnOnce(Session) -> F,
) -> Result<Response> {
    let query = app.engine.running().begin(&Asked {
        tenant: &caller.tenant,
        who: &caller.identity.to_string(),
        class: Class::Dashboard,
        text: "dashboard",
    });
    let observer = query.observer();
    let work = async {
        let session = caller.session(app).await?;
        observer.of_version(session.version());
        Ok(make(session).await?.into_response())
    };
    Ok(watch::answer(query, work).await)
}

/// Shows the dashboard of one platform.
#[utoipa::path(
    get, path = "/api/analytics/platforms/{platform}/dashboard", tag = "read",
    params(("platform" = String, Path, description = "a registered platform"), DashboardParams),
    responses(
        (status = 200, description = "the dashboard", body = Dashboard),
        (status = 400, description = "a parameter that cannot be", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "no such platform", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn show_platform(
    State(app): State<App>,
    caller: Caller<ToShow>,
    Path(platform): Path<String>,
    Params(params): Params<DashboardParams>,
) -> Result<Response> {
    let panels = caller.panels.as_ref();
    let make = |session| async move { params.of_platform(platform, &session, panels).await };
    watched(&app, &caller, make).await
}

impl DashboardParams {
    /// The dashboard that these parameters ask for, in the parts that may be
    /// shown.
    async fn shown(
        self,
        session: &Session,
        panels: Option<&BTreeSet<Panel>>,
    ) -> Result<Json<Dashboard>> {
        self.answer(session, panels, Utc::now()).await.map(Json)
    }

    /// As [`Self::shown`], as of `now`.
    pub(crate) async fn answer(
        &self,
        session: &Session,
        panels: Option<&BTreeSet<Panel>>,
        now: DateTime<Utc>,
    ) -> Result<Dashboard> {
        if panels.is_some_and(BTreeSet::is_empty) {
            return Err(Problem::forbidden(
                "the embed token shows a dashboard of the tenant's own alone",
            )
            .hint("make a token that names `panels`"));
        }
        let request = self.request()?;
        let mut dashboard = of::dashboard(session, &request, now).await?;
        if let Some(panels) = panels {
            let hidden = |panel| !panels.contains(&panel);
            if hidden(Panel::Totals) {
                dashboard.totals.clear();
            }
            if hidden(Panel::Series) {
                dashboard.series.clear();
            }
            if hidden(Panel::TopValues) {
                dashboard.top_values.clear();
            }
            if hidden(Panel::Insights) {
                dashboard.correlations.clear();
            }
        }
        Ok(Dashboard::new(dashboard, self.decimals))
    }

    async fn of_platform(
        mut self,
        platform: String,
        session: &Session,
        panels: Option<&BTreeSet<Panel>>,
    ) -> Result<Json<Dashboard>> {
        if !session.platforms().iter().any(|p| p.name == platform) {
            return Err(Error::NotFound {
                what: format!("the platform {platform:?}"),
            }
            .into());
        }
        if self.platform.get_or_insert_with(|| platform.clone()) != &platform {
            return Err(
                Problem::malformed("the path and the parameter name two platforms")
                    .at("platform")
                    .hint("leave the parameter out"),
            );
        }
        self.shown(session, panels).await
    }

    /// The zone that is asked for.
    pub(crate) fn zone(&self) -> Result<Option<Tz>> {
        let zone = self.tz.as_deref().map(|name| {
            name.parse().map_err(|_| {
                Problem::malformed(format!("{name:?} is not a time zone"))
                    .at("tz")
                    .hint("use a name of the IANA database, such as Europe/London or UTC")
            })
        });
        zone.transpose()
    }

    /// Errors: parameters that cannot be.
    pub(crate) fn request(&self) -> Result<of::DashboardRequest> {
        let (from, to) = (self.from.as_deref(), self.to.as_deref());
        Ok(of::DashboardRequest {
            range: RangeRequest::parse(self.time_range.as_deref(), from, to)?,
            platform: self.platform.clone(),
            compare: match self.compare {
                Compare::None => of::Compare::None,
                Compare::Previous => of::Compare::Previous,
            },
            zone: self.zone()?,
            raw_top: match self.top {
                Top::Quick => of::RawTop::WhenCheap,
                Top::All => of::RawTop::Always,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_thirty_days_of_everything() {
        let params: DashboardParams = serde_json::from_str("{}").expect("params");
        let request = params.request().expect("a request");
        assert_eq!(request.range, RangeRequest::LastDays(30));
        assert_eq!((request.platform, request.zone), (None, None));
        assert_eq!(
            (request.compare, request.raw_top),
            (of::Compare::None, of::RawTop::WhenCheap)
        );
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        let params: DashboardParams =
            serde_json::from_str(r#"{"tz": "Mars/Base"}"#).expect("params");
        assert_eq!(params.request().expect_err("a refusal").status(), 400);
    }
}
