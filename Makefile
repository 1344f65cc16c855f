# `make help` lists the targets. Each target sets up what it needs, on a machine that has nothing but Python 3.11.
#
# A second instance beside the first:  make up GLASSHOUSE_PORT_OFFSET=1000 GLASSHOUSE_STATE_DIR=/tmp/second
# (afterwards the state directory alone says which one is meant; it remembers its ports).

PYTHON ?= python3
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The settings of the launcher reach it however they are given: make passes on what is in the environment or on its
# command line. Naming them here would pass on empty ones too.

# The virtual environment, made first if it is not there; the recipe's shell becomes the command.
run_python = venv=$$($(PYTHON) stack/setup.py run) && exec "$$venv/bin/python"
dev_setup = venv=$$($(PYTHON) stack/setup.py dev) && PATH="$$venv/bin:$$PATH"

## Run

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^## / {printf "\n%s\n", substr($$0, 4)} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' \
		$(MAKEFILE_LIST)

.PHONY: up
up: ## start everything; fetches and builds what is missing (TRAFFIC=0: without generated traffic)
	@$(run_python) -m stack up

.PHONY: down
down: ## stop every process
	@$(run_python) -m stack down

.PHONY: status
status: ## show every component: state, pid, port, uptime, memory, log file
	@$(run_python) -m stack status

.PHONY: logs
logs: ## show all logs, live (SERVICE=api LEVEL=warning TRACE=<id> REQUEST=<id> LINES=50, or QUERY='<LogQL>')
	@$(run_python) -m stack logs $(if $(QUERY),--query "$$QUERY") $(if $(SERVICE),--service "$(SERVICE)") \
		$(if $(LEVEL),--level "$(LEVEL)") $(if $(TRACE),--trace "$(TRACE)") $(if $(REQUEST),--request "$(REQUEST)") $(if $(LINES),--lines "$(LINES)")

.PHONY: follow
follow: ## place an order and show its path through logs, traces and metrics (or ORDER=<id> REQUEST=<id> TRACE=<id>)
	@$(run_python) -m stack exec console.follow $(if $(ORDER),--order "$(ORDER)") \
		$(if $(REQUEST),--request "$(REQUEST)") $(if $(TRACE),--trace "$(TRACE)") $(ARGS)

.PHONY: restart
restart: ## restart components (NAME=api-1, or several: NAME="api-1 api-2"); all without NAME
ifdef NAME
	@$(run_python) -m stack restart $(NAME)
else
	@$(run_python) -m stack down
	@$(run_python) -m stack up
endif

.PHONY: clean
clean: ## stop every process, delete data and logs; built programs are kept
	@$(run_python) -m stack down --purge

## Break

.PHONY: fault
fault: ## inject a fault for a limited time (NAME=api-errors SECONDS=60 ARGS="--percent 20"); without NAME: list them
	@$(run_python) -m stack exec faults $(if $(NAME),on "$(NAME)" $(if $(SECONDS),--seconds "$(SECONDS)") $(ARGS),list)

.PHONY: fault-clear
fault-clear: ## clear the faults that are on (NAME=api-errors: only this one)
	@$(run_python) -m stack exec faults off $(if $(NAME),"$(NAME)")

# Drills need all servers; on a machine that has never built them, they are built first.
drills = venv=$$($(PYTHON) stack/setup.py run) && "$$venv/bin/python" -m stack programs && \
	exec "$$venv/bin/python" -m lab.drills

.PHONY: drill
drill: ## inject a fault, check alerts and orders (NAME=redis-pause, quick, all; ARGS=); without NAME: list the drills
ifeq ($(strip $(NAME)$(ARGS)),)
	@venv=$$($(PYTHON) stack/setup.py run) && exec "$$venv/bin/python" -m lab.drills list
else
	@$(drills) run $(NAME) $(ARGS)
endif

.PHONY: gameday
gameday: ## a hidden fault: find its cause (SEED=7: the same fault again; ARGS=)
	@$(drills) gameday $(if $(SEED),--seed "$(SEED)") $(ARGS)

