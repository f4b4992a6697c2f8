"""The call of the linker for one application: in which order it sees objects and archives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_link.layout import payload_script
from castiron_link.ld import LinkerCall

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_link.natives import Natives
    from castiron_runtime.model import LinkInputs, Pack


_ROOM = 0x20_0000
"""Bytes before a position-independent executable that the first stage is put into; others have as many anyway."""


def linker_call(
    pack: Pack,
    *,
    inputs: LinkInputs,
    stub: Path,
    natives: Natives,
    own: Path,
    work: Path,
    order: Path | None = None,
    room: bool = False,
) -> LinkerCall:
    """Return the call: the start file, the application and absorbed objects, then the archives, the stub's first.

    ``order``: of the functions (`castiron_link.function_order`).
    ``room``: there are unused addresses before the executable.
    """
    from castiron_runtime.stub import stub_settings

    settings = stub_settings()
    script = work / "payload.ld"
    script.write_text(payload_script(pack.target.elf.page_size))
    return LinkerCall(
        linker=pack.toolchain.linker,
        target=pack.target.compiler.linker,
        objects=(pack.toolchain.crt1, own, *natives.objects),
        archives=(stub, *pack.core, *inputs.archives, *natives.archives, *pack.toolchain.libraries),
        output=work / "app",
        map=work / "app.map",
        wrap=settings.wrap,
        wrap_if_used=settings.wrap_if_used,
        pie=pack.toolchain.pie,
        image_base=_ROOM if room and pack.toolchain.pie else None,
        scripts=(script, *natives.scripts),
        order=order,
    )
