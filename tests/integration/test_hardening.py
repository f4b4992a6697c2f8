"""What the executable does against whoever found a fault in it: the tables of docs/security.md, read off binaries."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import lief
import pytest
from elftools.elf.elffile import ELFFile

from castiron_common.progress import SilentReporter
from castiron_runtime.packs import provide
from tests.support.linking import COMMANDS, run, trace_and_link

if TYPE_CHECKING:
    from collections.abc import Mapping

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
CANARY = re.compile(rb"\x64[\x48\x4c][\x8b\x3b\x2b][\x04\x0c\x14\x1c\x24\x2c\x34\x3c]\x25\x28\x00\x00\x00")
"""An instruction with %fs:0x28 as an operand, which is where the stack protector's secret lies."""

PROBE = """
import ctypes, os, re, struct, sys

{imports}
program = ctypes.CDLL(None)

def fs_base():
    place = ctypes.c_uint64()
    assert program.syscall(158, 0x1003, ctypes.byref(place)) == 0  # arch_prctl(ARCH_GET_FS)
    return place.value

def end_of(action):
    child = os.fork()
    if child == 0:
        action()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def headers():
    with open("/proc/self/exe", "rb") as file:
        start = file.read(64)
        offset, = struct.unpack_from("<Q", start, 32)
        size, count = struct.unpack_from("<HH", start, 54)
        file.seek(offset)
        return [struct.unpack_from("<IIQQQQQQ", file.read(size)) for _ in range(count)]

maps = [line.split() for line in open("/proc/self/maps")]
own = [line for line in maps if len(line) > 5 and line[5] == os.path.realpath("/proc/self/exe")]
first = int(own[0][0].split("-")[0], 16)
segments = headers()
bias = first - min(row[3] for row in segments if row[0] == 1)
relro = next(row for row in segments if row[0] == 0x6474E552)
start, end = bias + relro[3] & -4096, bias + relro[3] + relro[6] & -4096
secret = fs_base() + 0x28
print("canary", ctypes.c_uint64.from_address(secret).value)
print("place", first)
print("relro size", end - start)
print("relro write", end_of(lambda: ctypes.memset(start, 0, 1)), end_of(lambda: ctypes.memset(end - 1, 0, 1)))
print("canary changed", end_of(lambda: ctypes.memset(secret, 0x5A, 8)))
print("writable and executable", sum("wx" in line[1] for line in maps))
"""

IMAGE_PROBE = """
import numpy._core._multiarray_umath as module
import numpy.linalg._umath_linalg
import numpy
print("sum", int(numpy.arange(10).sum()), round(float(numpy.linalg.det(numpy.eye(3) * 2)), 6))
"""

IMAGE_RELRO = """
class Info(ctypes.Structure):
    _fields_ = [
        ("addr", ctypes.c_uint64), ("name", ctypes.c_char_p), ("phdr", ctypes.c_void_p), ("count", ctypes.c_uint16)
    ]

found = []
@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Info), ctypes.c_size_t, ctypes.c_void_p)
def visit(info, size, data):
    for number in range(info[0].count):
        row = struct.unpack("<IIQQQQQQ", ctypes.string_at(info[0].phdr + 56 * number, 56))
        if row[0] == 0x6474E552 and info[0].name:
            start, end = info[0].addr + row[3] & -4096, info[0].addr + row[3] + row[6] & -4096
            if start < end:
                found.append(start)
    return 0
program.dl_iterate_phdr(visit, None)
print("images with relro", len(found))
print("their ends", sorted({end_of(lambda: ctypes.memset(place, 0, 1)) for place in found}))
"""


def facts(binary: Path) -> dict[str, str]:
    """Return what tools like checksec say, row by row, in the words of docs/security.md."""
    read = lief.ELF.parse(str(binary))
    assert read is not None
    with binary.open("rb") as file:
        elf = ELFFile(file)
        segments = list(elf.iter_segments())
        kinds = {segment["p_type"] for segment in segments}
        stack = next(segment for segment in segments if segment["p_type"] == "PT_GNU_STACK")
        loads = [segment for segment in segments if segment["p_type"] == "PT_LOAD"]
        text = elf.get_section_by_name(".text").data()
        tables = [section.name for section in elf.iter_sections() if section.name in {".symtab", ".debug_info"}]
        mixed = [a for a in loads for b in loads if a["p_flags"] & 1 and not b["p_flags"] & 1 and _share_page(a, b)]
        kind = elf["e_type"]
    names = {str(symbol.name) for symbol in read.symbols}
    return {
        "NX": "yes" if read.has_nx and not stack["p_flags"] & 1 else "no",
        "RWX segments": "yes" if any(segment["p_flags"] & 3 == 3 for segment in loads) else "none",
        "Code apart from data": "no" if mixed else "yes",
        "RELRO": "yes" if "PT_GNU_RELRO" in kinds else "no",
        "PIE": "yes" if kind == "ET_DYN" else "no",
        "Canary": "found" if "__stack_chk_fail" in names else "not found: no symbols",
        "Protected functions": "yes" if len(CANARY.findall(text)) > 100 else "no",
        "FORTIFY": "yes" if any(name.endswith("_chk") for name in names - {"__stack_chk_fail"}) else "no",
        "RPATH, RUNPATH": "yes" if any("PATH" in str(entry.tag) for entry in read.dynamic_entries) else "none",
        "Interpreter": "yes" if "PT_INTERP" in kinds else "none",
        "Symbols": "yes" if tables or names - {""} else "none",
    }


