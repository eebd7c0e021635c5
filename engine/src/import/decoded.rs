//! Text columns on their way to a typed batch.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StringArray, StringBuilder,
};

use super::chunk::{Chunk, LineFault};
use super::column::ColumnType;
use super::program::Program;
use crate::error::{Error, Result};

/// A chunk in columns.
#[derive(Debug)]
pub(super) struct Decoded {
    /// The columns the mapping uses, `_line` last.
    pub(super) batch: RecordBatch,
    /// The chunk's record of each row of the batch.
    pub(super) records: Vec<usize>,
    /// Rows that are faulty already.
    pub(super) skip: Vec<bool>,
    /// Their faults, and those of records that are no row.
    pub(super) faults: Vec<LineFault>,
}

/// Turns a chunk's text into columns.
pub(super) trait Decode: Send + Sync {
    /// Decodes a chunk; faulty records are left out and named.
    fn decode(&self, program: &Program, chunk: &Chunk) -> Result<Decoded>;
}

/// A column the mapping uses: where it is in the file, and its type.
#[derive(Debug, Clone)]
pub(super) struct UsedColumn {
    pub(super) name: String,
    pub(super) index: usize,
    pub(super) column_type: ColumnType,
}

/// Builds the columns a mapping uses, row by row.
#[derive(Debug)]
pub(super) struct TextColumns<'a> {
    columns: &'a [UsedColumn],
    builders: Vec<StringBuilder>,
    lines: Vec<i64>,
    records: Vec<usize>,
    faults: Vec<LineFault>,
}

impl<'a> TextColumns<'a> {
    /// Starts with room for `rows`.
    pub(super) fn new(columns: &'a [UsedColumn], rows: usize) -> Self {
        let builder = || StringBuilder::with_capacity(rows, rows * 12);
        Self {
            columns,
            builders: columns.iter().map(|_| builder()).collect(),
            lines: Vec::with_capacity(rows),
            records: Vec::with_capacity(rows),
            faults: Vec::new(),
        }
    }

    /// Adds a row: `text` is asked for each column.
    pub(super) fn push<T: AsRef<str>>(
        &mut self,
        record: usize,
        line: u64,
        mut text: impl FnMut(&UsedColumn) -> Option<T>,
    ) {
        for (column, builder) in self.columns.iter().zip(&mut self.builders) {
            builder.append_option(text(column));
        }
        self.lines.push(i64::try_from(line).unwrap_or(i64::MAX));
        self.records.push(record);
    }

    /// Notes a record that is no row.
    pub(super) fn reject(&mut self, fault: LineFault) {
        self.faults.push(fault);
    }

    /// Converts the texts to the declared types.
    pub(super) fn finish(self, program: &Program, chunk: &Chunk) -> Result<Decoded> {
        let Self {
            columns,
            builders,
            lines,
            records,
            mut faults,
        } = self;
        let mut skip = vec![false; records.len()];
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len() + 1);
        for (column, mut builder) in columns.iter().zip(builders) {
            let texts: StringArray = builder.finish();
            let originals = texts.clone();
            let typed = column.column_type.convert(texts, |row| {
                if !std::mem::replace(&mut skip[row], true) {
                    let reason = format!(
                        "{:?} is not of type {}",
                        originals.value(row),
                        column.column_type
                    );
                    faults.push(chunk.fault(records[row], &column.name, reason));
                }
            })?;
            arrays.push(typed);
        }
        arrays.push(Arc::new(Int64Array::from(lines)));
        let rows = RecordBatchOptions::new().with_row_count(Some(records.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(program.schema()), arrays, &rows);
        Ok(Decoded {
            batch: batch.map_err(Error::internal)?,
            records,
            skip,
            faults,
        })
    }
}

/// Takes columns that are typed already.
#[derive(Debug)]
pub(super) struct Typed;

impl Decode for Typed {
    fn decode(&self, _program: &Program, chunk: &Chunk) -> Result<Decoded> {
        let super::chunk::Content::Rows { batch, .. } = &chunk.content else {
            return Err(Error::internal("a chunk of text has no columns"));
        };
        let rows = batch.num_rows();
        Ok(Decoded {
            batch: batch.clone(),
            records: (0..rows).collect(),
            skip: vec![false; rows],
            faults: Vec::new(),
        })
    }
}
