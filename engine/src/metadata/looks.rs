//! Looks over all tenants: whose files should be flushed or compacted.
//!
//! Nearly always few of very many tenants have anything to do, so a look goes
//! by the files that are new since the look before, and costs the same however
//! many tenants there are. Every ten minutes one goes by all files: whatever
//! the others missed is found then.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;

use super::blame;
use super::upkeep::look;
use crate::error::{Error, Result};

/// Inline files are flushed at once when there are this many, or they hold
/// this many bytes.
const FLUSH_FILES: i64 = 256;
const FLUSH_BYTES: i64 = 16 << 20;

/// More than these wait for [`FLUSH_AGE_SECONDS`], fewer and smaller ones for
/// [`SMALL_FLUSH_AGE_SECONDS`]: they are as durable and as visible in the
/// catalog, and an object of a few rows is work for compaction.
const SMALL_FILES: i64 = 64;
const SMALL_BYTES: i64 = 64 << 10;
const FLUSH_AGE_SECONDS: i32 = 60;
const SMALL_FLUSH_AGE_SECONDS: i32 = 3_600;

/// Tenants to flush that one look answers.
const TENANTS_TO_FLUSH: i64 = 4_096;
/// Tenants to compact that one look answers.
const TENANTS_TO_COMPACT: i64 = 64;

/// A file is dated by the beginning of its transaction and seen after its end,
/// which comes this much later at most, or else is found by a look at all.
const LATE: TimeDelta = TimeDelta::seconds(5);

/// Between two looks at all files.
const FULL_ROUND: TimeDelta = TimeDelta::seconds(600);

/// How far one kind of background work has seen.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Files from before were seen, and their tenants had their turn.
    seen_until: Option<DateTime<Utc>>,
    all_seen_at: Option<DateTime<Utc>>,
}

impl Watch {
    /// From when on files are looked at, at this moment; `None`: all are.
    fn since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let young = |at: &DateTime<Utc>| *at <= now && now - *at < FULL_ROUND;
        self.all_seen_at.filter(young)?;
        self.seen_until.map(|seen| seen - LATE)
    }

    /// Notes a look. Unless `all` that it found had their turn, the next one
    /// finds them again.
    pub(crate) fn note<T>(&mut self, look: &Look<T>, all: bool) {
        if look.since.is_none() {
            self.all_seen_at = Some(look.at);
            self.seen_until = None;
        }
        if all {
            self.seen_until = Some(look.at);
        }
    }
}

/// What a look found.
#[derive(Debug)]
pub(crate) struct Look<T> {
    at: DateTime<Utc>,
    since: Option<DateTime<Utc>>,
    /// Who has something to be done, in the order of urgency.
    pub(crate) found: Vec<T>,
    /// Whether there may be more.
    pub(crate) cut_off: bool,
}

/// A tenant whose inline files should become objects.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) tenant: TenantId,
    /// Bytes of its inline files.
    pub(crate) bytes: u64,
}

/// Tenants whose inline files should become objects and nobody is at it. Who
/// has the most bytes and who has waited longest come first, in turn.
pub(crate) async fn tenants_to_flush(
    pool: &PgPool,
    work: &str,
    watch: &Watch,
) -> Result<Look<Waiting>> {
    let mut tx = look(pool).await?;
    let at = now(&mut tx).await?;
    let since = watch.since(at);
    // A tenant comes into view with each new file, and again when that file
    // is old enough for all that the tenant has to be flushed.
    let rows = sqlx::query(
        "WITH inline AS NOT MATERIALIZED (
             SELECT tenant_id, bytes, created_at FROM analytics.data_file
             WHERE removed_version IS NULL AND object_key IS NULL),
         moved AS (
             SELECT tenant_id FROM inline WHERE created_at >= $8
             UNION SELECT tenant_id FROM inline
             WHERE created_at >= $8 - make_interval(secs => $5)
               AND created_at < now() - make_interval(secs => $5)
             UNION SELECT tenant_id FROM inline
             WHERE created_at < now() - make_interval(secs => $6)),
         due AS MATERIALIZED (
             SELECT m.tenant_id, i.bytes, i.oldest FROM moved m CROSS JOIN LATERAL (
                 SELECT count(*) AS files, sum(bytes)::bigint AS bytes, min(created_at) AS oldest
                 FROM inline WHERE inline.tenant_id = m.tenant_id) i
             WHERE i.files >= $1 OR i.bytes >= $2
                 OR (i.files > $3 OR i.bytes > $4) AND i.oldest < now() - make_interval(secs => $5)
                 OR i.oldest < now() - make_interval(secs => $6)),
         waiting AS (
             SELECT f.tenant_id, f.bytes, greatest(f.oldest, l.worked_at) AS since FROM due f
             -- OFFSET 0: looked up for each, whatever the planner expects.
             LEFT JOIN LATERAL (
                 SELECT holder, lease_until, worked_at FROM analytics.lease l
                 WHERE l.tenant_id = f.tenant_id AND l.work = $9 OFFSET 0) l ON true
             WHERE l.holder IS NULL OR l.lease_until < clock_timestamp())
         SELECT tenant_id, bytes FROM waiting
         ORDER BY least(row_number() OVER (ORDER BY bytes DESC), row_number() OVER (ORDER BY since)),
                  tenant_id LIMIT $7",
    )
    // Planned for this window each time: the plan for any would be another.
    .persistent(false)
    .bind(FLUSH_FILES)
    .bind(FLUSH_BYTES)
    .bind(SMALL_FILES)
    .bind(SMALL_BYTES)
    .bind(f64::from(FLUSH_AGE_SECONDS))
    .bind(f64::from(SMALL_FLUSH_AGE_SECONDS))
    .bind(TENANTS_TO_FLUSH)
    .bind(since.unwrap_or(DateTime::UNIX_EPOCH))
    .bind(work)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    let waiting = |row: &sqlx::postgres::PgRow| {
        Ok(Waiting {
            tenant: TenantId::new(row.get(0)).map_err(Error::internal)?,
            bytes: u64::try_from(row.get::<i64, _>(1)).unwrap_or(0),
        })
    };
    Ok(Look {
        at,
        since,
        cut_off: rows.len() as i64 == TENANTS_TO_FLUSH,
        found: rows.iter().map(waiting).collect::<Result<_>>()?,
    })
}

