"""The command ``link``: everything that a person sees of the link stage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from castiron_audit.formats import Format
from castiron_common import command_line
from castiron_common.command_line import Loudness, Theme
from castiron_common.console import printable, relative, run_command
from castiron_common.errors import UsageError
from castiron_common.lines import stderr_lines
from castiron_link.model import Children, Compression, LinkOptions, Profile, Sources

if TYPE_CHECKING:
    from castiron_link.model import LinkResult

app = command_line.application()

OutputOption = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="The executable to write.  Default: the program's name.",
        show_default=False,
        rich_help_panel=Theme.OUTPUT,
    ),
]
OptimizeOption = Annotated[
    int,
    typer.Option(
        "--optimize",
        metavar="0|1|2",
        min=0,
        max=2,
        help="As python -O and -OO: 1 drops assert statements, 2 also drops docstrings.",
        rich_help_panel=Theme.CODE,
    ),
]
SourcesOption = Annotated[
    Sources,
    typer.Option(
        "--sources",
        help="Whose source files to include; tracebacks show their lines.",
        rich_help_panel=Theme.CODE,
    ),
]
CompressOption = Annotated[
    Compression,
    typer.Option(
        "--compress",
        help="Which files to compress: none, those that still open quickly (fast), or all.",
        rich_help_panel=Theme.CODE,
    ),
]
SysPathOption = Annotated[
    list[str] | None,
    typer.Option(
        "--sys-path",
        metavar="FOLDER",
        help="Append this folder to sys.path; $ORIGIN stands for the executable's folder.",
        rich_help_panel=Theme.CODE,
    ),
]
FinalizeOption = Annotated[
    bool,
    typer.Option(
        "--full-finalize",
        help="Destroy every object at the end of the program, even where that has no visible effect.",
        rich_help_panel=Theme.BEHAVIOUR,
    ),
]
ExaminedOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--examined",
        metavar="FILE",
        help="A TOML file that names extension modules whose objects only give back memory when they are destroyed.",
        show_default=False,
        rich_help_panel=Theme.BEHAVIOUR,
    ),
]
EnvironmentOption = Annotated[
    bool,
    typer.Option(
        "--obey-environment",
        help="Let environment variables PYTHON* have their effect on the executable.",
        rich_help_panel=Theme.BEHAVIOUR,
    ),
]
ChildrenOption = Annotated[
    Children | None,
    typer.Option(
        "--children",
        help="Who can use the executable as a Python interpreter (-c, -m, a script): nobody, the application's own "
        "child processes, or everybody.  Default: own; none if the application starts no processes.",
        show_default=False,
        rich_help_panel=Theme.BEHAVIOUR,
    ),
]
PythonOption = Annotated[
    bool,
    typer.Option("--as-python", help="An older name of --children all.", hidden=True, rich_help_panel=Theme.BEHAVIOUR),
]
ProfileOption = Annotated[
    Profile,
    typer.Option(
        "--profile",
        help="default: starts quickly; small: a smaller executable, which decompresses bytecode, files and "
        "the machine code of wheels when it uses them.",
        rich_help_panel=Theme.CODE,
    ),
]
PieOption = Annotated[
    bool,
    typer.Option(
        "--pie/--no-pie",
        help="Make a position-independent executable, which lies at another address each time; it starts 6% slower.",
        rich_help_panel=Theme.BEHAVIOUR,
    ),
]
TrainingOption = Annotated[
    Path | None,
    typer.Option(
        "--pgo",
        metavar="FILE",
        help="Use an interpreter compiled with this profile of `castiron runtime train`; it is built once.",
        show_default=False,
        rich_help_panel=Theme.BEHAVIOUR,
    ),
]
ReportOption = Annotated[
    bool,
    typer.Option(
        "--report/--no-report", help="Write the license report, and show a summary.", rich_help_panel=Theme.LICENSES
    ),
]
DocumentsOption = Annotated[
    list[Format] | None,
    typer.Option(
        "--licenses",
        metavar="FORMAT",
        help="Also write the report in this format: notices, html, cyclonedx, spdx, spdx3, json.",
        rich_help_panel=Theme.LICENSES,
    ),
]
PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        help="Which licenses are allowed: a pyproject.toml, or a TOML file with its table [tool.castiron.licenses].",
        show_default=False,
        rich_help_panel=Theme.LICENSES,
    ),
]
DenyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--deny",
        metavar="LICENSE",
        help="Refuse this license; * matches any characters.",
        rich_help_panel=Theme.LICENSES,
    ),
]
StrictOption = Annotated[
    bool,
    typer.Option("--strict", help="Also refuse unknown licenses and open findings.", rich_help_panel=Theme.LICENSES),
]
SdistsOption = Annotated[
    bool,
    typer.Option(
        "--sdists",
        help="For the report also read the source distributions of the wheels, which are downloaded.",
        rich_help_panel=Theme.LICENSES,
    ),
]
SbomOption = Annotated[
    bool,
    typer.Option(
        "--sbom/--no-sbom", help="Also put the bill of materials into the executable.", rich_help_panel=Theme.LICENSES
    ),
]
NoticesOption = Annotated[
    bool,
    typer.Option(
        "--notices",
        help="Let the executable print its license notices when it is called with --third-party-notices.",
        rich_help_panel=Theme.LICENSES,
    ),
]
RelinkOption = Annotated[
    Path | None,
    typer.Option(
        "--relink-kit",
        metavar="FOLDER",
        help="Write to this folder what recipients need to link again with a changed library (LGPL).",
        show_default=False,
        rich_help_panel=Theme.LICENSES,
    ),
]
KeepMapOption = Annotated[
    Path | None,
    typer.Option(
        "--keep-map",
        metavar="FILE",
        help="Write the linker's map to this file.",
        show_default=False,
        rich_help_panel=Theme.OUTPUT,
    ),
]

SymbolsOption = Annotated[
    Path | None,
    typer.Option(
        "--symbols",
        metavar="FILE",
        help="Write the executable's symbols to this file, for debuggers and profilers.",
        show_default=False,
        rich_help_panel=Theme.OUTPUT,
    ),
]


@command_line.command(app)
def link(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="What trace wrote; - reads standard input.")],
    *,
    output: OutputOption = None,
    optimize: OptimizeOption = 0,
    sources: SourcesOption = Sources.ALL,
    compress: CompressOption = Compression.FAST,
    sys_path: SysPathOption = None,
    full_finalize: FinalizeOption = False,
    examined: ExaminedOption = None,
    obey_environment: EnvironmentOption = False,
    children: ChildrenOption = None,
    as_python: PythonOption = False,
    profile: ProfileOption = Profile.DEFAULT,
    pie: PieOption = False,
    training: TrainingOption = None,
    notices: NoticesOption = False,
    report: ReportOption = True,
    documents: DocumentsOption = None,
    policy: PolicyOption = None,
    deny: DenyOption = None,
    strict: StrictOption = False,
    sdists: SdistsOption = False,
    sbom: SbomOption = True,
    keep_map: KeepMapOption = None,
    symbols: SymbolsOption = None,
    relink_kit: RelinkOption = None,
    verbose: command_line.VerboseOption = False,
    quiet: command_line.QuietOption = False,
) -> None:
    """Link a manifest into one static executable, and report what is in it and under which licenses."""
    # The stage is imported when it is needed: --help and wrong options answer at once.
    from castiron_audit.cli import load_policy, source_date_epoch
    from castiron_link.driver import Request
    from castiron_link.driver import link as link_manifest
    from castiron_link.examined.reader import own_examinations
    from castiron_manifest.reader import read_manifest

    loud = command_line.loudness(quiet=quiet, verbose=verbose)
    content = read_manifest(manifest)
    request = Request(
        manifest=content,
        output=output,
        options=LinkOptions(
            optimize=optimize,
            sources=sources,
            compress=compress,
            sys_path=tuple(sys_path or ()),
            full_finalize=full_finalize,
            examined=own_examinations(examined or ()),
            obey_environment=obey_environment,
            children=_children(children, as_python=as_python),
            profile=profile,
            pie=pie,
            notices=notices,
        ),
        policy=load_policy(policy, deny=deny or [], strict=strict, manifest=content, quiet=loud is Loudness.QUIET),
        documents=tuple(dict.fromkeys(([Format.TABLE] if report else []) + (documents or []))),
        sdists=sdists,
        sbom=sbom,
        epoch=source_date_epoch(),
        keep_map=keep_map,
        symbols=symbols,
        training=training,
        relink_kit=relink_kit,
    )
    show_result(link_manifest(request, reporter=command_line.reporter_of(loud)), loud, table=report)


_CHILDREN = {
    Children.NONE: "; cannot be used as a Python interpreter",
    Children.OWN: "",
    Children.ALL: "; everybody can use it as a Python interpreter",
}

_SMALL = (
    "profile small: takes less space, starts more slowly and takes more memory; what is compressed is decompressed "
    "when it is used"
)

_SLOW_DIGESTS = (
    "hashlib: without OpenSSL, SHA-1 and SHA-2 take two to eight times as long on processors with instructions for "
    "them; the default profile brings it (4 MB)"
)


def _children(children: Children | None, *, as_python: bool) -> Children | None:
    if not as_python:
        return children
    if children not in (None, Children.ALL):
        raise UsageError(
            f"--as-python means --children all and contradicts --children {children}.", hint="Give one of the two."
        )
    return Children.ALL


def show_result(result: LinkResult, loud: Loudness, *, table: bool) -> None:
    """Print what was made on stderr: warnings, the license table, and one line on the executable."""
    from castiron_link.largest import largest_rows
    from castiron_manifest.needs import sentences

    console = stderr_lines()
    for warning in result.warnings:
        console.print(relative(printable(f"warning: {warning}")))
    if loud is Loudness.QUIET:
        return
    if table:
        from castiron_audit.formats.table import table as drawn

        console.out(drawn(result.report, width=console.width, color=console.is_terminal, brief=True), end="")
    for row in largest_rows(result.report):
        console.print(relative(printable(row)))
    for line in sentences(result.needs):
        console.print(relative(printable(line)))
    size = f"{result.size / 1e6:.1f} MB"
    console.print(f"{relative(str(result.output))}: {size}, static{_CHILDREN[result.children]}")
    if result.profile is Profile.SMALL:
        console.print(_SMALL)
    if result.slow_digests:
        console.print(_SLOW_DIGESTS)
    if loud is Loudness.VERBOSE:
        for item in result.full_ends:
            console.print(printable(f"destroys every object at its end once {item.subject} was used: {item.reason}"))
        command_line.show_passes(result.seconds)


def main() -> None:
    """Run the command ``link``."""
    run_command(app, prog="link")


if __name__ == "__main__":
    main()
