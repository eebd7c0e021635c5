//! Our `sum` beside the stock one: the same where that is right, an error
//! where that wraps.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch};
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::{SessionConfig, SessionContext};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::checked_sum::checked_sum;

/// Contexts with the stock `sum` and with ours, over the same rows.
fn contexts(rows: &RecordBatch) -> [SessionContext; 2] {
    [false, true].map(|ours| {
        let config = SessionConfig::new()
            .with_target_partitions(3)
            .with_batch_size(700);
        let context = SessionContext::new_with_config(config);
        if ours {
            context.register_udaf(checked_sum().as_ref().clone());
        }
        context.register_batch("t", rows.clone()).expect("rows");
        context
    })
}

async fn answer(context: &SessionContext, query: &str) -> Result<String, String> {
    let frame = context.sql(query).await.map_err(|e| e.to_string())?;
    let batches = frame.collect().await.map_err(|e| e.to_string())?;
    Ok(pretty_format_batches(&batches).expect("text").to_string())
}

fn rows(random: &mut StdRng, count: i64) -> RecordBatch {
    let limit = 10_i128.pow(25);
    let value: Decimal128Array = (0..count)
        .map(|_| {
            let value = random.random_range(-limit + 1..limit);
            random.random_bool(0.9).then_some(value)
        })
        .collect();
    let value = value.with_precision_and_scale(25, 9).expect("a decimal");
    let few = (0..count)
        .map(|_| random.random_range(0..20))
        .collect::<Vec<i64>>();
    let columns: [(&str, ArrayRef); 3] = [
        ("value", Arc::new(value)),
        ("id", Arc::new(Int64Array::from_iter_values(0..count))),
        ("few", Arc::new(Int64Array::from(few))),
    ];
    RecordBatch::try_from_iter(columns).expect("rows")
}

#[tokio::test]
async fn a_sum_that_fits_is_the_stock_functions() {
    let given = std::env::var("TESSERA_TEST_SEED");
    let seed: u64 = given.map_or_else(|_| rand::random(), |seed| seed.parse().expect("a seed"));
    let [stock, ours] = contexts(&rows(&mut StdRng::seed_from_u64(seed), 5_000));
    for query in [
        "select sum(value), sum(few) from t",
        // Sums of floats depend on the order in which threads are done, but for
        // those that are exact.
        "select sum(cast(few as double) / 4) from t",
        "select sum(value), arrow_typeof(sum(value)) from t where id < 0",
        "select few, sum(value), sum(id) from t group by few order by few",
        "select id, sum(value) from t group by id order by id",
        "select few, sum(value) filter (where id % 3 = 0) from t group by few order by few",
        "select few, sum(distinct value), sum(distinct id % 7) from t group by few order by few",
        "select sum(distinct few), sum(value) from t",
        "select id, sum(value) over (order by id rows 5 preceding) from t order by id",
        "select id, sum(value) over (partition by few order by id) from t order by id",
        "select id, sum(value) over (order by id rows between 2 following and 9 following) from t order by id",
        "select sum(value + 1), sum(few + 1), sum(-value) from t",
        "select sum(cast(few as decimal(5, 2))) from t",
        "select sum(cast(few as decimal(50, 2))) from t",
    ] {
        let (stock, ours) = (answer(&stock, query).await, answer(&ours, query).await);
        assert!(stock.is_ok(), "seed {seed}, {query}: {stock:?}");
        assert_eq!(ours, stock, "seed {seed}, {query}");
    }
}

