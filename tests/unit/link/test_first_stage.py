"""Small programs whose segments are compressed: they run as before, and what is damaged is told.

A program of the target is linked as `link` does it, and compressed; the tests of whole applications are in
``tests/integration/test_small.py``.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import zstandard

from castiron_common.errors import LinkError
from castiron_common.progress import SilentReporter
from castiron_elf.abi import PT_LOAD
from castiron_elf.executable import read_executable
from castiron_elf.sections import file_layout, read_sections
from castiron_link.first_stage import FRAMES_SECTION, KEPT, compress_executable
from castiron_link.layout import payload_script
from castiron_link.ld import LinkerCall, run_linker
from castiron_runtime.first_stage import first_stage
from castiron_runtime.packs import component_by
from castiron_runtime.toolchain import open_toolchain
from tests.support.elf_values import TARGET
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_elf.executable import Executable, Segment
    from castiron_link.model import Compressed

PAGE = 4096

PROGRAM = r"""
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

const char *castiron_payload = "";
__attribute__((section(".castiron.payload"), used)) static const char payload[] = "payload";

static __thread int of_thread = 5;
static int data[1000] = {1, 2, 3};
static char zeros[100000];
static const char *const names[] = {"one", "two"};
static int started;
extern int main();

__attribute__((constructor)) static void start(void) { started = 7; }

