"""docs/runtime-packs.md, "Adding a target" and "Adding a CPython series", done with a pretended machine and series.

Both end where the compiler would begin: with the command lines that it and the linker would be called by.
"""

from __future__ import annotations

import shutil
import struct
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from elftools.elf.elffile import ELFFile

from castiron_common.errors import RuntimePackError
from castiron_common.target import PythonTarget, Role, Target
from castiron_elf.writer import ObjectWriter, SectionFlag
from castiron_link.absorb.layout import linker_script
from castiron_link.layout import payload_script
from castiron_link.ld import LinkerCall, arguments
from castiron_runtime import recipe as recipes
from castiron_runtime.compiler import OPTIMISATION, compiler
from castiron_runtime.cpython import configure_command
from castiron_runtime.interpreter import link_arguments
from castiron_runtime.model import Toolchain
from castiron_runtime.pack_reader import changed
from castiron_runtime.process import require_host
from castiron_runtime.recipe import (
    LATE,
    build_key,
    cpython_recipe,
    filled,
    late,
    load_recipe,
    parse_recipe,
    recipe_names,
    supported_pythons,
)
from castiron_runtime.stub import target_flags
from castiron_runtime.target_files import load_target, target_names
from castiron_runtime.toolchain import toolchain_key
from castiron_runtime.zig import Zig
from castiron_wheels.markers import marker_environment
from castiron_wheels.tags import fits, supported_tags
from tests.support.targets import TARGET

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "pretend64-linux-musl"
PRETENDED = Path(__file__).parent / "pretended"
OTHERS = ("x86", "X86", "amd64", "i386", "emmintrin")
"""What must be in nothing that is for the pretended machine."""


@pytest.fixture(scope="module")
def target() -> Target:
    """Step 1: the file; the loader is told of its folder."""
    assert target_names(PRETENDED) == (NAME,)
    return load_target(NAME, PRETENDED)


def texts(value: object) -> Iterator[str]:
    """Yield every text in a value, with those in its fields."""
    if isinstance(value, str | Path):
        yield str(value)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        yield from texts(list(value.items()))
    elif hasattr(value, "__dataclass_fields__"):
        yield from texts([getattr(value, name) for name in value.__dataclass_fields__])


def require_nothing_of_others(value: object) -> None:
    found = [text for text in texts(value) if any(other in text for other in OTHERS)]
    assert found == []


def test_the_check_for_other_machines_can_fail() -> None:
    with pytest.raises(AssertionError):
        require_nothing_of_others([{"a": filled(load_recipe("openssl"), TARGET)}])


def zig() -> Zig:
    return Zig(program=Path("/zig/zig"), version="0")


def toolchain(target: Target) -> Toolchain:
    return Toolchain(
        version="0",
        key="",
        pie=False,
        target=target,
        linker=("/zig/zig", "ld.lld"),
        cc=compiler(zig(), target),
        cflags=OPTIMISATION,
        crt1=Path("/t/crt1.o"),
        libraries=(Path("/t/libc.a"),),
    )


def test_the_compilers_command_line(target: Target) -> None:
    words = compiler(zig(), target)
    assert "--target=pretend64-linux-musl" in words
    assert "-mcpu=pretended" in words
    headers = [word for word in words if word.startswith("-isystem")]
    assert headers[0] == "-isystem/zig/lib/libc/include/pretend64-linux-musl"
    assert headers[3] == "-isystem/zig/lib/libc/include/pretend-linux-any"
    require_nothing_of_others([words, toolchain(target)])
    assert toolchain_key(zig(), target) != toolchain_key(zig(), TARGET)


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipes_command_lines(target: Target, name: str) -> None:
    recipe = filled(load_recipe(name), target)
    require_nothing_of_others([recipe.build, recipe.python, recipe.extensions])
    if recipe.build is not None:
        values = dict.fromkeys(LATE, "1")
        assert not any("{triple}" in late(word, values) for command in recipe.build.commands for word in command)


