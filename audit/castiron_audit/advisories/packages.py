"""Tells which package of which ecosystem a component is, and which one an advisory means.

Ecosystems are kept apart: the crate ``openssl`` is not the library, and a package of Debian is not that of Alpine.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from castiron_audit.model import Kind
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_audit.model import Component

UPSTREAM = ""
"""The ecosystem of what projects publish themselves, as C libraries are: OSS-Fuzz, records of CVEs for repositories."""

_BY_PURL_TYPE = {
    "pypi": "PyPI",
    "cargo": "crates.io",
    "npm": "npm",
    "golang": "Go",
    "gem": "RubyGems",
    "maven": "Maven",
    "nuget": "NuGet",
    "composer": "Packagist",
    "hex": "Hex",
    "pub": "Pub",
    "hackage": "Hackage",
    "cran": "CRAN",
    "conan": "ConanCenter",
    "bitnami": "Bitnami",
    "swift": "SwiftURL",
    "generic": UPSTREAM,
    "github": UPSTREAM,
}
_BY_DISTRIBUTION = {
    "debian": "Debian",
    "ubuntu": "Ubuntu",
    "alpine": "Alpine",
    "wolfi": "Wolfi",
    "chainguard": "Chainguard",
    "almalinux": "AlmaLinux",
    "rocky": "Rocky Linux",
    "rocky-linux": "Rocky Linux",
    "rockylinux": "Rocky Linux",
    "redhat": "Red Hat",
    "suse": "SUSE",
    "opensuse": "openSUSE",
}
_DISTRIBUTIONS = {"deb", "apk", "rpm"}
_UPSTREAM_ECOSYSTEMS = {"OSS-Fuzz", "GIT", ""}
_LIKE_A_PATH = {"Go", "npm", "SwiftURL", "Packagist"}
"""Ecosystems in whose names the namespace counts, joined by a slash."""
_MAJOR = re.compile(r"(?<![\d.])(\d+)")
_RELEASES = {
    "Debian": _MAJOR,
    "AlmaLinux": _MAJOR,
    "Rocky Linux": _MAJOR,
    "Red Hat": _MAJOR,
    "Alpine": re.compile(r"(\d+)\.(\d+)"),
    "Ubuntu": re.compile(r"(\d+)\.(\d+)"),
    "SUSE": re.compile(r"(\d+)(?:\.(\d+)|[ -]SP(\d+))?"),
    "openSUSE": re.compile(r"(\d+)\.(\d+)"),
}
"""Which numbers of its name are a distribution's release, as far as advisories tell releases apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package of an ecosystem."""

    ecosystem: str
    """As OSV names it, without a release; `UPSTREAM` for none."""
    name: str
    """As the ecosystem compares names."""
    release: str = ""
    """Of a Linux distribution: ``12``, ``3.20``; empty if it is not known."""

    @property
    def key(self) -> tuple[str, str]:
        """Return what two records of the same package have in common."""
        return self.ecosystem, self.name


def packages_of(component: Component) -> Iterator[Package]:
    """Yield what advisories may call a component.  Each is of the same ecosystem."""
    if component.purl:
        package = _from_purl(component.purl)
        if package is None:
            return
        yield package
        upstream = dict(parse_qsl(component.purl.partition("?")[2])).get("upstream")
        if upstream:
            # Distributions name advisories after the source package.
            yield _package(package.ecosystem, upstream.partition("@")[0], package.release)
        if package.ecosystem != UPSTREAM:
            return
    elif component.kind is Kind.CRATE:
        yield _package("crates.io", component.name)
        return
    elif component.kind is Kind.DISTRIBUTION:
        yield _package("PyPI", component.name)
        return
    yield _package(UPSTREAM, component.name)
    if product := product_of(component.cpe):
        yield _package(UPSTREAM, product)


