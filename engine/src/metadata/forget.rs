//! Forgets what the catalog holds of erased points beside the files.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use storage_layout::TenantId;
use uuid::Uuid;

use super::blame;
use super::erasures::{Receipt, Subject};
use super::tenant_tx::TenantTx;
use crate::error::Result;

/// Deeper than this nobody looks into a rejected point.
const DEPTH: u8 = 64;

/// Of one value: quarantined points; stored answers and event hashes hold no
/// value of a point. Of a tenant: all of these. Metric names, dimension keys and
/// counts of use stay. With `until` only what came up to then, by the
/// database's clock.
pub(super) async fn beside_files(
    tx: &mut TenantTx,
    tenant: &TenantId,
    subject: Option<&Subject>,
    until: Option<DateTime<Utc>>,
    receipt: &mut Receipt,
) -> Result<()> {
    receipt.quarantined += quarantined(tx, tenant, subject, until).await?;
    if subject.is_some() {
        return Ok(());
    }
    for (count, query) in [
        (
            &mut receipt.event_ids,
            // Written when the event came, with its 7 days.
            "DELETE FROM analytics.event_seen WHERE tenant_id = $1
               AND ($2::timestamptz IS NULL OR expires_at - interval '7 days' <= $2)",
        ),
        (
            &mut receipt.stored_answers,
            "DELETE FROM analytics.idempotency WHERE tenant_id = $1
               AND ($2::timestamptz IS NULL OR expires_at - interval '7 days' <= $2)",
        ),
        (
            &mut receipt.import_chunks,
            "DELETE FROM analytics.import_chunk WHERE tenant_id = $1
               AND ($2::timestamptz IS NULL OR imported_at <= $2)",
        ),
    ] {
        let done = sqlx::query(query)
            .bind(tenant.as_str())
            .bind(until)
            .execute(&mut **tx)
            .await
            .map_err(blame)?;
        *count += done.rows_affected();
    }
    Ok(())
}

/// Deletes rejected points: all, or those that may hold the subject's value.
async fn quarantined(
    tx: &mut TenantTx,
    tenant: &TenantId,
    subject: Option<&Subject>,
    until: Option<DateTime<Utc>>,
) -> Result<u64> {
    let kept: Vec<(Uuid, Option<String>)> = sqlx::query_as(
        "SELECT id, CASE WHEN $3 THEN point END FROM analytics.quarantine WHERE tenant_id = $1
           AND ($2::timestamptz IS NULL OR coalesce(kept_at, received_at) <= $2)",
    )
    .bind(tenant.as_str())
    .bind(until)
    .bind(subject.is_some())
    .fetch_all(&mut **tx)
    .await
    .map_err(blame)?;
    let goes = |point: Option<&str>| match (subject, point) {
        (Some(subject), Some(point)) => may_hold(point, subject),
        // Everything goes, or nobody can say what the point held.
        _ => true,
    };
    let found = kept.into_iter().filter(|(_, point)| goes(point.as_deref()));
    let found: Vec<Uuid> = found.map(|(id, _)| id).collect();
    let done =
        sqlx::query("DELETE FROM analytics.quarantine WHERE tenant_id = $1 AND id = ANY ($2)")
            .bind(tenant.as_str())
            .bind(found)
            .execute(&mut **tx)
            .await
            .map_err(blame)?;
    Ok(done.rows_affected())
}

/// Whether a rejected point may have the subject's value. Where its dimensions
/// are an object, that is their member; else every value in it counts, because
/// nobody can say which of them was meant. What cannot be read may hold it.
fn may_hold(point: &str, subject: &Subject) -> bool {
    if let Ok(Members(members)) = serde_json::from_str(point) {
        let mut dimensions = members.iter().filter(|(key, _)| key == "dimensions");
        if let (Some((_, dimensions)), None) = (dimensions.next(), dimensions.next())
            && let Ok(Members(dimensions)) = serde_json::from_str(dimensions.get())
        {
            return dimensions
                .iter()
                .filter(|(key, _)| *key == subject.dimension)
                .any(|(_, value)| any_is(value.get(), subject, DEPTH));
        }
    }
    any_is(point, subject, DEPTH)
}

/// Whether any text, number or truth value in a JSON text is the subject's,
/// also in a text that is JSON itself.
fn any_is(json: &str, subject: &Subject, depth: u8) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return true;
    };
    let any_is = |value: &RawValue| any_is(value.get(), subject, depth);
    match json.trim_start().as_bytes().first() {
        Some(b'{') => serde_json::from_str::<Members<'_>>(json)
            .map_or(true, |found| found.0.iter().any(|(_, value)| any_is(value))),
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(json)
            .map_or(true, |found| found.into_iter().any(any_is)),
        Some(b'"') => serde_json::from_str::<String>(json).map_or(true, |text| {
            let inner = text.trim_start().starts_with(['{', '[']);
            let inner = inner.then(|| serde_json::from_str::<&RawValue>(&text).ok());
            subject.is(&text) || inner.flatten().is_some_and(any_is)
        }),
        _ => serde_json::from_str::<&RawValue>(json).map_or(true, |raw| {
            match storage_layout::Value::parse(raw.get()) {
                Ok(number) => subject.is_number(&number.value.to_string()),
                Err(_) => raw.get() != "null" && subject.is(raw.get()),
            }
        }),
    }
}

/// The members of a JSON object in their order, those of one key all of them.
struct Members<'j>(Vec<(String, &'j RawValue)>);

impl<'de: 'j, 'j> Deserialize<'de> for Members<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_point_goes_when_it_may_hold_the_value() {
        let of = |value| Subject::new("customer_id", value).expect("random bytes");
        for (point, value, goes) in [
            (r#"{"dimensions":{"customer_id":"m"}}"#, "m", true),
            (r#"{"dimensions":{"customer_id":"other"}}"#, "m", false),
            // The value of another dimension is not this one's.
            (r#"{"dimensions":{"country":"m"}}"#, "m", false),
            (r#"{"dimensions":{"customer_id":{"id":["m"]}}}"#, "m", true),
            (
                r#"{"dimensions":{"customer_id":"m","customer_id":1}}"#,
                "m",
                true,
            ),
            (r#"{"dimensions":{"customer_id":1.0}}"#, "1", true),
            (r#"{"dimensions":{"customer_id":1}}"#, "1.0", true),
            (r#"{"dimensions":{"customer_id":"1"}}"#, "1.0", false),
            (r#"{"dimensions":{"customer_id":true}}"#, "true", true),
            // No dimensions, or none that are an object.
            (r#"{"customer_id":"m"}"#, "m", true),
            (r#"{"dimensions":["customer_id","m"]}"#, "m", true),
            (r#"{"dimensions":"{\"customer_id\":\"m\"}"}"#, "m", true),
            (r#"{"dimensions":null,"x":[{"y":"m"}]}"#, "m", true),
            (
                r#"{"dimensions":{},"dimensions":{"customer_id":"m"}}"#,
                "m",
                true,
            ),
            (r#"{"dimensions":null,"x":[{"y":"other"}]}"#, "m", false),
            (r#"["m"]"#, "m", true),
            (r#"[1, null]"#, "m", false),
            // No JSON, or too deep to look into.
            (r#"{"dimensions":{"customer_id":"mal"#, "m", true),
            (&"[".repeat(1_000), "m", true),
        ] {
            assert_eq!(may_hold(point, &of(value)), goes, "{point}, {value}");
        }
    }
}
