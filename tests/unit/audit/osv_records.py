"""Hand-made OSV records with the component that each is tried on, and the answer by OSV's specification."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from castiron_audit.model import Component, Kind

AFFECTED, NOT, UNDECIDED, NOTHING = "affected", "not affected", "undecided", "nothing"
"""``NOTHING``: the advisory is about another package."""


@dataclass(frozen=True)
class Case:
    """One record and one component."""

    what: str
    purl: str
    """``pkg:TYPE/NAME@VERSION``; the component has that name and version."""
    package: dict[str, str]
    state: str
    fixed: str = ""
    events: tuple[str, ...] = ()
    """``introduced 0``, ``fixed 1.2`` ..."""
    type: str = "ECOSYSTEM"
    versions: tuple[str, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)
    """Of the entry of ``affected``."""
    cpe: str | None = None
    kind: Kind = Kind.LIBRARY
    others: tuple[dict[str, Any], ...] = ()
    """More entries of ``affected``."""

    def component(self) -> Component:
        rest = self.purl.partition("?")[0]
        path, _, version = rest.partition("@")
        return Component(
            id=f"{self.kind}/x",
            kind=self.kind,
            name=path.rsplit("/", 1)[-1],
            version=version,
            purl=self.purl,
            cpe=self.cpe,
        )

    def advisory(self) -> dict[str, Any]:
        affected: dict[str, Any] = {"package": self.package, "versions": list(self.versions), **self.more}
        if self.events:
            rows = [dict([event.split(" ", 1)]) for event in self.events]
            affected.setdefault("ranges", [{"type": self.type, "events": rows}])
        return {"id": f"X-{self.what}", "summary": self.what, "affected": [affected, *self.others]}


def eco(ecosystem: str, name: str) -> dict[str, str]:
    return {"ecosystem": ecosystem, "name": name}


def git(repo: str, *events: str, versions: tuple[str, ...] = ()) -> dict[str, Any]:
    rows = [dict([event.split(" ", 1)]) for event in events]
    item: dict[str, Any] = {"type": "GIT", "repo": repo, "events": [{"introduced": "0"}, {"fixed": "a" * 40}]}
    if rows:
        item["database_specific"] = {"versions": rows}
    return {"ranges": [item], "versions": list(versions)}


P, C, N, G, D, U, A, R, O = "PyPI", "crates.io", "npm", "Go", "Debian:12", "Ubuntu:22.04:LTS", "Alpine:v3.20", "AlmaLinux:9", "OSS-Fuzz"  # fmt: skip  # noqa: E741

CASES = (
    # PyPI: PEP 440.
    Case("before the fix", "pkg:pypi/some-thing@1.0", eco(P, "Some_Thing"), AFFECTED, "1.1", ("introduced 0", "fixed 1.1")),
    Case("the fix itself", "pkg:pypi/a@1.1", eco(P, "a"), NOT, "", ("introduced 0", "fixed 1.1")),
    Case("a pre-release of the fix", "pkg:pypi/a@1.1rc1", eco(P, "a"), AFFECTED, "1.1", ("introduced 0", "fixed 1.1")),
    Case("a post-release of the fix", "pkg:pypi/a@1.1.post1", eco(P, "a"), NOT, "", ("introduced 0", "fixed 1.1")),
    Case("ten is more than nine", "pkg:pypi/a@1.10", eco(P, "a"), NOT, "", ("introduced 0", "fixed 1.9")),
    Case("before it was introduced", "pkg:pypi/a@1.0", eco(P, "a"), NOT, "", ("introduced 1.1", "fixed 2")),
    Case("the last affected", "pkg:pypi/a@1.0", eco(P, "a"), AFFECTED, "", ("introduced 0.5", "last_affected 1.0")),
    Case("after the last affected", "pkg:pypi/a@1.0.1", eco(P, "a"), NOT, "", ("introduced 0.5", "last_affected 1.0")),
    Case("introduced again", "pkg:pypi/a@1.0", eco(P, "a"), AFFECTED, "1.2",
         ("introduced 0", "fixed 0.5", "introduced 0.9", "fixed 1.2")),
    Case("between two ranges", "pkg:pypi/a@0.7", eco(P, "a"), NOT, "", ("introduced 0", "fixed 0.5", "introduced 0.9", "fixed 1.2")),
    Case("events out of order", "pkg:pypi/a@0.7", eco(P, "a"), NOT, "", ("fixed 1.2", "introduced 0.9", "fixed 0.5", "introduced 0")),
    Case("listed", "pkg:pypi/a@1.0", eco(P, "a"), AFFECTED, versions=("0.9", "1.0")),
    Case("listed in another spelling", "pkg:pypi/a@1.0", eco(P, "a"), AFFECTED, versions=("1.0.0",)),
    Case("not listed", "pkg:pypi/a@1.1", eco(P, "a"), NOT, versions=("0.9", "1.0")),
    Case("one version only", "pkg:pypi/a@1.1", eco(P, "a"), NOT, "", ("introduced 1.0", "last_affected 1.0")),
    Case("an epoch", "pkg:pypi/a@1!1.0", eco(P, "a"), NOT, "", ("introduced 0", "fixed 9.0")),
    Case("below the limit", "pkg:pypi/a@1.4", eco(P, "a"), AFFECTED, "", ("introduced 0", "limit 1.5")),
    Case("at the limit", "pkg:pypi/a@1.5", eco(P, "a"), NOT, "", ("introduced 0", "limit 1.5")),
    Case("no limit", "pkg:pypi/a@1.5", eco(P, "a"), AFFECTED, "", ("introduced 0", "limit *")),
    Case("no version of PEP 440", "pkg:pypi/a@2024-spring", eco(P, "a"), UNDECIDED, "", ("introduced 0", "fixed 1.1")),
    Case("an advisory's version is none", "pkg:pypi/a@1.0", eco(P, "a"), UNDECIDED, "", ("introduced 0", "fixed spring")),
    Case("no versions at all", "pkg:pypi/a@1.0", eco(P, "a"), UNDECIDED),
    Case("not since when", "pkg:pypi/a@1.0", eco(P, "a"), UNDECIDED, "", ("fixed 1.1",)),
    Case("the npm package of that name", "pkg:pypi/a@1.0", eco(N, "a"), NOTHING, "", ("introduced 0",)),
    Case("a part in a folder", "pkg:pypi/urllib3@1.26.15", eco(P, "urllib3"), AFFECTED, "1.26.18",
         ("introduced 0", "fixed 1.26.18"), kind=Kind.VENDORED),
    Case("by purl", "pkg:pypi/a@1.0", {"purl": "pkg:pypi/a"}, AFFECTED, "2", ("introduced 0", "fixed 2")),
    # crates.io and npm: SemVer.
    Case("a crate", "pkg:cargo/openssl@0.10.50", eco(C, "openssl"), AFFECTED, "0.10.55", ("introduced 0.0.0-0", "fixed 0.10.55"), "SEMVER"),
    Case("a crate is no library", "pkg:cargo/openssl@0.10.50", eco(O, "openssl"), NOTHING, "", ("introduced 0",)),
    Case("a crate is no distribution", "pkg:cargo/tokenizers@0.1.0", eco(P, "tokenizers"), NOTHING, "", ("introduced 0",)),
    Case("a pre-release of a crate", "pkg:cargo/a@1.0.0-alpha.2", eco(C, "a"), AFFECTED, "1.0.0-alpha.10",
         ("introduced 0.0.0-0", "fixed 1.0.0-alpha.10"), "SEMVER"),
    Case("build metadata does not count", "pkg:cargo/zstd-sys@2.0.8+zstd.1.5.5", eco(C, "zstd-sys"), NOT, "",
         ("introduced 0.0.0-0", "fixed 2.0.8"), "SEMVER"),
    Case("an underscore in a crate", "pkg:cargo/time_core@0.1.1", eco(C, "time-core"), AFFECTED, "0.1.2", ("introduced 0", "fixed 0.1.2"), "SEMVER"),
    Case("a scope of npm", "pkg:npm/%40babel/core@7.0.0", eco(N, "@babel/core"), AFFECTED, "7.1.0", ("introduced 0", "fixed 7.1.0"), "SEMVER"),
    Case("without its scope", "pkg:npm/core@7.0.0", eco(N, "@babel/core"), NOTHING, "", ("introduced 0",), "SEMVER"),
    Case("an old jquery", "pkg:npm/jquery@3.4.1", eco(N, "jquery"), AFFECTED, "3.5.0", ("introduced 1.2.0", "fixed 3.5.0"), "SEMVER"),
    # Go.
    Case("Go's standard library", "pkg:golang/stdlib@go1.21.3", eco(G, "stdlib"), AFFECTED, "1.21.5", ("introduced 1.21.0", "fixed 1.21.5"), "SEMVER"),
    Case("a module by its path", "pkg:golang/golang.org/x/net@v0.16.0", eco(G, "golang.org/x/net"), AFFECTED, "0.17.0",
         ("introduced 0", "fixed 0.17.0"), "SEMVER"),
    Case("a pseudo-version", "pkg:golang/golang.org/x/net@v0.0.0-20220127200216-cd36cc0744dd", eco(G, "golang.org/x/net"), NOT, "",
         ("introduced 0", "fixed 0.0.0-20210520170846-37e1c6afe023"), "SEMVER"),
    Case("another module of that last name", "pkg:golang/example.com/net@v0.1.0", eco(G, "golang.org/x/net"), NOTHING, "", ("introduced 0",), "SEMVER"),
    # Debian and Ubuntu.
    Case("a security update", "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?upstream=zlib&distro=debian-12", eco(D, "zlib"), AFFECTED, "1:1.2.13.dfsg-1+deb12u1",
         ("introduced 0", "fixed 1:1.2.13.dfsg-1+deb12u1")),
    Case("with the update", "pkg:deb/debian/zlib@1:1.2.13.dfsg-1+deb12u1?distro=debian-12", eco(D, "zlib"), NOT, "", ("introduced 0", "fixed 1:1.2.13.dfsg-1+deb12u1")),
    Case("a tilde is before", "pkg:deb/debian/a@2.0~rc1-1?distro=debian-12", eco(D, "a"), AFFECTED, "2.0-1", ("introduced 0", "fixed 2.0-1")),
    Case("an epoch of Debian", "pkg:deb/debian/a@2:1.0-1?distro=debian-12", eco(D, "a"), NOT, "", ("introduced 0", "fixed 1:9.0-1")),
    Case("another release", "pkg:deb/debian/a@1.0-1?distro=debian-11", eco(D, "a"), NOT, "", ("introduced 0", "fixed 2.0-1")),
    Case("Ubuntu is not Debian", "pkg:deb/ubuntu/a@1.0-1?distro=ubuntu-22.04", eco(D, "a"), NOTHING, "", ("introduced 0",)),
    Case("Ubuntu's own", "pkg:deb/ubuntu/a@1.0-1ubuntu1?distro=ubuntu-22.04", eco(U, "a"), AFFECTED, "1.0-1ubuntu1.2", ("introduced 0", "fixed 1.0-1ubuntu1.2")),
    # Alpine.
    Case("a revision of Alpine", "pkg:apk/alpine/libgfortran@14.2.0-r6", eco(A, "libgfortran"), AFFECTED, "14.2.0-r10", ("introduced 0", "fixed 14.2.0-r10")),
    Case("a later revision", "pkg:apk/alpine/openssl@3.3.1-r3", eco(A, "openssl"), NOT, "", ("introduced 0", "fixed 3.3.1-r1")),
    Case("a release candidate of Alpine", "pkg:apk/alpine/a@1.0_rc2-r0", eco(A, "a"), AFFECTED, "1.0-r0", ("introduced 0", "fixed 1.0-r0")),
    Case("a revision that is not known", "pkg:apk/alpine/openssl@3.3.1", eco(A, "openssl"), UNDECIDED, "", ("introduced 0", "fixed 3.3.1-r1")),
    Case("the project, not Alpine", "pkg:apk/alpine/openssl@3.3.0-r1", eco(O, "openssl"), UNDECIDED, "", ("introduced 3.3.0", "fixed 3.3.1")),
    Case("the project, fixed before", "pkg:apk/alpine/openssl@3.3.1-r1", eco(O, "openssl"), NOT, "", ("introduced 3.3.0", "fixed 3.3.1")),
    # RPM.
    Case("an RPM", "pkg:rpm/almalinux/openssl-libs@1:3.0.7-24.el9?upstream=openssl", eco(R, "openssl"), AFFECTED, "1:3.0.7-27.el9", ("introduced 0", "fixed 1:3.0.7-27.el9")),
    Case("a later RPM", "pkg:rpm/almalinux/libgomp@11.4.1-3.el9", eco(R, "libgomp"), NOT, "", ("introduced 0", "fixed 11.4.1-2.el9")),
    # What projects publish: OSS-Fuzz, repositories.
    Case("a letter of OpenSSL", "pkg:generic/openssl@1.1.1t", eco(O, "openssl"), AFFECTED, "1.1.1w", ("introduced 1.1.1", "fixed 1.1.1w")),
    Case("the letter itself", "pkg:generic/openssl@1.1.1w", eco(O, "openssl"), NOT, "", ("introduced 1.1.1", "fixed 1.1.1w")),
    Case("zlib-ng is not zlib", "pkg:generic/zlib-ng@2.1.6", eco(O, "zlib"), NOTHING, "", ("introduced 0",), cpe="cpe:2.3:a:zlib-ng:zlib-ng:2.1.6:*:*:*:*:*:*:*"),
    Case("by the product of its CPE", "pkg:generic/expat@2.5.0", eco(O, "libexpat"), AFFECTED, "2.6.0", ("introduced 0", "fixed 2.6.0"),
         cpe="cpe:2.3:a:libexpat_project:libexpat:2.5.0:*:*:*:*:*:*:*"),
    Case("commits, with versions", "pkg:generic/curl@8.4.0", {}, AFFECTED, "8.5.0", more=git("https://github.com/curl/curl.git", "introduced 7.0", "fixed 8.5.0")),
    Case("commits, with tags", "pkg:generic/curl@8.4.0", {}, AFFECTED, more=git("https://github.com/curl/curl", versions=("curl-8_3_0", "curl-8_4_0"))),
    Case("commits, a later tag", "pkg:generic/curl@8.5.0", {}, NOT, more=git("https://github.com/curl/curl", versions=("curl-8_3_0", "curl-8_4_0"))),
    Case("commits alone", "pkg:generic/curl@8.4.0", {}, UNDECIDED, more=git("https://github.com/curl/curl")),
    Case("a tag with a number in its name", "pkg:generic/bzip2@1.0.8", eco(O, "bzip2"), AFFECTED, more=git("https://x/bzip2", versions=("bzip2-1.0.8",))),
    Case("a date", "pkg:generic/tzdata@2024a", eco(O, "tzdata"), AFFECTED, "2024b", ("introduced 0", "fixed 2024b")),
    Case("no release number", "pkg:generic/sqlite@trunk", eco(O, "sqlite"), UNDECIDED, "", ("introduced 0", "fixed 3.45")),
    Case("no version", "pkg:generic/sqlite", eco(O, "sqlite"), UNDECIDED, "", ("introduced 0", "fixed 3.45")),
    # Others, which SBOMs in wheels may name.
    Case("a jar", "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", eco("Maven", "org.apache.logging.log4j:log4j-core"), AFFECTED, "2.15.0",
         ("introduced 2.0-beta9", "fixed 2.15.0")),
    Case("a gem", "pkg:gem/a@1.0.0.pre1", eco("RubyGems", "a"), AFFECTED, "1.0.0", ("introduced 0", "fixed 1.0.0")),
    Case("NuGet", "pkg:nuget/A@13.0.1", eco("NuGet", "a"), NOT, "", ("introduced 0", "fixed 13.0.1")),
)  # fmt: skip
