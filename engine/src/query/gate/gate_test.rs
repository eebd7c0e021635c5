use super::super::context;
use super::*;

fn check(query: &str) -> Result<()> {
    parse(&context::bare(), query).map(drop)
}

#[track_caller]
fn refusal(query: &str) -> (String, Location) {
    match check(query) {
        Err(Error::Query {
            message,
            location: Some(location),
            hint: Some(_),
        }) => (message, location),
        other => panic!("{query}: {other:?}"),
    }
}

/// `levels` named subqueries, each reading the one before twice.
fn doubling(levels: usize, join: &str) -> String {
    let mut query = String::from("with c0 as (select 1 as x)");
    for i in 1..=levels {
        let before = i - 1;
        query.push_str(&format!(
            ", c{i} as (select 1 as x from c{before} a {join} c{before} b)"
        ));
    }
    format!("{query} select * from c{levels}")
}

#[test]
fn named_subqueries_that_multiply_are_refused_before_planning() {
    assert!(check(&doubling(5, "cross join")).is_ok());
    for join in ["cross join", ","] {
        assert!(check(&doubling(22, join)).is_err(), "{join}");
    }
    let union = doubling(22, "union all select 1 from");
    assert!(check(&union).is_err());
    assert!(check(&format!("explain {}", doubling(22, ","))).is_err());
}

/// Wherever the subqueries stand, and however they are named.
#[test]
fn named_subqueries_are_seen_through() {
    let doubled = doubling(12, ",");
    let quoted = (0..=12).fold(doubled.clone(), |query, i| {
        query
            .replace(&format!("from c{i} "), &format!("from \"c{i}\" "))
            .replace(&format!(", c{i} b"), &format!(", \"c{i}\" b"))
    });
    let mut nested = "select 1 as x".to_owned();
    for _ in 0..12 {
        nested = format!("with c as ({nested}) select a.x from c a, c b");
    }
    for query in [
        quoted,
        nested,
        format!("select * from ({doubled}) as t"),
        format!("select 1 where exists ({doubled})"),
        format!("select ({doubled} limit 1)"),
        format!("select 1 union all ({doubled})"),
        format!("with t as ({doubled}) select * from t"),
        format!("with recursive t as (select 1 as x union all ({doubled})) select * from t"),
        format!("select x in ({doubled}) from (select 1 as x) as t"),
        format!("select 1 order by ({doubled} limit 1)"),
        doubled.replace("with c0", "with recursive c0"),
        doubled.to_uppercase(),
    ] {
        let (message, _) = refusal(&query);
        assert!(
            message.contains("tables read of at most 128"),
            "{query}: {message}"
        );
    }
}

/// One that has another's name counts as what it is.
#[test]
fn a_name_within_hides_the_one_outside() {
    let inner = doubling(4, ",");
    let query =
        format!("with c4 as (select * from a, a b, a c, a d) select * from ({inner}) as t, c4");
    let size = |query: &str| {
        let statement = context::bare()
            .sql_to_statement(query, &datafusion::config::Dialect::PostgreSQL)
            .expect(query);
        expansion::size(query_of(&statement).expect(query)).tables
    };
    assert_eq!(size(&query), 16 + 4);
    assert_eq!(size("with c as (select * from c, c d) select * from c"), 2);
    assert_eq!(
        size("with recursive c as (select 1 union all select * from c) select * from c"),
        1
    );
    assert_eq!(size("with c as (select 1) select * from c, analytics.c"), 2);
}

#[test]
fn expressions_multiply_with_their_subqueries() {
    let sum = vec!["x"; 300].join(" + ");
    let mut query = format!("with c0 as (select {sum} as x from (select 1 as x) as t)");
    for i in 1..=6 {
        let before = i - 1;
        query.push_str(&format!(
            ", c{i} as (select x from c{before} union all select x from c{before})"
        ));
    }
    let (message, _) = refusal(&format!("{query} select * from c6"));
    assert!(
        message.contains("parts of expressions of at most 20000"),
        "{message}"
    );
}

