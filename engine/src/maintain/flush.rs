//! From inline files to objects: whose turn it is, and how much at once.

use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use storage_layout::TenantId;

use super::held::HeldLease;
use super::pace::Pace;
use super::rewrite::Into;
use super::{FLUSH, Maintainer, PAUSE, Replaced, log};
use crate::error::Result;
use crate::metadata::catalog::{DataFile, FileStorage};
use crate::metadata::leases::Take;
use crate::metadata::looks::{self, Waiting, Watch};

/// What one flush reads of inline files, in bytes and in rows: rows in memory
/// take about six times the bytes, and more where they were packed well.
pub(super) const MOST: Size = Size {
    bytes: 16 << 20,
    rows: 500_000,
};

/// Flushes of one tenant before it is the next one's turn.
const FLUSHES_IN_TURN: usize = 8;

/// Flushes are begun for this long before the catalog is looked at again.
const FLUSH_ROUND: Duration = Duration::from_secs(20);

/// From so many inline bytes on a tenant's flush is a large one; of small ones
/// so many are made at once.
const LARGE_FLUSH_BYTES: u64 = 1 << 20;
const SMALL_FLUSHES: usize = 4;

/// How much a file, or a group of files, is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) bytes: u64,
    pub(super) rows: u64,
}

impl Maintainer {
    pub(super) async fn flush_for_ever(&self) {
        let mut watch = Watch::default();
        loop {
            tokio::time::sleep(PAUSE).await;
            match looks::tenants_to_flush(&self.pool, FLUSH, &watch).await {
                Ok(look) => {
                    let all = self.flush_round(&look.found).await;
                    watch.note(&look, all && !look.cut_off);
                }
                Err(error) => tracing::warn!(%error, "background work cannot see the catalog"),
            }
        }
    }

    /// Flushes these tenants, the most urgent first, until the round's time is
    /// used; whether all had their turn. Large ones go one by one, small ones
    /// beside them, so that neither waits for the other.
    async fn flush_round(&self, waiting: &[Waiting]) -> bool {
        let end = Instant::now() + FLUSH_ROUND;
        let (large, small): (Vec<_>, Vec<_>) =
            waiting.iter().partition(|w| w.bytes >= LARGE_FLUSH_BYTES);
        let lane = |tenants: Vec<&Waiting>, at_once: usize| {
            let tenants: Vec<TenantId> = tenants.iter().map(|w| w.tenant.clone()).collect();
            let flushes = tenants.into_iter().map(move |tenant| async move {
                if Instant::now() >= end {
                    return false;
                }
                log(&tenant, "flushed", self.flush_in_turn(&tenant).await);
                true
            });
            stream::iter(flushes)
                .buffer_unordered(at_once)
                .fold(true, |all, served| std::future::ready(all && served))
        };
        let (large, small) = tokio::join!(lane(large, 1), lane(small, SMALL_FLUSHES));
        large && small
    }

    /// Some flushes of one tenant, unless somebody else is at it.
    async fn flush_in_turn(&self, tenant: &TenantId) -> Result<()> {
        let Some(lease) = HeldLease::take(&self.pool, tenant, FLUSH, Take::Free).await? else {
            return Ok(());
        };
        let pace = self.pace.as_ref().map(Pace::of_flush);
        let flushed = self.flush(tenant, &lease, FLUSHES_IN_TURN, pace).await;
        lease.release(None).await;
        match flushed?.damaged {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Makes objects of inline files, in groups.
    pub(super) async fn flush(
        &self,
        tenant: &TenantId,
        lease: &HeldLease,
        groups: usize,
        pace: Option<Pace>,
    ) -> Result<Replaced> {
        let snapshot = self.snapshot(tenant).await?;
        let windows = self.windows(&snapshot).await?;
        let meant =
            |file: &&DataFile| file.storage == FileStorage::Inline && !self.set_aside.has(file.id);
        let inline: Vec<&DataFile> = snapshot.files.iter().filter(meant).collect();
        let mut all = Replaced::default();
        for files in by_size(&inline, MOST).take(groups) {
            let into = Into::Volume(windows.clone());
            let files = files.iter().copied().cloned().collect();
            let replaced =
                self.replace_sound(&snapshot, files, into, lease.as_fence(), pace.clone());
            let Replaced { files, damaged } = replaced.await?;
            all.files += files;
            all.damaged = all.damaged.or(damaged);
        }
        Ok(all)
    }
}

/// Cuts a list of files where the next one would exceed `most`.
pub(super) fn by_size<'a, 'f>(
    files: &'a [&'f DataFile],
    most: Size,
) -> impl Iterator<Item = &'a [&'f DataFile]> {
    cut(files, most, |file| Size {
        bytes: file.bytes,
        rows: file.statistics.rows,
    })
}

/// Cuts a list where the next element would exceed `most`.
fn cut<T>(list: &[T], most: Size, size: impl Fn(&T) -> Size) -> impl Iterator<Item = &[T]> {
    let mut taken: Option<Size> = None;
    list.chunk_by(move |a, b| {
        let (before, next) = (taken.unwrap_or_else(|| size(a)), size(b));
        let both = Size {
            bytes: before.bytes.saturating_add(next.bytes),
            rows: before.rows.saturating_add(next.rows),
        };
        let together = both.bytes <= most.bytes && both.rows <= most.rows;
        taken = Some(if together { both } else { next });
        together
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_is_bounded_in_bytes_and_in_rows() {
        let most = Size {
            bytes: 10,
            rows: 100,
        };
        let files = [(4, 1), (6, 1), (1, 60), (1, 40), (1, 1), (30, 500), (1, 1)];
        let size = |(bytes, rows): &(u64, u64)| Size {
            bytes: *bytes,
            rows: *rows,
        };
        let lengths: Vec<usize> = cut(&files, most, size).map(<[_]>::len).collect();
        assert_eq!(lengths, [2, 2, 1, 1, 1]);
    }
}
