"""The symbols of an executable in a file of their own, for debuggers and profilers (``link --symbols``)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_elf.debug_file import DEBUG_LINK, Moved, build_id, debug_link, functions_of, write_debug_file
from castiron_elf.sections import append_sections
from castiron_link.absorb.folded import FOLDED_SECTION
from castiron_link.absorb.layout import IMAGES_SECTION
from castiron_link.ld import run_linker

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_link.ld import LinkerCall
    from castiron_link.natives import Natives


def write_symbols(call: LinkerCall, natives: Natives, name: str, work: Path) -> Path:
    """Return a file with the symbols of what ``call`` has made: interpreter, stub, libraries, and all images.

    ``name`` is the name that the file will have: the executable refers to it from now on.  It is linked once more
    without being stripped, which changes no address; what images name themselves is added, as their objects hold
    nothing but their bytes.
    """
    folder = work / "symbols"
    folder.mkdir()
    path = folder / name
    whole = replace(call, output=work / "not-stripped", map=work / "not-stripped.map", symbols_of=build_id(call.output))
    run_linker(whole)
    moved = [Moved(base=symbol, functions=functions_of(file)) for symbol, file in sorted(natives.locations.items())]
    write_debug_file(whole.output, path, moved=moved, code=(IMAGES_SECTION, FOLDED_SECTION), executable=call.output)
    whole.output.unlink()
    append_sections(call.output, {DEBUG_LINK: debug_link(path)})
    return path