def _share_page(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    first, last = one["p_offset"] // 4096, (one["p_offset"] + one["p_filesz"] - 1) // 4096
    begin, end = other["p_offset"] // 4096, (other["p_offset"] + other["p_filesz"] - 1) // 4096
    return one["p_filesz"] > 0 < other["p_filesz"] and first <= end and begin <= last


def documented(column: str) -> dict[str, str]:
    """Return a column of the table in docs/security.md."""
    lines = DOCUMENT.read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| protection |"))
    head = [cell.strip() for cell in lines[start].strip("|").split("|")]
    at = head.index(column)
    rows = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows[cells[0]] = cells[at]
    return rows


def probe(binary: Path) -> dict[str, str]:
    """Run a binary made of `PROBE`; return what it printed, by its labels."""
    done = run([binary], cwd=binary.parent)
    assert done.status == 0, done.stderr
    return dict(re.findall(r"^(.*?) (-?[\d\[].*)$", done.stdout, re.MULTILINE))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    (folder / "app.py").write_text(PROBE.replace("{imports}", ""))
    return trace_and_link(["app.py"], cwd=folder, name="app", options=["--relink-kit", "kit"])


def with_images(folder: Path, *options: str) -> Path:
    (folder / "app.py").write_text(PROBE.replace("{imports}", IMAGE_PROBE) + IMAGE_RELRO)
    return trace_and_link(["app.py"], cwd=folder, name="app", requirements=["numpy"], options=options)


def check_behaviour(found: Mapping[str, str], again: Mapping[str, str]) -> None:
    assert int(found["relro size"]) >= 4096
    assert found["relro write"] == "-11 -11"
    assert found["canary changed"] == "-11", "the function that returns through it must notice"
    assert found["writable and executable"] == "0"
    for canary in (int(found["canary"]), int(again["canary"])):
        assert canary.bit_count() > 8
        assert canary >> 8 & 0xFF == 0, "musl keeps one byte zero, which ends texts"
    assert found["canary"] != again["canary"]


def test_what_tools_see(plain: Path) -> None:
    assert facts(plain) == documented("default")


def test_code_that_reads_foreign_data_is_protected(pack: Pack) -> None:
    inputs = provide(pack, ["pyexpat", "zlib", "_ssl", "_ctypes"], reporter=SilentReporter())
    protected = {path.name for path in inputs.archives if b"__stack_chk_fail" in path.read_bytes()}
    assert protected >= {"libexpat.a", "libz.a", "libssl.a", "libcrypto.a", "libffi.a", "lib_ssl.a", "lib_ctypes.a"}
    assert not any(b"__stack_chk_fail" in path.read_bytes() for path in pack.core)


def test_what_an_attacker_meets(plain: Path) -> None:
    check_behaviour(probe(plain), probe(plain))


@pytest.mark.network
def test_a_binary_with_images(tmp_path: Path) -> None:
    binary = with_images(tmp_path)
    assert facts(binary) == documented("default")
    found = probe(binary)
    check_behaviour(found, probe(binary))
    assert found["sum"] == "45 8.0"
    assert int(found["images with relro"]) >= 3
    assert found["their ends"] == "[-11]"


@pytest.mark.network
def test_position_independent_executables(tmp_path: Path) -> None:
    binary = with_images(tmp_path, "--pie")
    assert facts(binary) == documented("--pie")
    found, again = probe(binary), probe(binary)
    check_behaviour(found, again)
    assert found["place"] != again["place"]
    assert found["sum"] == "45 8.0"
    assert int(found["images with relro"]) >= 3
    assert found["their ends"] == "[-11]"


def test_the_payload_may_lie_beyond_two_gibibytes(plain: Path) -> None:
    """The layout of a binary with gigabytes of data, without them: a gap in the address space before the payload."""
    kit = plain.parent / "kit"
    script = next((kit / "scripts").glob("*-payload.ld"))
    text = script.read_text()
    moved = text.replace(".castiron.payload :", ".castiron.payload 0x200000000 :")
    assert moved != text
    script.write_text(moved)
    # The kit asks the first python3 for its linker.
    environment = {**os.environ, "PATH": f"{COMMANDS}:{os.environ['PATH']}"}
    linked = run(["sh", kit / "link.sh", plain.parent / "far"], cwd=plain.parent, env=environment)
    assert linked.status == 0, linked.stderr
    with (plain.parent / "far").open("rb") as file:
        payload = ELFFile(file).get_section_by_name(".castiron.payload")
        assert payload["sh_addr"] >= 1 << 32
    check_behaviour(probe(plain.parent / "far"), probe(plain.parent / "far"))
