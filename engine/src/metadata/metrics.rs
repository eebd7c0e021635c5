//! What a tenant's metrics are: setting their kinds and sketches.

use sqlx::Row;
use sqlx::postgres::PgPool;
use storage_layout::{Combine, MetricKey, MetricKind, Sketches, TenantId};

use super::blame;
use super::tenant_tx::TenantTx;
use crate::error::{Error, Result};

/// Bytes of a platform's, type's, metric's or dimension's name, as in points.
const MAX_NAME_BYTES: usize = 128;
/// Dimensions that name a gauge's series.
const MAX_SERIES_KEYS: usize = 8;
/// Dimensions whose different values are counted for one metric: each takes up
/// to 16 KiB a day.
const MAX_DISTINCT_SKETCHES: usize = 4;

/// A definition that is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricSet {
    /// The tenant's version from which on it is.
    pub version: i64,
    /// The definition's own version.
    pub definition_version: i32,
}

/// Sets metric definitions.
#[derive(Debug, Clone)]
pub struct Metrics {
    pool: PgPool,
}

impl Metrics {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Says what a metric is, whether or not points of it came already. The same
    /// definition again changes nothing. Errors: `Invalid` for a definition whose
    /// numbers would be wrong, `NotFound` for an unknown tenant.
    pub async fn set(
        &self,
        tenant: &TenantId,
        metric: &MetricKey,
        kind: &MetricKind,
        sketches: &Sketches,
    ) -> Result<MetricSet> {
        check(metric, kind, sketches)?;
        let mut definition = serde_json::to_value(kind).map_err(Error::internal)?;
        if !sketches.is_empty() {
            definition["sketches"] = serde_json::to_value(sketches).map_err(Error::internal)?;
        }
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let row = sqlx::query(
            "SELECT version, definition_version FROM analytics.set_metric($1, $2, $3, $4, $5)",
        )
        .bind(tenant.as_str())
        .bind(&*metric.platform)
        .bind(&*metric.metric_type)
        .bind(&*metric.metric_name)
        .bind(definition)
        .fetch_one(&mut *tx)
        .await
        .map_err(blame)?;
        let version: Option<i64> = row.get("version");
        let version = version.ok_or_else(|| Error::NotFound {
            what: format!("tenant {tenant}"),
        })?;
        let set = MetricSet {
            version,
            definition_version: row.get("definition_version"),
        };
        tx.commit().await.map_err(blame)?;
        Ok(set)
    }
}

/// Refuses definitions whose numbers would mean nothing.
fn check(metric: &MetricKey, kind: &MetricKind, sketches: &Sketches) -> Result<()> {
    let names = [
        ("platform", &metric.platform),
        ("metric_type", &metric.metric_type),
        ("metric_name", &metric.metric_name),
    ];
    for (field, name) in names {
        check_name(field, name)?;
    }
    match kind {
        MetricKind::Sum => {}
        MetricKind::Gauge { series, combine } => {
            check_keys("series", series, MAX_SERIES_KEYS)?;
            if series.is_empty() && *combine != Combine::Sum {
                return Err(refused(
                    "a gauge without series dimensions is one series: there is nothing to combine",
                    "combine",
                    "name the dimensions that tell series apart in `series`, or leave `combine` at sum",
                ));
            }
        }
        MetricKind::Ratio {
            numerator,
            denominator,
        } => {
            check_name("numerator", numerator)?;
            check_name("denominator", denominator)?;
            if numerator == denominator {
                return Err(refused(
                    "a ratio of a dimension to itself is always 1",
                    "denominator",
                    "name two numeric dimensions, such as leads_generated and clicks",
                ));
            }
        }
        MetricKind::Distinct { dimension } => check_name("dimension", dimension)?,
    }
    check_keys(
        "sketches.distinct",
        &sketches.distinct,
        MAX_DISTINCT_SKETCHES,
    )?;
    match kind {
        MetricKind::Ratio { .. } if sketches.quantiles => Err(refused(
            "quantiles of a ratio's values would be quantiles of rates, which weigh 1 of 2 like 500 of 1000",
            "sketches.quantiles",
            "send the numerator or the denominator as a metric of its own and ask for its quantiles",
        )),
        MetricKind::Distinct { .. } if sketches.quantiles => Err(refused(
            "a distinct metric counts a dimension's values: its points' own values mean nothing",
            "sketches.quantiles",
            "leave quantiles out, or make the metric a sum",
        )),
        _ => Ok(()),
    }
}

