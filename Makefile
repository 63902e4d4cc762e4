# `make start` and `make test` do all the set-up that they need, on a machine that has never seen the project.
# PYTHON=/path/to/python3 chooses the interpreter; it has to be 3.11 or newer.

LIMACTL := .venv/bin/limactl
PYTEST := .venv/bin/python -m pytest
# Unit tests run side by side, one process for each core; machines do not. What fails there may have been in the way of
# something else: whether it works is decided alone.
UNIT := $(PYTEST) -n auto || $(PYTEST) --last-failed --last-failed-no-failures none
UV ?= uv

.DEFAULT_GOAL := help
.PHONY: help start stop test check unit vm format lock docs proto clean

help: ## say what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

start: ## start the default machine, and run `uname -a` in it
	@scripts/setup
	$(LIMACTL) start --tty=false default
	.venv/bin/lima uname -a

stop: ## stop the default machine
	$(LIMACTL) stop default

test: ## check everything: format, lint, types, unit and golden tests, real machines
	@scripts/setup --tests
	scripts/check
	$(UNIT)
	$(PYTEST) -m vm --timeout 1500

check: ## format, lint and types, on every platform that is supported
	@scripts/setup --python
	scripts/check

unit: ## unit and golden tests, which start no machine and reach no network
	@scripts/setup --python
	$(UNIT)

vm: ## tests on real virtual machines (minutes)
	@scripts/setup --tests
	$(PYTEST) -m vm --timeout 1500

format: ## put the Python files into their format, and correct what the linter can
	@scripts/setup --python
	.venv/bin/ruff check --fix --quiet .
	.venv/bin/ruff format .

lock: ## choose the newest versions that pyproject.toml allows, into requirements/dev.txt (needs uv)
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" \
	  --group dev pyproject.toml --output-file requirements/dev.txt

docs: ## write docs/commands, the pages on the commands, from their help texts
	@scripts/setup
	rm -rf docs/commands
	$(LIMACTL) generate-doc --type markdown docs/commands

proto: ## generate the Python code of the gRPC messages from guestservice.proto
	scripts/proto

clean: ## remove what was made here; instances and the image cache are kept
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
