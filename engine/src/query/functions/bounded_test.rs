use datafusion::prelude::SessionContext;

use super::super::super::context;

async fn answer(query: &str) -> std::result::Result<String, String> {
    let context = SessionContext::new_with_state(context::bare());
    let frame = context.sql(query).await.map_err(|e| e.to_string())?;
    let batches = frame.collect().await.map_err(|e| e.to_string())?;
    let shown = datafusion::arrow::util::pretty::pretty_format_batches(&batches);
    Ok(shown.map_err(|e| e.to_string())?.to_string())
}

/// Each with a constant and with a column.
#[tokio::test]
async fn a_function_that_would_make_too_much_errs_before_it_makes_it() {
    for call in [
        "repeat(t, 100000000000000)",
        "repeat(t, 1048577)",
        "lpad(t, 2000000000, 'ab')",
        "rpad(t, 1048577)",
        "rpad(t, 300000, 'ä')",
        "concat(repeat(t, 600000), repeat(t, 600000))",
        "concat_ws(repeat(t, 500000), t, t, t, t)",
        "repeat(t, 600000) || repeat(t, 600000)",
        "encode(repeat(t, 600000), 'hex')",
        "replace(repeat(t, 2000), t, repeat(t, 2000))",
        "regexp_replace(repeat(t, 2000), '', repeat(t, 2000), 'g')",
        "regexp_replace(repeat(t, 1000000), '.', repeat(t, 1000000), 'g')",
        "overlay(repeat(t, 600000) placing repeat(t, 600000) from 1 for 0)",
        "to_char(timestamp '2025-01-01', repeat('%c', 60000))",
        "levenshtein(repeat(t, 100000), repeat(t, 100000))",
    ] {
        for from in ["(select 'a' as t)", "(values ('a'), ('a')) as v(t)"] {
            let query = format!("select length(cast({call} as varchar)) from {from}");
            let said = answer(&query).await.expect_err(&query);
            assert!(said.contains("at most"), "{query}: {said}");
        }
    }
    let said = answer("select repeat('a', 12884901888)")
        .await
        .expect_err("12 GiB");
    assert!(
        said.contains("repeat would make a text of 12.0 GiB; at most 1.0 MiB a value"),
        "{said}"
    );
}

/// Each value is small; all of them at once are not.
#[tokio::test]
async fn all_values_of_a_batch_are_bounded_together() {
    for call in [
        "repeat('a', 100000)",
        "lpad(cast(value as varchar), 100000)",
        "repeat('a', 50000) || repeat(cast(value as varchar), 50000)",
        "regexp_replace(repeat('a', 1000), 'a', repeat(cast(value as varchar), 100), 'g')",
    ] {
        let query = format!(
            "select max(octet_length(x)) from (select {call} as x, value from generate_series(1, 8000)) as t
             where value > 0 and x <> ''"
        )
        .replace("repeat('a', 100000)", "repeat(left('a', cast(value as int)), 100000)");
        let said = answer(&query).await.expect_err(&query);
        assert!(
            said.contains("rows at once; at most 16.0 MiB"),
            "{query}: {said}"
        );
    }
}

#[tokio::test]
async fn within_the_bounds_a_function_is_the_stock_one() {
    for (query, expected) in [
        ("select repeat('ab', 3)", "ababab"),
        ("select lpad('ä', 3, 'xy')", "xyä"),
        ("select rpad(null, 3)", "|   "),
        ("select repeat('a', -1) || 'b'", " b "),
        ("select 'a' || null", "|   "),
        ("select 'a' || 1.5", "a1.5"),
        ("select concat('a', null, 1)", "a1"),
        ("select concat_ws('-', 'a', null, 'b')", "a-b"),
        ("select replace('banana', 'an', 'AN')", "bANANa"),
        (
            "select regexp_replace('banana', '(an)', '<\\1>', 'g')",
            "b<an><an>a",
        ),
        ("select encode('ab', 'hex')", "6162"),
        (
            "select overlay('abcdef' placing 'XY' from 2 for 3)",
            "aXYef",
        ),
        ("select to_char(timestamp '2025-01-02', '%Y/%m')", "2025/01"),
        ("select levenshtein('kitten', 'sitting')", "3"),
        (
            "select sum(length(regexp_replace(cast(value as varchar), '1', 'one'))) from generate_series(10, 19)",
            "40",
        ),
    ] {
        let said = answer(query).await.expect(query);
        assert!(said.contains(expected), "{query}: {said}");
    }
}

#[tokio::test]
async fn a_series_has_at_most_a_million_rows() {
    let said = answer("select count(*) from generate_series(1, 1000000)").await;
    assert!(said.expect("a million").contains("1000000"));
    for series in [
        "generate_series(1, 1000000000000000)",
        "range(0, 9223372036854775807)",
        "generate_series(timestamp '2000-01-01', timestamp '2100-01-01', interval '1 second')",
    ] {
        let query = format!("select count(*) from {series}");
        let said = answer(&query).await.expect_err(&query);
        assert!(said.contains("at most 1000000"), "{query}: {said}");
    }
}
