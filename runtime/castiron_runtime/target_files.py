"""Reads targets: ``targets/NAME.toml``, each a `castiron_common.target.Target`; and what is built if nobody says."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from castiron_common.errors import RuntimePackError, UsageError
from castiron_common.tables import TableError, read_table
from castiron_common.target import Target

FOLDER = Path(__file__).parent / "targets"
_DEFAULTS = FOLDER / "default" / "choice.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a binary is for if its maker does not say."""

    target: str
    """Name of a target."""
    python: str
    """Series of CPython."""


def defaults(file: Path = _DEFAULTS) -> Defaults:
    """Return the default target and series, by name."""
    return read_table(Defaults, tomllib.loads(file.read_text(encoding="utf-8")))


def target_names(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of all targets, sorted."""
    return tuple(sorted(file.stem for file in folder.glob("*.toml")))


def load_target(name: str, folder: Path = FOLDER) -> Target:
    """Return the target of that name.

    Raises `RuntimePackError` if there is none, with those there are, and for a file that is not as it should be, with
    the key that is wrong.
    """
    names = target_names(folder)
    if name not in names:
        raise RuntimePackError(
            f"There is no target {name}.",
            hint=f"There are: {', '.join(names)}. docs/runtime-packs.md says how to add one.",
        )
    file = folder / f"{name}.toml"
    try:
        target = read_table(Target, tomllib.loads(file.read_text(encoding="utf-8")))
        if target.triple != name:
            raise TableError(f"triple is {target.triple!r}, and the file's name {name!r}")
    except (OSError, ValueError, TableError) as error:
        raise RuntimePackError(
            f"{file}: {error}.", hint="Correct the file: its keys are the fields of castiron_common/target.py."
        ) from error
    return target


def chosen_target(name: str) -> Target:
    """Return the target that an option names; `UsageError` if there is none of that name."""
    names = target_names()
    if name not in names:
        raise UsageError(f"There is no target {name}.", hint=f"--target takes: {', '.join(names)}.")
    return load_target(name)
