# `make demo` and `make test` set up what is missing; nothing else is needed than Rust and Go.

# The official cf CLI, pinned by cf-cli/go.sum, is what the tests run. The demo takes a cf 8 or newer that is on PATH.
PINNED := $(CURDIR)/target/cf/cf
APP := example/app/sinatra
# The specs of the same release of cf, a binary a suite.
SPECS := $(CURDIR)/target/conformance
SUITES := code.cloudfoundry.org/cli/v8/integration/v7

# How many inputs each law is tried with in a soak; `make test` takes 256.
SOAK_CASES ?= 2000
# How many deployments are killed at random moments in a soak.
SOAK_KILLS ?= 60
# How often two runs contend for a lock in a soak; `make test` takes 4.
SOAK_ROUNDS ?= 20

# Which of cf's specs `make conformance` runs: all, fast, or names of commands as in ONLY="map-route unmap-route".
ONLY ?= all

# The tool that changes the pure core, and the part of its mutants that are tried: each commit tries the one of 24
# that its hash names; SHARD=0/1 tries all.
MUTANTS := target/mutants/bin/cargo-mutants
MUTANTS_VERSION := 27.1.0
SHARD ?= $(shell echo $$((0x$$(git rev-parse HEAD 2>/dev/null | cut -c1-8 | grep . || echo 0) % 24))/24)

# Of the whole runs in this file a third is tried, of each commit another one; `make more` tries the others. TURN=0 names it.
TURN ?= $(shell echo $$((0x$$(git rev-parse HEAD 2>/dev/null | cut -c1-8 | grep . || echo 0) % 3)))
OTHERS = $(shell awk 'NR % 3 != $(TURN)' tests/it/turns.txt)

# What a whole run tells of itself, until docs/figures.md is made of it.
FIGURES := $(CURDIR)/target/figures

TESTS := CUTOVER_CF=$(PINNED) CUTOVER_FIGURES=$(FIGURES) cargo test
IT := $(TESTS) --test it -- --nocapture
# The embedded Cloud Foundry's own.
FOUNDRY := $(TESTS) --test foundry -- --nocapture

.PHONY: demo test bench verify figures more matrix safeguards transcripts soak mutants conformance cf app specs

demo: app
	cargo build --bin cutover
	@cf=$$(command -v cf || true); \
	case $$("$$cf" version 2>/dev/null) in *' version 8.'*|*' version 9.'*) ;; *) $(MAKE) --no-print-directory cf; cf=$(PINNED) ;; esac; \
	target/debug/cutover rehearse deploy.example.yaml --cf "$$cf" --load 100

test: cf app
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p cutover --no-default-features -- -D warnings
	# Most tests wait for a platform: more of them than there are cores.
	CUTOVER_CF=$(PINNED) RUST_TEST_THREADS=8 cargo test --workspace -- --skip matrix:: $(OTHERS:%=--skip %)
	# A part of the fault matrix, each commit another one; CUTOVER_MATRIX=3/60 names it.
	CUTOVER_CF=$(PINNED) cargo test --test it -- --nocapture matrix::

# Deployments beside the scripts that they take the place of, in turns: some twenty minutes on a machine that does nothing
# else. It prints a table and puts it into docs/performance.md.
bench: cf app
	CUTOVER_CF=$(PINNED) CUTOVER_APP=$(CURDIR)/target/app/sinatra cargo bench --bench deployments

# All there is; it takes hours, and writes docs/figures.md.
verify: test
	rm -rf $(FIGURES)
	$(MAKE) --no-print-directory more matrix safeguards transcripts soak mutants conformance
	$(MAKE) --no-print-directory figures

# Whole runs that are not tried each time; each tells why.
more: cf app
	RUST_TEST_THREADS=6 $(IT) --ignored --skip matrix:: --skip safeguards:: --skip interleavings::
	RUST_TEST_THREADS=6 $(IT) $(OTHERS)
	RUST_TEST_THREADS=6 $(FOUNDRY) --ignored --skip transcripts:: --skip conformance::

# Every step of a deployment, with everything that can go wrong with it, under load.
matrix: cf app
	$(IT) --ignored matrix::every_step

