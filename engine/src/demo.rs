//! Demo data: points as the five platforms make them, and tenants to hold them.
//!
//! Everything follows from a seed, so that a test, a benchmark and a demo that
//! was interrupted see the same points again. It knows no HTTP.

mod events;
mod generator;
mod point;
mod tenants;

pub use generator::Generator;
pub use point::{DemoPoint, DemoValue};
pub use tenants::{DemoTenant, ensure, ensure_plans, zipf_tenants};