def test_what_recipes_put_in_the_place_of_names(target: Target) -> None:
    commands = {name: filled(load_recipe(name), target).library.commands for name in ("openssl", "musl", "xz", "zlib")}
    assert "linux-pretend64" in commands["openssl"][0]
    assert "--target=pretend64-linux-musl" in commands["musl"][1]
    assert {"--host=pretend64-linux-musl", "--build=pretend64-linux-musl"} <= set(commands["xz"][0])
    assert "ld.lld -m elf64pretend " in commands["zlib"][2][2]
    libffi = filled(load_recipe("libffi"), target).library
    assert "src/pretend/ffi.c" in libffi.archive[0].sources
    assert libffi.headers[-1] == "src/pretend/ffitarget.h"
    assert libffi.write[0].replaced["@TARGET@"] == "PRETEND64"
    assert "#define HAVE_PRETENDED 1" in str(libffi.write[1].text)
    assert "-Iarch/pretend64" in filled(load_recipe("musl-math"), target).library.archive[0].flags
    assert configure_command(cpython_recipe("3.13"), target, "Python")[:3] == [
        "../Python/configure",
        "--host=pretend64-linux-musl",
        "--build=pretend64-linux-musl",
    ]


def test_a_name_that_the_target_forgot_is_told_with_its_file(target: Target) -> None:
    without = {name: text for name, text in target.recipes.texts.items() if name != "openssl_target"}
    forgetful = replace(target, recipes=replace(target.recipes, texts=without))
    with pytest.raises(RuntimePackError, match=r"openssl needs \{openssl_target\}") as caught:
        filled(load_recipe("openssl"), forgetful)
    assert f"targets/{NAME}.toml" in caught.value.hint


def test_the_linkers_command_lines(target: Target) -> None:
    output, map_ = Path("/w/app"), Path("/w/map")
    application = arguments(
        LinkerCall(linker=("ld.lld",), target=target.compiler.linker, objects=(), archives=(), output=output, map=map_)
    )
    interpreter = link_arguments(
        target,
        start=[],
        objects=[],
        whole=[],
        hidden=[],
        end=Path("/m/crtn.o"),
        libraries=Path("/i/lib"),
        loader=Path("/i/lib") / target.libc.loader,
        output=Path("/i/bin/python"),
    )
    for words in (application[1:], interpreter):
        assert words[:4] == ["-m", "elf64pretend", "-z", "max-page-size=65536"]
        require_nothing_of_others(words)
    assert "/i/lib/ld-musl-pretend64.so.1" in interpreter


def test_what_the_stub_is_told(target: Target) -> None:
    assert target_flags(target, folder=Path("/s")) == (
        '-DCASTIRON_TARGET="pretend64-linux-musl"',
        '-DCASTIRON_LIBC="libc.musl-pretend64.so.1"',
        "-DCASTIRON_PAGE_SIZE=65536",
        "-DCASTIRON_TLS_ALIGNMENT=64",
        "-I/s/machine/pretend64",
    )


def test_wheels_and_markers(target: Target) -> None:
    pretended = PythonTarget(target=target, python="3.13", version="3.13.0")
    tags = [str(tag) for tag in supported_tags(pretended)]
    assert tags[0] == "cp313-cp313-musllinux_1_2_pretend64"
    assert fits("a-1-cp313-cp313-musllinux_1_2_pretend64.whl", pretended)
    assert not fits("a-1-cp313-cp313-musllinux_1_2_x86_64.whl", pretended)
    environment = marker_environment(pretended)
    assert environment["platform_machine"] == "pretend64"
    assert pretended.suffixes[0] == ".cpython-313-pretend64-linux-musl.so"
    require_nothing_of_others([tags, dict(environment), pretended.suffixes, target.wheels])


