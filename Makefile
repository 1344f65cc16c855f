# `make help` lists the targets. Each target installs what it needs. The machine only needs Python 3.11.
#
# To start a second instance:  make up GLASSHOUSE_PORT_OFFSET=1000 GLASSHOUSE_STATE_DIR=/tmp/second
# (later commands need only the state directory, which records the instance's ports).

PYTHON ?= python3
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# make passes the launcher's settings on, both from the environment and from its command line. Listing them here would
# also pass empty ones.

# The virtual environment, created if missing. The recipe's shell is replaced by the command.
run_python = venv=$$($(PYTHON) stack/setup.py run) && exec "$$venv/bin/python"
# `make test-versions PYTHON=3.13` names the Python of the tests.
dev_setup = venv=$$($(if $(filter 3.%,$(PYTHON)),python3,$(PYTHON)) stack/setup.py dev) && PATH="$$venv/bin:$$PATH"

## Run

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^## / {printf "\n%s\n", substr($$0, 4)} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' \
		$(MAKEFILE_LIST)

.PHONY: up
up: ## start the stack, fetching and building missing programs (TRAFFIC=0: without generated traffic)
	@$(run_python) -m stack up

.PHONY: down
down: ## stop every process
	@$(run_python) -m stack down

.PHONY: status
status: ## show each component's state, pid, port, uptime, memory and log file
	@$(run_python) -m stack status

.PHONY: logs
logs: ## follow all logs (SERVICE=api LEVEL=warning TRACE=<id> REQUEST=<id> LINES=50, or QUERY='<LogQL>')
	@$(run_python) -m stack logs $(if $(QUERY),--query "$$QUERY") $(if $(SERVICE),--service "$(SERVICE)") \
		$(if $(LEVEL),--level "$(LEVEL)") $(if $(TRACE),--trace "$(TRACE)") $(if $(REQUEST),--request "$(REQUEST)") $(if $(LINES),--lines "$(LINES)")

.PHONY: follow
follow: ## place an order and show its path through all signals (or that of ORDER=<id> REQUEST=<id> TRACE=<id>)
	@$(run_python) -m stack exec console.follow $(if $(ORDER),--order "$(ORDER)") \
		$(if $(REQUEST),--request "$(REQUEST)") $(if $(TRACE),--trace "$(TRACE)") $(ARGS)

.PHONY: restart
restart: ## restart components (NAME=api-1 or NAME="api-1 api-2"; without NAME: all)
ifdef NAME
	@$(run_python) -m stack restart $(NAME)
else
	@$(run_python) -m stack down
	@$(run_python) -m stack up
endif

.PHONY: clean
clean: ## stop every process and delete data and logs; built programs are kept
	@$(run_python) -m stack down --purge

## Faults and drills

.PHONY: fault
fault: ## inject a fault for a limited time (NAME=api-errors SECONDS=60 ARGS="--percent 20"; without NAME: list)
	@$(run_python) -m stack exec faults $(if $(NAME),on "$(NAME)" $(if $(SECONDS),--seconds "$(SECONDS)") $(ARGS),list)

.PHONY: fault-clear
fault-clear: ## clear all active faults (NAME=api-errors: only this one)
	@$(run_python) -m stack exec faults off $(if $(NAME),"$(NAME)")

# Drills need all servers. Missing ones are built first.
drills = venv=$$($(PYTHON) stack/setup.py run) && "$$venv/bin/python" -m stack programs && \
	exec "$$venv/bin/python" -m lab.drills

.PHONY: drill
drill: ## inject a fault and verify alerts and orders (NAME=redis-pause, quick or all; ARGS=; without NAME: list)
ifeq ($(strip $(NAME)$(ARGS)),)
	@venv=$$($(PYTHON) stack/setup.py run) && exec "$$venv/bin/python" -m lab.drills list
else
	@$(drills) run $(NAME) $(ARGS)
endif

.PHONY: gameday
gameday: ## inject a hidden fault whose cause you have to find (SEED=7: the same fault again; ARGS=)
	@$(drills) gameday $(if $(SEED),--seed "$(SEED)") $(ARGS)

.PHONY: false-alarms
false-alarms: ## run without a fault; any notification fails the run (MINUTES=30 ARGS=)
	@$(drills) run false-alarms $(if $(MINUTES),--minutes "$(MINUTES)") $(ARGS)

