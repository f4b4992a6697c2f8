"""Values of `castiron_elf` for tests: the machine, and shared objects without a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from castiron_elf.headers import Dynamic, Headers
from castiron_elf.shared_object import SharedObject
from tests.support.targets import TARGET

if TYPE_CHECKING:
    from castiron_common.target import Elf

ELF: Elf = TARGET.elf


def shared_object(*, dynamic: Dynamic | None = None, sha256: str = "0" * 64, **fields: Any) -> SharedObject:
    """Return what is known of a shared object: nothing but these."""
    headers = Headers(
        bits=64,
        little_endian=True,
        type="ET_DYN",
        machine=ELF.machine,
        machine_name=ELF.machine_name,
        segments=(),
        interpreter=None,
        dynamic=dynamic,
        section_alignment=None,
        comment=b"",
        crates=None,
    )
    return SharedObject(sha256=sha256, size=0, headers=headers, **fields)