#[tokio::test]
async fn a_sum_that_does_not_fit_is_an_error_and_never_another_number() {
    let [_, ours] = contexts(&rows(&mut StdRng::seed_from_u64(1), 10));
    let nines = "9".repeat(38);
    let wide = "9".repeat(76);
    let large = format!("cast('{nines}' as decimal(38, 0))");
    for copies in [2, 10] {
        for query in [
            format!("select sum({large}) from t where id < {copies}"),
            format!("select id % 1, sum({large}) from t where id < {copies} group by id % 1"),
            format!("select sum({large} - id) over (order by id) from t where id < {copies}"),
            format!(
                "select sum({large}) over (order by id rows 4 preceding) from t where id < {copies}"
            ),
            format!("select sum(distinct {large} - id) from t where id < {copies}"),
            format!("select sum(cast('{wide}' as decimal(76, 0))) from t where id < {copies}"),
            format!("select sum(9223372036854775807 - id) from t where id < {copies}"),
        ] {
            let error = answer(&ours, &query).await.expect_err(&query);
            assert!(
                error.contains("sum fewer rows, or cast"),
                "{query}: {error}"
            );
        }
    }
    // 39 digits that 128 bits still hold.
    let one_more = format!("sum(case id when 0 then {large} else 1 end)");
    for query in [
        format!("select {one_more} from t"),
        format!("select id % 1, {one_more} from t group by id % 1"),
    ] {
        let error = answer(&ours, &query).await.expect_err(&query);
        assert!(error.contains("more than 38 digits"), "{query}: {error}");
    }
    let one = format!("select sum({large}) from t where id < 1");
    assert!(
        answer(&ours, &one)
            .await
            .expect("38 digits")
            .contains(&nines)
    );
    // A window that lets go of a number has room for the next.
    let window = format!(
        "select sum(case id when 1 then {large} when 4 then {large} else 0 end) \
         over (order by id rows 1 preceding) as total from t where id < 6"
    );
    let sums = answer(&ours, &window).await.expect("each fits");
    assert_eq!(sums.matches(&nines).count(), 4, "{sums}");
}

/// The library's own: `avg` adds up in a wider type than `sum`, operators check.
#[tokio::test]
async fn averages_and_products_of_wide_decimals_do_not_wrap() {
    let [_, ours] = contexts(&rows(&mut StdRng::seed_from_u64(1), 20_000));
    // Twenty thousand of them are more than 128 bits hold.
    let nines = "9".repeat(34);
    let wide = format!("cast('{nines}' as decimal(38, 0))");
    for query in [
        format!("select avg({wide}) from t"),
        format!("select id % 1, avg({wide}) from t group by id % 1"),
        format!("select max(x) from (select avg({wide}) over (order by id) as x from t)"),
    ] {
        let said = answer(&ours, &query).await.expect(&query);
        assert!(said.contains(&format!("{nines}.0000")), "{query}: {said}");
    }
    let distinct = format!("select avg(distinct {wide} - id) from t");
    let said = answer(&ours, &distinct).await.expect(&distinct);
    assert!(said.contains("989999.5000"), "{said}");
    let large = format!("cast('{}' as decimal(38, 0))", "9".repeat(38));
    for operation in [
        format!("{large} * 10"),
        format!("{large} + {large}"),
        format!("-{large} - {large}"),
    ] {
        // With a column, so that it is not done while planning.
        let query = format!("select max({operation} + id) from t");
        answer(&ours, &query).await.expect_err(&query);
    }
}

/// Prints how long a million sums take: `--run-ignored`, in a release build.
#[tokio::test]
#[ignore = "a measurement"]
async fn sums_of_a_million_decimals() {
    let contexts = contexts(&rows(&mut StdRng::seed_from_u64(1), 1_000_000));
    for query in [
        "select sum(value) from t",
        "select few, sum(value) from t group by few",
        "select id, sum(value) from t group by id",
    ] {
        for (name, context) in ["stock", "ours"].iter().zip(&contexts) {
            let mut best = std::time::Duration::MAX;
            for _ in 0..7 {
                let frame = context.sql(query).await.expect(query);
                let start = std::time::Instant::now();
                frame.collect().await.expect(query);
                best = best.min(start.elapsed());
            }
            println!("{query}: {name} {best:?}");
        }
    }
}
