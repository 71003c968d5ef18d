# `make demo` and `make test` set up what is missing; nothing else is needed than Rust and Go.

CF := $(CURDIR)/target/cf/cf

.PHONY: demo test cf

test: cf
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	CUTOVER_CF=$(CF) cargo test

cf: $(CF)

# The official cf CLI, pinned by cf-cli/go.sum, built once.
$(CF): cf-cli/go.mod cf-cli/go.sum
	cd cf-cli && go build -trimpath -ldflags "-s -w -X code.cloudfoundry.org/cli/v8/version.binaryVersion=8.17.0" -o $@ code.cloudfoundry.org/cli/v8
	touch $@
