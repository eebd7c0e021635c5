//! From question to verified, bounded, streaming answer.
//!
//! [`execute`] is the one place that runs a query plan. What it runs was
//! planned over one tenant's [`scope::Scope`], from tables that hold nothing
//! else, and passed [`verify`].

pub mod access;
pub(crate) mod account;
pub(crate) mod admission;
mod allowance;
pub mod cache;
pub(crate) mod checked_sum;
#[cfg(test)]
mod checked_sum_test;
pub(crate) mod context;
pub(crate) mod date_range;
pub(crate) mod date_trunc;
mod dimension_texts;
pub(crate) mod dry_run;
pub(crate) mod execute;
pub(crate) mod file_partials;
pub(crate) mod files;
pub(crate) mod functions;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub(crate) mod gate;
pub(crate) mod kind_value;
mod latest;
pub(crate) mod limits;
mod meter;
pub(crate) mod partials;
pub(crate) mod place;
pub(crate) mod planner;
pub(crate) mod problem;
mod products;
pub(crate) mod pruning;
mod rate;
pub(crate) mod reader;
pub(crate) mod record_tables;
pub(crate) mod redact;
pub(crate) mod restricted;
pub(crate) mod rollup_table;
pub(crate) mod row_stream;
mod run;
pub mod running;
pub(crate) mod schema;
pub(crate) mod scope;
pub(crate) mod sketch_table;
mod steps;
pub(crate) mod supplier;
pub(crate) mod system_tables;
pub(crate) mod table;
pub(crate) mod threads;
pub(crate) mod time_bucket;
pub(crate) mod top_groups;
pub(crate) mod tops;
pub mod type_name;
pub(crate) mod verify;
pub(crate) mod wanted;
pub mod worker;
pub mod written;
