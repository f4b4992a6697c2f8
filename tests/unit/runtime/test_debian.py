from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_runtime import debian

if TYPE_CHECKING:
    from pathlib import Path

STANZA = """Package: zlib
Binary: zlib1g, zlib1g-dev
Version: 1:1.3.dfsg+really1.3.1-1+deb13u1
Checksums-Sha256:
 {a} 2000 zlib_1.3.dfsg+really1.3.1-1.dsc
 {b} 1325737 zlib_1.3.dfsg+really1.3.1.orig.tar.gz
Directory: pool/main/z/zlib
""".format(a="a" * 64, b="b" * 64)


def test_a_stanza_gives_files_by_hash() -> None:
    stanza = debian._parse_stanza(STANZA)
    assert stanza.package == "zlib"
    assert stanza.files["b" * 64] == "zlib_1.3.dfsg+really1.3.1.orig.tar.gz"


@pytest.mark.parametrize(
    ("version", "upstream"),
    [
        ("3.13.15-1", "3.13.15"),
        ("1:1.3.dfsg+really1.3.1-1+deb13u1", "1.3.1"),
        ("1.5.7+dfsg-4", "1.5.7"),
        ("3.1-20250104-1", "3.1-20250104"),
        ("3.5.7-1~deb13u2", "3.5.7"),
    ],
)
def test_upstream_versions(version: str, upstream: str) -> None:
    assert debian._upstream_version(debian._Stanza("x", version, {})) == upstream


def test_versions_are_ordered_by_their_numbers() -> None:
    stanzas = [debian._Stanza("x", version, {}) for version in ("3.13.9-1", "3.13.15-1", "3.13.5-2")]
    assert max(stanzas, key=lambda stanza: stanza.order).version == "3.13.15-1"


URIS = """'http://mirror.example/debian/dists/bookworm/InRelease' mirror_InRelease 0
'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' mirror_Packages 0
'http://mirror.example/sub/debian-security/dists/bookworm-security/InRelease' mirror_security 0
"""


def test_the_mirror_is_the_machines_own() -> None:
    assert debian.choose_mirror(URIS, security=False) == "http://mirror.example/debian"
    assert debian.choose_mirror(URIS, security=True) == "http://mirror.example/sub/debian-security"


@pytest.mark.parametrize("security", [False, True])
def test_a_machine_without_a_debian_mirror(security: bool) -> None:
    with pytest.raises(debian.UnavailableError, match="names no"):
        debian.choose_mirror("'http://archive.example/ubuntu/dists/noble/InRelease' x 0\n", security=security)


def test_without_apt_debian_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(debian.UnavailableError, match="no apt-get"), debian.fetch_by_hash("x", "sid", "0" * 64):
        pass