.PHONY: false-alarms
false-alarms: ## inject nothing; any notification fails the run (MINUTES=30 ARGS=)
	@$(drills) run false-alarms $(if $(MINUTES),--minutes "$(MINUTES)") $(ARGS)

.PHONY: chaos
chaos: ## send 2000 orders while every process is killed in turn, then audit the ledgers (ORDERS= RATE= SEED= ARGS=)
	@venv=$$($(PYTHON) stack/setup.py run) && "$$venv/bin/python" -m stack programs && \
		exec "$$venv/bin/python" -m lab.chaos $(if $(ORDERS),--orders "$(ORDERS)") \
		$(if $(RATE),--rate "$(RATE)") $(if $(SEED),--seed "$(SEED)") $(ARGS)

## Measure

.PHONY: load
load: ## load the running stack (PROFILE=smoke|steady|spike|soak|stress USERS= MINUTES=) and compare with Prometheus
	@load=$$($(PYTHON) stack/setup.py load) && $(run_python) -m stack exec lab.load "$(or $(PROFILE),smoke)" \
		--python "$$load/bin/python" $(if $(USERS),--users "$(USERS)") $(if $(MINUTES),--minutes "$(MINUTES)")

.PHONY: load-jmeter
load-jmeter: ## the same load from Apache JMeter; any failed request fails the run (USERS=1000 MINUTES=5 PROFILE=steady)
	@jmeter=$$($(run_python) -m stack jmeter) && $(run_python) -m stack exec lab.load "$(or $(PROFILE),steady)" \
		--jmeter "$$jmeter" --users "$(or $(USERS),1000)" --minutes "$(or $(MINUTES),5)"

.PHONY: verify-counts
verify-counts: ## send requests, also failing ones, and compare every server's count (REQUESTS= ERRORS=), on the running stack
	@$(run_python) -m stack exec lab.bench.verify_counts $(if $(REQUESTS),--requests "$(REQUESTS)") $(if $(ERRORS),--errors "$(ERRORS)")

.PHONY: profile
profile: ## flame graph of a running component's CPU time (NAME=api-1 SECONDS=20)
	@load=$$($(PYTHON) stack/setup.py load) && $(run_python) -m lab.bench.profile "$(or $(NAME),api-1)" \
		--pyspy "$$load/bin/py-spy" $(if $(SECONDS),--seconds "$(SECONDS)")

.PHONY: bench
bench: ## CPU cost of telemetry per request, compared with other libraries (QUICK=1: 4 min; ROUNDS= ARGS=)
	@$(run_python) -m lab.bench.tax $(if $(QUICK),--quick) \
		$(if $(ROUNDS),--rounds "$(ROUNDS)") $(ARGS)

.PHONY: bench-faults
bench-faults: ## CPU cost of disabled faults per request, on the running stack
	@$(run_python) -m stack exec lab.bench.faults_off

.PHONY: bench-jobs
bench-jobs: ## CPU cost of an order in the workers, by jobs per fork, and latency at 50 orders/s, on the running stack (ARGS=)
	@$(run_python) -m stack exec lab.bench.jobs $(ARGS)

.PHONY: bench-logs
bench-logs: ## cost of the log store from a thousand to ten million lines, on a store of its own (15 min; ARGS=)
	@venv=$$($(PYTHON) stack/setup.py run) && "$$venv/bin/python" -m stack programs && \
		exec "$$venv/bin/python" -m lab.bench.log_store $(ARGS)

.PHONY: bench-scaling
bench-scaling: ## cost by number of products, orders, accounts and label sets, on the running stack (8 min; ARGS=)
	@$(run_python) -m stack exec lab.bench.scaling $(ARGS)

.PHONY: bench-console
bench-console: ## time until the console's first page is drawn, on the running stack
	@$(dev_setup) && python -m stack programs --browser && python -m stack exec lab.bench.console_page

## Develop

.PHONY: test
test: ## run every test, in parts side by side (PYTEST_ARGS="-k orders": these tests, one after the other)
	@$(dev_setup) && python -m stack programs --browser && \
		exec python -m $(if $(PYTEST_ARGS),pytest $(PYTEST_ARGS),tests.parallel)

