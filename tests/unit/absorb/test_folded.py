"""Images whose segments lie far apart: no byte of the executable for what is between them, and all else as ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from elftools.elf.elffile import ELFFile

from castiron_common.errors import NativeError
from castiron_elf.abi import ET_DYN, PT_LOAD
from castiron_elf.headers import Headers, Segment
from castiron_elf.shared_object import SharedObject
from castiron_link.absorb.folded import Folding, Run, runs_of
from tests.unit.absorb.test_run import PRELUDE

if TYPE_CHECKING:
    from tests.unit.absorb.conftest import Workshop

PAGE = 0x1000

LIBRARY = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <string.h>

static int numbers[600] = {[0] = 4, [70] = 5, [599] = 6};
/* Beyond the first bits of a packed list, and constant once they are relocated. */
static int *const pointers[600] = {[0] = &numbers[0], [1] = &numbers[70], [300] = &numbers[70], [599] = &numbers[599]};
int *changing[600] = {[0] = &numbers[599], [400] = &numbers[0]};
size_t (*length)(const char *) = strlen;
static __thread int *own = &numbers[70];
static char zeros[3 << 20];

int get(void)
{
    zeros[sizeof zeros - 1]++;
    const volatile int *const *p = (const volatile int *const *)pointers;
    return *p[0] * 100000 + *p[300] * 10000 + *p[599] * 1000 + *changing[400] * 100 + *own * 10
           + (int)length("ab") + zeros[sizeof zeros - 1] - 1 + zeros[5];
}

static int count(struct dl_phdr_info *info, size_t size, void *data)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type == PT_LOAD && (uintptr_t)get - (info->dlpi_addr + p->p_vaddr) < p->p_memsz)
            ++*(int *)data;
    }
    return 0;
}

/* One object has the code, one name, one function; an address between the segments is nobody else's. */
int known(void)
{
    Dl_info info;
    int found = 0;
    dl_iterate_phdr(count, &found);
    return found == 1 && dladdr((char *)get + 1, &info) && info.dli_sname && strcmp(info.dli_sname, "get") == 0;
}
"""


def _wide(workshop: Workshop) -> None:
    workshop.wide = True
    workshop.library("a.so", LIBRARY)
    workshop.library("b.so", "int get(void); int both(void) { return get() + 1; } __thread int t = 3;", needs=("a.so",))
    workshop.wide = False
    workshop.library("narrow.so", "static int x = 8; static int *p = &x; int narrow(void) { return *p; }")


MAIN = (
    PRELUDE
    + """
#include <sys/mman.h>
int main(void) {
    char line[300];
    int both_ways = 0, pid, status = 0;
    FILE *maps;
    printf("%d ", CALL(open_("narrow.so"), "narrow"));
    printf("%d %d ", CALL(open_("b.so"), "both"), CALL(open_("a.so"), "known"));
    if ((pid = fork()) == 0) _exit(CALL(open_("a.so"), "get") != 456453);
    waitpid(pid, &status, 0);
    for (maps = fopen("/proc/self/maps", "r"); fgets(line, sizeof line, maps);)
        both_ways += strstr(line, "wx") != NULL;
    printf("%d %d", status, both_ways);
}
"""
)


def test_gaps_take_no_bytes_and_everything_works(workshop: Workshop) -> None:
    _wide(workshop)
    assert workshop.run(MAIN) == "8 456453 1 0 0"
    program = workshop.folder / "program"
    with program.open("rb") as file:
        sections = {section.name: section["sh_size"] for section in ELFFile(file).iter_sections()}
    spans = sum(image.size for image in workshop.absorb().images)
    assert spans > 12 << 20
    assert program.stat().st_size < 1 << 20
    assert (".castiron.folded" in sections) is not workshop.packed
    assert sections[".castiron.images"] < 200_000 or workshop.packed


def test_what_could_not_be_moved_is_not_tried_again(workshop: Workshop) -> None:
    if workshop.packed:
        return  # Nothing is moved then.
    _wide(workshop)
    main = """
    #include <stdarg.h>
    #include <sys/mman.h>
    static int calls;
    void *mremap(void *old, size_t from, size_t to, int flags, ...) { calls++; errno = ENOMEM; return MAP_FAILED; }
    int main(void) {
        for (int i = 0; i < 2; i++)
            printf("%s; ", dlopen("a.so", RTLD_NOW) ? "opened" : dlerror());
        printf("%d", calls);
    }
    """
    out = workshop.run(PRELUDE + main)
    assert out == "a.so cannot be used: Out of memory; a.so cannot be used: Exec format error; 1"


def _segment(vaddr: int, filesz: int, memsz: int) -> Segment:
    return Segment(PT_LOAD, 4, 0, vaddr, filesz, memsz, PAGE)


def _image(*segments: Segment) -> SharedObject:
    span = max((item.end + PAGE - 1) & -PAGE for item in segments)
    headers = Headers(
        bits=64,
        little_endian=True,
        type=ET_DYN,
        machine=62,
        machine_name="X86_64",
        segments=segments,
        interpreter=None,
        dynamic=None,
        section_alignment=None,
        comment=b"",
        crates=None,
    )
    return SharedObject(sha256="", size=0, headers=headers, span=span)


@pytest.mark.parametrize(
    ("segments", "runs"),
    [
        (((0, 100, 100), (0x200F00, 0x200, 0x400)), (Run(0, PAGE), Run(0x200000, 2 * PAGE))),
        (((0, 100, 3 << 20),), (Run(0, PAGE),)),
        (
            ((0x200F00, 1, 1), (0, 0, 50), (0x2000, PAGE, PAGE), (0x4000, 1, 1)),
            (Run(0x2000, 3 * PAGE), Run(0x200000, PAGE)),
        ),
        (((0, 100, 100), (0xFF000, 1, 1)), ()),
    ],
    ids=["wide gap", "zero tail", "near ones together", "not worth it"],
)
def test_runs(segments: tuple[tuple[int, int, int], ...], runs: tuple[Run, ...]) -> None:
    assert runs_of(_image(*(_segment(*item) for item in segments)), page=PAGE) == runs


def test_places() -> None:
    folding = Folding((Run(0x1000, 0x2000), Run(0x200000, 0x1000)), name="x.so")
    assert [folding.place(offset) for offset in (0x1000, 0x2FF8, 0x200008)] == [0, 0x1FF8, 0x2008]
    for offset in (0xFF8, 0x3000, 0x1FFFF8, 0x201000):
        with pytest.raises(NativeError, match=f"x.so has a relocation at {offset:#x}"):
            folding.place(offset)
    memory = bytes(0x1000) + b"a" * 0x2000 + bytes(0x1FD000) + b"b" * 0x1000
    assert folding.content(memory) == b"a" * 0x2000 + b"b" * 0x1000
