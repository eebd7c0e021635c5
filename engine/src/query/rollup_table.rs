//! `daily_metrics`, `weekly_metrics`, `monthly_metrics`: merged partials as
//! tables, in the tenant's own time zone. Weeks begin on Monday.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringViewArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use chrono::Datelike;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use storage_layout::decimal::{PRECISION, SCALE};
use storage_layout::rollup::{LocalDay, Measures, Partials, RollupError};
use storage_layout::schema::value_type;
use storage_layout::{MetricKey, MetricKind};

use super::kind_value::{self, KindValues};
use super::partials;
use super::scope::Scope;

/// How long a row of a roll-up table lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    /// A day.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

impl Period {
    /// The first day of the period that holds this one.
    pub(crate) fn start(self, day: i32) -> i32 {
        let date = LocalDay::date(day);
        let into = match self {
            Self::Day => 0,
            Self::Week => date.weekday().num_days_from_monday(),
            Self::Month => date.day0(),
        };
        day - i32::try_from(into).unwrap_or(0)
    }
}

/// A roll-up table.
#[derive(Debug)]
pub(crate) struct RollupTable {
    scope: Arc<Scope>,
    period: Period,
    schema: SchemaRef,
}

/// Sums have the precision that the query engine gives to a sum of values.
fn sum_type() -> DataType {
    DataType::Decimal128(PRECISION + 10, SCALE)
}

impl RollupTable {
    pub(crate) fn new(scope: Arc<Scope>, period: Period) -> Self {
        let text = |name: &str| Field::new(name, DataType::Utf8View, false);
        let value = |name: &str| Field::new(name, value_type(), false);
        let schema = Schema::new(vec![
            text("tenant_id"),
            text("platform"),
            text("metric_type"),
            text("metric_name"),
            Field::new("metric_date", DataType::Date32, false),
            Field::new("value_count", DataType::Int64, false),
            Field::new("value_sum", sum_type(), false),
            value("value_min"),
            value("value_max"),
            value("value_avg"),
            value("value_first"),
            value("value_last"),
            Field::new("value", sum_type(), true),
        ]);
        Self {
            scope,
            period,
            schema: Arc::new(schema),
        }
    }

    async fn rows(&self) -> crate::Result<RecordBatch> {
        let zone = self.scope.snapshot.tenant.time_zone;
        let (partials, _) = partials::merged(&self.scope, i32::MIN, i32::MAX, zone).await?;
        let values = kind_value::by_period(&self.scope, self.period).await?;
        self.batch(&partials, &values)
    }

    fn batch(&self, partials: &Partials, values: &KindValues) -> crate::Result<RecordBatch> {
        let mut rows: BTreeMap<(&MetricKey, i32), Measures> = BTreeMap::new();
        for cell in partials.cells().iter().filter(|cell| cell.slice == 0) {
            let place = (partials.metric(cell.metric), self.period.start(cell.day));
            match rows.get_mut(&place) {
                Some(measures) => measures
                    .merge(&cell.measures)
                    .map_err(crate::Error::storage)?,
                None => drop(rows.insert(place, cell.measures)),
            }
        }
        let definitions = self.scope.snapshot.definitions();
        let kind = |key: &MetricKey| definitions.get(key).map(|d| &d.kind);
        let text = |of: fn(&MetricKey) -> &str| -> ArrayRef {
            Arc::new(StringViewArray::from_iter_values(
                rows.keys().map(|(key, _)| of(key)),
            ))
        };
        let decimal = |of: &dyn Fn(&Measures) -> i128, data_type: DataType| -> ArrayRef {
            let units = Decimal128Array::from_iter_values(rows.values().map(of));
            Arc::new(units.with_data_type(data_type))
        };
        let value = rows.iter().map(|((key, day), measures)| {
            let own = match kind(key) {
                Some(kind) => simple_value(kind, measures)?,
                None => Some(measures.sum),
            };
            Ok(own.or_else(|| values.get(&((*key).clone(), *day)).copied()))
        });
        let value = value
            .collect::<Result<Decimal128Array, RollupError>>()
            .map_err(crate::Error::storage)?;
        let tenant = std::iter::repeat_n(self.scope.tenant().as_str(), rows.len());
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringViewArray::from_iter_values(tenant)),
            text(|key| &key.platform),
            text(|key| &key.metric_type),
            text(|key| &key.metric_name),
            Arc::new(Date32Array::from_iter_values(
                rows.keys().map(|(_, day)| *day),
            )),
            Arc::new(Int64Array::from_iter_values(rows.values().map(|m| m.count))),
            decimal(&|m| m.sum, sum_type()),
            decimal(&|m| m.min, value_type()),
            decimal(&|m| m.max, value_type()),
            decimal(
                &|m| divide(m.sum, i128::from(m.count)).unwrap_or(0),
                value_type(),
            ),
            decimal(&|m| m.first.value, value_type()),
            decimal(&|m| m.last.value, value_type()),
            Arc::new(value.with_data_type(sum_type())),
        ];
        RecordBatch::try_new(self.schema.clone(), columns).map_err(crate::Error::internal)
    }
}

/// The kind's own number, where the period's measures alone give it.
fn simple_value(kind: &MetricKind, measures: &Measures) -> Result<Option<i128>, RollupError> {
    Ok(match kind {
        MetricKind::Sum => Some(measures.sum),
        MetricKind::Gauge { series, .. } if series.is_empty() => Some(measures.last.value),
        MetricKind::Ratio { .. } => {
            let top = measures.numerator.checked_mul(storage_layout::decimal::ONE);
            divide(top.ok_or(RollupError::Overflow)?, measures.denominator)
        }
        MetricKind::Gauge { .. } | MetricKind::Distinct { .. } => None,
    })
}

/// Division to the nearest unit, ties to the even one; `None` by zero.
pub(crate) fn divide(top: i128, bottom: i128) -> Option<i128> {
    let (quotient, rest) = (top.checked_div(bottom)?, top.checked_rem(bottom)?);
    let twice = rest.unsigned_abs().saturating_mul(2);
    let up = twice > bottom.unsigned_abs() || (twice == bottom.unsigned_abs() && quotient % 2 != 0);
    let away = if (top < 0) == (bottom < 0) { 1 } else { -1 };
    Some(if up { quotient + away } else { quotient })
}

#[async_trait]
impl TableProvider for RollupTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let rows = self
            .rows()
            .await
            .map_err(|e| DataFusionError::External(Box::new(e)))?;
        let scan = MemorySourceConfig::try_new_exec(
            &[vec![rows]],
            self.schema.clone(),
            projection.cloned(),
        )?;
        Ok(scan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_rounds_half_to_even() {
        for (top, bottom, quotient) in [
            (5, 2, 2),
            (7, 2, 4),
            (-5, 2, -2),
            (-7, 2, -4),
            (10, 3, 3),
            (-11, 3, -4),
            (11, -3, -4),
        ] {
            assert_eq!(divide(top, bottom), Some(quotient), "{top}/{bottom}");
        }
        assert_eq!(divide(1, 0), None);
    }

    #[test]
    fn a_week_begins_on_monday_and_a_month_on_its_first() {
        let day = |text: &str| {
            let date: chrono::NaiveDate = text.parse().expect(text);
            date.signed_duration_since(chrono::NaiveDate::default())
                .num_days() as i32
        };
        assert_eq!(Period::Week.start(day("2024-03-10")), day("2024-03-04"));
        assert_eq!(Period::Month.start(day("2024-02-29")), day("2024-02-01"));
        assert_eq!(Period::Week.start(day("1969-12-31")), day("1969-12-29"));
    }
}
