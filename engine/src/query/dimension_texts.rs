//! The text of dimensions, put together again from what a file keeps: a template
//! and the columns that its marks name.
//!
//! A scan's projection calls it; SQL texts cannot. What it needs stands in its
//! arguments, so a plan that has it can travel.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, StringViewArray};
use arrow::datatypes::{DataType, Schema};
use datafusion::common::cast::as_string_view_array;
use datafusion::common::exec_err;
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::scalar::ScalarValue;
use storage_layout::DimensionRegistry;
use storage_layout::dimension_template::full_texts;

/// Between names in the first argument; no column's name has one.
const SEPARATOR: char = ',';

static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    Arc::new(ScalarUDF::new_from_impl(DimensionTexts {
        signature: Signature::variadic_any(Volatility::Immutable),
    }))
});

/// The columns that templates of a tenant may name.
pub(super) fn columns(registry: &DimensionRegistry) -> Vec<String> {
    let both = registry
        .columns()
        .flat_map(|column| [column.text_column(), column.number_column()]);
    both.collect()
}

/// The texts of `stored`, which together with `columns` is in `schema`.
pub(super) fn texts(
    stored: Column,
    columns: Vec<Column>,
    schema: &Schema,
    options: Arc<ConfigOptions>,
) -> Result<Arc<dyn PhysicalExpr>> {
    let names: Vec<&str> = columns.iter().map(Column::name).collect();
    let names = names.join(&String::from(SEPARATOR));
    let mut arguments: Vec<Arc<dyn PhysicalExpr>> = vec![
        Arc::new(Literal::new(ScalarValue::Utf8(Some(names)))),
        Arc::new(stored),
    ];
    arguments.extend(columns.into_iter().map(|c| Arc::new(c) as _));
    let call = ScalarFunctionExpr::try_new(FUNCTION.clone(), arguments, schema, options)?;
    Ok(Arc::new(call))
}

/// `dimensions_text(names, stored, column…)`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct DimensionTexts {
    signature: Signature,
}

impl ScalarUDFImpl for DimensionTexts {
    fn name(&self) -> &str {
        "dimensions_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [ColumnarValue::Scalar(names), stored, columns @ ..] = args.args.as_slice() else {
            return exec_err!("dimensions_text takes names and columns");
        };
        let Some(Some(names)) = names.try_as_str() else {
            return exec_err!("dimensions_text takes names as text");
        };
        // A column that a file lacks comes as one null; no template names it.
        let held = names.split(SEPARATOR).zip(columns);
        let held = held.filter_map(|(name, column)| match column {
            ColumnarValue::Array(values) => Some(Ok((name, values.clone()))),
            ColumnarValue::Scalar(value) if value.is_null() => None,
            ColumnarValue::Scalar(value) => {
                Some(value.to_array_of_size(rows).map(|values| (name, values)))
            }
        });
        let held: HashMap<&str, ArrayRef> = held.collect::<Result<_>>()?;
        let stored = stored.to_array(rows)?;
        let stored: &StringViewArray = as_string_view_array(&stored)?;
        let texts = full_texts(stored, &|name| held.get(name))
            .map_err(|e| DataFusionError::External(Box::new(e)))?;
        Ok(ColumnarValue::Array(Arc::new(texts)))
    }
}
