//! `tessera tenant`: who there is.

use clap::Subcommand;
use engine::{Result, TenantId};
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
        #[arg(long, value_name = "Z")]
        time_zone: chrono_tz::Tz,
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
                engine.shutdown().await?;
                let tenant = created?;
                let (id, plan, zone) = (tenant.id.as_str(), &tenant.plan, tenant.time_zone.name());
                output.say(
                    format!("created tenant {id} on plan {plan} in {zone}"),
                    &json!({"tenant": id, "plan": plan, "time_zone": zone}),
                );
            }
            Self::Set { id, time_zone } => {
                let engine = place.open().await?;
                let set = engine.tenants().set_time_zone(&id, time_zone).await;
                engine.shutdown().await?;
                let (version, id, zone) = (set?, id.as_str(), time_zone.name());
                output.say(
                    format!("the days of tenant {id} begin in {zone}"),
                    &json!({"tenant": id, "time_zone": zone, "version": version}),
                );
            }
        }
        Ok(())
    }
}
