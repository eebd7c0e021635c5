//! The only place that begins to run a plan, and checks it first.
//!
//! Whoever has a plan (a caller's SQL, a dashboard, an export) hands it over
//! here: the library's own ways to run one are forbidden by `.clippy.toml`.

use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;

use super::scope::Scope;
use super::verify;
use crate::error::{Error, Result};

/// Starts a plan that reads nothing but this scope's files; `failed` says what
/// a failure to start is.
pub(super) fn run(
    plan: Arc<dyn ExecutionPlan>,
    scope: &Scope,
    context: Arc<TaskContext>,
    failed: impl FnOnce(DataFusionError) -> Error,
) -> Result<SendableRecordBatchStream> {
    verify::verify(&plan, &scope.objects)?;
    #[expect(clippy::disallowed_methods, reason = "the plan has been checked")]
    let rows = datafusion::physical_plan::execute_stream(plan, context);
    rows.map_err(failed)
}