.PHONY: chaos
chaos: ## send 2,000 orders while every process is killed in turn, then audit the ledgers (ORDERS= RATE= SEED= ARGS=)
	@venv=$$($(PYTHON) stack/setup.py run) && "$$venv/bin/python" -m stack programs && \
		exec "$$venv/bin/python" -m lab.chaos $(if $(ORDERS),--orders "$(ORDERS)") \
		$(if $(RATE),--rate "$(RATE)") $(if $(SEED),--seed "$(SEED)") $(ARGS)

## Measure (most targets need the running stack)

.PHONY: load
load: ## load the running stack and compare with Prometheus (PROFILE=smoke|steady|spike|soak|stress USERS= MINUTES=)
	@load=$$($(PYTHON) stack/setup.py load) && $(run_python) -m stack exec lab.load "$(or $(PROFILE),smoke)" \
		--python "$$load/bin/python" $(if $(USERS),--users "$(USERS)") $(if $(MINUTES),--minutes "$(MINUTES)")

.PHONY: load-jmeter
load-jmeter: ## run the load with Apache JMeter; any failed request fails it (USERS=1000 MINUTES=5 PROFILE=steady)
	@jmeter=$$($(run_python) -m stack jmeter) && $(run_python) -m stack exec lab.load "$(or $(PROFILE),steady)" \
		--jmeter "$$jmeter" --users "$(or $(USERS),1000)" --minutes "$(or $(MINUTES),5)"

.PHONY: verify-counts
verify-counts: ## send requests, some of which fail, and compare the counts of all servers (REQUESTS= ERRORS=)
	@$(run_python) -m stack exec lab.bench.verify_counts $(if $(REQUESTS),--requests "$(REQUESTS)") $(if $(ERRORS),--errors "$(ERRORS)")

.PHONY: profile
profile: ## record a flame graph of a running component's CPU time (NAME=api-1 SECONDS=20)
	@load=$$($(PYTHON) stack/setup.py load) && $(run_python) -m lab.bench.profile "$(or $(NAME),api-1)" \
		--pyspy "$$load/bin/py-spy" $(if $(SECONDS),--seconds "$(SECONDS)")

.PHONY: bench
bench: ## measure the CPU cost of telemetry per request, compared with other libraries (QUICK=1: 4 min; ROUNDS= ARGS=)
	@$(run_python) -m lab.bench.tax $(if $(QUICK),--quick) \
		$(if $(ROUNDS),--rounds "$(ROUNDS)") $(ARGS)

.PHONY: bench-faults
bench-faults: ## measure the CPU cost of disabled faults per request
	@$(run_python) -m stack exec lab.bench.faults_off

.PHONY: bench-jobs
bench-jobs: ## measure the workers' CPU cost per order, by jobs per fork, and latency at 50 orders/s (ARGS=)
	@$(run_python) -m stack exec lab.bench.jobs $(ARGS)

.PHONY: bench-logs
bench-logs: ## measure the cost of a separate log store from 1,000 to 10 million lines (15 min; ARGS=)
	@venv=$$($(PYTHON) stack/setup.py run) && "$$venv/bin/python" -m stack programs && \
		exec "$$venv/bin/python" -m lab.bench.log_store $(ARGS)

.PHONY: bench-scaling
bench-scaling: ## measure the cost by number of products, orders, accounts and label sets (8 min; ARGS=)
	@$(run_python) -m stack exec lab.bench.scaling $(ARGS)

.PHONY: bench-console
bench-console: ## measure the time until the console's first page is rendered
	@$(dev_setup) && python -m stack programs --browser && python -m stack exec lab.bench.console_page

## Develop

.PHONY: test
test: ## run every test, in parallel parts (PYTEST_ARGS="-k orders": only these tests, sequentially)
	@$(dev_setup) && python -m stack programs --browser && \
		exec python -m $(if $(PYTEST_ARGS),pytest $(PYTEST_ARGS),tests.parallel)

.PHONY: test-newest
test-newest: ## run unit and integration tests with the newest package versions (PRE=1 PACKAGE=flask MAIN=1 RECORD=1)
	@$(dev_setup) && python -m stack programs --browser && exec python -m tests.newest $(if $(PRE),--pre) $(if $(PACKAGE),--package "$(PACKAGE)") \
		$(if $(MAIN),--main) $(if $(RECORD),--record) $(ARGS) $(if $(PYTEST_ARGS),-- $(PYTEST_ARGS))

