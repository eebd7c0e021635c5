//! The forms in which answers are written, and answers as responses.
//!
//! One file for each format turns batches into bytes, beside the query and so
//! mostly in a worker; [`http`] makes a response of the bytes. Nothing here runs
//! a query or holds a whole answer.

mod arrow_stream;
mod cells;
mod csv;
mod decimal;
mod form;
mod format;
mod http;
pub(crate) mod json;
mod ndjson;
mod parquet;

pub(crate) use engine::session::{Encode, Ending, Stamp};
pub(crate) use form::{Decimals, Form, Style, TextCells};
pub(crate) use format::Format;
pub(crate) use http::{Broken, respond};
