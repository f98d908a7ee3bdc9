# Tagweave: `make demo` and `make test` are all that a newcomer needs.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUN    := $(VENV)/.run
DEV    := $(VENV)/.dev
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check install

.DEFAULT_GOAL := help
.PHONY: help demo test check bench docs soak fuzz kube format clean

help:  ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUN)  ## Set up what is needed and run the product on a sample estate, in a minute
	@$(BIN)/tagweave demo

test: $(DEV)  ## Run every test that this machine can run; what it cannot is skipped and says what to install
	@$(BIN)/pytest

check: $(DEV)  ## Lint, types, layers, and that the docs are true
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache | tail -n 6
	@$(BIN)/pytest --quiet tests/docs

bench: $(DEV)  ## Measure every claim, one file each
	@for claim in bench/*.py; do echo "== $$claim"; $(BIN)/python $$claim || exit 1; done

docs: $(DEV)  ## Rewrite the parts of docs/ that are generated
	@$(BIN)/python -m tagweave.config > docs/configuration.md
	@cd tests && ../$(BIN)/python -m clouds.coverage > ../docs/.coverage.md && mv ../docs/.coverage.md ../docs/coverage.md

soak: $(DEV)  ## Ten minutes of random churn and random faults against a real API server
	@$(BIN)/python tests/kube/soak.py

fuzz: $(DEV)  ## A hundred thousand mutated inputs of each of Arrow's formats
	@$(BIN)/python tests/fuzz/foreign.py

kube:  ## Build a real Kubernetes control plane for the tests (needs Go), once per machine
	@$(PYTHON) tests/kube/build.py

format: $(DEV)  ## Format the code
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

clean:  ## Remove the environment and caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tagweave needs Python 3.11 or newer; run make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)

$(RUN): $(VENV)/pyvenv.cfg requirements/run.txt pyproject.toml
	@echo "setting up $(VENV) …"
	@$(PIP) --require-hashes --requirement requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUN) requirements/dev.txt
	@echo "setting up $(VENV) for development …"
	@$(PIP) --require-hashes --requirement requirements/dev.txt
	@touch $@
