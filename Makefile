# `make enrich`, `make run` and `make test` each set up what they need, in .venv; the checks of scripts in node_modules.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## list all targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

# A registry may be unreachable for a moment, so a failed installation is tried once more.
pip = $(BIN)/python -m pip $(1) install -q -r $<
install = $(pip) || { echo "The installation failed; trying once more …"; $(pip); }

.venv/local.stamp: local/requirements.txt local/command/leadfill.sh
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Leadfill needs Python 3.11 or newer; set PYTHON=…")'
	@echo "Setting up .venv (once) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(call install)
	@cp local/command/leadfill.sh $(BIN)/leadfill && chmod +x $(BIN)/leadfill
	@touch $@

.venv/tests.stamp: tests/requirements.txt .venv/local.stamp
	@echo "Setting up the tools for the tests (once) …"
	@$(call install)
	@touch $@

# What a deployed function has and nothing else: tests/deploy runs the functions in it.
.venv/deployed.stamp: requirements.txt | .venv/local.stamp
	@echo "Setting up what a deployed function installs (once) …"
	@$(BIN)/python -m venv --clear --without-pip .venv/deployed
	@$(call install,--python .venv/deployed/bin/python)
	@touch $@

# A lock file without download addresses: npm takes each package from the registry that it is set up for.
npm_ci = command -v npm >/dev/null || { echo "The checks of the page and the add-on need Node.js 20 or newer (with npm)."; exit 1; }; \
  echo "Setting up $*/node_modules (once) …"; cd $* && npm ci --no-audit --no-fund --loglevel=error

%/node_modules/.stamp: %/package-lock.json
	@$(npm_ci)
	@touch $@

FILE ?= leads.csv
FIELDS ?= email,title,company,size

# What is typed after `make enrich` and `make run` reaches the program as it is, through the environment: make would expand
# each `$` in it, and the shell would run its backticks.
TYPED := FILE FILES FIELDS URL_COLUMN HEADER_ROW TAB ENCODING DELIMITER OUT REPLACE PROVIDERS GO_ON MAX_CREDITS ONLY_WHERE INCLUDE_HIDDEN TRY YES
$(foreach name,$(TYPED),$(eval override $(name) := $$(value $(name))))
export $(TYPED)

.PHONY: enrich
enrich: .venv/local.stamp ## enrich a CSV or Excel file: FILE=leads.csv FIELDS=email,title,company,size [OUT= PROVIDERS= MAX_CREDITS= TRY=10 YES=1]; see docs/command-line.md
	@$(BIN)/python -m local.enrich --fields "$$FIELDS" \
	  $${URL_COLUMN:+--url-column "$$URL_COLUMN"} $${HEADER_ROW:+--header-row "$$HEADER_ROW"} $${TAB:+--tab "$$TAB"} \
	  $${ENCODING:+--encoding "$$ENCODING"} $${DELIMITER:+--delimiter "$$DELIMITER"} $${OUT:+--out "$$OUT"} \
	  $${REPLACE:+--replace} $${PROVIDERS:+--providers "$$PROVIDERS"} $${GO_ON:+--go-on} $${MAX_CREDITS:+--max-credits "$$MAX_CREDITS"} $${ONLY_WHERE:+--only-where "$$ONLY_WHERE"} \
	  $${INCLUDE_HIDDEN:+--include-hidden} $${TRY:+--try "$$TRY"} $${YES:+--yes} -- "$$FILE"

.PHONY: run
run: .venv/local.stamp ## run all of Leadfill here, with a sheet in the browser, until Ctrl-C [FILES=my.csv]
	@if [ -e "$$FILES" ]; then set -- "$$FILES"; else set -- $$FILES; fi; exec $(BIN)/python -m local.run -- "$$@"

.PHONY: lint
lint: .venv/tests.stamp ## check style, format, types and import order
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: .venv/tests.stamp sheets_addon/node_modules/.stamp ## format the code, and fix what can be fixed automatically
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .
	cd sheets_addon && npm run --silent format

