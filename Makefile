# Everything a newcomer or CI needs. Wants Python 3.11 or newer, make and git; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help

help: ## show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(READY): pyproject.toml uv.lock $(wildcard plugins/*/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Orderweft needs Python 3.11 or newer; try make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv (once, then after each change of the dependencies) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	@$(BIN)/uv sync --quiet --locked --inexact
	@touch $@

setup: $(READY) ## install everything into .venv

demo: $(READY) ## watch JOOR orders arrive in a Shopify shop, both played on this machine
	@$(BIN)/orderweft --config examples/orderweft.toml rehearse --lose-answers 3 || test $$? -eq 3
	@echo "Next: docs/tutorial.md"

test: $(READY) ## run the tests
	$(BIN)/python -m pytest -n 4 -q

mutants: $(READY) ## break a channel in every way the conformance kit knows, and count what it catches
	$(BIN)/python -m tests.kit.score

lint: $(READY) ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests benchmarks scripts
	$(BIN)/mypy docs/plugins/example/orderweft_papershop

generated: $(READY) ## check that schemas and reference pages are up to date
	$(BIN)/orderweft schema export --check schemas
	$(COG) --check $(COGGED)

wheels: $(READY) ## build the wheels, install them into an empty environment, run them from elsewhere
	$(BIN)/python scripts/check_wheels.py

check: test lint generated wheels ## all that CI runs

COG := $(BIN)/cog --verbosity=1 -I scripts
COGGED := README.md $(wildcard docs/*.md docs/*/*.md plugins/*/README.md)

docs: $(READY) ## write the generated parts of schemas and manual anew
	$(BIN)/orderweft schema export schemas
	$(COG) -r $(COGGED)

endure: $(READY) ## serve for two minutes, with reloads, stops and deaths
	$(BIN)/python -m tests.endure

soak: $(READY) ## wreck thousands of runs (SOAK_SEEDS=5000) and count what is lost or there twice
	SOAK_SEEDS=$(or $(SOAK_SEEDS),5000) $(BIN)/python -W error -m tests.soak

bench: $(READY) ## measure orders and SKUs per second, memory, use of the allowed rate, a large ledger
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/loopback.py
	$(BIN)/python benchmarks/pacing.py
	$(BIN)/python benchmarks/stock.py
	$(BIN)/python benchmarks/match.py
	$(BIN)/python benchmarks/ledger.py
	$(BIN)/python benchmarks/oms.py

shopify-schema: ## fetch Shopify's Admin schemas, which some tests compare with (needs npm)
	mkdir -p .shopify-schema
	cd .shopify-schema && npm pack --silent @shopify/dev-mcp && tar -xzf shopify-dev-mcp-*.tgz --strip-components=3 --wildcards 'package/dist/data/admin_2026-*.json.gz'

clean: ## remove what was installed and built
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache

.PHONY: help setup demo test mutants lint generated wheels check docs soak endure bench shopify-schema clean
