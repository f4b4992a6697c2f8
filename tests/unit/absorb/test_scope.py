"""Symbol resolution, on facts alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from castiron_elf.abi import (
    STB_GLOBAL,
    STB_GNU_UNIQUE,
    STB_WEAK,
    STT_FUNC,
    STT_OBJECT,
    STV_DEFAULT,
    STV_PROTECTED,
)
from castiron_elf.shared_object import Definition, Definitions, Reference, Rows, SharedObject
from castiron_link.absorb.program import program
from castiron_link.absorb.scope import ToImage, ToNumber, ToProgram, resolve, search_order
from tests.support.elf_values import shared_object

PROGRAM = program(
    api=frozenset({"PyLong_Type"}),
    libc=frozenset({"malloc", "open"}),
    last={"__divti3": "__divti3", "XML_Parse": "PyExpat_XML_Parse"},
)


def facts(*, defines: dict[str, Definition] | None = None, refers: tuple[Reference, ...] = ()) -> SharedObject:
    return shared_object(definitions=Definitions(defines or {}), references=Rows(refers))


def define(value: int, *, binding: int = STB_GLOBAL, kind: int = STT_FUNC, visibility: int = STV_DEFAULT) -> Definition:
    return Definition(value, kind, binding, visibility, False)


def refer(name: str, own: Definition | None = None, *, binding: int = STB_GLOBAL) -> Reference:
    if own is None:
        return Reference(1, name, 0, STT_FUNC, binding, STV_DEFAULT, False, False)
    return Reference(1, name, own.value, own.type, own.binding, own.visibility, True, own.absolute)


def bound(reference: Reference, *others: dict[str, Definition]) -> object:
    images = [facts(refers=(reference,)), *(facts(defines=table) for table in others)]
    needed = [tuple(range(1, len(images))), *[()] * len(others)]
    result = resolve(0, images, needed, PROGRAM)
    return None if result.missing else result.bindings[0]


def test_program_wins_over_libraries_and_the_image() -> None:
    assert bound(refer("malloc"), {"malloc": define(1)}) == ToProgram("malloc")
    assert bound(refer("malloc", define(7))) == ToProgram("malloc")


def test_protected_stays_with_the_image() -> None:
    assert bound(refer("malloc", define(7, visibility=STV_PROTECTED))) == ToImage(0, 7, False)


def test_image_wins_over_libraries_and_the_first_library_wins() -> None:
    assert bound(refer("f", define(7)), {"f": define(1)}) == ToImage(0, 7, False)
    assert bound(refer("f"), {}, {"f": define(1)}, {"f": define(2)}) == ToImage(2, 1, False)


def test_weak_definition_counts_as_any_other() -> None:
    assert bound(refer("f"), {"f": define(1, binding=STB_WEAK)}, {"f": define(2)}) == ToImage(1, 1, False)


def test_unique_objects_are_the_last_library_s() -> None:
    unique = {"_ZN1a1bE": define(1, binding=STB_GNU_UNIQUE, kind=STT_OBJECT)}
    weak = {"_ZTI1a": define(1, binding=STB_WEAK, kind=STT_OBJECT)}
    assert bound(refer("_ZN1a1bE", unique["_ZN1a1bE"]), {}, unique) == ToImage(2, 1, False)
    assert bound(refer("_ZTI1a", weak["_ZTI1a"]), {}, weak) == ToImage(2, 1, False)


def test_names_of_large_files_and_thread_locals() -> None:
    assert bound(refer("open64")) == ToProgram("open")
    assert bound(refer("__tls_get_addr")) == ToProgram("castiron_tls_get_addr")
    assert bound(refer("dlopen")) == ToProgram("dlopen")


def test_what_only_the_linker_has_comes_last() -> None:
    assert bound(refer("__divti3"), {"__divti3": define(1)}) == ToImage(1, 1, False)
    assert bound(refer("__divti3")) == ToProgram("__divti3")
    assert bound(refer("XML_Parse"), {"XML_Parse": define(1)}) == ToImage(1, 1, False)
    assert bound(refer("XML_Parse")) == ToProgram("PyExpat_XML_Parse")


def test_nobody() -> None:
    assert bound(refer("nobody", binding=STB_WEAK)) == ToNumber(0)
    assert bound(refer("nobody")) is None


GRAPH = st.integers(1, 12).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, n - 1), max_size=4, unique=True), min_size=n, max_size=n)
)


@given(GRAPH)
def test_search_holds_each_image_once(needed: list[list[int]]) -> None:
    for start in range(len(needed)):
        found = search_order(start, needed)
        assert found[0] == start
        assert len(set(found)) == len(found)
