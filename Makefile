# Each target sets up what it needs: on a fresh machine `make demo` or `make test` is all there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Written last, so that an interrupted set-up is taken up again.
STAMP := $(VENV)/.installed

.PHONY: setup demo test lint train eval clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Hasila needs Python 3.11 or later: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[readers,review,train,dev]' -c constraints.txt
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/hasila run annotations/samples --out out/demo --table

test: $(STAMP) lint
	$(BIN)/python -m pytest --cov=pipeline --cov-branch --cov-report= --cov-fail-under=90

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

train: $(STAMP)
	$(BIN)/hasila train --config training/configs/base.toml

eval: $(STAMP)
	$(BIN)/hasila eval --split dev

clean:
	rm -rf out build *.egg-info .pytest_cache .mypy_cache .ruff_cache
