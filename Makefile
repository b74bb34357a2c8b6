# What there is to do here. `make` or `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.SUFFIXES:

VENV := .local/venv/bin
# The pinned cargo-lambda before any other one.
export PATH := $(CURDIR)/$(VENV):$(PATH)

# A folder with a recording; empty shows every flow with the recordings of the repository.
RECORDING ?=
TOPIC ?=
FUNCTION ?= send-welcome-email
EVENT ?= created
# A path, or the name of a sample: in the function's folder, or among those of the repository.
SAMPLES = $(wildcard functions/$(FUNCTION)/samples events/samples/$(FUNCTION))
EVENT_FILE = $(firstword $(wildcard $(EVENT) $(SAMPLES:%=%/$(basename $(EVENT)).json)))
PORT ?= 9000
# Brokers of the cluster, and more options of the command `topics`, such as --names staging.json.
BOOTSTRAP ?= 127.0.0.1:9092
TOPICS ?=
DEMO_FUNCTIONS := send-welcome-email cache-user-login publish-profile-updates audit-profile-update

CARGO_DENY := .local/bin/cargo-deny
CARGO_DENY_VERSION := 0.20.2

##@ Try it

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '\nSettings: RECORDING=folder TOPIC=topic (demo), FUNCTION=name EVENT=path-or-sample PORT=9000 (watch, invoke),\n  BOOTSTRAP=host:port TOPICS="options" (topics-plan, topics-apply)\n'

.PHONY: setup
setup: ## Install the pinned tools into .local/venv (the other targets do it when needed)
	@shared/tools/local-stack/setup.sh

.PHONY: demo
demo: setup ## Run recorded records through the functions, twice, with bad records and a lost cursor, and show the results
	@echo "Compiling the local stack and the functions (minutes the first time, seconds later)"
	@cargo build --bin demo $(addprefix --bin ,$(DEMO_FUNCTIONS))
	@cargo run --quiet --bin demo -- run $(if $(RECORDING),--recording "$(RECORDING)") $(if $(TOPIC),--topic "$(TOPIC)")

##@ Work on a function

.PHONY: local-aws
local-aws: setup ## Serve only what functions need: DynamoDB, SQS, SES and the schema registry
	@cargo run --quiet --bin demo -- local-aws

.PHONY: watch
watch: setup ## Serve the functions and what they need, and reload them when their source changes
	@cargo run --quiet --bin demo -- watch --port $(PORT)

.PHONY: invoke
invoke: setup ## Send an event to a function (needs make watch)
	@test -f "$(EVENT_FILE)" || { echo "no such event: $(EVENT). Samples of $(FUNCTION):" >&2; \
	  ls $(or $(SAMPLES),events/samples) >&2; exit 1; }
	cargo lambda invoke --invoke-address 127.0.0.1 --invoke-port $(PORT) --data-file "$(EVENT_FILE)" $(FUNCTION)

.PHONY: new-function
new-function: ## Make a function NAME=verb-noun that reads TOPIC, which has a contract and a recorded insert or an example
	@cargo run --quiet --bin demo -- new-function --name "$(NAME)" --topic "$(TOPIC)"

.PHONY: manifests
manifests: ## Write what each function declares (functions/*/function.json), and who reads what (events/CATALOGUE.md, events/asyncapi.json)
	@cargo run --quiet --bin demo -- manifests
	@$(MAKE) --no-print-directory schemas-docs

.PHONY: readmes
readmes: ## Write the tables of variables and codes into the functions' READMEs
	@WRITE_README=1 cargo test --workspace --lib --bins --quiet the_readme_

.PHONY: samples
samples: ## Write events/samples from the recordings
	@cargo run --quiet --bin demo -- samples

##@ Topics of a cluster

.PHONY: topics-plan
topics-plan: ## Print what the cluster at BOOTSTRAP lacks of its contracts, with options of `topics plan` in TOPICS
	@cargo run --quiet --bin topics -- plan --bootstrap "$(BOOTSTRAP)" $(TOPICS)

.PHONY: topics-apply
topics-apply: ## Print the same; with TOPICS=--yes bring the cluster to its contracts
	@cargo run --quiet --bin topics -- apply --bootstrap "$(BOOTSTRAP)" $(TOPICS)

##@ Prove it

.PHONY: test
test: setup ## Run the tests that a push has to pass: no Java, no network (tests/README.md lists them)
	@python3 tests/suites.py test

