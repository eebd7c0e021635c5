//! `tessera plan`: what plans allow, and what tenants are allowed besides.

use clap::{Args, Subcommand};
use engine::metadata::plans::limit::{Changes, LIMITS};
use engine::metadata::plans::{Numbers, Plans};
use engine::{Error, Result, TenantId};
use serde_json::{Value, json};

use super::{Output, Place};

#[derive(Subcommand)]
pub(super) enum Plan {
    /// List the plans and what they allow.
    List,
    /// Show what a plan allows, or what holds for a tenant.
    Show(Of),
    /// Change limits of a plan, or give a tenant its own; running servers hold
    /// to it within five seconds.
    Set {
        #[command(flatten)]
        of: Of,
        /// The limit and its number, or `default`: a tenant's becomes the
        /// plan's again, a plan's `retention_days` have no end.
        #[arg(long = "limit", value_name = "NAME=NUMBER", required = true, value_parser = change)]
        limits: Vec<(String, Value)>,
    },
}

/// Whose limits.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Of {
    /// The plan.
    plan: Option<String>,
    /// The tenant.
    #[arg(long, value_name = "ID")]
    tenant: Option<TenantId>,
}

impl Plan {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        let engine = place.open().await?;
        let done = self.done(engine.plans(), output).await;
        done.and(engine.shutdown().await)
    }

    async fn done(self, plans: &Plans, output: Output) -> Result<()> {
        match self {
            Self::List => list(plans, output).await,
            Self::Show(of) => of.show(plans, output).await,
            Self::Set { of, limits } => {
                let changes: Changes = limits.into_iter().collect();
                match (&of.plan, &of.tenant) {
                    (Some(plan), _) => drop(plans.change(plan, &changes).await?),
                    (None, Some(id)) => drop(plans.override_limits(id, &changes).await?),
                    (None, None) => {}
                }
                of.show(plans, output).await
            }
        }
    }
}

async fn list(plans: &Plans, output: Output) -> Result<()> {
    let all = plans.list().await?;
    let mut lines = vec![format!(
        "{:<22}{}",
        "",
        all.iter()
            .map(|plan| format!("{:>18}", plan.plan))
            .collect::<String>()
    )];
    for limit in &LIMITS {
        let numbers = all.iter().map(|plan| {
            let number = plan.limits.get(limit.name).copied().flatten();
            format!("{:>18}", shown(number))
        });
        lines.push(format!("{:<22}{}", limit.name, numbers.collect::<String>()));
    }
    let object: Vec<Value> = all
        .iter()
        .map(|plan| json!({"plan": plan.plan, "limits": plan.limits}))
        .collect();
    output.say(lines.join("\n"), &json!({"plans": object}));
    Ok(())
}

impl Of {
    async fn show(&self, plans: &Plans, output: Output) -> Result<()> {
        let Some(tenant) = &self.tenant else {
            let name = self.plan.as_deref().unwrap_or_default();
            let all = plans.list().await?;
            let plan = all.iter().find(|plan| plan.plan == name);
            let plan = plan.ok_or_else(|| Error::NotFound {
                what: format!("the plan {name:?}"),
            })?;
            let object = json!({"plan": plan.plan, "limits": plan.limits});
            output.say(table(&plan.limits, &Numbers::new()), &object);
            return Ok(());
        };
        let limits = plans.of_tenant(tenant).await?;
        let text = format!(
            "tenant {tenant} on plan {}\n{}",
            limits.plan.plan,
            table(&limits.plan.limits, &limits.overrides)
        );
        let own = limits.overrides.iter().filter(|(_, own)| own.is_some());
        let own: Numbers = own.map(|(name, own)| (*name, *own)).collect();
        let object = json!({
            "tenant": tenant.as_str(), "plan": limits.plan.plan, "limits": limits.plan.limits,
            "overrides": own,
        });
        output.say(text, &object);
        Ok(())
    }
}

/// One limit a line, with what it is of.
fn table(plan: &Numbers, overrides: &Numbers) -> String {
    let line = |limit: &engine::metadata::plans::limit::Limit| {
        let own = overrides.get(limit.name).copied().flatten();
        let number = own.or(plan.get(limit.name).copied().flatten());
        let whose = if own.is_some() { " (its own)" } else { "" };
        format!(
            "{:<22}{:>18}  {}{whose}",
            limit.name,
            shown(number),
            limit.of
        )
    };
    LIMITS.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn shown(number: Option<u64>) -> String {
    number.map_or_else(|| "no end".to_owned(), |number| number.to_string())
}

fn change(text: &str) -> Result<(String, Value), String> {
    let (name, number) = text
        .split_once('=')
        .ok_or("say NAME=NUMBER, as exports_per_day=500")?;
    let number = match number {
        "default" => Value::Null,
        number => number
            .parse::<u64>()
            .map_err(|_| format!("{number:?} is not a whole number"))?
            .into(),
    };
    Ok((name.to_owned(), number))
}
