# The two commands a newcomer needs are `make run` and `make test`; each does
# its own set-up first and says what it does. Compiled files are kept outside
# the checkout, in the folder that `.ci/target-dir` prints.

SHELL := /bin/bash
export CARGO_TARGET_DIR := $(shell .ci/target-dir)

.PHONY: run test faults fuzz bench forecast-scores peers fmt lint pages
.DEFAULT_GOAL := run

run: ## builds Tessera and serves its demo (TESSERA_LISTEN, TESSERA_DATA_DIR)
	@exec .ci/serve

test: ## everything that CI runs
	@exec .ci/test

faults: ## the long form of the tests of faults (TESSERA_FAULT_ROUNDS, TESSERA_FAULT_SEED)
	@exec .ci/faults

fuzz: ## random SQL and requests, at length (TESSERA_TEST_QUERIES, TESSERA_TEST_SEED)
	@exec .ci/fuzz

bench: ## the measurements of benches/README.md
	@.ci/set-up
	cargo bench --workspace --benches --locked

forecast-scores: ## the scores of docs/forecasting.md (TESSERA_FORECAST_KIT)
	@exec benches/forecast-scores

peers: ## the comparison of benches/peers/README.md
	@exec benches/peers/run

fmt: ## formats the code
	cargo fmt --all

pages: ## builds the dashboard's pages, which a plain `cargo build` then embeds
	@exec .ci/pages

lint: ## formatting and clippy, as `make test` has it
	@exec .ci/lint
