//! One file a resource: handlers of about ten lines, with the shape of their
//! answer right above. Which path they answer is listed in [`crate::router`].

pub(crate) mod collect;
pub(crate) mod dashboard;
pub(crate) mod data_points;
pub(crate) mod exports;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod platforms;
pub(crate) mod sql;
