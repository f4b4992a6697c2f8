"""Stage 2 as a table of contents: each pass with its why, and what holds after it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_audit.collect import application_version, build_report
from castiron_audit.embedded import embed, note
from castiron_audit.formats import Format, render
from castiron_audit.policy import Policy, apply, enforce
from castiron_common.cache import cache_root
from castiron_common.clock import Clock
from castiron_common.errors import EntryError, RuntimePackError
from castiron_common.files import atomic_write, sha256_file
from castiron_common.working import working_folder
from castiron_link.app_object import write_app_object
from castiron_link.audit import linked, own_component
from castiron_link.boot import boot_config
from castiron_link.bytecode import Compiler, compile_modules
from castiron_link.children import children_of
from castiron_link.layout import payload_script
from castiron_link.ld import LinkerCall, run_linker
from castiron_link.map_file import pieces
from castiron_link.model import Children, LinkOptions, LinkResult
from castiron_link.natives import absorb_natives, provided_extensions
from castiron_link.packing import pack_tree
from castiron_link.payload import write_payload
from castiron_link.relink import check_kit, write_kit
from castiron_link.select import inittab, select
from castiron_link.startup import startup
from castiron_link.tree_layout import build_tree, entry_path, interpreters, root_of
from castiron_link.write import check_output, document_path, write_output
from castiron_manifest.model import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from castiron_audit.model import Report
    from castiron_common.progress import Reporter
    from castiron_link.model import Compiled
    from castiron_link.natives import Natives
    from castiron_manifest.model import Manifest
    from castiron_runtime.model import Component, LinkInputs, Pack


_REPORT_WIDTH = 140
"""Characters of a line in the license report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of the link stage."""

    manifest: Manifest
    output: Path | None
    """None: the name that the manifest gives, in the current folder."""
    options: LinkOptions = field(default_factory=LinkOptions)
    policy: Policy = field(default_factory=Policy)
    """Which licenses are let in."""
    documents: tuple[Format, ...] = (Format.TABLE,)
    """What is written beside the executable, each with a suffix of its own; ``Format.TABLE`` is the license report."""
    sbom: bool = True
    """Put the bill of materials and the report into the executable, too."""
    epoch: int | None = None
    """Time for documents, in seconds since 1970; None: they hold no time."""
    keep_map: Path | None = None
    """Where the linker's map is copied to."""
    relink_kit: Path | None = None
    """Folder for what it takes to link again with a replaced library."""