int main(int argc, char **argv, char **environment)
{
    const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
    int loads = 0;
    for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
        loads += headers[i].p_type == PT_LOAD && headers[i].p_filesz != 0;
    int sum = 0;
    for (unsigned i = 0; i < sizeof zeros; i++)
        sum += zeros[i];
    of_thread += data[2];
    const char *argument = argc > 1 ? argv[1] : "";
    printf("%d %d %d %d %s %s %d %s\n", argc, loads, started, of_thread, names[1], payload, sum, argument);
    printf("%s\n", environment[0] ? environment[0] : "no environment");
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096];
    int both = 0;
    while (maps && fgets(line, sizeof line, maps))
        both += strstr(line, "wx") != NULL;
    printf("writable and executable: %d\n", both);
    return 3;
}
"""


def linked(folder: Path, *, pie: bool) -> tuple[Path, Path]:
    """Return a program as the linker made it, and the first stage."""
    toolchain = open_toolchain(TARGET, pie=pie, reporter=SilentReporter())
    (folder / "program.c").write_text(PROGRAM)
    (folder / "payload.ld").write_text(payload_script(PAGE))
    compiled = [
        *toolchain.cc,
        *toolchain.cflags,
        "-D_GNU_SOURCE",
        "-c",
        folder / "program.c",
        "-o",
        folder / "program.o",
    ]
    subprocess.run(list(map(str, compiled)), check=True, timeout=PATIENCE)
    run_linker(
        LinkerCall(
            linker=toolchain.linker,
            target=toolchain.target.compiler.linker,
            objects=(toolchain.crt1, folder / "program.o"),
            archives=toolchain.libraries,
            output=folder / "program",
            map=folder / "program.map",
            pie=pie,
            image_base=0x20_0000 if pie else None,
            scripts=(folder / "payload.ld",),
        )
    )
    zstd = component_by("zstd", toolchain, toolchain, reporter=SilentReporter())
    return folder / "program", first_stage(toolchain, zstd, reporter=SilentReporter())


class Small:
    """A program before and after."""

    def __init__(self, folder: Path, *, pie: bool) -> None:
        self.path, self.stage = linked(folder, pie=pie)
        self.before = self.path.read_bytes()
        self.linked: Executable = read_executable(self.path)
        self.compressed: Compressed = compress_executable(self.path, self.stage, page=PAGE)
        self.after = read_executable(self.path)

    def content(self, load: Segment) -> bytes:
        return self.before[load.offset : load.offset + load.file_size]

    @property
    def frames(self) -> tuple[int, int]:
        """Offset and bytes of the frames in the file."""
        row = next(row for row in self.after.sections if self.after.section_name(row) == FRAMES_SECTION)
        return row[4], row[5]


@pytest.fixture(scope="module", params=[False, True], ids=["fixed", "pie"])
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Small:
    return Small(tmp_path_factory.mktemp("small"), pie=request.param)


def ended(program: Path | str, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE, **options
    )  # type: ignore[call-overload, no-any-return]


OUTPUT = "2 {loads} 7 8 two payload 0 word\nNAME=value\nwritable and executable: 0\n"


def test_a_program_runs_as_before(small: Small) -> None:
    loads = sum(load.file_size > 0 for load in small.linked.loads)
    done = ended(small.path, "word", env={"NAME": "value"})
    assert (done.returncode, done.stdout, done.stderr) == (3, OUTPUT.format(loads=loads), "")
    done = ended(small.path, env={})
    assert (done.returncode, done.stdout.splitlines()[1]) == (3, "no environment")


def test_a_program_that_is_started_by_its_descriptor_runs(small: Small) -> None:
    script = "import os, sys; os.execve(os.open(sys.argv[1], os.O_RDONLY | os.O_CLOEXEC), ['program'], {})"
    assert ended(sys.executable, "-c", script, str(small.path)).returncode == 3


def test_frames_hold_the_bytes_of_the_segments(small: Small) -> None:
    offset, size = small.frames
    data = small.path.read_bytes()[offset : offset + size]
    at = small.compressed.table
    emptied = [load for load in small.linked.loads if load.file_size and not small.linked.sections_of(load) & KEPT]
    assert len(emptied) == len(small.compressed.segments) == 4
    for load, segment in zip(emptied, small.compressed.segments, strict=True):
        content = zstandard.ZstdDecompressor().decompress(data[at : at + segment.stored])
        assert content.ljust(load.file_size, b"\0") == small.content(load)
        assert segment.size == load.file_size
        at += segment.stored
    assert at == size


def test_addresses_are_those_of_the_linker(small: Small) -> None:
    loads = small.after.loads
    assert [load.address for load in loads] == sorted(load.address for load in loads)
    for before in small.linked.loads:
        assert any(load.address <= before.address and before.end <= load.end for load in loads)
    kept = read_sections(small.path, (".castiron.payload",))
    assert kept == {".castiron.payload": b"payload\0"}
    names = {small.linked.section_name(row): row[3] for row in small.linked.sections}
    after = {small.after.section_name(row): row[3] for row in small.after.sections}
    assert {name: after[name] for name in names if not name.startswith(".note")} == {
        name: address for name, address in names.items() if not name.startswith(".note")
    }
    assert after.keys() - names.keys() == {
        ".castiron.stage.constants",
        ".castiron.stage.zstd.constants",
        ".castiron.stage.code",
        ".castiron.stage.zstd.code",
        ".castiron.frames",
    }
    assert all(segment.flags & 3 != 3 for segment in small.after.segments if segment.type == PT_LOAD)


def test_the_first_segment_has_the_headers_and_notes(small: Small) -> None:
    first = small.after.loads[0]
    assert (first.offset, first.file_size) == (0, first.memory_size)
    notes = read_sections(small.path, (".note.gnu.build-id",))[".note.gnu.build-id"]
    assert struct.unpack_from("<III", notes) == (4, 20, 3)
    assert notes in small.before
    layout = file_layout(small.path)
    assert sum(size for _, _, size in layout.parts) + layout.padding == layout.size == small.path.stat().st_size


def test_same_inputs_give_the_same_bytes(small: Small, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.write_bytes(small.before)
    compress_executable(again, small.stage, page=PAGE)
    assert again.read_bytes() == small.path.read_bytes()


DAMAGED = "castiron: this executable is damaged: copy or link it again\n"


def changed(small: Small, tmp_path: Path, data: bytes) -> subprocess.CompletedProcess[str]:
    copy = tmp_path / "copy"
    copy.write_bytes(data)
    copy.chmod(0o755)
    return ended(copy)


def test_flipped_bytes_are_told(small: Small, tmp_path: Path) -> None:
    offset, size = small.frames
    places = {offset, offset + small.compressed.table - 1, offset + size - 1}
    places |= {offset + size * part // 23 for part in range(23)}
    for place in sorted(places):
        data = bytearray(small.path.read_bytes())
        data[place] ^= 0x41
        done = changed(small, tmp_path, data)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", DAMAGED), place - offset


def test_a_file_that_was_cut_short_is_told(small: Small, tmp_path: Path) -> None:
    offset, size = small.frames
    for left in (offset - PAGE, offset + 1, offset + size // 2, offset + size - 1):
        done = changed(small, tmp_path, small.path.read_bytes()[:left])
        assert (done.returncode, done.stdout, done.stderr) == (1, "", DAMAGED), left - offset


def test_a_system_that_forbids_written_code_is_told(small: Small) -> None:
    script = (
        "import ctypes, os, sys\n"
        "if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0): sys.exit(77)\n"  # PR_SET_MDWE, of Linux 6.3
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    done = ended(sys.executable, "-c", script, str(small.path))
    if done.returncode == 77:
        pytest.skip("this kernel has no PR_SET_MDWE")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("castiron: this system forbids to execute memory that was written")


def test_without_room_before_it_an_executable_is_refused(tmp_path: Path) -> None:
    path, stage = linked(tmp_path, pie=False)
    # As if it began at the lowest address that Linux maps.
    source = read_executable(path)
    data = bytearray(path.read_bytes())
    at = source.header[5]
    for number, segment in enumerate(source.segments):
        if segment.address:
            struct.pack_into("<Q", data, at + 56 * number + 16, segment.address - source.loads[0].address + 0x10000)
    path.write_bytes(data)
    with pytest.raises(LinkError, match="no room before its address"):
        compress_executable(path, stage, page=PAGE)
