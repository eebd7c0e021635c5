//! `tessera tenant`: who there is.

use clap::Subcommand;
use engine::{Engine, Result, TenantId};
use serde_json::json;

use super::{Output, Place};

#[derive(Subcommand)]
pub(super) enum Tenant {
    /// Create a tenant.
    Create {
        /// 1 to 63 of a-z, 0-9, - and _, starting with a letter or digit.
        id: TenantId,
        /// The plan it is on.
        #[arg(long, default_value = "free")]
        plan: String,
        /// Where its days begin, such as Europe/London.
        #[arg(long, value_name = "Z", default_value = "UTC")]
        time_zone: chrono_tz::Tz,
    },
    /// Change a tenant.
    Set {
        /// The tenant.
        id: TenantId,
        /// Where its days begin from now on, also those of older points.
        #[arg(long, value_name = "Z", required_unless_present = "plan")]
        time_zone: Option<chrono_tz::Tz>,
        /// The plan it moves to.
        #[arg(long)]
        plan: Option<String>,
    },
}

impl Tenant {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        match self {
            Self::Create {
                id,
                plan,
                time_zone,
            } => {
                let engine = place.open().await?;
                let created = engine.tenants().create(&id, &plan, time_zone).await;
                let said = created.map(|tenant| {
                    let (id, plan, zone) =
                        (tenant.id.as_str(), &tenant.plan, tenant.time_zone.name());
                    output.say(
                        format!("created tenant {id} on plan {plan} in {zone}"),
                        &json!({"tenant": id, "plan": plan, "time_zone": zone}),
                    );
                });
                said.and(engine.shutdown().await)
            }
            Self::Set {
                id,
                time_zone,
                plan,
            } => {
                let engine = place.open().await?;
                let said = set(&engine, &id, time_zone, plan, output).await;
                said.and(engine.shutdown().await)
            }
        }
    }
}

async fn set(
    engine: &Engine,
    id: &TenantId,
    time_zone: Option<chrono_tz::Tz>,
    plan: Option<String>,
    output: Output,
) -> Result<()> {
    let (mut texts, mut object) = (Vec::new(), json!({"tenant": id.as_str()}));
    // A plan that does not exist changes nothing, so it comes first.
    if let Some(plan) = plan {
        engine.tenants().set_plan(id, &plan).await?;
        texts.push(format!("tenant {id} is on plan {plan}"));
        object["plan"] = plan.into();
    }
    if let Some(zone) = time_zone {
        let version = engine.tenants().set_time_zone(id, zone).await?;
        texts.push(format!("the days of tenant {id} begin in {}", zone.name()));
        object["time_zone"] = zone.name().into();
        object["version"] = version.into();
    }
    output.say(texts.join("; "), &object);
    Ok(())
}