def version_of(component: Component) -> str:
    """Return a component's version as its ecosystem compares it: an RPM's has the epoch, which purls keep apart."""
    purl = component.purl or ""
    epoch = dict(parse_qsl(purl.partition("?")[2])).get("epoch", "") if purl.startswith("pkg:rpm/") else ""
    return f"{epoch}:{component.version}" if epoch and ":" not in component.version else component.version


def upstream_of(component: Component) -> Package | None:
    """Return the project that a Linux distribution's package is made of, None for other components."""
    package = _from_purl(component.purl) if component.purl else None
    if package is None or package.ecosystem not in _BY_DISTRIBUTION.values():
        return None
    return _package(UPSTREAM, product_of(component.cpe) or component.name)


def product_of(cpe: str | None) -> str:
    """Return the product of a CPE 2.3 name, its quoting undone; empty if there is none."""
    parts = re.split(r"(?<!\\):", cpe) if cpe else []
    return re.sub(r"\\(.)", r"\1", parts[4]) if len(parts) > 4 else ""


def package_of_advisory(affected: dict[str, Any]) -> Package | None:
    """Return the package that an entry of ``affected`` is about, None if it names none that we can tell apart."""
    package = affected.get("package")
    if not isinstance(package, dict):
        return None
    ecosystem, _, release = str(package.get("ecosystem") or "").partition(":")
    name = str(package.get("name") or "")
    if ecosystem and name:
        return _package(UPSTREAM if ecosystem in _UPSTREAM_ECOSYSTEMS else ecosystem, name, release)
    purl = package.get("purl")
    if isinstance(purl, str) and purl.startswith("pkg:"):
        return _from_purl(purl)
    return _package(UPSTREAM, name) if name else None


def repositories_of_advisory(affected: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the repositories of GIT ranges: what records of CVEs without a package are about."""
    ranges = affected.get("ranges") or ()
    found = (str(item.get("repo") or "") for item in ranges if isinstance(item, dict) and item.get("type") == "GIT")
    names = (repo.rstrip("/").removesuffix(".git").rsplit("/", 1)[-1] for repo in found)
    return tuple(dict.fromkeys(_plain(name) for name in names if name))


def _from_purl(purl: str) -> Package | None:
    head, _, qualifiers = purl.partition("?")
    kind, _, rest = head.removeprefix("pkg:").split("#")[0].strip("/").partition("/")
    *namespace, last = rest.split("/")
    parts = [unquote(part) for part in (*namespace, last.partition("@")[0])]
    if kind in _DISTRIBUTIONS:
        ecosystem = _BY_DISTRIBUTION.get(parts[0].lower()) if len(parts) > 1 else None
        if ecosystem is None:
            return None
        release = dict(parse_qsl(qualifiers)).get("distro", "")
        return _package(ecosystem, parts[-1], release)
    if kind not in _BY_PURL_TYPE:
        return None
    ecosystem = _BY_PURL_TYPE[kind]
    if ecosystem == "Maven":
        return _package(ecosystem, ":".join(parts))
    return _package(ecosystem, "/".join(parts) if ecosystem in _LIKE_A_PATH else parts[-1])


def _package(ecosystem: str, name: str, release: str = "") -> Package:
    if ecosystem in {"PyPI", "crates.io", UPSTREAM}:
        name = _plain(name)
    elif ecosystem in {"Debian", "Ubuntu", "Alpine", "NuGet", "Packagist"}:
        name = name.lower()
    return Package(ecosystem=ecosystem, name=name, release=_release(ecosystem, release))


def _release(ecosystem: str, text: str) -> str:
    """Return what of a release's name advisories tell apart; empty if the text does not say it.

    SBOMs also name point releases: ``alpine-3.20.3`` is ``v3.20``, ``almalinux-9.4`` is ``9``; the rest of
    ``Pro:18.04:LTS`` and ``enterprise_linux:9::baseos`` names the repository.
    """
    pattern = _RELEASES.get(ecosystem)
    if pattern is None:
        return text
    match = pattern.search(text)
    return ".".join(part for part in match.groups() if part) if match else ""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip().lower())
