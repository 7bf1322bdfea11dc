# stagework: `make demo` shows it, `make test` proves it, `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
include hack/devcluster/devcluster.mk

export PYTHONPATH := operator
HOST_PACKAGES := images/ad-image/packages.txt images/document/packages.txt tests/packages.txt
VENV_KEY := $(shell sha256sum requirements-dev.txt $(HOST_PACKAGES) | sha256sum | cut -c1-16)
VENV := $(CACHE)/venv/$(VENV_KEY)
PY := $(VENV)/bin/python
# Tests of what decides: no clock, no network, no process.
PURE_TESTS := $(addprefix tests/unit/,api policies children plans overview)
# How many stories are told side by side: they mostly wait for the cluster.
STORIES := $(or $(STORIES),4)

.PHONY: help
help: ## This list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/.ready: requirements-dev.txt $(HOST_PACKAGES)
	@$(or $(PYTHON),python3) -m hack.devcluster.venv $(VENV) requirements-dev.txt $(HOST_PACKAGES)

.PHONY: venv
venv: $(VENV)/.ready ## The Python environment of the tests and tools
	@echo $(VENV)

.PHONY: generate
generate: $(VENV)/.ready ## Write CRDs, the chart's copies, the install manifest and the API reference
	@HELM="$(HELM)" $(PY) -m hack.generate

.PHONY: verify
verify: $(VENV)/.ready ## Fail where a generated file differs from what would be generated
	@HELM="$(HELM)" $(PY) -m hack.generate --check

.PHONY: lint
lint: style types contracts unused ## Style, strict types, import contracts, unused code

.PHONY: style types contracts unused pure
style: $(VENV)/.ready
	@$(VENV)/bin/ruff check --quiet . && $(VENV)/bin/ruff format --quiet --check .

types: $(VENV)/.ready
	@$(VENV)/bin/basedpyright --project pyproject.toml --level error --pythonpath $(PY)

contracts: $(VENV)/.ready
	@output=$$(PYTHONPATH=operator:images/document $(VENV)/bin/lint-imports --no-cache) && \
	tail -1 <<<"$$output" || { echo "$$output"; exit 1; }

unused: $(VENV)/.ready
	@$(VENV)/bin/vulture operator hack images --exclude "*/tools/*"
	@$(VENV)/bin/vulture operator hack images tests

pure: $(VENV)/.ready
	@$(PY) -m pytest -q $(PURE_TESTS)

# Each says what it has to say when it is done.
BESIDE := --no-print-directory --keep-going -j 3 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
TOGETHER := --no-print-directory --keep-going -j 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync)
.PHONY: test-quick
test-quick: $(VENV)/.ready ## Lint and the tests of all that decides, in a minute: the inner loop
	@$(MAKE) $(TOGETHER) types pure contracts style unused

.PHONY: board screenshots
board: $(VENV)/.ready ## The board's page: types, style, its parts, the bundle, and in a real browser
	@$(DEVCLUSTER) board --modules >/dev/null
	@cd operator/board && npm run --silent types && npm run --silent lint && npm run --silent test
	@STAGEWORK_BOARD=$$($(DEVCLUSTER) board) $(PY) -m pytest -q -n 2 --dist loadfile tests/board

screenshots: $(VENV)/.ready ## Pictures of each page of the board, both themes, three widths, from seeds
	@STAGEWORK_BOARD=$$($(DEVCLUSTER) board) $(PY) -m tests.support.board $(or $(OUT),out/screenshots)

.PHONY: unit
unit: $(VENV)/.ready ## Tests of the parts: the pure core, stagekit, the API service, the stages
	@$(PY) -m pytest -q -n auto --dist worksteal tests/unit

.PHONY: operator
operator: $(VENV)/.ready ## Tests of the whole operator on a fake API server, in virtual time
	@$(PY) -m pytest -q -n auto --dist worksteal -m "not long" tests/operator

.PHONY: integration
integration: $(VENV)/.ready programs ## Tests against a real API server, and of the rendered chart
	@HELM="$(HELM)" $(PY) -m pytest -q -n auto --dist loadfile tests/chart tests/integration

.PHONY: deploy
deploy: images $(VENV)/.ready ## Install or upgrade stagework on the kind cluster
	@$(PY) -m hack.devcluster.deploy

