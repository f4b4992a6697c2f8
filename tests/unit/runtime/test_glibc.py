"""The archive of stand-ins for glibc's functions: its sources, its names, what it says of itself."""

from __future__ import annotations

import re
from collections import Counter

from castiron_runtime.glibc import FOLDER, PREFIX, is_available
from castiron_runtime.stub import read_settings
from castiron_runtime.target_files import load_target, target_names

SOURCES = sorted(path for path in FOLDER.rglob("*") if path.suffix in {".c", ".S"})
SAME = re.compile(r"^SAME\((\w+),", re.MULTILINE)


def test_its_settings_are_right() -> None:
    settings = read_settings(FOLDER / "glibc.toml")
    assert "-Wall" in settings.flags
    assert (settings.wrap, settings.wrap_if_used) == ((), ())


def test_every_target_has_its_part() -> None:
    assert [name for name in target_names() if not is_available(load_target(name))] == []


def test_every_file_is_in_the_readme() -> None:
    text = (FOLDER / "README.md").read_text()
    table = text[text.index("## Files") : text.index("## Rules")]
    files = list(FOLDER.glob("*.[ch]"))
    assert len(files) > 25
    assert [path.name for path in files if f"`{path.name}`" not in table and f"`{path.stem}.[ch]`" not in table] == []


def test_no_two_files_make_the_same_member_of_the_archive() -> None:
    assert [name for name, count in Counter(path.stem for path in SOURCES).items() if count > 1] == []


def test_what_does_less_than_glibc_says_so() -> None:
    """A function that takes arguments and only returns an error is a stub, and tells its caller which one it is."""
    silent = re.compile(r"GNU\((\w+)\)\((?!void\))[^{]*\{\s*errno = ENOSYS;", re.DOTALL)
    found = {name for path in SOURCES for name in silent.findall(path.read_text())}
    # Linux itself has no such system call any more.
    assert found <= {"sysctl"}


def test_no_name_has_two_stand_ins() -> None:
    names = Counter(name for path in SOURCES for name in SAME.findall(path.read_text()))
    assert {"__xstat64", "fcntl64", "__strdup"} <= set(names)
    assert [name for name, count in names.items() if count > 1] == []
    assert [name for name in names if name.startswith(PREFIX)] == []
