//! What a restricted caller sees is what a full one sees with the restriction
//! written out, and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use engine::dashboard::{self, Compare, DashboardRequest, RangeRequest, RawTop};
use engine::metadata::embed_tokens::{EmbedRequest, Panel};
use engine::metadata::keys::{KeyRequest, Scope};
use engine::metadata::platform_keys::{PlatformKeyRequest, PlatformScopes};
use engine::metadata::roles::Base;
use engine::metadata::token_revocations::{Revoked, Shown};
use engine::session::RecordTables;
use engine::{Access, Engine, Error, TenantId};
use secrecy::ExposeSecret;

use crate::fixture::{Fixture, Table, order, point, table};

/// The promise of revocation.
const SOON: Duration = Duration::from_secs(5);

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn of_platform(name: &str) -> Access {
    Access {
        platforms: Some(set(&[name])),
        ..Access::full()
    }
}

/// One shop of one platform, and no customers.
fn of_shop() -> Access {
    Access {
        platforms: Some(set(&["coreldove"])),
        filters: BTreeMap::from([("shop".into(), set(&["berlin", "7"]))]),
        masks: set(&["customer_id"]),
    }
}

const OF_SHOP: &str = "platform = 'coreldove' and dimensions->>'shop' in ('berlin', '7')";

async fn ask(
    fixture: &Fixture,
    tenant: &TenantId,
    access: &Access,
    query: &str,
) -> engine::Result<Table> {
    let access = Arc::new(access.clone());
    let session = fixture
        .engine
        .session_as(tenant, access, RecordTables::Hidden)
        .await?;
    table(session.sql(query, &[]).await?).await
}

async fn seen(
    fixture: &Fixture,
    tenant: &TenantId,
    access: &Access,
    query: &str,
) -> Vec<Vec<String>> {
    match ask(fixture, tenant, access, query).await {
        Ok(table) => table.rows,
        Err(error) => panic!("{query}: {error} ({error:?})"),
    }
}

