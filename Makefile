# Commands for working on this repository. `make demo` and `make test` first set up what they need, if it is not there
# yet. Python packages go to .venv/, the R package to .Rlib/, downloads to .cache/.
#   GPU=1           install TensorFlow with the CUDA libraries
#   RETICULATE_LIB=path  test with the reticulate in this R library instead of the installed one
#   PYTHON=path     the Python from which .venv is created (3.10 to 3.13; 3.11 at most with reticulate before 1.33)
#   WHEELS=folder   install Python packages from the files of `make wheelhouse`, without a network

.DEFAULT_GOAL := help
.PHONY: help setup setup-test demo test test-python test-r test-parity test-modern r lint docs check wheelhouse \
	bench-setup bench clean

ROOT := $(CURDIR)
PY := $(ROOT)/.venv/bin/python
CACHE := $(if $(BERTFIT_CACHE),$(BERTFIT_CACHE),$(ROOT)/.cache)
MINILM := $(CACHE)/models/minilm-l6-uncased/bertfit-files.json
BERT_TENSORFLOW := bert-tensorflow==1.0.4

export RETICULATE_PYTHON := $(PY)
export R_LIBS := $(if $(RETICULATE_LIB),$(abspath $(RETICULATE_LIB)):)$(ROOT)/.Rlib$(if $(R_LIBS),:$(R_LIBS))
export BERTFIT_CACHE := $(CACHE)
export TF_USE_LEGACY_KERAS := 1
export TF_CPP_MIN_LOG_LEVEL ?= 3

# What the installed reticulate cannot work with: found once, also for the makes that this one starts.
ifndef RETICULATE_LIMITS
export RETICULATE_LIMITS := $(shell .ci/limits)
endif
PINS := $(filter-out python<%,$(RETICULATE_LIMITS))

# The name of a stamp contains a hash of the files it depends on: a step runs again when their content changes, not
# their dates.
key = $(shell cat $(1) 2>/dev/null | sha256sum | cut -c1-12)
SYSTEM_KEY := $(call key,.ci/system .ci/python)
CORE := inst/requirements.txt pyproject.toml
VARIANT := $(subst <,-,$(subst $() ,,$(addprefix -,$(PINS))))$(if $(GPU),-gpu)
CORE_KEY := $(call key,$(CORE))$(VARIANT)
TEST_KEY := $(call key,$(CORE) inst/requirements-test.txt inst/requirements-oracle.txt)$(VARIANT)
BENCH_KEY := $(call key,$(CORE) inst/requirements-oracle.txt inst/requirements-bench.txt)$(VARIANT)
MODERN_KEY := $(call key,$(CORE) inst/requirements-test.txt .ci/python)
R_KEY := $(shell find DESCRIPTION NAMESPACE LICENSE .Rinstignore R man data inst python/bertfit -type f \
	! -name '*.pyc' 2>/dev/null | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-12)

SYSTEM_PYTHON := .cache/stamps/system-python-$(SYSTEM_KEY)
SYSTEM_R := .cache/stamps/system-r-$(SYSTEM_KEY)
SYSTEM_TEST := .cache/stamps/system-test-$(SYSTEM_KEY)
VENV_CORE := .venv/.core-$(CORE_KEY)
VENV_TEST := .venv/.test-$(TEST_KEY)
VENV_BENCH := .venv/.bench-$(BENCH_KEY)
VENV_MODERN := .venv-modern/.test-$(MODERN_KEY)
MODERN_PY := $(ROOT)/.venv-modern/bin/python
R_INSTALLED := .Rlib/.bertfit-$(R_KEY)
PIP_OPTIONS := -qq --disable-pip-version-check $(if $(WHEELS),--no-index --find-links "$(WHEELS)")
PIP := $(PY) -m pip install $(PIP_OPTIONS)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# In parallel: apt installs R while pip downloads TensorFlow.
setup: ## install everything that bertfit needs
	@$(MAKE) -s -j2 $(VENV_CORE) $(R_INSTALLED) $(MINILM)

setup-test: setup
	@$(MAKE) -s $(VENV_TEST)

demo: setup ## set up and fine-tune a real encoder on the bundled comments
	@Rscript inst/examples/jigsaw.R

test: setup-test ## set up and run every test: pytest, testthat, parity
	@$(MAKE) --no-print-directory --output-sync=target -j2 test-python test-r
	@$(MAKE) --no-print-directory -j1 test-parity
	@$(MAKE) --no-print-directory -j1 test-modern TESTS="$(MODERN_SAMPLE)"

# Two to four processes, each with whole files.
PYTEST_OPTIONS := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
test-python: setup-test
	$(PY) -m pytest $(PYTEST_OPTIONS) tests/python

test-r: setup-test
	TZ=$${TZ:-UTC} NOT_CRAN=true Rscript -e 'testthat::test_dir("tests/testthat", package = "bertfit", load_package = "installed", reporter = testthat::SummaryReporter, stop_on_failure = TRUE)'

test-parity: setup-test
	$(PY) -m pytest tests/parity

# The modules that meet other people's data frames and arrays.
MODERN_SAMPLE := frames/test_targets.py frames/test_classes.py frames/test_answers.py rows r/test_boundary.py
test-modern: ## run pytest with the newest NumPy and pandas, on Python 3.12 or 3.13 (TESTS="frames text" for two packages)
	@if .ci/python modern > /dev/null 2>&1; then \
		$(MAKE) -s $(VENV_MODERN) && \
		$(MODERN_PY) -m pytest $(PYTEST_OPTIONS) -m "not slow" $(addprefix tests/python/,$(TESTS)); \
	else \
		echo "test-modern: skipped, because there is neither Python 3.12 nor 3.13"; \
	fi

