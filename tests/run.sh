#!/bin/sh
# Everything that has to hold: style, types, import rules, unit tests, and integration tests that build and run binaries.
# The runtime pack is built once, into the cache (CASTIRON_CACHE), and shared by all tests.
set -eu
cd "$(dirname "$0")/.."
. tests/environment.sh
environment .venv '[dev]'
PATH="$PWD/.venv/bin:$PATH"
export PATH
ruff format --check .
ruff check .
mypy
lint-imports
pytest -n 2 -m 'not integration'
pytest -m integration