/// Tenants with many objects of about one size in one year, that have files
/// which compaction has not looked at: who was served longest ago first, then
/// who has least to do. `sizes` are the borders between sizes, the last one is
/// that of finished files.
pub(crate) async fn tenants_to_compact(
    pool: &PgPool,
    work: &str,
    files: usize,
    sizes: &[u64],
    watch: &Watch,
) -> Result<Look<TenantId>> {
    let sizes: Vec<i64> = sizes
        .iter()
        .map(|&bytes| i64::try_from(bytes).unwrap_or(i64::MAX))
        .collect();
    let mut tx = look(pool).await?;
    let at = now(&mut tx).await?;
    let since = watch.since(at);
    let tenants: Vec<String> = sqlx::query_scalar(
        "WITH live AS NOT MATERIALIZED (
             SELECT tenant_id, window_name, bytes, added_version, created_at FROM analytics.data_file
             WHERE removed_version IS NULL AND object_key IS NOT NULL),
         moved AS (SELECT DISTINCT tenant_id FROM live WHERE created_at >= $5),
         crowded AS MATERIALIZED (
             SELECT m.tenant_id, g.bytes FROM moved m CROSS JOIN LATERAL (
                 SELECT sum(s.bytes) AS bytes FROM (
                     SELECT sum(bytes) AS bytes FROM live
                     WHERE live.tenant_id = m.tenant_id
                       AND width_bucket(bytes, $2::bigint[]) < cardinality($2::bigint[])
                     GROUP BY left(window_name, 4), width_bucket(bytes, $2::bigint[])
                     HAVING count(*) >= $1) s) g
             -- An index answers this; most have too few files of any kind.
             WHERE g.bytes IS NOT NULL AND $1 <= (SELECT count(*) FROM analytics.data_file f
                 WHERE f.tenant_id = m.tenant_id AND f.removed_version IS NULL))
         SELECT c.tenant_id FROM crowded c
         LEFT JOIN LATERAL (
             SELECT holder, lease_until, worked_at, seen_version FROM analytics.lease l
             WHERE l.tenant_id = c.tenant_id AND l.work = $4 OFFSET 0) l ON true
         WHERE (l.holder IS NULL OR l.lease_until < clock_timestamp())
           AND coalesce(l.seen_version, -1) <
               (SELECT max(added_version) FROM live WHERE live.tenant_id = c.tenant_id)
         ORDER BY l.worked_at NULLS FIRST, c.bytes, c.tenant_id LIMIT $3",
    )
    .persistent(false)
    .bind(i64::try_from(files).unwrap_or(i64::MAX))
    .bind(sizes)
    .bind(TENANTS_TO_COMPACT)
    .bind(work)
    .bind(since.unwrap_or(DateTime::UNIX_EPOCH))
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    let found = tenants
        .iter()
        .map(|id| TenantId::new(id).map_err(Error::internal));
    Ok(Look {
        at,
        since,
        cut_off: tenants.len() as i64 == TENANTS_TO_COMPACT,
        found: found.collect::<Result<_>>()?,
    })
}

async fn now(tx: &mut sqlx::PgConnection) -> Result<DateTime<Utc>> {
    sqlx::query_scalar("SELECT now()")
        .fetch_one(tx)
        .await
        .map_err(blame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_had_no_turn_is_found_again_and_all_files_are_seen_now_and_then() {
        let at = |seconds: i64| DateTime::UNIX_EPOCH + TimeDelta::seconds(1_000_000 + seconds);
        let mut watch = Watch::default();
        let mut look = |seconds, all: bool| {
            let (at, since) = (at(seconds), watch.since(at(seconds)));
            let look: Look<()> = Look {
                at,
                since,
                found: Vec::new(),
                cut_off: false,
            };
            watch.note(&look, all);
            since
        };
        assert_eq!(look(0, false), None, "the first look is at all");
        assert_eq!(look(2, true), None, "not all had their turn");
        assert_eq!(look(4, false), Some(at(2) - LATE));
        assert_eq!(
            look(6, true),
            Some(at(2) - LATE),
            "the look before was cut off"
        );
        assert_eq!(look(8, true), Some(at(6) - LATE));
        assert_eq!(
            look(602, true),
            None,
            "ten minutes after the last look at all"
        );
        assert_eq!(look(604, true), Some(at(602) - LATE));
        assert_eq!(look(500, true), None, "the clock was set back");
    }
}
