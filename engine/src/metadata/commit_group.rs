//! Commits of several tenants in one transaction of `analytics.commit_group`.
//!
//! One round trip and one fsync for all; each request succeeds or fails by
//! itself. Only ingest comes this way: nothing is removed here.

use sqlx::postgres::{PgPool, PgRow};
use sqlx::{Postgres, Row, Transaction};
use uuid::Uuid;

use super::commit::{
    Commit, NewDataFile, Outcome, attach_details, bind_files, dimensions, metrics, outcome, settle,
};
use super::{away, blame, is_away, is_away_code};
use crate::error::{Error, Result};
use crate::failpoint::Failpoint;

/// What became of one request of a group.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Decided.
    Done(Result<Outcome>),
    /// Another process commits for this tenant: ask again.
    Busy,
}

/// Commits a group, sorted by tenant. The outer error concerns all of them:
/// either nothing was kept, or it is not known what was.
pub(crate) async fn commit_group(pool: &PgPool, commits: &[&Commit]) -> Result<Vec<Turn>> {
    let mut tx = begin(pool).await.map_err(blame)?;
    sqlx::query(
        "SELECT set_config('lock_timeout', '5s', true), set_config('statement_timeout', '60s', true)",
    )
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    let files: Vec<&NewDataFile> = commits.iter().flat_map(|commit| &commit.add).collect();
    let query = sqlx::query(
        "SELECT outcome, version, answer, message, transaction_id FROM analytics.commit_group(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
            $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)",
    )
    .bind(each(commits, |commit| commit.tenant.as_str()))
    .bind(ends(commits, |commit| commit.add.len()))
    .bind(ends(commits, |commit| commit.ingested.events.len()));
    let query = bind_files(query, &files)?;
    let ingested = each(commits, |commit| &commit.ingested);
    let idempotency = || ingested.iter().map(|i| i.idempotency.as_ref());
    let metrics: Result<Vec<_>> = commits.iter().map(|c| metrics(&c.metrics)).collect();
    let events = ingested.iter().flat_map(|i| i.events.iter().copied());
    let count = |at: usize| -> Vec<i64> { ingested.iter().map(|i| i.counts[at] as i64).collect() };
    let rows = query
        .bind(each(commits, |commit| commit.rollup_zone.name()))
        .bind(each(commits, |commit| commit.registry_version))
        .bind(each(commits, |commit| dimensions(&commit.dimensions)))
        .bind(each(commits, |commit| commit.overflowed))
        .bind(metrics?)
        .bind(idempotency().map(|i| i.map(|i| &*i.0)).collect::<Vec<_>>())
        .bind(
            idempotency()
                .map(|i| i.map(|i| &i.1[..]))
                .collect::<Vec<_>>(),
        )
        .bind(idempotency().map(|i| i.map(|i| &i.2)).collect::<Vec<_>>())
        .bind(
            ingested
                .iter()
                .map(|i| i.chunk.as_ref().map(|c| &c[..]))
                .collect::<Vec<_>>(),
        )
        .bind(events.collect::<Vec<Uuid>>())
        .bind(count(0))
        .bind(count(1))
        .bind(count(2))
        .bind(each(commits, |commit| commit.ingested.imported))
        .fetch_all(&mut *tx)
        .await
        .map_err(blame)?;
    if rows.len() != commits.len() {
        return Err(Error::internal(
            "a group's commit answers each request once",
        ));
    }
    let turns: Vec<Turn> = commits
        .iter()
        .zip(&rows)
        .map(|(c, row)| turn(c, row))
        .collect();
    let committed = |turn: &&Turn| matches!(turn, Turn::Done(Ok(Outcome::Committed(_))));
    if turns.iter().any(|turn| committed(&turn)) {
        let ids = rows
            .iter()
            .filter_map(|row| row.get::<Option<String>, _>("transaction_id"));
        let transaction = ids.last().unwrap_or_default();
        for (commit, _) in commits
            .iter()
            .zip(&turns)
            .filter(|(_, turn)| committed(turn))
        {
            if attach_details(&mut tx, commit).await? {
                continue;
            }
            // All of the transaction is undone; the others come again alone.
            return match commits {
                [_] => Ok(vec![Turn::Done(Ok(Outcome::UploadSwept))]),
                _ => Err(Error::internal("an upload of a group was swept")),
            };
        }
        Failpoint::BeforeCommit.reached();
        settle(pool, tx.commit().await, &transaction).await?;
        Failpoint::Committed.reached();
    }
    Ok(turns)
}

/// Begins on a connection that lives. Only lanes use these, so nobody else
/// notices that Postgres was started anew; nothing was asked of it yet.
async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    for _ in 0..pool.options().get_max_connections() {
        match pool.begin().await {
            Err(error) if is_away(&error) && !matches!(error, sqlx::Error::PoolTimedOut) => {
                tracing::debug!(%error, "a connection is dead; taking another");
            }
            begun => return begun,
        }
    }
    pool.begin().await
}

fn turn(commit: &Commit, row: &PgRow) -> Turn {
    match row.get::<&str, _>("outcome") {
        "busy" => Turn::Busy,
        "failed" => {
            let message: Option<String> = row.get("message");
            let message = message.unwrap_or_default();
            tracing::warn!(tenant = %commit.tenant, %message, "a commit failed");
            // The SQLSTATE stands before the text.
            let code = message.split(' ').next().unwrap_or_default();
            Turn::Done(Err(match is_away_code(code) {
                true => away(),
                false => Error::internal(message),
            }))
        }
        _ => Turn::Done(outcome(row, &commit.tenant)),
    }
}

/// One value a request.
fn each<'c, T>(commits: &[&'c Commit], value: impl Fn(&'c Commit) -> T) -> Vec<T> {
    commits.iter().map(|commit| value(commit)).collect()
}

/// Where each request's elements end in an array of all.
fn ends(commits: &[&Commit], length: impl Fn(&Commit) -> usize) -> Vec<i32> {
    let mut end = 0;
    let mut next = |commit: &&Commit| {
        end += length(commit);
        i32::try_from(end).unwrap_or(i32::MAX)
    };
    commits.iter().map(&mut next).collect()
}