# The release as the stories want it: with the tests' own servers for models and for items.
.PHONY: deploy-for-stories
deploy-for-stories: images $(VENV)/.ready
	@HELM="$(HELM)" KUBECTL="$(KUBECTL)" $(PY) -m tests.support.cluster.installing

# Others on this machine would upgrade the release and drain nodes under the stories.
ALONE := $(DEVCLUSTER) alone
.PHONY: e2e e2e-held stories stories-alone stories-of-nodes stories-of-operator stories-of-release
e2e: $(VENV)/.ready ## User stories on the kind cluster; a second run waits for the first
	@$(ALONE) $(MAKE) --no-print-directory e2e-held

e2e-held: deploy-for-stories
	@$(MAKE) --no-print-directory stories
	@$(MAKE) --no-print-directory stories-alone

# What shares the cluster's machines; then what the operator, a node or the release is needed for.
stories stories-of-%: export HELM = $(shell $(DEVCLUSTER) tools --path helm)
stories stories-of-%: export KUBECTL = $(shell $(DEVCLUSTER) tools --path kubectl)
stories:
	@$(PY) -m pytest -q -n $(STORIES) --no-loadscope-reorder -m "not alone and not long" tests/e2e

stories-of-nodes stories-of-operator stories-of-release: stories-of-%:
	@$(PY) -m pytest -q -m "alone(touches='$*') and not long" tests/e2e

stories-alone:
	@$(MAKE) --no-print-directory --keep-going stories-of-nodes stories-of-operator
	@$(MAKE) --no-print-directory stories-of-release

.PHONY: test-release test-release-held
test-release: $(VENV)/.ready ## The long stories, before a release; AGAIN=1 also those that have passed
	@$(ALONE) $(MAKE) --no-print-directory test-release-held

test-release-held: deploy-for-stories
	@$(PY) -m hack.release_tests $(if $(AGAIN),--again)

.PHONY: test-faults test-faults-held
test-faults: $(VENV)/.ready ## Faults made for real on the cluster's nodes, hours; AGAIN=1 also those that have passed
	@$(ALONE) $(MAKE) --no-print-directory test-faults-held

test-faults-held: deploy-for-stories
	@$(PY) -m hack.release_tests --faults $(if $(AGAIN),--again)

.PHONY: demo
demo: deploy ## Real pipelines on three machine classes, from nothing to the pictures
	@$(PY) -m hack.demo --samples manifests/samples

.PHONY: worlds
worlds: $(VENV)/.ready ## Random histories, WORLDS=2000 of them from seed FIRST=0; goes on where it was broken off
	@$(PY) -m tests.support.histories $(addprefix --worlds ,$(WORLDS)) $(addprefix --first ,$(FIRST)) \
	$(addprefix --seconds ,$(SECONDS)) $(addprefix --file ,$(FILE))

.PHONY: mutants
mutants: $(VENV)/.ready ## Wrong changes that no test notices: in policies, or SINCE=REV in a change
	@$(PY) -m hack.mutants $(addprefix --since ,$(SINCE)) $(if $(TESTS),--tests $(TESTS))

.PHONY: surface
surface: $(VENV)/.ready ## Record what others see of the product into OUT=dir, to compare with `diff -r`
	@$(PY) -m tests.surface $(or $(OUT),$(error say where: make surface OUT=dir))

.PHONY: bench
bench: deploy ## Speed, and quality of the document stages (slow; nothing else should run beside it)
	@for name in transitions restart exchange history listener estimates chunks schedules chain contracts scale batch quality; do \
		$(PY) -m tests.bench $$name || exit 1; echo; done

# Stories mostly wait for the cluster, which has the machine first: the parts take what it leaves.
.PHONY: test
test: $(VENV)/.ready ## Everything that must hold before a change lands
	@$(MAKE) $(TOGETHER) contracts style unused verify
	@$(MAKE) $(BESIDE) e2e types-and-parts

.PHONY: types-and-parts
types-and-parts: programs
	@nice -n 10 $(MAKE) --no-print-directory types
	@nice -n 10 $(MAKE) --no-print-directory parts

.PHONY: parts
parts: ## All tests that need no cluster of nodes; each is run, also after one that was red
	@failed=; for part in unit board operator integration; do \
		$(MAKE) --no-print-directory $$part || failed=1; done; [ -z "$$failed" ]