def link(request: Request, *, reporter: Reporter) -> LinkResult:
    """Link a manifest into one static executable.

    Raises subclasses of `CastironError`; then, as after an interruption, nothing is left at the output's place.
    """
    manifest, options = request.manifest, request.options
    clock = Clock()

    # read: the manifest is decoded already; a place that cannot be written is better found before the work.
    # After it: everything that is known of the application is in the manifest, and no pass looks elsewhere for more.
    with clock("read"):
        output = (request.output or Path(manifest.entry.name)).absolute()
        check_output(output)
        if request.relink_kit is not None:
            check_kit(request.relink_kit)

    # pack: the interpreter that the analysis was made for; another one has other modules.
    # After it: the pack's version is the manifest's.
    with clock("pack"):
        pack = _open_pack(manifest, reporter)
        interpreter = _interpreter(pack, reporter)
        if options.pie:
            pack = _open_pack(manifest, reporter, pie=True)

    # select: what goes in, and no more: the tree of files, the built-in modules, the libraries that those need.
    # After it: every file has its place, every archive is built; nothing is added any more.
    with clock("select"):
        starts = any(module.name == "subprocess" for module in manifest.modules)
        needs = startup(pack.id, interpreter, cache_root() / "link", manifest.entry.kind, children=starts)
        site = _site(manifest, reporter)
        tree = build_tree(manifest, stdlib=pack.stdlib, site=site, extra_stdlib=needs.modules)
        selection = select(tree, startup=needs.builtins, offered=pack.extensions)
        names = sorted({*selection.extensions, *provided_extensions(manifest, tree)})
        children = children_of(tree, options, extensions=selection.extensions)
        inputs, stub = _provide(pack, names, reporter)

    with working_folder("link") as work:
        # absorb: shared objects become ordinary relocatable objects.
        # After it: no shared object is left; each extension module has an init symbol.
        with clock("absorb"):
            natives = absorb_natives(manifest, tree, pack, inputs, stub=stub, work=work, reporter=reporter)

        # compile: bytecode by the pack's own Python: its magic number, whatever the host runs.
        # After it: each module has code, whose file names lie in the tree.
        with clock("compile"):
            compiled = compile_modules(tree.modules, _compiler(pack, options, interpreter))
            _require_entry(manifest, compiled)

        # payload: one position-independent block that the stub reads in place.
        # After it: the application is one object file among archives.
        with clock("payload"):
            rows = {row.tree_path: index for index, row in enumerate(natives.extensions)}
            packed = pack_tree(
                tree,
                compiled,
                sources=options.sources,
                compress=options.compress,
                extensions=rows,
                libraries=natives.libraries,
                interpreters=interpreters(manifest.target.python),
            )
            payload = write_payload(boot_config(manifest, options, children), packed.modules, packed.files)
            own = work / "app.o"
            write_app_object(
                own,
                payload=payload,
                inittab=inittab(inputs.extensions),
                extensions=natives.extensions,
                note=note(manifest.entry.name, application_version(manifest, request.policy)),
            )

        # ld: the linker takes of the archives what is used, into a folder of ours.
        # After it: the executable exists, unseen, and the map says what is in it.
        with clock("ld"):
            call = _linker_call(pack, inputs=inputs, stub=stub, natives=natives, own=own, work=work)
            warnings = run_linker(call)
            with call.map.open() as lines:
                taken = pieces(lines)

        # audit: of the map, so of what is in the binary and not of what was offered; and before the binary has its
        # name, so that a refusal leaves no file.
        # After it: every byte of machine code has an owner with a license, and the policy lets it in.
        with clock("audit"):
            content = linked(
                contributions=(*packed.contributions, *natives.contributions),
                taken=taken,
                inputs=inputs,
                stub=stub,
                stub_components=_stub_components(pack, reporter),
                own=(own, *natives.objects),
                images=_site_paths(natives.libraries, manifest.target.python),
            )
            found = build_report(
                manifest,
                site=site,
                linked=content,
                license_=request.policy.license,
                version=application_version(manifest, request.policy),
                generator=f"castiron {own_component().version}",
            )
            report = apply(found, request.policy)
            enforce(report)
            embed(call.output, report, epoch=request.epoch, sbom=request.sbom, notices=options.notices)

        # write: whole or not at all.
        with clock("write"):
            documents = {
                document_path(output, item): _document(report, item, request.epoch) for item in request.documents
            }
            digest, size = sha256_file(call.output), call.output.stat().st_size
            write_output(call.output, output, documents)
            if request.relink_kit is not None:
                write_kit(
                    request.relink_kit,
                    call,
                    name=manifest.entry.name,
                    target=manifest.target.platform,
                    version=pack.toolchain.version,
                    owners=inputs.owners,
                )
            if request.keep_map is not None:
                _copy_map(call.map, request.keep_map)

    return LinkResult(
        output=output,
        sha256=digest,
        size=size,
        report=report,
        children=children,
        written=tuple(documents),
        warnings=(
            *_broken(compiled),
            *natives.warnings,
            *warnings,
            *_partial_stdlib(options, present=tree.builtins, offered=pack.extensions),
        ),
        seconds=clock.seconds,
    )


def _site_paths(tree_paths: Sequence[str], feature: str) -> Iterator[str]:
    """Yield paths relative to site-packages for absorbed files, which are named by their place in the tree."""
    root = f"{root_of(Origin.DISTRIBUTION, feature)}/"
    for path in tree_paths:
        yield path.removeprefix(root)


def _document(report: Report, format_: Format, epoch: int | None) -> str:
    """Return a document; the report beside the executable is the table with the texts."""
    if format_ is not Format.TABLE:
        return render(report, format_, epoch=epoch)
    table = render(report, Format.TABLE, width=_REPORT_WIDTH)
    return f"Components of {report.name}\n\n{table}\n{render(report, Format.NOTICES)}"


