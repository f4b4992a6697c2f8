"""Reads a license policy: ``[tool.castiron.licenses]`` of a ``pyproject.toml``, or the same table in a file of its own.

::

    [tool.castiron.licenses]
    preset = "no-copyleft"                     # see PRESETS
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

    [[tool.castiron.licenses.signature]]       # a library that Castiron does not know, see own_signatures.py
    library = "libfrobnicate"
    license = "BSD-3-Clause"
    strings = ["frobnicate: cannot open %s"]
"""

from __future__ import annotations

from dataclasses import field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from castiron_audit.copyleft import Strength
from castiron_audit.expressions import license_ids, licenses_in, normalise
from castiron_audit.findings import ADVICE
from castiron_audit.own_signatures import OwnSignature, parse_signatures
from castiron_audit.project import Project, parse_project, read_toml
from castiron_audit.spelling import did_you_mean
from castiron_common.errors import InputError
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from castiron_common.errors import CastironError

PRESETS = {
    "permissive": Strength.PERMISSIVE,
    "no-copyleft": Strength.FILE,
    "no-strong-copyleft": Strength.LIBRARY,
    "no-network-copyleft": Strength.WORK,
}
"""The strongest copyleft that a preset allows, strictest first: each allows what those before it allow.
``no-copyleft``: none that reaches beyond the component's own files (MPL, EPL), so neither LGPL nor GPL in a static
executable; ``no-strong-copyleft``: LGPL, too; ``no-network-copyleft``: GPL, too.  None of them allows the AGPL, and
none allows a license whose reach is not known."""

Wrong: TypeAlias = "Callable[[str], CastironError]"
"""Makes the exception for a mistake in a policy, from what is wrong."""

_KEYS = {"preset", "allow", "deny", "unknown", "strict", "exception", "settle", "accept", "signature"}
_UNKNOWN = ("warn", "deny")


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
    optional: bool = False
    """The component need not be there: for a policy of several applications."""


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
    signatures: tuple[OwnSignature, ...] = ()
    """Libraries that the project knows to show in shared objects."""
    project: Project = field(default_factory=Project)
    """What ``[project]`` of the same file says of the application."""

    def describe(self) -> str:
        """Return the policy in one line."""
        rules = len(self.exceptions) + len(self.settle) + len(self.accept)
        statements = (
            f"preset {self.preset}" if self.preset else "",
            f"allow {', '.join(self.allow)}" if self.allow else "",
            f"deny {', '.join(self.deny)}" if self.deny else "",
            "unknown denied" if self.denies_unknown else "",
            "strict" if self.strict else "",
            f"{rules} written reason{'s' if rules > 1 else ''}" if rules else "",
        )
        return "; ".join(filter(None, statements)) or "none"

    @property
    def denies_unknown(self) -> bool:
        """Whether a component with an unknown license is refused."""
        return self.unknown == "deny" or self.strict


def read_policy(path: Path) -> Policy:
    """Return the policy in a file.  Raises `InputError` if it cannot be read, holds no policy, or is not valid."""
    document = read_toml(path)
    tables = document.get("tool")
    castiron = tables.get("castiron") if isinstance(tables, dict) else None
    rows = castiron.get("licenses") if isinstance(castiron, dict) else None
    if rows is None and (path.name == "pyproject.toml" or "tool" in document):
        near = did_you_mean("licenses", castiron) if isinstance(castiron, dict) else ""
        found = near.replace("; did you mean", ", but").removesuffix("?")
        raise InputError(
            f"{path} has no table [tool.castiron.licenses]{found}.", hint="docs/licensing.md tells what it holds."
        )
    if not (document if rows is None else rows):
        raise InputError(f"{path} has no rules.", hint="docs/licensing.md tells what a policy holds.")
    policy = parse_policy(document if rows is None else rows, str(path), path.parent)
    return replace(policy, project=parse_project(document, path.parent))


def find_policy(folder: Path) -> Path | None:
    """Return the ``pyproject.toml`` of a folder, if it has a policy.

    Raises `InputError` if it cannot be read, or has a table whose name is almost right: else nothing would be refused.
    """
    path = folder / "pyproject.toml"
    if not path.is_file():
        return None
    tables = read_toml(path).get("tool")
    castiron = tables.get("castiron") if isinstance(tables, dict) else None
    if not isinstance(castiron, dict):
        return None
    if "licenses" in castiron:
        return path
    for name in castiron:
        if name != "trace" and did_you_mean(name, ("licenses",)):
            raise InputError(
                f"{path.name} has a table [tool.castiron.{name}], which nothing reads; did you mean "
                "[tool.castiron.licenses]?",
                hint="Correct its name.",
            )
    return None


