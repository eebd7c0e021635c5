//! One file a resource: handlers of about ten lines, with the shape of their
//! answer right above. Which path they answer is listed in [`crate::router`].

pub(crate) mod collect;
pub(crate) mod dashboard;
pub(crate) mod data_points;
pub(crate) mod erasures;
pub(crate) mod exports;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod platforms;
pub(crate) mod quarantine;
pub(crate) mod retention;
pub(crate) mod rollups;
pub(crate) mod session;
pub(crate) mod sql;