def _open_pack(manifest: Manifest, reporter: Reporter, *, pie: bool = False) -> Pack:
    from castiron_runtime.packs import open_pack

    pack = open_pack(manifest.target.python, manifest.target.platform, pie=pie, reporter=reporter)
    found = f"cpython-{pack.python_version}"
    if manifest.pack != found:
        raise RuntimePackError(
            f"The manifest was made for {manifest.pack}, and the runtime pack here is {found}.",
            hint="Run trace again here, or link where that pack is (`castiron runtime list`).",
        )
    return pack


def _interpreter(pack: Pack, reporter: Reporter) -> Callable[[], Path]:
    """Return a function that gives the runnable Python: it is built only if something has to be asked or compiled."""

    @cache
    def get() -> Path:
        from castiron_runtime.packs import interpreter

        return interpreter(pack, full=False, reporter=reporter)

    return get


def _compiler(pack: Pack, options: LinkOptions, interpreter: Callable[[], Path]) -> Compiler:
    return Compiler(
        interpreter=interpreter,
        python_version=pack.python_version,
        optimize=options.optimize,
        cache=cache_root() / "link" / "bytecode.sqlite",
    )


def _site(manifest: Manifest, reporter: Reporter) -> Path | None:
    """Return the ``site-packages`` with the manifest's distributions installed."""
    if not manifest.distributions:
        return None
    from castiron_wheels.fetch import fetch_all
    from castiron_wheels.install import installation_prefix, site_packages

    target = manifest.target
    wheels = fetch_all(manifest.distributions, target, blobs=dict(manifest.blobs), reporter=reporter)
    return site_packages(installation_prefix(wheels, target), target)


def _provide(pack: Pack, extensions: Sequence[str], reporter: Reporter) -> tuple[LinkInputs, Path]:
    """Return what the extensions add to the link, and the stub's archive."""
    from castiron_runtime.packs import provide, stub_archive

    return provide(pack, extensions, reporter=reporter), stub_archive(pack, reporter=reporter)


def _stub_components(pack: Pack, reporter: Reporter) -> Mapping[str, Component]:
    """Return the code of others in the stub's archive, by its member."""
    from castiron_runtime.packs import stub_components

    return stub_components(pack, reporter=reporter)


def _require_entry(manifest: Manifest, compiled: Sequence[Compiled]) -> None:
    """Raise `EntryError` if the script to run does not compile: such a binary could do nothing."""
    path = entry_path(manifest.entry, manifest.target.python)
    for code in compiled:
        if code.tree_path == path and code.error is not None:
            raise EntryError(
                f"{manifest.entry.path} does not compile: {code.error}.",
                hint=f"Is it written for Python {manifest.target.python}? Correct it, and run trace again.",
            )


def _broken(compiled: Sequence[Compiled]) -> Iterator[str]:
    for code in compiled:
        if code.error is not None:
            yield f"{code.tree_path} does not compile ({code.error}); importing it raises that error"


def _partial_stdlib(options: LinkOptions, *, present: Collection[str], offered: Collection[str]) -> Iterator[str]:
    """Tell that code from outside of the binary, if the binary takes any, cannot import all of the standard library."""
    if (options.sys_path or options.children is Children.ALL) and set(offered) - set(present):
        yield (
            "code from outside of the binary (--sys-path, --children all) can import what the application uses of the "
            "standard library; `trace --stdlib all` adds the rest"
        )


def _linker_call(pack: Pack, *, inputs: LinkInputs, stub: Path, natives: Natives, own: Path, work: Path) -> LinkerCall:
    from castiron_runtime.stub import stub_settings

    settings = stub_settings()
    script = work / "payload.ld"
    script.write_text(payload_script())
    return LinkerCall(
        linker=pack.toolchain.linker,
        objects=(pack.toolchain.crt1, own, *natives.objects),
        archives=(stub, *pack.core, *inputs.archives, *pack.toolchain.libraries),
        output=work / "app",
        map=work / "app.map",
        wrap=settings.wrap,
        wrap_if_used=settings.wrap_if_used,
        pie=pack.toolchain.pie,
        scripts=(script, *natives.scripts),
    )


def _copy_map(linked: Path, destination: Path) -> None:
    with atomic_write(destination, sync=False) as file, linked.open("rb") as source:
        shutil.copyfileobj(source, file)
