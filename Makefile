# Everything a developer or CI does. Needs only make, and Deno or npm.

DENO_VERSION := 2.9.6
DENO ?= $(if $(shell command -v deno),deno,npx --yes deno@$(DENO_VERSION))
# The deno that compiles must be of the same version as the runtime it embeds (see DENORT_BIN in docs/running.md).
COMPILE_DENO ?= $(DENO)
export DENO_TLS_CA_STORE ?= system,mozilla

DIST ?= dist
EXECUTABLE = $(DIST)/artifact-vault
MAX_EXECUTABLE_BYTES := 110000000
# With JUNIT=folder every test run leaves its results there as XML.
junit = $(if $(JUNIT),--junit-path=$(JUNIT)/$(1).xml)

comma := ,
# Narrower rights for a compiled executable: make compile CACHE_DIR=/srv/vault CONFIG=/etc/vault.yml NET=0.0.0.0:8080,example.org
read_paths = $(CONFIG)$(if $(and $(CONFIG),$(CACHE_DIR)),$(comma))$(CACHE_DIR)
permissions = --allow-net$(if $(NET),=$(NET)) --allow-env --allow-read$(if $(read_paths),=$(read_paths)) \
  --allow-write$(if $(CACHE_DIR),=$(CACHE_DIR)) --allow-sys=statfs
# Deno 2.6 overflows its default stack on some of our dependencies while it compiles.
# V8 would size its heap by the machine, also in a small container. See docs/decisions/029-a-bound-for-the-heap.md.
heap_flags = --v8-flags=--expose-gc,--max-old-space-size=256,--max-semi-space-size=2,--initial-old-space-size=16
compile = RUST_MIN_STACK=33554432 $(COMPILE_DENO) compile
# Files that are only named in a Worker's URL have to be added by hand. The types are make check's: in that heap they
# could not be checked.
compile_flags = --no-prompt --no-check --frozen $(heap_flags) $(permissions) --include src/threads/worker.ts \
  --include src/vault/hashing/worker.ts \
  --include src/backends/shared/tasks/worker.ts

# What packages bring besides what runs: types, sources and their maps, which would take 5 MB of the executable and of
# memory. Deno keeps packages below the host of their registry, by name and version.
npm_cache = $(COMPILE_DENO) info --json | sed -n 's/^ *"npmCache": "\(.*\)",$$/\1/p'
packages = sed -n 's,^    "\(@\{0\,1\}[^"@]*\)@\([0-9][^"_]*\).*": {$$,\1/\2,p' deno.lock
find_unused = $(COMPILE_DENO) cache --quiet --frozen src/main.ts && cache=$$($(npm_cache)) && \
  unused=$$($(packages) | while read -r package; do find "$$cache"/*/"$$package" -type f \
  \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.md' \) 2>/dev/null; done | \
  sed 's/^/--exclude=/') && IFS="$$(printf '\n ')" && IFS="$${IFS% }" && set -f

RELEASES := x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-apple-darwin aarch64-apple-darwin \
  x86_64-pc-windows-msvc

.DEFAULT_GOAL := help
.PHONY: run test components faults ok check fmt e2e e2e-source e2e-compiled bench soak compile deb release clean help

run: ## start the vault with config-sample.yml (more arguments: ARGS="--port 9000")
	$(DENO) run --no-prompt --frozen $(heap_flags) $(permissions) src/main.ts serve --config config-sample.yml $(ARGS)

test: ## unit tests, a minute on two cores
	$(DENO) task test $(call junit,unit)

components: ## backends and bundles, each as a whole, a minute or two
	$(DENO) task components $(call junit,components)

faults: ## the whole program with upstreams, clients and disks that misbehave, another minute
	$(DENO) task faults $(call junit,faults)

ok: check test components faults ## format, lint, types, import directions and cycles, unit tests, components, faults

check: ## format, lint, types
	$(DENO) task check

fmt: ## put the sources in format
	$(DENO) fmt

e2e: e2e-source $(if $(wildcard $(EXECUTABLE)),e2e-compiled) ## end-to-end tests: source tree, and executable if compiled

e2e-source:
	$(DENO) task e2e $(call junit,e2e-source)

e2e-compiled:
	VAULT_EXECUTABLE=$(abspath $(EXECUTABLE)) $(DENO) task e2e $(call junit,e2e-compiled)

bench: ## compare with nginx, docker-registry, apt-cacher-ng (QUICK=1, BENCH_ONLY=hit-1k,pull,apt, BENCH_ENTRIES=1000000)
	$(DENO) task bench

soak: ## mixed traffic for SOAK_MINUTES (30); fails where memory grows (SOAK_MEMORY=256MB: in a memory cgroup)
	$(DENO) task soak

# An executable that holds such a runtime serves only with --allow-old-runtime.
warn_of_old_runtime = $(COMPILE_DENO) --version | awk '/^deno / { split($$2, v, "."); \
  if (v[1] * 1000000 + v[2] * 1000 + v[3] < 2007008) print "Warning: Deno " $$2 " has known holes (CVE-2026-44726" \
  " among them). This executable serves with --allow-old-runtime only; compile with Deno 2.7.8 or newer." }' >&2

compile: ## one executable, dist/artifact-vault (CACHE_DIR=… CONFIG=… NET=… narrow what it may do)
	@rm -f $(EXECUTABLE).new
	@$(warn_of_old_runtime)
	@$(find_unused); $(compile) --quiet $(compile_flags) $$unused --output $(EXECUTABLE).new src/main.ts
	@# npx hides it when what it runs is killed by a signal.
	@test -x $(EXECUTABLE).new || { echo "deno compile has written nothing"; exit 1; }
	@size=$$(wc -c < $(EXECUTABLE).new); echo "$(EXECUTABLE): $$size bytes"; \
	  test $$size -le $(MAX_EXECUTABLE_BYTES) || { echo "It may have $(MAX_EXECUTABLE_BYTES) at most."; exit 1; }
	@# One that runs goes on, and until here the old one is there.
	@mv -f $(EXECUTABLE).new $(EXECUTABLE)

deb: ## Debian package of what make compile has made, in dist
	@test -x $(EXECUTABLE) || { echo "There is no $(EXECUTABLE) yet: make compile first."; exit 1; }
	sh docs/deploy/debian/build.sh $(EXECUTABLE) $(DIST)

release: ## executables for Linux, macOS and Windows with SHA256SUMS, in dist/release
	@rm -rf $(DIST)/release && mkdir -p $(DIST)/release
	@$(warn_of_old_runtime)
	@$(find_unused); for target in $(RELEASES); do \
	  unset DENORT_BIN; $(compile) --quiet $(compile_flags) $$unused --target $$target \
	    --output $(DIST)/release/artifact-vault-$$target src/main.ts || { \
	    echo "No executable for $$target: Deno could not get its runtime for that system (see the message above)."; \
	    rm -rf $(DIST)/release; exit 1; }; \
	done
	cd $(DIST)/release && if command -v sha256sum >/dev/null; then sha256sum artifact-vault-*; \
	  else shasum -a 256 artifact-vault-*; fi > SHA256SUMS

clean: ## remove what was built; the cache stays
	rm -rf $(DIST)

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 10
