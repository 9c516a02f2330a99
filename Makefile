# Two commands matter: `make demo` and `make test`. Each does all of its own set-up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test quick lint bench wheel clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##/  make \1\t/p' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml tools/bootstrap.sh tools/constraints.txt
	@PYTHON="$(PYTHON)" sh tools/bootstrap.sh "$(VENV)"
	@touch $@

demo: $(STAMP)  ## the main job on the shipped sample, end to end
	@$(BIN)/assay demo

test: $(STAMP)  ## every test, the slow families too
	@$(BIN)/python -m pytest

quick: $(STAMP)  ## the tests without the slow families
	@$(BIN)/python -m pytest -m "not slow"

lint: $(STAMP)  ## ruff, strict types, import contracts
	@$(BIN)/ruff check engine fixtures tests bench
	@$(BIN)/ruff format --check engine fixtures tests bench
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: $(STAMP)  ## all benchmarks, and docs/reference/performance.md anew
	@$(BIN)/python -m bench performance

wheel: $(STAMP)  ## build the wheel into dist/
	@$(BIN)/python -m pip -q wheel --no-deps -w dist .

clean:  ## drop the virtual environment and build output
	rm -rf $(VENV) build dist
