# Everything is installed into .venv from the pinned requirements; nothing else on the machine is touched.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo up test lint bench screenshots setup requirements clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    the whole system on a simulated athlete (ONCE=1: end when the last ride is on the map)"
	@echo "make test    every test, the browser's too"
	@echo "make up      the same stack on your settings in .env"
	@echo "make lint    style and types        make bench   figures and ratios"
	@echo "make screenshots   the README's pictures, of the demo's map"

demo: setup
	@$(BIN)/python -m strava_assets demo $(if $(ONCE),--once) $(if $(ACTIVITIES),--activities $(ACTIVITIES))

up: setup
	@$(BIN)/python -m strava_assets up

test: $(VENV)/.test setup
	@$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.test setup
	@$(BIN)/ruff check .
	@$(BIN)/mypy strava_assets

bench: $(VENV)/.test setup
	@$(BIN)/python -m strava_assets_tests.benchmarks

# the pictures of the README, of the simulated athlete's map
screenshots: $(VENV)/.test setup
	@test -f var/demo/public/index.json || $(MAKE) demo ONCE=1
	@$(BIN)/python -m strava_assets_tests.browser.screenshots var/demo/public docs/pictures

# what everybody needs: the package, its pinned requirements, and the built map
setup: $(STAMP)
	@$(BIN)/python -m strava_assets.dashboard.build

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing; install Python 3.11 or newer"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$$($(PYTHON) --version) is too old; Python 3.11 or newer is needed (PYTHON=python3.12 make ...)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(STAMP): requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing into $(VENV)"
	@$(BIN)/python -m pip install --quiet --no-deps --no-compile -r requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements-test.txt $(STAMP)
	@echo "installing what the tests need"
	@$(BIN)/python -m pip install --quiet --no-deps --no-compile -r requirements-test.txt
	@touch $@

# exact versions, without naming any index
requirements:
	@$(BIN)/python -m pip install --quiet pip-tools
	@$(BIN)/pip-compile --quiet --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-options --no-header \
	  --no-annotate --extra build --output-file requirements.txt pyproject.toml
	@$(BIN)/pip-compile --quiet --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-options --no-header \
	  --no-annotate --extra build --extra bigquery --extra google --extra test --extra lint --constraint requirements.txt \
	  --output-file requirements-test.txt pyproject.toml

clean:
	@rm -rf $(VENV) strava_assets/dashboard/dist strava_assets/dashboard/node_modules strava_assets_tests/browser/node_modules
