# GNU make 3.81 or later. Everything is installed into .venv; nothing outside is touched,
# except by apt-get for root on Debian.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A file of tests is one process's, and shares its servers.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-quick test-long bench edge format clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/installed ## a sample site from CMS to visitor; ONCE=1 checks itself and ends, PORT=N
	$(BIN)/publisher demo $(if $(ONCE),--once) $(if $(PORT),--port $(PORT))

test: $(VENV)/installed-dev ## every check: ruff, mypy, and pytest with real servers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) --durations=25

test-quick: $(VENV)/installed-dev ## the tests that need no real server
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not real"

bench: $(VENV)/installed-dev ## figures beside public tools; ROWS="P1 P6", SIZE=0.1 for a quick look
	$(BIN)/python -m benchmarks $(if $(ROWS),--rows "$(ROWS)") $(if $(SIZE),--size $(SIZE)) \
	  $(if $(ROUNDS),--rounds $(ROUNDS))

test-long: $(VENV)/installed-dev ## what takes an hour: many posts, all themes, LinkChecker
	$(BIN)/python -m pytest -m long -o faulthandler_timeout=21600

edge: $(VENV)/installed-dev ## make redirects/edge.min.js of redirects/edge.js
	$(BIN)/python -m tests.minified

format: $(VENV)/installed-dev ## put all Python files into ruff's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove .venv, caches and builds
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps: installed again when what is to be installed has changed.

$(VENV)/installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --constraint constraints.txt --editable .
	@touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/installed

# Debian's Python comes without the module that puts pip into an environment.
$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || \
	  { echo "error: there is no $(PYTHON); install Python 3.11 or later, or: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: Python 3.11 or later is needed, and $(PYTHON) is $$($(PYTHON) -V 2>&1); try: make PYTHON=python3.11" >&2; exit 1; }
	@if ! $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null; then \
	  if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    apt-get update && DEBIAN_FRONTEND=noninteractive \
	      apt-get install -y --no-install-recommends python3-venv; \
	  else \
	    echo "error: $(PYTHON) can't make virtual environments; on Debian, as root: apt-get install python3-venv" >&2; \
	    exit 1; \
	  fi; \
	fi
	@rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
