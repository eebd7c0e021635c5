//! Live panels as server-sent events, and what all streams have in common.

mod socket;
mod subscription;
mod tickets;

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use chrono::Utc;
use engine::live::Connection;
use futures::stream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use utoipa::IntoParams;

pub(crate) use self::socket::{__path_watch as __path_socket, watch as socket};
use self::subscription::{Asked, Subscription};
pub(crate) use self::tickets::{__path_create as __path_ticket, create as ticket};
use crate::app::App;
use crate::auth::{Caller, CredentialIn, Kept, ToShow};
use crate::error::{Challenge, KeyRefused, Problem, Result};
use crate::listen::Held;
use crate::live::{Event, Expected, Feed, Guard, Place, Reason};

/// A reader that takes nothing for so long is let go.
const STALLED: Duration = Duration::from_secs(60);

/// How long a reader has to hear that the stream ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// What is watched, and where to go on; documentation of what
/// [`subscription::Asked`] reads.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents parameters that are read by name")]
pub(crate) struct StreamParams {
    /// A ticket, which says what is watched; beside `last_event_id` alone.
    ticket: Option<String>,
    /// The id of the last event that was heard; as the header `Last-Event-ID`.
    last_event_id: Option<String>,
    /// A dashboard that somebody made; without it the overview is watched.
    dashboard: Option<String>,
    /// The days that end today, as `30d`.
    time_range: Option<String>,
    /// Instead of `time_range`: the first day.
    from: Option<String>,
    /// The last day, included.
    to: Option<String>,
    /// Only this platform.
    platform: Option<String>,
    /// `none`, `previous`; of a dashboard that somebody made also `year`.
    compare: Option<String>,
    /// The zone that days of the overview begin in.
    tz: Option<String>,
    /// The zone that days of a dashboard that somebody made begin in.
    time_zone: Option<String>,
    /// Of the overview: `quick` or `all`.
    top: Option<String>,
    /// `number` or `string`.
    decimals: Option<String>,
}

/// What is open for one watcher.
struct Opened {
    feed: Feed,
    guard: Guard,
    connection: Connection,
}

