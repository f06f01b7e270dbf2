# make run: set up and run the main job.  make test: set up and run every check.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEER := .venv-bench
XLEARN := .venv-xlearn
export DO_NOT_TRACK := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: setup run test test-masked lint viz bench bench-recovery bench-ingest bench-step bench-step-parts bench-kept \
	bench-scaling bench-latency bench-statistics-auc bench-ffm bench-accuracy bench-faults bench-env clean
.NOTPARALLEL:

setup: $(VENV)/.installed

# Python compiles what it imports, as it imports it: all 30,000 files would take as long as the rest of the installation.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(call make_venv,$(VENV))
	$(BIN)/pip install --quiet --no-compile -c constraints.txt -e ".[viz,dev]"
	@touch $@

run: setup
	$(BIN)/kedro run

test: setup
	$(call run_checks,$(LINTERS) "$(PYTEST)")

# As on a processor with AVX2 and without AVX-512.
test-masked: setup
	PYTEST_ADDOPTS="$(SIDE_BY_SIDE)" OMP_NUM_THREADS=1 $(BIN)/python -m tests.masked

lint: setup
	$(call run_checks,$(LINTERS))

viz: setup
	$(BIN)/kedro viz run

bench: bench-recovery bench-ingest bench-step bench-step-parts bench-kept bench-scaling bench-latency \
	bench-statistics-auc

bench-recovery: setup
	$(BIN)/python -m benchmarks.recovery

bench-ingest: setup
	$(BIN)/python -m benchmarks.ingest

bench-step: setup bench-env
	$(BIN)/python -m benchmarks.step --peer $(PEER)/bin/python

bench-kept: setup
	$(BIN)/python -m benchmarks.kept

bench-step-parts: setup
	$(BIN)/python -m benchmarks.step_parts

bench-scaling: setup
	$(BIN)/python -m benchmarks.scaling

bench-latency: setup
	$(BIN)/python -m benchmarks.latency

bench-statistics-auc: setup
	$(BIN)/python -m benchmarks.statistics_auc

# Kills, damaged files, odd parameters, places that fail: docs/reliability.md
MINUTES ?= 10
bench-faults: setup
	$(BIN)/python -m benchmarks.faults --minutes $(MINUTES)

# Rows first: kedro run --env criteo --pipeline bucketing --params raw_path=<criteo_sample.tsv.gz>
bench-ffm: setup $(XLEARN)/.installed
	$(BIN)/python -m benchmarks.ffm_race --xlearn $(XLEARN)/bin/python

# Our side of it: kedro run --env frappe --pipeline baselines --params n_seeds=3
bench-accuracy: setup bench-env
	$(BIN)/python -m benchmarks.accuracy --peer $(PEER)/bin/python

# Peers are measured in an environment of their own: nothing of theirs is imported by the package.
bench-env: $(PEER)/.installed

$(PEER)/.installed: constraints.txt
	$(call make_venv,$(PEER))
	$(PEER)/bin/pip install --quiet -c constraints.txt torch "fuxictr==2.3.10" "deepctr-torch==0.3.0"
	@touch $@

# xlearn is built from source: g++, make and the system's cmake are needed.
$(XLEARN)/.installed: constraints.txt
	$(call make_venv,$(XLEARN))
	CMAKE_POLICY_VERSION_MINIMUM=3.5 $(XLEARN)/bin/pip install --quiet "xlearn==0.40a1"
	@touch $@

clean:
	rm -rf $(VENV) $(PEER) $(XLEARN) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .numba_cache src/*.egg-info

# Tests of one module stay together, for they share what its fixtures made.
WORKERS ?= auto
SIDE_BY_SIDE := -n $(WORKERS) --maxprocesses 4 --dist loadscope --no-loadscope-reorder
PYTEST := pytest $(SIDE_BY_SIDE)
LINTERS := "ruff check ." "ruff format --check ." "lint-imports"

# $(call run_checks,"one" "two"): every check, even after one failed, so that one run shows all that is wrong. mypy, which
# takes longest of the linters, works beside them and is shown last.
define run_checks
@export OMP_NUM_THREADS=1; failed=""; types=$$(mktemp); $(BIN)/mypy >$$types 2>&1 & mypy=$$!; \
for check in $(1); do echo "== $$check"; $(BIN)/$$check || failed="$$failed '$$check'"; done; \
wait $$mypy || failed="$$failed 'mypy'"; echo "== mypy"; cat $$types; rm $$types; \
if [ -n "$$failed" ]; then echo "failed:$$failed" >&2; exit 1; fi
endef

# $(call make_venv,folder): an environment, unless a whole one is there.
define make_venv
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "Python 3.11 or newer is needed, but $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
		"Name another: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
@test -x $(1)/bin/pip || $(PYTHON) -m venv --clear $(1) || { \
	echo "$(PYTHON) cannot make a virtual environment: install its venv module (Debian: apt install python3-venv)" >&2; exit 1; }
endef
