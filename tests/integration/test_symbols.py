"""What others see of a linked program from outside: its build id, its symbols, its Python stack."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from castiron_elf.debug_file import BUILD_ID, DEBUG_LINK, build_id
from tests.support import needs
from tests.support.linking import COMMANDS, command, run, trace_and_link

pytestmark = pytest.mark.integration

APP = """
import sys
from markupsafe import _speedups

def waits():
    print(type(_speedups).__name__, flush=True)
    sys.stdin.readline()

waits()
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("symbols")
    (folder / "app.py").write_text(APP)
    trace_and_link(
        ["app.py"], cwd=folder, name="app", requirements=["markupsafe==3.0.2"], options=["--symbols", "app.debug"]
    )
    linked = command("link", "app.manifest", "-o", "plain", cwd=folder)
    assert linked.status == 0, linked.stderr
    return folder


def symbols(path: Path) -> dict[str, tuple[int, int]]:
    """Return (address, bytes) of each function."""
    with path.open("rb") as file:
        (table,) = (s for s in ELFFile(file).iter_sections() if isinstance(s, SymbolTableSection))
        functions = [item for item in table.iter_symbols() if item["st_info"]["type"] == "STT_FUNC"]
        return {item.name: (item["st_value"], item["st_size"]) for item in functions}


def code_at(path: Path, address: int, size: int) -> bytes:
    """Return what a file has at an address."""
    with path.open("rb") as file:
        elf = ELFFile(file)
        (offset,) = elf.address_offsets(address, size)
        file.seek(offset)
        return file.read(size)


@pytest.mark.network
def test_a_build_id_names_what_the_linker_wrote(project: Path) -> None:
    assert len(build_id(project / "app")) == 40
    assert build_id(project / "app") == build_id(project / "plain") == build_id(project / "app.debug")
    (project / "other.py").write_text("print(1)\n")
    other = trace_and_link(["other.py"], cwd=project, name="other")
    assert build_id(other) not in ("", build_id(project / "app"))


@pytest.mark.network
def test_the_executable_is_the_same_with_and_without_symbols(project: Path) -> None:
    with (project / "app").open("rb") as file, (project / "plain").open("rb") as other:
        ours, plain = ELFFile(file), ELFFile(other)
        loaded = [[segment.data() for segment in elf.iter_segments("PT_LOAD")] for elf in (ours, plain)]
        # But for the size of section headers, which are about the file.
        assert [data[64:] for data in loaded[0][:1]] == [data[64:] for data in loaded[1][:1]]
        assert loaded[0][1:] == loaded[1][1:]
        link = ours.get_section_by_name(DEBUG_LINK).data()
        assert plain.get_section_by_name(DEBUG_LINK) is None
    name, _, rest = link.partition(b"\0")
    assert name == b"app.debug"
    assert struct.unpack("<I", rest[-4:])[0] == zlib.crc32((project / "app.debug").read_bytes())


@pytest.mark.network
def test_functions_of_the_interpreter_and_of_images_are_named(project: Path) -> None:
    found = symbols(project / "app.debug")
    assert {"_PyEval_EvalFrameDefault", "Py_FinalizeEx", "main"} <= found.keys()
    with (project / "app.debug").open("rb") as file:
        kept = [s.name for s in ELFFile(file).iter_sections() if s["sh_type"] not in ("SHT_NOBITS", "SHT_NULL")]
    assert {BUILD_ID, ".symtab", ".strtab"} <= set(kept)
    assert not {".text", ".castiron.payload"} & set(kept)

    # The code at an address that the file names is that function's: as in the wheel.
    installed = project / "installed"
    fetched = run(
        [COMMANDS / "uv", "pip", "install", "-q", "--no-deps", "--target", installed, "--python-version", "3.13",
         "--python-platform", "x86_64-unknown-linux-musl", "markupsafe==3.0.2"], cwd=project,
    )  # fmt: skip
    assert fetched.status == 0, fetched.stderr
    (library,) = installed.glob("markupsafe/_speedups*.so")
    with library.open("rb") as file:
        (init,) = ELFFile(file).get_section_by_name(".dynsym").get_symbol_by_name("PyInit__speedups")
    address, size = found["PyInit__speedups"]
    assert size == init["st_size"] > 0
    assert code_at(project / "app", address, size) == code_at(library, init["st_value"], size)


@pytest.mark.network
def test_gdb_finds_the_symbols_by_itself(project: Path) -> None:
    gdb = needs.tool("gdb")
    address, _ = symbols(project / "app.debug")["PyInit__speedups"]
    asked = run([gdb, "-nx", "-batch", "-ex", f"info symbol {address}", "./app"], cwd=project)
    assert asked.stdout.startswith("PyInit__speedups in section .castiron.images"), asked.stdout + asked.stderr


@pytest.mark.network
def test_py_spy_reads_the_python_stack(project: Path) -> None:
    started = subprocess.Popen([project / "plain"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with started:
        assert started.stdout is not None
        assert started.stdout.readline() == "module\n"
        seen = run([Path(sys.executable).parent / "py-spy", "dump", "--pid", str(started.pid)], cwd=project)
        started.communicate("\n")
    assert started.returncode == 0
    assert "waits (app.py:7)" in seen.stdout, seen.stdout + seen.stderr
    assert "<module> (app.py:9)" in seen.stdout


@pytest.mark.network
def test_perf_trampolines_are_refused_with_a_message(project: Path) -> None:
    (project / "trampoline.py").write_text("import sys\nsys.activate_stack_trampoline('perf')\n")
    ended = run([trace_and_link(["trampoline.py"], cwd=project, name="trampoline")], cwd=project)
    assert ended.status == 1
    assert "ValueError: perf trampoline not available" in ended.stderr
