//! Random SQL from a seed: questions that have an answer, and statements of a
//! grammar that mostly have none.

use rand::Rng;
use rand::rngs::StdRng;

/// Something that can be asked, in words that DuckDB has as well.
pub(crate) struct Question {
    pub(crate) sql: String,
}

const COLUMNS: [&str; 4] = [
    "platform",
    "metric_type",
    "metric_name",
    "(dimensions->>'country')",
];
const TEXTS: [&str; 8] = [
    "coreldove",
    "revenue",
    "order_revenue",
    "de",
    "np",
    "",
    "x",
    "a'b",
];

fn pick<'a>(rng: &mut StdRng, of: &[&'a str]) -> &'a str {
    of[rng.random_range(0..of.len())]
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A number with at most nine decimals, often one that points have.
fn number(rng: &mut StdRng) -> String {
    match rng.random_range(0..4) {
        0 => rng.random_range(-20_i64..20).to_string(),
        1 => format!(
            "{}.{:02}",
            rng.random_range(-9_i64..99),
            rng.random_range(0..100)
        ),
        2 => "0".to_owned(),
        _ => format!("{}.5", rng.random_range(0..500)),
    }
}

/// A condition on a point that may be true, false or null.
pub(crate) fn predicate(rng: &mut StdRng, depth: u32) -> String {
    if depth > 0 && rng.random_bool(0.6) {
        let one = predicate(rng, depth - 1);
        let other = predicate(rng, depth - 1);
        return match rng.random_range(0..3) {
            0 => format!("({one} and {other})"),
            1 => format!("({one} or {other})"),
            _ => format!("(not {one})"),
        };
    }
    let compared = pick(rng, &["=", "<>", "<", "<=", ">", ">="]);
    let column = pick(rng, &COLUMNS);
    match rng.random_range(0..8) {
        0 => format!("metric_value {compared} {}", number(rng)),
        1 => format!("{column} {compared} {}", quoted(pick(rng, &TEXTS))),
        2 => format!("{column} is null"),
        3 => {
            let values = [quoted(pick(rng, &TEXTS)), quoted(pick(rng, &TEXTS))];
            let null = if rng.random_bool(0.3) { ", null" } else { "" };
            format!("{column} in ({}{null})", values.join(", "))
        }
        4 => {
            let (low, high) = (number(rng), number(rng));
            format!("metric_value between {low} and {high}")
        }
        5 => format!(
            "{column} like {}",
            quoted(pick(rng, &["%e%", "c%", "_e", "%", ""]))
        ),
        6 => format!(
            "case when metric_value > {} then {column} = 'de' else null end",
            number(rng)
        ),
        _ => format!(
            "recorded_at {compared} timestamptz '2024-03-{:02}T{:02}:00:00Z'",
            rng.random_range(1..29),
            rng.random_range(0..24)
        ),
    }
}

/// An aggregate that is exact however its rows are ordered.
fn exact(rng: &mut StdRng) -> String {
    let inner = match rng.random_range(0..4) {
        0 => "metric_value".to_owned(),
        1 => format!("metric_value + {}", number(rng)),
        2 => format!("case when {} then metric_value end", predicate(rng, 1)),
        _ => "metric_value * 2".to_owned(),
    };
    let column = pick(rng, &COLUMNS);
    match rng.random_range(0..7) {
        0 => "count(*)".to_owned(),
        1 => format!("count({column})"),
        2 => format!("count(distinct {column})"),
        3 => format!("min({inner})"),
        4 => format!("max({inner})"),
        5 => format!("sum(distinct {inner})"),
        _ => format!("sum({inner})"),
    }
}

/// One that is compared with a tolerance.
fn inexact(rng: &mut StdRng) -> String {
    match rng.random_range(0..4) {
        0 => "avg(metric_value)".to_owned(),
        1 => "sum(cast(metric_value as double))".to_owned(),
        2 => "stddev_pop(cast(metric_value as double))".to_owned(),
        _ => "sum(metric_value) / nullif(count(*), 0)".to_owned(),
    }
}

