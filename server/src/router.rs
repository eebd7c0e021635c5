//! Every route, on one page.

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::app::App;
use crate::error::Problem;
use crate::{assets, layers, routes};

/// Where the OpenAPI document is.
pub const OPENAPI_PATH: &str = "/api/openapi.json";

/// The whole front.
pub fn router(app: App) -> Router {
    let (routes, mut api) = api().split_for_parts();
    name_operations(&mut api);
    let docs = SwaggerUi::new("/docs")
        // The pages would else ask a public service what it thinks of ours.
        .config(Config::default().validator_url("none"))
        .url(OPENAPI_PATH, api);
    let router = routes
        .merge(layers::around_docs(Router::from(docs)))
        .merge(layers::around_pages(pages()))
        .merge(embedded())
        .fallback(no_route)
        .method_not_allowed_fallback(no_method);
    let cors = app.cors_origins.clone();
    layers::around(router, &cors).with_state(app)
}

fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(document())
        // In
        .routes(routes!(routes::data_points::send))
        .routes(routes!(routes::collect::send))
        .routes(routes!(routes::quarantine::list))
        .routes(routes!(routes::quarantine::replay_many))
        .routes(routes!(routes::quarantine::replay))
        .routes(routes!(routes::quarantine::remove))
        // Out
        .routes(routes!(routes::sql::run))
        .routes(routes!(routes::query::ask))
        .routes(routes!(routes::query::funnel::ask))
        .routes(routes!(routes::query::retention::ask))
        .routes(routes!(routes::query::points::ask))
        .routes(routes!(routes::query::explain::ask))
        .routes(routes!(routes::dashboard::show))
        .routes(routes!(routes::dashboard::show_platform))
        .routes(routes!(
            routes::dashboards::list,
            routes::dashboards::create
        ))
        .routes(routes!(
            routes::dashboards::show,
            routes::dashboards::replace,
            routes::dashboards::remove
        ))
        .routes(routes!(routes::dashboards::panel::answer))
        .routes(routes!(routes::stream::watch))
        .routes(routes!(routes::stream::socket))
        .routes(routes!(routes::stream::ticket))
        .routes(routes!(routes::metrics::list))
        .routes(routes!(routes::metrics::set))
        .routes(routes!(routes::rollups::verify))
        .routes(routes!(routes::platforms::list))
        .routes(routes!(routes::exports::create))
        .routes(routes!(routes::usage::show))
        // Queries
        .routes(routes!(routes::queries::list))
        .routes(routes!(routes::queries::cancel))
        .routes(routes!(routes::sql_jobs::submit, routes::sql_jobs::list))
        .routes(routes!(routes::sql_jobs::show, routes::sql_jobs::cancel))
        .routes(routes!(routes::sql_jobs::result))
        .routes(routes!(routes::saved_queries::list))
        .routes(routes!(
            routes::saved_queries::show,
            routes::saved_queries::save,
            routes::saved_queries::remove
        ))
        .routes(routes!(routes::saved_queries::call))
        // The operator
        .routes(routes!(routes::admin_records::queries))
        .routes(routes!(routes::admin_records::cancel))
        .routes(routes!(routes::admin_records::audit))
        // The pages' sessions
        .routes(routes!(
            routes::session::sign_in,
            routes::session::show,
            routes::session::sign_out
        ))
        // Away
        .routes(routes!(routes::retention::apply, routes::retention::set))
        .routes(routes!(routes::erasures::create, routes::erasures::list))
        // Callers
        .routes(routes!(routes::keys::list, routes::keys::create))
        .routes(routes!(routes::keys::revoke))
        .routes(routes!(routes::roles::list))
        .routes(routes!(routes::roles::set, routes::roles::remove))
        .routes(routes!(
            routes::token_revocations::list,
            routes::token_revocations::create
        ))
        .routes(routes!(routes::token_revocations::remove))
        .routes(routes!(routes::embed_tokens::create))
        // The operator
        .routes(routes!(routes::tenants::list, routes::tenants::create))
        .routes(routes!(routes::tenants::change))
        .routes(routes!(
            routes::platform_keys::list,
            routes::platform_keys::create
        ))
        .routes(routes!(routes::platform_keys::revoke))
        .routes(routes!(routes::platform_keys::rotate_embed_secret))
        // The operator
        .routes(routes!(routes::admin::plans::list))
        .routes(routes!(routes::admin::plans::change))
        .routes(routes!(
            routes::admin::tenant_limits::show,
            routes::admin::tenant_limits::change
        ))
        .routes(routes!(routes::admin::usage::list))
        // The server itself
        .routes(routes!(routes::health::health))
        .routes(routes!(routes::health::live))
        .routes(routes!(routes::health::ready))
}

