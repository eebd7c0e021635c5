//! A tenant's night: at two o'clock by its own clock, its works one after the
//! other, once however many servers there are.
//!
//! A run is a job: claimed under a lease, taken over when its server ends, and
//! tried again for those works that failed. A night that all servers slept
//! through is made up for when one wakes, once, within a week.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use futures::FutureExt;
use serde_json::{Map, Value};
use sqlx::postgres::PgPool;
use uuid::Uuid;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::maintain::Schedule;
use crate::maintain::held::{HeldJob, LEASE_TIME};
use crate::metadata::jobs::{self, Claimed, Ended};
use crate::metadata::{daily_runs, upkeep};
use crate::session::Session;

/// Two o'clock.
const NIGHTLY: &str = "0 2 * * *";

/// When a zone's tenants are gone through again for the same night: some have
/// got their first points since.
const AGAIN: Duration = Duration::from_secs(600);

/// One work of one tenant may take this long.
const WORK_DEADLINE: Duration = Duration::from_secs(3_600);

/// When a run with a failed work is tried again, after its first attempt; each
/// time twice as long, at most [`LONGEST_DELAY`].
const FIRST_DELAY: Duration = Duration::from_secs(30);
const LONGEST_DELAY: Duration = Duration::from_secs(3_600);

/// What a work of the night is given.
#[derive(Debug, Clone)]
#[expect(dead_code, reason = "there is no work of the night yet")]
pub(crate) struct Night {
    /// The engine, for what a work stores.
    pub(crate) engine: Engine,
    /// Everything of the tenant, at one version for the whole night.
    pub(crate) session: Session,
    /// The moment that the night is of, by the database's clock.
    pub(crate) now: DateTime<Utc>,
}

/// One work of the night. It must bear being done again: a server may end
/// between its effect and the note of it.
#[async_trait]
pub(crate) trait NightWork: Sync {
    /// Its name in a run's result.
    fn name(&self) -> &'static str;

    /// Does it for one tenant; answers what it came to, free of values of data.
    async fn run(&self, night: &Night) -> Result<Value>;
}

/// Which nights were put in already.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// By zone: the night, and when its tenants were gone through.
    seen: HashMap<Tz, (DateTime<Utc>, DateTime<Utc>)>,
}

impl Clock {
    /// Puts in the runs of all tenants whose night has come.
    pub(crate) async fn look(&mut self, pool: &PgPool) -> Result<()> {
        let nightly: Schedule = NIGHTLY.parse()?;
        let now = upkeep::now(pool).await?;
        for zone in daily_runs::zones(pool).await? {
            let Some(due) = nightly.last_in(zone, now) else {
                continue;
            };
            let young = |at: DateTime<Utc>| {
                let age = now.signed_duration_since(at).to_std();
                age.is_ok_and(|age| age < AGAIN)
            };
            let seen = self.seen.get(&zone);
            if seen.is_some_and(|(night, at)| *night == due && young(*at)) {
                continue;
            }
            daily_runs::schedule(pool, zone, due).await?;
            self.seen.insert(zone, (due, now));
        }
        Ok(())
    }
}

/// Does the next run that is due, of whichever tenant, if there is one.
pub(crate) async fn run_next(
    engine: &Engine,
    works: &[&dyn NightWork],
    worker: Uuid,
) -> Result<bool> {
    let pool = &engine.predictions().pool;
    let claimed = jobs::claim(pool, &[daily_runs::JOB], worker, LEASE_TIME, &[]).await?;
    let Some(claimed) = claimed else {
        return Ok(false);
    };
    let held = HeldJob::hold(pool, claimed);
    let claimed = &held.claimed;
    let ended = match run(engine, works, claimed).await {
        Ok(ended) => ended,
        Err(error) => {
            tracing::warn!(tenant = %claimed.tenant, %error, "a nightly run is put off");
            failed(
                claimed,
                "it could not begin; the server's log says why".into(),
            )
        }
    };
    jobs::finish(pool, claimed, &ended).await?;
    Ok(true)
}

async fn run(engine: &Engine, works: &[&dyn NightWork], claimed: &Claimed) -> Result<Ended> {
    let pool = &engine.predictions().pool;
    let (tenant, now) = (&claimed.tenant, upkeep::now(pool).await?);
    let session = engine.background_session(tenant).await?;
    let night = Night {
        engine: engine.clone(),
        session,
        now,
    };
    // What an earlier attempt came to stays.
    let earlier = claimed.progress.clone();
    let mut done: Map<String, Value> = earlier
        .and_then(|p| p.as_object().cloned())
        .unwrap_or_default();
    let mut open = Vec::new();
    for work in works {
        if done.contains_key(work.name()) {
            continue;
        }
        match guarded(work.run(&night)).await {
            Ok(result) => {
                done.insert(work.name().to_owned(), result);
                let progress = Value::Object(done.clone());
                if !jobs::renew(pool, claimed, LEASE_TIME, Some(&progress)).await? {
                    return Err(Error::internal("a nightly run is somebody else's by now"));
                }
            }
            Err(error) => {
                let work = work.name();
                tracing::warn!(%tenant, work, %error, "a work of the night failed");
                open.push(work);
            }
        }
    }
    Ok(match open.is_empty() {
        true => Ended::Done(Value::Object(done)),
        false => failed(claimed, format!("failed: {}", open.join(", "))),
    })
}

/// A work's own failure, whatever it is: a panic and a deadline, too.
async fn guarded(work: impl Future<Output = Result<Value>>) -> Result<Value> {
    let work = AssertUnwindSafe(work).catch_unwind();
    match tokio::time::timeout(WORK_DEADLINE, work).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(Error::internal("it panicked")),
        Err(_) => Err(Error::internal("it took longer than an hour")),
    }
}

fn failed(claimed: &Claimed, why: String) -> Ended {
    let attempt = u32::try_from(claimed.attempts.clamp(1, 8)).unwrap_or(1);
    Ended::Failed {
        why,
        after: (FIRST_DELAY * 2_u32.pow(attempt - 1)).min(LONGEST_DELAY),
    }
}
