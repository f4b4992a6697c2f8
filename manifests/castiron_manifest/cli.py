"""The commands ``castiron manifest show|diff|explain|validate``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from castiron_common import command_line
from castiron_common.console import printable
from castiron_common.errors import UsageError
from castiron_manifest.alike import united
from castiron_manifest.reader import read_manifest
from castiron_manifest.show import as_json_value, chain, differences, license_name, summary

app = command_line.application("Show, compare, explain or validate manifests.")

_File = Annotated[Path, typer.Argument(metavar="MANIFEST", help="A manifest; - reads standard input.")]


@command_line.command(app)
def show(
    file: _File,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole manifest as JSON.")] = False,
    contents: Annotated[
        bool, typer.Option(help="With --json: also print the contents of blobs and license texts.")
    ] = False,
    modules: Annotated[bool, typer.Option("--modules", help="List every module with its tier and importer.")] = False,
) -> None:
    """Print what is in a manifest."""
    if contents and not as_json:
        raise UsageError("--contents are those of the JSON.", hint="Add --json.")
    if modules and as_json:
        raise UsageError("--json has the modules already.", hint="Leave out --modules.")
    manifest = read_manifest(file)
    if as_json:
        json.dump(as_json_value(manifest, contents=contents), sys.stdout, indent=1, ensure_ascii=False)
        print()
        return
    console = Console(highlight=False, soft_wrap=True, emoji=False)
    if modules:
        for module in manifest.modules:
            via = f"{module.via.tier} by {module.via.importer}:{module.via.line}" if module.via else "entry"
            print(printable(f"{module.name}\t{module.kind}\t{module.distribution or module.origin}\t{via}"))
        return
    grid = Table.grid(padding=(0, 2))
    for label, text in summary(manifest):
        grid.add_row(Text(label, style="bold"), Text(printable(text)))
    console.print(grid)
    if manifest.distributions:
        table = Table("distribution", "version", "wheel", "license evidence")
        for item in manifest.distributions:
            row = (item.name, item.version, item.wheel.filename, license_name(item.license))
            table.add_row(*(Text(printable(cell)) for cell in row))
        console.print(table)
    for finding in united(manifest.findings):
        line = f"{finding.severity}: {finding.subject}: {finding.message} [{finding.code}]"
        console.print(printable(line), markup=False)


@command_line.command(app)
def validate(file: _File) -> None:
    """Check that a manifest is intact and consistent."""
    manifest = read_manifest(file)
    print(f"{file}: valid ({len(manifest.modules)} modules, {len(manifest.distributions)} distributions)")


@command_line.command(app)
def explain(
    file: _File,
    module: Annotated[str, typer.Argument(metavar="MODULE", help="A module's dotted name.")],
) -> None:
    """Print the chain of imports from the entry point to a module."""
    for name, via in chain(read_manifest(file), module):
        print(f"{name}\t{via.tier} import in {via.importer}, line {via.line}" if via else f"{name}\t(start)")


@command_line.command(app)
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A manifest; - reads standard input.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The manifest to compare it with.")],
) -> None:
    """Compare two manifests; exit with 1 if they differ."""
    lines = list(differences(read_manifest(old), read_manifest(new)))
    print("\n".join(lines) if lines else "no difference")
    if lines:
        raise typer.Exit(1)