.PHONY: test-newest
test-newest: ## run unit and integration tests with the newest versions in the package index, in an environment of its own (PRE=1 PACKAGE=flask MAIN=1 RECORD=1)
	@$(dev_setup) && python -m stack programs --browser && exec python -m tests.newest $(if $(PRE),--pre) $(if $(PACKAGE),--package "$(PACKAGE)") \
		$(if $(MAIN),--main) $(if $(RECORD),--record) $(ARGS) $(if $(PYTEST_ARGS),-- $(PYTEST_ARGS))

# What writes files that are committed; each knows --check.
GENERATORS = grafana.generate alerts.generate deploy.licences deploy.settings_docs deploy.telemetry_docs

.PHONY: generate
generate: ## write the generated files: dashboards, SLO rules, licences, settings, telemetry
	@$(dev_setup) && for each in $(GENERATORS); do python -m $$each || exit; done

# Each check is a target of its own, so that they run at once; the environment is set up before, where it can be seen.
# What they print comes out one check after the other. mypy's cache lies outside the checkout: a fresh clone is as quick.
CHECKS = check-format check-lint check-types check-imports check-generated check-docs check-prose check-commits audit

.PHONY: check $(CHECKS)
check: ## format, lint, types, import contracts, generated files current, language
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
MARKDOWN = git ls-files '*.md' ':!docs/reference/settings.md' ':!docs/reference/licences.md' ':!docs/reference/newest-versions.md' ':!docs/reference/telemetry.md'
SITE ?= dist/site

.PHONY: docs
docs: ## build the documentation as a site (SITE=dist/site); a broken link is an error
	@$(dev_setup) && python -m sphinx --quiet --fail-on-warning --keep-going -b html docs "$(SITE)" && echo "$(SITE)/README.html"

.PHONY: format-docs
format-docs: ## format every Markdown file that people write: prose at 100 columns
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
dist: ## build what a release has besides the image: the library's wheel and the list of packages (SBOM), into dist/
	@$(dev_setup) && uv build --quiet --wheel --no-build-isolation --out-dir dist . && python deploy/compose/audit.py

.PHONY: screenshots
screenshots: ## take the screenshots of README and docs, with the tests of the pages
	@$(dev_setup) && python -m stack programs --browser && PICTURES=docs/images exec python -m pytest tests/e2e/test_pages.py

## Docker

# What `docker compose` needs to know in each call: the versions and the passwords.
export COMPOSE_ENV_FILES ?= .env,.env.secrets

.PHONY: secrets
secrets: ## generate the passwords of the composed stack, once (.env.secrets)
	@$(PYTHON) deploy/compose/make_secrets.py

.PHONY: compose-up
compose-up: secrets ## start everything in containers (PROFILES="load full": traffic, three MongoDBs)
	@docker compose $(foreach profile,$(PROFILES),--profile $(profile)) up --build --detach --wait
	@echo "shop       http://127.0.0.1:$${HTTP_PORT:-8000}/api/v1/products"
	@echo "console    http://127.0.0.1:$${CONSOLE_PORT:-8080}"
	@echo "Grafana    http://127.0.0.1:$${GRAFANA_PORT:-3000}   (admin; the password is in .env.secrets)"
	@echo "Prometheus http://127.0.0.1:$${PROMETHEUS_PORT:-9090}   Jaeger http://127.0.0.1:$${JAEGER_PORT:-16686}"
	@echo "follow an order: docker compose exec console python -m console.follow   (needs COMPOSE_ENV_FILES, see README)"

.PHONY: compose-down
compose-down: secrets ## stop the containers; the data is kept (VOLUMES=1: deleted)
	@docker compose --profile '*' down $(if $(VOLUMES),--volumes)

.PHONY: test-compose
test-compose: ## test the composed stack on a Docker engine; starts one of its own if none answers (root only)
	@$(dev_setup) && COMPOSE_TESTS=1 COMPOSE_ENV_FILES= exec python -m pytest tests/compose -s $(PYTEST_ARGS)

.PHONY: audit
audit: ## list the image's contents (SBOM) and known vulnerabilities (STRICT=1: fail on one)
	@$(dev_setup) && python deploy/compose/audit.py $(if $(STRICT),--strict)