/// Orders of three shops, one of which is a number, and campaigns.
async fn ingest(fixture: &Fixture, tenant: &TenantId, day: u32) {
    let mut lines = Vec::new();
    for hour in 0..12 {
        let at = format!("2024-03-{day:02}T{hour:02}:00:00Z");
        let shop = ["\"berlin\"", "\"pune\"", "7", "null"][hour % 4];
        let customer = hour % 3;
        let dimensions = format!(r#"{{"shop":{shop},"customer_id":"hidden-{customer}"}}"#);
        lines.push(order(&format!("{hour}.5"), &at, &dimensions));
        let dimensions = format!(r#"{{"shop":"berlin","campaign_id":"c{customer}"}}"#);
        let campaign = "bizoholic/revenue/campaign_revenue";
        lines.push(point(
            campaign,
            &format!("{}", hour * 100),
            &at,
            &dimensions,
        ));
    }
    fixture.ingest(tenant, &lines).await;
}

const DAILY: &str = "select platform, metric_name, metric_date, value_count, value_sum, \
    value_min, value_max from daily_metrics";

fn raw_daily(condition: &str) -> String {
    format!(
        "select platform, metric_name, cast(date_trunc('day', recorded_at) as date) as d, \
         count(*) as n, sum(metric_value) as s, min(metric_value) as low, max(metric_value) as high \
         from analytics_data_points where {condition} group by 1, 2, 3 order by 1, 2, 3"
    )
}

/// Points, roll-ups and lists of one caller against those of a full one.
async fn compare(fixture: &Fixture, tenant: &TenantId, access: &Access, condition: &str) {
    let full = Access::full();
    let points = "select recorded_at, platform, metric_value, dimensions->>'shop' as shop \
        from analytics_data_points";
    let own = format!("{points} order by 1, 2");
    let written_out = format!("{points} where {condition} order by 1, 2");
    let own = seen(fixture, tenant, access, &own).await;
    assert_eq!(own, seen(fixture, tenant, &full, &written_out).await);
    assert!(!own.is_empty());

    let own = seen(
        fixture,
        tenant,
        access,
        &format!("{DAILY} order by 1, 2, 3"),
    )
    .await;
    let written_out = seen(fixture, tenant, &full, &raw_daily(condition)).await;
    assert_eq!(own, written_out, "daily_metrics for {access:?}");

    for query in [
        "select count(*) from analytics_data_points",
        "select sum(metric_value) from analytics_data_points",
        "select min(recorded_at), max(recorded_at) from analytics_data_points",
        "select count(*) from (select * from analytics_data_points limit 1000000)",
    ] {
        let own = seen(fixture, tenant, access, query).await;
        let from = "analytics_data_points";
        let table = format!("(select * from {from} where {condition}) as p");
        let query = match query.contains("limit") {
            true => format!("select count(*) from {from} where {condition}"),
            false => query.replace(from, &table),
        };
        assert_eq!(own, seen(fixture, tenant, &full, &query).await, "{query}");
    }

    let lists = [
        "select platform from metrics",
        "select platform from platforms",
    ];
    for list in lists {
        for row in seen(fixture, tenant, access, list).await {
            assert_eq!(row, ["coreldove"], "{list}");
        }
    }
}

fn request() -> DashboardRequest {
    DashboardRequest {
        range: RangeRequest::LastDays(30),
        platform: None,
        compare: Compare::None,
        zone: None,
        raw_top: RawTop::Always,
    }
}

/// Each metric's points and number, and each key's top values.
type Panels = (Vec<(String, i64, String)>, Vec<(String, Vec<String>)>);

async fn dashboard_of(
    fixture: &Fixture,
    tenant: &TenantId,
    access: &Access,
    platform: Option<&str>,
) -> Panels {
    let session = fixture
        .engine
        .session_as(tenant, Arc::new(access.clone()), RecordTables::Hidden)
        .await
        .unwrap();
    let now: DateTime<Utc> = "2024-03-20T12:00:00Z".parse().unwrap();
    let request = DashboardRequest {
        platform: platform.map(str::to_owned),
        ..request()
    };
    let shown = dashboard::dashboard(&session, &request, now).await.unwrap();
    let totals = shown.totals.iter().map(|total| {
        let value = total.value.map(|v| v.to_string()).unwrap_or_default();
        (total.metric.metric_name.to_string(), total.count, value)
    });
    let tops = shown.top_values.iter().map(|top| {
        let names = top
            .ranking
            .iter()
            .flat_map(|r| r.top.iter().map(|v| v.name.clone()));
        (top.key.to_string(), names.collect())
    });
    (totals.collect(), tops.collect())
}

#[tokio::test]
async fn a_restricted_caller_sees_what_a_full_one_sees_with_the_restriction_written_out() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let full = Access::full();
    let by_platform = of_platform("coreldove");
    for day in [10, 11] {
        ingest(&fixture, &tenant, day).await;
        // Each way round, so that what one caller had read is remembered when
        // the next one asks.
        for _ in 0..2 {
            compare(&fixture, &tenant, &of_shop(), OF_SHOP).await;
            compare(&fixture, &tenant, &by_platform, "platform = 'coreldove'").await;
            let all = seen(
                &fixture,
                &tenant,
                &full,
                &format!("{DAILY} order by 1, 2, 3"),
            )
            .await;
            assert_eq!(
                all,
                seen(&fixture, &tenant, &full, &raw_daily("true")).await
            );
        }

        let (totals, tops) = dashboard_of(&fixture, &tenant, &full, Some("coreldove")).await;
        let own = dashboard_of(&fixture, &tenant, &by_platform, None).await;
        assert_eq!(own, (totals.clone(), tops));
        let (own, tops) = dashboard_of(&fixture, &tenant, &of_shop(), None).await;
        let sum = format!(
            "select count(*), sum(metric_value) from analytics_data_points where {OF_SHOP}"
        );
        let sum = seen(&fixture, &tenant, &full, &sum).await;
        assert_eq!(own.len(), 1);
        assert_eq!([own[0].1.to_string(), own[0].2.clone()], sum[0][..]);
        assert_ne!(own, totals);
        let shown = format!("{tops:?}");
        assert!(shown.contains("berlin"), "{shown}");
        assert!(
            !shown.contains("hidden-") && !shown.contains("pune"),
            "{shown}"
        );
        // The second day is compacted into a file, and then the first with it.
        fixture.engine.compact(&tenant).await.unwrap();
    }
    compare(&fixture, &tenant, &of_shop(), OF_SHOP).await;
    compare(&fixture, &tenant, &by_platform, "platform = 'coreldove'").await;

    // Nothing of a platform is everything of none.
    let nothing = Access {
        platforms: Some(BTreeSet::new()),
        ..Access::full()
    };
    let count = "select count(*) from analytics_data_points";
    assert_eq!(seen(&fixture, &tenant, &nothing, count).await, [["0"]]);
    assert!(seen(&fixture, &tenant, &nothing, DAILY).await.is_empty());

    // What counts all points together is not shown in part.
    let usage = ask(&fixture, &tenant, &by_platform, "select * from usage").await;
    assert!(matches!(usage, Err(Error::Query { .. })), "{usage:?}");
    assert!(
        !seen(&fixture, &tenant, &full, "select * from usage")
            .await
            .is_empty()
    );
    fixture.stop().await;
}

#[tokio::test]
async fn a_masked_dimension_reads_as_null_wherever_it_is_asked_for() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let access = Access {
        masks: set(&["customer_id"]),
        ..Access::full()
    };
    ingest(&fixture, &tenant, 10).await;
    for _ in 0..2 {
        for query in [
            "select count(*) from analytics_data_points where dimensions->>'customer_id' is not null",
            "select count(*) from analytics_data_points where dim_customer_id like 'hidden%'",
            "select count(*) from analytics_data_points where dimensions like '%hidden%'",
            "select count(distinct json_get_text(dimensions, 'customer_id')) from analytics_data_points",
        ] {
            let own = seen(&fixture, &tenant, &access, query).await;
            assert_eq!(own, [["0"]], "{query}");
            let all = seen(&fixture, &tenant, &Access::full(), query).await;
            assert_ne!(all, [["0"]], "{query}");
        }
        let everything = "select * from analytics_data_points";
        let rows = seen(&fixture, &tenant, &access, everything).await;
        let shown = format!("{rows:?}");
        assert!(
            !shown.contains("hidden") && shown.contains("berlin"),
            "{shown}"
        );
        fixture.engine.compact(&tenant).await.unwrap();
    }
    fixture.stop().await;
}

