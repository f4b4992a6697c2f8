"""Reads lists of third-party software that projects keep inside of a license file.

Two forms are in wide use.  NumPy's, SciPy's and their relatives' is a list of fields::

    Name: OpenBLAS
    Files: numpy.libs/libscipy_openblas*.so
    License: BSD-3-Clause
      Copyright ...

Pillow's and others' is a rule, the name on a line of its own, and the text::

    ----

    BROTLI

    Copyright (c) 2009 ...
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIELD = re.compile(r"^(Name|Files|Description|Availability|License):[ \t]*(.*)$")
_RULE = re.compile(r"^\s*(?:-{4,}|={4,})\s*$")
_TITLE = re.compile(r"^[A-Za-z][\w .+/'()-]{1,40}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One piece of third-party software."""

    name: str
    files: tuple[str, ...] = ()
    """Patterns relative to site-packages."""
    license: str | None = None
    """What the field ``License`` says."""
    text: str = ""
    url: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A license file taken apart."""

    head: str
    """What stands before the list: the project's own license."""
    entries: tuple[Entry, ...]


def read_listing(text: str) -> Listing:
    """Return the parts of a license file; a file without a list is all head."""
    lines = text.splitlines()
    starts = [index for index, line in enumerate(lines) if _is_entry(lines, index)]
    if starts:
        ends = [*starts[1:], len(lines)]
        entries = tuple(_fields(lines[start:end]) for start, end in zip(starts, ends, strict=True))
        return Listing(head="\n".join(lines[: starts[0]]), entries=entries)
    return _titled(lines)


def _is_entry(lines: list[str], index: int) -> bool:
    if not lines[index].startswith("Name: "):
        return False
    following = [match[1] for line in lines[index + 1 : index + 12] if (match := _FIELD.match(line))]
    return "License" in following[:4]


def _fields(lines: list[str]) -> Entry:
    values: dict[str, list[str]] = {}
    current = ""
    text: list[str] = []
    for line in lines:
        match = _FIELD.match(line)
        if match and "License" not in values:
            current = match[1]
            values[current] = [match[2].strip()]
        elif current == "License":
            text.append(line.removeprefix("  "))
        elif current:
            values[current].append(line.strip())
    body = "\n".join(text).strip("\n")
    # The rule that ends the list, if any, is not part of the text.
    body = re.sub(r"(?:\n\s*[-=]{4,}\s*)+$", "", body)
    said = values.get("License", [""])[0]
    return Entry(
        name=values["Name"][0],
        files=tuple(item for item in re.split(r"[\s,]+", " ".join(values.get("Files", ()))) if item),
        license=said or None,
        text=body,
        url=values.get("Availability", [""])[0],
        description=" ".join(values.get("Description", ())).strip(),
    )


def _titled(lines: list[str]) -> Listing:
    starts: list[tuple[int, int, str]] = []
    for index, line in enumerate(lines[:-3]):
        if (
            _RULE.match(line)
            and not lines[index + 1].strip()
            and _TITLE.match(lines[index + 2].strip())
            and not lines[index + 3].strip()
            and (index == 0 or not lines[index - 1].strip())
        ):
            starts.append((index, index + 3, lines[index + 2].strip()))
    if len(starts) < 2:
        # One such line may be a heading of the license itself.
        return Listing(head="\n".join(lines), entries=())
    ends = [start for start, _, _ in starts[1:]] + [len(lines)]
    return Listing(
        head="\n".join(lines[: starts[0][0]]),
        entries=tuple(
            Entry(name=title, text="\n".join(lines[body:end]).strip("\n"))
            for (_, body, title), end in zip(starts, ends, strict=True)
        ),
    )
