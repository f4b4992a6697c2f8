"""The real linker, on objects that we write ourselves: no compiler is needed."""

import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import ziglang

from castiron_common.disk import mount_point
from castiron_common.errors import HostToolError, LinkError, OutputError
from castiron_elf.writer import ObjectWriter, SectionFlag
from castiron_link.ld import LinkerCall, linker_error, run_linker
from castiron_link.map_file import functions, taken
from tests.support.elf_values import ELF
from tests.support.targets import TARGET

LINKER = (str(Path(ziglang.__file__).with_name("zig")), "ld.lld")


def make(path: Path, *, defines: tuple[str, ...] = (), needs: tuple[str, ...] = ()) -> Path:
    writer = ObjectWriter(ELF)
    code = writer.add_section(".text.it", flags=SectionFlag.ALLOC | SectionFlag.EXECINSTR, data=b"\xc3" * 16)
    for symbol in defines:
        writer.define(symbol, code, 0)
    table = writer.add_section(".rodata.it", flags=SectionFlag.ALLOC | SectionFlag.RETAIN, align=8, data=bytes(64))
    for index, symbol in enumerate(needs):
        writer.undefined(symbol)
        writer.relocate(table, 8 * index, writer.absolute, symbol)
    writer.write(path)
    return path


def call(tmp_path: Path, *objects: Path) -> LinkerCall:
    return LinkerCall(
        linker=LINKER,
        target=TARGET.compiler.linker,
        objects=objects,
        archives=(),
        output=tmp_path / "out",
        map=tmp_path / "out.map",
    )


def test_links_and_maps(tmp_path: Path) -> None:
    made = make(tmp_path / "a.o", defines=("_start",))
    assert run_linker(call(tmp_path, made)) == ()
    with (tmp_path / "out.map").open() as lines:
        assert str(made) in {piece.source for piece in taken(lines, {".text"}).pieces}
    assert (tmp_path / "out").read_bytes()[:4] == b"\x7fELF"


def test_same_bytes_in_another_folder(tmp_path: Path) -> None:
    outputs = []
    for name in ("one", "another, with a longer name"):
        folder = tmp_path / name
        folder.mkdir()
        run_linker(call(folder, make(folder / "a.o", defines=("_start",), needs=("_start",))))
        outputs.append((folder / "out").read_bytes())
    assert outputs[0] == outputs[1]


def test_functions_lie_in_the_given_order_and_others_behind_them(tmp_path: Path) -> None:
    names = ("unknown", "_start", "second", "first")
    objects = [make(tmp_path / f"{name}.o", defines=(name,)) for name in names]
    user = make(tmp_path / "user.o", needs=names)
    order = tmp_path / "order"
    order.write_text("first\nin no object\nsecond\n_start\n")
    assert run_linker(replace(call(tmp_path, *objects, user), order=order)) == ()
    with (tmp_path / "out.map").open() as lines:
        assert functions(lines) == ["first", "second", "_start", "unknown"]


def test_undefined_symbols_name_who_needs_them(tmp_path: Path) -> None:
    first = make(tmp_path / "a.o", defines=("_start",), needs=("missing", "gone"))
    second = make(tmp_path / "b.o", needs=("missing",))
    with pytest.raises(LinkError) as caught:
        run_linker(call(tmp_path, first, second))
    assert caught.value.exit_code == 10
    assert caught.value.what.splitlines() == [
        "Nothing defines 2 symbols that the application needs:",
        "  gone  (a.o)",
        "  missing  (a.o, b.o)",
    ]


def test_duplicate_symbols_name_both(tmp_path: Path) -> None:
    objects = [make(tmp_path / name, defines=("_start",)) for name in ("a.o", "b.o")]
    with pytest.raises(LinkError) as caught:
        run_linker(call(tmp_path, *objects))
    assert caught.value.what == "1 symbol defined more than once:\n  _start  (a.o, b.o)"


def test_a_missing_object_is_named(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match=r"nothere\.o"):
        run_linker(call(tmp_path, tmp_path / "nothere.o"))


def test_a_missing_linker_is_named(tmp_path: Path) -> None:
    broken = LinkerCall(
        linker=("/nowhere/zig", "ld.lld"), target=(), objects=(), archives=(), output=tmp_path / "o", map=tmp_path / "m"
    )
    with pytest.raises(HostToolError, match="/nowhere/zig"):
        run_linker(broken)


def test_long_command_lines_go_through_a_file(tmp_path: Path) -> None:
    folder = tmp_path / ('quoted "name" \\ ' + "x" * 120)
    folder.mkdir()
    start = make(folder / "start.o", defines=("_start",))
    others = []
    for index in range(600):
        other = folder / f"{index}.o"
        shutil.copyfile(make(folder / "one.o") if index == 0 else others[0], other)
        others.append(other)
    run_linker(call(tmp_path, start, *others))
    assert (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("stderr", "status", "expected"),
    [
        ("ld.lld: error: a.o: unknown file type\n", 1, "a.o: unknown file type"),
        ("", -9, "signal 9"),
        ("", 3, "exit code 3"),
    ],
)
def test_other_failures(stderr: str, status: int, expected: str) -> None:
    error = linker_error(stderr, status, Path("/build/app"))
    assert expected in error.what
    assert error.hint


@pytest.mark.parametrize(
    ("stderr", "status"),
    [
        ("ld.lld: error: failed to write output 'x': No space left on device\n", 1),
        ("ld.lld: error: failed to write output 'x': Disk quota exceeded\n", 1),
        ("", -signal.SIGBUS),
    ],
)
def test_a_full_disk(stderr: str, status: int, tmp_path: Path) -> None:
    error = linker_error(stderr, status, tmp_path / "app")
    assert isinstance(error, OutputError)
    assert f"no space left on the file system {mount_point(tmp_path)} " in error.what
    assert "castiron cache prune" in error.hint
