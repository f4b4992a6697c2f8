"""Where the payload lies in the executable: behind everything else.

Code and data of the small code model refer to each other by signed 32-bit distances, so all that they reach must lie
within 2 GiB.  Behind them there is room for as much as the address space has, for what is found through 64-bit
addresses only: the images of shared objects (`castiron_link.absorb.layout`), then the payload.
"""

from __future__ import annotations

from castiron_link.app_object import PAYLOAD_SECTION


def payload_script(page_size: int) -> str:
    """Return what the linker's default layout lacks: the payload's place.

    To be named before the script of the images, which then come between .bss and the payload.
    """
    return (
        f"SECTIONS\n{{\n  {PAYLOAD_SECTION} : ALIGN({page_size:#x}) {{ KEEP(*({PAYLOAD_SECTION})) }}\n}}\n"
        "INSERT AFTER .bss;\n"
    )
