//! Group commit: a group is what arrived while the previous one ran.
//!
//! There is no timer, so a lone writer waits for nobody. A tenant's requests
//! always take the same lane, so this process never stands in its own way;
//! where another process holds a tenant, its requests wait for the next round
//! and the others go ahead.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::joined::{is_plain, join};
use crate::error::{Error, Result};
use crate::metadata::commit::{Commit, NewStorage, Outcome};
use crate::metadata::commit_group::{Turn, commit_group};

/// Requests of one group: Postgres keeps up to 64 subtransactions of a
/// transaction in fast memory, and each request is one, with event ids two.
const GROUP_REQUESTS: usize = 60;
/// Bytes of one group: Postgres takes 12-17 MB/s, so a group lasts under half
/// a second.
const GROUP_BYTES: usize = 4 << 20;
/// Requests that wait in one lane before others are turned away.
const LANE_REQUESTS: usize = 1_024;
/// Of one tenant: a flood leaves room for the others of its lane.
const TENANT_REQUESTS: usize = 256;
/// How long a request waits for a tenant that another process holds.
const BUSY_LIMIT: Duration = Duration::from_secs(10);
/// Pause before a round in which every tenant was held by another process.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// The lanes; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct GroupCommit {
    lanes: Arc<[mpsc::Sender<Waiting>]>,
    waiting: Arc<Mutex<HashMap<TenantId, usize>>>,
}

/// A tenant's place among those that wait; given back when dropped.
struct Place {
    waiting: Arc<Mutex<HashMap<TenantId, usize>>>,
    tenant: TenantId,
}

/// A request that waits for its commit.
#[derive(Debug)]
struct Waiting {
    commit: Arc<Commit>,
    since: Instant,
    /// Joined with others it was refused, which says nothing of it alone.
    alone: bool,
    reply: oneshot::Sender<Result<Outcome>>,
}

impl GroupCommit {
    /// Starts a lane for each processor, at most eight: while one lane's group
    /// is written to disk, another's is prepared.
    pub(super) fn start(pool: &PgPool) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let lanes = cores.clamp(2, 8);
        let pool = own_pool(pool, lanes);
        let lane = |_| {
            let (sender, receiver) = mpsc::channel(LANE_REQUESTS);
            tokio::spawn(keep_running(pool.clone(), receiver));
            sender
        };
        Self {
            lanes: (0..lanes).map(lane).collect(),
            waiting: Arc::default(),
        }
    }

    /// Commits with whatever else waits. Errors: `Unavailable` when too many
    /// wait already, or Postgres is away.
    pub(super) async fn commit(&self, commit: Arc<Commit>) -> Result<Outcome> {
        let mut hasher = DefaultHasher::new();
        commit.tenant.hash(&mut hasher);
        let lane = &self.lanes[(hasher.finish() % self.lanes.len() as u64) as usize];
        let _place = self.place(&commit.tenant)?;
        let (reply, decided) = oneshot::channel();
        let waiting = Waiting {
            commit,
            since: Instant::now(),
            alone: false,
            reply,
        };
        lane.try_send(waiting).map_err(|_| too_many())?;
        decided.await.map_err(Error::internal)?
    }

    fn place(&self, tenant: &TenantId) -> Result<Place> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.entry(tenant.clone()).or_default();
        if *count >= TENANT_REQUESTS {
            return Err(too_many());
        }
        *count += 1;
        Ok(Place {
            waiting: self.waiting.clone(),
            tenant: tenant.clone(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiting.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.tenant);
            }
        }
    }
}

fn too_many() -> Error {
    Error::Unavailable {
        message: "more writers wait than can be served; nothing was kept".into(),
        retry_after: crate::metadata::RETRY_AFTER,
    }
}

/// Connections that only lanes use, so that nothing else keeps a commit waiting.
fn own_pool(pool: &PgPool, lanes: usize) -> PgPool {
    let connections = u32::try_from(lanes).unwrap_or(u32::MAX);
    let options = pool.options().clone().max_connections(connections);
    options.connect_lazy_with(pool.connect_options().as_ref().clone())
}

/// A fault of ours in one group ends that group and not the lane.
async fn keep_running(pool: PgPool, mut receiver: mpsc::Receiver<Waiting>) {
    while AssertUnwindSafe(run(&pool, &mut receiver))
        .catch_unwind()
        .await
        .is_err()
    {
        tracing::error!("a group of commits ended in a panic; its callers are told");
    }
}

async fn run(pool: &PgPool, receiver: &mut mpsc::Receiver<Waiting>) {
    let mut waiting: Vec<Waiting> = Vec::new();
    loop {
        if waiting.is_empty() {
            match receiver.recv().await {
                Some(first) => waiting.push(first),
                None => return,
            }
        }
        while waiting.len() < LANE_REQUESTS {
            match receiver.try_recv() {
                Ok(next) => waiting.push(next),
                Err(_) => break,
            }
        }
        // A caller who left before the commit wants no points.
        waiting.retain(|request| !request.reply.is_closed());
        let group = next_group(&mut waiting);
        let size = group.len();
        let again = commit(pool, group).await;
        if again.len() == size && again.iter().all(|request| !request.alone) {
            tokio::time::sleep(BUSY_PAUSE).await;
        }
        waiting.extend(again);
    }
}

