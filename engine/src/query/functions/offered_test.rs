use std::collections::BTreeSet;

use super::super::super::context;
use super::*;

/// Stock functions that are left out, by reason. A new version of the library
/// that brings another fails here, until it is put in this list or in ours.
const LEFT_OUT: &[&str] = &[
    // They name what is stored, or the library.
    "arrow_field",
    "arrow_metadata",
    "file_row_index",
    "input_file_name",
    "version",
    // Values of any type, and types that nest.
    "cast_to_type",
    "get_field",
    "map",
    "named_struct",
    "struct",
    "try_cast_to_type",
    "union_extract",
    "union_tag",
    "with_metadata",
    // Ours stands in its place.
    "date_trunc",
    // Lists that grow, nest or are of no use without those.
    "array_add",
    "array_any_value",
    "array_append",
    "array_avg",
    "array_compact",
    "array_concat",
    "array_dims",
    "array_distance",
    "array_distinct",
    "array_except",
    "array_has_all",
    "array_has_any",
    "array_intersect",
    "array_max",
    "array_min",
    "array_ndims",
    "array_normalize",
    "array_pop_back",
    "array_pop_front",
    "array_position",
    "array_positions",
    "array_prepend",
    "array_product",
    "array_remove",
    "array_remove_all",
    "array_remove_n",
    "array_repeat",
    "array_replace",
    "array_replace_all",
    "array_replace_n",
    "array_resize",
    "array_reverse",
    "array_scale",
    "array_slice",
    "array_sort",
    "array_subtract",
    "array_sum",
    "array_to_string",
    "array_union",
    "arrays_zip",
    "cosine_distance",
    "empty",
    "flatten",
    "generate_series",
    "inner_product",
    "make_array",
    "map_entries",
    "map_extract",
    "map_keys",
    "map_values",
    "range",
    "string_to_array",
];

#[test]
fn every_stock_function_is_offered_or_left_out_by_name() {
    let offered = context::bare();
    let stock = Stock::default_scalar_functions();
    let stock: BTreeSet<&str> = stock.iter().map(|f| f.name()).collect();
    let ours: BTreeSet<&str> = LEFT_OUT
        .iter()
        .copied()
        .chain(SCALAR.iter().copied())
        .chain(BOUNDED.iter().map(|(name, _)| *name))
        .collect();
    let unknown: Vec<_> = stock.difference(&ours).collect();
    assert!(
        unknown.is_empty(),
        "neither offered nor left out: {unknown:?}"
    );
    let gone: Vec<_> = ours.difference(&stock).collect();
    assert!(gone.is_empty(), "no stock function has this name: {gone:?}");
    let own = ["date_trunc", "decimal_text", "json_get_text", "time_bucket"];
    for name in LEFT_OUT.iter().filter(|name| !own.contains(name)) {
        assert!(!offered.scalar_functions().contains_key(*name), "{name}");
    }
    for name in SCALAR.iter().chain(&own) {
        assert!(offered.scalar_functions().contains_key(*name), "{name}");
    }

    let stock = Stock::default_aggregate_functions();
    let stock: BTreeSet<&str> = stock.iter().map(|f| f.name()).collect();
    let ours: BTreeSet<&str> = AGGREGATE
        .iter()
        .copied()
        .chain(["array_agg", "sum"])
        .collect();
    assert_eq!(stock, ours);
    assert!(!offered.aggregate_functions().contains_key("array_agg"));

    let stock = Stock::default_window_functions();
    let stock: BTreeSet<&str> = stock.iter().map(|f| f.name()).collect();
    assert_eq!(stock, WINDOW.iter().copied().collect());

    let stock = Stock::default_table_functions();
    let stock: BTreeSet<&str> = stock.iter().map(|f| f.name()).collect();
    assert_eq!(stock, BTreeSet::from(["generate_series", "range"]));
    assert!(offered.higher_order_functions().is_empty());
    assert!(offered.table_factories().is_empty());
    assert!(offered.get_file_format_factory("csv").is_none());
}

#[tokio::test]
async fn a_function_that_is_left_out_is_not_found_by_any_spelling() {
    let state = context::bare();
    let stock = Stock::default_scalar_functions();
    for name in LEFT_OUT.iter().filter(|name| **name != "date_trunc") {
        let function = stock.iter().find(|f| f.name() == *name).expect(name);
        let names = std::iter::once(*name).chain(function.aliases().iter().map(String::as_str));
        for name in names {
            for query in [
                format!("SELECT {name}('a', 3)"),
                format!("SELECT \"{name}\"(3, 4)"),
            ] {
                let error = state.create_logical_plan(&query).await.expect_err(&query);
                let said = error.to_string();
                // Some names are words of the language, with a meaning of their own.
                let none = [
                    "Invalid function",
                    "not supported",
                    "not implemented",
                    "sql parser",
                ];
                assert!(
                    none.iter().any(|none| said.contains(none)),
                    "{query}: {said}"
                );
            }
        }
    }
}
