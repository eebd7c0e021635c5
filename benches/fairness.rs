//! One hostile and one quiet tenant: what the quiet one's dashboards and small
//! queries take alone, and while the other floods the server with heavy SQL.

use std::time::Instant;

use crate::report::{self, Latencies};
use crate::{Api, Result};

/// Requests that the hostile tenant has open all the time.
const FLOOD: usize = 16;

const SMALL: &str =
    r#"{"query": "select platform, count(*) from analytics_data_points group by 1", "params": []}"#;

/// Every pair of some ten thousand points.
const HEAVY: &str = r#"{"query": "with p as (select metric_value as v from analytics_data_points limit 20000) select count(*) from p a join p b on a.v < b.v + 1", "params": []}"#;

pub(crate) async fn measure(quiet: &Api, hostile: &Api, repeats: u64) -> Result<()> {
    round("alone", quiet, repeats).await?;
    let flood: Vec<_> = (0..FLOOD)
        .map(|_| {
            let request = hostile.sql(HEAVY);
            tokio::spawn(async move {
                // Refusals are answers, too; the flood goes on.
                while let Some(request) = request.try_clone() {
                    let _ = request.send().await;
                }
            })
        })
        .collect();
    let flooded = round("beside a flood of heavy SQL", quiet, repeats).await;
    flood.iter().for_each(tokio::task::JoinHandle::abort);
    flooded
}

async fn round(when: &str, quiet: &Api, repeats: u64) -> Result<()> {
    quiet
        .gets(&format!("dashboard 30d, {when}"), "/dashboard", repeats)
        .await?;
    let mut latencies = Latencies::default();
    for _ in 0..repeats {
        let asked = Instant::now();
        let answer = quiet.sql(SMALL).send().await?.error_for_status()?;
        answer.bytes().await?;
        latencies.push(asked.elapsed());
    }
    report::line(&format!("small SQL, {when}"), &latencies.text());
    Ok(())
}
