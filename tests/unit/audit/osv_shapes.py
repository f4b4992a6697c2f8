"""OSV records in the shapes that databases publish: several entries, releases of systems, commits beside versions."""

from __future__ import annotations

from typing import Any

from castiron_audit.model import Kind
from tests.unit.audit.osv_records import AFFECTED, NOT, NOTHING, UNDECIDED, A, C, Case, D, G, N, O, P, R, eco


def row(kind: str, *events: str, **more: Any) -> dict[str, Any]:
    """Return a range."""
    return {"type": kind, "events": [dict([event.split(" ", 1)]) for event in events], **more}


def commits(*events: str, **more: Any) -> dict[str, Any]:
    """Return the range of commits that PYSEC and GHSA put beside one of versions."""
    return row("GIT", *(events or ("introduced 0", f"fixed {'a' * 40}")), repo="https://github.com/x/a", **more)


def both(*events: str, versions: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"ranges": [commits(), row("ECOSYSTEM", *events)], "versions": list(versions)}


def entry(ecosystem: str, name: str, *events: str, kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return {"package": eco(ecosystem, name), "ranges": [row(kind, *events)]}


CASES = (
    # PYSEC: commits and versions in one entry; the versions decide.
    Case("PYSEC, fixed", "pkg:pypi/a@1.3", eco(P, "a"), NOT, more=both("introduced 0", "fixed 1.2")),
    Case("PYSEC, affected", "pkg:pypi/a@1.1", eco(P, "a"), AFFECTED, "1.2", more=both("introduced 0", "fixed 1.2", versions=("1.0", "1.1"))),
    Case("PYSEC, after all that are listed", "pkg:pypi/a@2.0", eco(P, "a"), NOT, more=both("introduced 0", "fixed 1.2", versions=("1.0", "1.1"))),
    Case("commits without an end beside versions", "pkg:pypi/a@2.0", eco(P, "a"), NOT,
         more={"ranges": [commits("introduced 0"), row("ECOSYSTEM", "introduced 0", "fixed 1.2")]}),
    Case("PyPI's spelling with dots", "pkg:pypi/ruamel-yaml@0.16", eco(P, "ruamel.yaml"), AFFECTED, "0.17", ("introduced 0", "fixed 0.17")),
    Case("PyPI's spelling in capitals", "pkg:pypi/Jinja2@3.1.3", eco(P, "jinja2"), AFFECTED, "3.1.4", ("introduced 0", "fixed 3.1.4")),
    # GHSA: one entry for each branch that is kept.
    Case("the second branch", "pkg:pypi/django@4.0.1", eco(P, "Django"), AFFECTED, "4.0.2", ("introduced 3.2", "fixed 3.2.12"),
         others=(entry(P, "Django", "introduced 4.0", "fixed 4.0.2"),)),
    Case("between the branches", "pkg:pypi/django@3.2.20", eco(P, "Django"), NOT, "", ("introduced 3.2", "fixed 3.2.12"),
         others=(entry(P, "Django", "introduced 4.0", "fixed 4.0.2"),)),
    Case("another package of the advisory", "pkg:pypi/a@1.0", eco(P, "a"), NOT, "", ("introduced 0", "fixed 0.9"),
         others=(entry(P, "b", "introduced 0"),)),
    Case("no fix, all versions", "pkg:pypi/a@99", eco(P, "a"), AFFECTED, "", ("introduced 0",),
         more={"database_specific": {"last_known_affected_version_range": "<= 1.0"}}),
    Case("versions only, a thousand of them", "pkg:pypi/a@1.500", eco(P, "a"), AFFECTED, versions=tuple(f"1.{i}" for i in range(1000))),
    # RUSTSEC.
    Case("an unmaintained crate", "pkg:cargo/a@0.4.1", eco(C, "a"), AFFECTED, "", ("introduced 0.0.0-0",), "SEMVER",
         more={"database_specific": {"informational": "unmaintained"}, "ecosystem_specific": {"affects": {"functions": []}}}),
    Case("branches of a crate", "pkg:cargo/tokio@1.20.5", eco(C, "tokio"), NOT, "",
         ("introduced 1.7.0", "fixed 1.18.4", "introduced 1.19.0", "fixed 1.20.3", "introduced 1.21.0", "fixed 1.23.1"), "SEMVER", kind=Kind.CRATE),
    Case("an npm range with a purl", "pkg:npm/lodash@4.17.20", {**eco(N, "lodash"), "purl": "pkg:npm/lodash"}, AFFECTED, "4.17.21",
         ("introduced 0", "fixed 4.17.21"), "SEMVER"),
    Case("a module of Go with its major version", "pkg:golang/example.org/a/v2@v2.0.1", eco(G, "example.org/a/v2"), AFFECTED, "2.0.2",
         ("introduced 2.0.0", "fixed 2.0.2"), "SEMVER"),
    Case("an older major version is another module", "pkg:golang/example.org/a@v1.9.0", eco(G, "example.org/a/v2"), NOTHING, "", ("introduced 0",), "SEMVER"),
    # Releases of distributions as SBOMs name them.
    Case("a point release of Alpine", "pkg:apk/alpine/openssl@3.3.0-r1?arch=x86_64&distro=alpine-3.20.3", eco(A, "openssl"), AFFECTED, "3.3.1-r1",
         ("introduced 0", "fixed 3.3.1-r1")),
    Case("another release of Alpine", "pkg:apk/alpine/openssl@3.3.0-r1?distro=alpine-3.19.1", eco(A, "openssl"), NOT, "", ("introduced 0", "fixed 3.3.1-r1")),
    Case("a point release of AlmaLinux", "pkg:rpm/almalinux/libgfortran@8.5.0-22.el8_10?distro=almalinux-8.10", eco("AlmaLinux:8", "libgfortran"),
         AFFECTED, "8.5.0-23.el8_10", ("introduced 0", "fixed 8.5.0-23.el8_10")),
    Case("a point release of Debian", "pkg:deb/debian/a@1.0-1?arch=amd64&distro=debian-12.5", {**eco(D, "a"), "purl": "pkg:deb/debian/a?arch=source"},
         AFFECTED, "1.0-2", ("introduced 0", "fixed 1.0-2")),
    Case("Debian without a fix", "pkg:deb/debian/a@1.0-1?distro=debian-12", eco(D, "a"), AFFECTED, "", ("introduced 0",),
         more={"ecosystem_specific": {"urgency": "unimportant"}, "versions": ["1.0-1", "0.9-1"]}),
    Case("Ubuntu Pro", "pkg:deb/ubuntu/a@1.0-1?distro=ubuntu-18.04", eco("Ubuntu:Pro:18.04:LTS", "a"), AFFECTED, "1.0-1ubuntu0.1~esm1",
         ("introduced 0", "fixed 1.0-1ubuntu0.1~esm1")),
    Case("Red Hat's names of releases", "pkg:rpm/redhat/a@1.0-1.el9?distro=rhel-9.4", eco("Red Hat:enterprise_linux:9::baseos", "a"), AFFECTED,
         "0:1.0-2.el9", ("introduced 0", "fixed 0:1.0-2.el9")),
    Case("an epoch in the purl", "pkg:rpm/almalinux/openssl-libs@3.0.7-28.el9?epoch=1&distro=almalinux-9.4", eco(R, "openssl-libs"), NOT, "",
         ("introduced 0", "fixed 1:3.0.7-27.el9")),
    # CVE records: no package, commits of one or more repositories.
    Case("two repositories", "pkg:generic/zlib@1.2.13", {}, AFFECTED, "1.3.1",
         more={"ranges": [commits(), row("GIT", "introduced 0", f"fixed {'b' * 40}", repo="https://github.com/madler/zlib",
                                         database_specific={"versions": [{"introduced": "0"}, {"fixed": "1.3.1"}]})]}),
    Case("commits up to the last affected", "pkg:generic/libpng@1.6.44", {}, NOT,
         more={"ranges": [row("GIT", "introduced 0", f"last_affected {'c' * 40}", repo="https://github.com/pnggroup/libpng.git")],
               "versions": ["v1.6.42", "v1.6.43"]}),
    Case("tags with a release candidate", "pkg:generic/openssl@3.2.0", {}, NOT,
         more={"ranges": [row("GIT", "introduced 0", f"fixed {'d' * 40}", repo="https://github.com/openssl/openssl")],
               "versions": ["openssl-3.2.0-alpha1", "openssl-3.1.4"]}),
    Case("OSS-Fuzz, commits without versions", "pkg:generic/libxml2@2.12.0", eco(O, "libxml2"), UNDECIDED,
         more={"ranges": [commits("introduced abc")], "ecosystem_specific": {"severity": "HIGH"}}),
)  # fmt: skip
