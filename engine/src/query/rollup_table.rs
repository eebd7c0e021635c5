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
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use storage_layout::decimal::{PRECISION, SCALE};
use storage_layout::rollup::{LocalDay, Measures, Partials, RollupError, Slice};
use storage_layout::schema::value_type;
use storage_layout::{MetricKey, MetricKind};

use super::date_range::DateRange;
use super::kind_value::{self, KindValues};
use super::partials;
use super::scope::Scope;
use crate::dashboard::Exact;
use crate::error::{Error, Result};

/// The column that says when a row's period begins.
const DATE: &str = "metric_date";
/// The column with the kind's own number.
const VALUE: &str = "value";

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

    /// Its length at most, days.
    fn longest(self) -> i32 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 31,
        }
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
            Field::new(DATE, DataType::Date32, false),
            Field::new("value_count", DataType::Int64, false),
            Field::new("value_sum", sum_type(), false),
            value("value_min"),
            value("value_max"),
            value("value_avg"),
            value("value_first"),
            value("value_last"),
            Field::new(VALUE, sum_type(), true),
        ]);
        Self {
            scope,
            period,
            schema: Arc::new(schema),
        }
    }

    /// The rows of periods that begin on these dates; without the kind's own
    /// number, which may have to be read from raw points, unless it is wanted.
    async fn rows(&self, starts: DateRange, with: &[&str]) -> Result<RecordBatch> {
        let nothing = Partials::from_cells(Vec::new(), vec![Slice::Total], Vec::new());
        let (mut partials, mut values) = (Arc::new(nothing?), KindValues::new());
        if !starts.is_empty() {
            let zone = self.scope.snapshot.tenant.time_zone;
            let end = starts.last.saturating_add(self.period.longest());
            (partials, _) = partials::merged(&self.scope, starts.first, end, zone).await?;
            if with.contains(&VALUE) {
                values = kind_value::by_period(&self.scope, self.period, starts, &partials).await?;
            }
        }
        self.batch(&partials, starts, &values)
    }

    fn batch(
        &self,
        partials: &Partials,
        starts: DateRange,
        values: &KindValues,
    ) -> Result<RecordBatch> {
        let mut rows: BTreeMap<(&MetricKey, i32), Measures> = BTreeMap::new();
        for cell in partials.cells().iter().filter(|cell| cell.slice == 0) {
            let start = self.period.start(cell.day);
            if !starts.contains(start) {
                continue;
            }
            let place = (partials.metric(cell.metric), start);
            match rows.get_mut(&place) {
                Some(measures) => measures.merge(&cell.measures)?,
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
        let value = value.collect::<Result<Decimal128Array, RollupError>>()?;
        let averages = rows
            .values()
            .map(|m| average(m).map(Option::unwrap_or_default));
        let averages = averages.collect::<Result<Vec<i128>, RollupError>>()?;
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
            Arc::new(Decimal128Array::from(averages).with_data_type(value_type())),
            decimal(&|m| m.first.value, value_type()),
            decimal(&|m| m.last.value, value_type()),
            Arc::new(value.with_data_type(sum_type())),
        ];
        RecordBatch::try_new(self.schema.clone(), columns).map_err(Error::internal)
    }
}

fn average(measures: &Measures) -> Result<Option<i128>, RollupError> {
    let average = Exact::share(measures.sum, measures.count)?;
    Ok(average.map(Exact::units))
}

/// The kind's own number, where the period's measures alone give it.
fn simple_value(kind: &MetricKind, measures: &Measures) -> Result<Option<i128>, RollupError> {
    Ok(match kind {
        MetricKind::Sum => Some(measures.sum),
        MetricKind::Gauge { series, .. } if series.is_empty() => Some(measures.last.value),
        MetricKind::Ratio { .. } => {
            Exact::ratio(measures.numerator, measures.denominator)?.map(Exact::units)
        }
        MetricKind::Gauge { .. } | MetricKind::Distinct { .. } => None,
    })
}

#[async_trait]
impl TableProvider for RollupTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        // What a filter says of dates decides which files are looked at.
        let helps = |filter: &&Expr| match DateRange::of_filter(filter, DATE) {
            Some(_) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(helps).collect())
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let fields = self.schema.fields();
        let wanted: Vec<&str> = match projection {
            Some(wanted) => wanted
                .iter()
                .map(|&at| fields[at].name().as_str())
                .collect(),
            None => fields.iter().map(|field| field.name().as_str()).collect(),
        };
        let rows = self
            .rows(DateRange::of(filters, DATE), &wanted)
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
    use storage_layout::rollup::Stamped;

    use super::*;

    #[test]
    fn a_ratio_of_large_parts_has_its_value() {
        let point = Stamped {
            recorded_at_us: 0,
            commit_version: 1,
            value: 0,
        };
        let kind = MetricKind::Ratio {
            numerator: "n".into(),
            denominator: "d".into(),
        };
        // More than 128 bits when it is multiplied by 10^9.
        let large = 10_i128.pow(31);
        let value = |top, bottom| simple_value(&kind, &Measures::of(point, top, bottom));
        assert_eq!(value(large, 4 * large).expect("fits"), Some(250_000_000));
        assert_eq!(value(large, 0).expect("fits"), None);
        let error = Error::from(value(i128::MAX, 1).expect_err("too large"));
        assert!(matches!(error, Error::Query { .. }), "{error:?}");
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
