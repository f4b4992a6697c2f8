"""What cannot be absorbed is refused by name, with what to do."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from castiron_common.cache import cache_root
from castiron_common.errors import NativeError
from castiron_common.files import sha256_file
from castiron_common.target import Role
from castiron_elf import store
from castiron_elf.abi import PT_GNU_STACK, PT_LOAD
from castiron_elf.errors import MalformedElfError
from castiron_elf.headers import file_offset
from castiron_elf.observe import observe
from castiron_link.absorb.check import check
from castiron_link.absorb.read import read
from tests.support.elf_values import ELF, TARGET

if TYPE_CHECKING:
    from tests.unit.absorb.conftest import Workshop

SOURCE = "extern int elsewhere; int here = 3; int *p = &here; int get(void) { return elsewhere + *p; }"


@pytest.fixture
def good(workshop: Workshop) -> bytearray:
    return bytearray(workshop.library("a.so", SOURCE).read_bytes())


def refusal(data: bytes) -> str:
    with pytest.raises(NativeError) as caught:
        check(observe(bytes(data), ELF), "a.so (demo)", TARGET)
    assert "a.so (demo)" in caught.value.what
    assert caught.value.hint
    return caught.value.what


def segment(data: bytes, kind: int, flags: int | None = None) -> int:
    """Return the file offset of the first program header of this kind."""
    phoff, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
    for index in range(count):
        at = phoff + 56 * index
        found = struct.unpack_from("<II", data, at)
        if found[0] == kind and (flags is None or found[1] == flags):
            return int(at)
    raise AssertionError


def test_good_library_passes(good: bytearray) -> None:
    check(observe(bytes(good), ELF), "a.so", TARGET)


@pytest.mark.parametrize(
    ("offset", "value", "words"),
    [(18, b"\xb7\x00", "AArch64"), (18, b"\xff\x7f", "machine 32767"), (16, b"\x02\x00", "not a shared object")],
)
def test_wrong_kind(good: bytearray, offset: int, value: bytes, words: str) -> None:
    good[offset : offset + 2] = value
    assert words in refusal(good)


def test_wrong_class_and_no_elf(workshop: Workshop, good: bytearray) -> None:
    path = workshop.folder / "x.so"
    good[5] = 2
    path.write_bytes(good)
    with pytest.raises(NativeError, match="not a well-formed"):
        read(path, name="a.so", sha256=sha256_file(path), target=TARGET)
    path.write_bytes(b"GROUP ( libc.so.6 )")
    with pytest.raises(NativeError, match="not an ELF file"):
        read(path, name="a.so", sha256=sha256_file(path), target=TARGET)
    path.write_bytes(
        b"\x7fELF\1\1\1" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 3, 3, 1, 0, 0, 0, 0, 52, 0, 0, 0, 0, 0)
    )
    with pytest.raises(NativeError, match="not a 64-bit"):
        read(path, name="a.so", sha256=sha256_file(path), target=TARGET)


def test_executable_stack(good: bytearray) -> None:
    good[segment(good, PT_GNU_STACK) + 4] |= 1
    assert "executable stack" in refusal(good)


def test_writable_code(good: bytearray) -> None:
    good[segment(good, PT_LOAD, 6) + 4] = 7
    assert "writable and executable" in refusal(good)


def test_text_relocations_that_name_symbols(workshop: Workshop) -> None:
    data = workshop.library("t.so", '__asm__(".text\\n.globl f\\nf: .quad f\\n");', "-Wl,-z,notext").read_bytes()
    assert "text relocations (DT_TEXTREL) R_X86_64_64" in refusal(data)


def test_text_relocations_within_the_image_are_numbers_for_the_linker(workshop: Workshop) -> None:
    source = """
    __asm__(".text\\n.globl get\\n.type get,@function\\nget: movq place(%rip), %rax\\nmovl (%rax), %eax\\nret\\n"
            "place: .quad number\\n.data\\nnumber: .long 42\\n");
    int seven(void) { return 7; }
    """
    workshop.library("t.so", source, "-Wl,-z,notext")
    main = """
    #include <stdio.h>
    #include <dlfcn.h>
    int main(void)
    {
        void *library = dlopen("t.so", RTLD_NOW);
        if (!library) { puts(dlerror()); return 1; }
        printf("%d %d\\n", ((int (*)(void)) dlsym(library, "get"))(), ((int (*)(void)) dlsym(library, "seven"))());
    }
    """
    if workshop.toolchain.pie and not workshop.packed:
        with pytest.raises(NativeError, match="read-only pages"):
            workshop.absorb()
        return
    assert workshop.run(main) == "42 7\n"


def test_function_chosen_at_load_time(workshop: Workshop) -> None:
    source = (
        '__asm__(".text\\n.globl f\\n.type f,@gnu_indirect_function\\nf: ret\\n"); void f(void); void (*p)(void) = f;'
    )
    data = workshop.library("i.so", source).read_bytes()
    assert "STT_GNU_IFUNC" in refusal(data)


def test_a_c_library_without_stand_ins(workshop: Workshop) -> None:
    workshop.library("libc.so.6", "int fake;")
    data = workshop.library(
        "g.so", "extern int fake; int get(void) { return fake; }", needs=("libc.so.6",)
    ).read_bytes()
    check(observe(data, ELF), "g.so", TARGET)
    without = replace(TARGET, libc=replace(TARGET.libc, emulated=""))
    with pytest.raises(NativeError, match=r"linked against glibc \(libc\.so\.6\)"):
        check(observe(data, ELF), "g.so", without)


def test_unknown_relocation(good: bytearray) -> None:
    known = observe(bytes(good), ELF)
    rela = known.dynamic.rela
    assert rela is not None
    at = file_offset(known.segments, rela.address, rela.size)
    for entry in range(at, at + rela.size, 24):
        if struct.unpack_from("<I", good, entry + 8)[0] == ELF.kinds[Role.GLOBAL]:
            struct.pack_into("<I", good, entry + 8, 200)
    assert "relocation kind 200" in refusal(good)


def test_several_problems_are_told_together(good: bytearray) -> None:
    good[segment(good, PT_GNU_STACK) + 4] |= 1
    good[segment(good, PT_LOAD, 6) + 4] = 7
    text = refusal(good)
    assert "executable stack" in text
    assert "writable and executable" in text


def test_missing_symbol_names_library_and_owner(workshop: Workshop) -> None:
    workshop.library(
        "pkg/a.so", "int nobody_has_this(void); int get(void) { return nobody_has_this(); }", owner="pkg-dist"
    )
    with pytest.raises(NativeError) as caught:
        workshop.absorb()
    assert "pkg/a.so (pkg-dist): nobody_has_this" in caught.value.what


def test_missing_library_is_named(workshop: Workshop) -> None:
    library = workshop.library("libgone.so.1", "int gone(void) { return 1; }")
    workshop.library("a.so", "int gone(void); int get(void) { return gone(); }", needs=("libgone.so.1",))
    library.unlink()
    workshop.natives = [native for native in workshop.natives if native.path == "a.so"]
    with pytest.raises(NativeError, match=r"it needs libgone\.so\.1, which no distribution"):
        workshop.absorb()


def test_changed_file_is_refused(workshop: Workshop) -> None:
    path = workshop.library("a.so", "int f(void) { return 41414141; }")
    absorbed = workshop.absorb()
    assert absorbed.images
    path.write_bytes(path.read_bytes() + b"\0")
    workshop.natives = [native for native in workshop.natives if native.path == "a.so"]
    for cached in absorbed.objects[:-1]:
        cached.unlink()
    with pytest.raises(NativeError, match="has changed"):
        workshop.absorb()


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.data())
def test_damaged_files_give_errors_and_no_tracebacks(good: bytearray, data: st.DataObject) -> None:
    damaged = bytearray(good)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(damaged)) | st.just(len(damaged)))
    with suppress(MalformedElfError):
        observe(bytes(damaged[:end]), ELF)


def test_file_that_is_not_what_the_manifest_says_is_refused(workshop: Workshop) -> None:
    path = workshop.library("a.so", "int f(void) { return 626262; }")
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(NativeError, match="has changed"):
        workshop.absorb()


def test_optional_ones_are_left_out_and_told(workshop: Workshop) -> None:
    workshop.library("good.so", "int good(void) { return 1; }")
    workshop.library("bad.so", "int nobody_has_this(void); int bad(void) { return nobody_has_this(); }")
    stack = workshop.library("stack.so", "int stack(void) { return 1; }")
    data = bytearray(stack.read_bytes())
    data[segment(data, PT_GNU_STACK) + 4] |= 1
    stack.write_bytes(data)
    workshop.add("stack.so")
    workshop.library("user.so", "int stack(void); int user(void) { return stack(); }", needs=("stack.so",))
    with pytest.raises(NativeError, match="nobody_has_this"):
        workshop.absorb(optional=("stack.so", "user.so"))
    absorbed = workshop.absorb(optional=("bad.so", "stack.so", "user.so"))
    assert [image.paths for image in absorbed.images] == [("good.so",)]
    assert [skipped.path for skipped in absorbed.skipped] == ["bad.so", "stack.so", "user.so"]
    assert "executable stack" in absorbed.skipped[2].reason


def test_damaged_cache_entry_is_made_again(workshop: Workshop) -> None:
    workshop.library("a.so", "int f(void) { return 5151; }")
    before = workshop.absorb()
    entries = list((cache_root() / "elf" / store.reader_key(ELF)).glob("??/*"))
    entries = [entry for entry in entries if len(entry.name) == 64]
    assert entries
    for entry in entries:
        entry.write_bytes(entry.read_bytes()[:40])
    assert workshop.absorb() == before
