#!/bin/sh
# The one entry for what developers run; CONTRIBUTING.md says when.
set -eu
cd "$(dirname "$0")/.."

usage() {
    cat <<'TEXT'
usage: sh tests/run.sh [PART ...] [-- OPTION ...]

Without a part: all that has to hold, as in CI (style, types, imports, unit, pack, integration).

  quick         style, types, imports, unit, and one linked hello
  style         ruff: format and rules
  types         mypy --strict
  imports       import-linter: which package may import which
  unit          tests in seconds, which build nothing
  pack          builds what the integration tests need into the cache, once: minutes on a new machine
  integration   tests that build and run binaries, four at a time
  fix           formats, and corrects what ruff can correct
  long          lists the tests that take too long for CI, and how each is started

What follows -- goes to pytest, in every part that has tests: sh tests/run.sh unit -- -x -k graph
One test:  .venv/bin/pytest tests/unit/trace/test_graph.py -k six
WORKERS=1  how many tests run at a time (3; of the integration tests, which wait for processes and servers, 4)
TEXT
}

parts=
while [ $# -gt 0 ]; do
    case $1 in
    --)
        shift
        break
        ;;
    -h | --help)
        usage
        exit 0
        ;;
    quick) parts="$parts style types imports unit hello" ;;
    style | types | imports | unit | pack | integration | fix | long) parts="$parts $1" ;;
    *)
        echo "error: no part is called '$1'." >&2
        usage >&2
        exit 2
        ;;
    esac
    shift
done
parts=${parts:-style types imports unit pack integration}

. tests/environment.sh
environment .venv '[dev]'
PATH="$PWD/.venv/bin:$PATH"
export PATH

# Where PYTHONDONTWRITEBYTECODE is set, each command of the tests would compile all of Castiron again.
python -m compileall -q castiron common elf manifests trace link audit runtime wheels

# pytest ends with 5 if no test is left.  If options after -- left none of this part, that is no error.
chosen=$#
some() {
    status=0
    pytest "$@" || status=$?
    [ "$status" -ne 5 ] || [ "$chosen" -eq 0 ] || status=0
    [ "$status" -eq 0 ] || exit "$status"
}

for part in $parts; do
    echo "== $part"
    case $part in
    style)
        ruff format --check .
        ruff check .
        ;;
    types) mypy ;;
    imports) lint-imports ;;
    unit)
        # With bytecode: else each process of pytest compiles the tests and Hypothesis again, five seconds long.
        (
            unset PYTHONDONTWRITEBYTECODE
            some -n "${WORKERS:-3}" --dist worksteal -m 'not integration' -o testpaths='tests/unit tests/fuzz' "$@"
        )
        ;;
    hello) pytest -m quick $(grep -rl 'mark\.quick' tests/integration --include='*.py') ;;
    pack)
        # The tests would build the same on first use, one of them waiting for the other.
        castiron runtime build --all
        castiron runtime build --python 3.11 --all
        castiron runtime build --pie
        ;;
    integration)
        # Collected is where such tests are, as each worker would take ten seconds to collect all the others.
        folders=$(grep -rl 'mark\.integration' tests --include='*.py' | xargs -n 1 dirname | sort -u | tr '\n' ' ')
        some -n "${WORKERS:-4}" --dist worksteal -m integration -o testpaths="$folders" "$@"
        ;;
    fix)
        ruff check --fix .
        ruff format .
        ;;
    long) sed -n '/^| command/,/^$/p' tests/README.md ;;
    esac
done
