"""Shared objects that this machine's GCC linked against glibc do the same in a static binary as with glibc."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from elftools.elf.elffile import ELFFile

from tests.support.linking import command, run
from tests.support.needs import need, strace

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.integration, need("gcc", all(map(shutil.which, ("gcc", "g++"))))]

C_LIBRARY = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static __thread long calls = 7;

/* GNU's strerror_r returns the text, its basename of "a/b/" is empty, its regmatch_t has other offsets than musl's;
   the functions that know the size of a buffer are glibc's alone. */
int describe(const char *text, char *out, size_t size)
{
    char room[64], copy[16];
    regex_t pattern;
    regmatch_t found[2];
    struct stat root;
    int start = -1;
    if (regcomp(&pattern, "o(.)", REG_EXTENDED) == 0 && regexec(&pattern, text, 2, found, 0) == 0)
        start = (int) found[1].rm_so;
    regfree(&pattern);
    strcpy(copy, text);
    calls++;
    return snprintf(out, size, "%s|%s|%d|%ld|%ld|<%s>|%d", copy, strerror_r(ENOENT, room, sizeof room), start,
                    strtol("0x1f", NULL, 16), calls, basename("a/b/"), stat("/", &root) == 0 && S_ISDIR(root.st_mode));
}
"""

CXX_LIBRARY = r"""
#include <cstring>
#include <locale>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

thread_local int depth = 3;

extern "C" int describe(const char *text, char *out, size_t size)
{
    std::ostringstream told;
    try {
        std::locale::global(std::locale::classic());
        told << std::regex_replace(std::string(text), std::regex("o(.)"), "<$1>") << ' ' << 1.5 << ' ';
        std::thread([&] { told << ++depth << ' '; }).join();
        told << ++depth << ' ' << std::string("abc").at(9);
    } catch (const std::out_of_range &error) {
        told << error.what();
    }
    std::strncpy(out, told.str().c_str(), size);
    return 0;
}
"""

APPLICATION = """\
import ctypes
import os

library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "liblocal.so"))
out = ctypes.create_string_buffer(300)
for text in (b"hello world", b"xyz"):
    library.describe(text, out, ctypes.c_size_t(300))
    print(out.value.decode())
with open("/proc/self/maps") as maps:
    print("writable and executable:", sum("wx" in line.split()[1] for line in maps))
"""

WIDE = ("-Wl,-z,max-page-size=0x200000", "-Wl,-z,separate-code")
"""Segments lie 2 MiB apart, as linkers of manylinux made them for years."""


def _built(folder: Path, source: str, compiler: str, *options: str) -> None:
    (folder / "code.txt").write_text(source)
    language = "c++" if compiler == "g++" else "c"
    flags = ("-O2", "-fPIC", "-shared", "-D_FORTIFY_SOURCE=3", "-x", language)
    done = run([compiler, *flags, "code.txt", *options, "-o", "liblocal.so"], cwd=folder)
    assert done.status == 0, done.stderr
    (folder / "app.py").write_text(APPLICATION)


@pytest.mark.parametrize(
    ("source", "compiler", "options"),
    [
        (C_LIBRARY, "gcc", WIDE),
        (CXX_LIBRARY, "g++", ("-static-libstdc++", "-static-libgcc")),
    ],
    ids=["c, wide gaps", "c++"],
)
def test_a_library_of_glibc_s_does_the_same(
    source: str, compiler: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    _built(tmp_path, source, compiler, *options)
    reference = run([sys.executable, "app.py"], cwd=tmp_path)
    assert reference.status == 0, reference.stderr
    traced = command("trace", "app.py", "-v", "-o", "app.manifest", cwd=tmp_path)
    assert traced.status == 0, traced.stderr
    linked = command("link", "app.manifest", "-o", "app", "--keep-map", "app.map", cwd=tmp_path)
    assert linked.status == 0, linked.stderr
    (tmp_path / "liblocal.so").unlink()
    done = run([tmp_path / "app"], cwd=tmp_path, env={})
    assert (done.status, done.stdout) == (0, reference.stdout), done.stderr
    assert "libcastiron_gnu.a" in (tmp_path / "app.map").read_text()
    with (tmp_path / "app").open("rb") as file:
        sizes = {section.name: section["sh_size"] for section in ELFFile(file).iter_sections()}
    # What is between the segments takes addresses, and no bytes of the file.
    assert (sizes.get(".castiron.folded", 0) >= 6 << 20) is (options == WIDE)
    assert sizes[".castiron.images"] < 4 << 20


@strace
def test_images_with_wide_gaps_in_every_kind_of_executable(tmp_path: Path) -> None:
    """No page can be written and executed at once, at no time; position-independent, and with symbols."""
    _built(tmp_path, C_LIBRARY, "gcc", *WIDE)
    reference = run([sys.executable, "app.py"], cwd=tmp_path)
    traced = command("trace", "app.py", "-o", "app.manifest", cwd=tmp_path)
    assert traced.status == 0, traced.stderr
    options = ("--pie", "--symbols", "app.debug", "--licenses", "json")
    linked = command("link", "app.manifest", "-o", "app", *options, cwd=tmp_path)
    assert linked.status == 0, linked.stderr
    calls = ("strace", "-f", "-e", "trace=mmap,mprotect,mremap", "-o", "calls")
    done = run([*calls, tmp_path / "app"], cwd=tmp_path, env={})
    assert (done.status, done.stdout) == (0, reference.stdout), done.stderr
    made = (tmp_path / "calls").read_text()
    assert "mremap(" in made
    assert "PROT_READ|PROT_EXEC" in made
    assert not [line for line in made.splitlines() if "PROT_WRITE" in line and "PROT_EXEC" in line]
    with (tmp_path / "app.debug").open("rb") as file:
        names = ELFFile(file)
        (symbol,) = names.get_section_by_name(".symtab").get_symbol_by_name("describe")
        assert names.get_section(symbol["st_shndx"]).name == ".castiron.folded"
        places = names.get_section(symbol["st_shndx"])
        assert places["sh_addr"] <= symbol["st_value"] < places["sh_addr"] + places["sh_size"]
    report = json.loads((tmp_path / "app.licenses.json").read_text())
    sizes = [item["size"] for item in report["components"]] + [size for _, size in report["overhead"]]
    assert sum(sizes) == report["file_size"] == (tmp_path / "app").stat().st_size


def test_what_neither_has_is_refused_by_name(tmp_path: Path) -> None:
    missing = "int gnu_get_nothing(void); int describe(void) { return gnu_get_nothing(); }"
    _built(tmp_path, missing, "gcc", "-lc")
    traced = command("trace", "app.py", "-o", "app.manifest", cwd=tmp_path)
    assert traced.status == 0, traced.stderr
    linked = command("link", "app.manifest", "-o", "app", cwd=tmp_path)
    assert "liblocal.so (app)" in linked.stderr
    assert "gnu_get_nothing" in linked.stderr


def test_a_binary_without_such_libraries_has_no_stand_in(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import ctypes\nprint(ctypes.sizeof(ctypes.c_int))\n")
    traced = command("trace", "app.py", "-o", "app.manifest", cwd=tmp_path)
    assert traced.status == 0, traced.stderr
    linked = command("link", "app.manifest", "-o", "app", "--keep-map", "app.map", cwd=tmp_path)
    assert linked.status == 0, linked.stderr
    assert "castiron_gnu" not in (tmp_path / "app.map").read_text()
