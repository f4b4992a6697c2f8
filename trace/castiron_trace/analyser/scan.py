"""What one source file says, as plain data: it is kept in the scan cache."""

from __future__ import annotations

from typing import Any, TypedDict

MAIN_BLOCK = 9
"""Stands for the tier of an import under ``if __name__ == "__main__"``, which runs in the entry's module only."""

NAME_PLACEHOLDER = "{__name__}"
"""Stands for the module's own name in an absolute import that is relative to ``__name__``."""


class Scan(TypedDict):
    """What one source file says.  All lists are sorted; lines are 1-based."""

    imports: list[list[Any]]
    """[module, level, [names] or None, tier or `MAIN_BLOCK`, line]; a star is the name ``*``."""
    computed: list[list[Any]]
    """[line, what, prefix]: imports of names that only a run knows; the prefix is the package they begin with."""
    dotted: list[list[Any]]
    """[literal, line]: strings which look like dotted names."""
    strings: list[list[Any]]
    """[literal, line]: every short string; filled for the application's own files alone."""
    entry_points: list[str] | None
    """Short strings of a module that looks up entry points; None if it does not."""
    stems: list[str]
    """Strings which look like the beginning of dotted names, with the dot: of modules or of entry point groups."""
    scripts: list[str]
    """Strings that end with ``.py``: files run or read by path."""
    libraries: list[list[Any]]
    """[line, name]: shared libraries that ctypes or cffi shall find, ``libx.so.1`` or ``x``."""
    codecs: list[str]
    """Encodings named literally."""
    dynamic_codec: bool
    """True if an encoding is not a literal."""
    outside_code: list[list[Any]]
    """[line, what]: where code is run that is no part of the program; see `castiron_trace.analyser.outside_code`."""
    extends_path: bool
    """True for a ``pkgutil.extend_path`` or ``pkg_resources`` namespace package."""
    mentions: list[str]
    """Those of `MENTIONS` that the source uses."""
    error: list[Any] | None
    """[line, message] if the source does not parse; then everything else is empty."""


def empty_scan() -> Scan:
    """Return the scan of a module without source."""
    return Scan(
        imports=[],
        computed=[],
        dotted=[],
        strings=[],
        entry_points=None,
        stems=[],
        scripts=[],
        libraries=[],
        codecs=[],
        dynamic_codec=False,
        outside_code=[],
        extends_path=False,
        mentions=[],
        error=None,
    )


def unreadable_scan(line: int, message: str) -> Scan:
    """Return the scan of a source that cannot be parsed, or (line 0) not even read."""
    scan = empty_scan()
    scan["error"] = [line, message]
    return scan
