# Everything sets itself up: `make demo` and `make test` work as the first command after a clone,
# on a machine that has Python 3.11 or newer and make. uv is used where it is installed, else fetched into .tools.

PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test check format lint types types-samples chromium lock bench fuzz fuzz-api chaos chaos-mutants docs screenshots clean

help:  ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.tools/bin/uv:
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv

# Where Python is told not to write its cache, every start of every program compiles a thousand modules.
unexport PYTHONDONTWRITEBYTECODE

# `pip sync` installs exactly the pinned and hashed versions, then the checkout itself on top. The collector is imported
# once, so that Python has compiled it before anybody waits for it.
$(READY): requirements.lock pyproject.toml | $(filter .tools/bin/uv,$(UV))
	$(UV) venv --quiet --allow-existing --no-managed-python --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(BIN)/python -c "import assay.cli, assay.collector.server, assay.evaluation"
	@touch $@

demo: $(READY)  ## Trace and evaluate a small support assistant, then serve the pages
	$(BIN)/assay demo

test: $(READY)  ## Run the tests
	$(BIN)/pytest -n auto --dist worksteal --tb short

check: format-check lint types-samples test chaos-short  ## Everything CI runs

format: $(READY)  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: format-check
format-check: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)  ## Lint
	$(BIN)/ruff check .

