"""The rule for files that code looks for beside ``sys.argv[0]``, which is the executable and not the script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.protocol import APP, Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.analyser.rules.base import Context, Module, Step

_CODE = "beside-executable"


class OwnStarts:
    """Warns of paths from ``sys.argv[0]`` that lead to files of the application: they are not beside the executable."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def look(self, module: Module) -> Iterator[Step]:
        """Yield one finding for an own module, with the first such path."""
        place = file_of(module.node)
        if module.owner != APP or place is None:
            return
        for text, line in sorted(module.scan.started, key=lambda item: item.line):
            if self._is_there(Path(place).parent, text):
                what = f"looks for {text} in" if text.strip("./") else "makes the current folder of"
                yield Notice(
                    _CODE,
                    "warning",
                    f"{self._context.place(module.node)}:{line}",
                    f"The program {what} the folder of sys.argv[0], which is that of the executable: the application's "
                    "files are not there. Begin the path with __file__, or ship the file beside the executable.",
                )
                return

    def _is_there(self, folder: Path, text: str) -> bool:
        """Say whether the application has such a file: beside the module that says so, or in a folder of sources."""
        places = [folder, *map(Path, self._context.roots)]
        if "*" not in text:
            return any((place / text).exists() for place in places)
        return any(any(True for _file in place.glob(text)) for place in places)
