"""Reads a license policy: ``[tool.castiron.licenses]`` of a ``pyproject.toml``, or the same table in a file of its own.

::

    [tool.castiron.licenses]
    preset = "no-copyleft"                     # or "permissive"
    allow = ["MPL-2.0"]                        # in addition to the preset
    deny = ["AGPL-*"]                          # even if something else allows it
    unknown = "deny"                           # "warn" unless strict

    [[tool.castiron.licenses.exception]]       # allow a component although its license is refused
    component = "shapely"
    license = "LGPL-2.1-only"                  # optional: only while it has this license
    reason = "we distribute object files, see LEGAL.md"

    [[tool.castiron.licenses.settle]]          # say what an unknown or contradictory license is
    component = "docutils"
    license = "BSD-2-Clause"
    reason = "read COPYING.rst; only the public-domain files are used"

    [[tool.castiron.licenses.accept]]          # a finding that does not matter for this application
    finding = "unknown-static-contents"
    component = "bcrypt"
    reason = "its Cargo.lock was reviewed"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from castiron_audit.copyleft import Strength
from castiron_audit.expressions import licenses_in, normalise
from castiron_common.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from castiron_common.errors import CastironError

PRESETS = {
    "permissive": Strength.PERMISSIVE,
    "no-copyleft": Strength.FILE,
}
"""The strongest copyleft that a preset allows.  ``permissive``: none.  ``no-copyleft``: none that reaches beyond the
component's own files (MPL, EPL), so neither LGPL nor GPL in a static executable."""

Wrong: TypeAlias = "Callable[[str], CastironError]"
"""Makes the exception for a mistake in a policy, from what is wrong."""

