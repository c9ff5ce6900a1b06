# `make run` and `make test` do all the set-up; they need Python 3.11 or later and make, nothing else.

VENV  := .venv
BENCH := .venv-bench
PY    := $(VENV)/bin/python

# The first Python on the path that is new enough; `make PYTHON=/some/python3 test` overrides it.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo "$$p"; break; fi; done)

# `make test PYTEST_ARGS="-x -k sigmoid"` replaces the default: two processes.
PYTEST_ARGS ?= -n 2
TORCH ?= torch==2.13.0

PIP_FLAGS := --quiet --disable-pip-version-check --no-input

.PHONY: help run test test-all lint types docs bench format clean

help:
	@echo "make run       set up and run the first example"
	@echo "make test      set up and run the tests (test-all: also the long ones)"
	@echo "make lint      ruff; make types: mypy; make docs: the pages, into site/"
	@echo "make bench     side by side with autograd, PyTorch and JAX, in an environment of its own"
	@echo "make format    let ruff rewrite the files"
	@echo "make clean     remove the environments and everything built"

run: $(VENV)/.stamp-test
	$(PY) examples/first_run.py

test: $(VENV)/.stamp-test
	$(PY) -m pytest $(PYTEST_ARGS)

test-all: $(VENV)/.stamp-test
	$(PY) -m pytest $(PYTEST_ARGS) -m ""

lint: $(VENV)/.stamp-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

format: $(VENV)/.stamp-dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

types: $(VENV)/.stamp-dev
	$(PY) -m mypy

docs: $(VENV)/.stamp-docs
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict

# PyTorch and JAX are large and optional: the benchmarks leave out what could not be installed.
# On Linux the default index gives PyTorch with CUDA; `make bench PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu`
# gives the small build.
bench: $(BENCH)/.stamp
	$(BENCH)/bin/python benchmarks/run.py

# One stamp for each set of packages, newer than pyproject.toml once the set is installed.
$(VENV)/.stamp-%: pyproject.toml | $(PY)
	@echo "installing chainrule[$*] into $(VENV) ..."
	$(PY) -m pip install $(PIP_FLAGS) -e '.[$*]'
	@touch $@

$(BENCH)/.stamp: pyproject.toml | $(BENCH)/bin/python
	@echo "installing chainrule[bench] and its peers into $(BENCH) ..."
	$(BENCH)/bin/python -m pip install $(PIP_FLAGS) -e '.[bench]'
	-$(BENCH)/bin/python -m pip install $(PIP_FLAGS) '$(TORCH)'
	-$(BENCH)/bin/python -m pip install $(PIP_FLAGS) jax
	@touch $@

$(VENV)/bin/python $(BENCH)/bin/python:
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or later on the path; try make PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" -m venv $(@:/bin/python=) || { rm -rf $(@:/bin/python=); \
	    echo "error: $(PYTHON) cannot make an environment; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

clean:
	rm -rf $(VENV) $(BENCH) site dist build .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