#[test]
fn long_chains_are_refused_before_parsing() {
    for (part, more) in [
        ("1", "+1"),
        ("1", "::int"),
        ("true", " and true"),
        ("'a'", "||'a'"),
        ("1", " union all select 1"),
        ("1", " is null"),
        ("true", " in (true)"),
        ("'a'", " like 'a'"),
        ("'a'", " similar to 'a'"),
        ("true", " is distinct from true"),
        ("now()", " at time zone 'utc'"),
        ("[1]", "[1]"),
        ("true", " between true and true"),
    ] {
        assert!(
            check(&format!("select {part}{}", more.repeat(20))).is_ok(),
            "{more}"
        );
        assert!(
            check(&format!("select {part}{}", more.repeat(2_000))).is_err(),
            "{more}"
        );
    }
}

#[test]
fn joins_and_named_subqueries_are_counted() {
    let from = |tables: usize, join: &str| {
        let tables: Vec<String> = (0..tables).map(|i| format!("metrics m{i}")).collect();
        format!("select 1 from {}", tables.join(join))
    };
    for join in [", ", " cross join ", " natural join "] {
        assert!(check(&from(20, join)).is_ok(), "{join}");
        let (message, _) = refusal(&from(60, join));
        assert_eq!(message, "the query has 59 joins of at most 32", "{join}");
    }
    let named: Vec<String> = (0..100).map(|i| format!("c{i} as (select 1)")).collect();
    let (message, place) = refusal(&format!("with {} select 1", named.join(", ")));
    assert_eq!(message, "the query has 100 named subqueries of at most 64");
    assert_eq!(place, Location { line: 1, column: 1 });
}

#[test]
fn types_within_types_and_groupings_that_multiply_are_refused_at_their_place() {
    for query in [
        "select 1, cast(null as int[])",
        "select 1, cast(null as int[][][])",
    ] {
        let (message, place) = refusal(query);
        assert!(message.contains("no value becomes a"), "{message}");
        assert_eq!(place.line, 1);
    }
    let sets = "select 1 from metrics group by cube (a, b, c, d, e, f, g)";
    let (message, _) = refusal(sets);
    assert!(message.contains("128 sets of at most 64"), "{message}");
    assert!(check("select 1 from metrics group by rollup (a, b, c)").is_ok());
}

#[tokio::test]
async fn what_functions_are_given_must_be_bounded() {
    let state = context::bare();
    let planned = async |query: &str| {
        let plan = state.create_logical_plan(query).await.expect(query);
        check_plan(&plan, query)
    };
    let of = |pattern: &str| {
        format!("select regexp_like(t, {pattern}) from (values ('a', 'b')) as v(t, p)")
    };
    assert!(planned(&of("'a+'")).await.is_ok());
    let long = format!("'{}'", "a".repeat(2_000));
    let mut wrong = vec![
        of("p"),
        of("t || p"),
        of("'('"),
        of(r"'((\w{100}){100}){100}'"),
        of(&long),
        "select t ~ p from (values ('a', 'b')) as v(t, p)".to_owned(),
        "select t similar to p from (values ('a', 'b')) as v(t, p)".to_owned(),
        "select arrow_cast('a', 'FixedSizeBinary(2000000000)')".to_owned(),
        "select arrow_cast(1, 'List(Int64)')".to_owned(),
    ];
    let calls: Vec<String> = (0..100)
        .map(|i| format!("repeat('{i}', 2) as c{i}"))
        .collect();
    wrong.push(format!("select {}", calls.join(", ")));
    for query in wrong {
        assert!(planned(&query).await.is_err(), "{query}");
    }
    for query in [
        "select arrow_cast(1, 'Int64'), arrow_cast(now(), 'Timestamp(Microsecond, Some(\"UTC\"))')",
        "select 'a' ~ 'b', 'a' similar to 'b%'",
    ] {
        planned(query).await.expect(query);
    }
}
