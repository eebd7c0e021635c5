//! The caller of a tenant's route: a credential, checked for one scope.
//!
//! A handler that takes `Caller<ToRead>` cannot run without somebody who may
//! read. It does not know what the scopes open.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use engine::metadata::actor;
use engine::metadata::dashboards::{Sees, Viewer};
use engine::metadata::embed_tokens::{Panel, Shown as ShownDashboard};
use engine::metadata::keys::Scope;
use engine::metadata::token_revocations::Shown;
use engine::session::RecordTables;
use engine::{Access, Session, TenantId};
use secrecy::ExposeSecret as _;

use super::credential::{agree, chosen, credential, not_listed};
use super::identity::Identity;
use super::jwt::Verified;
use super::session;
use crate::app::App;
use crate::error::{Challenge, Problem, Result};

/// The scope a handler needs, as a type.
pub trait Needs: Send + Sync {
    /// The scope.
    const SCOPE: Scope;
    /// Who may come by it.
    const OPEN_TO: OpenTo = OpenTo::Restricted;
}

/// Which callers with its scope a route is open to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenTo {
    /// Those who see all of the tenant's data.
    Unrestricted,
    /// Those, too, who see a part of it.
    Restricted,
    /// Those, too, who hold an embed token.
    Embedded,
}

/// Sends points and events.
#[derive(Debug, Clone, Copy)]
pub struct ToIngest;
/// Looks at dashboards, on pages of others too.
#[derive(Debug, Clone, Copy)]
pub struct ToShow;
/// Reads lists of what there is.
#[derive(Debug, Clone, Copy)]
pub struct ToView;
/// Reads by SQL.
#[derive(Debug, Clone, Copy)]
pub struct ToRead;
/// Reads what cannot be shown in part.
#[derive(Debug, Clone, Copy)]
pub struct ToReadAll;
/// Changes what the tenant's data means, and what is kept.
#[derive(Debug, Clone, Copy)]
pub struct ToAdmin;
/// Takes data away in bulk.
#[derive(Debug, Clone, Copy)]
pub struct ToExport;

impl Needs for ToIngest {
    const SCOPE: Scope = Scope::Ingest;
}
impl Needs for ToShow {
    const SCOPE: Scope = Scope::View;
    const OPEN_TO: OpenTo = OpenTo::Embedded;
}
impl Needs for ToView {
    const SCOPE: Scope = Scope::View;
}
impl Needs for ToRead {
    const SCOPE: Scope = Scope::Read;
}
impl Needs for ToReadAll {
    const SCOPE: Scope = Scope::Read;
    const OPEN_TO: OpenTo = OpenTo::Unrestricted;
}
impl Needs for ToAdmin {
    const SCOPE: Scope = Scope::Admin;
    const OPEN_TO: OpenTo = OpenTo::Unrestricted;
}
impl Needs for ToExport {
    const SCOPE: Scope = Scope::Export;
}

/// A verified caller that carries the scope `N`.
#[derive(Debug, Clone)]
pub struct Caller<N> {
    /// The only tenant this request may touch.
    pub tenant: TenantId,
    /// Who it is, for logs.
    pub identity: Identity,
    /// What of the tenant's data is seen.
    pub access: Arc<Access>,
    /// The parts of a dashboard that are shown; `None`: all.
    pub panels: Option<BTreeSet<Panel>>,
    /// The dashboard of the tenant's own that an embed token shows.
    pub dashboard: Option<ShownDashboard>,
    /// All that the caller may do.
    pub scopes: Vec<Scope>,
    scope: PhantomData<N>,
}

impl<N> Caller<N> {
    /// Whether the caller may everything inside the tenant.
    pub(crate) fn is_admin(&self) -> bool {
        self.scopes.contains(&Scope::Admin) && self.access.is_full()
    }

    /// Whether its SQL sees the tables of records.
    pub(crate) fn records(&self) -> RecordTables {
        match self.is_admin() {
            true => RecordTables::Shown,
            false => RecordTables::Hidden,
        }
    }

    /// Who looks at the tenant's own dashboards.
    pub(crate) fn viewer<'a>(&self, who: &'a str) -> Viewer<'a> {
        let sees = match self.is_admin() {
            true => Sees::All,
            false => Sees::Shared,
        };
        Viewer { who, sees }
    }

    /// Whose queries the caller may list and cancel: its own, or everybody's
    /// of the tenant.
    pub(crate) fn sees_queries_of(&self) -> Option<String> {
        (!self.is_admin()).then(|| self.identity.to_string())
    }

    /// The tenant's data as this caller sees it.
    pub async fn session(&self, app: &App) -> Result<Session> {
        let session = app
            .engine
            .session_as(&self.tenant, self.access.clone(), self.records());
        Ok(session.await?)
    }
}

impl<N: Needs> FromRequestParts<App> for Caller<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let session = session::credential(parts, app)?;
        let secret = match &session {
            Some(secret) => secret.expose_secret(),
            None => credential(&parts.headers)?,
        };
        let who = Who::of(secret, &parts.headers, app).await?;
        if let Err(problem) = who.check::<N>() {
            refused(parts, app, &who);
            return Err(problem);
        }
        Ok(Self::of(who))
    }
}

