"""Where images lie in the executable: all in one read-only segment behind everything else.

Thousands of program headers would not fit into the page that musl and older kernels expect them in, so an image's own
protections are not the linker's business: the stub sets them when the image is first used.
"""

from __future__ import annotations

from castiron_link.absorb.emit import FIXUP_SECTION, IMAGE_SECTION
from castiron_link.absorb.folded import FOLDED_SECTION, PAGES_SECTION
from castiron_link.absorb.packed import PACKED_SECTION

IMAGES_SECTION = ".castiron.images"


def linker_script(page: int, *, packed: bool = False, folded: bool = False) -> str:
    """Return what the linker's default layout lacks; ``page`` is the target's page size in bytes.

    The images stand behind .bss: they may be larger than the 2 GiB that code and data of the small code model can span,
    and nothing but 64-bit words refers to them.  The heap (brk) begins behind them.  ``packed``: they take addresses
    only, a segment of their own that the kernel fills with zeros, and their compressed bytes come behind them.
    ``folded``: so do some of them, which come before the others, and their pages stand among these.
    """
    kept = (() if packed else (FIXUP_SECTION,)) + ((PAGES_SECTION,) if folded else ())
    gaps = (
        f"  {FOLDED_SECTION} : ALIGN({page:#x}) {{ KEEP(*({FOLDED_SECTION}.*)) . = ALIGN({page:#x}); }}\n"
        if folded
        else ""
    )
    images = "".join(f"    KEEP(*({section}.*))\n" for section in (IMAGE_SECTION, *kept))
    frames = f"  {PACKED_SECTION} : ALIGN({page:#x}) {{ KEEP(*({PACKED_SECTION}.*)) }}\n" if packed else ""
    return (
        "SECTIONS\n{\n"
        f"{gaps}  {IMAGES_SECTION} : ALIGN({page:#x})\n  {{\n{images}    . = ALIGN({page:#x});\n  }}\n{frames}"
        "}\nINSERT AFTER .bss;\n"
    )
