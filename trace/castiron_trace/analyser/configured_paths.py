"""Finds the paths that a configuration file names: ``script_location = %(here)s/db/migrations``."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIGURATION = (".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".xml", ".zcml")
"""Suffixes of configuration files."""
LARGEST_CONFIGURATION = 1 << 20
"""Bytes of a file in which names and paths are looked for."""
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
    return sorted(
        file
        for file in path.rglob("*.py")
        if not any(part.startswith((".", "__")) for part in file.relative_to(path).parts[:-1])
    )
