# make run    install what running needs into .venv, then run the whole pipeline (RAW=folder for real files)
# make test   install what tests need, then run them
# make ui     Dagster on the same home
# make bench  what the docs say of speed, beside other tools (ARGS='ingest --formats csv', ARGS=scoring)
# make lint   ruff, ruff format, mypy, codespell
VENV := .venv
PIP := $(VENV)/bin/pip -qq --disable-pip-version-check install -c constraints.txt
OPTIONS := $(if $(RAW),--raw $(RAW)) $(if $(HOME_DIR),--home $(HOME_DIR))

# Many short processes: without byte code each would compile all it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test ui bench lint format versions constraints clean

run: $(VENV)/.run
	$(VENV)/bin/meds run $(OPTIONS)

ui: $(VENV)/.run
	$(VENV)/bin/meds ui $(OPTIONS)

test: $(VENV)/.dev
	$(VENV)/bin/python -m pytest $(ARGS)

bench: $(VENV)/.bench
	$(VENV)/bin/python -m benchmarks.$(or $(ARGS),ingest)

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/codespell

format: $(VENV)/.dev
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

# After a step's code changed and its version was raised: note both.
versions: $(VENV)/.dev
	$(VENV)/bin/python -m meds_pipeline.steps --lock

# After pyproject.toml changed: pin what it resolves to (needs uv; keeps the pins that still fit).
constraints:
	uv pip compile --universal --no-annotate --no-header --no-emit-index-url --python-version 3.11.5 \
	  --all-extras pyproject.toml -o constraints.txt

clean:
	rm -rf $(VENV) data build dist *.egg-info

$(VENV)/bin/python:
	python3 -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing what running needs into $(VENV), some minutes the first time ..."
	$(PIP) -e .
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e '.[dev]'
	touch $@ $(VENV)/.run

$(VENV)/.bench: $(VENV)/.dev
	$(PIP) -e '.[dev,bench]'
	touch $@
