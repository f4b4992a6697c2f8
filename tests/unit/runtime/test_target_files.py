from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from elftools.elf.enums import ENUM_E_MACHINE, ENUM_RELOC_TYPE_AARCH64, ENUM_RELOC_TYPE_x64

from castiron_common.errors import RuntimePackError
from castiron_common.target import Role
from castiron_runtime.target_files import FOLDER, defaults, load_target, target_names

if TYPE_CHECKING:
    from pathlib import Path

RELOCATIONS = {"X86_64": ENUM_RELOC_TYPE_x64, "AARCH64": ENUM_RELOC_TYPE_AARCH64}


@pytest.mark.parametrize("name", target_names())
def test_a_target_says_of_its_machine_what_pyelftools_says(name: str) -> None:
    target = load_target(name)
    assert str(target) == target.triple == name
    assert ENUM_E_MACHINE[f"EM_{target.elf.machine_name}"] == target.elf.machine
    assert {item.name: item.kind for item in target.elf.relocations}.items() <= RELOCATIONS[
        target.elf.machine_name
    ].items()
    assert target.elf.kinds[Role.ABSOLUTE] in target.elf.names


def test_the_default_is_a_target() -> None:
    assert defaults().target in target_names()


def test_an_unknown_target_is_refused_with_those_there_are() -> None:
    with pytest.raises(RuntimePackError, match="There is no target x86-64-linux-musl") as caught:
        load_target("x86-64-linux-musl")
    assert "x86_64-linux-musl" in caught.value.hint


def changed(folder: Path, old: str, new: str, name: str = "x86_64-linux-musl") -> Path:
    text = (FOLDER / f"{name}.toml").read_text()
    assert old in text
    (folder / f"{name}.toml").write_text(text.replace(old, new, 1))
    return folder


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("page_size =", "pagesize =", "elf.pagesize: there is no key 'pagesize'; perhaps page_size is meant"),
        ("emulation = ", "# ", "compiler.emulation is missing"),
        ("page_size = 0x1000", "page_size = 5000", "elf: page_size: 5000 is not the size of a page"),
        ('role = "copy"', 'role = "none"', "elf: relocations: two have the same role"),
        ("kind = 2,", "kind = 1,", "elf: relocations: two have the same kind"),
        (', role = "absolute"', "", "elf: relocations: none has the role 'absolute'"),
        ("variant = 2", "variant = 2\nalignment = 3", "elf.*alignment: 3 is not a power of two"),
        ("variant = 2", "variant = 3", "elf: tls.variant: 3 is neither 1 nor 2"),
        ('triple = "x86_64-linux-musl"', 'triple = "other"', "triple is 'other', and the file's name"),
        ("[elf]", "[elf", "Expected"),
    ],
)
def test_a_wrong_file_is_refused_with_its_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(RuntimePackError, match=says) as caught:
        load_target("x86_64-linux-musl", changed(tmp_path, old, new))
    assert "castiron_common/target.py" in caught.value.hint


AARCH64 = """
triple = "aarch64-linux-musl"
machine = "aarch64"
architecture = "AArch64"

[elf]
machine = 183
machine_name = "AARCH64"
page_size = 0x1_0000
reach = 0x1_0000_0000
relocations = [
    { kind = 0, name = "R_AARCH64_NONE", role = "none" },
    { kind = 257, name = "R_AARCH64_ABS64", role = "absolute" },
    { kind = 260, name = "R_AARCH64_PREL64", role = "distance" },
    { kind = 1024, name = "R_AARCH64_COPY", role = "copy" },
    { kind = 1025, name = "R_AARCH64_GLOB_DAT", role = "global" },
    { kind = 1026, name = "R_AARCH64_JUMP_SLOT", role = "jump" },
    { kind = 1027, name = "R_AARCH64_RELATIVE", role = "relative" },
    { kind = 1031, name = "R_AARCH64_TLSDESC", role = "tls-descriptor" },
]

[elf.tls]
variant = 1
word = "absolute"
bias = 64
alignment = 64

[compiler]
emulation = "aarch64linux"
cpu = ["-march=armv8-a"]
libc_headers = ["aarch64-linux-musl", "generic-musl"]
kernel_headers = ["aarch64-linux-any", "any-linux-any"]
linker_flags = ["-z", "max-page-size=65536"]

[libc]
name = "musl"
loader = "ld-musl-aarch64.so.1"
soname = "libc.musl-aarch64.so.1"
names = ["libc.so"]
beginnings = ["ld-musl-", "libc.musl-"]
merged = ["m", "dl"]
foreign = { "libc.so." = "glibc", "ld-linux" = "glibc" }

[wheels]
uv = "aarch64-unknown-linux-musl"
tags = ["musllinux_1_2_aarch64"]
sibling = "aarch64-manylinux_2_40"
sibling_tags = ["manylinux", "linux"]

[sources]
stub = "machine/aarch64"

[recipes]
"""


def test_another_machine_is_another_file(tmp_path: Path) -> None:
    (tmp_path / "aarch64-linux-musl.toml").write_text(AARCH64)
    target = load_target("aarch64-linux-musl", tmp_path)
    assert target.elf.kinds[Role.RELATIVE] == 1027
    assert target.elf.tls.bias == 64
    assert Role.TLS_MODULE not in target.elf.kinds


@pytest.mark.parametrize(
    ("soname", "libc", "held"),
    [
        ("libc.so", "musl", True),
        ("libc.musl-x86_64.so.1", "musl", True),
        ("ld-musl-x86_64.so.1", "musl", True),
        ("libm.so.6", "glibc", True),
        ("libpthread.so", "", True),
        ("libc.so.6", "glibc", True),
        ("ld-linux-x86-64.so.2", "glibc", True),
        ("libmagic.so.1", "", False),
        ("libm", "", False),
        ("libm.song", "", False),
        ("m.so", "", False),
    ],
)
def test_whose_a_library_is(soname: str, libc: str, held: bool) -> None:
    target = load_target("x86_64-linux-musl")
    assert (target.libc.of(soname), target.libc.holds(soname)) == (libc, held)
