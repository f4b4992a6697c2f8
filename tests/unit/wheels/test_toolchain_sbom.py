"""The bill of materials for what the compilers link into a built wheel."""

from __future__ import annotations

import csv
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from castiron_wheels.record import hash_of
from castiron_wheels.reproducible import normalise_wheel
from castiron_wheels.toolchain_sbom import FILE, toolchain_bom
from tests.unit.wheels.making import make_wheel

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def zig(tmp_path: Path) -> Path:
    header = tmp_path / "lib" / "libcxx" / "include" / "__config"
    header.parent.mkdir(parents=True)
    header.write_text("#  if x\n#  define _LIBCPP_VERSION 220108\n")
    return tmp_path / "zig"


@pytest.mark.parametrize(
    ("images", "names"),
    [
        ([b"\x7fELF plain C"], None),
        ([], None),
        ([b"\x7fELF..libc++abi: x..", b"\x7fELF"], ["libc++", "libc++abi"]),
        ([b"\x7fELF..libc++abi: ..libunwind: .."], ["libc++", "libc++abi", "llvm-libunwind"]),
    ],
)
def test_runtimes_are_recognised(images: list[bytes], names: list[str] | None, zig: Path) -> None:
    text = toolchain_bom(images, zig)
    if names is None:
        assert text is None
        return
    assert text is not None
    components = json.loads(text)["components"]
    assert [item["name"] for item in components] == names
    assert {item["version"] for item in components} == {"22.1.8"}
    assert {item["licenses"][0]["expression"] for item in components} == {"Apache-2.0 WITH LLVM-exception"}


def test_document_goes_into_the_wheel_and_its_record(tmp_path: Path, zig: Path) -> None:
    wheel = make_wheel(tmp_path, files={"demo.so": b"\x7fELF libunwind: ", "demo.txt": b"libc++abi: "})

    def describe(images: object) -> tuple[str, bytes] | None:
        content = toolchain_bom(images, zig)  # type: ignore[arg-type]
        return None if content is None else (FILE, content)

    normalise_wheel(wheel, tmp_path / "out.whl", describe=describe)
    with zipfile.ZipFile(tmp_path / "out.whl") as archive:
        content = archive.read(f"demo-1.0.dist-info/{FILE}")
        rows = {row[0]: row[1:] for row in csv.reader(archive.read("demo-1.0.dist-info/RECORD").decode().splitlines())}
        assert rows[f"demo-1.0.dist-info/{FILE}"] == [hash_of(content), str(len(content))]
        assert set(rows) == set(archive.namelist())
    assert [item["name"] for item in json.loads(content)["components"]] == ["llvm-libunwind"]
