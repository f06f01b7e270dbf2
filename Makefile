# make run: set up and run the main job.  make test: set up and run every check.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DO_NOT_TRACK := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: setup run test lint viz bench bench-recovery bench-ingest bench-step bench-env clean

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $$($(PYTHON) --version) found. Name another: make setup PYTHON=python3.12" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt -e ".[viz,dev]"
	touch $@

run: setup
	$(BIN)/kedro run

test: setup lint
	OMP_NUM_THREADS=1 $(BIN)/pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

viz: setup
	$(BIN)/kedro viz run

bench: bench-recovery bench-ingest bench-step

bench-recovery: setup
	$(BIN)/python -m benchmarks.recovery

bench-ingest: setup
	$(BIN)/python -m benchmarks.ingest

bench-step: setup bench-env
	$(BIN)/python -m benchmarks.fm_step

# The peers are measured in an environment of their own.
bench-env: .venv-bench/.installed

.venv-bench/.installed: constraints.txt
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet "torch==2.13.0" "fuxictr==2.3.10"
	touch $@

clean:
	rm -rf $(VENV) .venv-bench .mypy_cache .ruff_cache .pytest_cache .hypothesis