.PHONY: test-all
test-all: test ## Run those, and what needs Java 17, Maven and Node.js 20, mutations, made functions, thousands of worlds, short fuzzing
	@python3 tests/suites.py all
	@$(MAKE) --no-print-directory simulate SEEDS=4000
	@$(MAKE) --no-print-directory fuzz SECONDS=10

.PHONY: test-jvm
test-jvm: setup ## Of those, only the tests beside programs of the JVM: Kafka, a registry, Java's Avro
	@python3 tests/suites.py all --package jvm-peers

.PHONY: test-long
test-long: setup ## Run the long simulation, the long fuzzing and the mutations of infra: more than an hour
	@$(MAKE) --no-print-directory simulate SEEDS=20000
	@$(MAKE) --no-print-directory fuzz SECONDS=300
	@$(MAKE) --no-print-directory infra-mutations

.PHONY: simulate
simulate: ## Run the batch processor in SEEDS=20000 worlds full of faults, or print the steps of one: SEED=1234
	@cargo run --quiet --bin simulate -- $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),20000))

.PHONY: scenarios
scenarios: ## Write the runs in shared/core/event-runtime/SCENARIOS.md again
	WRITE_SCENARIOS=1 cargo test --quiet --workspace --test scenarios

.PHONY: bench
bench: ## Time decoding side by side with the usual ways, on equal records
	cargo bench -p benchmarks --bench decoding

.PHONY: bench-batch
bench-batch: ## Time a batch of 5,000 records against stores of 5 ms, count its writes, and compare the door
	cargo bench -p benchmarks --bench batch

.PHONY: fuzz
fuzz: ## Fuzz every target on its corpus and then for SECONDS=20 each
	tests/fuzz/run.sh $(or $(SECONDS),20)

.PHONY: miri
miri: ## Run the one place of unsafe code under Miri (needs a nightly toolchain with miri)
	cargo +nightly miri test -p avro-decode --lib utf8

.PHONY: schemas-check
schemas-check: ## Check the contracts of topics, and schemas against their history; that functions read them is in their own tests
	@cargo run --quiet --bin schemas -- check
	@cargo run --quiet --bin schemas -- docs --check

.PHONY: schemas-docs
schemas-docs: ## Write events/CATALOGUE.md and events/asyncapi.json from events/topics, events/schemas and what functions declare
	@cargo run --quiet --bin schemas -- docs

.PHONY: check
check: fmt words clippy schemas-check test docs deny ## Everything that has to hold before a change goes in

.PHONY: check-fast
check-fast: setup fmt words clippy ## For each commit: formatting, lints, and the tests of what changed (SINCE=ref, or what is not committed)
	@python3 tests/suites.py changed $(if $(SINCE),--since $(SINCE))

.PHONY: structure
structure: ## Print the crates, the largest file, arrows between crates and circles between files
	@cargo run --quiet --package architecture --bin structure

.PHONY: fmt
fmt: ## Check the formatting
	cargo fmt --all --check

.PHONY: words
words: ## Check for words that this project does not use, and for names of tests that are sentences
	@python3 tests/words.py

.PHONY: clippy
clippy: ## Check for lints, warnings denied
	cargo clippy --workspace --all-targets -- -D warnings

.PHONY: docs
docs: ## Build the API documentation, warnings denied
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

.PHONY: deny
deny: $(CARGO_DENY) ## Check licences, sources and duplicates of all dependencies
	$(CARGO_DENY) check bans licenses sources

.PHONY: advisories
advisories: $(CARGO_DENY) ## Check dependencies against the RustSec advisories (needs GitHub)
	@$(CARGO_DENY) check advisories || { \
	  echo "advisories: failed. Above is either an advisory or, without a way to github.com, that the database could not be fetched; in that case nothing was checked." >&2; exit 1; }

# An unoptimised build is quicker to make and fast enough for one run.
$(CARGO_DENY):
	@echo "Building cargo-deny $(CARGO_DENY_VERSION) into .local (once, some minutes)"
	cargo install --root .local --target-dir .local/cargo-deny --profile dev --config profile.dev.debug=false \
	  --no-default-features --locked cargo-deny@$(CARGO_DENY_VERSION)
	rm -rf .local/cargo-deny

##@ Deploy

.PHONY: infra-check
infra-check: ## Check the Terraform modules with the real AWS provider, without an account (needs Terraform 1.11; uses TF_CLI_CONFIG_FILE)
	@python3 infra/check.py

.PHONY: infra-mutations
infra-mutations: ## Take each check of the modules out in turn and see a test fail: a quarter of an hour
	@python3 infra/mutations.py

##@ Tidy up

.PHONY: clean
clean: ## Remove everything that was built, installed or written
	cargo clean
	rm -rf .local