/// Streams live panels.
///
/// First the state of each panel (`state`), then the cells that changed
/// (`change`); `problem` for a panel that cannot be answered, `fresh` when there
/// was nothing to say for five seconds, `end` with a reason. Each event has an
/// id, behind which a later stream goes on.
#[utoipa::path(
    get, path = "/api/analytics/stream", tag = "live",
    params(StreamParams),
    responses(
        (status = 200, description = "events, until one of the two ends it",
            body = String, content_type = "text/event-stream"),
        (status = 400, description = "what is watched cannot be", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "no such dashboard that the caller sees", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "the plan allows no more live connections", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = []), ("session" = [])),
)]
pub(crate) async fn watch(
    State(app): State<App>,
    Extension(held): Extension<Held>,
    parts: Parts,
) -> Result<Response> {
    let opened = open(&app, &parts, CredentialIn::HeadersOrCookie, None).await?;
    // One event at most waits to be taken.
    let (sender, receiver) = mpsc::channel::<Option<Bytes>>(1);
    tokio::spawn(tell(opened, sender, held));
    let events = stream::unfold(receiver, |mut receiver| async move {
        let event = receiver.recv().await.flatten()?;
        Some((Ok::<_, Infallible>(event), receiver))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    let fixed = HeaderValue::from_static;
    headers.insert(header::CONTENT_TYPE, fixed("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, fixed("no-store"));
    // A proxy that gathers would hold events back.
    headers.insert("x-accel-buffering", fixed("no"));
    Ok(response)
}

/// Tells a watcher what there is to be told, until one of the two ends it.
async fn tell(opened: Opened, sender: mpsc::Sender<Option<Bytes>>, held: Held) {
    let Opened {
        mut feed,
        mut guard,
        connection,
    } = opened;
    let reason = loop {
        let event = tokio::select! {
            biased;
            reason = guard.ended() => break reason,
            () = sender.closed() => return,
            event = feed.next() => event,
        };
        let sent = timeout(STALLED, sender.send(Some(event.framed().into())));
        tokio::select! {
            biased;
            reason = guard.ended() => break reason,
            sent = sent => match sent {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) => return held.cut(),
            },
        }
    };
    drop((feed, connection));
    let farewell = async {
        sender.send(Some(farewell(reason).framed().into())).await?;
        sender.send(None).await
    };
    let told = timeout(FAREWELL, farewell)
        .await
        .is_ok_and(|told| told.is_ok());
    // The body is dropped when its last byte is handed on.
    let taken = timeout(FAREWELL, sender.closed()).await;
    if !told || taken.is_err() {
        held.cut();
    }
}

fn farewell(reason: Reason) -> Event {
    let word = match reason {
        Reason::Credential => "credential",
        Reason::Changed => "changed",
        Reason::Unknown => "unknown",
        Reason::Stopping => "stopping",
    };
    Event {
        name: "end",
        id: None,
        data: format!(r#"{{"reason":"{word}"}}"#),
    }
}

/// Opens what a request asks to watch. `tenant` is one that it must be of.
async fn open(
    app: &App,
    parts: &Parts,
    from: CredentialIn,
    tenant: Option<&str>,
) -> Result<Opened> {
    same_origin(app, &parts.headers)?;
    let asked = Asked::read(&parts.uri)?;
    let place = place(&parts.headers, asked.last_event_id.as_deref());
    let (caller, kept, subscription) = match (asked.ticket, asked.subscription) {
        (Some(ticket), _) => redeemed(app, &ticket).await?,
        (None, subscription) => {
            let (caller, kept) = Kept::of::<ToShow>(parts, from, app).await?;
            (caller, kept, subscription)
        }
    };
    if tenant.is_some_and(|tenant| tenant != caller.tenant.as_str()) {
        return Err(
            Problem::forbidden("the path names another tenant than the credential's")
                .at("tenant_id")
                .hint("use the tenant that the credential was made for"),
        );
    }
    let panels = subscription.resolve(app, &caller).await?;
    let connection = app.engine.live().connect(&caller.tenant).await?;
    let expected = Expected::of(&caller, panels.dashboard);
    Ok(Opened {
        guard: Guard::new(app, &kept, expected),
        feed: Feed::new(&app.live, &caller.tenant, panels.wanted, place),
        connection,
    })
}

/// Whose ticket it is, and for what. It is taken, whatever comes of it.
async fn redeemed(app: &App, ticket: &str) -> Result<(Caller<ToShow>, Kept, Subscription)> {
    let taken = app.engine.live_tickets().take(ticket).await?;
    let opened = taken.and_then(|(_, sealed)| Kept::opened(app, &sealed, Utc::now()));
    let (kept, text) = opened.ok_or_else(|| {
        Problem::unauthorized(
            "the ticket is unknown, has ended, or was used before",
            Challenge::Unknown,
        )
        .at("ticket")
        .hint("get a new one of POST /api/analytics/stream/tickets; each opens one stream")
    })?;
    let caller = kept.caller::<ToShow>(app).await?;
    Ok((caller, kept, Subscription::parse(text.as_bytes())?))
}

/// What a browser sends comes from this server's own pages, or from pages of an
/// origin that may ask.
fn same_origin(app: &App, headers: &HeaderMap) -> Result<()> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let authority = |origin: &HeaderValue| {
        let uri = origin.to_str().ok()?.parse::<Uri>().ok()?;
        uri.authority()
            .map(|authority| authority.as_str().to_owned())
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let own = host.is_some() && authority(origin).as_deref() == host;
    match own || app.cors_origins.contains(origin) {
        true => Ok(()),
        false => Err(Problem::forbidden("pages of this origin may not watch")
            .at("Origin")
            .hint("the operator names origins with --cors-origins")),
    }
}

/// Where the watcher was; what cannot be read is no place, and all is told.
fn place(headers: &HeaderMap, parameter: Option<&str>) -> Option<Place> {
    let header = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    header.or(parameter).and_then(Place::parse)
}

impl Event {
    /// As a server-sent event; JSON has no line ends.
    fn framed(&self) -> String {
        let Self { name, data, .. } = self;
        match &self.id {
            Some(id) => format!("id: {id}\nevent: {name}\ndata: {data}\n\n"),
            None => format!("event: {name}\ndata: {data}\n\n"),
        }
    }
}
