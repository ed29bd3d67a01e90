# Everything runs in .venv; nothing here needs root or a server.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
DECLARED := setup.cfg pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup test demo up monitoring dashboards lint types clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## make .venv and install Nightshift into it

test: $(VENV)/.installed-dev ## set up and run the tests
	@$(BIN)/nightshift warm
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

demo: $(VENV)/.installed ## plan a factory of 149 machines and 411 jobs (KEEP=1 leaves it running)
	@$(BIN)/nightshift demo $(if $(KEEP),--keep)

up: $(VENV)/.installed ## run web, workers and beat until Ctrl-C
	@$(BIN)/nightshift up

monitoring: $(VENV)/.installed ## watch what make up runs: Prometheus and Alertmanager until Ctrl-C
	@$(BIN)/nightshift monitoring

dashboards: $(VENV)/.installed-dev ## write Grafana's dashboards from their code
	@$(BIN)/python -m monitoring.grafana

lint: $(VENV)/.installed-dev ## check style and the walls between the folders
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: $(VENV)/.installed-dev ## check types
	@$(BIN)/mypy

clean: ## remove .venv, caches and what the demo left
	rm -rf $(VENV) .nightshift schedule.json build dist *.egg-info .coverage \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find app tasks workers monitoring models benchmarks tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@echo "making $(VENV) with $(PYTHON)"
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 13) else "Nightshift needs Python 3.11 or 3.12; name one: make PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(DECLARED) | $(VENV)/bin/python
	@echo "installing into $(VENV); the first time takes about a minute"
	@$(PIP) install --constraint constraints.txt --editable .
	@$(BIN)/nightshift warm
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@