r: setup ## start R with bertfit and its Python
	@R --no-save --quiet

lint: setup-test ## run ruff, and lintr if it is installed
	$(PY) -m ruff check python tests bench
	@Rscript -e 'if (requireNamespace("lintr", quietly = TRUE)) { found <- lintr::lint_dir("R"); print(found); quit(status = min(length(found), 1L)) } else cat("lintr is not installed: R was not linted\n")'

docs: setup ## write NAMESPACE and man/ from the comments in R/
	@.ci/system docs
	Rscript -e 'roxygen2::roxygenise()'

check: setup-test ## run R CMD build and R CMD check, without the PDF manual
	rm -rf build && mkdir -p build
	cd build && export TZ=$${TZ:-UTC} && R CMD build .. && R CMD check --no-manual bertfit_*.tar.gz

wheelhouse: | $(PY) ## put what .venv is made of into wheelhouse/, for `make setup WHEELS=` and bert_install(wheels = )
	$(WRITE_REQUIREMENTS)
	$(PY) -m pip wheel -qq --disable-pip-version-check -w wheelhouse -r .venv/requirements.txt

bench-setup: setup-test ## install the packages that bench compares with
	@$(MAKE) -s $(VENV_BENCH)

bench: bench-setup ## run the benchmarks of bench/RESULTS.md (an hour; ROWS="train_step epoch" for two, QUICK=1 to see that all run)
	PYTHONPATH=$(ROOT)/python:$(ROOT)/bench $(PY) bench/table.py $(if $(QUICK),--quick) $(ROWS)

clean: ## remove everything that was set up, except downloads
	rm -rf .venv .venv-modern .Rlib build .cache/stamps

# -- Set-up --------------------------------------------------------------------------------------------

.cache/stamps/system-%-$(SYSTEM_KEY): .ci/system .ci/python
	@.ci/system $*
	@mkdir -p $(@D) && touch $@

# Only one apt can run at a time. Python comes first, because pip takes longest.
$(SYSTEM_R): | $(SYSTEM_PYTHON)
$(SYSTEM_TEST): | $(SYSTEM_R)

$(PY): | $(SYSTEM_PYTHON)
	@echo "Creating .venv with $$(.ci/python)"
	@"$$(.ci/python)" -m venv .venv

# inst/requirements.txt lists tensorflow without its extra "and-cuda", which GPU=1 adds.
define WRITE_REQUIREMENTS
	@sed $(if $(GPU),'s/^tensorflow>/tensorflow[and-cuda]>/','') inst/requirements.txt > .venv/requirements.txt
	@for pin in $(PINS:%='%'); do echo "$$pin"; done >> .venv/requirements.txt
endef

# The project itself is installed as a link to python/, and with it the command .venv/bin/bertfit. setuptools, which
# does that, is among what TensorFlow needs.
$(VENV_CORE): $(CORE) | $(PY)
	@echo "Installing Python packages into .venv (a minute or two)"
	$(WRITE_REQUIREMENTS)
	@$(PIP) -r .venv/requirements.txt
	@rm -f .venv/lib/python3*/site-packages/bertfit-source.pth
	@$(PIP) --no-deps --no-build-isolation -e .
	@rm -f .venv/.core-* && touch $@

$(VENV_TEST): inst/requirements-test.txt inst/requirements-oracle.txt | $(SYSTEM_TEST) $(VENV_CORE)
	@echo "Installing what the tests need into .venv"
	@$(PIP) -r .venv/requirements.txt -r inst/requirements-test.txt
	@$(PIP) --no-deps $(BERT_TENSORFLOW)
	@$(PIP) -r .venv/requirements.txt -r inst/requirements-oracle.txt || \
		echo "PyTorch and transformers could not be installed: tests that compare with them are skipped"
	@rm -f .venv/.test-* && touch $@

$(VENV_BENCH): inst/requirements-bench.txt | $(VENV_TEST)
	@echo "Installing the peers of the benchmarks into .venv"
	@$(PIP) -r .venv/requirements.txt -r inst/requirements-oracle.txt -r inst/requirements-bench.txt
	@rm -f .venv/.bench-* && touch $@

# rpy2, which reaches R, is of no use here: the newest reticulate belongs to the newest R.
$(VENV_MODERN): $(CORE) inst/requirements-test.txt
	@echo "Installing the newest packages into .venv-modern, for $$(.ci/python modern) (a minute or two)"
	@test -x $(MODERN_PY) || "$$(.ci/python modern)" -m venv .venv-modern
	@grep -v '^rpy2' inst/requirements-test.txt > .venv-modern/requirements-test.txt
	@$(MODERN_PY) -m pip install $(PIP_OPTIONS) -r inst/requirements.txt -r .venv-modern/requirements-test.txt
	@$(MODERN_PY) -m pip install $(PIP_OPTIONS) --no-deps $(BERT_TENSORFLOW)
	@$(MODERN_PY) -m pip install $(PIP_OPTIONS) --no-deps --no-build-isolation -e .
	@rm -f .venv-modern/.test-* && touch $@

$(R_INSTALLED): | $(SYSTEM_R)
	@echo "Installing the R package into .Rlib"
	@mkdir -p .Rlib
	@R CMD INSTALL --library=.Rlib . > .Rlib/install.log 2>&1 || { cat .Rlib/install.log >&2; exit 1; }
	@rm -f .Rlib/.bertfit-* && touch $@

$(MINILM): | $(VENV_CORE)
	@echo "Downloading the encoder minilm-l6-uncased into $(CACHE)"
	@$(PY) -c "import bertfit; bertfit.download('minilm-l6-uncased')"
