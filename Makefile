# Keeping in Mind. `make demo` shows it, `make test` tries it; both set up what they need.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
ROOT := $(shell cd "$$(dirname "$(strip $(MAKEFILE_LIST))")" && pwd)
PORT ?= 8000
PYTHON := "$(ROOT)/.venv/bin/python"
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup setup-demo demo demo-reset manage test check drill pictures bench

help:
	@printf '%s\n' \
	  'make demo PORT=8000        everything on this machine; Ctrl-C ends it' \
	  'make demo-reset            forget what the demo kept in .demo/' \
	  "make manage ARGS='…'       a management command on the demo's database" \
	  'make test                  the tests, with servers of their own' \
	  'make drill MINUTES=12      letters under fire: everything is killed, silenced and refused (all of it: about 100 minutes)' \
	  'make bench                 how fast a point reaches everybody, pages, the storm, beside a floor (SHORT=1: a few minutes)' \
  'make check                 style, types, imports, templates, settings, migrations' \
	  'make pictures              the README’s pictures, taken from the demo' \
  'make setup                 only install'

# uv from PATH, else fetched into .tools; Python as .python-version says, else any from 3.12 on that is here.
# $(1): the name of the stamp, $(2): options of `uv sync`. Nothing is done where the stamp is newer than what it depends on.
define install
	@cd "$(ROOT)"; stamp=.venv/.installed-$(1); \
	if [ -e $$stamp ] && [ ! uv.lock -nt $$stamp ] && [ ! pyproject.toml -nt $$stamp ] && [ ! .python-version -nt $$stamp ]; then exit 0; fi; \
	exec 1>&2; \
	uv=$$(command -v uv || true); \
	if [ -z "$$uv" ] || ! "$$uv" --version >/dev/null 2>&1; then \
	  for had in .tools/bin/uv .tools/lib/bin/uv; do if [ -x $$had ]; then uv=$$PWD/$$had; fi; done; \
	fi; \
	if [ -z "$$uv" ] || ! "$$uv" --version >/dev/null 2>&1; then \
	  echo 'fetching uv into .tools'; \
	  if python3 -m venv .tools >/dev/null 2>&1 && .tools/bin/python -m pip install --quiet uv; then uv=$$PWD/.tools/bin/uv; \
	  else python3 -m pip install --quiet --target .tools/lib uv; uv=$$PWD/.tools/lib/bin/uv; fi; \
	fi; \
	python=(); \
	if ! "$$uv" python find --no-python-downloads >/dev/null 2>&1; then \
	  other=$$("$$uv" python find --no-python-downloads --no-project '>=3.12' 2>/dev/null || true); \
	  if [ -n "$$other" ]; then echo "no Python $$(cat .python-version) here: using $$other"; python=(--python "$$other"); fi; \
	fi; \
	env -u VIRTUAL_ENV -u UV_PROJECT_ENVIRONMENT "$$uv" sync --locked $(2) "$${python[@]}"; \
	touch $$stamp
endef

setup:
	$(call install,all,)
	@cd "$(ROOT)"; touch .venv/.installed-demo

setup-demo:
	$(call install,demo,--inexact --no-default-groups --group demo)

demo: setup-demo
	@exec env PYTHONPATH="$(ROOT)" $(PYTHON) -m config.demo run --port "$(PORT)" --end-with-parent

demo-reset: setup-demo
	@exec env PYTHONPATH="$(ROOT)" $(PYTHON) -m config.demo reset

manage: setup-demo
	@exec env PYTHONPATH="$(ROOT)" CALLED_FROM="$(PWD)" $(PYTHON) -m config.demo manage $(ARGS)

# A browser: from PATH, else Playwright's own, else Debian's where we may install it.
define find-chromium
for name in chromium chromium-browser google-chrome; do CHROMIUM=$${CHROMIUM:-$$(command -v $$name || true)}; done; \
if [ -z "$${CHROMIUM:-}" ]; then \
  CHROMIUM=$$($(PYTHON) -c 'import os; from playwright.sync_api import sync_playwright as s; p = s().start(); e = p.chromium.executable_path; print(e if os.path.exists(e) else ""); p.stop()' || true); \
fi; \
if [ -z "$$CHROMIUM" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >&2 || true; \
  CHROMIUM=$$(command -v chromium || true); \
fi; \
export CHROMIUM
endef

# Two files at a time, each worker with servers of its own (ARGS='-n 0' for one), in pytest-django's order, so that browsers come last.
test: setup
	@cd "$(ROOT)"; $(find-chromium); \
	if [ -z "$$CHROMIUM" ]; then \
	  if [ "$${REQUIRE_BROWSER:-}" = 1 ]; then echo 'make test: no Chromium here, and REQUIRE_BROWSER=1' >&2; exit 1; fi; \
	  echo 'make test: no Chromium here, so the journeys in a real browser (tests/journeys) are left out' >&2; \
	fi; \
	exec $(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

# The README's pictures, from a demo of their own.
pictures: setup
	@cd "$(ROOT)"; $(find-chromium); exec env PYTHONPATH="$(ROOT)" $(PYTHON) docs/pictures/take.py

# The settings of a real server, for what Django and the migrations have to say about them.
check: setup
	@cd "$(ROOT)"; export PATH="$(ROOT)/.venv/bin:$$PATH" PYTHONPATH="$(ROOT)"; failed=0; \
	try() { echo "--- $$*" >&2; "$$@" || failed=1; }; \
	export DEMO=0 SECRET_KEY="$$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
	  PUBLIC_URL=https://learning.example.org ALLOWED_HOSTS=learning.example.org EMAIL_URL=smtp://mail.example.org:25; \
	try ruff check .; \
	try ruff format --check .; \
	try env DATABASE_URL=postgres://nobody@127.0.0.1:1/none mypy .; \
	try lint-imports; \
	try djlint templates --lint --quiet; \
	try python -m config.embedded run -- bash -c 'failed=0; \
	  python manage.py check --deploy --fail-level WARNING || failed=1; \
	  python manage.py makemigrations --check --dry-run || failed=1; exit $$failed'; \
	exit $$failed

# The outbox under fire. MINUTES=100 is the whole of it; LETTERS, SEED, ONLY (stretches) and SABOTAGE may be given too.
drill: setup
	@cd "$(ROOT)"; exec env PYTHONPATH="$(ROOT)" $(PYTHON) -m tests.drill $(if $(MINUTES),--minutes "$(MINUTES)") $(if $(SEED),--seed "$(SEED)") \
	  $(if $(LETTERS),--letters "$(LETTERS)") $(if $(ONLY),--only "$(ONLY)") $(if $(SABOTAGE),--sabotage "$(SABOTAGE)")

# A demo of its own in bench/results/, and the floor beside it. ARGS go to bench/__main__.py: ARGS='--cases C --runs 5'.
bench: setup
	@cd "$(ROOT)"; ulimit -n "$$(ulimit -Hn)"; exec env PYTHONPATH="$(ROOT)" $(PYTHON) -m bench $(if $(filter 1,$(SHORT)),--short) $(ARGS)
