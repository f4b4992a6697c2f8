"""What a shared object asks of the machine, read from its code and notes: executable memory, a newer processor."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from castiron_elf.headers import Segment
from castiron_elf.observe import observe
from castiron_elf.processors import PT_GNU_PROPERTY, level_needed
from castiron_trace.code_makers import code_findings
from tests.support.elf_values import ELF, shared_object

if TYPE_CHECKING:
    from tests.unit.absorb.conftest import Workshop

LEVELS = ELF.processors.levels if ELF.processors else ()

_READ_WRITE = """
#include <sys/mman.h>
int plain(void *at, unsigned long size) { return mprotect(at, size, PROT_READ | PROT_WRITE) + 1; }
int seven(void) { return 7; }
"""
_IN_TURNS = "int turn(void *at, unsigned long size) { return mprotect(at, size, PROT_READ | PROT_EXEC) ? -1 : 0; }"
_TAIL = "int turn(void *at, unsigned long size) { return mprotect(at, size, PROT_READ | PROT_EXEC); }"
_AT_ONCE = """
char *both(unsigned long size) {
    char *at = mmap(0, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *at = 1;
    return at;
}
"""


@pytest.mark.parametrize("flag", ["-O2", "-O0", "-fno-plt", "-fcf-protection=full"])
@pytest.mark.parametrize(
    ("source", "protections"),
    [("", ()), (_IN_TURNS, (5,)), (_TAIL, (5,)), (_AT_ONCE, (7,)), (_TAIL + _AT_ONCE, (5, 7))],
)
def test_calls_for_executable_memory(workshop: Workshop, flag: str, source: str, protections: tuple[int, ...]) -> None:
    data = workshop.library("a.so", _READ_WRITE + source, flag).read_bytes()
    known = observe(data, ELF)
    assert known.code_protections == protections
    told = [finding.message for finding in code_findings("demo", "demo/a.so", known)]
    assert ["at the same time" in message for message in told] == ([7 in protections] if protections else [])


def test_a_function_of_its_own_of_that_name_is_not_the_kernel_s(workshop: Workshop) -> None:
    source = (
        "int mprotect(void *a, unsigned long n, int p) { return p; } int own(void *a) { return mprotect(a, 1, 7); }"
    )
    assert observe(workshop.library("a.so", source, "-O0").read_bytes(), ELF).code_protections == ()


def test_a_library_that_computes_the_protection_is_known_by_name() -> None:
    (finding,) = code_findings("llvmlite", "llvmlite/binding/libllvmlite.so", shared_object())
    assert (finding.code, finding.subject) == ("makes-code", "llvmlite/binding/libllvmlite.so")
    assert "makes it executable afterwards" in finding.message
    assert list(code_findings("another", "llvmlite/binding/libllvmlite.so", shared_object())) == []


def note(*properties: tuple[int, int]) -> bytes:
    rows = b"".join(struct.pack("<IIII", kind, 4, value, 0) for kind, value in properties)
    return struct.pack("<III4s", 4, len(rows), 5, b"GNU\0") + rows


@pytest.mark.parametrize(
    ("data", "level"),
    [
        (note((0xC000_8002, 0b1)), 0),
        (note((0xC000_0002, 0b11), (0xC000_8002, 0b11)), 1),
        (note((0xC000_8002, 0b1111), (0xC001_0002, 0xFF)), 3),
        (note((0xC001_0002, 0b1111)), 0),
        (note((0xC000_8002, 0b11))[:-9], 0),
        (note((0xC000_8002, 0b11))[:10], 0),
        (b"", 0),
    ],
)
def test_the_processor_that_the_properties_need(data: bytes, level: int) -> None:
    segments = [Segment(PT_GNU_PROPERTY, 4, 8, 8, len(data), len(data), 8)]
    assert level_needed(b"\x7f" * 8 + data, ELF, segments) == level
    assert level_needed(b"\x7f" * 8 + data, replace(ELF, processors=None), segments) == 0


def test_a_newer_processor_is_told() -> None:
    (finding,) = code_findings("demo", "demo/a.so", shared_object(level_needed=2), levels=LEVELS)
    assert finding.code == "newer-processor"
    assert "level x86-64-v3" in finding.message
    assert list(code_findings("demo", "demo/a.so", shared_object(level_needed=2), level=2, levels=LEVELS)) == []
