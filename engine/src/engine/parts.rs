//! The parts of an engine, each of which does one thing for all tenants.

use super::Engine;
use crate::ingest::Ingest;
use crate::live::Live;
use crate::metadata::dashboards::Dashboards;
use crate::metadata::embed_tokens::EmbedTokens;
use crate::metadata::keys::Keys;
use crate::metadata::live_tickets::LiveTickets;
use crate::metadata::platform_keys::PlatformKeys;
use crate::metadata::platforms::Platforms;
use crate::metadata::records::Records;
use crate::metadata::roles::Roles;
use crate::metadata::saved_queries::SavedQueries;
use crate::metadata::tenants::Tenants;
use crate::metadata::token_revocations::TokenRevocations;
use crate::predict::Predictions;
use crate::query::running::Running;
use crate::query_jobs::QueryJobs;

impl Engine {
    /// Tenants and their plans.
    pub fn tenants(&self) -> &Tenants {
        &self.inner.tenants
    }

    /// API keys.
    pub fn keys(&self) -> &Keys {
        &self.inner.keys
    }

    /// Roles inside tenants.
    pub fn roles(&self) -> &Roles {
        &self.inner.roles
    }

    /// Tokens of other issuers that are revoked.
    pub fn token_revocations(&self) -> &TokenRevocations {
        &self.inner.revocations
    }

    /// Keys of the operator.
    pub fn platform_keys(&self) -> &PlatformKeys {
        &self.inner.platform_keys
    }

    /// Tokens for dashboards on other pages.
    pub fn embed_tokens(&self) -> &EmbedTokens {
        &self.inner.embed_tokens
    }

    /// The platform registry.
    pub fn platforms(&self) -> &Platforms {
        &self.inner.platforms
    }

    /// The query log and the audit log.
    pub fn records(&self) -> &Records {
        &self.inner.records
    }

    /// The queries that run in this process.
    pub fn running(&self) -> &Running {
        &self.inner.running
    }

    /// Queries that run without their client.
    pub fn query_jobs(&self) -> &QueryJobs {
        &self.inner.query_jobs
    }

    /// Queries that tenants keep by name.
    pub fn saved_queries(&self) -> &SavedQueries {
        &self.inner.saved_queries
    }

    /// Forecasts and anomalies.
    pub fn predictions(&self) -> &Predictions {
        &self.inner.predictions
    }

    /// Dashboards that people of a tenant make.
    pub fn dashboards(&self) -> &Dashboards {
        &self.inner.dashboards
    }

    /// Who watches, and what moved.
    pub fn live(&self) -> &Live {
        &self.inner.live
    }

    /// Tickets to live streams.
    pub fn live_tickets(&self) -> &LiveTickets {
        &self.inner.live_tickets
    }

    /// The way in for data points.
    pub fn ingest(&self) -> &Ingest {
        &self.inner.ingest
    }
}