_KEYS = {"preset", "allow", "deny", "unknown", "strict", "exception", "settle", "accept"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An exception, a settlement or an accepted finding, with its written reason."""

    component: str
    """A name, ``parent/name``, or a pattern with ``*``."""
    reason: str
    license: str | None = None
    """SPDX expression: the settled one, or the one that the exception is limited to."""
    finding: str | None = None
    """Code of the accepted finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is allowed in a binary.  Without ``preset`` and ``allow`` that is everything but what is denied."""

    preset: str | None = None
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    unknown: str = "warn"
    """``warn`` or ``deny``."""
    strict: bool = False
    """Refuse unknown licenses and open findings of severity warning and error, too."""
    exceptions: tuple[Rule, ...] = ()
    settle: tuple[Rule, ...] = ()
    accept: tuple[Rule, ...] = ()
    license: str | None = None
    """The application's own, from ``[project]``."""
    version: str = ""
    """The application's own, from ``[project]``."""

    def describe(self) -> str:
        """Return the policy in one line."""
        rules = len(self.exceptions) + len(self.settle) + len(self.accept)
        statements = (
            f"preset {self.preset}" if self.preset else "",
            f"allow {', '.join(self.allow)}" if self.allow else "",
            f"deny {', '.join(self.deny)}" if self.deny else "",
            "unknown denied" if self.denies_unknown else "",
            "strict" if self.strict else "",
            f"{rules} written reasons" if rules else "",
        )
        return "; ".join(filter(None, statements)) or "none"

    @property
    def denies_unknown(self) -> bool:
        """Whether a component with an unknown license is refused."""
        return self.unknown == "deny" or self.strict


def read_policy(path: Path) -> Policy:
    """Return the policy in a file.  Raises `InputError` if it cannot be read or is not valid."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.", hint="--policy names a TOML file or a pyproject.toml.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            f"{path} cannot be read as TOML: {error}.", hint="Correct it, see docs/licensing.md."
        ) from error
    tool = document.get("tool", {})
    rows = tool.get("castiron", {}).get("licenses") if isinstance(tool, dict) else None
    if rows is None:
        rows = document if path.name != "pyproject.toml" else {}
    policy = parse_policy(rows, str(path), license_=_own_license(document))
    project = document.get("project")
    version = project.get("version") if isinstance(project, dict) else None
    return replace(policy, version=version if isinstance(version, str) else "")


def find_policy(folder: Path) -> Path | None:
    """Return the ``pyproject.toml`` of a folder, if it has a policy."""
    path = folder / "pyproject.toml"
    if not path.is_file():
        return None
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None  # Not read as a policy; the command that reads it as a project reports the error.
    return path if isinstance(document.get("tool", {}).get("castiron", {}).get("licenses"), dict) else None


def parse_policy(rows: object, source: str, *, license_: str | None = None) -> Policy:
    """Return the policy that a table describes; ``source`` names it in messages.  Raises `InputError`."""

    def wrong(what: str) -> InputError:
        return InputError(f"{source}: {what}.", hint="docs/licensing.md describes [tool.castiron.licenses].")

    if not isinstance(rows, dict):
        raise wrong("[tool.castiron.licenses] is not a table")
    unknown = sorted(set(rows) - _KEYS)
    if unknown:
        raise wrong(f"unknown key {unknown[0]!r}; there are {', '.join(sorted(_KEYS))}")
    preset = rows.get("preset")
    if preset is not None and preset not in PRESETS:
        raise wrong(f"unknown preset {preset!r}; there are {', '.join(sorted(PRESETS))}")
    if rows.get("unknown", "warn") not in {"warn", "deny"}:
        raise wrong("unknown must be 'warn' or 'deny'")
    return Policy(
        preset=preset,
        allow=patterns(rows.get("allow", []), "allow", wrong),
        deny=patterns(rows.get("deny", []), "deny", wrong),
        unknown=rows.get("unknown", "warn"),
        strict=bool(rows.get("strict", False)),
        exceptions=_rules(rows.get("exception", []), "exception", ("component", "reason"), wrong),
        settle=_rules(rows.get("settle", []), "settle", ("component", "license", "reason"), wrong),
        accept=_rules(rows.get("accept", []), "accept", ("component", "finding", "reason"), wrong),
        license=license_,
    )


def patterns(values: object, name: str, wrong: Wrong) -> tuple[str, ...]:
    """Return license identifiers or patterns of them, checked; raises what ``wrong`` makes of the first mistake."""
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise wrong(f"{name} is not a list of strings")
    checked = []
    for item in values:
        if "*" in item:
            checked.append(item)
            continue
        known = normalise(item)
        if known is None or len(licenses_in(known)) != 1:
            raise wrong(f"{name}: {item!r} is not an SPDX license identifier")
        checked.append(known)
    return tuple(checked)


def _rules(values: object, name: str, required: Sequence[str], wrong: Wrong) -> tuple[Rule, ...]:
    if not isinstance(values, list) or not all(isinstance(item, dict) for item in values):
        raise wrong(f"{name} is not a list of tables")
    rules = []
    for index, item in enumerate(values):
        for key in required:
            if not isinstance(item.get(key), str) or not item[key].strip():
                raise wrong(f"{name}[{index}] lacks {key!r}")
        extra = sorted(set(item) - {"component", "license", "reason", "finding"})
        if extra:
            raise wrong(f"{name}[{index}] has an unknown key {extra[0]!r}")
        license_ = item.get("license")
        if license_ is not None and normalise(license_) is None:
            raise wrong(f"{name}[{index}]: {license_!r} is not an SPDX expression")
        rules.append(
            Rule(
                component=item["component"],
                reason=item["reason"].strip(),
                license=normalise(license_) if license_ else None,
                finding=item.get("finding"),
            )
        )
    return tuple(rules)


def _own_license(document: dict[str, Any]) -> str | None:
    project = document.get("project")
    said = project.get("license") if isinstance(project, dict) else None
    if isinstance(said, dict):
        said = said.get("text")
    return normalise(said) if isinstance(said, str) else None
