# Two commands do everything on a machine with Python 3.10+ and git: `make demo` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Two cores, but most tests wait for processes: four workers keep both busy.
WORKERS ?= 4

# Pytest rewrites every assertion; without bytecode it does so again in each worker of each run.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help redaction demo test test-fast test-faults test-windows test-lowest upstream lint format catalogue bench build clean secret-patterns pictures docs search dashboards receivers released

help:
	@echo "make demo         run the main job against a local stand-in for PostHog"
	@echo "make test         set up and run the tests"
	@echo "make test-fast    the quick ones only"
	@echo "make test-faults  every system call fails once, in every step of an account's life (an hour)"
	@echo "make test-windows the tests on Windows' Python under Wine; sets that up in .windows (800 MB), as root on Debian"
	@echo "make test-lowest  the tests with the lowest supported versions"
	@echo "make upstream     run the suites of Click, Typer and cleo, bare and instrumented (many minutes)"
	@echo "make search       look for examples that no test has tried yet (some minutes)"
	@echo "make redaction    measure what redaction hides and keeps (fetches 300 MB of public samples once)"
	@echo "make lint         ruff, mypy, and whether the tables of what is collected are right"
	@echo "make format       let ruff format"
	@echo "make catalogue    write docs/reference/, the tables of docs/what-we-collect.md, and the manifest of an example"
	@echo "make bench        measure, and write tests/benchmarks/results.md"
	@echo "make docs         build the documentation into site/"
	@echo "make pictures     draw docs/demo.svg, docs/view.png and docs/dashboards anew"
	@echo "make secret-patterns  renew the shapes of known tokens (arcade_otel/spans/secret_patterns.py)"
	@echo "make released     compare the events with those of the released Arcade CLI's own tracker, in an environment of its own"
	@echo "make dashboards   write the dashboards' queries, and run them in ClickHouse"
	@echo "make receivers    send spans to Arize Phoenix and MLflow, and check what arrived; installs them in .receivers (2 GB)"
	@echo "make build        wheel and sdist into dist/"

$(VENV)/.ready: pyproject.toml .ci/setup
	@PYTHON=$(PYTHON) .ci/setup $(VENV)
	@touch $@

.venv-lowest/.ready: pyproject.toml .ci/setup .ci/lowest.txt
	@PYTHON=$(PYTHON) .ci/setup .venv-lowest .ci/lowest.txt
	@touch $@

demo: $(VENV)/.ready
	@$(BIN)/python examples/demo.py

test: $(VENV)/.ready
	$(BIN)/python -m pytest -n $(WORKERS) --dist=worksteal

test-fast: $(VENV)/.ready
	$(BIN)/python -m pytest -n $(WORKERS) --dist=worksteal @.ci/quick-tests.txt

test-faults: $(VENV)/.ready
	$(BIN)/python -m pytest -n $(WORKERS) --dist=worksteal -m faults tests/identity

test-windows:
	@.ci/windows/setup .windows
	@.ci/windows/run .windows -m pytest -q -o timeout=120 tests/windows tests/storage tests/handoff tests/identity \
		tests/recording/test_late_events.py tests/recording/test_own_events.py tests/recording/test_waiting.py \
		tests/sender/test_just_started.py

test-lowest: .venv-lowest/.ready
	.venv-lowest/bin/python -m pytest -n $(WORKERS) --dist=worksteal -m "not latest"

upstream: $(VENV)/.ready
	$(BIN)/python -m tests.upstream.run

search: $(VENV)/.ready
	$(BIN)/python -m pytest -n $(WORKERS) --timeout 1800 --hypothesis-profile search \
		tests/spans tests/exporters/test_otlp_json.py

CORPORA ?= $(HOME)/.cache/arcade-otel-corpora
redaction: $(VENV)/.ready
	$(BIN)/python -m tests.privacy.measure --corpora $(CORPORA)

lint: $(VENV)/.ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m arcade_otel.cli.manifest --check docs/what-we-collect.md
	$(BIN)/python dashboards/generate.py --check
	$(BIN)/arcade-otel manifest examples/arcade_like.py:app --check examples/arcade_like.manifest.md
	$(BIN)/python .ci/reference_pages.py --check

format: $(VENV)/.ready
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

catalogue: $(VENV)/.ready
	$(BIN)/python -m arcade_otel.cli.manifest docs/what-we-collect.md
	$(BIN)/arcade-otel manifest examples/arcade_like.py:app --output examples/arcade_like.manifest.md
	$(BIN)/python .ci/reference_pages.py

bench: $(VENV)/.ready
	@$(BIN)/python -m pip --quiet --quiet --disable-pip-version-check install --group bench
	$(BIN)/python -m tests.benchmarks.run

pictures: $(VENV)/.ready
	$(BIN)/python examples/demo.py docs/demo.svg
	$(BIN)/python -m tests.cli.view.picture docs/view.png
	$(BIN)/python -m tests.dashboards.picture docs/dashboards

released: $(VENV)/.ready
	$(BIN)/python -m pytest -n $(WORKERS) -m released tests/examples

dashboards: $(VENV)/.ready
	@$(BIN)/python -m pip --quiet --quiet --disable-pip-version-check install --group dashboards
	$(BIN)/python dashboards/generate.py
	$(BIN)/python -m pytest -m dashboards tests/dashboards

receivers: $(VENV)/.ready
	$(BIN)/python -m tests.receivers.run docs/receivers

docs: $(VENV)/.ready
	@$(BIN)/python -m pip --quiet --quiet --disable-pip-version-check install --group docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

secret-patterns: $(VENV)/.ready
	$(BIN)/python .ci/secret_patterns.py
	$(BIN)/ruff format --quiet arcade_otel/spans/secret_patterns.py

build: $(VENV)/.ready
	$(BIN)/python -m build --no-isolation --outdir dist

clean:
	rm -r -f .venv .venv-lowest .receivers dist site .mypy_cache .ruff_cache .hypothesis
