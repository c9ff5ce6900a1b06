# `make run` and `make test` do all the set-up; they need Python 3.11 or later and make, nothing else.

VENV  := .venv
BENCH := .venv-bench
PY    := $(VENV)/bin/python

# The first Python on the path that is new enough; `make PYTHON=/some/python3 test` overrides it.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo "$$p"; break; fi; done)

# `make test PYTEST_ARGS="-x -k sigmoid"` replaces the default: two processes.
PYTEST_ARGS ?= -n 2

# On Linux the ordinary index has PyTorch with CUDA only, which is gigabytes; the builds for the CPU are marked +cpu.
TORCH ?= torch==2.13.0$(if $(filter Linux,$(shell uname -s)),+cpu)
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

PIP_FLAGS := --quiet --disable-pip-version-check --no-input

.PHONY: help run test test-all test-peers coverage baselines lint types docs peers bench format clean

help:
	@echo "make run       set up and run the first example, which ends with a report in build/"
	@echo "make test      set up and run the tests (test-all: also the long ones)"
	@echo "make coverage  the tests, and that they run every line and branch of core, passes and ops, 95% elsewhere"
	@echo "make test-peers  gradient checks of PyTorch and JAX, in an environment of its own; make peers sets it up anew"
	@echo "make lint      ruff; make types: mypy; make docs: the pages, into site/"
	@echo "make baselines draws the pictures that the image tests compare with, where they changed; ONLY=name: that one"
	@echo "make bench     side by side with autograd, PyTorch, JAX and others, in an environment of its own"
	@echo "make format    let ruff rewrite the files"
	@echo "make clean     remove the environments and everything built"

run: $(VENV)/.stamp-test
	$(PY) examples/first_run.py build

test: $(VENV)/.stamp-test
	$(PY) -m pytest $(PYTEST_ARGS)

test-all: $(VENV)/.stamp-test
	$(PY) -m pytest $(PYTEST_ARGS) -m ""

# The C tracer by name: the gate reads from its data which lambdas ran, and others do not tell. The profile of
# Hypothesis draws the same examples every time and sets them no deadline, so that the gate does not depend on luck.
# chainrule's own plugin is left out: pytest would import it before anything is measured. Its tests load it.
# What takes the time runs after it, alone: in several processes pytest-cov measures twice, and no_cover stops only one.
coverage: $(VENV)/.stamp-test
	COVERAGE_CORE=ctrace $(PY) -m pytest $(PYTEST_ARGS) -m "not slow and not no_cover" \
	    -p no:chainrule --hypothesis-profile=ci --cov --cov-report=
	$(PY) -m pytest $$(grep -rl --include='*.py' 'mark\.no_cover' tests) -m "no_cover and not slow"
	$(PY) tests/coverage_gate.py

# Look at each before it is committed.
baselines: $(VENV)/.stamp-test
	$(PY) tests/plot/draw_baselines.py $(ONLY)

lint: $(VENV)/.stamp-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

format: $(VENV)/.stamp-dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

# Both: mypy reads the hints of what the package calls, which the tests bring.
types: $(VENV)/.stamp-dev $(VENV)/.stamp-test
	$(PY) -m mypy

docs: $(VENV)/.stamp-docs
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict

# PyTorch and JAX are large and optional, so they live in an environment of their own, which the tests against them and
# the benchmarks share. What cannot be installed is left out, with a line that says so: its tests are skipped and listed
# at the end, its columns are missing in the benchmarks. `make peers` tries again.
test-peers: $(BENCH)/.stamp
	@$(BENCH)/bin/python -m pytest tests/peers -rs || { \
	    test $$? -eq 5 && echo "WARNING: nothing was tested: neither PyTorch nor JAX could be installed"; }

peers:
	rm -f $(BENCH)/.stamp
	$(MAKE) $(BENCH)/.stamp

bench: $(BENCH)/.stamp
	$(BENCH)/bin/python benchmarks/run.py
	$(BENCH)/bin/python benchmarks/scan.py
	$(BENCH)/bin/python benchmarks/source.py
	$(BENCH)/bin/python benchmarks/calibration.py
	$(BENCH)/bin/python benchmarks/accuracy.py
	$(BENCH)/bin/python benchmarks/diagnosis.py
	$(BENCH)/bin/python benchmarks/sparse.py
	$(BENCH)/bin/python benchmarks/models.py
	$(BENCH)/bin/python benchmarks/kernel_accuracy.py
	$(BENCH)/bin/python benchmarks/kernels.py

# One stamp for each set of packages, newer than pyproject.toml once the set is installed.
$(VENV)/.stamp-%: pyproject.toml | $(PY)
	@echo "installing chainrule[$*] into $(VENV) ..."
	$(PY) -m pip install $(PIP_FLAGS) -e '.[$*]'
	@touch $@

$(BENCH)/.stamp: pyproject.toml | $(BENCH)/bin/python
	@echo "installing chainrule[bench] and its peers into $(BENCH) ..."
	$(BENCH)/bin/python -m pip install $(PIP_FLAGS) -e '.[bench]'
	@$(BENCH)/bin/python -m pip install $(PIP_FLAGS) '$(TORCH)' 2>/dev/null \
	    || $(BENCH)/bin/python -m pip install $(PIP_FLAGS) --retries 1 --extra-index-url $(TORCH_INDEX) '$(TORCH)' \
	    || echo "WARNING: $(TORCH) could not be installed: nothing of PyTorch will be tested or measured; make peers tries again"
	@$(BENCH)/bin/python -m pip install $(PIP_FLAGS) jax \
	    || echo "WARNING: jax could not be installed: nothing of JAX will be tested or measured; make peers tries again"
	@touch $@

$(VENV)/bin/python $(BENCH)/bin/python:
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or later on the path; try make PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" -m venv $(@:/bin/python=) || { rm -rf $(@:/bin/python=); \
	    echo "error: $(PYTHON) cannot make an environment; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

clean:
	rm -rf $(VENV) $(BENCH) site dist build .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
