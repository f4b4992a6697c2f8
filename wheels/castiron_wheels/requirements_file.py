"""Reads requirements files as pip defines them: includes, constraints, local paths, hashes and index options.

Source: Requirements File Format, pip 25 documentation.
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from castiron_common.errors import InputError
from castiron_wheels.markers import holds
from castiron_wheels.model import HashPin, LocalProject, Requirements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from castiron_common.target import PythonTarget


ARCHIVE_SUFFIXES = (".whl", ".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz")
_EXTRAS = re.compile(r"^(?P<path>.*?)(?:\[(?P<extras>[\w\-., ]*)\])?$", re.DOTALL)
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_COMMENT = re.compile(r"(^|\s+)#.*$")
_NEWLINES = re.compile(r"\s*[\r\n\f\v\x1c-\x1e\x85\u2028\u2029]+\s*")
"""What a line from a TOML string may contain; uv would take it for two lines."""
_URL = re.compile(r"^(?:[a-z]+\+)?(?:https?|ssh|git|file)://", re.IGNORECASE)

_WITH_VALUE = {
    "-i": "--default-index",
    "--index-url": "--default-index",
    "--pypi-url": "--default-index",
    "--extra-index-url": "--index",
    "-f": "--find-links",
    "--find-links": "--find-links",
    "--no-binary": "--no-binary",
    "--only-binary": "--only-binary",
    "--trusted-host": "--allow-insecure-host",
}
"""pip's options with a value, and what uv calls them."""
_FLAGS: dict[str, tuple[str, ...]] = {
    "--no-index": ("--no-index",),
    "--pre": ("--prerelease", "allow"),
    "--prefer-binary": (),
    "--require-hashes": (),
}
_PER_REQUIREMENT = ("--hash", "--config-settings", "--config-setting", "--global-option", "--install-option")


@dataclass(slots=True)
class Collected:
    """What the files and lines read so far amount to."""

    target: PythonTarget
    """Decides whether a local path with a marker is wanted."""
    lines: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    projects: list[LocalProject] = field(default_factory=list)
    archives: list[tuple[Path, tuple[str, ...]]] = field(default_factory=list)
    hashes: dict[str, set[str]] = field(default_factory=dict)
    index_options: list[str] = field(default_factory=list)
    reading: list[Path] = field(default_factory=list)
    """The chain of includes, to refuse a circle."""

    def requirements(self, origin: str) -> Requirements:
        """Return the immutable result."""
        return Requirements(
            origin=origin,
            lines=tuple(self.lines),
            constraints=tuple(self.constraints),
            projects=tuple(self.projects),
            archives=tuple(self.archives),
            hashes=tuple(HashPin(name=name, sha256=tuple(sorted(pins))) for name, pins in sorted(self.hashes.items())),
            index_options=tuple(self.index_options),
        )


