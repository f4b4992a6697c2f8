"""The relink kit: everything that it takes to link the same executable again, with a library replaced.

LGPL-2.1 section 6(a) and LGPL-3.0 section 4(d)(0) ask for it when such a library is linked statically.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.errors import OutputError
from castiron_common.files import check_output, output_error
from castiron_link.ld import arguments, quote
from castiron_link.relink_application import write_application

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from castiron_link.ld import LinkerCall
    from castiron_link.relink_application import KitApplication

_PLAIN = re.compile(r"[^A-Za-z0-9._+-]+")
_ORDER = "functions.order"
_LONGEST_NAME = 120
"""Characters of a component in a file's name."""

_SCRIPT = """\
#!/bin/sh
# Links {name} again from the objects and archives of this folder:  sh link.sh [OUTPUT]
# LD is the static linker: ld.lld of LLVM, the one that made {name} is in the Python package ziglang {version}.
set -eu
cd "$(dirname "$0")"
exec ${{LD:-python3 -m ziglang ld.lld}} @link.args -o "${{1:-{name}}}"
"""

_README = """\
Relink kit of {name}
{rule}

`sh link.sh` makes the executable from what is in this folder. It needs the static linker ld.lld of LLVM: that of the
Python package ziglang {version} (`pip install ziglang=={version}`), or another one that LD names (`LD=ld.lld`). Code
and data are those of the original; what is done after linking is not in it: the bill of materials is added, and the
interpreter of an executable of `--profile small` is compressed.

To use a changed library, put it in the place of its archive in `archives/`, under the same name and with the same
interface, compiled for {target}, and run the script:

{table}

The folder `objects` holds the start file, the application with its modules and files ({own}), and the shared objects of
wheels, turned into relocatable objects:

{objects}

Their references to one another are resolved already, so such an object cannot be exchanged by itself, and Python
modules are packed in {own}. To change one of those, install {generator} (Python package
"castiron") and run in this folder

    castiron relink . -o {name} --replace PATH=FILE

PATH is that of the module or shared object below site-packages, such as chardet/__init__.py, FILE the changed one; or
put another version of a distribution in the place of its wheel in `application/wheels`, and leave --replace out:

{wheels}

To change such a part and an archive, too, add `--relink-kit NEW`: link.sh in the folder NEW has the changed part.
"""


def check_kit(folder: Path) -> None:
    """Raise `OutputError` if the kit cannot be made there: it is never mixed with what is there already."""
    if folder.exists():
        raise OutputError(f"{folder} exists already.", hint="Remove it, or name another folder with --relink-kit.")
    check_output(folder.absolute(), option="--relink-kit")


def write_kit(
    folder: Path,
    call: LinkerCall,
    *,
    name: str,
    target: str,
    version: str,
    owners: Mapping[Path, tuple[str, ...]],
    origins: Mapping[Path, str],
    application: KitApplication,
) -> None:
    """Write the kit for a linker call into ``folder``, which appears when it is complete.

    ``owners`` names the components of archives, ``origins`` the shared objects that objects were made of; files in the
    kit are called after them.  ``version`` is that of the linker's package, ``application`` what it takes to change
    a distribution.  Raises `OutputError`.
    """
    check_kit(folder)
    try:
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            order = None
            if call.order is not None:
                order = Path(_ORDER)
                shutil.copyfile(call.order, making / order)
            objects = _copied(
                call.objects, making, "objects", {path: _name_of(origin) for path, origin in origins.items()}
            )
            archives = _copied(
                call.archives, making, "archives", {path: "+".join(names) for path, names in owners.items()}
            )
            moved = replace(
                call,
                linker=(),
                objects=tuple(objects.values()),
                archives=tuple(archives.values()),
                scripts=tuple(_copied(call.scripts, making, "scripts", {}).values()),
                order=order,
            )
            (making / "link.args").write_text("\n".join(quote(item) for item in _without_outputs(moved)) + "\n")
            (making / "link.sh").write_text(_SCRIPT.format(name=name, version=version))
            rows = [
                f"  {place}  {', '.join(owners[source])}" for source, place in archives.items() if owners.get(source)
            ]
            made_of = [f"  {place}  {origins[source]}" for source, place in objects.items() if source in origins]
            own = next(place for source, place in objects.items() if source.name == "app.o")
            (making / "README.txt").write_text(
                _README.format(
                    name=name,
                    rule="=" * (14 + len(name)),
                    target=target,
                    version=version,
                    table="\n".join(rows),
                    own=own,
                    objects="\n".join(made_of) or "  (none)",
                    generator=application.settings["generator"],
                    wheels="\n".join(f"  {wheel.name}" for wheel in application.wheels) or "  (none)",
                )
            )
            write_application(application, making)
            making.chmod(0o755)
            making.rename(folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except OSError as error:
        raise output_error(folder, error, option="--relink-kit") from error


def _copied(paths: Iterable[Path], kit: Path, part: str, components: Mapping[Path, str]) -> dict[Path, Path]:
    """Copy files into a folder of the kit; return their places there.

    The order is in their names, then the component, then the file's own name.
    """
    (kit / part).mkdir()
    placed: dict[Path, Path] = {}
    for index, path in enumerate(dict.fromkeys(paths)):
        component = _PLAIN.sub("_", components.get(path, ""))[:_LONGEST_NAME]
        # Objects of shared objects are called by their content in the cache, which says nothing.
        own = path.suffix if component and part == "objects" else f"-{path.name}"
        place = Path(part) / f"{index:03}{'-' if component else ''}{component}{own}"
        shutil.copyfile(path, kit / place)
        placed[path] = place
    return placed


def _name_of(origin: str) -> str:
    """Return a distribution and the file's own name: ``scipy-libquadmath-96973f99.so`` of its path."""
    owner, _, path = origin.partition("/")
    return f"{owner}-{path.rsplit('/', 1)[-1]}"


def _without_outputs(call: LinkerCall) -> list[str]:
    """Return the arguments without the map and the output, which the script names."""
    given = [item for item in arguments(call) if not item.startswith("--Map=")]
    at = given.index("-o")
    return given[:at] + given[at + 2 :]
