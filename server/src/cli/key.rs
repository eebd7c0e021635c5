//! `tessera key`: who may ask.

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use engine::metadata::keys::Scope;
use engine::{Result, TenantId};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{Output, Place};

#[derive(Subcommand)]
pub(super) enum Key {
    /// Create an API key and print it; it is not shown again.
    Create {
        /// The only tenant it opens.
        #[arg(long, value_name = "ID")]
        tenant: TenantId,
        /// What it may do.
        #[arg(
            long,
            value_delimiter = ',',
            default_value = "ingest,read,export",
            value_parser = scope_parser()
        )]
        scopes: Vec<Scope>,
    },
}

impl Key {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        let Self::Create { tenant, mut scopes } = self;
        scopes.sort_unstable();
        scopes.dedup();
        let engine = place.open().await?;
        let created = engine.keys().create(&tenant, &scopes, None).await;
        // Shown before anything else can fail: it is not shown again.
        let said = created.map(|key| {
            let names: Vec<_> = scopes.iter().map(|scope| scope.name()).collect();
            let secret = key.secret.expose_secret();
            output.say(
                secret,
                &json!({"key": secret, "id": key.id, "tenant": tenant.as_str(), "scopes": names}),
            );
        });
        said.and(engine.shutdown().await)
    }
}

fn scope_parser() -> impl TypedValueParser<Value = Scope> {
    PossibleValuesParser::new(Scope::ALL.map(Scope::name)).try_map(|name| {
        let found = Scope::ALL.into_iter().find(|scope| scope.name() == name);
        found.ok_or("not a scope")
    })
}
