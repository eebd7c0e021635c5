//! Files in: what is remembered of a file, and what does not stay.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::TenantId;
use engine::import::{
    Again, ImportOptions, ImportProgress, ImportReport, Mapping, Outdated, import_file,
};

use crate::fixture::Fixture;

/// Lines of two full chunks and a part of a third.
const LINES: u64 = 140_000;

const MAPPING: &str = "platform = \"'coreldove'\"\nmetric_type = \"'revenue'\"\n\
    metric_name = \"'order_revenue'\"\nvalue = \"v\"\nrecorded_at = \"t\"\n\
    [columns]\nv = \"decimal(18,2)\"\n";

/// A file without event ids: nothing but the memory of chunks keeps it from
/// being imported twice.
fn file(fixture: &Fixture, name: &str, lines: u64, at: &str) -> PathBuf {
    let mut text = "v,t\n".to_owned();
    for line in 0..lines {
        writeln!(text, "{line},{at}").unwrap();
    }
    let path = fixture.path(name);
    std::fs::write(&path, text).unwrap();
    path
}

struct Silent;

impl ImportProgress for Silent {
    fn advance(&self, _: u64, _: u64, _: u64) {}
}

async fn import(fixture: &Fixture, tenant: &TenantId, file: &Path, again: Again) -> ImportReport {
    let options = ImportOptions {
        mapping: Mapping::parse(MAPPING).unwrap(),
        again,
        report: Some(fixture.path("rejected.csv")),
    };
    import_file(&fixture.engine, tenant, file, &options, &Silent)
        .await
        .unwrap()
}

async fn count(fixture: &Fixture, tenant: &TenantId) -> u64 {
    let count = "SELECT count(*) FROM analytics_data_points";
    fixture.row(tenant, count).await.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunk_is_remembered_however_it_was_imported() {
    let fixture = Fixture::start().await;
    let file = file(&fixture, "points.csv", LINES, "2024-05-01T00:00:00Z");

    // First with `again`, then without.
    let tenant = fixture.tenant("again-first", "UTC").await;
    let first = import(&fixture, &tenant, &file, Again::Import).await;
    assert_eq!((first.points, first.chunks), (LINES, 3));
    let second = import(&fixture, &tenant, &file, Again::Skip).await;
    assert_eq!((second.points, second.chunks_skipped), (0, 3));
    assert_eq!(count(&fixture, &tenant).await, LINES);

    // Stopped after some chunks, finished with `again`, then without.
    let tenant = fixture.tenant("stopped", "UTC").await;
    let stopped = tokio::time::timeout(Duration::from_secs(60), async {
        tokio::select! {
            _ = import(&fixture, &tenant, &file, Again::Skip) => {}
            () = async {
                while count(&fixture, &tenant).await == 0 {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            } => {}
        }
    });
    stopped.await.unwrap();
    let before = count(&fixture, &tenant).await;
    assert!(before > 0);
    let again = import(&fixture, &tenant, &file, Again::Import).await;
    assert!(again.points > 0);
    let twice = count(&fixture, &tenant).await;
    let last = import(&fixture, &tenant, &file, Again::Skip).await;
    assert_eq!((last.points, last.chunks_skipped), (0, 3));
    assert_eq!(count(&fixture, &tenant).await, twice);
    // `again` asks for known chunks once more, and means it.
    let third = import(&fixture, &tenant, &file, Again::Import).await;
    assert_eq!(third.points, LINES);
    fixture.stop().await;
}

#[tokio::test]
async fn an_import_counts_the_points_that_retention_will_remove() {
    let fixture = Fixture::start().await;
    let old = file(&fixture, "old.csv", 7, "2010-12-01T08:26:00Z");
    let week = chrono::Utc::now() - chrono::Duration::days(7);
    let recent = file(&fixture, "recent.csv", 5, &week.to_rfc3339());

    let free = fixture.tenant_on("free", "free", "UTC").await;
    let outdated = import(&fixture, &free, &old, Again::Skip).await.outdated;
    let (by_plan, by_metric) = (7, 0);
    assert_eq!(outdated, Outdated { by_plan, by_metric });
    let outdated = import(&fixture, &free, &recent, Again::Skip).await.outdated;
    assert_eq!(outdated.points(), 0);
    let removed = fixture
        .engine
        .upkeep()
        .retain(&free, engine::maintain::Removal::Apply)
        .await
        .unwrap();
    assert_eq!(removed.rows, 7, "as it was said");

    let pro = fixture.tenant("pro", "UTC").await;
    let outdated = import(&fixture, &pro, &old, Again::Skip).await.outdated;
    assert_eq!(outdated.points(), 0, "the plan keeps all");
    let metric = "coreldove/revenue/order_revenue";
    let upkeep = fixture.engine.upkeep();
    upkeep.keep_metric(&pro, metric, Some(3)).await.unwrap();
    let outdated = import(&fixture, &pro, &recent, Again::Skip).await.outdated;
    let (by_plan, by_metric) = (0, 5);
    assert_eq!(outdated, Outdated { by_plan, by_metric });
    fixture.stop().await;
}
