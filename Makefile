# One command runs everything: `make test`. Only python3 (3.11 or newer, with venv) and make must be there before.

PYTHON ?= python3
UV ?= .venv/bin/uv
KERBEROS_PACKAGES := gcc libc6-dev python3-dev libkrb5-dev krb5-kdc krb5-admin-server krb5-user
DEBIAN_PACKAGES ?= tmux postgresql $(KERBEROS_PACKAGES)
SCALE ?= 20
# One process more than there are cores: tests wait a third of their time for processes of their own.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PYTEST_ARGS ?= -n $(WORKERS) --dist worksteal

BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

COMPILE := $(UV) pip compile --quiet --universal -p 3.11 --generate-hashes --no-emit-index-url --no-header \
	--no-annotate
COMPILE_MAIN = $(COMPILE) pyproject.toml --group dev --extra credssp --extra postgresql
COMPILE_KERBEROS = $(COMPILE) pyproject.toml --extra kerberos
COMPILE_BENCH = $(COMPILE) --group pyproject.toml:bench
COMPILE_SALT = $(COMPILE) --group pyproject.toml:bench-salt

.PHONY: install test test-long kerberos demo bench docs wheel lock lock-check format clean debian-packages
.DELETE_ON_ERROR:

# ---- install: the locked packages, then the project on top of them

install: .venv/.project

# A changed lock makes the environment anew, so that nothing it no longer names is left to lean on.
.venv/.locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("reconciler needs Python 3.11 or newer.")'
	@echo "Installing the locked packages into .venv ..."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install -qq --require-hashes -r requirements.lock
	@touch $@

.venv/.project: pyproject.toml .venv/.locked
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e .
	@touch $@

# ---- test: quick checks first, the tests last; the first failure ends it
# The sources are compiled first: the tests start the program hundreds of times, and processes that write no compiled files
# would compile it each time.

heading = @printf '\n== %s ==\n' '$(1)'

test: install debian-packages kerberos
	$(call heading,format)
	@$(BIN)/ruff format --check .
	$(call heading,lint)
	@$(BIN)/ruff check .
	$(call heading,types)
	@$(BIN)/mypy --strict
	$(call heading,layers)
	@$(BIN)/lint-imports --no-logo
	$(call heading,tests)
	@$(BIN)/python -m compileall -q -j 0 reconciler providers state tests
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

# The laws over many more generated cases; `make test-long SCALE=100 RECONCILER_TEST_SEED=7` for others, and still more.
test-long: install
	@RECONCILER_TEST_SCALE=$(SCALE) $(BIN)/python -m pytest $(PYTEST_ARGS) tests/laws

# What the tests need beside Python packages: root on Debian gets it, everyone else is told.
debian-packages:
	@missing=""; \
	for package in $(DEBIAN_PACKAGES); do \
	    dpkg-query -W -f '$${Status}' "$$package" 2>/dev/null | grep -q 'install ok installed' \
	        || missing="$$missing $$package"; \
	done; \
	test -n "$$missing" || exit 0; \
	if test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null; then \
	    echo "Missing Debian packages that tests use:$$missing"; exit 0; \
	fi; \
	echo "Installing Debian packages:$$missing ..."; \
	export DEBIAN_FRONTEND=noninteractive; \
	if ! output=$$( { apt-get -qq update && \
	    apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $$missing; } 2>&1 </dev/null ); then \
	    echo "$$output"; echo "To test without them: make test DEBIAN_PACKAGES="; exit 1; \
	fi

# The extra that has no wheels, compiled where Debian's packages allow it: where they do not, its tests are skipped and say
# what is missing. Unoptimised, because compiling takes longer than the tests.
kerberos: install debian-packages
	@if test .venv/.kerberos -nt requirements-kerberos.lock && test .venv/.kerberos -nt .venv/.locked; then exit 0; fi; \
	if ! command -v krb5-config >/dev/null || ! command -v gcc >/dev/null || ! $(BIN)/python -c '$(HAS_HEADERS)'; then \
	    echo "Without Kerberos: compiling it takes the Debian packages $(KERBEROS_PACKAGES)"; exit 0; \
	fi; \
	echo "Compiling the locked packages for Kerberos ..."; \
	CFLAGS=-O0 $(BIN)/python -m pip install -qq --require-hashes -r requirements-kerberos.lock && touch .venv/.kerberos

HAS_HEADERS := import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))

# ---- the rest

demo: install
	@PATH="$(CURDIR)/$(BIN):$$PATH" samples/demo.sh

# The peer's provider needs packages that nothing else does; `make bench BENCH_ARGS=--full` measures more.
.venv/.bench: requirements-bench.lock .venv/.locked
	@echo "Installing the locked packages of the benchmark ..."
	@$(BIN)/python -m pip install -qq --require-hashes -r requirements-bench.lock
	@touch $@

# The other peer's pins contradict ours, so it has an environment of its own. It comes as source, which needs its build
# tools first. Where it cannot be built, the benchmark goes without it.
.venv/.salt: requirements-salt.lock .venv/.locked
	@echo "Installing the locked packages of Salt into .venv/salt ..."
	@$(PYTHON) -m venv --clear .venv/salt
	@sed -n '/^setuptools==\|^wheel==/,/[^\\]$$/p' requirements-salt.lock > .venv/salt/build.lock
	@$(INTO_SALT) -r .venv/salt/build.lock && $(INTO_SALT) --no-build-isolation -r requirements-salt.lock \
	    && touch $@ || { rm -rf .venv/salt; echo "The benchmark goes without Salt, which could not be installed."; }

INTO_SALT := .venv/salt/bin/python -m pip install -qq --require-hashes --no-deps

bench: install .venv/.bench .venv/.salt
	@$(BIN)/python -m tests.bench --page docs/performance.md $(BENCH_ARGS)

# Builds the wheel into dist/, and runs the program from it in a clean environment outside the repository.
wheel: install
	@$(BIN)/python -m tests.project.wheel

# The parts of the pages in docs/ that the code knows; a test fails where they are not up to date.
docs: install
	@$(BIN)/python -m tests.docs

format: install
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

# Pins stay as they are while they satisfy pyproject.toml; `make lock COMPILE_ARGS=--upgrade` moves them.
lock: $(UV)
	@$(COMPILE_MAIN) $(COMPILE_ARGS) -o requirements.lock >/dev/null
	@$(COMPILE_KERBEROS) $(COMPILE_ARGS) -c requirements.lock -o requirements-kerberos.lock >/dev/null
	@$(COMPILE_BENCH) $(COMPILE_ARGS) -c requirements.lock -o requirements-bench.lock >/dev/null
	@$(COMPILE_SALT) $(COMPILE_ARGS) -o requirements-salt.lock >/dev/null

# Needs the package index: compiling again must give the same bytes.
lock-check: $(UV)
	@copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && cp requirements*.lock "$$copy" && \
	$(COMPILE_MAIN) -o "$$copy/requirements.lock" >/dev/null && \
	$(COMPILE_KERBEROS) -c "$$copy/requirements.lock" -o "$$copy/requirements-kerberos.lock" >/dev/null && \
	$(COMPILE_BENCH) -c "$$copy/requirements.lock" -o "$$copy/requirements-bench.lock" >/dev/null && \
	$(COMPILE_SALT) -o "$$copy/requirements-salt.lock" >/dev/null && \
	for lock in requirements*.lock; do \
	    cmp "$$lock" "$$copy/$$lock" || { echo "$$lock is out of date: run make lock"; exit 1; }; \
	done

$(BIN)/uv:
	@$(MAKE) install

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
