//! Requests of one tenant that are committed as one: their files become live in
//! one version. That spares Postgres everything but the files' own rows.

use std::sync::Arc;

use crate::metadata::commit::{Commit, Ingested, NewStorage};

/// Joins neighbours of one tenant; each with how many requests it stands for.
pub(super) fn join(commits: &[Arc<Commit>]) -> Vec<(Arc<Commit>, usize)> {
    commits
        .chunk_by(|a, b| may_join(a, b))
        .map(|run| match run {
            [one] => (one.clone(), 1),
            _ => (Arc::new(whole(run)), run.len()),
        })
        .collect()
}

/// Whether two requests can only be kept together: what the catalog decides for
/// each by itself (a key, an event, a column that is new) is in neither.
fn may_join(a: &Commit, b: &Commit) -> bool {
    a.tenant == b.tenant
        && a.rollup_zone == b.rollup_zone
        && a.registry_version == b.registry_version
        && is_plain(a)
        && is_plain(b)
}

/// Whether a request adds points in the catalog's rows and does nothing else.
pub(super) fn is_plain(commit: &Commit) -> bool {
    let Ingested {
        idempotency,
        chunk,
        imported,
        events,
        counts: _,
    } = &commit.ingested;
    let inline = |storage: &NewStorage| matches!(storage, NewStorage::Inline(_));
    commit.remove.is_empty()
        && commit.dimensions.is_empty()
        && commit.metrics.is_empty()
        && !commit.overflowed
        && idempotency.is_none()
        && chunk.is_none()
        && !imported
        && events.is_empty()
        && commit
            .add
            .iter()
            .all(|file| inline(&file.storage) && file.detail_key.is_none())
}

fn whole(run: &[Arc<Commit>]) -> Commit {
    let mut whole = Commit::clone(&run[0]);
    for next in &run[1..] {
        whole.add.extend(next.add.iter().cloned());
        let counts = &mut whole.ingested.counts;
        for (sum, count) in counts.iter_mut().zip(next.ingested.counts) {
            *sum += count;
        }
    }
    whole
}
