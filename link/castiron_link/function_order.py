"""The order of functions in executables: those of a start first, then the linker's own for a profile.

The linker's algorithm (cdsort) puts functions that call each other side by side, the often called first.  It takes as
long as all else in a link, so it runs in one link of nothing but the pack: with the stub and all extension modules that
the pack has built in.  Of its functions, those that run while a program starts come first
(`castiron_runtime.start_functions`): a start then touches a third of the code's pages.  Each application's link has the
functions in this order, and behind them those that are not in it: of libraries that are built on demand, and of the C
library.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, file_entry
from castiron_common.content import Pieces
from castiron_common.source_key import code_key
from castiron_common.working import working_folder
from castiron_link import ld, linker_call, map_file
from castiron_link.app_object import write_app_object
from castiron_link.natives import Natives
from castiron_link.select import inittab
from castiron_runtime import start_functions as starts

if TYPE_CHECKING:
    from castiron_common.progress import Reporter
    from castiron_runtime.model import Pack


def function_order(pack: Pack, stub: Path, *, reporter: Reporter) -> Path:
    """Return a file for the linker's ``--symbol-ordering-file``, made on first need: half a second.

    It depends on nothing but the pack and the stub, so that an application is the same with any cache.
    """
    modules = (Path(str(module.__file__)) for module in (ld, linker_call, map_file, starts))
    started = starts.FILE.read_text(encoding="utf-8")
    parts = (pack.id, stub.parent.name, code_key((Path(__file__), *modules)), started)
    key = hashlib.sha256("\n".join(parts).encode())

    def build(making: Path) -> None:
        from castiron_runtime.packs import provide

        with reporter.task("order of functions", estimate=1), working_folder("order") as work:
            ready = [name for name, extension in pack.extensions.items() if not extension.on_demand]
            inputs = provide(pack, ready, reporter=reporter)
            own = work / "app.o"
            write_app_object(own, elf=pack.target.elf, payload=Pieces(()), inittab=inittab(inputs.extensions))
            call = linker_call.linker_call(pack, inputs=inputs, stub=stub, natives=Natives(), own=own, work=work)
            ld.run_linker(call)
            with call.map.open() as lines:
                found = starts.first_of_all(map_file.functions(lines), starts.start_functions(started))
            making.write_text("".join(f"{name}\n" for name in found))

    return file_entry(cache_root() / "link" / f"functions-{key.hexdigest()[:32]}", build)
