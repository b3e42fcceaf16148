# Everything that is done with this repository. Each target sets up what it needs; "make" alone lists them.

# The Pythons to look for, the first that fits is taken; PYTHON=... names the only one.
PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.14)
REGION := us-east-1
BIN := .venv/bin
SAM := SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=$(REGION) .venv-sam/bin/sam
UV := .local/uv/bin/uv
ASL_VALIDATOR := asl-validator@4.0.0
TYPESCRIPT := typescript@5.9.3
MACHINE := aarch64
MINUTES := 10
EXAMPLES := 200
SEED := 1
SIDE_BY_SIDE := PYTHONHASHSEED=0 $(BIN)/pytest --numprocesses=2 --dist=loadgroup --no-loadscope-reorder
NEED_PYTHON := Python 3.11 to 3.14 is needed; name one with PYTHON=..., like: make demo PYTHON=/opt/python3.13/bin/python3.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
SECRETS := $(addprefix --disable-plugin ,KeywordDetector HexHighEntropyString Base64HighEntropyString)
PIN := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help demo run invoke sam events unit test rights soak fuzz bench check lint types templates sam-validate build screenshots openapi api-changes audit sbom secrets docs lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/ready ## watch a client group being archived on a local AWS
	@$(BIN)/python -m local demo

run: .venv/ready $(if $(findstring python3.13,$(PYTHON)),.venv-sam/ready) ## keep the whole system up, with a sample practice, until Ctrl-C
	@$(BIN)/python -m local up

invoke: .venv/ready ## run one function of the practice that runs: F=ScheduledCleanup, E=event.json
	@$(BIN)/python -m local invoke $(F) $(if $(E),--event $(E))

sam: .venv/ready .venv-sam/ready ## build for this machine and set "sam local" up for the practice that runs
	@$(BIN)/python -m local sam

events: .venv/ready ## write new sample events for the practice that runs into .local/events
	@$(BIN)/python -m local events

unit: .venv/ready ## run the tests of the rules, half a minute
	$(SIDE_BY_SIDE) tests/unit

test: .venv/ready ## run the tests: rules, single calls, the deployed system, the proofs
	rm -rf .local/rights
	$(SIDE_BY_SIDE) --hypothesis-profile=whole tests/unit tests/moto tests/ministack tests/proof

.PHONY: check-rules
check-rules: .venv/ready ## break each rule in turn: a test that docs/rules.md cites must fail; RULES="P4 A2"
	@$(BIN)/python -m tests.rules $(RULES)

rights: .venv/ready ## compare each role with the calls its code made in the last run of all tests
	@$(BIN)/python -m tests.support.rights

soak: .venv/ready ## keep proving that no order of events breaks a client; MINUTES=10, SEED=1
	PROOF_MINUTES=$(MINUTES) PROOF_SEED=$(SEED) $(BIN)/pytest tests/proof/test_interleavings.py

fuzz: .venv/ready ## ask the deployed API ten thousand things by its description; EXAMPLES=200, SEED=1
	FUZZ_EXAMPLES=$(EXAMPLES) FUZZ_SEED=$(SEED) $(BIN)/pytest -s tests/ministack/test_description.py

bench: .venv/ready ## measure beside the floor and what a user would do instead; DYNAMODB_ENDPOINT names another engine
	@$(BIN)/python -m benchmarks $(BENCH)

check: lint types templates ## all checks without a run: lint, types, templates

lint: .venv/ready ## style, spelling and likely mistakes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

types: .venv/ready ## static types
	$(BIN)/mypy
	@if npm ping >/dev/null 2>&1; then npx --yes --package $(TYPESCRIPT) tsc --project console/jsconfig.json; \
	else echo "The console's types are not checked: there is no npm here, or it does not reach its registry."; fi

templates: .venv/ready ## template.yaml by CloudFormation's rules, as it is written and as SAM transforms it
	$(BIN)/python -m local.transformed .local
	$(BIN)/cfn-lint template.yaml
	$(BIN)/cfn-lint --ignore-checks W2001 -- .local/transformed.json .local/transformed-gradual.json
	@if [ -e .venv-checkov/ready ]; then .venv-checkov/bin/checkov --config-file .checkov.yaml --file .local/transformed.json; \
	else echo "The template is not checked by checkov: it is not installed here; make .venv-checkov/ready installs it."; fi
	@if npm ping >/dev/null 2>&1; then npx --yes $(ASL_VALIDATOR) --json-path .local/archive_clients.asl.json --json-path .local/import_rows.asl.json; \
	else echo "The workflows are not checked by asl-validator: there is no npm here, or it does not reach its registry."; fi
	@if [ -e .venv-sam/ready ]; then $(SAM) validate --lint; \
	else echo "The template is not checked by the SAM CLI: it is not installed here; make .venv-sam/ready installs it."; fi

sam-validate: .venv-sam/ready ## template.yaml by the SAM CLI's rules
	$(SAM) validate --lint

build: .venv/ready .venv-sam/ready ## build what "sam deploy" ships; needs python3.13; for x86: MACHINE=x86_64
	@$(BIN)/python -m local.sam.build $(MACHINE)

