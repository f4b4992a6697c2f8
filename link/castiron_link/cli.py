"""The command ``link``: everything that a person sees of the link stage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from castiron_common.console import run_command, stderr_console
from castiron_link.model import LinkOptions, Sources

if TYPE_CHECKING:
    from castiron_link.model import LinkResult

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

OutputOption = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="The executable.  Default: the program's name.", show_default=False
    ),
]
OptimizeOption = Annotated[
    int, typer.Option("--optimize", min=0, max=2, help="As python -O: 1 drops assert, 2 drops docstrings too.")
]
SourcesOption = Annotated[
    Sources, typer.Option("--sources", help="Whose source files go in; tracebacks show lines of those.")
]
SysPathOption = Annotated[
    list[str] | None,
    typer.Option(
        "--sys-path", metavar="FOLDER", help="Append a folder to sys.path; $ORIGIN is the executable's folder."
    ),
]
FinalizeOption = Annotated[
    bool, typer.Option("--full-finalize", help="End like python, destroying every object; slower.")
]
EnvironmentOption = Annotated[
    bool, typer.Option("--obey-environment", help="The binary obeys PYTHON* environment variables.")
]
PythonOption = Annotated[
    bool, typer.Option("--as-python", help="The binary takes python's options (-c, -m, a script) first.")
]
ReportOption = Annotated[bool, typer.Option("--report/--no-report", help="Write and show the license report.")]
KeepMapOption = Annotated[
    Path | None, typer.Option("--keep-map", metavar="FILE", help="Keep the linker's map.", show_default=False)
]


@app.command(context_settings={"help_option_names": ["-h", "--help"]})
def link(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="What trace wrote; - reads standard input.")],
    *,
    output: OutputOption = None,
    optimize: OptimizeOption = 0,
    sources: SourcesOption = Sources.ALL,
    sys_path: SysPathOption = None,
    full_finalize: FinalizeOption = False,
    obey_environment: EnvironmentOption = False,
    as_python: PythonOption = False,
    report: ReportOption = True,
    keep_map: KeepMapOption = None,
) -> None:
    """Link a manifest into one static executable, and report what is in it under which license."""
    # The stage is imported when it is needed: --help and wrong options answer at once.
    from castiron_common.progress import RichReporter
    from castiron_link.driver import Request
    from castiron_link.driver import link as link_manifest
    from castiron_manifest.reader import read_manifest

    console = stderr_console()
    request = Request(
        manifest=read_manifest(manifest),
        output=output,
        options=LinkOptions(
            optimize=optimize,
            sources=sources,
            sys_path=tuple(sys_path or ()),
            full_finalize=full_finalize,
            obey_environment=obey_environment,
            as_python=as_python,
        ),
        report=report,
        keep_map=keep_map,
    )
    show_result(link_manifest(request, reporter=RichReporter(console)), table=report)


def show_result(result: LinkResult, *, table: bool) -> None:
    """Print what was made on stderr: warnings, the license table, and one line on the executable."""
    console = stderr_console()
    for warning in result.warnings:
        console.print(f"warning: {warning}", markup=False)
    if table:
        from rich.table import Table

        grid = Table("component", "version", "license", "form", box=None, header_style="bold", pad_edge=False)
        grid.add_column("KiB", justify="right")
        for component in result.components:
            size = f"{component.size / 1024:.0f}"
            grid.add_row(component.name, component.version, component.license, "+".join(component.inclusion), size)
        console.print(grid)
    console.print(f"{result.output}: {result.size / 1e6:.1f} MB, static", markup=False)


def main() -> None:
    """Run the command ``link``."""
    run_command(app, prog="link")


if __name__ == "__main__":
    main()
