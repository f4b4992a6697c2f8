"""The command ``link``: everything that a person sees of the link stage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from castiron_audit.formats import Format
from castiron_common.console import printable, run_command, stderr_console
from castiron_common.errors import UsageError
from castiron_link.model import Children, Compression, LinkOptions, Sources

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
CompressOption = Annotated[
    Compression,
    typer.Option("--compress", help="Which files are compressed: none, those where it costs no time, or all."),
]
SysPathOption = Annotated[
    list[str] | None,
    typer.Option("--sys-path", metavar="FOLDER", help="Append a folder to sys.path; $ORIGIN: that of the executable."),
]
FinalizeOption = Annotated[
    bool, typer.Option("--full-finalize", help="Destroy every object at the end, even where nobody can tell.")
]
EnvironmentOption = Annotated[
    bool, typer.Option("--obey-environment", help="The binary obeys PYTHON* environment variables.")
]
ChildrenOption = Annotated[
    Children | None,
    typer.Option(
        "--children",
        help="For whose processes the binary is a Python interpreter if called like one (-c, -m, a script): nobody's, "
        "the application's own, all.  Default: own, or none if the application starts no processes.",
        show_default=False,
    ),
]
PythonOption = Annotated[bool, typer.Option("--as-python", help="The older name of --children all.")]
PieOption = Annotated[
    bool,
    typer.Option(
        "--pie/--no-pie", help="The kernel puts the binary at another address each time; it starts 5% slower."
    ),
]
ReportOption = Annotated[bool, typer.Option("--report/--no-report", help="Write and show the license report.")]
DocumentsOption = Annotated[
    list[Format] | None,
    typer.Option(
        "--licenses", metavar="FORMAT", help="Write this document, too: notices, html, cyclonedx, spdx, json."
    ),
]
PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy", metavar="FILE", help="Which licenses are let in: a pyproject.toml or TOML file.", show_default=False
    ),
]
DenyOption = Annotated[
    list[str] | None, typer.Option("--deny", metavar="LICENSE", help="Refuse this license; * matches anything.")
]
StrictOption = Annotated[bool, typer.Option("--strict", help="Refuse unknown licenses and unsettled findings, too.")]
SbomOption = Annotated[
    bool, typer.Option("--sbom/--no-sbom", help="Put the bill of materials into the executable, too.")
]
NoticesOption = Annotated[
    bool, typer.Option("--notices", help="The binary shows its notices when called with --third-party-notices.")
]
RelinkOption = Annotated[
    Path | None,
    typer.Option(
        "--relink-kit",
        metavar="FOLDER",
        help="Write what it takes to link again with a replaced library (LGPL).",
        show_default=False,
    ),
]
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
    compress: CompressOption = Compression.FAST,
    sys_path: SysPathOption = None,
    full_finalize: FinalizeOption = False,
    obey_environment: EnvironmentOption = False,
    children: ChildrenOption = None,
    as_python: PythonOption = False,
    pie: PieOption = False,
    notices: NoticesOption = False,
    report: ReportOption = True,
    documents: DocumentsOption = None,
    policy: PolicyOption = None,
    deny: DenyOption = None,
    strict: StrictOption = False,
    sbom: SbomOption = True,
    keep_map: KeepMapOption = None,
    relink_kit: RelinkOption = None,
) -> None:
    """Link a manifest into one static executable, and report what is in it under which license."""
    # The stage is imported when it is needed: --help and wrong options answer at once.
    from castiron_audit.cli import load_policy, source_date_epoch
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
            compress=compress,
            sys_path=tuple(sys_path or ()),
            full_finalize=full_finalize,
            obey_environment=obey_environment,
            children=_children(children, as_python=as_python),
            pie=pie,
            notices=notices,
        ),
        policy=load_policy(policy, deny=deny or [], strict=strict),
        documents=tuple(dict.fromkeys(([Format.TABLE] if report else []) + (documents or []))),
        sbom=sbom,
        epoch=source_date_epoch(),
        keep_map=keep_map,
        relink_kit=relink_kit,
    )
    show_result(link_manifest(request, reporter=RichReporter(console)), table=report)


_CHILDREN = {
    Children.NONE: "; sys.executable is never a Python interpreter",
    Children.OWN: "",
    Children.ALL: "; sys.executable is a Python interpreter for everybody",
}


def _children(children: Children | None, *, as_python: bool) -> Children | None:
    if not as_python:
        return children
    if children not in (None, Children.ALL):
        raise UsageError(
            f"--as-python is --children all, and contradicts --children {children}.", hint="Give one of the two."
        )
    return Children.ALL


def show_result(result: LinkResult, *, table: bool) -> None:
    """Print what was made on stderr: warnings, the license table, and one line on the executable."""
    console = stderr_console()
    for warning in result.warnings:
        console.print(printable(f"warning: {warning}"), markup=False)
    if table:
        from castiron_audit.formats.table import table as drawn

        width = console.width if console.is_terminal else 120
        console.out(drawn(result.report, width=width, color=console.is_terminal, brief=True), highlight=False, end="")
    console.print(f"{result.output}: {result.size / 1e6:.1f} MB, static{_CHILDREN[result.children]}", markup=False)


def main() -> None:
    """Run the command ``link``."""
    run_command(app, prog="link")


if __name__ == "__main__":
    main()
