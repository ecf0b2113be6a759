# Every recipe is one line that can also be typed by hand. The environment is set up by the first target that needs it
# (scripts/setup looks at stamps, so it costs a blink afterwards). Options for pytest: make test ARGS="-k counter -x".
PY := .venv/bin/python
# devhost, the local host, is a package of its own, with tests, types and benchmarks of its own.
IN_DEVHOST := cd packages/devhost && ../../$(PY)
ARGS ?=
# Microsoft's Durable Task extension as a program: one that lies beside the repository, else what `make extension-host` built.
SHARED_EXTENSION_HOST := $(wildcard $(CURDIR)/../shared/extension-host/linux-x64/DurableExtensionHost)
ifneq ($(SHARED_EXTENSION_HOST),)
export DURABLE_EXTENSION_HOST ?= $(SHARED_EXTENSION_HOST)
endif

.DEFAULT_GOAL := help
.PHONY: help setup setup-python extension-host demo run test soak lint lock bench bench-engine samples

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' Makefile | awk -F'|' '{ printf "%-19s %s\n", $$1, $$2 }'
	@echo "Ports and folder of demo and run: PORT (7071), EMULATOR_PORT (7080), AZURITE_PORT (10000, +1, +2), STATE_DIR (.local)"
	@echo "Durable engine of demo and run: ENGINE=extension for Microsoft's own (devhost)"

setup: ## Set up .venv and node_modules (the other targets do this by themselves)
	@scripts/setup

setup-python:
	@scripts/setup python

extension-host: ## Build Microsoft's Durable Task extension as a program (needs the .NET 10 SDK)
	@scripts/build_extension_host

demo: setup ## Start every part, send the sample documents, show their results, stop
	@$(PY) -m local demo

run: setup ## Start every part and leave them running until Ctrl-C
	@$(PY) -m local run

test: setup ## Run all tests: the pipeline's, then devhost's (ARGS="tests/unit/test_settings.py": those of one file)
	@$(PY) -m scripts.run_tests $(ARGS)

soak: setup ## Kill processes of the local host's engine 2,000 times, ask the extension in all recorded cases, then kill the pipeline on it, with outages, for EXTENSION_MINUTES (30) (DEVHOST_KILLS_SEED, EXTENSION_KILLS_SEED: other moments)
	@export DEVHOST_KILLS=$${DEVHOST_KILLS:-2000}; $(IN_DEVHOST) -m pytest tests/crashes/test_crash_points.py $(ARGS)
	@$(IN_DEVHOST) -m pytest tests/fidelity/on_the_extension.py $(ARGS)
	@$(PY) -m pytest tests/extension/soak.py $(ARGS)

lint: setup-python ## Check style, types and the Bicep files (BICEP: the compiler, if it is not on the PATH)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -m scripts.check_infra
	@$(IN_DEVHOST) -m ruff check .
	@$(IN_DEVHOST) -m ruff format --check .
	@$(IN_DEVHOST) -m mypy

lock: setup-python ## Write requirements*.txt anew from requirements*.in (ARGS="--upgrade-package aiohttp": with a newer one)
	@$(PY) -m uv pip compile --quiet requirements.in --output-file requirements.txt $(ARGS)
	@$(PY) -m uv pip compile --quiet requirements-dev.in packages/devhost/pyproject.toml --constraints requirements.txt \
		--output-file requirements-dev.txt $(ARGS)

bench: setup ## Measure import, load, one document, OCR, history and memory on a stack of its own
	@$(PY) -m scripts.benchmarks

bench-engine: setup-python ## Measure the local host's durable engine, with 0 to 2 workers (ARGS="--peers": beside DBOS; "--full": minutes)
	@$(IN_DEVHOST) -m bench.engine $(ARGS)

samples: setup-python ## Make the sample documents anew
	@$(PY) -m samples.make_samples
