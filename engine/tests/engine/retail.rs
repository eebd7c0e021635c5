//! The UCI Online Retail set, to the last digit.
//!
//! Its file is `../shared/data/online-retail.csv.gz` beside the checkout, or
//! what `TESSERA_RETAIL_CSV` names. Where it is missing, a small made-up file
//! of the same form takes its place, and the test says so.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use engine::TenantId;
use engine::import::{Again, ImportOptions, ImportProgress, ImportReport, Mapping, import_file};
use storage_layout::decimal::canonical;

use crate::fixture::{Fixture, run};

/// What a file holds.
struct Expected {
    points: u64,
    sum: String,
    countries: usize,
    /// Of the United Kingdom, rounded to cents.
    kingdom: String,
    customers: usize,
}

fn retail_set() -> Expected {
    Expected {
        points: 541_909,
        sum: "9747747.934".to_owned(),
        countries: 38,
        kingdom: "8187806.36".to_owned(),
        customers: 4_372,
    }
}

fn retail_file() -> PathBuf {
    std::env::var_os("TESSERA_RETAIL_CSV").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/online-retail.csv.gz"),
        PathBuf::from,
    )
}

/// Writes lines like the real ones, enough for several chunks and a year.
fn made_up(path: &Path) -> Expected {
    const LINES: u64 = 70_000;
    const COUNTRIES: [&str; 5] = [
        "United Kingdom",
        "EIRE",
        "France",
        "Nepal",
        "Channel Islands",
    ];
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let header =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
    writeln!(file, "{header}").unwrap();
    let (mut sum, mut kingdom) = (0_i128, 0_i128);
    let mut customers = BTreeSet::new();
    for i in 0..LINES {
        let quantity = i128::from(i * 7 % 50) - 10;
        let pence = i128::from(i * 13 % 2_000);
        let country = COUNTRIES[(i % 5) as usize];
        let customer = match i % 4 {
            0 => String::new(),
            _ => {
                customers.insert(i * 31 % 911);
                format!("{}.0", 12_000 + i * 31 % 911)
            }
        };
        let value = quantity * pence * 10_000_000;
        sum += value;
        kingdom += if country == COUNTRIES[0] { value } else { 0 };
        writeln!(
            file,
            "{},S{},\"LANTERN, \"\"WHITE\"\"\",{quantity},2011-{:02}-{:02} 08:26:00,{}.{:02},{customer},{country}",
            536_365 + i / 20,
            i % 300,
            1 + i % 12,
            1 + i % 28,
            pence / 100,
            pence % 100,
        )
        .unwrap();
    }
    file.flush().unwrap();
    Expected {
        points: LINES,
        sum: canonical(sum, 9),
        countries: COUNTRIES.len(),
        kingdom: canonical(kingdom, 9),
        customers: customers.len(),
    }
}

struct Silent;

impl ImportProgress for Silent {
    fn advance(&self, bytes_read: u64, bytes_total: u64, _points: u64) {
        assert!(bytes_read <= bytes_total);
    }
}

async fn import(fixture: &Fixture, tenant: &TenantId, file: &Path) -> ImportReport {
    let mapping =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/online-retail.toml");
    let options = ImportOptions {
        mapping: Mapping::load(&mapping).unwrap(),
        again: Again::Skip,
        report: Some(fixture.path("rejected.csv")),
    };
    import_file(&fixture.engine, tenant, file, &options, &Silent)
        .await
        .unwrap()
}

async fn check(fixture: &Fixture, tenant: &TenantId, expected: &Expected) {
    let points = format!("{} {}", expected.points, expected.sum);
    for (query, answer) in [
        ("SELECT count(*), sum(metric_value) FROM analytics_data_points", points.clone()),
        (
            "SELECT count(DISTINCT dimensions->>'country') FROM analytics_data_points",
            expected.countries.to_string(),
        ),
        (
            "SELECT round(sum(metric_value), 2) FROM analytics_data_points
             WHERE dimensions->>'country' = 'United Kingdom'",
            expected.kingdom.clone(),
        ),
        (
            "SELECT count(DISTINCT dimensions->>'customer_id') FROM analytics_data_points",
            expected.customers.to_string(),
        ),
        ("SELECT sum(value_count), sum(value_sum) FROM daily_metrics", points.clone()),
        ("SELECT sum(value_count), sum(value_sum) FROM weekly_metrics", points.clone()),
        ("SELECT sum(value_count), sum(value_sum) FROM monthly_metrics", points.clone()),
        (
            "SELECT count(*) FROM daily_metrics d JOIN (
                 SELECT date_trunc('day', recorded_at)::date AS day, count(*) AS points, sum(metric_value) AS total
                 FROM analytics_data_points GROUP BY 1) r ON r.day = d.metric_date
             WHERE r.points <> d.value_count OR r.total <> d.value_sum",
            "0".to_owned(),
        ),
    ] {
        assert_eq!(fixture.row(tenant, query).await, answer, "{query}");
    }
}

#[tokio::test]
async fn the_online_retail_set_adds_up_to_the_last_digit() {
    let fixture = Fixture::start().await;
    let (file, expected) = match retail_file() {
        file if file.exists() => (file, retail_set()),
        missing => {
            eprintln!(
                "SKIPPED: {} is missing (TESSERA_RETAIL_CSV names another place); a made-up file is imported instead",
                missing.display()
            );
            let file = fixture.path("made-up.csv");
            let expected = made_up(&file);
            (file, expected)
        }
    };
    let tenant = fixture.tenant("shop", "UTC").await;
    let other = fixture.tenant("other", "UTC").await;
    // With windows of a year, the import's files are enough to be compacted.
    let postgres = fixture.postgres().await;
    run(
        postgres.owner_options(),
        "UPDATE analytics.tenant SET window_unit = 'year' WHERE tenant_id = 'shop'",
    )
    .await;
    postgres.stop().await.unwrap();

    let first = import(&fixture, &tenant, &file).await;
    assert_eq!((first.points, first.duplicates), (expected.points, 0));
    assert_eq!((first.rejected_lines, first.rounded), (0, 0));
    assert_eq!((first.chunks_skipped, first.report), (0, None));
    check(&fixture, &tenant, &expected).await;

    let version = fixture.version(&tenant).await;
    let second = import(&fixture, &tenant, &file).await;
    assert_eq!((second.points, second.duplicates), (0, 0));
    assert_eq!(
        (second.chunks, second.chunks_skipped),
        (first.chunks, first.chunks)
    );
    assert_eq!(fixture.version(&tenant).await, version);

    let replaced = fixture.engine.compact(&tenant).await.unwrap();
    assert!(
        replaced >= 8 || first.chunks < 9,
        "{replaced} files replaced"
    );
    check(&fixture, &tenant, &expected).await;
    assert_eq!(
        import(&fixture, &tenant, &file).await.chunks_skipped,
        first.chunks
    );

    for nothing in [
        "SELECT * FROM analytics_data_points",
        "SELECT * FROM daily_metrics",
        "SELECT * FROM metrics",
        "SELECT * FROM usage WHERE points + imported + rejected > 0",
    ] {
        assert_eq!(
            fixture.rows(&other, nothing).await,
            [[""; 0]; 0],
            "{nothing}"
        );
    }
    let session = fixture.engine.session(&other).await.unwrap();
    assert_eq!((session.file_counts(), session.version()), ((0, 0), 0));
    fixture.stop().await;
}
