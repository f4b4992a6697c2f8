# Makes the virtual environment that the project runs in.  Sourced by the scripts of the README's two commands.

environment() {
    # environment FOLDER [EXTRA]: install this checkout there, with an optional extra (".[dev]").
    python=${PYTHON:-python3}
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "error: Castiron needs Python 3.11 or later as '$python' (or name one: PYTHON=/path/to/python3.12)." >&2
        exit 9
    fi
    if [ ! -x "$1/bin/pip" ] && ! "$python" -m venv "$1"; then
        echo "error: cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2
        exit 9
    fi
    # What was installed stands, as long as what is asked for is the same: pip alone takes seconds to find that out.
    installed="$1/castiron${2:-}.toml"
    if ! cmp -s pyproject.toml "$installed"; then
        "$1/bin/pip" install --quiet --disable-pip-version-check --editable ".${2:-}"
        cp pyproject.toml "$installed"
    fi
}
