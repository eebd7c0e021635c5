//! What a panel is computed of: a question, and whose rights it is asked with.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Days, Utc};
use chrono_tz::Tz;
use engine::dashboard::{day_number, day_start_us};
use engine::metadata::embed_tokens::Panel;
use engine::session::RecordTables;
use engine::structured::{StructuredQuery, structured};
use engine::{Access, Engine, Session, TenantId};
use serde::Serialize;

use crate::encode::Decimals;
use crate::error::{Problem, Result};
use crate::routes::dashboard::DashboardParams;
use crate::routes::query::QueryAnswer;

/// Bytes of an answer that is kept to be compared with the next.
const MOST_BYTES: usize = 2 << 20;

/// A question of a tenant's, under some rights: who asks the same shares the
/// answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    pub(crate) tenant: TenantId,
    pub(crate) access: Arc<Access>,
    pub(crate) question: Question,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    /// The dashboard of all platforms or of one, in these parts.
    Overview(Box<DashboardParams>, Option<BTreeSet<Panel>>),
    /// A structured question.
    Structured(Box<StructuredQuery>, Decimals),
}

/// An answer at one version and on one day.
#[derive(Debug)]
pub(super) struct Computed {
    pub(super) version: i64,
    pub(super) as_of: DateTime<Utc>,
    /// The local day that it calls today.
    pub(super) day: i32,
    /// When that day ends.
    pub(super) day_ends: DateTime<Utc>,
    /// The answer as JSON.
    pub(super) text: Arc<str>,
}

impl Wanted {
    /// The answer now.
    pub(super) async fn answer(&self, engine: &Engine) -> Result<Computed> {
        let session = engine
            .session_as(&self.tenant, self.access.clone(), RecordTables::Hidden)
            .await?;
        let now = Utc::now();
        let (text, zone) = match &self.question {
            Question::Overview(params, parts) => {
                let zone = params.zone()?;
                let dashboard = params.answer(&session, parts.as_ref(), now).await?;
                (json(&dashboard)?, zone)
            }
            Question::Structured(query, decimals) => {
                let answer = structured(&session, query, now).await?;
                (json(&QueryAnswer::new(answer, *decimals))?, query.zone)
            }
        };
        computed(&session, text, zone, now)
    }
}

fn computed(
    session: &Session,
    text: String,
    zone: Option<Tz>,
    now: DateTime<Utc>,
) -> Result<Computed> {
    if text.len() > MOST_BYTES {
        return Err(Problem::unprocessable(format!(
            "the panel's answer has {} bytes; {MOST_BYTES} are kept live",
            text.len()
        ))
        .hint("ask for fewer days, longer buckets, or the largest groups with `top`"));
    }
    let zone = zone.unwrap_or_else(|| session.time_zone());
    let today = now.with_timezone(&zone).date_naive();
    let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
    let day_ends = DateTime::from_timestamp_micros(day_start_us(tomorrow, zone));
    Ok(Computed {
        version: session.version(),
        as_of: session.as_of(),
        day: day_number(today),
        day_ends: day_ends.unwrap_or(DateTime::<Utc>::MAX_UTC),
        text: text.into(),
    })
}

fn json(answer: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(answer).map_err(engine::Error::internal)?)
}