# What keeps a run safe, taken away part by part: each time its guard must notice.
safeguards: cf app
	RUST_TEST_THREADS=4 $(IT) --ignored safeguards::

# The embedded Cloud Foundry's answers to cf, all of them; `make test` replays a part of those that cutover needs.
transcripts: cf app
	$(FOUNDRY) --ignored transcripts::

# The laws that hold for any input, contention, and kills at random moments, tried for longer. CUTOVER_SEED=N repeats a run.
soak: cf app
	CUTOVER_PROOFS=all PROPTEST_CASES=$(SOAK_CASES) cargo test --lib -- laws:: steps::tests::
	CUTOVER_PROOFS=all cargo test --lib -- proof::
	CUTOVER_ROUNDS=$(SOAK_ROUNDS) $(IT) lock::of_two
	CUTOVER_SOAK=$(SOAK_KILLS) $(IT) --ignored matrix::killed
	CUTOVER_SOAK=$(SOAK_KILLS) $(IT) --ignored interleavings::many

# The pure core, changed in one place at a time: each time a test should turn red. What may survive, with its reason, is in
# .cargo/mutants.toml; what survives beside that is named in docs/figures.md, for somebody to write the test that it lacks. The second and third runs are of what stands outside of it, each with the whole runs that guard it.
mutants: cf app $(MUTANTS)
	$(call mutate,core,--shard $(SHARD))
	$(call mutate,target,--no-config -f src/commands/context.rs -F check_target -C--test=it -- refusal::the_wrong_target)
	$(call mutate,proof,--no-config --profile mutants --no-default-features -C--lib \
		-f src/commands/prepare.rs -F prove -- commands::prepare::)

# One run of the tool: its name, and what it is to change.
define mutate
	mkdir -p target/mutants/$(1)
	CUTOVER_CF=$(PINNED) CUTOVER_APP=$(CURDIR)/target/app/sinatra CARGO_TARGET_DIR=$(CURDIR)/target/mutants/build \
		PROPTEST_MAX_SHRINK_ITERS=0 CUTOVER_PROOFS=all $(MUTANTS) mutants -p cutover --no-times --output target/mutants/$(1) $(2) \
		|| test $$? -eq 2
	mkdir -p $(FIGURES)
	cd target/mutants/$(1)/mutants.out && echo "- mutants of the $(1) ($(2)): $$(wc -l <caught.txt) caught," \
		"$$(wc -l <missed.txt) missed, $$(wc -l <timeout.txt) ended by time" >$(FIGURES)/mutants-$(1).md \
		&& sed 's/.*/  - missed: `&`/' missed.txt >>$(FIGURES)/mutants-$(1).md
endef

$(MUTANTS):
	cargo install --locked --version $(MUTANTS_VERSION) --root target/mutants --target-dir target/mutants/build cargo-mutants

# What came of the last whole run.
figures:
	{ echo "# Figures of the last whole run"; echo; \
	echo "Written by \`make verify\` of commit $$(git rev-parse --short HEAD) on $$(date -u +%F), with $$(nproc) cores."; echo; \
	cat $(FIGURES)/*.md; } >docs/figures.md

# The embedded Cloud Foundry, judged by the specs of the official cf CLI. All of them write docs/conformance.md.
conformance: cf specs
	CUTOVER_SPECS="$(ONLY)" $(FOUNDRY) --ignored conformance::the_specs_of_cf_pass

cf: $(PINNED)

specs: $(SPECS)/isolated.test $(SPECS)/global.test

$(SPECS)/%.test: cf-cli/go.mod cf-cli/go.sum
	mkdir -p $(SPECS)
	cd cf-cli && go test -c -o $@ $(SUITES)/$*
	touch $@

# As its own Makefile builds what is released: without cgo.
$(PINNED): cf-cli/go.mod cf-cli/go.sum
	cd cf-cli && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X code.cloudfoundry.org/cli/v8/version.binaryVersion=8.18.3" -o $@ code.cloudfoundry.org/cli/v8
	touch $@

# The example app, beside its manifest: a push uploads the folder as it is.
app:
	cargo build --profile app -p sinatra
	cmp -s target/app/sinatra $(APP) || cp target/app/sinatra $(APP)
