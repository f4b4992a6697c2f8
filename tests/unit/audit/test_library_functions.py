"""Libraries by what a file defines: how names are chosen, and how they show a library."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castiron_audit.catalogue import collected_library, library_of_name
from castiron_audit.library_functions import known_functions, parts_of, shown_libraries
from castiron_audit.make_library_functions import chosen, keys
from castiron_audit.signatures import find
from castiron_audit.tables import table
from castiron_elf.defined_names import defined_names
from tests.support.compilers import shared_object

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def names_of(library: str) -> list[bytes]:
    return [name for name, owner in sorted(known_functions().owners.items()) if owner == library]


def mangled(*parts: str, arguments: str = "Ev") -> bytes:
    return b"_ZN" + b"".join(f"{len(part)}{part}".encode() for part in parts) + arguments.encode()


def shown(names: Iterable[bytes]) -> list[str]:
    return [item.library for item in shown_libraries(frozenset(names))]


SOURCE = """
extern "C" {
int zip_close(void *);
int ZBarcode_Encode(void *symbol, const char *text) { return zip_close(symbol) + (text != nullptr); }
int ZBarcode_Buffer(void *symbol, int angle) { return symbol != nullptr && angle > 0; }
int ZBarcode_Print(void *symbol, int angle) { return symbol != nullptr && angle; }
int ZBarcode_Buffer_Vector = 3;
}
static int only_here(int x) { return x * 7; }
namespace own { inline namespace v3 { namespace pugi {
struct xml_node { int empty() const; int type() const; };
struct xml_document { int load(const char *); };
int xml_node::empty() const { return only_here(1); }
int xml_node::type() const { return 2; }
int xml_document::load(const char *text) { return text != nullptr; }
struct xml_writer { virtual int write(int); };
int xml_writer::write(int x) { return x; }
} } }
"""


def test_what_a_shared_object_defines_and_what_it_uses(tmp_path: Path) -> None:
    (tmp_path / "a.cc").write_text(SOURCE)
    shared_object([tmp_path / "a.cc", "-O1"], tmp_path / "a.so")
    data = (tmp_path / "a.so").read_bytes()
    names = defined_names(data)
    assert {b"ZBarcode_Encode", b"ZBarcode_Buffer_Vector", b"_ZNK3own2v34pugi8xml_node5emptyEv"} <= names
    assert b"zip_close" in data
    assert b"zip_close" not in names
    assert {"pugixml", "zint"} <= {item.name for item in find(data).libraries}
    # The names alone, as a caller's table of symbols has them, show nothing.
    functions = [name.decode() for name in names if name.startswith(b"ZBarcode_")]
    calls = "\n".join(f"int {name}(void); int call_{name}(void) {{ return {name}(); }}" for name in functions)
    (tmp_path / "b.c").write_text(calls)
    shared_object([tmp_path / "b.c", "-O1"], tmp_path / "b.so")
    assert "zint" not in {item.name for item in find((tmp_path / "b.so").read_bytes()).libraries}


@given(st.binary(max_size=400))
def test_any_bytes_may_be_read(data: bytes) -> None:
    assert defined_names(data) == frozenset()
    assert isinstance(defined_names(b"\x7fELF\x02\x01" + data), frozenset)


@given(st.binary(max_size=60))
def test_any_name_may_be_read(data: bytes) -> None:
    assert all(part in data for part in parts_of(b"_ZN" + data))
    assert shown_libraries(frozenset({b"_ZN" + data})) == ()


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (b"_ZNK4pugi8xml_node5emptyEv", (b"pugi", b"xml_node", b"empty")),
        (b"_ZN3tsl9robin_mapIiE6insertEv", (b"tsl", b"robin_map")),
        (b"_ZTVN2rr5ModelE", (b"rr", b"Model")),
        (b"_ZGVZN3itk3FoovE1x", (b"itk", b"Foo")),
        (b"_Z3addii", (b"add",)),
        (b"_ZNSt6vectorIiE4sizeEv", ()),
        (b"_ZN4core3ptr17h0123456789abcdefE", ()),
        (b"zip_close", ()),
    ],
)
def test_parts_of_mangled_names(name: bytes, parts: tuple[bytes, ...]) -> None:
    assert parts_of(name) == parts


def test_every_library_has_a_license() -> None:
    known = known_functions()
    for name in known.counts:
        assert library_of_name(name) or collected_library(name), name
    packages = {*table("library_packages")["packages"], *table("function_packages")["packages"]}
    assert set(known.counts) <= packages
    assert not set(known.counts) & set(table("function_packages")["implementations"])


def test_several_functions_show_a_library() -> None:
    names = names_of("zint")
    assert shown(names[:4]) == ["zint"]
    assert shown(names[:3]) == []


def test_functions_of_a_header() -> None:
    """It is in no package, so a person approved what its functions begin with."""
    names = [b"qoi_encode", b"qoi_decode", b"qoi_read", b"qoi_write"]
    (found,) = shown_libraries(frozenset(names))
    assert (found.library, found.count, found.proof.encode() in names) == ("qoi", 4, True)
    assert shown(names[:3]) == []
    assert shown([b"my_" + name for name in names]) == []
    assert shown([b"qoi_" for _ in names]) == []
    for library in table("known_libraries")["families"].values():
        assert library_of_name(library) or collected_library(library), library


def test_functions_of_c_in_a_namespace() -> None:
    names = names_of("lz4")[:5]
    assert shown([mangled("kuzu_lz4", name.decode()) for name in names]) == ["lz4"]


def test_copies_in_other_namespaces_show_by_what_is_in_them() -> None:
    classes = ["xml_node", "xml_document", "xml_tree_walker"]
    assert shown(mangled("pugi", name, "f") for name in classes) == ["pugixml"]
    assert shown(mangled("OpenImageIO", "v3_1", "pugi", name, "f") for name in classes) == ["pugixml"]
    assert shown(mangled("pxr_pugi", name, "f") for name in classes) == ["pugixml"]
    assert shown(mangled("OpenImageIO", "v3_1", "pugi", name, "f") for name in classes[:2]) == []
    # TagLib has a namespace that is called as another library's.
    assert shown(mangled("TagLib", "FLAC", name, "f") for name in ("File", "Picture", "Properties", "Extra")) == []


def test_a_class_is_no_namespace() -> None:
    functions = [mangled("drogon", f"function{number}") for number in range(9)]
    assert shown(functions) == ["drogon"]
    assert shown([*functions, mangled("drogon", arguments="C1Ev")]) == []  # constructed
    assert shown([*functions, b"_ZTV6drogon"]) == []


def test_namespaces_with_versions() -> None:
    assert shown(mangled("Imf_3_5", f"Class{number}", "f") for number in range(4)) == ["openexr"]
    assert shown(mangled("tinyxml2", f"Class{number}", "f") for number in range(9)) == ["tinyxml2"]


def test_what_is_kept() -> None:
    assert keys([b"_ZN4pugi8xml_node5emptyEv", b"pugi_load_file", b"free", b"_init", b"_ZNSt6vectorIiE4sizeEv"]) == {
        b"pugi::xml_node",
        b"pugi_load_file",
    }


def rows(
    found: dict[str, set[bytes]], *others: set[bytes], implementations: tuple[str, ...] = ()
) -> dict[str, list[bytes]]:
    everybody = found | {f"filler{number}": {b"filler_%d_word" % number} for number in range(2000)}
    result = chosen(
        {name: frozenset(names) for name, names in everybody.items()},
        [frozenset(names) for names in others],
        implementations,
        {"copies": "sqlite_"},
    )
    return {name: names for name, names in result.items() if name in found}


def functions(word: str, *verbs: str) -> set[bytes]:
    return {f"{word}_{verb}_{word}".encode() for verb in verbs}


def test_only_what_one_library_defines_is_kept() -> None:
    verbs = ("open", "close", "decode", "encode", "flush")
    frob, quux = functions("frob", *verbs), functions("quux", *verbs)
    assert rows({"frob": frob, "quux": quux}) == {"frob": sorted(frob), "quux": sorted(quux)}
    assert rows({"frob": frob}, frob) == {}
    assert rows({"frob": frob}, implementations=("frob",)) == {}


def test_what_a_library_contains_is_not_its_own() -> None:
    frob = functions("frob", "open", "close", "decode", "encode", "flush")
    large = functions("large", *(f"verb{chr(97 + n)}" for n in range(20)))
    found = rows({"frob": frob, "large": large | frob})
    assert found == {"frob": sorted(frob), "large": sorted(large)}
    # A name with another library's first word is that one's, also if that one does not define it.
    assert rows({"frob": frob, "large": large | {b"frob_secret_table_of_large"}}) == found


def test_what_a_library_has_of_one_that_is_in_no_package() -> None:
    copied = functions("sqlite", "open", "close", "decode", "encode", "flush")
    assert rows({"copies": copied}) == {}


def test_the_command_that_makes_the_table_needs_all_packages(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "castiron_audit.make_library_functions", str(tmp_path)]
    done = subprocess.run(command, check=False, text=True, capture_output=True)
    assert done.returncode == 1
    assert "libzint" in done.stderr
