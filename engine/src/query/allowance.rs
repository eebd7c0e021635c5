//! What a tenant may still fetch from stored files today.
//!
//! The catalog counts for all servers. So that not every read asks it, a
//! server takes a piece of the day's rest at a time and hands that out; what it
//! has not handed out when it stops, or when the tenant is quiet, it gives
//! back. Bytes are taken before they are fetched, so the limit is never
//! exceeded; of a server that is killed, a piece counts as used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use storage_layout::TenantId;
use tokio::time::Instant;

use crate::error::Result;
use crate::metadata::plans::{Granted, Plans};

/// The limit that this holds.
const LIMIT: &str = "scan_bytes_per_day";

/// The most that is taken at a time; of a small limit, a 1,024th.
const PIECE_BYTES: u64 = 64 << 20;

/// A tenant that fetched nothing for so long is quiet.
const QUIET: Duration = Duration::from_secs(60);

type Pieces = HashMap<TenantId, Arc<tokio::sync::Mutex<Piece>>>;

/// Hands out; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Allowances {
    plans: Plans,
    pieces: Arc<Mutex<Pieces>>,
}

/// What was taken of the day's rest and is not handed out yet.
#[derive(Debug)]
struct Piece {
    left: Option<Granted>,
    touched: Instant,
}

impl Allowances {
    pub(crate) fn new(plans: Plans) -> Self {
        Self {
            plans,
            pieces: Arc::default(),
        }
    }

    /// Lets the tenant fetch these bytes. Errors: `LimitExceeded` when the
    /// day's rest does not suffice, `Unavailable` when the catalog cannot say.
    pub(crate) async fn take(&self, tenant: &TenantId, bytes: u64) -> Result<()> {
        let piece = self.piece(tenant);
        // Those who find nothing left wait for the one that asks.
        let mut piece = piece.lock().await;
        piece.touched = Instant::now();
        let now = Utc::now();
        let left = piece.left.take().filter(|left| left.until > now);
        let lacking = bytes.saturating_sub(left.as_ref().map_or(0, |left| left.amount));
        let mut left = match left {
            Some(left) if lacking == 0 => left,
            left => match self.plans.spend(tenant, LIMIT, lacking, PIECE_BYTES).await {
                Ok(more) => match left.filter(|left| left.until == more.until) {
                    Some(left) => Granted {
                        amount: left.amount.saturating_add(more.amount),
                        until: more.until,
                    },
                    // The day went over: what was left of the other is gone.
                    None => more,
                },
                Err(error) => {
                    piece.left = left;
                    return Err(error);
                }
            },
        };
        if left.amount < bytes {
            // A day began meanwhile; its first piece was for less.
            let more = self.plans.spend(tenant, LIMIT, bytes, PIECE_BYTES).await?;
            left.amount = left.amount.saturating_add(more.amount);
        }
        left.amount = left.amount.saturating_sub(bytes);
        piece.left = Some(left);
        Ok(())
    }

    /// Gives back what quiet tenants have not used.
    pub(crate) async fn give_back_quiet(&self) {
        self.give_back(QUIET).await;
    }

    /// Gives back everything, before the process ends.
    pub(crate) async fn give_back_all(&self) {
        self.give_back(Duration::ZERO).await;
    }

    async fn give_back(&self, quiet_for: Duration) {
        let pieces: Vec<_> = {
            let pieces = self.lock();
            let each = pieces.iter();
            each.map(|(tenant, piece)| (tenant.clone(), piece.clone()))
                .collect()
        };
        for (tenant, piece) in pieces {
            let Ok(mut held) = piece.try_lock() else {
                continue;
            };
            if held.touched.elapsed() < quiet_for {
                continue;
            }
            let left = held.left.take().filter(|left| left.amount > 0);
            if let Some(left) = left
                && let Err(error) = self.plans.give_back(&tenant, LIMIT, &left).await
            {
                // It counts as used, which errs on the safe side.
                tracing::warn!(%error, "unused bytes of a day were not given back");
            }
            // Whoever waits has the piece in hand, and takes anew into it:
            // dropping it here would only forget that.
            let mut pieces = self.lock();
            if Arc::strong_count(&piece) == 2 {
                pieces.remove(&tenant);
            }
        }
    }

    fn piece(&self, tenant: &TenantId) -> Arc<tokio::sync::Mutex<Piece>> {
        let new = || {
            Arc::new(tokio::sync::Mutex::new(Piece {
                left: None,
                touched: Instant::now(),
            }))
        };
        let mut pieces = self.lock();
        pieces.entry(tenant.clone()).or_insert_with(new).clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pieces> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