def read_file(
    path: Path, into: Collected, *, constraint: bool = False, environ: Mapping[str, str] = os.environ
) -> None:
    """Read one requirements file and all it includes; `InputError` names file and line of what is wrong."""
    path = path.absolute()
    if path in into.reading:
        raise InputError(f"{path} includes itself.", hint="Remove the circle of -r or -c lines.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"The requirements file {path} cannot be read: {reason}.", hint="Check its name.") from error
    into.reading.append(path)
    for number, line in logical_lines(text):
        expanded = _VARIABLE.sub(lambda match: environ.get(match[1], match[0]), line)
        add_line(expanded, into, folder=path.parent, where=f"{path}:{number}", constraint=constraint)
    into.reading.pop()


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number of the first line, line) with continuations joined, comments and blank lines removed."""
    pending = ""
    first = 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first if pending else number
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            pending += line[:-1]
            continue
        joined = _COMMENT.sub("", pending + line).strip()
        pending = ""
        if joined:
            yield first, joined
    joined = _COMMENT.sub("", pending).strip()
    if joined:
        yield first, joined


def add_line(line: str, into: Collected, *, folder: Path, where: str, constraint: bool = False) -> None:
    """Take in one requirement or option; relative paths are relative to ``folder``."""
    line = _NEWLINES.sub(" ", line).strip()
    if line.startswith("-"):
        _add_option(line, into, folder=folder, where=where, constraint=constraint)
        return
    requirement, hashes = _split_hashes(line, where)
    if constraint:
        into.constraints.append(str(_parse(requirement, where)))
        return
    if _add_local(requirement, into, folder=folder, where=where):
        return
    if _URL.match(requirement):
        into.lines.append(requirement)
        return
    parsed = _parse(requirement, where)
    into.lines.append(str(parsed))
    if hashes:
        into.hashes.setdefault(canonicalize_name(parsed.name), set()).update(hashes)


def _add_option(line: str, into: Collected, *, folder: Path, where: str, constraint: bool) -> None:
    option, value = _split_option(line, where)
    if option in {"-r", "--requirement"}:
        read_file(folder / value, into, constraint=constraint)
    elif option in {"-c", "--constraint"}:
        read_file(folder / value, into, constraint=True)
    elif option in {"-e", "--editable"}:
        if not _add_local(value, into, folder=folder, where=where, editable=True):
            into.lines.append(value)
    elif option in _FLAGS:
        into.index_options.extend(_FLAGS[option])
    elif option in _WITH_VALUE and value:
        if option in {"-f", "--find-links"} and (folder / value).exists():
            value = str((folder / value).absolute())
        into.index_options.extend((_WITH_VALUE[option], value))
    else:
        raise InputError(
            f"{where}: the option {option} is not understood.", hint="Remove it, or write it as pip documents it."
        )


def _split_option(line: str, where: str) -> tuple[str, str]:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise InputError(f"{where}: {line!r} cannot be read ({error}).", hint="Close the quotation.") from error
    option, equals, value = words[0].partition("=")
    if not option.startswith("--") and len(option) > 2 and not equals:
        return option[:2], " ".join([option[2:], *words[1:]])
    return option, " ".join([value, *words[1:]] if equals else words[1:])


def _split_hashes(line: str, where: str) -> tuple[str, list[str]]:
    """Separate a requirement from the options behind it."""
    head, *options = re.split(r"\s+(?=--[a-z])", line)
    hashes: list[str] = []
    for option in options:
        name, _, value = option.replace(" ", "=", 1).partition("=")
        if name not in _PER_REQUIREMENT:
            raise InputError(f"{where}: the option {name} is not understood.", hint="Remove it.")
        if name == "--hash":
            algorithm, _, digest = value.strip().partition(":")
            if algorithm != "sha256":
                raise InputError(
                    f"{where}: the hash {algorithm} is not supported.", hint="Use sha256, which every index gives."
                )
            hashes.append(digest.lower())
    return head.strip(), hashes


def _parse(requirement: str, where: str) -> Requirement:
    try:
        return Requirement(requirement)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{where}: {requirement!r} is not a requirement: {reason}.",
            hint="Write a name with an optional version (PEP 508), or a path that starts with ./ or /.",
        ) from error


def _add_local(requirement: str, into: Collected, *, folder: Path, where: str, editable: bool = False) -> bool:
    """Take ``requirement`` if it is a folder or an archive on this machine; say whether it was."""
    name: str | None = None
    extras: Iterable[str] = ()
    location = requirement
    if " @ " in requirement or re.match(r"^[\w.\-]+(\[[^\]]*\])?@", requirement):
        head, _, location = requirement.partition("@")
        location, _, marker = location.strip().partition(" ;")
        parsed = _parse(f"{head.strip()} ; {marker}" if marker.strip() else head.strip(), where)
        if not _is_path(location, folder):
            return False
        if not holds(parsed.marker, into.target):
            return True
        name, extras = canonicalize_name(parsed.name), parsed.extras
    else:
        location, _, marker = requirement.partition(" ;")
        match = _EXTRAS.match(location.strip())
        assert match is not None
        location = match["path"].strip()
        extras = [extra.strip() for extra in (match["extras"] or "").split(",") if extra.strip()]
        if not _is_path(location, folder) and not (editable and not _URL.match(location)):
            return False
        if marker.strip() and not holds(_parse(f"x ; {marker}", where).marker, into.target):
            return True
    path = local_path(location, folder)
    normal = tuple(sorted({canonicalize_name(extra) for extra in extras}))
    if path.is_dir():
        if not any((path / file).is_file() for file in ("pyproject.toml", "setup.py")):
            raise InputError(
                f"{where}: {path} is not a Python project.", hint="It needs a pyproject.toml or a setup.py file."
            )
        into.projects.append(LocalProject(path=path, name=name, extras=normal))
    elif path.is_file() and path.name.endswith(ARCHIVE_SUFFIXES):
        into.archives.append((path, normal))
    else:
        raise InputError(f"{where}: there is no project folder or archive {path}.", hint="Check the path.")
    return True


def _is_path(location: str, folder: Path) -> bool:
    if location.lower().startswith("file:"):
        return True
    if _URL.match(location) or "://" in location:
        return False
    return location.startswith((".", "/", "~")) or (
        ("/" in location or location.endswith(ARCHIVE_SUFFIXES)) and (folder / location).exists()
    )


def local_path(location: str, folder: Path) -> Path:
    """Return the absolute path that a path or ``file:`` URL names; fragments are dropped."""
    if location.lower().startswith("file:"):
        return Path(unquote(urlsplit(location).path)).absolute()
    # Not Path.expanduser(), which raises for a user that does not exist: such a name is a file's.
    return Path(os.path.normpath(folder / os.path.expanduser(location)))  # noqa: PTH111


def line_name(line: str) -> str | None:
    """Return the normalised name of a requirement line; None for a bare URL."""
    try:
        return canonicalize_name(Requirement(line).name)
    except InvalidRequirement:
        return None
