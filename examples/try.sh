#!/bin/sh
# All the set-up, then the main job on a real application: a static executable of examples/page.py, and a run of it.
set -eu
cd "$(dirname "$0")/.."
. tests/environment.sh
environment .venv
mkdir -p build
out=build/page
.venv/bin/trace examples/page.py > "$out.manifest"
.venv/bin/link "$out.manifest" -o "$out"
"./$out" README.md -o "$out.html"
