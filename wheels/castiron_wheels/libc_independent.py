"""Wheels that are tagged for another C library although no library in them needs it.

Such are wheels of pure Python that were built on one platform, and those that bring a program (ffmpeg, py-spy), which
runs in a process of its own.  Their source distributions often cannot give the same: the program is fetched from
elsewhere, or its compiler is not here.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename

from castiron_elf.abi import MAGIC
from castiron_elf.errors import MalformedElfError
from castiron_elf.headers import read_headers
from castiron_wheels.errors import ResolutionError
from castiron_wheels.fetch import fetch_candidates
from castiron_wheels.known_choices import remembered
from castiron_wheels.pylock import listed_wheels
from castiron_wheels.uv_client import uv_compile
from castiron_wheels.wheel_archive import open_wheel

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from castiron_common.target import PythonTarget
    from castiron_wheels.build_stack import BuildContext
    from castiron_wheels.model import Candidate

_LIBRARY = re.compile(r"\.so(?:\.\d+)*$")


def libc_independent_wheel(
    candidate: Candidate,
    context: BuildContext,
    *,
    options: Sequence[str] = (),
    accepted: Collection[str] | None = None,
    folder: Path | None = None,
) -> Path | None:
    """Return such a wheel of the candidate's version from the index; None if there is none.

    ``accepted`` are the hashes that the user allows, ``options`` and ``folder`` choose the index as in `uv_compile`.
    """
    line = f"{candidate.name}=={candidate.version}"

    def ask() -> str:
        return uv_compile([line], context.target, options=["--no-deps", *options], folder=folder, sibling=True)

    try:
        text = remembered({"wheels": line, "index": list(options)}, context, folder=folder, ask=ask)
    except ResolutionError:
        return None  # the sdist that is there will say what is wrong, if anything is
    for wheel in listed_wheels(text):
        if _is_for_sibling(wheel.filename, context.target) and (accepted is None or wheel.sha256 in accepted):
            path = fetch_candidates([wheel], reporter=context.reporter)[0]
            return path if holds_no_library(path) else None
    return None


def _is_for_sibling(filename: str, target: PythonTarget) -> bool:
    """Whether it serves any Python 3 of the same processor with another C library."""
    return any(
        tag.abi == "none"
        and tag.interpreter == "py3"
        and tag.platform.startswith(target.target.wheels.sibling_tags)
        and tag.platform.endswith(target.target.machine)
        for tag in parse_wheel_filename(filename)[3]
    )


def holds_no_library(wheel: Path) -> bool:
    """Whether every ELF file in the wheel is a program."""
    with open_wheel(wheel) as archive:
        for name, member in archive.files.items():
            if archive.read(member, len(MAGIC)) != MAGIC:
                continue
            if _LIBRARY.search(name) or not is_program(archive.read(member)):
                return False
    return True


def is_program(data: bytes) -> bool:
    """Whether an ELF file is a program: it names its loader, or asks for no library.

    Source: System V ABI, chapter 5 (program loading).
    """
    try:
        headers = read_headers(io.BytesIO(data))
    except MalformedElfError:
        return False
    return headers.interpreter is not None or headers.dynamic is None or not headers.dynamic.needed
