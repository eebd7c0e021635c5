//! The platforms and what becomes of their events.

use axum::Json;
use axum::extract::State;
use engine::metadata::platforms::{self, EventDimension, EventPoint, EventValue};
use serde::Serialize;
use utoipa::ToSchema;

use super::metrics::Kind;
use crate::app::App;
use crate::auth::{Caller, ToView};
use crate::error::{KeyRefused, Result};

/// The registered platforms that the caller may see.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Platforms {
    /// The platforms.
    platforms: Vec<Platform>,
}

/// A platform that sends events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Platform {
    /// Its name, as in `platform`.
    name: String,
    /// A title for people.
    title: String,
    /// The points that one event gives.
    points: Vec<PlatformPoint>,
}

/// A point made of an event's `data`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlatformPoint {
    /// The point's `metric_type`.
    metric_type: String,
    /// The point's `metric_name`.
    metric_name: String,
    /// The field that holds the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_field: Option<String>,
    /// Whether an event may lack that field: then the point is not made; else
    /// it is rejected by name.
    value_optional: bool,
    /// The value, when it is always the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_constant: Option<String>,
    /// The metric's kind.
    #[serde(flatten)]
    kind: Kind,
    /// The point's dimensions.
    dimensions: Vec<PlatformDimension>,
}

/// Where a dimension comes from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlatformDimension {
    /// The dimension.
    name: String,
    /// The field of the event's data.
    field: String,
    /// Whether the number of the field's elements is meant.
    count: bool,
}

/// Lists the platforms.
#[utoipa::path(
    get, path = "/api/analytics/platforms", tag = "read",
    responses(
        (status = 200, description = "the platforms", body = Platforms),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller<ToView>,
) -> Result<Json<Platforms>> {
    let session = caller.session(&app).await?;
    Ok(Json(Platforms {
        platforms: session.platforms().iter().map(Platform::from).collect(),
    }))
}

impl From<&platforms::Platform> for Platform {
    fn from(platform: &platforms::Platform) -> Self {
        let points = platform.points.iter().map(PlatformPoint::from).collect();
        Self {
            name: platform.name.clone(),
            title: platform.title.clone(),
            points,
        }
    }
}

impl From<&EventPoint> for PlatformPoint {
    fn from(point: &EventPoint) -> Self {
        let value_optional = matches!(point.value, EventValue::OptionalField(_));
        let (value_field, value_constant) = match point.value.clone() {
            EventValue::Field(field) | EventValue::OptionalField(field) => (Some(field), None),
            EventValue::Constant(constant) => (None, Some(constant)),
        };
        Self {
            metric_type: point.metric_type.clone(),
            metric_name: point.metric_name.clone(),
            value_field,
            value_optional,
            value_constant,
            kind: Kind::from(&point.kind),
            dimensions: point
                .dimensions
                .iter()
                .map(PlatformDimension::from)
                .collect(),
        }
    }
}

impl From<&EventDimension> for PlatformDimension {
    fn from(of: &EventDimension) -> Self {
        Self {
            name: of.name.clone(),
            field: of.field.clone(),
            count: of.count,
        }
    }
}
