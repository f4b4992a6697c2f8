"""Installs wheels for the target into one cached folder, laid out like an installation prefix.

The folder depends on nothing but the wheels' contents: no time, no path of this machine, no installed Python.  So
it is written here rather than by an installer that knows only the environment it runs in: uv's ``--target`` puts
scripts and data beside the modules, and its ``--prefix`` wants an interpreter of the target's version.

Source: Binary distribution format, Entry points and Recording installed projects, packaging.python.org specifications.
"""

from __future__ import annotations

import configparser
import hashlib
import os
import posixpath
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common import shared_files
from castiron_common.cache import cache_root, folder_entry
from castiron_common.files import sha256_file
from castiron_common.pools import thread_pool
from castiron_common.source_key import code_key
from castiron_wheels.record import format_record, hash_of, parse_record
from castiron_wheels.wheel_archive import WheelArchive, is_plain, open_wheel, unusable
from castiron_wheels.wheel_metadata import dist_info_folder, read_record, split_filename

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Sequence

    from castiron_common.target import PythonTarget


SHEBANG = b"#!/usr/bin/env python3\n"
"""First line of every installed script: the only one that names no place of this machine."""

_ANY_PYTHON = b"#!python"
"""How a script of a wheel begins whose interpreter the installer names."""

_SCRIPT = """\
import sys
from {module} import {first}
if __name__ == "__main__":
    sys.exit({function}())
"""
_ENTRY_POINT = re.compile(r"^\s*([\w.]+)\s*:\s*([\w.]+)\s*(\[.*\])?\s*$")


@dataclass(frozen=True, slots=True)
class _Write:
    """One file to write: a member of the wheel, or content made here."""

    destination: str
    """Relative to the prefix."""
    member: zipfile.ZipInfo | None
    content: bytes
    executable: bool
    row: str = ""
    """Its path in ``RECORD``."""
    recorded: str = ""
    """The hash that the wheel's own ``RECORD`` gives, empty if it gives none."""
    is_record: bool = False
    """Whether it is the installed ``RECORD``: the last file that is written."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one wheel writes."""

    wheel: Path
    writes: tuple[_Write, ...]


def site_packages(prefix: Path, target: PythonTarget) -> Path:
    """Return the folder of importable files under a prefix that `installation_prefix` returned."""
    return prefix / _site_packages(target)


def installation_prefix(wheels: Sequence[Path], target: PythonTarget) -> Path:
    """Return the prefix folder with the wheels installed: ``lib/python3.13/site-packages``, ``bin``, ``share`` ...

    The folder is shared and must not be changed; a file that other such folders have, too, is on the disk once.
    Where two wheels bring the same file, the distribution whose name sorts last wins, whatever order the wheels are
    given in.
    """
    by_name = sorted(wheels, key=lambda path: (split_filename(path.name), path.name))
    key = hashlib.sha256(f"{_layout()}\n{target.platform}\n{target.python}\n".encode())
    for digest in sorted(_content_hash(path) for path in by_name):
        key.update(f"{digest}\n".encode())
    entry = cache_root() / "sites" / key.hexdigest()
    return folder_entry(
        entry,
        lambda folder: install(by_name, folder, target),
        finish=lambda folder: shared_files.share(folder, cache_root() / shared_files.FOLDER),
    )


def install(wheels: Sequence[Path], prefix: Path, target: PythonTarget) -> None:
    """Install the wheels into ``prefix``, an existing folder; of two with the same file the later one wins."""
    (prefix / _site_packages(target)).mkdir(parents=True, exist_ok=True)
    plans = [_plan(wheel, target) for wheel in wheels]
    owner = {write.destination: index for index, plan in enumerate(plans) for write in plan.writes}
    for folder in sorted({posixpath.dirname(destination) for destination in owner}):
        (prefix / folder).mkdir(parents=True, exist_ok=True)

    def work(index: int) -> None:
        _write(plans[index], prefix, {path for path, winner in owner.items() if winner == index})

    with thread_pool(min(8, os.cpu_count() or 1)) as pool:
        for done in [pool.submit(work, index) for index in range(len(plans))]:
            done.result()


@cache
def _layout() -> str:
    """Return a hash of what decides which tree the same wheels give."""
    return code_key([Path(__file__), Path(__file__).with_name("record.py")])


def _site_packages(target: PythonTarget) -> str:
    return f"lib/python{target.python}/site-packages"


def _content_hash(wheel: Path) -> str:
    """Return the wheel's SHA-256: in the cache, the name of its folder (it was verified when put there)."""
    if wheel.parent.parent == cache_root() / "wheels":
        return wheel.parent.name
    return sha256_file(wheel)


def _plan(wheel: Path, target: PythonTarget) -> _Plan:
    """Decide where each member of the wheel goes and what ``RECORD`` will say."""
    with open_wheel(wheel) as archive:
        return _Plan(wheel, tuple(_writes(archive, target)))


