//! The five platforms of the first suite, as registrations.

use storage_layout::MetricKind;

use super::platforms::{EventDimension, EventPoint, EventValue, Platform};

/// The presets.
pub(super) fn presets() -> Vec<Platform> {
    vec![
        platform(
            "bizoholic",
            "Marketing",
            vec![
                point(
                    "revenue",
                    "campaign_revenue",
                    field("revenue"),
                    &["campaign_id=id", "campaign_type=type"],
                ),
                EventPoint {
                    kind: MetricKind::Ratio {
                        numerator: "leads_generated".into(),
                        denominator: "clicks".into(),
                    },
                    ..point(
                        "conversions",
                        "campaign_conversion",
                        field("conversion_rate"),
                        &["leads_generated=leads", "clicks"],
                    )
                },
            ],
        ),
        platform(
            "coreldove",
            "E-commerce",
            vec![
                point(
                    "revenue",
                    "order_revenue",
                    field("total_amount"),
                    &["order_id=id", "customer_id", "product_count=#items"],
                ),
                point(
                    "engagement",
                    "customer_activity",
                    EventValue::Constant("1".into()),
                    &["session_duration", "pages_viewed"],
                ),
            ],
        ),
        platform(
            "business_directory",
            "Business directory",
            vec![point(
                "engagement",
                "listing_views",
                field("view_count"),
                &["listing_id=id", "category", "location"],
            )],
        ),
        platform(
            "thrillring",
            "Gaming",
            vec![point(
                "engagement",
                "gaming_session",
                field("duration_minutes"),
                &["player_id", "game_type", "score=final_score"],
            )],
        ),
        platform(
            "quanttrade",
            "Trading",
            vec![point(
                "performance",
                "trade_pnl",
                field("profit_loss"),
                &["trade_id=id", "instrument", "strategy"],
            )],
        ),
    ]
}

fn platform(name: &str, title: &str, points: Vec<EventPoint>) -> Platform {
    Platform {
        name: name.into(),
        title: title.into(),
        points,
    }
}

fn field(name: &str) -> EventValue {
    EventValue::Field(name.into())
}

/// `dimensions` are `name`, `name=field` or `name=#field` (the field's length).
fn point(
    metric_type: &str,
    metric_name: &str,
    value: EventValue,
    dimensions: &[&str],
) -> EventPoint {
    let dimension = |text: &&str| {
        let (name, from) = text.split_once('=').unwrap_or((text, text));
        let (count, field) = match from.strip_prefix('#') {
            Some(field) => (true, field),
            None => (false, from),
        };
        EventDimension {
            name: name.into(),
            field: field.into(),
            count,
        }
    };
    EventPoint {
        metric_type: metric_type.into(),
        metric_name: metric_name.into(),
        value,
        dimensions: dimensions.iter().map(dimension).collect(),
        kind: MetricKind::Sum,
    }
}
