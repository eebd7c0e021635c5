//! How an answer is written: its format, and what the format leaves open. It
//! travels to the process that writes.

use arrow::datatypes::SchemaRef;
use engine::Result;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::arrow_stream::ArrowStream;
use super::csv::Csv;
use super::json::Json;
use super::ndjson::NdJson;
use super::parquet::Parquet;
use super::{Encode, Format, Stamp};

/// A format with its style.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Form {
    /// The format.
    pub(crate) format: Format,
    /// What it leaves open.
    pub(crate) style: Style,
}

/// How decimals stand in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decimals {
    /// As numbers.
    #[default]
    Number,
    /// As text, for readers whose numbers are floats.
    String,
}

/// What becomes of text cells that a spreadsheet would run as a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum TextCells {
    /// A leading apostrophe makes them text.
    #[default]
    Neutralised,
    /// They stay as they are.
    Raw,
}

/// What a format leaves open.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Style {
    /// Decimals in JSON.
    pub(crate) decimals: Decimals,
    /// Text cells in CSV.
    pub(crate) text_cells: TextCells,
}

impl engine::session::Form for Form {
    fn encoder(&self, schema: &SchemaRef, stamp: Stamp) -> Result<Box<dyn Encode>> {
        let (schema, style) = (schema.clone(), self.style);
        Ok(match self.format {
            Format::Json => Box::new(Json::new(schema, stamp, style.decimals)),
            Format::NdJson => Box::new(NdJson::new(schema, style.decimals)),
            Format::Csv => Box::new(Csv::new(schema, style.text_cells)),
            Format::ArrowStream => Box::new(ArrowStream::new(&schema)?),
            Format::Parquet => Box::new(Parquet::new(&schema, stamp)?),
        })
    }
}