impl<N: Needs> Caller<N> {
    /// Whom a credential names that did not come with this request.
    pub(super) async fn named(secret: &str, headers: &HeaderMap, app: &App) -> Result<Self> {
        let who = Who::of(secret, headers, app).await?;
        who.check::<N>()?;
        Ok(Self::of(who))
    }

    fn of(who: Who) -> Self {
        tracing::Span::current().record("tenant", who.tenant.as_str());
        actor::name(who.identity.to_string());
        Self {
            tenant: who.tenant,
            identity: who.identity,
            access: who.access,
            panels: who.panels,
            dashboard: who.dashboard,
            scopes: who.scopes,
            scope: PhantomData,
        }
    }
}

/// A lack of rights is recorded by route, never by address: that holds values.
fn refused(parts: &Parts, app: &App, who: &Who) {
    let route = parts.extensions.get::<MatchedPath>();
    let route = route.map_or("unknown", MatchedPath::as_str);
    let target = format!("{} {route}", parts.method);
    let (records, name) = (app.engine.records(), who.identity.to_string());
    records.audit(&who.tenant, &name, "access.refused", &target);
}

/// Whom the credential of a request names.
struct Who {
    tenant: TenantId,
    identity: Identity,
    scopes: Vec<Scope>,
    access: Arc<Access>,
    panels: Option<BTreeSet<Panel>>,
    dashboard: Option<ShownDashboard>,
}

impl Who {
    async fn of(secret: &str, headers: &HeaderMap, app: &App) -> Result<Self> {
        let engine = &app.engine;
        if secret.starts_with("tpk_") {
            return Self::of_platform_key(secret, headers, app).await;
        }
        let who = if secret.starts_with("tsk_") {
            let caller = engine.keys().authenticate(secret).await?;
            let caller = caller.ok_or_else(|| unknown("the key is unknown, expired or revoked"))?;
            Self {
                tenant: caller.tenant,
                identity: Identity::Key { id: caller.key },
                scopes: caller.scopes,
                access: caller.access,
                panels: None,
                dashboard: None,
            }
        } else if secret.starts_with("tse_") {
            let caller = engine.embed_tokens().authenticate(secret).await?;
            let caller =
                caller.ok_or_else(|| unknown("the embed token is invalid, expired or revoked"))?;
            Self {
                tenant: caller.tenant,
                identity: Identity::Embed {
                    id: caller.id,
                    key: caller.key,
                },
                scopes: vec![Scope::View],
                access: caller.access,
                panels: Some(caller.panels),
                dashboard: caller.dashboard,
            }
        } else {
            Self::of_token(app.issuers.verify(secret).await?, app).await?
        };
        agree(headers, &who.tenant)?;
        Ok(who)
    }

    async fn of_token(token: Verified, app: &App) -> Result<Self> {
        let shown = Shown {
            issuer: &token.issuer,
            token_id: token.token_id.as_deref(),
            subject: token.subject.as_deref(),
            issued_at: token.issued_at,
        };
        let revocations = app.engine.token_revocations();
        if revocations.is_revoked(&token.tenant, shown).await? {
            return Err(unknown("the token is revoked"));
        }
        let role = app.engine.roles().get(&token.tenant, &token.role).await?;
        let role = role.ok_or_else(|| {
            Problem::forbidden("the token's role is none of the tenant's")
                .hint("let the tenant's admin make the role, or map the claim to another")
        })?;
        Ok(Self {
            tenant: token.tenant,
            identity: Identity::Token {
                issuer: token.issuer,
                subject: token.subject.unwrap_or_default(),
                token_id: token.token_id,
            },
            scopes: role.scopes,
            access: role.access,
            panels: None,
            dashboard: None,
        })
    }

    async fn of_platform_key(secret: &str, headers: &HeaderMap, app: &App) -> Result<Self> {
        let caller = app.engine.platform_keys().authenticate(secret).await?;
        let caller =
            caller.ok_or_else(|| unknown("the platform key is unknown, expired or revoked"))?;
        let tenant = chosen(headers)?;
        if !caller.may_act_for(&tenant) {
            return Err(not_listed());
        }
        Ok(Self {
            tenant,
            identity: Identity::PlatformKey { id: caller.key },
            scopes: caller.scopes.tenant,
            access: Arc::default(),
            panels: None,
            dashboard: None,
        })
    }

    fn check<N: Needs>(&self) -> Result<()> {
        if self.panels.is_some() && N::OPEN_TO != OpenTo::Embedded {
            return Err(
                Problem::forbidden("an embed token opens dashboards and nothing else")
                    .hint("use an API key"),
            );
        }
        if !N::SCOPE.is_among(&self.scopes) {
            let scope = N::SCOPE.name();
            return Err(
                Problem::forbidden(format!("the caller lacks the scope `{scope}`")).hint(format!(
                    "make a key with `tessera key create --scopes {scope}`"
                )),
            );
        }
        if N::OPEN_TO == OpenTo::Unrestricted && !self.access.is_full() {
            return Err(Problem::forbidden(
                "this shows all of the tenant's data, and the caller may see a part of it",
            )
            .hint("use a key whose role has no filters and masks"));
        }
        Ok(())
    }
}

fn unknown(detail: &'static str) -> Problem {
    Problem::unauthorized(detail, Challenge::Unknown)
}
