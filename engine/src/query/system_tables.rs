//! Small tables about the tenant: its metrics, the platforms, its usage.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringViewArray,
};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::error::{DataFusionError, Result};
use sqlx::postgres::PgPool;
use storage_layout::{MetricDefinition, TenantId};

use super::scope::Scope;
use super::supplier::CatalogTable;
use crate::error::Error;
use crate::metadata::metering::Used;
use crate::metadata::usage;

/// `metrics`: each metric's kind and definition.
pub(crate) fn metrics(scope: &Scope) -> Result<Arc<dyn TableProvider>> {
    let metrics = &scope.metrics;
    let text = |of: &dyn Fn(&MetricDefinition) -> String| -> ArrayRef {
        Arc::new(StringViewArray::from_iter_values(metrics.iter().map(of)))
    };
    table(vec![
        ("tenant_id", tenant(scope.tenant(), metrics.len())),
        ("platform", text(&|d| d.key.platform.to_string())),
        ("metric_type", text(&|d| d.key.metric_type.to_string())),
        ("metric_name", text(&|d| d.key.metric_name.to_string())),
        ("kind", text(&|d| d.kind.name().to_owned())),
        ("definition", text(&definition)),
        (
            "assumed",
            Arc::new(
                metrics
                    .iter()
                    .map(|d| Some(d.assumed))
                    .collect::<BooleanArray>(),
            ),
        ),
        (
            "version",
            Arc::new(Int32Array::from_iter_values(
                metrics.iter().map(|d| d.version),
            )),
        ),
    ])
}

/// A definition as JSON: the kind, and the sketches where there are some.
fn definition(definition: &MetricDefinition) -> String {
    let kind = serde_json::to_string(&definition.kind).unwrap_or_default();
    if definition.sketches.is_empty() {
        return kind;
    }
    let sketches = serde_json::to_string(&definition.sketches).unwrap_or_default();
    let open = kind.strip_suffix('}').unwrap_or(&kind);
    format!(r#"{open},"sketches":{sketches}}}"#)
}

/// `platforms`: the registry.
pub(crate) fn platforms(scope: &Scope) -> Result<Arc<dyn TableProvider>> {
    let platforms = &scope.platforms;
    let names = platforms.iter().map(|p| p.name.as_str());
    let titles = platforms.iter().map(|p| p.title.as_str());
    table(vec![
        (
            "platform",
            Arc::new(StringViewArray::from_iter_values(names)),
        ),
        ("title", Arc::new(StringViewArray::from_iter_values(titles))),
    ])
}

/// `usage`: what the tenant used, by UTC day.
pub(crate) async fn usage(pool: &PgPool, of: &TenantId) -> crate::Result<RecordBatch> {
    let days = usage::by_day(pool, of).await?;
    let asked = |of: fn(&Used) -> u64| -> ArrayRef {
        let number = |day: &usage::DayUsage| i64::try_from(of(&day.asked)).unwrap_or(i64::MAX);
        Arc::new(Int64Array::from_iter_values(days.iter().map(number)))
    };
    let number = |of: fn(&usage::DayUsage) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(days.iter().map(of)))
    };
    let dates = days.iter().map(|d| {
        let since = d.day.signed_duration_since(chrono::NaiveDate::default());
        i32::try_from(since.num_days()).unwrap_or(0)
    });
    let columns = vec![
        ("tenant_id", tenant(of, days.len())),
        ("day", Arc::new(Date32Array::from_iter_values(dates))),
        ("points", number(|d| d.points)),
        ("imported", number(|d| d.imported)),
        ("duplicates", number(|d| d.duplicates)),
        ("rejected", number(|d| d.rejected)),
        ("stored_bytes", number(|d| d.stored_bytes)),
        ("dashboards", asked(|u| u.dashboards)),
        ("sql_queries", asked(|u| u.sql_queries)),
        ("exports", asked(|u| u.exports)),
        ("forecasts", asked(|u| u.forecasts)),
        ("scanned_bytes", asked(|u| u.scanned_bytes)),
        ("cpu_us", asked(|u| u.cpu_us)),
        ("result_rows", asked(|u| u.result_rows)),
    ];
    RecordBatch::try_from_iter(columns).map_err(crate::Error::internal)
}

/// A table of the catalog's rows, as of now.
pub(crate) async fn of_catalog(
    scope: &Scope,
    which: CatalogTable,
) -> Result<Arc<dyn TableProvider>> {
    if !scope.access.is_full() {
        return Err(DataFusionError::External(Box::new(Error::Query {
            message: "the table counts what this caller may not see".into(),
            location: None,
            hint: Some("ask as a caller without restrictions".into()),
        })));
    }
    let rows = scope.supplier.table(which).await;
    provider(rows.map_err(|e| DataFusionError::External(Box::new(e)))?)
}

pub(super) fn tenant(of: &TenantId, rows: usize) -> ArrayRef {
    let ids = std::iter::repeat_n(of.as_str(), rows);
    Arc::new(StringViewArray::from_iter_values(ids))
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Result<Arc<dyn TableProvider>> {
    provider(RecordBatch::try_from_iter(columns)?)
}

fn provider(batch: RecordBatch) -> Result<Arc<dyn TableProvider>> {
    Ok(Arc::new(MemTable::try_new(
        batch.schema(),
        vec![vec![batch]],
    )?))
}