def parse_policy(rows: object, source: str, folder: Path | None = None) -> Policy:
    """Return the policy that a table describes.  Raises `InputError`.

    ``source`` names it in messages; its paths are relative to ``folder``, without one to the current folder.
    """

    def wrong(what: str) -> InputError:
        return InputError(f"{source}: {sentence(what)}", hint="docs/licensing.md describes [tool.castiron.licenses].")

    if not isinstance(rows, dict):
        raise wrong("[tool.castiron.licenses] is not a table")
    for key in sorted(set(rows) - _KEYS):
        raise wrong(f"unknown key {key!r}; there are {', '.join(sorted(_KEYS))}{did_you_mean(key, _KEYS)}")
    preset = rows.get("preset")
    if preset is not None and (not isinstance(preset, str) or preset not in PRESETS):
        raise wrong(f"unknown preset {preset!r}; there are {', '.join(PRESETS)}{did_you_mean(str(preset), PRESETS)}")
    if rows.get("unknown", "warn") not in _UNKNOWN:
        raise wrong("unknown must be 'warn' or 'deny'")
    if not isinstance(rows.get("strict", False), bool):
        raise wrong("strict must be true or false")
    if preset is None and rows.get("allow") == []:
        raise wrong("allow is empty, and without a preset it is all that is allowed; leave it out, or name licenses")
    return Policy(
        preset=preset,
        allow=patterns(rows.get("allow", []), "allow", wrong),
        deny=patterns(rows.get("deny", []), "deny", wrong),
        unknown=rows.get("unknown", "warn"),
        strict=rows.get("strict", False),
        exceptions=_rules(rows.get("exception", []), "exception", ("component", "reason"), wrong),
        settle=_rules(rows.get("settle", []), "settle", ("component", "license", "reason"), wrong),
        accept=_rules(rows.get("accept", []), "accept", ("component", "finding", "reason"), wrong),
        signatures=parse_signatures(rows.get("signature", []), source, folder or Path(), wrong),
    )


def sentence(text: str) -> str:
    """Return a text with a full stop, if it does not end with a question mark."""
    return text if text.endswith("?") else f"{text}."


def patterns(values: object, name: str, wrong: Wrong) -> tuple[str, ...]:
    """Return license identifiers or patterns of them, checked; raises what ``wrong`` makes of the first mistake."""
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise wrong(f"{name} is not a list of strings")
    return tuple(_pattern(item, name, wrong) for item in values)


def _pattern(item: str, name: str, wrong: Wrong) -> str:
    """Return a license identifier as SPDX writes it, or a pattern that matches one."""
    if item.lower().startswith("licenseref-"):
        return item
    if "*" not in item:
        known = normalise(item)
        if known is None or len(licenses_in(known)) != 1:
            raise wrong(f"{name}: {item!r} is not an SPDX license identifier{_like(item)}")
        return known
    if not any(matches(license_id, item.partition(" WITH ")[0]) for license_id in license_ids()):
        raise wrong(f"{name}: {item!r} matches no SPDX license identifier{_like(item)}")
    return item


def matches(license_id: str, pattern: str) -> bool:
    """Return whether a pattern with ``*`` means a license; upper and lower case are alike, as in SPDX."""
    return fnmatchcase(license_id.lower(), pattern.lower())


def _like(item: str) -> str:
    """Return a suggestion for an identifier; of families of licenses, for the pattern of all versions."""
    families = {f"{name}-*" for name in ("AGPL", "GPL", "LGPL", "MPL", "EPL", "BSD", "Apache", "CDDL", "EUPL", "OSL")}
    if "*" in item:
        return did_you_mean(item, families)
    written = "-".join(item.split())
    return (did_you_mean(item, families) if "-" not in written else "") or did_you_mean(written, license_ids())


def _rules(values: object, name: str, required: Sequence[str], wrong: Wrong) -> tuple[Rule, ...]:
    if not isinstance(values, list) or not all(isinstance(item, dict) for item in values):
        raise wrong(f"{name} is not a list of tables")
    keys = {*required, "optional", *(("license",) if name == "exception" else ())}
    rules = []
    for index, item in enumerate(values):
        for key in sorted(set(item) - keys):
            raise wrong(f"{name}[{index}] has an unknown key {key!r}{did_you_mean(key, keys)}")
        for key in required:
            if not isinstance(item.get(key), str) or not item[key].strip():
                raise wrong(f"{name}[{index}] lacks {key!r}")
        license_ = item.get("license")
        if license_ is not None and (not isinstance(license_, str) or normalise(license_) is None):
            near = did_you_mean(str(license_), license_ids())
            raise wrong(f"{name}[{index}]: {license_!r} is not an SPDX expression{near}")
        finding = item.get("finding")
        if finding is not None and finding not in ADVICE:
            raise wrong(f"{name}[{index}]: there is no finding {finding!r}{_or_list(finding, sorted(ADVICE))}")
        if not isinstance(item.get("optional", False), bool):
            raise wrong(f"{name}[{index}]: optional must be true or false")
        rules.append(
            Rule(
                component=item["component"].strip(),
                reason=item["reason"].strip(),
                license=normalise(license_) if license_ else None,
                finding=finding,
                optional=item.get("optional", False),
            )
        )
    return tuple(rules)


def _or_list(word: str, known: Iterable[str]) -> str:
    """Return a suggestion, or if nothing is near all that there are."""
    return did_you_mean(word, known) or f"; there are {', '.join(known)}"
