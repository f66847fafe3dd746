# kvmon: `make run` and `make test` need Python 3.11 or newer and make, nothing else.

# The first Python that is new enough; `make PYTHON=… run` takes another one.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	"$$p" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$p"; break; }; done)
PYTEST_ARGS ?=
WORKERS ?= 2
BENCH_ARGS ?=
SERVICE ?= pypi

VENV := .venv
BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check --retries 10 --timeout 60
INSTALL = $(PIP) install --constraint constraints.txt

.PHONY: run test check floors bench golden docs dist sbom audit clean
.DEFAULT_GOAL := run

run: $(VENV)/.run  ## watch what the environment or kvmon.yaml names, or else the demo
	@$(BIN)/kvmon demo --unless-configured

test: $(VENV)/.test  ## the tests that every machine can run
	$(BIN)/python -m pytest --numprocesses $(WORKERS) $(PYTEST_ARGS)

check: $(VENV)/.test  ## style, types, and which way imports go
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

floors: $(VENV)-floors/.done  ## the same tests with the lowest versions that pyproject.toml allows
	$(VENV)-floors/bin/python -m pytest --numprocesses $(WORKERS) $(PYTEST_ARGS)

bench: $(VENV)/.test  ## numbers beside redis_exporter's (its path in REDIS_EXPORTER)
	$(BIN)/python -m benchmarks.bench $(BENCH_ARGS)
	$(BIN)/python -m benchmarks.scale $(BENCH_ARGS)

golden: $(VENV)/.test  ## writes the golden expositions anew; read the difference before you commit it
	KVMON_GOLDEN=1 $(BIN)/python -m pytest tests/watch/collectors $(PYTEST_ARGS)

docs: $(VENV)/.test  ## writes the generated pages and dashboards anew
	$(BIN)/python docs/generate.py
	$(BIN)/python -m dashboards.source

dist: $(VENV)-release/.done  ## wheels and sdists of kvmon and kvmon-client, in dist/
	$(VENV)-release/bin/python -m build --outdir dist .
	$(VENV)-release/bin/python -m build --outdir dist clients/python

sbom: $(VENV)-release/.done  ## what kvmon brings with it, as CycloneDX has it: dist/kvmon.cdx.json
	rm -rf $(VENV)-bare
	$(PYTHON) -m venv --without-pip $(VENV)-bare
	$(VENV)-release/bin/python -m pip --quiet --python $(VENV)-bare/bin/python install --constraint constraints.txt '.[entra,aws,dns,zstd]'
	@mkdir -p dist
	$(VENV)-release/bin/cyclonedx-py environment $(VENV)-bare/bin/python --pyproject pyproject.toml --output-reproducible \
		--output-format JSON --output-file dist/kvmon.cdx.json

audit: $(VENV)-release/.done  ## what is known of weaknesses in the versions of constraints.txt; asks PyPI, or SERVICE=osv
	$(VENV)-release/bin/pip-audit --strict --no-deps --disable-pip --vulnerability-service $(SERVICE) --requirement constraints.txt

clean:
	rm -rf $(VENV) $(VENV)-floors $(VENV)-release $(VENV)-bare

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "kvmon needs Python 3.11 or newer with venv: install one, or say where it is with PYTHON=…" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# pip learned dependency groups in 25.1; the one that Python brings may be older.
$(VENV)/.pip: | $(BIN)/python
	$(PIP) install 'pip>=25.1'
	@touch $@

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/.pip
	$(INSTALL) --editable '.[demo]'
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt $(VENV)/.run
	$(INSTALL) --group test --group check
	@touch $@

$(VENV)-release/.done: Makefile
	$(PYTHON) -m venv $(VENV)-release
	$(VENV)-release/bin/python -m pip --quiet --disable-pip-version-check --retries 10 --timeout 60 install 'build>=1.2' 'cyclonedx-bom>=7' 'pip-audit>=2.9'
	@touch $@

$(VENV)-floors/.done: pyproject.toml constraints.txt tests/floors.py | $(BIN)/python
	rm -rf $(VENV)-floors
	$(BIN)/python -m venv $(VENV)-floors
	$(VENV)-floors/bin/python -m pip --quiet --disable-pip-version-check --retries 10 --timeout 60 install 'pip>=25.1'
	$(BIN)/python tests/floors.py >$(VENV)-floors/constraints.txt
	$(VENV)-floors/bin/python -m pip --quiet --disable-pip-version-check --retries 10 --timeout 60 \
		install --constraint $(VENV)-floors/constraints.txt --editable . --group test
	@touch $@