def _writes(archive: WheelArchive, target: PythonTarget) -> list[_Write]:
    wheel, dist_info = archive.path, dist_info_folder(archive)
    _check_version(archive.text(f"{dist_info}/WHEEL"), wheel)
    recorded = read_record(archive, dist_info)
    root = _site_packages(target)
    data = f"{dist_info.removesuffix('.dist-info')}.data"
    schemes = {
        "purelib": root,
        "platlib": root,
        "scripts": "bin",
        "data": "",
        "headers": f"include/python{target.python}/{dist_info.removesuffix('.dist-info').rpartition('-')[0]}",
    }
    # pip and uv let a console script of the entry points replace a script of the same name.
    writes: dict[str, _Write] = {}
    rows: dict[str, tuple[str, str, str]] = {}
    made: dict[str, bytes] = {}
    for name, member in archive.files.items():
        if name == f"{dist_info}/RECORD":
            continue
        executable = bool((member.external_attr >> 16) & 0o111)
        digest, size = recorded.get(name, ("", ""))
        if name.startswith(f"{data}/"):
            _, scheme, *rest = name.split("/", 2)
            if scheme not in schemes or not rest:
                raise unusable(wheel, f"its member {name!r} is of no known kind")
            destination = posixpath.join(schemes[scheme], rest[0])
            if scheme == "scripts":
                if archive.read(member, len(_ANY_PYTHON)) == _ANY_PYTHON:
                    made[destination] = SHEBANG + archive.text(name).partition(b"\n")[2]
                    continue
                executable = True
        else:
            destination = f"{root}/{name}"
        relative = posixpath.relpath(destination, root)
        writes[destination] = _Write(destination, member, b"", executable, row=relative, recorded=digest)
        rows[destination] = (relative, digest, size)
    if f"{dist_info}/entry_points.txt" in archive.files:
        made.update(_scripts(archive.text(f"{dist_info}/entry_points.txt"), wheel))
    for destination, content in made.items():
        writes[destination] = _Write(destination, None, content, executable=True)
        rows[destination] = _row(posixpath.relpath(destination, root), content)
    installer = f"{root}/{dist_info}/INSTALLER"
    writes[installer] = _Write(installer, None, b"castiron\n", executable=False)
    rows[installer] = _row(f"{dist_info}/INSTALLER", b"castiron\n")
    record = f"{root}/{dist_info}/RECORD"
    content = format_record([*rows.values(), (f"{dist_info}/RECORD", "", "")])
    writes[record] = _Write(record, None, content, executable=False, is_record=True)
    return list(writes.values())


def _check_version(text: bytes, wheel: Path) -> None:
    major = re.search(rb"^Wheel-Version:\s*(\d+)\.", text, re.MULTILINE)
    if not major or int(major[1]) != 1:
        raise unusable(wheel, "its format version is not 1.x")


def _row(path: str, content: bytes) -> tuple[str, str, str]:
    return (path, hash_of(content), str(len(content)))


def _scripts(text: bytes, wheel: Path) -> dict[str, bytes]:
    """Return the files under ``bin`` that the entry points ask for."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    try:
        parser.read_string(text.decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise unusable(wheel, f"its entry_points.txt is malformed ({error})") from error
    made: dict[str, bytes] = {}
    for section in ("console_scripts", "gui_scripts"):
        for name, value in parser.items(section) if parser.has_section(section) else ():
            match = _ENTRY_POINT.match(value)
            if not match or "/" in name or not is_plain(name):
                raise unusable(wheel, f"its script {name!r} = {value!r} is not an entry point")
            module, function = match[1], match[2]
            script = _SCRIPT.format(module=module, first=function.split(".")[0], function=function)
            made[f"bin/{name}"] = SHEBANG + script.encode("utf-8")
    return made


def _write(plan: _Plan, prefix: Path, own: set[str]) -> None:
    """Write the files of a wheel that no later one replaces; of one that is not what RECORD says it says nothing.

    Wheels with wrong hashes exist (gmsh), and pip installs them; but trace knows files by the hashes in RECORD.
    """
    wrong: set[str] = set()
    with open_wheel(plan.wheel) as archive:
        for write in plan.writes:
            if write.destination not in own:
                continue
            path = prefix / write.destination
            try:
                with path.open("wb") as out:
                    if write.member is not None:
                        digest = archive.copy(write.member, out)
                        if write.recorded not in ("", digest):
                            wrong.add(write.row)
                    else:
                        out.write(_without_hashes(write.content, wrong) if write.is_record else write.content)
            except IsADirectoryError as error:
                raise unusable(plan.wheel, f"its member for {write.destination} is a folder, too") from error
            path.chmod(0o755 if write.executable else 0o644)


def _without_hashes(record: bytes, wrong: set[str]) -> bytes:
    if not wrong:
        return record
    rows = parse_record(record).items()
    return format_record((path, *(("", "") if path in wrong else said)) for path, said in rows)
