"""Libraries out of packages of Debian: of a local folder, by their hashes, following links."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import DependencyError
from castiron_common.files import sha256_bytes, sha256_file
from castiron_common.progress import SilentReporter
from castiron_common.target import DebianGccRuntime, DebianPackage
from castiron_runtime import debian
from castiron_wheels.debian_libraries import extract

if TYPE_CHECKING:
    from pathlib import Path

LIBRARY = b"\x7fELF library"


def make_package(path: Path) -> DebianPackage:
    """Write a binary package as deb(5) describes it: an ar archive of a version and two tar archives."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as archive:
        member = tarfile.TarInfo("./usr/lib/libx.so.1.0.0")
        member.size = len(LIBRARY)
        archive.addfile(member, io.BytesIO(LIBRARY))
        link = tarfile.TarInfo("./usr/lib/libx.so.1")
        link.type, link.linkname = tarfile.SYMTYPE, "libx.so.1.0.0"
        archive.addfile(link)
    content = b"!<arch>\n"
    for name, part in (("debian-binary", b"2.0\n"), ("control.tar.xz", b""), ("data.tar.xz", data.getvalue())):
        content += (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(part):<10}`\n".encode() + part + b"\n" * (len(part) % 2)
        )
    path.write_bytes(content)
    return DebianPackage(name="libx1", version="1.0-1", file=path.name, sha256=sha256_file(path))


def runtime(package: DebianPackage, digest: str = sha256_bytes(LIBRARY)) -> DebianGccRuntime:
    return DebianGccRuntime(
        version="1",
        source="",
        source_sha256="",
        suite="suite",
        architecture="amd64",
        packages=(package,),
        libraries={"usr/lib/libx.so.1": digest},
    )


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DebianPackage:
    """A package in a folder of sources, on a machine whose apt has nothing."""

    def fetch_package(*_arguments: object, **_options: object) -> Path:
        raise debian.UnavailableError("this machine has no apt-get")

    monkeypatch.setattr(debian, "fetch_package", fetch_package)
    (tmp_path / "sources").mkdir()
    monkeypatch.setenv("CASTIRON_SOURCES", str(tmp_path / "sources"))
    return make_package(tmp_path / "sources" / "libx1_1.0-1_amd64.deb")


def taken(runtime: DebianGccRuntime, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    extract(runtime, folder, choice="Or do without.", reporter=SilentReporter())
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_library_under_its_soname(package: DebianPackage, tmp_path: Path) -> None:
    assert taken(runtime(package), tmp_path / "out") == {"libx.so.1": LIBRARY}


def test_another_library_is_refused(package: DebianPackage, tmp_path: Path) -> None:
    with pytest.raises(DependencyError, match="has another SHA-256"):
        taken(runtime(package, "0" * 64), tmp_path / "out")


def test_a_package_that_cannot_be_had_says_what_to_do(package: DebianPackage, tmp_path: Path) -> None:
    (tmp_path / "sources" / package.file).write_bytes(b"another")
    with pytest.raises(DependencyError, match="cannot be had: this machine has no apt-get") as caught:
        taken(runtime(package), tmp_path / "out")
    assert caught.value.hint == (
        "Put libx1_1.0-1_amd64.deb into a folder and name that folder in CASTIRON_SOURCES. Or do without."
    )
