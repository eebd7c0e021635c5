//! Functions that SQL texts may call, and here those of our own.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use arrow::datatypes::{DataType, Decimal128Type};
use datafusion::common::{cast::as_string_view_array, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use storage_layout::decimal;

mod bounded;
mod offered;
mod series;
mod text_planner;

pub(crate) use offered::{builder, grows};
pub(crate) use series::MAX_ROWS as MAX_SERIES_ROWS;

/// `decimal_text(number)`: canonical text, `1.0` is `1`.
pub(crate) fn decimal_text() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(DecimalText {
        signature: Signature::any(1, Volatility::Immutable),
    }))
}

/// `json_get_text(json, key)`: a member's text; what `->>` means where no
/// column holds the key.
pub(crate) fn json_get_text() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(JsonGetText {
        signature: Signature::uniform(2, vec![DataType::Utf8View], Volatility::Immutable),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct DecimalText {
    signature: Signature,
}

impl ScalarUDFImpl for DecimalText {
    fn name(&self) -> &str {
        "decimal_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [DataType::Decimal128(..)] => Ok(DataType::Utf8View),
            _ => datafusion::common::plan_err!("decimal_text takes a decimal number"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let column = ColumnarValue::values_to_arrays(&args.args)?.remove(0);
        let DataType::Decimal128(_, scale) = column.data_type() else {
            return exec_err!("decimal_text takes a decimal number");
        };
        let mut texts = StringViewBuilder::with_capacity(column.len());
        for units in column.as_primitive::<Decimal128Type>() {
            texts.append_option(units.map(|units| decimal::canonical(units, *scale)));
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct JsonGetText {
    signature: Signature,
}

impl ScalarUDFImpl for JsonGetText {
    fn name(&self) -> &str {
        "json_get_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let (json, keys) = (
            as_string_view_array(&columns[0])?,
            as_string_view_array(&columns[1])?,
        );
        let mut texts = StringViewBuilder::with_capacity(json.len());
        for row in 0..json.len() {
            let text = (json.is_valid(row) && keys.is_valid(row))
                .then(|| member(json.value(row), keys.value(row)))
                .flatten();
            texts.append_option(text);
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish()) as ArrayRef))
    }
}

/// A member of a JSON object as text; strings lose their quotes, null is none.
pub(crate) fn member(json: &str, key: &str) -> Option<String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(json).ok()?;
    match members.get(key)?.get() {
        "null" => None,
        text if text.starts_with('"') => serde_json::from_str(text).ok(),
        text => Some(text.to_owned()),
    }
}
