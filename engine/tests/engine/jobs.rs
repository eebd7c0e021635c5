//! Work that several servers share: each job once, no tenant starves, and who
//! lost the work changes nothing.

use std::collections::HashMap;
use std::time::Duration;

use engine::metadata::commit::{Commit, Ingested, Outcome};
use engine::metadata::fence::{Fence, Fenced, commit_fenced};
use engine::metadata::jobs::{self, Claimed, Ended, NewJob};
use engine::metadata::leases::{self, Take};
use engine::metadata::tenant_tx::TenantTx;
use engine::{Error, TenantId};
use serde_json::json;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::fixture::{Fixture, order};

const MINUTE: Duration = Duration::from_secs(60);
const WORKERS: usize = 50;
const MANY: usize = 150;

async fn put(pool: &PgPool, tenant: &TenantId, kind: &'static str) -> Uuid {
    let job = NewJob {
        id: Uuid::now_v7(),
        kind,
        priority: 100,
        detail: json!({}),
    };
    jobs::put(pool, tenant, &job).await.unwrap();
    job.id
}

async fn claim(pool: &PgPool, kind: &str, time: Duration) -> Option<Claimed> {
    jobs::claim(pool, &[kind], Uuid::now_v7(), time, &[])
        .await
        .unwrap()
}

/// A commit that changes nothing but the version.
fn touch(tenant: &TenantId) -> Commit {
    Commit {
        tenant: tenant.clone(),
        remove: Vec::new(),
        add: Vec::new(),
        rollup_zone: chrono_tz::UTC,
        registry_version: 0,
        dimensions: Vec::new(),
        overflowed: false,
        metrics: Vec::new(),
        ingested: Ingested::default(),
    }
}

