# The habits of this project. `make demo` and `make test` do all set-up themselves:
# they need a Python >= 3.11 with venv and pip, and nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# How often `make soak` kills a real service, on both systems together (a tenth as often one of two, and as often one
# stands still), how many random sequences of keys go through a pseudo-terminal, and how many examples a property gets.
SOAK_KILLS ?= 1000
SOAK_HANDS ?= 10000
SOAK_EXAMPLES ?= 2000
# In how many processes: hands wait most of the time, and services that die cost CPU time. Two for each core are enough.
SOAK_PROCESSES ?= 4

.PHONY: demo test soak check format bench lock snapshots picture clean help
.DEFAULT_GOAL := help

help: ## say what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("wedtui needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	@echo "setting up $(VENV), once; this takes a minute"
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP) ## a small world of four providers on loopback, watched by the real service and dashboard
	@$(BIN)/wedtui demo

test: $(STAMP) ## every test; those that need a server that is not installed say which package is missing
	$(BIN)/python -m pytest -n 2 --dist loadfile

soak: $(STAMP) ## what make test does a few dozen times, 1,000 times and more: hours, and some 50 GB of /tmp; SOAK_KILLS=N, SOAK_HANDS=N and SOAK_EXAMPLES=N say how often, SOAK_PROCESSES=N in how many processes
	WEDTUI_HYPOTHESIS=soak WEDTUI_SOAK_KILLS=$(SOAK_KILLS) WEDTUI_SOAK_HANDS=$(SOAK_HANDS) WEDTUI_SOAK_EXAMPLES=$(SOAK_EXAMPLES) \
	  $(BIN)/python -m pytest -v -n $(SOAK_PROCESSES) --dist worksteal \
	  tests/actions tests/ledger tests/control/test_killed.py tests/core/test_actions.py tests/core/test_failover_properties.py \
	  tests/tui/test_emergency_keys.py tests/poller/test_several.py tests/poller/test_week.py

check: $(STAMP) ## formatter, linter, strict types over package and tests, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## figures, each beside its limit measured in the same run
	$(BIN)/python -m bench

snapshots: $(STAMP) ## draw the reference pictures of the screens again (look at them before you commit them)
	$(BIN)/python -m pytest tests/screens --snapshot-update

picture: $(STAMP) ## draw the picture in README again, from the demo
	$(BIN)/python docs/make_picture.py

lock: ## resolve the dependencies again (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --group dev pyproject.toml -o requirements.lock

clean: ## remove what the other targets made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis snapshot_report.html dist
