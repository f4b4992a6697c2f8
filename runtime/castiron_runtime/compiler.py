"""The compiler's command line: the ziglang wheel, used below its ``zig cc`` front end.

``zig cc`` turns -O3 into -O2, keeps frame pointers and switches a sanitizer on, so objects are compiled with the hidden
``zig clang`` and musl's headers named explicitly, and linked with ``zig ld.lld`` against the start file and libraries
that one call of ``zig cc`` builds and prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castiron_common.target import Target
    from castiron_runtime.zig import Zig

OPTIMISATION = (
    "-O3",
    "-fomit-frame-pointer",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-asynchronous-unwind-tables",
    "-fno-unwind-tables",
    "-DNDEBUG",
    "-g0",
)
HARDENING = ("-fstack-protector-strong",)
"""For the code that reads what strangers send: libraries, the modules on top of them, the stub.

Not for the interpreter's core, which it costs 1.0 to 1.9 % of its instructions (docs/security.md).
"""
STACK_SIZE = 8 << 20
"""Bytes.  musl takes the stack size of threads from PT_GNU_STACK, up to these 8 MiB (``DEFAULT_STACK_MAX``), which are
glibc's default, too; its own default of 128 KiB is too small for Python."""

_FIXED_PLACE = ("-fno-pic", "-fno-pie")
_POSITION_INDEPENDENT = ("-fPIE", "-fdirect-access-external-data")
"""Data of other objects is addressed directly, not through a table: nothing comes from a shared library."""


def compiler(zig: Zig, target: Target, *, pie: bool = False) -> tuple[str, ...]:
    """Return the start of a C compiler command line for the target; ``pie``: for position-independent executables.

    The C library's headers come before clang's, as in musl's own wrapper: CPython's configure recognises musl by a
    macro of musl's ``stdarg.h``.
    """
    headers = zig.lib / "libc" / "include"
    folders = (
        *(headers / name for name in target.compiler.libc_headers),
        zig.lib / "include",
        *(headers / name for name in target.compiler.kernel_headers),
    )
    return (
        str(zig.program),
        "clang",
        f"--target={target.triple}",
        "--no-default-config",
        "-nostdinc",
        *(f"-isystem{folder}" for folder in folders),
        *target.compiler.cpu,
        *(_POSITION_INDEPENDENT if pie else _FIXED_PLACE),
        "-fno-ident",
        "-Wno-unused-command-line-argument",
        f"-ffile-prefix-map={zig.lib}=zig",
    )
