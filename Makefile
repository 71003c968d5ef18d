# `make demo` and `make test` set up what is missing; nothing else is needed than Rust and Go.

CF := $(CURDIR)/target/cf/cf

.PHONY: demo test cf app

test: cf app
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	CUTOVER_CF=$(CF) cargo test --workspace

cf: $(CF)

# The example app, in the directory that is pushed.
app: example/app/sinatra

example/app/sinatra: $(wildcard example/sinatra/src/*.rs) example/sinatra/Cargo.toml
	cargo build --profile app -p sinatra
	cp target/app/sinatra $@

# The official cf CLI, pinned by cf-cli/go.sum, built once.
$(CF): cf-cli/go.mod cf-cli/go.sum
	cd cf-cli && go build -trimpath -ldflags "-s -w -X code.cloudfoundry.org/cli/v8/version.binaryVersion=8.17.0" -o $@ code.cloudfoundry.org/cli/v8
	touch $@
