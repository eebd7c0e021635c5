//! Work that comes round, and the jobs it is done as.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use uuid::Uuid;

use super::held::{HeldJob, LEASE_TIME};
use super::{Maintainer, Removal};
use crate::error::{Error, Result};
use crate::metadata::jobs::{self, Claimed, Ended};
use crate::metadata::{erasures, owed, retention, upkeep};

/// Pause between two looks for jobs, and between two looks at the clock.
const JOB_PAUSE: Duration = Duration::from_secs(2);
const CLOCK_PAUSE: Duration = Duration::from_secs(60);

/// When all tenants are gone through again for the same round.
const SCHEDULED_AGAIN: Duration = Duration::from_secs(600);

/// Longest pause before a failed job is tried again.
const LONGEST_DELAY: Duration = Duration::from_secs(3_600);

/// A round that was missed for longer is left out.
const MISSED: Duration = Duration::from_secs(7 * 86_400);

/// When something comes round, as a cron expression in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    cron: Cron,
}

impl Default for Schedule {
    /// Sundays at 03:00.
    fn default() -> Self {
        match "0 3 * * 0".parse() {
            Ok(schedule) => schedule,
            Err(_) => unreachable!("tested below"),
        }
    }
}

impl FromStr for Schedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let cron = Cron::from_str(text).map_err(|error| {
            Error::Config(format!(
                "{text:?} is not a schedule ({error}): use minute, hour, day, month, weekday as in \"0 3 * * 0\""
            ))
        })?;
        Ok(Self {
            text: text.to_owned(),
            cron,
        })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Schedule {
    /// The next round after this moment, if there is one.
    pub fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.cron.find_next_occurrence(&now, false).ok()
    }

    /// The last round that is not in the future, unless it is long missed.
    fn last(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let last = self.cron.find_previous_occurrence(&now, true).ok()?;
        let age = now.signed_duration_since(last).to_std().unwrap_or_default();
        (age < MISSED).then_some(last)
    }

    /// The same by the clock of a zone.
    pub(crate) fn last_in(&self, zone: Tz, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = now.with_timezone(&zone);
        let last = self.cron.find_previous_occurrence(&local, true).ok()?;
        let age = now.signed_duration_since(last).to_std().unwrap_or_default();
        (age < MISSED).then(|| last.with_timezone(&Utc))
    }
}

impl Maintainer {
    pub(super) async fn work_for_ever(&self) {
        // An erasure waits for no retention, whoever's and however long.
        tokio::join!(
            self.watch_the_clock(),
            self.do_jobs(&[retention::JOB]),
            self.do_jobs(&[erasures::JOB, owed::JOB]),
        );
    }

    async fn watch_the_clock(&self) {
        let mut last = None;
        loop {
            if let Err(error) = self.schedule(&mut last).await {
                tracing::warn!(%error, "retention is not scheduled");
            }
            tokio::time::sleep(CLOCK_PAUSE).await;
        }
    }

    /// Puts in the jobs of the last round, once however many servers do it.
    /// The same round is gone through again after a while, for tenants whose
    /// plan or metrics have got a limit since.
    async fn schedule(&self, last: &mut Option<(DateTime<Utc>, DateTime<Utc>)>) -> Result<()> {
        let now = upkeep::now(&self.pool).await?;
        let Some(due) = self.retention.last(now) else {
            return Ok(());
        };
        let again = |at: DateTime<Utc>| {
            let age = now.signed_duration_since(at).to_std();
            age.map_or(true, |age| age >= SCHEDULED_AGAIN)
        };
        if last.is_none_or(|(round, at)| round != due || again(at)) {
            retention::schedule(&self.pool, due).await?;
            *last = Some((due, now));
        }
        Ok(())
    }

