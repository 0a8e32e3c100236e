# Needs Python 3.11 or newer with venv, make and curl; everything else is installed into .venv.
BIND ?= 127.0.0.1:8000
PROCESSES ?= auto
TESTS ?= tests
PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run demo test bench chaos lint format requirements

help: ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

setup: ## Make .venv and install what running needs
	@tools/setup.sh requirements.txt

setup-dev:
	@tools/setup.sh requirements.txt requirements-dev.txt

run: setup ## Start the monitor; BIND=HOST:PORT chooses where
	@exec $(PY) manage.py up --bind $(BIND)

demo: setup ## Start a demonstration with a simulated shop, on data of its own
	@exec $(PY) manage.py up --demo --bind $(BIND)

test: setup-dev ## Run every test; TESTS=path runs some
	@tools/chromium.sh
	@$(PY) -m pytest -n $(PROCESSES) --maxprocesses 4 --dist worksteal -q $(TESTS)

bench: setup-dev ## Measure, and print a table
	@exec $(PY) manage.py benchmark

chaos: setup-dev ## Kill, freeze and wipe a whole monitor, and check what it promises
	@exec $(PY) -m chaos

lint: setup-dev ## Check style, types and templates
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@DATA_DIR=.mypy_cache/data $(PY) -m mypy
	@$(PY) -m djlint --quiet --lint templates

format: setup-dev ## Bring the code into the common form
	@$(PY) -m ruff check --fix --quiet .
	@$(PY) -m ruff format .

requirements: setup-dev ## Pin the packages anew from the .in files
	@$(PY) -m uv pip compile --quiet --generate-hashes --python-version 3.11 --no-header requirements.in -o requirements.txt
	@$(PY) -m uv pip compile --quiet --generate-hashes --python-version 3.11 --no-header requirements-dev.in -o requirements-dev.txt