def test_relocations_by_role(target: Target) -> None:
    elf = target.elf
    assert elf.kinds[Role.ABSOLUTE] == 201
    assert elf.roles[209] is Role.RELATIVE
    assert elf.names[elf.kinds[elf.tls.word]] == "R_PRETEND_64"
    assert (elf.tls.variant, elf.tls.bias) == (1, 64)
    require_nothing_of_others(elf)


def test_an_object_is_written_for_the_machine(target: Target, tmp_path: Path) -> None:
    writer = ObjectWriter(target.elf)
    section = writer.add_section(".data.words", flags=SectionFlag.ALLOC, align=8, data=bytes(8))
    writer.undefined("elsewhere")
    writer.relocate(section, 0, writer.absolute, "elsewhere")
    writer.write(tmp_path / "a.o")
    with (tmp_path / "a.o").open("rb") as file:
        elf = ELFFile(file)
        assert elf["e_machine"] == target.elf.machine
        relocations = next(part for part in elf.iter_sections() if part.name.startswith(".rela"))
        assert [item["r_info_type"] for item in relocations.iter_relocations()] == [201]


def test_the_applications_memory_is_laid_out_for_its_pages(target: Target) -> None:
    assert "ALIGN(0x10000)" in payload_script(target.elf.page_size)
    assert "ALIGN(0x10000)" in linker_script(target.elf.page_size)


def test_packs_are_built_on_such_a_machine(target: Target) -> None:
    with pytest.raises(RuntimePackError, match="Runtime packs for pretend64-linux-musl are built on Pretend 64 Linux"):
        require_host(target)


# ---- a series


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Step 1 of another: the recipe, among those there are."""
    folder = tmp_path_factory.mktemp("recipes")
    for file in recipes.FOLDER.glob("*.toml"):
        shutil.copy(file, folder)
    text = (folder / "cpython-3.13.toml").read_text().replace("3.13", "3.99")
    (folder / "cpython-3.99.toml").write_text(text + '\n[cpython.extension._ctypes]\nsources = ["_ctypes/one.c"]\n')
    return folder


def test_a_series_is_a_recipe(folder: Path, target: Target) -> None:
    assert supported_pythons(folder) == ("3.11", "3.13", "3.99")
    recipe = filled(cpython_recipe("3.99", folder), target)
    assert recipe.cpython.feature == "3.99"
    assert recipe.pins[0].version.startswith("3.99.")
    assert configure_command(recipe, target, "Python-3.99.0")[0] == "../Python-3.99.0/configure"
    assert build_key(recipe) != build_key(filled(cpython_recipe("3.13", folder), target))


def test_a_series_changes_what_libraries_offer(folder: Path) -> None:
    changes = cpython_recipe("3.99", folder).cpython.extensions
    ctypes = next(item for item in load_recipe("libffi", folder).extensions if item.name == "_ctypes")
    assert changed(ctypes, changes["_ctypes"]).sources == ("_ctypes/one.c",)
    assert changed(ctypes, changes["_ctypes"]).flags == ctypes.flags


def test_a_module_of_later_series_alone(folder: Path) -> None:
    text = (
        folder / "zlib.toml"
    ).read_text() + '\n[[extension]]\nname = "_new"\nsources = ["n.c"]\nseries_from = "3.99"\n'
    new = parse_recipe("zlib", text.encode()).extensions[-1]
    assert [python for python in supported_pythons(folder) if new.is_in(python)] == ["3.99"]


def test_wheels_of_a_series() -> None:
    later = PythonTarget(target=TARGET, python="3.99", version="3.99.1")
    assert str(supported_tags(later)[0]) == f"cp399-cp399-{TARGET.wheels.tags[0]}"
    assert marker_environment(later)["python_full_version"] == "3.99.1"
    assert fits("a-1-cp38-abi3-musllinux_1_2_x86_64.whl", later)
    assert later.suffixes[0] == f".cpython-399-{TARGET}.so"


def test_the_files_numbers_fit_their_words(target: Target) -> None:
    """The widths that an object's writer packs these with."""
    struct.pack("<H", target.elf.machine)
    struct.pack("<I", max(target.elf.names))
