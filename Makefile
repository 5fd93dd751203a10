# The two commands of a newcomer are `make run` and `make test`; `make help` lists the others.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
MINUTES ?= 5

# The developers' copy of the official files, where it lies beside the checkout; everybody else has them found or fetched.
SHARED_DATA := $(wildcard $(CURDIR)/../shared/fashion-mnist)
ifneq ($(SHARED_DATA),)
export FASHION_DATA ?= $(SHARED_DATA)
endif

# On Linux pip's default torch brings gigabytes of CUDA; without an NVIDIA driver PyTorch's own CPU wheel is taken.
TORCH_CPU := https://download.pytorch.org/whl/cpu
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
PIP := $(BIN)/python $(PIP_INSTALL) --constraint constraints.txt

# All but torch is installed by its hash. torch is another file on PyTorch's index than on the package index, and needs
# other packages there (SECURITY.md); its version is pinned.
$(VENV)/installed: pyproject.toml constraints.txt requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	@if [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1; then \
	  echo "Installing PyTorch for the CPU"; \
	  $(PIP) --no-deps --retries 1 --timeout 15 --index-url $(TORCH_CPU) torch \
	    || echo "$(TORCH_CPU) cannot be reached; taking what the package index has"; \
	fi
	@echo "Installing the rest into $(VENV)"
	$(BIN)/python $(PIP_INSTALL) --require-hashes --no-deps --requirement requirements-dev.txt
	$(PIP) --no-build-isolation --editable '.[dev]'
	@touch $@

.PHONY: install
install: $(VENV)/installed  ## make .venv with everything pinned

.PHONY: run
run: $(VENV)/installed  ## the main job on the data that is found; MINUTES=5
	$(BIN)/fashion run --minutes $(MINUTES)

.PHONY: test
test: $(VENV)/installed  ## the fast tests
	$(BIN)/python -m pytest -n 2 --dist worksteal  # neighbours stay together, and share their fixtures

.PHONY: test-browser
test-browser: $(VENV)/installed  ## the pages, in Debian's Chromium
	$(BIN)/python -m pytest -m browser -n 2

.PHONY: test-slow
test-slow: $(VENV)/installed  ## the slow tests and those on real data
	$(BIN)/python -m pytest -m "slow or real_data" --timeout=1200

.PHONY: fuzz
fuzz: $(VENV)/installed  ## millions of strange files read, some hours; it goes on where it stopped; Linux on x86-64
	PYTHONPATH=. $(BIN)/python benchmarks/fuzzing.py

.PHONY: check
check: $(VENV)/installed  ## lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Both need the official files in FASHION_DATA and a quiet machine; rows are appended to benchmarks/results/*.jsonl.
.PHONY: bench
bench: $(VENV)/installed  ## the short benchmarks, ten minutes; MODEL=folder, or one is trained for a minute
	$(PIP) pandas openvino
	@set -e; work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; model="$(MODEL)"; \
	if [ -z "$$model" ]; then model="$$work/model"; $(BIN)/fashion train --minutes 1 --out "$$model"; fi; \
	$(BIN)/python benchmarks/loading.py; \
	for script in start_up predict_folder prediction; do $(BIN)/python benchmarks/$$script.py --model "$$model"; done
	@$(MAKE) --no-print-directory bench-tables
	$(BIN)/python benchmarks/summary.py

.PHONY: bench-long
bench-long: $(VENV)/installed  ## the long benchmarks, three hours, on cross-validation data; they go on where they stopped
	$(BIN)/python benchmarks/time_to_accuracy.py
	$(BIN)/python benchmarks/estimator.py
	$(BIN)/python benchmarks/time_to_accuracy.py --isa avx2
	$(BIN)/python benchmarks/peers.py
	$(BIN)/python benchmarks/tuning.py
	@$(MAKE) --no-print-directory bench-tables

.PHONY: reliability
reliability: $(VENV)/installed  ## 200 runs killed at random moments, three hours; it goes on where it stopped; KILLS=180
	$(BIN)/python benchmarks/reliability.py --kills $(or $(KILLS),180)

.PHONY: bench-tables
bench-tables: $(VENV)/installed  ## RESULTS.md and the figures, from the rows that there are
	$(BIN)/python benchmarks/results_table.py
	$(BIN)/python benchmarks/figures.py

.PHONY: format
format: $(VENV)/installed  ## bring the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: docs
docs: $(VENV)/installed  ## the documentation as pages that open offline, in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

.PHONY: notebook
notebook: $(VENV)/installed  ## the notebook's kept outputs anew, from the drawn sample, some minutes
	FASHION_DATA=sample FASHION_NOTEBOOK_EPOCHS=3 FASHION_NOTEBOOK_TRIALS=3 \
	  $(BIN)/jupyter execute --inplace notebooks/fashion_images_classifier.ipynb

.PHONY: wheel
wheel: $(VENV)/installed  ## build the source archive, and from it the wheel, into dist/
	$(BIN)/python -m build --no-isolation

# Tools of their own environment, so that what they need is not mixed with what is tested.
TOOLS := $(VENV)-tools
$(TOOLS)/bin/%:
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python $(PIP_INSTALL) uv==0.13.9 pip-audit==2.10.1

.PHONY: lock
lock: $(TOOLS)/bin/uv  ## requirements-dev.txt and requirements-serve.txt anew: hashes of what constraints.txt pins
	$(TOOLS)/bin/uv pip compile --quiet --universal --python-version 3.11 --constraint constraints.txt --generate-hashes \
	  --no-annotate --no-header --no-emit-package torch --extra dev --output-file requirements-dev.txt pyproject.toml
	$(TOOLS)/bin/uv pip compile --quiet --universal --python-version 3.11 --constraint constraints.txt --generate-hashes \
	  --no-annotate --no-header --output-file requirements-serve.txt requirements-serve.in

AUDIT ?= $(TOOLS)/bin/pip-audit
.PHONY: audit
audit: $(AUDIT)  ## known vulnerabilities of what is pinned; needs the package index's own service
	@$(AUDIT) --strict --no-deps --disable-pip --progress-spinner off --requirement constraints.txt || { \
	  echo "This is no clean bill: either what is listed above is vulnerable, or the service could not be asked." >&2; \
	  exit 1; }

.PHONY: help
help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12
