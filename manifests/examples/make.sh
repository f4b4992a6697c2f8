#!/bin/sh
# Makes the golden manifests anew, here or in another folder:  sh manifests/examples/make.sh [FOLDER]
# All versions are pinned, so a difference is one of Castiron: of the analysis, the format or the runtime pack.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:-$here}"
out=$(cd "${1:-$here}" && pwd)
bin=${BIN:-$here/../../.venv/bin}
make() {
    # make NAME ARGUMENTS...: trace in the folder of that name.
    name=$1
    shift
    (cd "$here/$name" && "$bin/trace" --quiet -o "$out/$name.manifest" "$@")
}
make hello hello.py
make domain -r requirements.txt domain.py
make escape -r requirements.txt escape.py
make greet .