.PHONY: test-versions
test-versions: ## run the library's tests with old, common and newest packages (COMBINATION=old PYTHON=3.13 QUICK=1 RECORD=1)
	@$(dev_setup) && python -m stack programs && exec python -m tests.library_versions $(if $(COMBINATION),--combination "$(COMBINATION)") \
		$(if $(filter 3.%,$(PYTHON)),--python "$(PYTHON)") $(if $(QUICK),--quick) $(if $(RECORD),--record) $(ARGS) $(if $(PYTEST_ARGS),-- $(PYTEST_ARGS))

# Programs that write committed files. Each supports --check.
GENERATORS = grafana.generate alerts.generate deploy.licences deploy.settings_docs deploy.telemetry_docs deploy.library_docs

.PHONY: generate
generate: ## write the generated files: dashboards, SLO rules, licences, settings, telemetry
	@$(dev_setup) && for each in $(GENERATORS); do python -m $$each || exit; done

# Each check is a separate target, so that checks run in parallel. The environment is set up before, so that its output
# is visible. The output is grouped by check. mypy's cache is outside the checkout, so that a fresh clone is equally
# fast.
CHECKS = check-format check-lint check-types check-imports check-generated check-docs check-prose check-commits audit

.PHONY: check $(CHECKS)
check: ## check formatting, lint rules, types, import contracts, generated files, documents and language
	@$(dev_setup) && exec $(MAKE) --jobs=2 --keep-going --output-sync=target $(CHECKS)

check-format:
	@$(dev_setup) && exec ruff format --check .

check-lint:
	@$(dev_setup) && exec ruff check .

check-types:
	@$(dev_setup) && MYPY_CACHE_DIR="$${XDG_CACHE_HOME:-$$HOME/.cache}/glasshouse/mypy" exec mypy

check-imports:
	@$(dev_setup) && exec lint-imports

check-generated:
	@$(dev_setup) && for each in $(GENERATORS); do python -m $$each --check || exit; done

# Pages that a generator writes are compared by `check-generated`.
MARKDOWN = git ls-files '*.md' ':!docs/reference/settings.md' ':!docs/reference/licences.md' ':!docs/reference/newest-versions.md' ':!docs/reference/telemetry.md' ':!docs/library/api.md'
SITE ?= dist/site

.PHONY: docs
docs: ## build the documentation as a site (SITE=dist/site); a broken link is an error
	@$(dev_setup) && python -m sphinx --quiet --fail-on-warning --keep-going -b html docs "$(SITE)" && echo "$(SITE)/README.html"

.PHONY: format-docs
format-docs: ## format every Markdown file that is written by hand: prose at 100 columns
	@$(dev_setup) && $(MARKDOWN) | xargs mdformat

check-docs:
	@$(dev_setup) && $(MARKDOWN) | xargs mdformat --check && site=$$(mktemp -d) && trap 'rm -rf "$$site"' EXIT && \
		python -m sphinx --quiet --fail-on-warning --keep-going -b html -d "$$site/trees" docs "$$site/html"

# ARGS="docs README.md": only these; ARGS=--totals: counts by folder and rule.
check-prose:
	@$(dev_setup) && exec python -m deploy.prose $(ARGS)

check-commits:
	@$(dev_setup) && exec python -m deploy.commits

.PHONY: dist
dist: ## build the files of a release except the image: the library's wheel and sdist and the list of packages (SBOM), into dist/
	@$(dev_setup) && uv build --quiet --no-build-isolation --out-dir dist observability && python deploy/compose/audit.py

.PHONY: screenshots
screenshots: ## run the page tests and take the screenshots of README and docs
	@$(dev_setup) && python -m stack programs --browser && PICTURES=docs/images exec python -m pytest tests/e2e/test_pages.py

## Docker

.PHONY: test-compose
test-compose: ## test the composed stack on a Docker engine; starts a separate one if none responds (root only)
	@$(dev_setup) && COMPOSE_TESTS=1 exec python -m pytest tests/compose -s $(PYTEST_ARGS)

.PHONY: audit
audit: ## list the image's contents (SBOM) and known vulnerabilities (STRICT=1: fail on one)
	@$(dev_setup) && python deploy/compose/audit.py $(if $(STRICT),--strict)
