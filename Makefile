# make demo: see it work. make test: check it. make bench: measure it. make lint: style and types.
# make fuzz: damaged files for the readers.
# Each first makes a virtual environment in .venv; PYTHON=python3.12 chooses the interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PERMS ?= 2000

.PHONY: demo test fuzz bench bench-smallest lint format sanitize leaks package clean

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python constraints.txt pyproject.toml CMakeLists.txt README.md \
		$(shell find cpp python -type f -not -path '*/__pycache__/*')
	@echo "Installing into $(VENV), a few minutes the first time ..."
	$(PIP) install -q -c constraints.txt pip
	$(PIP) install -q -c constraints.txt ".[dev]"
	touch $@

# The paper on the phantom, from scans to the report demo/report.html: five minutes on two quiet cores.
demo: $(VENV)/installed
	$(BIN)/shapcpp reproduce --size 64 --epochs 20 --patience 10 --perms $(PERMS) -o demo

test: $(VENV)/installed
	$(BIN)/python -m pytest

# Twelve thousand damaged and lying files for the readers, ten minutes.
fuzz: $(VENV)/installed
	cd tests && $(abspath $(BIN))/python -m fuzz.fuzz_readers --cases 12000 --commands 80

# Half an hour on two cores; FULL=1 takes hours and estimates less. Without OPENBLAS_CORETYPE, so that
# the peers too run on the best kernels that the processor has.
BENCH := env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/python bench/run.py
bench: $(VENV)/installed
	$(BENCH) $(if $(FULL),--rounds 4 --budget 30)

# The smallest shape, without peers from elsewhere; results/ stays as it is.
bench-smallest: $(VENV)/installed
	$(BENCH) --smallest --rounds 2 --budget 0.5 --out $(VENV)/bench

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd $(VENV) && bin/python -m mypy.stubtest shapcpp._core \
	  --allowlist $(CURDIR)/tests/architecture/stubtest.allow
	$(BIN)/clang-format --dry-run -Werror $(shell find cpp -name "*.?pp")

format: $(VENV)/installed
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(shell find cpp -name "*.?pp")

# The engine's tests under AddressSanitizer and UndefinedBehaviorSanitizer.
sanitize: $(VENV)/installed
	$(PIP) install -q --no-deps --upgrade --target $(VENV)/sanitized \
	  -Ccmake.define.SHAPCPP_SANITIZE=ON -Ccmake.build-type=RelWithDebInfo .
	LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libubsan.so)" \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
	  PYTHONPATH=$(VENV)/sanitized SHAPCPP_EXPECT_SANITIZED=1 \
	  $(BIN)/python -m pytest -p no:cacheprovider tests/oracle tests/api tests/property

# No wide instruction outside the functions of its level, and each level in its own registers: looked
# for in the library as it is installed, before it is stripped.
leaks: $(VENV)/installed
	$(PIP) install -q --no-deps --upgrade --target $(VENV)/unstripped \
	  -Cinstall.strip=false -Ccmake.define.CMAKE_STRIP= .
	$(BIN)/python tools/check_levels.py $(VENV)/unstripped/shapcpp/_core.*.so

# Source distribution and wheel, built in isolation, looked into and tried in a fresh environment.
package: $(VENV)/installed
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python tools/check_package.py dist

clean:
	rm -rf $(VENV) .venv-peers dist demo
