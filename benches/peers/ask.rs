//! Questions, asked of the engine through sessions. There is no cache of
//! results in the engine; what it keeps are snapshots, footers and partials.

use std::time::Instant;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, Utc};
use engine::dashboard::{Compare, Dashboard, DashboardRequest, RangeRequest, RawTop, dashboard};
use engine::{Engine, MetricKind, TenantId};
use futures::TryStreamExt;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Result, elapsed_ms};

/// An SQL query, so many times.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sql {
    tenant: String,
    sql: String,
    times: u64,
}

/// A dashboard, so many times.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dashboards {
    tenant: String,
    range: String,
    compare: bool,
    now: DateTime<Utc>,
    times: u64,
}

/// `ms` are planning and running, the session not counted; `rows` are texts.
pub(crate) async fn sql(engine: &Engine, ask: &Sql) -> Result<Value> {
    let tenant = TenantId::new(&ask.tenant)?;
    let (mut times, mut batches) = (Vec::new(), Vec::new());
    for _ in 0..ask.times.max(1) {
        let session = engine.session(&tenant).await?;
        let asked = Instant::now();
        let answer = session.sql(&ask.sql, &[]).await?;
        batches = answer.stream.try_collect().await?;
        times.push(elapsed_ms(asked));
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    let options = FormatOptions::default();
    for batch in &batches {
        let columns = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        rows.extend(
            (0..batch.num_rows())
                .map(|row| columns.iter().map(|c| c.value(row).to_string()).collect()),
        );
    }
    Ok(json!({"ms": times, "rows": rows}))
}

/// `ms` are all panels, the session not counted; `totals` and `days` hold
/// counts of all metrics and the values of sums.
pub(crate) async fn dashboards(engine: &Engine, ask: &Dashboards) -> Result<Value> {
    let tenant = TenantId::new(&ask.tenant)?;
    let request = DashboardRequest {
        range: RangeRequest::parse(Some(&ask.range), None, None)?,
        platform: None,
        compare: match ask.compare {
            true => Compare::Previous,
            false => Compare::None,
        },
        zone: None,
        raw_top: RawTop::WhenCheap,
    };
    let (mut times, mut shown) = (Vec::new(), None);
    for _ in 0..ask.times.max(1) {
        let session = engine.session(&tenant).await?;
        let asked = Instant::now();
        shown = Some(dashboard(&session, &request, ask.now).await?);
        times.push(elapsed_ms(asked));
    }
    let shown = shown.ok_or("nothing was asked")?;
    Ok(json!({"ms": times, "totals": totals(&shown), "days": days(&shown)}))
}

fn totals(shown: &Dashboard) -> Vec<Value> {
    let sums = shown.totals.iter().filter(|t| t.kind == MetricKind::Sum);
    sums.map(|t| {
        let value = |v: &Option<engine::dashboard::Exact>| v.map(|v| v.to_string());
        json!([
            &*t.metric.platform,
            &*t.metric.metric_type,
            &*t.metric.metric_name,
            t.count,
            value(&t.value),
            value(&t.previous),
        ])
    })
    .collect()
}

fn days(shown: &Dashboard) -> Vec<Value> {
    let kinds = shown.totals.iter().map(|total| &total.kind);
    let sums = shown
        .series
        .iter()
        .zip(kinds)
        .filter(|(_, kind)| **kind == MetricKind::Sum);
    sums.flat_map(|(series, _)| {
        let days = series.days.iter().filter(|day| day.count > 0);
        days.map(|day| {
            json!([
                &*series.metric.platform,
                &*series.metric.metric_name,
                day.day.to_string(),
                day.value.map(|v| v.to_string()),
            ])
        })
    })
    .collect()
}

/// What every request pays before it reads: the version check and snapshot.
pub(crate) async fn sessions(engine: &Engine, tenant: &str, times: u64) -> Result<Value> {
    let tenant = TenantId::new(tenant)?;
    let mut ms = Vec::new();
    for _ in 0..times {
        let asked = Instant::now();
        engine.session(&tenant).await?;
        ms.push(elapsed_ms(asked));
    }
    Ok(json!({"ms": ms}))
}