/// A question with an answer that does not depend on the order of rows.
pub(crate) fn question(rng: &mut StdRng) -> Question {
    let filter = match rng.random_bool(0.7) {
        true => format!(" where {}", predicate(rng, 2)),
        false => String::new(),
    };
    let from = "from analytics_data_points";
    let first = rng.random_range(0..COLUMNS.len());
    let second = (first + rng.random_range(1..COLUMNS.len())) % COLUMNS.len();
    let (column, other) = (COLUMNS[first], COLUMNS[second]);
    let number_of = |rng: &mut StdRng| match rng.random_bool(0.7) {
        true => exact(rng),
        false => inexact(rng),
    };
    let (one, two) = (number_of(rng), number_of(rng));
    let sql = match rng.random_range(0..8) {
        0 => format!("select {one} as a, {two} as b {from}{filter}"),
        1 => {
            format!("select {column} as k, {one} as a, {two} as b {from}{filter} group by {column}")
        }
        2 => format!(
            "select {column} as k, {other} as l, {one} as a {from}{filter} group by {column}, {other} having count(*) > {}",
            rng.random_range(0..5)
        ),
        3 => format!("select distinct {column} as k, {other} as l {from}{filter}"),
        4 => format!("select {column} as k, metric_value as a {from}{filter}"),
        5 => format!(
            "with c as (select {column} as k, {one} as a {from}{filter} group by {column}) \
             select x.k as k, x.a as a, y.a as b from c x left join c y on x.k = y.k"
        ),
        6 => format!(
            "select {column} as k, metric_value as a, sum(metric_value) over (partition by {column}) as b, \
             rank() over (partition by {other} order by metric_value) as c {from}{filter}"
        ),
        _ => format!(
            "select {column} as k, {one} as a {from}{filter} group by {column} \
             {} select {other} as k, {two} as a {from} group by {other}",
            pick(rng, &["union all", "union"])
        ),
    };
    Question { sql }
}

/// A statement of a grammar: nothing about it need be right.
pub(crate) fn statement(rng: &mut StdRng) -> String {
    let mut text = match rng.random_range(0..12) {
        0 => "explain ".to_owned(),
        1 => "explain analyze ".to_owned(),
        _ => String::new(),
    };
    match rng.random_range(0..10) {
        0 => text.push_str(&command(rng)),
        _ => {
            let depth = rng.random_range(0..4);
            text.push_str(&query(rng, depth));
        }
    }
    // Sometimes broken in two, doubled, or cut.
    match rng.random_range(0..12) {
        0 => text.push_str("; select 1"),
        1 => text.insert_str(0, "/* ' */ "),
        2 => {
            let at = rng.random_range(0..=text.len());
            text.truncate(text.floor_char_boundary(at));
        }
        3 => {
            let at = text.floor_char_boundary(rng.random_range(0..=text.len()));
            let what = pick(
                rng,
                &[
                    "'", "\"", "(", ")", "--", "/*", "$$", "\u{202e}", "\0", ";", ",",
                ],
            );
            text.insert_str(at, what);
        }
        _ => {}
    }
    text
}

fn command(rng: &mut StdRng) -> String {
    let table = relation(rng, 0);
    let query = query(rng, 1);
    match rng.random_range(0..10) {
        0 => format!("insert into {table} {query}"),
        1 => format!("create table t as {query}"),
        2 => format!("create view v as {query}"),
        3 => format!("copy ({query}) to '/tmp/x'"),
        4 => format!("delete from {table}"),
        5 => format!("update {table} set platform = 'b'"),
        6 => format!("prepare p as {query}"),
        7 => format!("set a.b = '{}'", pick(rng, &TEXTS).replace('\'', "")),
        8 => format!("describe {table}"),
        _ => format!("drop table {table}"),
    }
}

fn query(rng: &mut StdRng, depth: u32) -> String {
    let mut text = String::new();
    if depth > 0 && rng.random_bool(0.3) {
        let recursive = if rng.random_bool(0.2) {
            "recursive "
        } else {
            ""
        };
        let named: Vec<String> = (0..rng.random_range(1..4))
            .map(|i| format!("c{i} as ({})", query(rng, depth - 1)))
            .collect();
        text.push_str(&format!("with {recursive}{} ", named.join(", ")));
    }
    text.push_str(&select(rng, depth));
    while depth > 0 && rng.random_bool(0.15) {
        let set = pick(rng, &["union all", "union", "except", "intersect"]);
        text.push_str(&format!(" {set} {}", select(rng, depth - 1)));
    }
    if rng.random_bool(0.2) {
        text.push_str(&format!(" order by {}", expr(rng, depth.min(1))));
    }
    if rng.random_bool(0.3) {
        text.push_str(&format!(" limit {}", rng.random_range(0..50)));
    }
    text
}

fn select(rng: &mut StdRng, depth: u32) -> String {
    let distinct = if rng.random_bool(0.1) {
        "distinct "
    } else {
        ""
    };
    let items: Vec<String> = (0..rng.random_range(1..4))
        .map(|i| match rng.random_range(0..6) {
            0 => "*".to_owned(),
            _ => format!("{} as e{i}", expr(rng, depth)),
        })
        .collect();
    let mut text = format!("select {distinct}{}", items.join(", "));
    if rng.random_bool(0.85) {
        text.push_str(&format!(" from {}", relation(rng, depth)));
        for i in 0..rng.random_range(0..3) {
            let other = relation(rng, depth.saturating_sub(1));
            text.push_str(&match rng.random_range(0..5) {
                0 => format!(", {other} as r{i}"),
                1 => format!(" cross join {other} as r{i}"),
                2 => format!(" natural join {other} as r{i}"),
                3 => format!(" left join {other} as r{i} on {}", expr(rng, depth.min(1))),
                _ => format!(" join {other} as r{i} using (metric_name)"),
            });
        }
    }
    if rng.random_bool(0.4) {
        text.push_str(&format!(" where {}", expr(rng, depth)));
    }
    if rng.random_bool(0.25) {
        let key = expr(rng, depth.min(1));
        let how = pick(rng, &["", "cube ", "rollup "]);
        text.push_str(&format!(" group by {how}({key}, platform)"));
    }
    text
}

