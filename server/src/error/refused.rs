//! The refusals that routes have in common, for the OpenAPI document.

use utoipa::IntoResponses;

use super::Problem;

/// What every route behind a key may answer instead.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers that are made elsewhere")]
pub(crate) enum KeyRefused {
    /// No valid key.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// The key may not, or X-Tenant-ID names another tenant.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// A limit of the plan; names its reset and the plan that would do.
    #[response(status = 429, content_type = "application/problem+json")]
    Limited(Problem),
    /// Our fault.
    #[response(status = 500, content_type = "application/problem+json")]
    Failed(Problem),
    /// Try again after the seconds in Retry-After.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// What every route that reads a body may answer instead.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers that are made elsewhere")]
pub(crate) enum BodyRefused {
    /// Malformed; names field, line and column where there are such.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(Problem),
    /// The body did not arrive.
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(Problem),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// Of a type that is not read.
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedType(Problem),
}
