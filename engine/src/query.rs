//! From question to verified, bounded, streaming answer.
//!
//! [`execute`] is the one place that runs a query plan. What it runs was
//! planned over one tenant's [`scope::Scope`], from tables that hold nothing
//! else, and passed [`verify`].

pub mod cache;
pub(crate) mod checked_sum;
#[cfg(test)]
mod checked_sum_test;
pub(crate) mod context;
pub(crate) mod date_range;
pub(crate) mod date_trunc;
mod dimension_texts;
pub(crate) mod execute;
pub(crate) mod file_partials;
pub(crate) mod files;
pub(crate) mod functions;
pub(crate) mod gate;
pub(crate) mod kind_value;
mod latest;
pub(crate) mod partials;
pub(crate) mod place;
pub(crate) mod planner;
pub(crate) mod problem;
pub(crate) mod pruning;
pub(crate) mod reader;
pub(crate) mod rollup_table;
pub(crate) mod row_stream;
pub(crate) mod schema;
pub(crate) mod scope;
pub(crate) mod sketch_table;
pub(crate) mod system_tables;
pub(crate) mod table;
pub(crate) mod threads;
pub(crate) mod time_bucket;
pub(crate) mod top_groups;
pub(crate) mod tops;
pub(crate) mod verify;
