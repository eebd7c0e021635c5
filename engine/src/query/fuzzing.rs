//! A way to the gate for the fuzzer in `fuzz/`, and for nothing else.

use std::sync::LazyLock;

use datafusion::logical_expr::LogicalPlan;
use tokio::runtime::{Builder, Runtime};

use super::{context, gate};

/// As the threads for queries have it.
const STACK_BYTES: usize = 64 << 20;

static RUNTIME: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_stack_size(STACK_BYTES)
        .build()
        .ok()
});

/// Sends a text through the gate and plans it, with every function and no
/// table. A panic is passed on.
pub fn gate_and_plan(text: &str) {
    let Some(runtime) = RUNTIME.as_ref() else {
        return;
    };
    let text = text.to_owned();
    let planned = runtime.spawn(async move {
        let state = context::bare();
        let Ok(statement) = gate::parse(&state, &text) else {
            return;
        };
        let plan: Result<LogicalPlan, _> = state.statement_to_plan(statement).await;
        let Ok(plan) = plan else {
            return;
        };
        if gate::check_plan(&plan, &text).is_ok() {
            let _ = state.create_physical_plan(&plan).await;
        }
    });
    if let Err(error) = runtime.block_on(planned)
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}
