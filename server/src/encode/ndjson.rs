//! One JSON object a line, nulls spelt out.

use arrow::datatypes::SchemaRef;
use arrow::json::EncoderOptions;
use arrow::record_batch::RecordBatch;
use engine::{Error, Result};

use super::{Decimals, Encode, Ending, cells};

/// Writes a line a row.
pub(super) struct NdJson {
    schema: SchemaRef,
    options: EncoderOptions,
    /// Each column's `"name":`, with the comma or brace before it.
    names: Vec<Vec<u8>>,
}

impl NdJson {
    pub(super) fn new(schema: SchemaRef, decimals: Decimals) -> Self {
        Self {
            schema,
            options: cells::options(decimals),
            names: Vec::new(),
        }
    }
}

impl Encode for NdJson {
    fn start(&mut self, _out: &mut Vec<u8>) -> Result<()> {
        for field in self.schema.fields() {
            let mut name = vec![if self.names.is_empty() { b'{' } else { b',' }];
            serde_json::to_writer(&mut name, field.name()).map_err(Error::internal)?;
            name.push(b':');
            self.names.push(name);
        }
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        let batch = cells::plain(batch)?;
        let mut columns = cells::encoders(&batch, &self.options)?;
        for row in 0..batch.num_rows() {
            if columns.is_empty() {
                out.push(b'{');
            }
            for (name, cell) in self.names.iter().zip(&mut columns) {
                out.extend_from_slice(name);
                cells::write(cell, row, out);
            }
            out.extend_from_slice(b"}\n");
        }
        Ok(())
    }

    fn end(&mut self, _ending: &Ending, _out: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
}
