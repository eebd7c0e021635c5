//! `tessera quarantine`: rejected points, listed, sent again or dropped.

use clap::{Args, Subcommand};
use engine::ingest::quarantine::{Dropped, Entry, Filter, MAX_AT_ONCE, Replayed, not_quarantined};
use engine::{Engine, Error, Result, TenantId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Output, Place};

#[derive(Subcommand)]
pub(super) enum Quarantine {
    /// List rejected points, the newest first.
    List {
        #[command(flatten)]
        whose: Whose,
        /// How many at most.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_AT_ONCE)))]
        limit: u32,
    },
    /// Send rejected points again as they are.
    Replay(Chosen),
    /// Remove rejected points that are not wanted.
    Drop(Chosen),
}

#[derive(Args)]
pub(super) struct Whose {
    /// Whose points.
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// Only those with this field at fault.
    #[arg(long)]
    field: Option<String>,
    /// Only those that name this platform.
    #[arg(long)]
    platform: Option<String>,
}

#[derive(Args)]
pub(super) struct Chosen {
    #[command(flatten)]
    whose: Whose,
    /// Which ones.
    #[arg(value_name = "POINT", required_unless_present = "all")]
    ids: Vec<Uuid>,
    /// All that match, up to 1,000 at a time.
    #[arg(long, conflicts_with = "ids")]
    all: bool,
}

impl Quarantine {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        let engine = place.open().await?;
        let done = match &self {
            Self::List { whose, limit } => list(&engine, whose, *limit).await,
            Self::Replay(chosen) => replay(&engine, chosen).await,
            Self::Drop(chosen) => drop_chosen(&engine, chosen).await,
        };
        engine.shutdown().await?;
        let (text, object) = done?;
        output.say(text, &object);
        Ok(())
    }
}

impl Whose {
    fn filter(&self) -> Filter {
        Filter {
            field: self.field.clone(),
            platform: self.platform.clone(),
        }
    }
}

impl Chosen {
    async fn ids(&self, engine: &Engine) -> Result<Vec<Uuid>> {
        if !self.all {
            return Ok(self.ids.clone());
        }
        let (tenant, filter) = (&self.whose.tenant, self.whose.filter());
        engine.ingest().quarantined_ids(tenant, &filter).await
    }
}

/// What is said to people and to machines.
type Said = (String, Value);

async fn list(engine: &Engine, whose: &Whose, limit: u32) -> Result<Said> {
    let filter = whose.filter();
    let entries = engine
        .ingest()
        .quarantined(&whose.tenant, &filter, None, limit)
        .await?;
    let text = match entries.len() {
        0 => "no rejected points".to_owned(),
        _ => entries.iter().map(line).collect::<Vec<_>>().join("\n"),
    };
    let object = |entry: &Entry| {
        json!({
            "id": entry.id,
            "received_at": entry.received_at,
            "expires_at": entry.expires_at,
            "source": entry.source,
            "index": entry.index,
            "field": entry.field,
            "reason": entry.reason,
            "point": entry.point,
            "attempts": entry.attempts,
        })
    };
    let entries: Vec<Value> = entries.iter().map(object).collect();
    Ok((text, json!({"entries": entries})))
}

/// Text of senders is shown escaped: it may hold what a terminal obeys.
fn line(entry: &Entry) -> String {
    let point = entry.point.as_deref().unwrap_or("(too long to keep)");
    let (field, reason, point) = (
        entry.field.escape_debug(),
        entry.reason.escape_debug(),
        point.escape_debug(),
    );
    let at = entry.received_at.format("%Y-%m-%dT%H:%M:%SZ");
    format!("{} {at} {field} {reason}: {point}", entry.id)
}

async fn replay(engine: &Engine, chosen: &Chosen) -> Result<Said> {
    let (mut accepted, mut duplicates, mut rejected) = (0u64, 0u64, Vec::new());
    for id in chosen.ids(engine).await? {
        match engine.ingest().replay(&chosen.whose.tenant, id, None).await {
            Ok(Replayed::Accepted(_)) => accepted += 1,
            Ok(Replayed::Duplicate) => duplicates += 1,
            Ok(Replayed::Rejected(fault)) => {
                rejected.push(json!({"id": id, "field": fault.field, "reason": fault.reason}));
            }
            Err(Error::Invalid { message, at, .. }) => {
                rejected.push(json!({"id": id, "field": at, "reason": message}));
            }
            // Of all that match, one may be gone by now.
            Err(Error::NotFound { .. }) if chosen.all => {}
            Err(error) => return Err(error),
        }
    }
    let count = rejected.len();
    Ok((
        format!(
            "replayed {accepted} points, {duplicates} duplicates dropped, {count} rejected again"
        ),
        json!({"accepted": accepted, "duplicates": duplicates, "rejected": rejected}),
    ))
}

async fn drop_chosen(engine: &Engine, chosen: &Chosen) -> Result<Said> {
    let mut count = 0u64;
    for id in chosen.ids(engine).await? {
        let tenant = &chosen.whose.tenant;
        match engine.ingest().drop_quarantined(tenant, id).await? {
            Dropped::Done => count += 1,
            Dropped::Missing if !chosen.all => return Err(not_quarantined(id)),
            Dropped::Missing | Dropped::Replaying => {}
        }
    }
    Ok((
        format!("dropped {count} rejected points"),
        json!({"dropped": count}),
    ))
}
