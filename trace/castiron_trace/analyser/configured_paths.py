"""Finds the paths that a configuration file names: ``script_location = %(here)s/db/migrations``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGURATION = (
    *(".cfg", ".conf", ".gin", ".hocon", ".ini", ".json", ".json5", ".jsonc", ".properties", ".toml", ".xml", ".yaml"),
    *(".yml", ".zcml"),
)
"""Suffixes of configuration files."""
LISTS = (".csv", ".list", ".lst", ".tsv", ".txt")
"""Suffixes of files that may list names, one a line, if the code names such a file."""
LARGEST_CONFIGURATION = 1 << 20
"""Bytes of a file in which names and paths are looked for."""
MOST_FILES, MOST_BYTES = 1000, 4 << 20
"""In one folder that a configuration file names: one with more holds data, or is no part of the application."""
_PATH = re.compile(
    r"""
    ^[ \t]*(?:-[ \t]+|["']?\w[\w.-]*["']?[ \t]*[:=][ \t]*)  # a key, or an item of a list
    ["']?
    (?:%\(here\)s/|\./)?                                    # the file's own folder, as Paste and Alembic write it
    (\w[\w.-]*(?:/\w[\w.-]*)*)/?
    ["']?,?[ \t]*\r?$
    """,
    re.VERBOSE | re.MULTILINE,
)


def configured_paths(file: Path) -> Iterator[Path]:
    """Yield the files and folders beside a configuration file that are the whole value of one of its keys."""
    if file.suffix not in CONFIGURATION or not file.is_file() or file.stat().st_size > LARGEST_CONFIGURATION:
        return
    for text in dict.fromkeys(_PATH.findall(file.read_bytes().decode("utf-8", "replace"))):
        if os.path.exists(f"{file.parent}/{text}"):  # noqa: PTH110 - of any string, also one longer than a name can be
            yield file.parent / text


def loose_sources(path: Path) -> list[Path]:
    """Return what a path of a configuration may run: one source, or those below a folder that is no package, sorted."""
    if path.suffix == ".py" and path.is_file():
        return [path]
    if not path.is_dir() or (path / "__init__.py").exists():
        return []
    found: list[Path] = []
    number = 0
    for place, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith((".", "__"))]
        number += len(files)
        if number > MOST_FILES:
            return []
        found += [Path(place, name) for name in files if name.endswith(".py")]
    return sorted(found)