fn check_keys(field: &str, keys: &[String], most: usize) -> Result<()> {
    if keys.len() > most {
        return Err(refused(
            &format!("names {} dimensions of at most {most}", keys.len()),
            field,
            "name fewer",
        ));
    }
    for (i, key) in keys.iter().enumerate() {
        check_name(&format!("{field}[{i}]"), key)?;
        if keys[..i].contains(key) {
            return Err(refused(
                &format!("names the dimension {key:?} twice"),
                field,
                "name each dimension once",
            ));
        }
    }
    Ok(())
}

fn check_name(field: &str, name: &str) -> Result<()> {
    let fits = !name.is_empty() && name.len() <= MAX_NAME_BYTES;
    if fits && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(refused(
        &format!("must have 1 to {MAX_NAME_BYTES} bytes without control characters"),
        field,
        "use the name as it is in the points",
    ))
}

fn refused(message: &str, at: &str, hint: &str) -> Error {
    Error::Invalid {
        message: message.to_owned(),
        at: Some(at.to_owned()),
        location: None,
        hint: Some(hint.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(kind: MetricKind, sketches: Sketches) -> Result<()> {
        let key = MetricKey {
            platform: "p".into(),
            metric_type: "t".into(),
            metric_name: "m".into(),
        };
        check(&key, &kind, &sketches)
    }

    #[test]
    fn a_definition_whose_numbers_would_be_wrong_is_refused_with_a_sentence() {
        let ratio = |numerator: &str, denominator: &str| MetricKind::Ratio {
            numerator: numerator.into(),
            denominator: denominator.into(),
        };
        let gauge = |series: &[&str], combine| MetricKind::Gauge {
            series: series.iter().map(|s| (*s).to_owned()).collect(),
            combine,
        };
        let distinct = |dimension: &str| MetricKind::Distinct {
            dimension: dimension.into(),
        };
        let quantiles = Sketches {
            quantiles: true,
            ..Sketches::default()
        };
        let of = |keys: &[&str]| Sketches {
            distinct: keys.iter().map(|s| (*s).to_owned()).collect(),
            quantiles: false,
        };
        let none = Sketches::default();
        for (kind, sketches, at) in [
            (ratio("a", "a"), none.clone(), "denominator"),
            (ratio("", "a"), none.clone(), "numerator"),
            (ratio("a", "b"), quantiles.clone(), "sketches.quantiles"),
            (distinct(""), none.clone(), "dimension"),
            (distinct("a"), quantiles.clone(), "sketches.quantiles"),
            (gauge(&["a", "a"], Combine::Sum), none.clone(), "series"),
            (gauge(&[], Combine::Avg), none.clone(), "combine"),
            (MetricKind::Sum, of(&["a", "a"]), "sketches.distinct"),
            (
                MetricKind::Sum,
                of(&["a", "b", "c", "d", "e"]),
                "sketches.distinct",
            ),
            (MetricKind::Sum, of(&["a", "b\n"]), "sketches.distinct[1]"),
        ] {
            let shown = format!("{kind:?} {sketches:?}");
            match outcome(kind, sketches) {
                Err(Error::Invalid {
                    at: Some(found),
                    location: None,
                    hint: Some(_),
                    ..
                }) => {
                    assert_eq!(found, at, "{shown}");
                }
                other => panic!("{shown}: {other:?}"),
            }
        }
        for (kind, sketches) in [
            (MetricKind::Sum, quantiles),
            (ratio("a", "b"), of(&["customer_id"])),
            (gauge(&["hall"], Combine::Avg), none.clone()),
            (gauge(&[], Combine::Sum), none),
        ] {
            assert!(outcome(kind, sketches).is_ok());
        }
    }
}
