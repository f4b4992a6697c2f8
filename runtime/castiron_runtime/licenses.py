"""License facts of recipes, completed from the source trees they speak of."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

from castiron_common.errors import RuntimePackError
from castiron_runtime.model import Component, LicenseText

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.recipe import LicenseFacts


def describe(facts: LicenseFacts, tree: Path, *, version: str, source_sha256: str) -> Component:
    """Return the component with its texts, read from its source tree.

    Raises `RuntimePackError` if a license file that the recipe names is not there: a component without its text never
    gets into a pack.
    """
    actual = _version(facts, tree, version)
    return Component(
        name=facts.name,
        version=actual,
        purl=facts.purl.format(version=actual),
        cpe=facts.cpe.format(version=actual),
        license=facts.expression,
        evidence=facts.evidence,
        texts=tuple(_text(facts.name, tree, name) for name in facts.files),
        source_sha256=source_sha256,
    )


def _version(facts: LicenseFacts, tree: Path, default: str) -> str:
    kind, _, rest = facts.version.partition(":")
    if kind == "sbom":
        # CPython lists what it bundles in an SPDX document of its own.
        document = json.loads((tree / "Misc" / "sbom.spdx.json").read_bytes())
        for package in document["packages"]:
            if package["name"] == rest:
                return str(package["versionInfo"])
        raise RuntimePackError(f"CPython's SBOM does not name {rest}.", hint="Correct the recipe.")
    if kind == "macro":
        # e.g. "#define MI_MALLOC_VERSION 212   // major + 2 digits minor"
        file, _, macro = rest.partition(":")
        found = re.search(rf"#define\s+{macro}\s+(\d)(\d+?)(\d)\b", (tree / file).read_text())
        if found is None:
            raise RuntimePackError(f"{file} does not define {macro}.", hint="Correct the recipe.")
        return ".".join(found.groups())
    if kind == "match":
        # What a regular expression finds in a file; its groups are the parts of the number.
        file, _, pattern = rest.partition(":")
        found = re.search(pattern, (tree / file).read_text(), re.DOTALL)
        if found is None:
            raise RuntimePackError(f"{file} has nothing that matches {pattern!r}.", hint="Correct the recipe.")
        return ".".join(found.groups())
    if kind == "none":
        return ""
    return facts.version or default


def _text(component: str, tree: Path, name: str) -> LicenseText:
    path, _, part = name.partition("#")
    try:
        text = (tree / path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise RuntimePackError(
            f"The license text {path} of {component} is not in its source tree.",
            hint="Correct the recipe: it must name a license file of this version.",
        ) from error
    kind, _, rest = part.partition(" ")
    if kind == "comment":
        text = first_comment(text, containing=rest)
    elif part:
        text = rst_section(text, part)
    if not text.strip():
        raise RuntimePackError(f"The license text {name} of {component} is empty.", hint="Correct the recipe.")
    return LicenseText(path=name, sha256=hashlib.sha256(text.encode()).hexdigest(), text=text)


def first_comment(text: str, *, containing: str = "") -> str:
    """Return the first C comment of a source file (that has this text in it), without its frame of asterisks."""
    found = (match[1] for match in re.finditer(r"/\*(.*?)\*/", text, re.DOTALL) if containing in match[1])
    comment = next(found, None)
    if comment is None:
        return ""
    lines = [re.sub(r"^\s*\*? ?", "", line).rstrip() for line in comment.splitlines()]
    return "\n".join(lines).strip("\n") + "\n"


def rst_section(text: str, title: str) -> str:
    """Return the section of a reStructuredText document whose heading is ``title``, without the heading."""
    found = re.search(rf"^{re.escape(title)}\n-+\n(.*?)(?=^\.\. _|^[^\n]+\n-+\n|\Z)", text, re.DOTALL | re.MULTILINE)
    return found[1].strip("\n") + "\n" if found else ""
