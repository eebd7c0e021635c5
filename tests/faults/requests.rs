//! Numbered requests and what a tenant holds of them.

use std::collections::BTreeMap;

use reqwest::{RequestBuilder, Response};
use serde_json::Value;

use crate::fixture::{Client, body};

/// Points of a large request, which goes to the store as a Parquet file.
pub(crate) const LARGE: u64 = 40_000;

/// Points of a small request, which stays in the catalog.
pub(crate) const SMALL: u64 = 3;

/// Pseudo-random numbers (SplitMix64) from a seed that is printed.
pub(crate) struct Random(u64);

impl Random {
    /// From TESSERA_FAULT_SEED, else from the operating system.
    pub(crate) fn seeded(what: &str) -> Self {
        let seed = match std::env::var("TESSERA_FAULT_SEED") {
            Ok(seed) => seed.parse().expect("TESSERA_FAULT_SEED is a number"),
            Err(_) => u64::from(std::process::id()) << 32 | u64::from(subsecond()),
        };
        eprintln!("{what}: TESSERA_FAULT_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

fn subsecond() -> u32 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .subsec_nanos()
}

/// How many rounds a test of chance makes: `short` unless the full form is asked.
pub(crate) fn rounds(short: u64) -> u64 {
    std::env::var("TESSERA_FAULT_ROUNDS").map_or(short, |rounds| {
        rounds.parse().expect("TESSERA_FAULT_ROUNDS is a number")
    })
}

/// The body of a request of so many points. The text in each is different, so
/// many of them are too much for the catalog.
pub(crate) fn points(request: u64, count: u64) -> String {
    let mut random = Random(request);
    let line = |i: u64| {
        let text: String = (0..4).map(|_| format!("{:016x}", random.next())).collect();
        format!(
            r#"{{"platform":"coreldove","metric_type":"revenue","metric_name":"order_revenue","value":{}.25,"recorded_at":"2025-03-{:02}T12:00:00Z","dimensions":{{"request":"r{request}","text":"{text}"}}}}"#,
            i % 100,
            i % 28 + 1,
        )
    };
    (0..count).map(line).collect::<Vec<_>>().join("\n")
}

/// The sum of such a request's values, in hundredths.
pub(crate) fn total(count: u64) -> u64 {
    (0..count).map(|i| i % 100 * 100 + 25).sum()
}

/// Sends a numbered request; its number is its idempotency key.
pub(crate) fn send(client: &Client, request: u64, count: u64) -> RequestBuilder {
    client
        .post("/api/analytics/data-points")
        .header("content-type", "application/x-ndjson")
        .header("idempotency-key", format!("request-{request}"))
        .body(points(request, count))
}

/// The answer to a request that must be kept, in this or an earlier try.
pub(crate) async fn kept(response: Response, count: u64) {
    let answer = body(response, 200).await;
    assert_eq!(answer["accepted"], count, "{answer}");
}

/// Points by number of the request, as rows and as roll-ups have them; both
/// must say the same, and each request's values must add up.
pub(crate) async fn held(client: &Client) -> BTreeMap<u64, u64> {
    let rows = client
        .rows(
            "select dimensions->>'request', count(*), cast(sum(metric_value) * 100 as bigint)
             from analytics_data_points group by 1",
        )
        .await;
    let number = |cell: &Value| match cell {
        Value::String(text) => text.parse::<u64>().unwrap(),
        other => other.as_u64().unwrap(),
    };
    let mut held = BTreeMap::new();
    let mut sum = 0;
    for row in rows.as_array().unwrap() {
        let request = row[0].as_str().unwrap()[1..].parse().unwrap();
        let count = number(&row[1]);
        assert_eq!(number(&row[2]), total(count), "values of request {request}");
        sum += count;
        held.insert(request, count);
    }
    let rolled = client
        .rows("select coalesce(sum(value_count), 0) from daily_metrics")
        .await;
    assert_eq!(number(&rolled[0][0]), sum, "roll-ups and rows");
    held
}
