"""What is refused once the code is compiled, and what the summary warns of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.errors import EntryError
from castiron_link.model import Children
from castiron_link.tree_layout import entry_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from castiron_link.model import Compiled, LinkOptions
    from castiron_manifest.model import Manifest


def require_entry(manifest: Manifest, compiled: Sequence[Compiled]) -> None:
    """Raise `EntryError` if the script to run does not compile: such a binary could do nothing."""
    path = entry_path(manifest.entry, manifest.target.python)
    for code in compiled:
        if code.tree_path == path and code.error is not None:
            raise EntryError(
                f"{manifest.entry.path} does not compile: {code.error}.",
                hint=f"Is it written for Python {manifest.target.python}? Correct it, and run trace again.",
            )


def broken_modules(compiled: Sequence[Compiled]) -> Iterator[str]:
    """Tell of modules whose source is wrong: a program may bring such and never import them."""
    for code in compiled:
        if code.error is not None:
            yield f"{code.tree_path} does not compile ({code.error}); importing it raises that error"


def partial_stdlib(options: LinkOptions, *, present: Collection[str], offered: Collection[str]) -> Iterator[str]:
    """Tell that code from outside of the binary, if the binary takes any, cannot import all of the standard library."""
    if (options.sys_path or options.children is Children.ALL) and set(offered) - set(present):
        yield (
            "code from outside of the binary (--sys-path, --children all) can import what the application uses of the "
            "standard library; `trace --stdlib all` adds the rest"
        )
