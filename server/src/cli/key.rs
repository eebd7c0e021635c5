//! `tessera key`: who may ask.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use engine::metadata::keys::{KeyEntry, KeyRequest, NewKey, Scope};
use engine::metadata::platform_keys::{PlatformKeyEntry, PlatformKeyRequest, PlatformScopes};
use engine::{Engine, Error, Result, TenantId};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Output, Place};

/// What a tenant's key may do when nothing else is said.
const USUAL: [Scope; 3] = [Scope::Ingest, Scope::Read, Scope::Export];

#[derive(Subcommand)]
pub(super) enum Key {
    /// Create a key and print it; it is not shown again.
    Create(Create),
    /// List keys, the newest first.
    List {
        #[command(flatten)]
        whose: Whose,
    },
    /// Revoke a key: every server refuses it within five seconds.
    Revoke {
        /// The key's id.
        id: Uuid,
        #[command(flatten)]
        whose: Whose,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Whose {
    /// Of this tenant.
    #[arg(long, value_name = "ID")]
    tenant: Option<TenantId>,
    /// Of the operator, for several tenants.
    #[arg(long)]
    platform: bool,
}

#[derive(Args)]
pub(super) struct Create {
    #[command(flatten)]
    whose: Whose,
    /// What people call it.
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// What it may do: ingest, view, read, export, admin; with --platform also
    /// operate. For a tenant ingest, read and export when left out.
    #[arg(long, value_delimiter = ',', required_if_eq("platform", "true"))]
    scopes: Vec<String>,
    /// Instead of scopes: viewer, analyst, admin, or a role of the tenant's own.
    #[arg(long, conflicts_with_all = ["scopes", "platform"])]
    role: Option<String>,
    /// With --platform: the tenants it may act for; all when left out.
    #[arg(long, value_name = "ID", value_delimiter = ',', requires = "platform")]
    tenants: Option<Vec<TenantId>>,
    /// When it ends by itself, such as 2026-12-31T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    expires_at: Option<DateTime<Utc>>,
}

impl Key {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        let engine = place.open().await?;
        let done = match self {
            Self::Create(create) => create.run(&engine, output).await,
            Self::List { whose } => list(&engine, &whose, output).await,
            Self::Revoke { id, whose } => revoke(&engine, &whose, id, output).await,
        };
        done.and(engine.shutdown().await)
    }
}

impl Create {
    async fn run(self, engine: &Engine, output: Output) -> Result<()> {
        // Shown before anything else can fail: it is not shown again.
        let said = |key: &NewKey, mut object: Value| {
            let secret = key.secret.expose_secret();
            object["key"] = secret.into();
            object["id"] = key.id.to_string().into();
            output.say(secret, &object);
        };
        let Some(tenant) = &self.whose.tenant else {
            let request = PlatformKeyRequest {
                name: self.name,
                scopes: PlatformScopes::of(&self.scopes)?,
                tenants: self.tenants,
                expires_at: self.expires_at,
            };
            let key = engine.platform_keys().make(&request).await?;
            said(&key, json!({"scopes": request.scopes.names()}));
            return Ok(());
        };
        let scopes = match (&self.role, self.scopes.is_empty()) {
            (Some(_), _) => Vec::new(),
            (None, true) => USUAL.to_vec(),
            (None, false) => scopes(&self.scopes)?,
        };
        let request = KeyRequest {
            name: self.name,
            scopes,
            role: self.role,
            expires_at: self.expires_at,
        };
        let key = engine.keys().make(tenant, &request).await?;
        let mut object = json!({"tenant": tenant.as_str()});
        match &request.role {
            Some(role) => object["role"] = role.as_str().into(),
            None => object["scopes"] = names(&request.scopes).into(),
        }
        said(&key, object);
        Ok(())
    }
}

async fn list(engine: &Engine, whose: &Whose, output: Output) -> Result<()> {
    let (lines, keys): (Vec<String>, Vec<Value>) = match &whose.tenant {
        Some(tenant) => {
            let keys = engine.keys().list(tenant).await?;
            keys.iter().map(of_tenant).unzip()
        }
        None => {
            let keys = engine.platform_keys().list().await?;
            keys.iter().map(of_platform).unzip()
        }
    };
    let text = match lines.is_empty() {
        true => "there are no keys".to_owned(),
        false => lines.join("\n"),
    };
    output.say(text, &json!({"keys": keys}));
    Ok(())
}

async fn revoke(engine: &Engine, whose: &Whose, id: Uuid, output: Output) -> Result<()> {
    match &whose.tenant {
        Some(tenant) => engine.keys().revoke(tenant, id).await?,
        None => engine.platform_keys().revoke(id).await?,
    }
    let text = format!("revoked key {id}; servers refuse it within five seconds");
    output.say(text, &json!({"revoked": id}));
    Ok(())
}

fn of_tenant(key: &KeyEntry) -> (String, Value) {
    let may = match &key.role {
        Some(role) => format!("role {role}"),
        None => names(&key.scopes).join(","),
    };
    let line = line(key.id, &key.name, &may, key.last_used_at, key.revoked_at);
    let object = json!({
        "id": key.id, "name": key.name, "scopes": names(&key.scopes), "role": key.role,
        "created_at": key.created_at, "last_used_at": key.last_used_at,
        "expires_at": key.expires_at, "revoked_at": key.revoked_at,
    });
    (line, object)
}

fn of_platform(key: &PlatformKeyEntry) -> (String, Value) {
    let tenants = match &key.caller.tenants {
        Some(tenants) => tenants.join(","),
        None => "all tenants".to_owned(),
    };
    let scopes = key.caller.scopes.names();
    let may = format!("{} for {tenants}", scopes.join(","));
    let line = line(
        key.caller.key,
        &key.name,
        &may,
        key.last_used_at,
        key.revoked_at,
    );
    let object = json!({
        "id": key.caller.key, "name": key.name, "scopes": scopes, "tenants": key.caller.tenants,
        "created_at": key.created_at, "last_used_at": key.last_used_at,
        "expires_at": key.expires_at, "revoked_at": key.revoked_at,
    });
    (line, object)
}

fn line(
    id: Uuid,
    name: &str,
    may: &str,
    used: Option<DateTime<Utc>>,
    revoked: Option<DateTime<Utc>>,
) -> String {
    let minute = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    let state = match (revoked, used) {
        (Some(at), _) => format!("revoked {}", minute(at)),
        (None, Some(at)) => format!("used {}", minute(at)),
        (None, None) => "never used".to_owned(),
    };
    let name = if name.is_empty() { "-" } else { name };
    format!("{id}  {name}  {may}  {state}")
}

fn names(scopes: &[Scope]) -> Vec<&'static str> {
    scopes.iter().map(|scope| scope.name()).collect()
}

fn scopes(names: &[String]) -> Result<Vec<Scope>> {
    let scope = |name: &String| {
        let found = Scope::ALL.into_iter().find(|scope| scope.name() == name);
        found.ok_or_else(|| Error::Invalid {
            message: format!("{name:?} is no scope"),
            at: Some("--scopes".into()),
            location: None,
            hint: Some(format!(
                "use some of {}",
                Scope::ALL.map(Scope::name).join(", ")
            )),
        })
    };
    let mut scopes = names.iter().map(scope).collect::<Result<Vec<_>>>()?;
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes)
}