    async fn do_jobs(&self, kinds: &[&str]) {
        let worker = Uuid::now_v7();
        loop {
            match self.next_job(kinds, worker).await {
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(JOB_PAUSE).await,
                Err(error) => {
                    tracing::warn!(%error, "jobs are not done");
                    tokio::time::sleep(JOB_PAUSE).await;
                }
            }
        }
    }

    /// Does one job of these kinds, if there is one.
    async fn next_job(&self, kinds: &[&str], worker: Uuid) -> Result<bool> {
        let Some(claimed) = jobs::claim(&self.pool, kinds, worker, LEASE_TIME, &[]).await? else {
            return Ok(false);
        };
        let tenant = claimed.tenant.clone();
        let held = HeldJob::hold(&self.pool, claimed);
        if let Err(error) = self.do_job(&held).await {
            tracing::warn!(%tenant, kind = held.claimed.kind, %error, "a job failed");
            self.put_off(&held.claimed).await?;
        }
        Ok(true)
    }

    pub(super) async fn do_job(&self, held: &HeldJob) -> Result<()> {
        let (claimed, pace) = (&held.claimed, self.pace.clone());
        match claimed.kind.as_str() {
            erasures::JOB => self.carry_out(claimed, pace).await,
            owed::JOB => self.erase_again(claimed).await,
            _ => {
                let fences = [claimed.as_fence()];
                let report = self.remove_old(&claimed.tenant, Removal::Apply, &fences, pace);
                let result = serde_json::to_value(report.await?).map_err(Error::internal)?;
                jobs::finish(&self.pool, claimed, &Ended::Done(result))
                    .await
                    .map(drop)
            }
        }
    }

    /// Leaves a failed job for later, each time for longer, an hour at most.
    pub(super) async fn put_off(&self, claimed: &Claimed) -> Result<()> {
        let attempt = u32::try_from(claimed.attempts.clamp(1, 9)).unwrap_or(1);
        let ended = Ended::Failed {
            why: "it failed; the server's log says why".into(),
            after: (Duration::from_secs(15) * 2u32.pow(attempt - 1)).min(LONGEST_DELAY),
        };
        jobs::finish(&self.pool, claimed, &ended).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_comes_round_on_sundays_at_three() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect(text);
        let weekly = Schedule::default();
        assert_eq!(weekly.to_string(), "0 3 * * 0");
        for (now, last) in [
            ("2024-03-10T02:59:59Z", "2024-03-03T03:00:00Z"),
            ("2024-03-10T03:00:00Z", "2024-03-10T03:00:00Z"),
            ("2024-03-16T12:00:00Z", "2024-03-10T03:00:00Z"),
        ] {
            assert_eq!(weekly.last(at(now)), Some(at(last)), "{now}");
        }
        let next = weekly.next(at("2024-03-10T03:00:00Z"));
        assert_eq!(next, Some(at("2024-03-17T03:00:00Z")));
        // Two o'clock by the clock of each zone; where it is skipped, the next moment.
        let nightly: Schedule = "0 2 * * *".parse().expect("a schedule");
        for (zone, now, last) in [
            (
                Tz::Asia__Kolkata,
                "2024-03-10T20:29:59Z",
                "2024-03-09T20:30:00Z",
            ),
            (
                Tz::Asia__Kolkata,
                "2024-03-10T20:30:00Z",
                "2024-03-10T20:30:00Z",
            ),
            (
                Tz::America__New_York,
                "2024-03-10T12:00:00Z",
                "2024-03-10T07:00:00Z",
            ),
            (
                Tz::America__New_York,
                "2024-11-03T12:00:00Z",
                "2024-11-03T07:00:00Z",
            ),
        ] {
            assert_eq!(
                nightly.last_in(zone, at(now)),
                Some(at(last)),
                "{zone} {now}"
            );
        }
        let yearly: Schedule = "0 0 1 1 *".parse().expect("a schedule");
        assert_eq!(yearly.last(at("2024-03-10T00:00:00Z")), None);
        assert!("every week".parse::<Schedule>().is_err());
    }
}
