//! What is wanted of a caller's query; travels to the process that runs it.

use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};

use super::written::{Encode, Form, Stamp};
use crate::error::{Error, Result};
use crate::query_jobs::pages::PageWriter;

/// What is wanted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Wanted<F> {
    /// The answer in a form of the front's.
    Answer(F),
    /// The answer in pages that are kept.
    Pages,
    /// What it would read; nothing is run.
    DryRun,
}

impl<F> Wanted<F> {
    pub(crate) fn as_ref(&self) -> Wanted<&F> {
        match self {
            Self::Answer(form) => Wanted::Answer(form),
            Self::Pages => Wanted::Pages,
            Self::DryRun => Wanted::DryRun,
        }
    }
}

impl<F: Form> Wanted<&F> {
    pub(crate) fn encoder(&self, schema: &SchemaRef, stamp: Stamp) -> Result<Box<dyn Encode>> {
        match self {
            Self::Answer(form) => form.encoder(schema, stamp),
            Self::Pages => Ok(Box::new(PageWriter::new(schema.clone()))),
            Self::DryRun => Err(Error::internal("a dry run has no rows to write")),
        }
    }
}

/// The form of whoever has none, because none is asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum NoForm {}

impl Form for NoForm {
    fn encoder(&self, _schema: &SchemaRef, _stamp: Stamp) -> Result<Box<dyn Encode>> {
        match *self {}
    }
}