screenshots: .venv/ready ## write pictures of the console into docs/images; needs Chromium
	@$(BIN)/python -m local.screenshots

openapi: .venv/ready ## write docs/openapi.json and docs/schemas from the code
	@$(BIN)/python -m local.openapi

api-changes: .venv/ready ## tell what breaks callers of the last release
	@$(BIN)/python -m local.api_changes

audit: .venv-supply/ready ## tell known weaknesses of what ships; needs a network, and says so
	@$(BIN)/python -m local.known_weaknesses

sbom: .venv-supply/ready ## write the layer's bill of materials (CycloneDX) into dist/sbom.json
	@mkdir -p dist
	@.venv-supply/bin/cyclonedx-py requirements layers/common/requirements.txt --output-reproducible --of JSON --output-file dist/sbom.json

secrets: .venv-supply/ready ## look for keys and tokens in all files that git knows
	@git ls-files -z | xargs -0 .venv-supply/bin/detect-secrets-hook $(SECRETS)

docs: .venv-docs/ready ## write the documentation as a site into dist/docs
	@.venv-docs/bin/sphinx-build --fail-on-warning --keep-going --quiet docs dist/docs
	@echo "Written: dist/docs/index.html"

lock: $(UV) ## pin the requirements files again; LOCK=--upgrade takes newer versions
	$(UV) $(PIN) $(LOCK) requirements/layer.in --output-file layers/common/requirements.txt
	$(UV) $(PIN) $(LOCK) requirements/dev.in --constraint layers/common/requirements.txt --output-file requirements/dev.txt
	$(UV) $(PIN) $(LOCK) requirements/runtime.in --constraint requirements/dev.txt --output-file requirements/runtime.txt
	$(UV) $(PIN) $(LOCK) requirements/sam.in --output-file requirements/sam.txt
	$(UV) $(PIN) $(LOCK) requirements/checkov.in --output-file requirements/checkov.txt
	$(UV) $(PIN) $(LOCK) requirements/supply.in --output-file requirements/supply.txt
	$(UV) $(PIN) $(LOCK) requirements/docs.in --output-file requirements/docs.txt
	$(UV) $(PIN) $(LOCK) requirements/uv.in --output-file requirements/uv.txt

clean: ## remove everything that was installed, built or cached here
	rm -rf .venv .venv-sam .venv-supply .venv-checkov .venv-docs .local .aws-sam .hypothesis .mypy_cache .pytest_cache .ruff_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready: requirements/dev.txt pyproject.toml
	@$(call make-venv,.venv)
	@echo "Installing what the project needs into .venv, once (about half a minute) ..."
	@$(BIN)/python $(PIP_INSTALL) --no-deps --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv-sam/ready: requirements/sam.txt
	@$(call make-venv,.venv-sam)
	@echo "Installing the SAM CLI into .venv-sam, once (about a minute) ..."
	@.venv-sam/bin/python $(PIP_INSTALL) --no-deps --require-hashes --requirement requirements/sam.txt
	@touch $@

.venv-checkov/ready: requirements/checkov.txt
	@$(call make-venv,.venv-checkov)
	@echo "Installing checkov into .venv-checkov, once (about a minute) ..."
	@.venv-checkov/bin/python $(PIP_INSTALL) --no-deps --require-hashes --requirement requirements/checkov.txt
	@touch $@

.venv-supply/ready: .venv/ready requirements/supply.txt
	@$(call make-venv,.venv-supply)
	@echo "Installing what looks at what ships into .venv-supply, once (about half a minute) ..."
	@.venv-supply/bin/python $(PIP_INSTALL) --no-deps --require-hashes --requirement requirements/supply.txt
	@touch $@

.venv-docs/ready: requirements/docs.txt
	@$(call make-venv,.venv-docs)
	@echo "Installing Sphinx into .venv-docs, once (about half a minute) ..."
	@.venv-docs/bin/python $(PIP_INSTALL) --no-deps --require-hashes --requirement requirements/docs.txt
	@touch $@

$(UV): requirements/uv.txt
	@$(call make-venv,.local/uv)
	@.local/uv/bin/python $(PIP_INSTALL) --no-deps --require-hashes --requirement requirements/uv.txt
	@touch $@

# An environment of another Python than the one that was named is made again.
ifdef PYTHON
ifneq ($(shell $(PYTHON) -V 2>&1),$(shell .venv/bin/python -V 2>&1))
.PHONY: .venv/ready
endif
endif

# Makes a virtual environment in folder $(1) with the first Python that fits, or keeps a working one of the same version.
define make-venv
for python in $(PYTHONS) ""; do \
	[ -z "$$python" ] || { $$python -c '$(FITS)' >/dev/null 2>&1 && break; }; \
done; \
[ -n "$$python" ] || { echo "$(NEED_PYTHON) None of these is one: $(PYTHONS)."; exit 1; }; \
$(1)/bin/python -c '$(FITS)' 2>/dev/null && \
	{ [ -z "$(PYTHON)" ] || [ "$$($(1)/bin/python -V)" = "$$($$python -V)" ]; } || $$python -m venv --clear $(1)
endef