#[tokio::test]
async fn hidden_rows_reach_no_expression_of_a_restricted_caller() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let own = r#"{"secret":"1","shop":"berlin"}"#;
    let hidden = r#"{"secret":"hidden-word","shop":"pune"}"#;
    let campaign = "bizoholic/revenue/campaign_revenue";
    let at = "2024-03-10T12:00:00Z";
    fixture
        .ingest(
            &tenant,
            &[
                order("1", at, own),
                order("0", at, hidden),
                point(campaign, "0", at, hidden),
            ],
        )
        .await;
    let casts = [
        "select cast(dim_secret as bigint) as x from analytics_data_points",
        "select platform, cast(dimensions->>'secret' as bigint) as x from analytics_data_points",
        "select sum(cast(dim_secret as bigint)) as x from analytics_data_points",
        "select count(*) from analytics_data_points where cast(dim_secret as bigint) = 1",
        "select count(*) from analytics_data_points where 1 / metric_value = 1",
        "select count(*) from analytics_data_points \
            where platform = 'bizoholic' and cast(dim_secret as bigint) > 0",
        "select max(cast(dim_secret as bigint)) from analytics_data_points \
            where metric_name = 'campaign_revenue' or true",
        "select a.platform from analytics_data_points a join analytics_data_points b \
            on cast(a.dim_secret as bigint) = cast(b.dim_secret as bigint)",
        "select cast(dim_secret as bigint) as x from analytics_data_points order by 1 limit 1",
    ];
    let access = Access {
        platforms: Some(set(&["coreldove"])),
        filters: BTreeMap::from([("shop".into(), set(&["berlin"]))]),
        ..Access::full()
    };
    for _ in 0..2 {
        let mut failed = 0;
        for query in casts {
            failed += usize::from(
                ask(&fixture, &tenant, &Access::full(), query)
                    .await
                    .is_err(),
            );
            let answer = ask(&fixture, &tenant, &access, query).await;
            assert!(answer.is_ok(), "{query}: {answer:?}");
        }
        // Else the queries above would show nothing.
        assert!(failed >= 6, "{failed} of the queries fail over all rows");
        fixture.engine.compact(&tenant).await.unwrap();
    }
    fixture.stop().await;
}

