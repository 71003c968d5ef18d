# `make demo` and `make test` set up what is missing; nothing else is needed than Rust and Go.

# The official cf CLI, pinned by cf-cli/go.sum, is what the tests run. The demo takes a cf 8 or newer that is on PATH.
PINNED := $(CURDIR)/target/cf/cf
APP := example/app/sinatra
# The specs of the same release of cf, a binary a suite.
SPECS := $(CURDIR)/target/conformance
SUITES := code.cloudfoundry.org/cli/v8/integration/v7
# The app in which they make service brokers.
BROKER := code.cloudfoundry.org/cli/integration/assets/hydrabroker

# How many inputs each law is tried with in a soak; `make test` takes 256.
SOAK_CASES ?= 20000
# How many deployments are killed in a soak; `make test` kills 8.
SOAK_KILLS ?= 400

# Which of cf's specs `make conformance` runs: all, fast, or names of commands as in ONLY="map-route unmap-route".
ONLY ?= all

.PHONY: demo test matrix mutations soak conformance cf app specs

demo: app
	cargo build --bin cutover
	@cf=$$(command -v cf || true); \
	case $$("$$cf" version 2>/dev/null) in *' version 8.'*|*' version 9.'*) ;; *) $(MAKE) --no-print-directory cf; cf=$(PINNED) ;; esac; \
	target/debug/cutover rehearse deploy.example.yaml --cf "$$cf" --load 100

test: cf app specs
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p cutover --no-default-features -- -D warnings
	# Most tests wait for a platform: more of them than there are cores.
	CUTOVER_CF=$(PINNED) RUST_TEST_THREADS=8 cargo test --workspace -- --skip matrix:: --skip mutations::
	# With their figures; what builds mutants waits for the platform no less than what meets faults.
	$(MAKE) --no-print-directory -j2 matrix mutations

# Every step of a deployment, with everything that can go wrong with it, under load.
matrix: cf app
	CUTOVER_CF=$(PINNED) RUST_TEST_THREADS=1 cargo test --test it -- --nocapture matrix::

# The laws that hold for any input, and kills at random moments, tried for longer. CUTOVER_SEED=N repeats a run.
soak: cf app
	PROPTEST_CASES=$(SOAK_CASES) cargo test -p cutover --lib -- laws:: steps::tests::
	CUTOVER_CF=$(PINNED) CUTOVER_SOAK=$(SOAK_KILLS) cargo test --test it -- --nocapture matrix::killed

# What keeps a deployment safe, taken away piece by piece: each time a test must turn red.
mutations: cf app
	CUTOVER_CF=$(PINNED) cargo test --test it -- --nocapture mutations::

# The embedded Cloud Foundry, judged by the specs of the official cf CLI. All of them write docs/conformance.md.
conformance: cf specs
	CUTOVER_CF=$(PINNED) CUTOVER_SPECS="$(ONLY)" cargo test --test it -- --nocapture --ignored conformance::the_specs_of_cf_pass

cf: $(PINNED)

specs: $(SPECS)/isolated.test $(SPECS)/global.test $(SPECS)/hydrabroker

$(SPECS)/%.test: cf-cli/go.mod cf-cli/go.sum
	mkdir -p $(SPECS)
	cd cf-cli && go test -c -o $@ $(SUITES)/$*
	touch $@

$(SPECS)/hydrabroker: cf-cli/go.mod cf-cli/go.sum
	mkdir -p $(SPECS)
	cd cf-cli && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o $@ $(BROKER)
	touch $@

$(PINNED): cf-cli/go.mod cf-cli/go.sum
	cd cf-cli && go build -trimpath -ldflags "-s -w -X code.cloudfoundry.org/cli/v8/version.binaryVersion=8.17.0" -o $@ code.cloudfoundry.org/cli/v8
	touch $@

# The example app, beside its manifest: a push uploads the folder as it is.
app:
	cargo build --profile app -p sinatra
	cmp -s target/app/sinatra $(APP) || cp target/app/sinatra $(APP)
