#!/bin/sh
# Pins every version: requirements.txt of each application from its requirements.in, for the target (or of those named).
set -eu
cd "$(dirname "$0")"
for folder in ${*:-*/}; do
    python=3.13 platform=x86_64-unknown-linux-musl
    if grep -q '^reference = "host"' "$folder/app.toml"; then
        python=3.11 platform=x86_64-unknown-linux-gnu
    fi
    uv pip compile --quiet --no-header --no-annotate --python-version $python --python-platform $platform \
        "$folder/requirements.in" -o "$folder/requirements.txt"
done