/// Waits until something no longer holds on another server, at most as long as
/// is promised.
async fn ends<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let since = Instant::now();
    while holds().await {
        assert!(since.elapsed() < SOON, "{what} goes on after {SOON:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_is_revoked_ends_within_five_seconds_on_every_server() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let here = &fixture.engine;
    let there = Engine::start(fixture.options()).await.unwrap();

    let role = of_platform("coreldove");
    here.roles()
        .set(&tenant, "shop", Base::Analyst, &role)
        .await
        .unwrap();
    let request = KeyRequest {
        name: "of a shop".into(),
        role: Some("shop".into()),
        ..KeyRequest::default()
    };
    let key = here.keys().make(&tenant, &request).await.unwrap();
    let secret = key.secret.expose_secret();
    let shown = there.keys().authenticate(secret).await.unwrap().unwrap();
    assert_eq!((&*shown.access, shown.key), (&role, key.id));
    assert!(Scope::Read.is_among(&shown.scopes) && !Scope::Admin.is_among(&shown.scopes));

    // A role that sees less, at once less.
    let less = of_shop();
    here.roles()
        .set(&tenant, "shop", Base::Viewer, &less)
        .await
        .unwrap();
    let keys = there.keys();
    ends("the role", || async {
        let caller = keys.authenticate(secret).await.unwrap().unwrap();
        *caller.access != less || Scope::Read.is_among(&caller.scopes)
    })
    .await;

    let embed = EmbedRequest {
        dashboard: None,
        panels: BTreeSet::from([Panel::Totals]),
        access: Access::full(),
        expires_in: chrono::Duration::hours(1),
    };
    let token = here
        .embed_tokens()
        .make(&tenant, key.id, &less, &embed)
        .await
        .unwrap();
    let tokens = there.embed_tokens();
    let embedded = tokens.authenticate(&token.token).await.unwrap().unwrap();
    assert_eq!((&*embedded.access, embedded.key), (&less, key.id));
    // A new secret ends no token that the old one signed.
    here.embed_tokens().rotate().await.unwrap();
    assert!(tokens.authenticate(&token.token).await.unwrap().is_some());

    here.keys().revoke(&tenant, key.id).await.unwrap();
    ends("the key", || async {
        keys.authenticate(secret).await.unwrap().is_some()
    })
    .await;
    ends("its embed token", || async {
        tokens.authenticate(&token.token).await.unwrap().is_some()
    })
    .await;
    let listed = here.keys().list(&tenant).await.unwrap();
    assert!(listed[0].revoked_at.is_some() && listed[0].last_used_at.is_some());
    assert_eq!(listed[0].name, "of a shop");

    let request = PlatformKeyRequest {
        name: "suite".into(),
        scopes: PlatformScopes::of(&["read".into()]).unwrap(),
        tenants: Some(vec![tenant.clone()]),
        expires_at: None,
    };
    let platform = here.platform_keys().make(&request).await.unwrap();
    let secret = platform.secret.expose_secret();
    let keys = there.platform_keys();
    let caller = keys.authenticate(secret).await.unwrap().unwrap();
    assert!(caller.may_act_for(&tenant));
    assert!(!caller.may_act_for(&TenantId::new("b").unwrap()));
    here.platform_keys().revoke(platform.id).await.unwrap();
    ends("the platform key", || async {
        keys.authenticate(secret).await.unwrap().is_some()
    })
    .await;

    let issued: DateTime<Utc> = "2024-03-10T12:00:00Z".parse().unwrap();
    let shown = Shown {
        issuer: "suite",
        token_id: Some("t1"),
        subject: Some("mira"),
        issued_at: Some(issued),
    };
    let revocations = there.token_revocations();
    let valid = || async { !revocations.is_revoked(&tenant, shown).await.unwrap() };
    assert!(valid().await);
    let later = issued + chrono::Duration::seconds(1);
    let of_subject = Revoked::Subject("mira".into(), later);
    here.token_revocations()
        .revoke(&tenant, "suite", &of_subject)
        .await
        .unwrap();
    ends("the subject's token", valid).await;
    let newer = Shown {
        issued_at: Some(later),
        ..shown
    };
    assert!(!revocations.is_revoked(&tenant, newer).await.unwrap());
    let another = Shown {
        issuer: "other",
        ..shown
    };
    assert!(!revocations.is_revoked(&tenant, another).await.unwrap());

    there.shutdown().await.unwrap();
    fixture.stop().await;
}
