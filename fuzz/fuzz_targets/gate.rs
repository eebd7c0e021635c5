//! Any text goes through the gate and is planned: it must neither panic nor
//! exhaust the stack.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| engine::query::fuzzing::gate_and_plan(text));
