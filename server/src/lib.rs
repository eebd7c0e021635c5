//! Tessera's front: HTTP, callers and the command line over the engine.
//!
//! It turns requests into calls of [`engine`] and answers into bytes. It knows
//! no SQL for Postgres, no object keys and no query plans. Start reading at
//! [`router`], where every route stands on one page.

pub mod app;
mod assets;
pub mod auth;
pub mod cli;
mod encode;
pub mod error;
mod extract;
mod layers;
mod listen;
mod live;
pub mod router;
mod routes;
mod telemetry;
mod watch;
