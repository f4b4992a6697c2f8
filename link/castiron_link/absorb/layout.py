"""Where images lie in the executable: all in one read-only segment behind everything else.

Thousands of program headers would not fit into the page that musl and older kernels expect them in, so an image's own
protections are not the linker's business: the stub sets them when the image is first used.
"""

from __future__ import annotations

from castiron_link.absorb.emit import FIXUP_SECTION, IMAGE_SECTION

IMAGES_SECTION = ".castiron.images"


def linker_script(page: int) -> str:
    """Return what the linker's default layout lacks; ``page`` is the target's page size in bytes.

    The images stand behind .bss: they may be larger than the 2 GiB that code and data of the small code model can span,
    and nothing but 64-bit words refers to them.  The heap (brk) begins behind them.
    """
    return (
        "SECTIONS\n{\n"
        f"  {IMAGES_SECTION} : ALIGN({page:#x})\n"
        f"  {{\n    KEEP(*({IMAGE_SECTION}.*))\n    KEEP(*({FIXUP_SECTION}.*))\n    . = ALIGN({page:#x});\n  }}\n"
        "}\nINSERT AFTER .bss;\n"
    )
