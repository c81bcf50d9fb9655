# Commands for working on this repository. `make demo` and `make test` first set up what they need, if it is not there
# yet. Python packages go to .venv/, the R package to .Rlib/, downloads to .cache/.
#   GPU=1           install TensorFlow with the CUDA libraries
#   RETICULATE_LIB=path  test with the reticulate in this R library instead of the installed one
#   PYTHON=path     the Python (3.10 or 3.11) from which .venv is created

.DEFAULT_GOAL := help
.PHONY: help setup setup-test demo test test-python test-r test-parity r lint docs check bench-setup bench clean

ROOT := $(CURDIR)
PY := $(ROOT)/.venv/bin/python
CACHE := $(if $(BERTFIT_CACHE),$(BERTFIT_CACHE),$(ROOT)/.cache)
MINILM := $(CACHE)/models/minilm-l6-uncased/bertfit-files.json
BERT_TENSORFLOW := bert-tensorflow==1.0.4

export RETICULATE_PYTHON := $(PY)
export R_LIBS := $(if $(RETICULATE_LIB),$(abspath $(RETICULATE_LIB)):)$(ROOT)/.Rlib$(if $(R_LIBS),:$(R_LIBS))
export PYTHONPATH := $(ROOT)/python
export BERTFIT_CACHE := $(CACHE)
export TF_USE_LEGACY_KERAS := 1
export TF_CPP_MIN_LOG_LEVEL ?= 3

# The name of a stamp contains a hash of the files it depends on: a step runs again when their content changes, not
# their dates.
key = $(shell cat $(1) 2>/dev/null | sha256sum | cut -c1-12)
SYSTEM_KEY := $(call key,.ci/system .ci/python)
CORE_KEY := $(call key,inst/requirements.txt)$(if $(GPU),-gpu)
TEST_KEY := $(call key,inst/requirements.txt inst/requirements-test.txt inst/requirements-oracle.txt)$(if $(GPU),-gpu)
BENCH_KEY := $(call key,inst/requirements.txt inst/requirements-oracle.txt inst/requirements-bench.txt)$(if $(GPU),-gpu)
R_KEY := $(shell find DESCRIPTION NAMESPACE LICENSE .Rinstignore R man data inst python/bertfit -type f \
	! -name '*.pyc' 2>/dev/null | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-12)

SYSTEM_PYTHON := .cache/stamps/system-python-$(SYSTEM_KEY)
SYSTEM_R := .cache/stamps/system-r-$(SYSTEM_KEY)
SYSTEM_TEST := .cache/stamps/system-test-$(SYSTEM_KEY)
VENV_CORE := .venv/.core-$(CORE_KEY)
VENV_TEST := .venv/.test-$(TEST_KEY)
VENV_BENCH := .venv/.bench-$(BENCH_KEY)
R_INSTALLED := .Rlib/.bertfit-$(R_KEY)
PIP := $(PY) -m pip install -qq --disable-pip-version-check

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
	@$(MAKE) --no-print-directory -j1 test-python
	@$(MAKE) --no-print-directory -j1 test-r
	@$(MAKE) --no-print-directory -j1 test-parity

test-python: setup-test
	$(PY) -m pytest tests/python

test-r: setup-test
	TZ=$${TZ:-UTC} NOT_CRAN=true Rscript -e 'testthat::test_dir("tests/testthat", package = "bertfit", load_package = "installed", reporter = testthat::SummaryReporter, stop_on_failure = TRUE)'

test-parity: setup-test
	$(PY) -m pytest tests/parity

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

bench-setup: setup-test ## install the packages that bench compares with
	@$(MAKE) -s $(VENV_BENCH)

bench: bench-setup ## run the benchmarks of bench/RESULTS.md (an hour; ROWS="train_step epoch" for two of them)
	PYTHONPATH=$(ROOT)/python:$(ROOT)/bench $(PY) bench/table.py $(ROWS)

clean: ## remove everything that was set up, except downloads
	rm -rf .venv .Rlib build .cache/stamps

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
$(VENV_CORE): inst/requirements.txt | $(PY)
	@echo "Installing Python packages into .venv (a minute or two)"
	@sed $(if $(GPU),'s/^tensorflow>/tensorflow[and-cuda]>/','') inst/requirements.txt > .venv/requirements.txt
	@$(PIP) -r .venv/requirements.txt
	@$(PY) -c "import sysconfig; open(sysconfig.get_path('purelib') + '/bertfit-source.pth', 'w').write('$(ROOT)/python\n')"
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

$(R_INSTALLED): | $(SYSTEM_R)
	@echo "Installing the R package into .Rlib"
	@mkdir -p .Rlib
	@R CMD INSTALL --library=.Rlib . > .Rlib/install.log 2>&1 || { cat .Rlib/install.log >&2; exit 1; }
	@rm -f .Rlib/.bertfit-* && touch $@

$(MINILM): | $(VENV_CORE)
	@echo "Downloading the encoder minilm-l6-uncased into $(CACHE)"
	@$(PY) -c "import bertfit; bertfit.download('minilm-l6-uncased')"