/// What browsers see; the pages' own paths all get the same document.
fn pages() -> Router<App> {
    Router::new()
        .route("/", get(assets::page))
        .route("/app/{*page}", get(assets::page))
        .route("/assets/{name}", get(assets::file))
}

/// The same document for frames on pages of others.
fn embedded() -> Router<App> {
    Router::new()
        .route("/embed/overview", get(assets::embedded_page))
        .route("/embed/platforms/{platform}", get(assets::embedded_page))
        .route("/embed/dashboards/{id}", get(assets::embedded_page))
}

/// Gives each operation an id of its own, made of its method and path: the names
/// of handlers are those of verbs, and many resources have the same.
fn name_operations(api: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut api.paths.paths {
        let segments = path
            .split('/')
            .filter(|s| !["", "api", "analytics"].contains(s));
        let words = segments.map(|segment| {
            let parameter = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}'));
            match parameter {
                Some(name) => format!("_by_{name}"),
                None => format!("_{}", segment.replace('-', "_")),
            }
        });
        let rest: String = words.collect();
        for (method, operation) in [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ] {
            if let Some(operation) = operation {
                operation.operation_id = Some(format!("{method}{rest}"));
            }
        }
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tessera",
        description = "Multi-tenant analytics: data points in, dashboards, SQL and files out. \
            The tenant is the credential's; nothing in a request can name another, but for a \
            platform key, which names one of its tenants in X-Tenant-ID."
    ),
    components(schemas(
        Problem,
        crate::encode::Decimals,
        routes::dashboard::Compare,
        routes::dashboard::Top,
        routes::queries::Listing,
        routes::sql::SqlPlan
    )),
    tags(
        (name = "ingest", description = "Data points and platform events"),
        (name = "quarantine", description = "Rejected points"),
        (name = "read", description = "Questions and answers"),
        (name = "live", description = "Numbers as they move"),
        (name = "export", description = "Data in bulk"),
        (name = "queries", description = "Queries that run, ran, run alone, or are kept by name"),
        (name = "operator", description = "All tenants"),
        (name = "keep", description = "What is kept, and what is erased"),
        (name = "callers", description = "Keys, roles and tokens of a tenant"),
        (name = "operate", description = "The operator's: platform keys with the scope operate"),
        (name = "session", description = "The pages' sessions"),
        (name = "server", description = "Health")
    )
)]
struct Document;

fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("tsk_… (API key), tpk_… (platform key), tse_… (embed token) or JWT")
        .build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let platform = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("tpk_…")
        .build();
    components.add_security_scheme("platform_key", SecurityScheme::Http(platform));
    let header = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
    components.add_security_scheme("api_key", SecurityScheme::ApiKey(header));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(crate::auth::session::COOKIE));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    document
}

async fn no_route(uri: Uri) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "urn:tessera:problem:not-found",
        "not found",
        format!("there is nothing at {}", uri.path()),
    )
    .hint("see /docs for what there is")
}

async fn no_method(method: Method, uri: Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "urn:tessera:problem:method",
        "method not allowed",
        format!("{} does not answer {method}", uri.path()),
    )
    .hint("see /docs for what it answers")
}
