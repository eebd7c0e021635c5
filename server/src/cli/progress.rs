//! A bar for long commands, on standard error where that is a terminal.

use engine::maintain::progress::{Progress, Step};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Output;

/// The bar; it is gone when it is dropped.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(output: Output) -> Self {
        let target = match output {
            Output::Text => ProgressDrawTarget::stderr(),
            Output::Json => ProgressDrawTarget::hidden(),
        };
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}, {eta} left");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::with_draw_target(None, target).with_style(style))
    }
}

impl Progress for Bar {
    fn advance(&self, step: Step, done: u64, total: u64) {
        self.0.set_message(match step {
            Step::Tables => "tables",
            Step::Objects => "objects",
            Step::Files => "files",
        });
        self.0.set_length(total);
        self.0.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
