# make demo: see it work. make test: check it. make bench: measure it. make lint: style and types.
# make fuzz: damaged files for the readers.
# Each first makes a virtual environment in .venv; PYTHON=python3.12 chooses the interpreter,
# TORCH=cpu or TORCH=gpu the build of PyTorch (without either: gpu where there is a GPU).
PYTHON ?= python3
TORCH ?= auto
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install -c constraints.txt
WHEEL = $$(ls $(VENV)/wheel/shapcpp-*.whl)
PERMS ?= 2000

.PHONY: demo test cpp-test fuzz bench bench-smallest bench-classes bench-detect bench-wide lint format sanitize leaks package clean

$(VENV)/bin/python:
	@echo "== A virtual environment in $(VENV): seconds"
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -q pip

# Goals that belong to a check compile the engine with the tests of its core and do not strip it, so
# that it is compiled once. Beside the core's tests lies the library in which leaks are looked for.
WITH_TESTS := -Ccmake.define.SHAPCPP_TESTS=ON -Cinstall.strip=false -Ccmake.define.CMAKE_STRIP=
test cpp-test lint sanitize leaks package: ENGINE_OPTIONS := $(WITH_TESTS)

# The package with what it needs to value a table: numpy, click and rich.
$(VENV)/engine: $(VENV)/bin/python pyproject.toml CMakeLists.txt \
		$(shell find cpp python -type f -not -path '*/__pycache__/*' -not -name '*.so')
	@echo "== The engine is compiled: one to three minutes on two cores"
	rm -rf $(VENV)/wheel $(VENV)/cpp-build
	@tools/with_progress.sh $(PIP) wheel --no-deps -w $(VENV)/wheel \
	  -Cbuild-dir=$(VENV)/cpp-build $(ENGINE_OPTIONS) .
	$(INSTALL) -q --no-deps --force-reinstall $(WHEEL)
	$(INSTALL) $(WHEEL)
	@touch $@

$(VENV)/torch: constraints.txt tools/install_torch.sh | $(VENV)/engine
	@echo "== PyTorch is fetched: a minute or a few"
	tools/install_torch.sh $(VENV) $(TORCH)
	@touch $@

# What the CT part of the demo needs, and what all that follows needs.
$(VENV)/ct: constraints.txt pyproject.toml $(VENV)/torch | $(VENV)/engine
	@echo "== Readers of scans and the report's libraries are fetched: a minute"
	$(INSTALL) "$(WHEEL)[ct,plot]"
	@touch $@

$(VENV)/installed: constraints.txt pyproject.toml $(VENV)/torch | $(VENV)/engine
	@echo "== All that the tests need is fetched: one to three minutes"
	$(INSTALL) "$(WHEEL)[dev]"
	@touch $@

# First a table, then the paper on the phantom, from scans to a report; each part says how long it takes.
TABLE := demo/breast-cancer
demo: $(VENV)/engine
	@mkdir -p demo
	@echo "== A table: 569 tumours of the breast. A fifth of the labels are made wrong; which? Half a minute"
	$(BIN)/python examples/breast_cancer.py $(TABLE).npy
	$(BIN)/shapcpp noise $(TABLE).npy --rate 0.2 -o $(TABLE)-noisy.npy
	$(BIN)/shapcpp value $(TABLE)-noisy.npy --scale standard --metric acc -o $(TABLE).npz
	$(BIN)/shapcpp detect $(TABLE).npz
	@$(MAKE) --no-print-directory $(VENV)/ct
	@echo "== Imagined chest CT, from scans to demo/report.html: five minutes on two quiet cores." \
	  "Stopped or killed, make demo goes on from there"
	$(BIN)/shapcpp reproduce --size 64 --epochs 20 --patience 10 --perms $(PERMS) -o demo

# As many tests at a time as there are processors, a share of the processors for each.
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal

test: $(VENV)/installed cpp-test
	$(PYTEST)

# The tests of the core in C++, which need no Python once they are built.
cpp-test: $(VENV)/cpp-build/core_tests
	$<

# Compiled here where the engine was compiled without them, as for demo.
$(VENV)/cpp-build/core_tests: CMakeLists.txt $(shell find cpp -type f) | $(VENV)/engine
	@echo "== The core is compiled with its tests: one to three minutes on two cores"
	rm -rf $(@D)
	@tools/with_progress.sh $(PIP) wheel --no-deps -w $(VENV)/cpp-wheel \
	  -Cbuild-dir=$(@D) $(WITH_TESTS) .

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

# Three and ten classes, each model beside scikit-learn's: bench/results/several_classes.md, some minutes.
bench-classes: $(VENV)/installed
	OMP_NUM_THREADS=1 $(BIN)/python bench/several_classes.py

# Which detector finds wrong labels: bench/results/detection.md. Two hours on two cores, most of them of
# the detectors beside doubt; stopped, it goes on from there. SHAPCPP_DATA names the folder of tables.
bench-detect: $(VENV)/installed
	OMP_NUM_THREADS=1 $(BIN)/python bench/detection.py

# The cost of a join against the number of features, 64 to 2,048: bench/results/wide.md. An hour, then it
# stops; called again it goes on from there. ENGINES="--engine NAME=PATH" adds another checkout, built.
bench-wide: $(VENV)/installed
	OMP_NUM_THREADS=1 $(BIN)/python bench/wide.py $(ENGINES)

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

# The engine's tests under AddressSanitizer and UndefinedBehaviorSanitizer, but those marked
# statistical in pyproject.toml.
sanitize: $(VENV)/installed
	@echo "== The engine is compiled with sanitizers: two to four minutes on two cores"
	@tools/with_progress.sh $(PIP) install --no-deps --upgrade --target $(VENV)/sanitized \
	  -Ccmake.define.SHAPCPP_SANITIZE=ON -Ccmake.build-type=RelWithDebInfo .
	LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libubsan.so)" \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
	  PYTHONPATH=$(VENV)/sanitized SHAPCPP_EXPECT_SANITIZED=1 \
	  $(PYTEST) -p no:cacheprovider -m "not statistical" tests/oracle tests/api tests/property

# No wide instruction outside the functions of its level, and each level in its own registers: looked
# for in the library as it is installed, before it is stripped.
leaks: $(VENV)/cpp-build/core_tests
	$(BIN)/python tools/check_levels.py $(VENV)/cpp-build/_core.*.so

# Source distribution and wheel, built in isolation, looked into and tried in a fresh environment.
package: $(VENV)/installed
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python tools/check_package.py dist

clean:
	rm -rf $(VENV) .venv-peers dist demo