fn relation(rng: &mut StdRng, depth: u32) -> String {
    if depth > 0 && rng.random_bool(0.3) {
        let lateral = if rng.random_bool(0.2) { "lateral " } else { "" };
        return format!("{lateral}({}) as s", query(rng, depth - 1));
    }
    let named = [
        "analytics_data_points",
        "analytics_data_points",
        "analytics_data_points",
        "daily_metrics",
        "metrics",
        "platforms",
        "usage",
        "c0",
        "c1",
        "C0",
        "\"c0\"",
        "b.analytics_data_points",
        "analytics.data_file",
        "'/etc/passwd'",
        "information_schema.tables",
        "generate_series(1, 100)",
        "generate_series(1, 1000000000000)",
        "unnest([1, 2, 3])",
        "(values (1, 'a'), (2, null)) as v(x, y)",
    ];
    pick(rng, &named).to_owned()
}

fn expr(rng: &mut StdRng, depth: u32) -> String {
    if depth == 0 || rng.random_bool(0.25) {
        let leaves = [
            "platform",
            "metric_name",
            "metric_value",
            "recorded_at",
            "dimensions",
            "tenant_id",
            "dimensions->>'country'",
            "dimensions->>'secret'",
            "null",
            "true",
            "1",
            "0",
            "1.5",
            "-9223372036854775808",
            "99999999999999999999999999999999999999",
            "1e308",
            "'a'",
            "''",
            "'canary'",
            "'2024-03-10'",
            "interval '1 month'",
            "now()",
            "$1",
            "*",
            "e0",
            "x",
        ];
        return pick(rng, &leaves).to_owned();
    }
    let (a, b) = (expr(rng, depth - 1), expr(rng, depth - 1));
    match rng.random_range(0..14) {
        0 => {
            let operators = [
                "+",
                "-",
                "*",
                "/",
                "%",
                "||",
                "=",
                "<",
                "and",
                "or",
                "~",
                "->>",
                "like",
                "is distinct from",
                "&",
                "<<",
                "@>",
            ];
            format!("({a} {} {b})", pick(rng, &operators))
        }
        1 => {
            let types = [
                "int",
                "bigint",
                "decimal(38, 10)",
                "double precision",
                "text",
                "timestamp",
                "date",
                "boolean",
                "int[]",
                "bytea",
                "interval",
            ];
            format!(
                "{}({a} as {})",
                pick(rng, &["cast", "try_cast"]),
                pick(rng, &types)
            )
        }
        2..=5 => {
            let functions = [
                "repeat",
                "lpad",
                "rpad",
                "replace",
                "concat",
                "concat_ws",
                "left",
                "substr",
                "upper",
                "regexp_replace",
                "regexp_like",
                "split_part",
                "translate",
                "encode",
                "decode",
                "md5",
                "levenshtein",
                "to_char",
                "date_trunc",
                "date_part",
                "time_bucket",
                "coalesce",
                "nullif",
                "greatest",
                "abs",
                "power",
                "round",
                "factorial",
                "arrow_cast",
                "arrow_typeof",
                "chr",
                "input_file_name",
                "struct",
                "array_repeat",
                "range",
                "json_get_text",
                "decimal_text",
            ];
            let name = pick(rng, &functions);
            match rng.random_range(0..4) {
                0 => format!("{name}({a})"),
                1 | 2 => format!("{name}({a}, {b})"),
                _ => format!("{name}({a}, {b}, {})", expr(rng, 0)),
            }
        }
        6 | 7 => {
            let functions = [
                "sum",
                "avg",
                "count",
                "min",
                "max",
                "median",
                "stddev",
                "string_agg",
                "array_agg",
                "first_value",
                "approx_distinct",
                "percentile_cont",
                "nth_value",
                "bit_xor",
            ];
            let over = pick(
                rng,
                &[
                    "",
                    "",
                    " over ()",
                    " over (partition by platform order by recorded_at)",
                    " over (order by metric_value rows between 3 preceding and current row)",
                ],
            );
            format!(
                "{}({}{a}){over}",
                pick(rng, &functions),
                pick(rng, &["", "", "distinct "])
            )
        }
        8 => format!("case when {a} then {b} else {} end", expr(rng, depth - 1)),
        9 => format!("({})", query(rng, depth - 1)),
        10 => format!("{a} in ({b}, {})", expr(rng, 0)),
        11 => format!("exists ({})", query(rng, depth - 1)),
        12 => format!("[{a}, {b}]"),
        _ => format!("not {a} is null"),
    }
}
