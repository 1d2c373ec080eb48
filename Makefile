# The front door. `make help` lists what is behind it; each target is one line of shell or one script.
.DEFAULT_GOAL := help
.PHONY: help run build dev setup setup-test test check soak asan tsan fuzz bench bench-ingest bench-delivery bench-backlog bench-outputs bench-detector format tidy clean docker-build docker-up docker-down

JOBS ?= $(shell nproc)
# One cache for all build folders and clones: paths in it are relative.
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1
REPEAT ?= 20
SECONDS ?= 60
# A working preset is configured again only when it is new: cmake itself notices changed lists.
configure = test -f build/$(1)/build.ninja || cmake --preset $(1) $(if $(TOCSIN_WERROR),-DTOCSIN_WERROR=$(TOCSIN_WERROR)) > build/$(1).log 2>&1 || { cat build/$(1).log; exit 1; }
compile = mkdir -p build && { $(call configure,$(1)); } && cmake --build build/$(1) -j $(JOBS) $(if $(2),--target $(2))

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

run: build ## sees alerts on this machine at once: sets up, builds, starts detector and hub, until Ctrl-C
	@scripts/run

build: setup ## build/release/bin/tocsin-hub and tocsin-detector
	@$(call compile,release)
	@echo "built: build/release/bin/tocsin-hub build/release/bin/tocsin-detector"

dev: setup ## debug build with the tests, in build/dev
	@$(call compile,dev)

setup: ## installs what building and running needs (Debian packages)
	@scripts/setup

setup-test: ## … and the servers that the tests talk to
	@scripts/setup --test

test: setup-test ## builds and runs every test; the last line counts them
	@$(call compile,dev)
	@tests/run

check: setup ## the tests that need no servers, in under 5 minutes when warm
	@$(call compile,dev)
	@tests/run --no-servers

soak: setup-test ## the kill -9 tests, REPEAT=20 times in a row
	@$(call compile,dev)
	@tests/e2e/test_kill.py --repeat $(REPEAT)

asan: setup ## unit tests under address and undefined-behaviour sanitizers; PROGRAMS="test_core …": only these
	@$(call compile,asan,$(PROGRAMS))
	@tests/run --unit --bin build/asan/bin

tsan: setup ## unit tests under the thread sanitizer
	@$(call compile,tsan)
	@tests/run --unit --bin build/tsan/bin

fuzz: ## every fuzz target for SECONDS=60 each, JOBS at a time; new inputs stay in build/fuzz-corpus
	@scripts/setup --fuzz
	@mkdir -p build && { $(call configure,fuzz); } && cmake --build build/fuzz -j $(JOBS) --target fuzzers
	@tests/fuzz/run --seconds $(SECONDS) --jobs $(JOBS)

bench: bench-ingest bench-delivery bench-backlog bench-detector ## every headline figure, each against a floor in the same run

bench-ingest: build ## durable alerts a second, against a bare server that answers 200
	@bench/ingest/run

bench-delivery: build ## alerts a second out at the other end, a far sink, an outage
	@bench/delivery/run

bench-backlog: build ## a million alerts queued: memory, recovery after kill -9, drain
	@bench/backlog/run

bench-outputs: build ## each output against its real server: rate, CPU an alert, memory
	@bench/outputs/run

bench-detector: build ## what a system call costs with the detector looking on
	@bench/detector/run

format: ## clang-format over all our sources
	@git ls-files -z '*.h' '*.cpp' '*.c' '*.def' | xargs -0 clang-format-16 -i

tidy: dev ## clang-tidy over the hub's and core's sources
	@git ls-files 'core/*.cpp' 'net/*.cpp' 'outputs/*.cpp' 'hub/*.cpp' | xargs -P $(JOBS) -n 4 clang-tidy-16 --quiet -p build/dev

clean: ## forgets everything built
	@rm -rf build

docker-build: ## the two images, from deploy/Dockerfile
	@docker compose build

docker-up: ## hub and detector in containers (docker compose up)
	@docker compose up -d --wait

docker-down: ## … and away again; the state volume stays
	@docker compose down