# mypy wants to see the folders where they will be installed: under one package, assay.
types: $(READY)  ## Check types
	@rm -rf .typecheck && mkdir -p .typecheck/assay
	@ln -s $(CURDIR)/assay/* .typecheck/assay/
	@ln -s $(CURDIR)/tracing $(CURDIR)/collector $(CURDIR)/prompts $(CURDIR)/evaluation .typecheck/assay/
	cd .typecheck && MYPYPATH=. ../$(BIN)/mypy --config-file ../pyproject.toml --cache-dir ../.mypy_cache -p assay

types-samples: types  ## Check with mypy and pyright what a type checker knows of traced functions
	cd .typecheck && MYPYPATH=. ../$(BIN)/mypy --config-file ../pyproject.toml --cache-dir ../.mypy_cache ../tests/typing/decorator_samples.py
	$(BIN)/basedpyright --project tests/typing --pythonpath $(BIN)/python

lock:  ## Pin every dependency again, with hashes, for all platforms
	$(UV) pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --quiet --upgrade --output-file requirements.lock

.PHONY: chaos-short
chaos-short: $(READY)  ## Kill, starve and flood the collector, briefly
	$(BIN)/pytest -n auto --dist worksteal --tb short -m chaos tests/chaos

# The full sizes of tests/chaos, and what is as slow elsewhere. DuckDB 1.5.5 lies beside, for the test that lets two
# versions take turns.
.tools/duckdb-1.5.5: | $(READY) $(filter .tools/bin/uv,$(UV))
	$(UV) pip install --quiet --python $(BIN)/python --target $@ duckdb==1.5.5

chaos: $(READY) .tools/duckdb-1.5.5  ## Kill, starve and flood the collector, at full size
	CHAOS=full CHAOS_DUCKDB=$(CURDIR)/.tools/duckdb-1.5.5 $(BIN)/pytest -m chaos -s tests

chaos-mutants: $(READY)  ## Break a promise on purpose: the chaos tests must notice, each time
	PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/python tests/chaos/mutants.py

bench: $(READY)  ## Print the benchmarks' figures
	$(BIN)/python -m benchmarks

fuzz: $(READY)  ## Fuzz decoders, filters, redaction and gunzip, each for FUZZ_SECONDS (600), and try all properties longer
	cd tests && ../$(BIN)/python -m fuzz
	grep --recursive --files-with-matches --include='*.py' '@given' tests | \
		xargs $(BIN)/pytest -n auto --dist loadfile --hypothesis-profile thorough

fuzz-api: $(READY)  ## Ask a collector everything that its OpenAPI document allows, and expect no 5xx
	cd tests && ../$(BIN)/python -m fuzz.api

.PHONY: libraries
libraries: $(READY) | $(filter .tools/bin/uv,$(UV))  ## Install each traced library with what traces it, and run its document (ONLY="dspy mcp")
	cd tests && UV=$(abspath $(UV)) ../$(BIN)/python -m libraries $(ONLY)

# The OpenAI SDK in the other versions that are traced, with what they need.
.tools/openai-%: | $(READY) $(filter .tools/bin/uv,$(UV))
	$(UV) pip install --quiet --python $(BIN)/python --target $@ "openai==$*.*"

.PHONY: matrix
matrix: $(READY) .tools/openai-1.109 .tools/openai-2  ## Every call form of the OpenAI SDK, with each version that is traced
	PYTHONPATH=$(CURDIR)/.tools/openai-1.109 $(BIN)/pytest tests/tracing/test_openai_matrix.py
	PYTHONPATH=$(CURDIR)/.tools/openai-2 $(BIN)/pytest tests/tracing/test_openai_matrix.py
	$(BIN)/pytest tests/tracing/test_openai_matrix.py

# A LiteLLM proxy wants other versions than the ones here, so it gets an environment of its own.
.tools/litellm-proxy: | $(READY) $(filter .tools/bin/uv,$(UV))
	$(UV) venv --quiet --no-managed-python --python $(PYTHON) $@
	$(UV) pip install --quiet --python $@/bin/python "litellm[proxy]"

.PHONY: gateway-proxy
gateway-proxy: $(READY) .tools/litellm-proxy  ## Run judges behind a real LiteLLM proxy, among the other gateways
	LITELLM_PROXY=$(CURDIR)/.tools/litellm-proxy/bin/litellm $(BIN)/pytest tests/evaluation/gateway/test_same_experiment.py

docs: $(READY)  ## Write the documents that are made from the code
	$(BIN)/python -c "from assay.settings_table import settings_markdown; open('docs/settings.md', 'w').write(settings_markdown())"
	$(BIN)/python -c "from assay.collector.dialects_markdown import dialects_markdown; open('docs/dialects.md', 'w').write(dialects_markdown())"
	$(BIN)/python -c "from pathlib import Path; from assay.evaluation.scorers import BUILT_IN; from assay.evaluation.scorers.document import scorers_markdown; Path('docs/scorers.md').write_text(scorers_markdown(BUILT_IN), encoding='utf-8')"
	$(BIN)/python -c "from pathlib import Path; from assay.cli import SECTIONS, app; from assay.command.document import cli_markdown; Path('docs/cli.md').write_text(cli_markdown(app, SECTIONS), encoding='utf-8')"
	cd tests && ../$(BIN)/python -m support.matrix_markdown > ../docs/call_forms.md

screenshots: $(READY)  ## Take the pictures of the pages that the README shows
	$(BIN)/python docs/screenshots.py

# coverage.py measures the pages now and then, and is no part of a run of the tests.
.tools/coverage: | $(READY) $(filter .tools/bin/uv,$(UV))
	$(UV) pip install --quiet --python $(BIN)/python --target $@ coverage

.PHONY: coverage-pages
coverage-pages: $(READY) .tools/coverage  ## How much of the pages' Python is tested without a browser
	PYTHONPATH=.tools/coverage $(BIN)/python -m coverage run --data-file=build/coverage --source=collector/pages $(BIN)/pytest tests/collector/pages
	PYTHONPATH=.tools/coverage $(BIN)/python -m coverage report --data-file=build/coverage --sort=cover --skip-covered

.PHONY: coverage-scripts
coverage-scripts: $(READY)  ## How much of the pages' scripts runs in the tests with a browser, and which lines never do
	$(BIN)/pytest -p support.script_coverage tests/browser

.PHONY: screenshots-all
screenshots-all: $(READY)  ## Take pictures of every page in every look, to be looked at (FOLDER=build/screenshots)
	$(BIN)/python docs/screenshots.py $(or $(FOLDER),build/screenshots)

clean:  ## Remove what make made
	rm -rf .venv .tools .typecheck .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