#[tokio::test]
async fn fifty_workers_do_each_job_once_and_no_tenant_starves() {
    let fixture = Fixture::start().await;
    let postgres = fixture.postgres().await;
    let pool = PgPoolOptions::new()
        .max_connections(12)
        .connect_with(postgres.app_options())
        .await
        .unwrap();
    let big = fixture.tenant("big", "UTC").await;
    let mut wanted = Vec::new();
    for _ in 0..MANY {
        wanted.push(put(&pool, &big, "made_up").await);
    }
    // They come last, and have less to do.
    let mut small = Vec::new();
    for name in ["s1", "s2", "s3"] {
        let tenant = fixture.tenant(name, "UTC").await;
        for _ in 0..2 {
            wanted.push(put(&pool, &tenant, "made_up").await);
        }
        small.push(tenant);
    }

    let (done, mut order_of_claims) = mpsc::unbounded_channel();
    let workers = (0..WORKERS).map(|_| {
        let (pool, done) = (pool.clone(), done.clone());
        tokio::spawn(async move {
            while let Some(claimed) = claim(&pool, "made_up", MINUTE).await {
                done.send((claimed.tenant.clone(), claimed.job)).unwrap();
                let ended = Ended::Done(json!({"by": "test"}));
                assert!(jobs::finish(&pool, &claimed, &ended).await.unwrap());
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    drop(done);
    let mut claims = Vec::new();
    while let Some(claim) = order_of_claims.recv().await {
        claims.push(claim);
    }
    let mut times: HashMap<Uuid, usize> = HashMap::new();
    for (_, job) in &claims {
        *times.entry(*job).or_default() += 1;
    }
    assert_eq!(claims.len(), wanted.len());
    assert!(wanted.iter().all(|job| times.get(job) == Some(&1)));
    // However many were claimed side by side, the small ones' turn came soon.
    let last = claims
        .iter()
        .rposition(|(tenant, _)| small.contains(tenant));
    assert!(last.unwrap() < MANY / 2, "small tenants wait: {last:?}");

    one_worker_goes_round(&pool, &big, &small).await;
    stale_fences_are_rejected(&fixture, &pool, &big).await;
    leases_exclude_each_other(&fixture, &pool).await;
    pool.close().await;
    postgres.stop().await.unwrap();
    fixture.stop().await;
}

async fn one_worker_goes_round(pool: &PgPool, big: &TenantId, small: &[TenantId]) {
    for _ in 0..4 {
        put(pool, big, "round").await;
    }
    put(pool, &small[0], "round").await;
    put(pool, &small[1], "round").await;
    let mut order = Vec::new();
    while let Some(claimed) = claim(pool, "round", MINUTE).await {
        order.push(claimed.tenant.as_str().to_owned());
        let done = Ended::Done(json!(null));
        assert!(jobs::finish(pool, &claimed, &done).await.unwrap());
    }
    let first: std::collections::BTreeSet<_> = order[..3].iter().map(String::as_str).collect();
    assert_eq!(first, ["big", "s1", "s2"].into(), "{order:?}");
    assert_eq!(order[3..], ["big", "big", "big"]);
}

async fn stale_fences_are_rejected(fixture: &Fixture, pool: &PgPool, tenant: &TenantId) {
    let job = put(pool, tenant, "slow").await;
    // Its time is over as soon as it is claimed.
    let slow = claim(pool, "slow", Duration::ZERO).await.unwrap();
    let quick = claim(pool, "slow", MINUTE).await.unwrap();
    assert_eq!(
        (quick.job, quick.fence, quick.attempts),
        (job, slow.fence + 1, 2)
    );
    assert!(claim(pool, "slow", MINUTE).await.is_none());

    let before = fixture.version(tenant).await;
    let commit = touch(tenant);
    let late = commit_fenced(pool, &commit, &[slow.as_fence()])
        .await
        .unwrap();
    assert_eq!(late, Fenced::Stale);
    assert_eq!(fixture.version(tenant).await, before, "nothing was changed");
    let done = Ended::Done(json!("late"));
    assert!(!jobs::finish(pool, &slow, &done).await.unwrap());
    assert!(!jobs::renew(pool, &slow, MINUTE, None).await.unwrap());

    let held = commit_fenced(pool, &commit, &[quick.as_fence()])
        .await
        .unwrap();
    assert_eq!(held, Fenced::Held(Outcome::Committed(before + 1)));
    assert!(
        jobs::renew(pool, &quick, MINUTE, Some(&json!({"half": true})))
            .await
            .unwrap()
    );
    assert!(
        jobs::finish(pool, &quick, &Ended::Done(json!("quick")))
            .await
            .unwrap()
    );
    let state = jobs::state(pool, tenant, job).await.unwrap();
    assert_eq!(state, ("done".to_owned(), Some(json!("quick"))));
    // What is done is held by nobody.
    let after = commit_fenced(pool, &commit, &[quick.as_fence()])
        .await
        .unwrap();
    assert_eq!(after, Fenced::Stale);

    // A job that fails is tried again later, and by and by given up.
    let job = put(pool, tenant, "bad").await;
    for attempt in 1..=jobs::MAX_ATTEMPTS {
        let claimed = claim(pool, "bad", MINUTE).await.unwrap();
        assert_eq!(claimed.attempts, attempt);
        let failed = Ended::Failed {
            why: "on purpose".to_owned(),
            after: Duration::ZERO,
        };
        assert!(jobs::finish(pool, &claimed, &failed).await.unwrap());
    }
    assert!(claim(pool, "bad", MINUTE).await.is_none());
    assert_eq!(jobs::state(pool, tenant, job).await.unwrap().0, "failed");
    // What is owed to a person is not.
    for kind in ["erasure", "erasure_replay"] {
        let job = put(pool, tenant, kind).await;
        for attempt in 1..=3 * jobs::MAX_ATTEMPTS {
            let claimed = claim(pool, kind, MINUTE).await.unwrap();
            assert_eq!((claimed.job, claimed.attempts), (job, attempt));
            let failed = Ended::Failed {
                why: "on purpose".to_owned(),
                after: Duration::ZERO,
            };
            assert!(jobs::finish(pool, &claimed, &failed).await.unwrap());
        }
    }
    put(pool, tenant, "later").await;
    let claimed = claim(pool, "later", MINUTE).await.unwrap();
    let failed = Ended::Failed {
        why: "on purpose".to_owned(),
        after: MINUTE,
    };
    assert!(jobs::finish(pool, &claimed, &failed).await.unwrap());
    assert!(claim(pool, "later", MINUTE).await.is_none(), "not yet");
}

async fn leases_exclude_each_other(fixture: &Fixture, pool: &PgPool) {
    let tenant = fixture.tenant("leased", "UTC").await;
    let nobody = TenantId::new("nobody").unwrap();
    let unknown = leases::take(pool, &nobody, "flush", Take::Free, MINUTE).await;
    assert!(matches!(unknown, Err(Error::NotFound { .. })));

    let take = |how| leases::take(pool, &tenant, "flush", how, MINUTE);
    let first = take(Take::Free).await.unwrap().unwrap();
    assert!(take(Take::Free).await.unwrap().is_none());
    fixture
        .ingest(&tenant, &[order("1", "2024-03-10T12:00:00Z", "{}")])
        .await;
    // A second server leaves the tenant to the first one, and waits.
    let waiting = fixture.engine.compact(&tenant);
    let waited = tokio::time::timeout(Duration::from_secs(2), waiting).await;
    assert!(waited.is_err(), "it flushed under another's lease");
    let counts = fixture.engine.session(&tenant).await.unwrap().file_counts();
    assert_eq!(counts, (1, 0));

    let second = take(Take::Seize).await.unwrap().unwrap();
    assert_eq!(second.fence, first.fence + 1);
    assert!(!leases::renew(pool, &first, MINUTE).await.unwrap());
    leases::release(pool, &first, None).await.unwrap();
    assert!(
        take(Take::Free).await.unwrap().is_none(),
        "only its holder gives it back"
    );
    let late = commit_fenced(pool, &touch(&tenant), &[first.as_fence()]).await;
    assert_eq!(late.unwrap(), Fenced::Stale);
    let both: [Fence; 2] = [second.as_fence(), first.as_fence()];
    assert_eq!(
        commit_fenced(pool, &touch(&tenant), &both).await.unwrap(),
        Fenced::Stale
    );

    // The other one waits for the fence: the work cannot change hands between
    // the look at the fence and the commit.
    let mut tx = TenantTx::begin(pool, &tenant).await.unwrap();
    sqlx::query("SELECT FROM analytics.lease WHERE work = 'flush' FOR SHARE")
        .execute(&mut *tx)
        .await
        .unwrap();
    let seized = tokio::time::timeout(Duration::from_millis(500), take(Take::Seize)).await;
    assert!(
        seized.is_err(),
        "a lease was taken over in the middle of a commit"
    );
    drop(tx);

    leases::release(pool, &second, None).await.unwrap();
    assert_eq!(fixture.engine.compact(&tenant).await.unwrap(), 1);
}
