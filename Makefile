# SPDX-License-Identifier: Apache-2.0
# A thin face over CMake: `make help` lists what there is.

BUILD  ?= build
PREFIX ?= /usr/local
CONF   ?= conf/gateway.yaml
CMAKE  := cmake -S . -B $(BUILD) -G Ninja -DCMAKE_INSTALL_PREFIX=$(PREFIX) -DLN_WERROR=$(if $(CI),ON,OFF)
QUIET  := >$(BUILD)/configure.log || { cat $(BUILD)/configure.log; exit 1; }

.DEFAULT_GOAL := build
.PHONY: run build test bench resilience fuzz check-format format docs install clean deps deps-test help

run: build ## build, then serve conf/gateway.yaml (CONF=FILE for another) in the foreground
	@exec $(BUILD)/lunette run -c $(CONF)

build: deps $(BUILD)/build.ninja ## build the binary, build/lunette
	@ninja -C $(BUILD) lunette

test: deps-test ## build and run every test; the last line is the sum
	@mkdir -p $(BUILD)
	@$(CMAKE) -DLN_TESTS=ON $(QUIET)
	@ninja -C $(BUILD) --quiet || { echo "0 passed, 1 failed"; exit 1; }
	@tests/run $(BUILD)

bench: build deps-bench ## compare with nginx and HAProxy by CPU time per request
	@tests/bench/run $(BUILD)/lunette

resilience: build deps-bench ## send catastrophes at it, nginx and HAProxy: a quarter of an hour
	@tests/resilience/run $(BUILD)/lunette

fuzz: deps-test ## run every fuzz target for FUZZ_SECONDS (default 60) each; needs clang
	@cmake/deps ci
	@tests/fuzz/run $(BUILD)-fuzz

check-format: deps-test ## clang-format and luacheck, changing nothing
	@tests/lint/format

format: deps-test ## let clang-format lay out the C code
	@tests/lint/format --fix

docs: deps-test ## write the generated pages of docs/reference anew
	@mkdir -p $(BUILD)
	@$(CMAKE) -DLN_TESTS=ON $(QUIET)
	@ninja -C $(BUILD) --quiet reference
	@luajit tests/lint/docs.lua $(BUILD)/tests/reference --fix

install: build ## install below PREFIX (default /usr/local), staged below DESTDIR
	@$(CMAKE) $(QUIET)
	@ninja -C $(BUILD) --quiet lunette
	@DESTDIR=$(DESTDIR) cmake --install $(BUILD)

clean: ## remove what was built
	rm -rf $(BUILD) $(BUILD)-*

deps: ## install what building needs (Debian packages)
	@cmake/deps build

deps-test: ## ... and what the tests need
	@cmake/deps build test

deps-bench:
	@cmake/deps build bench

$(BUILD)/build.ninja:
	@mkdir -p $(BUILD)
	@$(CMAKE) -DLN_TESTS=OFF $(QUIET)

help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
	  while IFS='|' read -r name about; do printf 'make %-14s %s\n' "$$name" "$$about"; done
