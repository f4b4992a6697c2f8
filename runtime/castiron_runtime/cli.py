"""``castiron runtime``: everything that a person sees of runtime packs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from castiron_common import command_line
from castiron_common.command_line import Theme
from castiron_common.console import run_command
from castiron_common.lines import stderr_lines
from castiron_common.progress import RichReporter
from castiron_common.supervision import release
from castiron_runtime.target_files import chosen_target, defaults

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from castiron_runtime.model import Component

app = command_line.application("Build, list and export runtime packs.")

DEFAULTS = defaults()
PythonOption = Annotated[
    str,
    typer.Option("--python", metavar="X.Y", help="Version of the target's Python.", rich_help_panel=Theme.TARGET),
]
TargetOption = Annotated[
    str, typer.Option("--target", metavar="NAME", help="Platform of the pack.", rich_help_panel=Theme.TARGET)
]
OutputOption = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="The archive to write; its name ends in .tar.zst.",
        show_default=False,
        rich_help_panel=Theme.OUTPUT,
    ),
]


def _reporter() -> RichReporter:
    return RichReporter(stderr_lines())


@command_line.command(app)
def build(
    modules: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODULE]...", help="Also build the libraries of these extension modules, e.g. _ssl."),
    ] = None,
    *,
    python: PythonOption = DEFAULTS.python,
    target: TargetOption = DEFAULTS.target,
    everything: Annotated[bool, typer.Option("--all", help="Build every library, and both interpreters.")] = False,
    pie: Annotated[bool, typer.Option("--pie", help="Build the pack for position-independent executables.")] = False,
    refresh: Annotated[
        bool,
        typer.Option("--refresh", help="Look for the pinned sources again if other versions were used in their place."),
    ] = False,
) -> None:
    """Build a runtime pack: toolchain, CPython, and libraries.

    What has been built before is not built again.
    """
    from castiron_runtime import packs

    reporter = _reporter()
    if refresh:
        packs.forget_sources()
    pack = packs.open_pack(python, chosen_target(target), pie=pie, reporter=reporter)
    packs.provide(pack, pack.extensions if everything else modules or (), reporter=reporter)
    if everything:
        # Modules are compiled by the other pack's interpreter.
        for full in () if pie else (False, True):
            packs.interpreter(pack, full=full, reporter=reporter)
        packs.stub_archive(pack, reporter=reporter)
    stderr_lines().print(f"CPython {pack.python_version} for {pack.target}, pack {pack.id[:16]}")
    print(pack.root)


@command_line.command(app, allow_interspersed_args=False)
def train(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SCRIPT [ARGUMENT]...]", help="The program to run; Castiron's own training programs by default."
        ),
    ] = None,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="The profile to write.",
            show_default=False,
            rich_help_panel=Theme.OUTPUT,
        ),
    ],
    path: Annotated[
        list[Path] | None,
        typer.Option(
            "--path", metavar="FOLDER", help="A folder with modules that the script imports.", show_default=False
        ),
    ] = None,
    llvm: Annotated[
        Path | None,
        typer.Option(
            "--llvm",
            metavar="FOLDER",
            help="An installation of LLVM 19 or newer.  Default: the newest of /usr/lib/llvm-*.",
            show_default=False,
        ),
    ] = None,
    python: PythonOption = DEFAULTS.python,
    target: TargetOption = DEFAULTS.target,
) -> None:
    """Run a program and write a profile for the compiler.

    The interpreter that runs it counts which code is used; `link --pgo FILE` compiles one that is optimised for that.
    """
    from castiron_common.files import check_output
    from castiron_runtime.training import train as train_interpreter

    check_output(output.absolute())
    train_interpreter(
        python,
        chosen_target(target),
        output.absolute(),
        words=tuple(arguments or ()),
        paths=tuple(folder.absolute() for folder in path or ()),
        llvm=llvm,
        reporter=_reporter(),
    )
    stderr_lines().print(f"{output}: {output.stat().st_size / 1e6:.1f} MB")


@command_line.command(app, "list")
def list_components(*, as_json: command_line.JsonOption = False) -> None:
    """List the components, and which of them have been built."""
    from castiron_runtime import packs

    rows = packs.inventory()
    if as_json:
        _print_json(
            [
                {
                    "recipe": row.recipe,
                    "version": row.version,
                    "license": row.license,
                    "modules": list(row.modules),
                    "built": list(row.built),
                }
                for row in rows
            ]
        )
        return
    table = _table("recipe", "version", "license", "modules", "built")
    for row in rows:
        table.add_row(row.recipe, row.version, row.license, " ".join(row.modules), "yes" if row.built else "")
    _print_table(table)


@command_line.command(app)
def info(
    *,
    python: PythonOption = DEFAULTS.python,
    target: TargetOption = DEFAULTS.target,
    as_json: command_line.JsonOption = False,
) -> None:
    """Describe a pack: components with licenses, extension modules.

    Builds the core of the pack if it is not in the cache.
    """
    from castiron_runtime import packs

    pack = packs.open_pack(python, chosen_target(target), reporter=_reporter())
    if as_json:
        print((pack.root / "PYTHON.json").read_text(), end="")
        return
    print(f"id         {pack.id}")
    print(f"python     {pack.python_version}")
    print(f"platform   {pack.target}")
    print(f"toolchain  ziglang {pack.toolchain.version}")
    print(f"folder     {pack.root}\n")
    _print_table(_component_table(pack.components.values()))
    groups = {
        "in every binary": [item for item in pack.extensions.values() if item.always],
        "linked on need": [item for item in pack.extensions.values() if not item.always and not item.on_demand],
        "built on need": [item for item in pack.extensions.values() if item.on_demand],
    }
    for title, extensions in groups.items():
        print(f"\nmodules {title}: {' '.join(item.name for item in extensions)}")


@command_line.command(app)
def export(
    *,
    output: OutputOption,
    python: PythonOption = DEFAULTS.python,
    target: TargetOption = DEFAULTS.target,
) -> None:
    """Write a pack as one archive.

    The archive has the "full" format of python-build-standalone, with every library and the interpreter.
    """
    from castiron_runtime import packs
    from castiron_runtime.export import check_archive, export_pack

    # Before a pack is built, which may take minutes.
    check_archive(output)
    reporter = _reporter()
    pack = packs.open_pack(python, chosen_target(target), reporter=reporter)
    export_pack(pack, output, reporter=reporter)
    stderr_lines().print(f"{output}: {output.stat().st_size / 1e6:.1f} MB")


@command_line.command(app, "python", allow_interspersed_args=False, ignore_unknown_options=True)
def run_python(
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[ARGUMENT]...", help="Passed on to Python.")] = None,
    *,
    python: PythonOption = DEFAULTS.python,
    target: TargetOption = DEFAULTS.target,
    base: Annotated[
        bool, typer.Option("--base", help="Run the smaller one, without OpenSSL, SQLite, libffi ...")
    ] = False,
    path: Annotated[bool, typer.Option("--path", help="Print its path instead of running it.")] = False,
) -> None:
    """Run the Python of a runtime pack.

    It can import wheels for the target, whatever C library this machine has.
    """
    from castiron_runtime import packs

    reporter = _reporter()
    program = packs.interpreter(
        packs.open_pack(python, chosen_target(target), reporter=reporter), full=not base, reporter=reporter
    )
    if path:
        print(program)
        return
    release()
    os.execv(program, [str(program), *(arguments or [])])


def _table(*titles: str) -> Table:
    from rich.table import Table

    return Table(*titles, box=None, header_style="bold", pad_edge=False)


def _component_table(components: Iterable[Component]) -> Table:
    table = _table("component", "version", "license", "evidence")
    for component in components:
        table.add_row(component.name, component.version, component.license, component.evidence)
    return table


def _print_table(table: Table) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        # Whole cells for whoever reads it line by line.
        console.width = 400
    console.print(table)


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=1))


def main() -> None:
    """Run the commands of ``castiron runtime``."""
    run_command(app, prog="castiron runtime")


if __name__ == "__main__":
    main()
