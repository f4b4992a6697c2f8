"""What a text brings that names a module of the application: in a string of its code, or in its configuration."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.environment import without_tests
from castiron_trace.analyser.locator import modules_below
from castiron_trace.analyser.rules.base import Declaration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Step

_INNER = re.compile(r"\w[\w-]*(?:/\w[\w-]*)*/?")


class OwnNames:
    """Finds the modules; each package goes in once, whoever names it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._packages: set[str] = set()

    def steps(self, node: BaseNode, text: str, line: int, *, inner: str = "") -> Iterator[Step]:
        """Yield what a text that names a module of the application brings: a framework will look into its package.

        ``inner`` is what stands behind a colon: ``package:folder`` means a folder in the package for many of them.
        """
        names = text.split(".")
        for root in self._context.own_roots():
            folder = Path(root)
            package: list[str] = []
            for index, part in enumerate(names):
                folder = folder / part
                if (folder / "__init__.py").is_file():
                    package = names[: index + 1]
                elif folder.with_name(f"{part}.py").is_file():
                    yield Declaration(node, ".".join(names[: index + 1]), line)
                    break
                elif not os.path.isdir(folder):  # noqa: PTH112 - a namespace package; of any string, as it is
                    break
            if package:
                name = ".".join(package)
                yield Declaration(node, name, line)
                folder = Path(root, *names, inner)
                if package == names and _INNER.fullmatch(inner) and folder.is_dir():
                    below = f"{name}.{inner.strip('/').replace('/', '.')}"
                    for module in without_tests(modules_below(folder, below, namespaces=True), below=below):
                        yield Declaration(node, module, line)
                elif name not in self._packages:
                    self._packages.add(name)
                    for below in without_tests(modules_below(Path(root, *package), name), below=name):
                        yield Declaration(node, below, line)