.PHONY: docs
docs: .venv/tests.stamp ## generate every generated page and type again
	@for page in $(basename $(notdir $(wildcard tools/*_page.py tools/addon_*.py))); do $(BIN)/python -m tools.$$page || exit 1; done

.PHONY: graph
graph: .venv/tests.stamp ## print the import graph of functions/, and look for circles everywhere
	@$(BIN)/python -m tools.import_graph

.PHONY: addon
addon: sheets_addon/node_modules/.stamp local/page/node_modules/.stamp ## check and test the add-on in Node
	cd sheets_addon && npm run --silent check && npm test --silent
	cd local/page && npm run --silent check

.PHONY: unit
unit: .venv/tests.stamp ## run the quick tests, in less than a minute
	$(BIN)/pytest -q -n 2 --dist loadgroup tests/unit tests/repository/test_readme.py

# Where a mistake costs credits.
counting := functions/credits/*,functions/store/claims.py,functions/store/settlements.py,functions/store/ledger.py

.PHONY: test
test: lint addon .venv/deployed.stamp ## run every check and every test, as CI does
	$(BIN)/pytest -n 2 --dist loadgroup --cov --cov-report= tests/unit tests/store
	@echo "Branch coverage of functions/ by these: $$($(BIN)/coverage report --format=total) %. Where credits are counted:"
	$(BIN)/coverage report --include="$(counting)" --skip-covered --fail-under=90
	$(BIN)/pytest -n 2 --dist loadgroup tests/promises
	$(BIN)/pytest -n 2 --dist loadgroup tests/browser tests/contract tests/deploy tests/lists tests/repository

.PHONY: mutants
mutants: .venv/tests.stamp ## break the code that counts credits in a thousand small ways, and count what no test notices (half an hour)
	-$(BIN)/mutmut run --max-children 2
	@$(BIN)/mutmut results --all true | sed 's/.*: //' | sort | uniq -c

.PHONY: scale
scale: .venv/tests.stamp ## enrich 20,000 rows with 4 workers, PostgreSQL and Cloud Tasks on this machine
	$(BIN)/python -m benchmarks.scale

.PHONY: benchmarks
benchmarks: .venv/tests.stamp ## measure every figure of docs/benchmarks.md (about an hour)
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.files
	$(BIN)/python -m benchmarks.sheet
	$(BIN)/python -m benchmarks.sheet_path
	$(BIN)/python -m benchmarks.alive
	$(BIN)/python -m benchmarks.rate
	$(BIN)/python -m benchmarks.large_tab
	$(BIN)/python -m benchmarks.store
	$(BIN)/python -m benchmarks.scale --compare
	$(BIN)/python -m benchmarks.load
	$(BIN)/python -m benchmarks.hostile
	$(BIN)/python -m benchmarks.worker_memory
	$(BIN)/python -m benchmarks.days
	$(BIN)/python -m benchmarks.chaos
	$(BIN)/python -m benchmarks.cold_start

.PHONY: lock
lock: .venv/tests.stamp ## pin the requirements again from pyproject.toml
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --generate-hashes pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header pyproject.toml --group local -c requirements.txt -o local/requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header pyproject.toml --group dev -c local/requirements.txt -o tests/requirements.txt

# Asked before anything is set up.
.PHONY: .where
.where:
	@test -n "$(PROJECT)" -a -n "$(REGION)" || { echo "Say where: make $(MAKECMDGOALS) PROJECT=my-project REGION=europe-west1"; exit 2; }

.PHONY: deploy
deploy: .where .venv/local.stamp ## deploy to Google Cloud: PROJECT= REGION= [DRY_RUN=1 API_PRIVATE=1 BUILD_REGION=]; see docs/deploy.md
	@$(BIN)/python -m deploy up

.PHONY: doctor
doctor: .where .venv/local.stamp ## check a deployment, and say what is wrong: PROJECT= REGION=
	@$(BIN)/python -m deploy doctor

.PHONY: undeploy
undeploy: .where .venv/local.stamp ## remove a deployment, and name what it keeps: PROJECT= REGION= [DRY_RUN=1]
	@$(BIN)/python -m deploy down
