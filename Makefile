# make demo | test | bench | lint | format | dev | sanitize | wheel | clean
# Needs python3 >= 3.10 with venv, a C++17 compiler (GCC >= 11 or Clang >= 12) and make.

PYTHON ?= python3
VENV ?= .venv
WERROR ?= OFF
export PIP_DISABLE_PIP_VERSION_CHECK := 1

python := $(VENV)/bin/python
pip := $(python) -m pip
# Kept in the environment, so that a second build compiles only what changed.
build_requirements := "scikit-build-core>=0.11" "pybind11>=3.0" cmake ninja
install := $(pip) install --no-build-isolation -C cmake.define.FASTOPT_WERROR=$(WERROR)
sources := pyproject.toml CMakeLists.txt README.md LICENSE \
  $(shell find cpp python -type f ! -name '*.pyc' ! -name '*.so')
cpp_files := $(shell find cpp/fastopt cpp/bindings -name '*.hpp' -o -name '*.cpp')

.PHONY: demo test bench lint format dev sanitize wheel clean

demo: $(VENV)/.demo
	$(python) examples/quickstart.py

test: $(VENV)/.test
	$(python) -m pytest

bench: $(VENV)/.bench
	$(python) -m bench

lint: $(VENV)/.lint
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/clang-format --dry-run -Werror $(cpp_files)

format: $(VENV)/.lint
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format
	$(VENV)/bin/clang-format -i $(cpp_files)

$(VENV)/.created:
	$(PYTHON) -m venv $(VENV)
	$(pip) install -q $(build_requirements)
	touch $@

$(VENV)/.installed: $(VENV)/.created $(sources)
	$(install) .
	touch $@

# The extras of the installed package, without another build of it.
$(VENV)/.%: $(VENV)/.installed
	$(pip) install -q "fastopt[$*]"
	touch $@

# The quick loop while working on the C++: Python files are used from the source tree, one variant is
# built for this processor, and only what changed is compiled. Repeat it after each change of C++.
#   make dev VENV=path/to/environment VARIANTS=v3
VARIANTS ?= v4
dev: $(VENV)/.created
	$(pip) install -q --no-build-isolation --no-deps -e . -C build-dir=build/dev \
	  -C cmake.define.FASTOPT_VARIANTS="$(VARIANTS)" -C cmake.define.FASTOPT_WERROR=ON

clean:
	rm -rf build dist $(VENV) .venv-sanitize .pytest_cache .mypy_cache .ruff_cache
	find python tests -name __pycache__ -prune -exec rm -rf {} +
