# Needs python3 >= 3.10 with venv, a C++17 compiler (GCC >= 11 or Clang >= 12) and make.
#
#   make demo      build and install into .venv, train on real data, print and draw the results
#   make test      build and install into .venv, run the whole test suite
#   make bench     compare with NumPy, and with scikit-learn, PyTorch and JAX where installed
#   make lint      ruff, mypy, clang-format; `make format` applies what can be applied
#   make dev       quick loop while working on the C++ (see below)
#   make sanitize  the test suite under the address and undefined-behaviour sanitizers
#   make sanitize-threads  the thread pool and training in threads, without Python, under the
#                  thread sanitizer
#   make torture   random calls under random limits and signals; TORTURE="CASES [FIRST SEED]";
#                  runs that are killed 200 times and go on; and tables of 2 GB in 0.8 GB of memory
#   make fuzz      damaged files for every reader; FUZZ="FILES [FIRST SEED [KIND …]]"
#   make docs      the documentation site in build/docs/html; `make docs-links` asks the addresses of
#                  other sites
#   make wheel     a wheel in dist/
#   make reproducible  two wheels, built in folders of different names, whose bytes must be equal;
#                  BUILD_OPTIONS="-C cmake.define.FASTOPT_VARIANTS=base": of the quickest variant alone
#   make clean

PYTHON ?= python3
VENV ?= .venv
WERROR ?= OFF
# For `make dev`: the variant of this processor.
VARIANTS ?= $(shell grep -qsw avx512vl /proc/cpuinfo && echo v4 || echo v3)
# Further options of pip for the build, such as -C build-dir=...
BUILD_OPTIONS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

python := $(VENV)/bin/python
pip := $(python) -m pip
# They stay in the environment, so that a second build compiles only what changed.
build_requirements := "scikit-build-core>=1.0" "pybind11>=3.0" cmake ninja
build_options := --no-build-isolation -C cmake.define.FASTOPT_WERROR=$(WERROR) $(BUILD_OPTIONS)
sources := pyproject.toml CMakeLists.txt \
  $(shell find cpp python -type f ! -path 'cpp/tests/*' ! -name '*.pyc' ! -name '*.so')
cpp_files := $(shell find cpp/fastopt cpp/bindings cpp/tests -name '*.hpp' -o -name '*.cpp')

.PHONY: demo test bench lint format dev sanitize sanitize-threads torture fuzz docs docs-links wheel
.PHONY: clean reproducible

demo: $(VENV)/.demo
	$(python) examples/quickstart.py

# Two processes, which take a file of tests at a time; before that what measures times, alone.
test: $(VENV)/.test
	$(python) -m pytest -q -m timing
	$(python) -m pytest -n 2 --dist loadfile -m "not timing"

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

wheel: $(VENV)/.created
	$(pip) wheel $(build_options) --no-deps -w dist .
	ls -l dist
	for wheel in dist/*.whl; do $(python) -m zipfile -l $$wheel | grep '\.so '; done  # by variant

reproducible: $(VENV)/.created
	rm -rf build/reproducible
	for folder in one an/other; do \
	  mkdir -p build/reproducible/$$folder && \
	  cp -r CMakeLists.txt LICENSE README.md pyproject.toml cpp python build/reproducible/$$folder && \
	  $(pip) wheel -q $(build_options) --no-deps -w build/reproducible/$$folder/dist \
	    build/reproducible/$$folder || exit 1; \
	done
	sha256sum build/reproducible/*/dist/*.whl build/reproducible/*/*/dist/*.whl
	cmp build/reproducible/one/dist/*.whl build/reproducible/an/other/dist/*.whl

# Warnings are errors, among them references and links that lead nowhere. The doctests are part of
# the test suite.
docs: $(VENV)/.docs
	$(python) -m sphinx -W --keep-going -q -b html docs build/docs/html
	$(python) docs/_site/site_check.py build/docs/html

docs-links: $(VENV)/.docs
	$(python) -m sphinx -q -b linkcheck docs build/docs/links

# Stamps: the environment, fastopt in it, and the extras of the installed fastopt.
$(VENV)/.created:
	$(PYTHON) -m venv $(VENV)
	$(pip) install -q --upgrade pip
	$(pip) install -q $(build_requirements)
	touch $@

$(VENV)/.installed: $(VENV)/.created $(sources)
	$(pip) install $(build_options) .
	touch $@

$(VENV)/.%: $(VENV)/.installed
	$(pip) install -q "fastopt[$*]"
	touch $@

# Python files are used from the source tree, one variant is built, and only what changed is
# compiled. Repeat it after each change of the C++. The other targets install the whole package
# again.
dev: $(VENV)/.created
	rm -f $(VENV)/.installed
	$(pip) install -q --no-build-isolation --no-deps -e . -C build-dir=build/dev \
	  -C cmake.define.FASTOPT_VARIANTS="$(VARIANTS)" -C cmake.define.FASTOPT_WERROR=ON \
	  -C cmake.define.FASTOPT_UNITY=OFF

# The libraries come first of all, since Python itself is not built with the sanitizers, and libstdc++
# is among them, or the first C++ exception would end the process. Python frees nothing at its end:
# leaks are not looked for. A Debug build keeps Eigen's own checks of sizes and ranges.
sanitize:
	$(MAKE) .venv-sanitize/.test VENV=.venv-sanitize WERROR=ON BUILD_OPTIONS="-C build-dir=build/sanitize \
	  -C cmake.build-type=Debug -C cmake.define.FASTOPT_VARIANTS=v3 -C cmake.define.FASTOPT_SANITIZE=ON"
	LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libstdc++.so)" \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 PYTHONMALLOC=malloc \
	  .venv-sanitize/bin/python -m pytest

# Without Python, whose locks the sanitizer does not see. The program's children of fork start
# threads too, which the sanitizer refuses unless told otherwise.
sanitize-threads:
	mkdir -p build
	for program in thread_pool training; do \
	  $(CXX) -std=c++17 -O1 -g1 -fsanitize=thread -pthread -Icpp -isystem cpp/third_party/eigen \
	    -o build/$${program}_tsan cpp/tests/$$program.cpp && \
	  TSAN_OPTIONS=die_after_fork=0 build/$${program}_tsan || exit 1; \
	done

# Each case in a process that may die: a failure tells its seed, which repeats it.
torture: $(VENV)/.test
	cd tests && $(abspath $(python)) -m torture $(TORTURE)
	cd tests && $(abspath $(python)) -m torture.kills
	cd tests && $(abspath $(python)) -m torture.streaming

# What broke a promise is kept in the folder of temporary files.
fuzz: $(VENV)/.test
	cd tests && $(abspath $(python)) -m fuzz $(FUZZ)

clean:
	rm -rf build dist $(VENV) .venv-sanitize .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
