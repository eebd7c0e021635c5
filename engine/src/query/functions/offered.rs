//! Which functions a tenant's SQL may call: every one is named here.
//!
//! What the library brings anew is not offered until it stands in a list; a
//! test names what it has and ours has not.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::catalog::TableFunction;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::SessionStateDefaults as Stock;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};

use super::super::checked_sum::checked_sum;
use super::super::date_trunc::date_trunc;
use super::super::time_bucket::time_bucket;
use super::bounded::{self, Growth};
use super::series;
use super::text_planner::TextPlanner;
use super::{decimal_text, json_get_text};

/// Stock functions whose result is about as large as what they are given.
const SCALAR: &[&str] = &[
    // Numbers
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "cos",
    "cosh",
    "cot",
    "degrees",
    "exp",
    "factorial",
    "floor",
    "gcd",
    "isnan",
    "iszero",
    "lcm",
    "ln",
    "log",
    "log10",
    "log2",
    "nanvl",
    "pi",
    "power",
    "radians",
    "random",
    "round",
    "signum",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
    // Text
    "ascii",
    "bit_length",
    "btrim",
    "character_length",
    "chr",
    "contains",
    "ends_with",
    "find_in_set",
    "initcap",
    "left",
    "lower",
    "ltrim",
    "octet_length",
    "regexp_count",
    "regexp_instr",
    "regexp_like",
    "regexp_match",
    "reverse",
    "right",
    "rtrim",
    "split_part",
    "starts_with",
    "strpos",
    "substr",
    "substr_index",
    "to_hex",
    "translate",
    "upper",
    "uuid",
    // Digests
    "decode",
    "digest",
    "md5",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    // Times
    "current_date",
    "current_time",
    "date_bin",
    "date_part",
    "from_unixtime",
    "make_date",
    "make_time",
    "now",
    "to_date",
    "to_local_time",
    "to_time",
    "to_timestamp",
    "to_timestamp_micros",
    "to_timestamp_millis",
    "to_timestamp_nanos",
    "to_timestamp_seconds",
    "to_unixtime",
    // Choices and types
    "arrow_cast",
    "arrow_try_cast",
    "arrow_typeof",
    "coalesce",
    "greatest",
    "least",
    "nullif",
    "nvl",
    "nvl2",
    // Lists, which come from `[…]` and `regexp_match`
    "array_element",
    "array_has",
    "array_length",
    "cardinality",
];

/// Stock functions that can make much of little, and how much.
const BOUNDED: &[(&str, Growth)] = &[
    ("concat", Growth::Sum),
    ("concat_ws", Growth::Joined),
    ("encode", Growth::Double),
    ("levenshtein", Growth::Product),
    ("lpad", Growth::Padded),
    ("overlay", Growth::Sum),
    ("regexp_replace", Growth::Matches),
    ("repeat", Growth::Times),
    ("replace", Growth::Replaced),
    ("rpad", Growth::Padded),
    ("to_char", Growth::Format),
];

/// Left out: `array_agg`, whose answers nest within each other.
const AGGREGATE: &[&str] = &[
    "any_value",
    "approx_distinct",
    "approx_median",
    "approx_percentile_cont",
    "approx_percentile_cont_with_weight",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "corr",
    "count",
    "covar_pop",
    "covar_samp",
    "first_value",
    "grouping",
    "last_value",
    "max",
    "median",
    "min",
    "nth_value",
    "percentile_cont",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "string_agg",
    "var",
    "var_pop",
];

const WINDOW: &[&str] = &[
    "cume_dist",
    "dense_rank",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "nth_value",
    "ntile",
    "percent_rank",
    "rank",
    "row_number",
];

/// A builder that knows these functions and no others, no file format, no
/// table to be made and no function of functions.
pub(crate) fn builder() -> SessionStateBuilder {
    SessionStateBuilder::new()
        .with_scalar_functions(scalar())
        .with_higher_order_functions(vec![])
        .with_aggregate_functions(aggregate())
        .with_window_functions(window())
        .with_table_functions(table())
        .with_expr_planners(planners())
        .with_file_formats(vec![])
        .with_table_factories(HashMap::new())
}

/// Whether a call of this function counts as one that makes much of little.
pub(crate) fn grows(name: &str) -> bool {
    name == bounded::JOINED_TEXTS || BOUNDED.iter().any(|(bounded, _)| *bounded == name)
}

fn scalar() -> Vec<Arc<ScalarUDF>> {
    let mut offered = Vec::new();
    for function in Stock::default_scalar_functions() {
        let name = function.name();
        if SCALAR.contains(&name) {
            offered.push(function);
        } else if let Some((_, growth)) = BOUNDED.iter().find(|(bounded, _)| *bounded == name) {
            offered.push(bounded::bounded(function, *growth));
        }
    }
    offered.extend([date_trunc(), decimal_text(), json_get_text(), time_bucket()]);
    offered
}

fn aggregate() -> Vec<Arc<AggregateUDF>> {
    let mut offered = Stock::default_aggregate_functions();
    offered.retain(|function| AGGREGATE.contains(&function.name()));
    offered.push(checked_sum());
    offered
}

fn window() -> Vec<Arc<WindowUDF>> {
    let mut offered = Stock::default_window_functions();
    offered.retain(|function| WINDOW.contains(&function.name()));
    offered
}

/// `range` and `generate_series`, with a bound on their rows.
fn table() -> HashMap<String, Arc<TableFunction>> {
    let series = [
        series::bounded(datafusion::functions_table::generate_series()),
        series::bounded(datafusion::functions_table::range()),
    ];
    let named = series.into_iter().map(|f| (f.name().to_owned(), f));
    named.collect()
}

/// What operators and special forms mean. Left out are those that make records
/// and maps: their types can double from query to query.
fn planners() -> Vec<Arc<dyn ExprPlanner>> {
    vec![
        Arc::new(TextPlanner),
        Arc::new(datafusion::functions_nested::planner::FieldAccessPlanner),
        Arc::new(datafusion::functions::datetime::planner::DatetimeFunctionPlanner),
        Arc::new(datafusion::functions::unicode::planner::UnicodeFunctionPlanner),
        Arc::new(datafusion::functions_aggregate::planner::AggregateFunctionPlanner),
        Arc::new(datafusion::functions_window::planner::WindowFunctionPlanner),
    ]
}

#[cfg(test)]
#[path = "offered_test.rs"]
mod tests;
