"""Writes the section by which scanners find Rust crates in an executable: that of cargo-auditable.

syft, trivy, osv-scanner and cargo-audit read it, whatever else is in the executable.  Source: cargo-auditable,
PARSING.md and its JSON schema: the section ``.dep-v0`` is zlib-compressed JSON.  It may name a root package, the Rust
program itself; here is none, and scanners would take the application for a crate.
"""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from castiron_audit.model import Kind

if TYPE_CHECKING:
    from castiron_audit.model import Report

CRATES_SECTION = ".dep-v0"

_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(\+[0-9A-Za-z.-]+)?"
)
"""What cargo takes for a version; readers refuse the whole list for one other version.  Source: SemVer 2.0.0."""


def auditable_crates(report: Report) -> bytes | None:
    """Return the section's content: the crates of a report, each version once; None if there are none."""
    found = sorted(
        {
            (name, component.version, _source(purl))
            for component in report.components
            if component.kind is Kind.CRATE
            and (purl := component.purl or "").startswith("pkg:cargo/")
            and (name := unquote(purl.removeprefix("pkg:cargo/").partition("@")[0].partition("?")[0]))
            and _SEMVER.fullmatch(component.version)
        }
    )
    if not found:
        return None
    packages = [{"name": name, "version": version, "source": source} for name, version, source in found]
    return zlib.compress(json.dumps({"packages": packages}, separators=(",", ":")).encode(), 9)


def _source(purl: str) -> str:
    """Return where a crate came from, in the words of cargo-auditable."""
    qualifiers = dict(parse_qsl(purl.partition("?")[2].partition("#")[0]))
    if "vcs_url" in qualifiers:
        return "git"
    if qualifiers.get("download_url", "").startswith("file:"):
        return "local"
    return "registry" if "repository_url" in qualifiers else "crates.io"