/// Takes the next group, sorted by tenant. Every tenant's first request comes
/// before any tenant's second: one that floods waits for itself.
fn next_group(waiting: &mut Vec<Waiting>) -> Vec<Waiting> {
    let mut seen: HashMap<TenantId, usize> = HashMap::new();
    let mut turn = |request: &Waiting| {
        let count = seen.entry(request.commit.tenant.clone()).or_default();
        *count += 1;
        *count
    };
    if waiting.len() > GROUP_REQUESTS {
        waiting.sort_by_cached_key(|request| turn(request));
    }
    let (mut bytes, mut parts) = (0, 0);
    let mut joined: HashSet<&TenantId> = HashSet::new();
    let fitting = waiting.iter().take_while(|request| {
        let (first, commit) = (bytes == 0, &request.commit);
        bytes += size(commit);
        parts += match request.joins() {
            // Those of one tenant are one.
            true => usize::from(joined.insert(&commit.tenant)),
            // Event ids are inserted in a block of their own.
            false => 1 + usize::from(!commit.ingested.events.is_empty()),
        };
        first || (bytes <= GROUP_BYTES && parts <= GROUP_REQUESTS)
    });
    let mut group: Vec<Waiting> = {
        let count = fitting.count();
        waiting.drain(..count).collect()
    };
    // A stable sort: requests of one tenant keep their order.
    group.sort_by(|a, b| a.commit.tenant.cmp(&b.commit.tenant));
    group
}

impl Waiting {
    fn answer(self, answer: Result<Outcome>) {
        // The caller may have left meanwhile; the points are kept.
        self.reply.send(answer).ok();
    }

    /// Whether it may be committed as one with others of its tenant.
    fn joins(&self) -> bool {
        !self.alone && is_plain(&self.commit)
    }
}

/// The commits of a group, and how many requests each of them stands for.
fn joined(group: &[Waiting]) -> Vec<(Arc<Commit>, usize)> {
    let runs = group.chunk_by(|a, b| a.joins() && b.joins());
    runs.flat_map(|run| {
        let commits: Vec<Arc<Commit>> = run.iter().map(|r| r.commit.clone()).collect();
        join(&commits)
    })
    .collect()
}

/// What a commit sends to Postgres, roughly.
fn size(commit: &Commit) -> usize {
    let files = commit.add.iter().map(|file| match &file.storage {
        NewStorage::Inline(bytes) => bytes.len(),
        NewStorage::Object { .. } => 256,
    });
    files.sum::<usize>() + 16 * commit.ingested.events.len() + 256
}

/// Commits a group and answers its callers; gives back who has to wait for
/// another process, or was joined with others and is to be tried alone.
async fn commit(pool: &PgPool, group: Vec<Waiting>) -> Vec<Waiting> {
    let commits = joined(&group);
    let borrowed: Vec<&Commit> = commits.iter().map(|(commit, _)| &**commit).collect();
    let turns = match commit_group(pool, &borrowed).await {
        Ok(turns) => turns,
        // Not known what was kept, or nobody there: the same for all.
        Err(Error::Unavailable {
            message,
            retry_after,
        }) => {
            let unavailable = |_| {
                Turn::Done(Err(Error::Unavailable {
                    message: message.clone(),
                    retry_after,
                }))
            };
            borrowed.iter().map(unavailable).collect()
        }
        // Something in the group breaks the statement itself: one by one.
        Err(error) if borrowed.len() > 1 => {
            tracing::warn!(%error, "a group could not be committed; trying one by one");
            let mut turns = Vec::with_capacity(borrowed.len());
            for commit in &borrowed {
                turns.push(match commit_group(pool, &[commit]).await {
                    Ok(mut turns) => turns.remove(0),
                    Err(error) => Turn::Done(Err(error)),
                });
            }
            turns
        }
        Err(error) => vec![Turn::Done(Err(error))],
    };
    let mut again = Vec::new();
    let mut requests = group.into_iter();
    for (turn, (_, count)) in turns.into_iter().zip(&commits) {
        let of_turn = requests.by_ref().take(*count);
        match turn {
            Turn::Done(Ok(Outcome::Committed(version))) => {
                of_turn.for_each(|request| request.answer(Ok(Outcome::Committed(version))));
            }
            // It may be that they were kept: nothing is tried again.
            Turn::Done(Err(Error::Unavailable {
                message,
                retry_after,
            })) => of_turn.for_each(|request| {
                request.answer(Err(Error::Unavailable {
                    message: message.clone(),
                    retry_after,
                }));
            }),
            // Nothing was, and the points of the day may suffice for some.
            Turn::Done(_) if *count > 1 => again.extend(of_turn.map(|request| Waiting {
                alone: true,
                ..request
            })),
            Turn::Done(answer) => {
                let mut answer = Some(answer);
                of_turn.for_each(|request| {
                    if let Some(answer) = answer.take() {
                        request.answer(answer);
                    }
                });
            }
            Turn::Busy => {
                for request in of_turn {
                    match request.since.elapsed() < BUSY_LIMIT {
                        true => again.push(request),
                        false => request.answer(Err(held())),
                    }
                }
            }
        }
    }
    again
}

fn held() -> Error {
    Error::Unavailable {
        message: "another server is changing this tenant's data; nothing was kept".into(),
        retry_after: crate::metadata::RETRY_AFTER,
    }
}
