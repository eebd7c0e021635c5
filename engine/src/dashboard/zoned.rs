//! The cells of a dashboard in any zone.
//!
//! In the tenant's own zone roll-ups give all of them. In another one quarter
//! hours give the totals, and top values are put together from whole files'
//! roll-ups and from the rows of files that the range cuts.

use std::sync::Arc;

use chrono_tz::Tz;
use storage_layout::rollup::Partials;

use super::RawTop;
use super::range::Spans;
use crate::error::Result;
use crate::session::{PartialsSource, Session};

/// Rows that top values in another zone may cost under [`RawTop::WhenCheap`]:
/// about a second of one core, once; what was read is remembered.
const CHEAP_CUT_ROWS: u64 = 1_000_000;

/// What the panels are made of.
pub(super) struct Cells {
    pub(super) partials: Arc<Partials>,
    /// Where the totals came from.
    pub(super) source: PartialsSource,
    /// Where the slices came from; `None` when they only say which keys and
    /// values there are.
    pub(super) slices: Option<PartialsSource>,
}

pub(super) async fn cells(
    session: &Session,
    spans: &Spans,
    zone: Tz,
    raw_top: RawTop,
) -> Result<Cells> {
    let days = spans.numbers();
    let (totals, source) = session.partials(days.start, days.end, zone).await?;
    let own = session.time_zone();
    if zone == own {
        return Ok(Cells {
            partials: whole(session, totals),
            source,
            slices: Some(source),
        });
    }
    let current = spans.current.numbers();
    let cheap = raw_top == RawTop::Always
        || session.slices_cost_rows(current.clone(), zone).await <= CHEAP_CUT_ROWS;
    let (slices, slices_source) = match cheap {
        true => {
            let (slices, source) = session.slices(current, zone).await?;
            (slices, Some(source))
        }
        false => {
            let (named, _) = session.partials(current.start, current.end, own).await?;
            (named.slices_of_span(current)?, None)
        }
    };
    Ok(Cells {
        partials: whole(session, Arc::new(totals.plus([&slices])?)),
        source,
        slices: slices_source,
    })
}

/// The same with the keys named as incomplete that some points hold in their
/// JSON text alone, of which roll-ups know nothing.
fn whole(session: &Session, partials: Arc<Partials>) -> Arc<Partials> {
    let dimensions = session.dimensions();
    let hidden = |key: &str| dimensions.get(key).is_some_and(|column| column.partial);
    match dimensions.columns().any(|column| column.partial) {
        true => Arc::new(Arc::unwrap_or_clone(partials).with_incomplete(hidden)),
        false => partials,
    }
}
