"""Stage 2 as a table of contents: each pass with its why, and what holds after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_audit.application import application_version
from castiron_audit.collect import build_report
from castiron_audit.embedded import accounted, embed, note
from castiron_audit.enforcement import apply, enforce
from castiron_audit.examination import examinations_for
from castiron_audit.formats import Format
from castiron_audit.policy import Policy
from castiron_audit.project import own_project
from castiron_common.cache import cache_root
from castiron_common.clock import Clock
from castiron_common.errors import ManifestError
from castiron_common.working import working_folder
from castiron_elf.sections import file_layout
from castiron_link.app_object import write_app_object
from castiron_link.audit import OwnObjects, linked, own_component
from castiron_link.boot import boot_config
from castiron_link.bytecode import compile_modules
from castiron_link.checks import broken_modules, partial_stdlib, require_entry
from castiron_link.children import children_of
from castiron_link.deflate import deflate_once
from castiron_link.dictionary import dictionary_of
from castiron_link.documents import artifact_of, document
from castiron_link.first_stage import compress_executable
from castiron_link.function_order import function_order
from castiron_link.ld import run_linker
from castiron_link.linker_call import linker_call
from castiron_link.map_file import taken
from castiron_link.model import LinkOptions, LinkResult, Profile, compression
from castiron_link.natives import absorb_natives, provided_extensions
from castiron_link.packing import as_stored, pack_tree
from castiron_link.payload import write_payload
from castiron_link.provision import (
    compiler_of,
    interpreter_of,
    pack_of,
    provided,
    site_of,
    stub_components_of,
    wheels_of,
)
from castiron_link.relink import check_kit, write_kit
from castiron_link.relink_application import kit_application
from castiron_link.select import faster_with_openssl, inittab, select
from castiron_link.shares import taken_compressed
from castiron_link.startup import startup
from castiron_link.tree_layout import below_site_packages, build_tree, interpreters, with_placed_libraries
from castiron_link.write import check_places, copy_file, document_path, write_output
from castiron_link.zstd import zstd_once

if TYPE_CHECKING:
    from castiron_audit.project import Project
    from castiron_common.progress import Reporter
    from castiron_manifest.model import Manifest
    from castiron_wheels.source_archives import SourceArchive


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
    symbols: Path | None = None
    """Where the symbols of the executable go; debuggers find them by its name there, and by the build id."""
    project: Project | None = None
    """What the application's project says of itself; None: as the policy's file has it."""
    training: Path | None = None
    """Profile of a training run that the interpreter is compiled with."""
    sdists: bool = False
    """Also read the source distributions of the wheels for the report."""
    relink_kit: Path | None = None
    """Folder for what it takes to link again with a replaced library."""


def _sdists(manifest: Manifest, reporter: Reporter) -> tuple[SourceArchive, ...]:
    from castiron_audit.wanted_sdists import wanted_sdists  # which few links need

    return wanted_sdists(manifest, reporter)


def link(request: Request, *, reporter: Reporter) -> LinkResult:
    """Link a manifest into one static executable.

    Raises subclasses of `CastironError`; then, as after an interruption, nothing is left at the output's place.
    """
    manifest, options = with_placed_libraries(request.manifest), request.options
    small = options.profile is Profile.SMALL
    clock = Clock()

    # read: the manifest is decoded already; a place that cannot be written is better found before the work.
    # After it: everything that is known of the application is in the manifest, and no pass looks elsewhere for more.
    with clock("read"):
        if manifest.extra:
            raise ManifestError(
                "A newer version of Castiron wrote the manifest: the executable would lack what its "
                f"{' and '.join(key for key, _ in manifest.extra)} say.",
                hint="Link with the version that wrote it, or trace again with this one.",
            )
        output = (request.output or Path(manifest.entry.name)).absolute()
        check_places(output, symbols=request.symbols, keep_map=request.keep_map)
        if request.relink_kit is not None:
            check_kit(request.relink_kit)
        project = request.project or own_project(request.policy.project, manifest)
        version = application_version(manifest, project)

    # pack: the interpreter that the analysis was made for; another one has other modules.
    # After it: the pack's version is the manifest's.
    with clock("pack"):
        pack = pack_of(manifest, reporter)
        interpreter = interpreter_of(pack, reporter)
        if options.pie or request.training:
            pack = pack_of(manifest, reporter, pie=options.pie, profile=request.training)

    # select: what goes in, and no more: the tree of files, the built-in modules, the libraries that those need.
    # After it: every file has its place, every archive is built; nothing is added any more.
    with clock("select"):
        starts = any(module.name == "subprocess" for module in manifest.modules)
        needs = startup(pack.id, interpreter, cache_root() / "link", manifest.entry.kind, children=starts)
        site = site_of(manifest, pack, reporter)
        sdists = _sdists(manifest, reporter) if request.sdists else ()
        tree = build_tree(manifest, stdlib=pack.stdlib, site=site, extra_stdlib=needs.modules)
        chosen = select(tree, startup=needs.builtins, offered=pack.extensions, small=small)
        names = sorted({*chosen, *provided_extensions(manifest, tree)})
        children = children_of(tree, options, extensions=chosen)
        given = provided(pack, names, reporter, small=small)
        inputs, stub = given.inputs, given.stub

    with working_folder("link") as work:
        # absorb: shared objects become ordinary relocatable objects.
        # After it: no shared object is left; each extension module has an init symbol.
        with clock("absorb"):
            natives = absorb_natives(
                manifest,
                tree,
                pack,
                inputs,
                target=pack.target,
                stub=stub,
                work=work,
                reporter=reporter,
                packed=small,
                own_examinations=options.examined,
            )

        # compile: bytecode by the pack's own Python: its magic number, whatever the host runs.
        # After it: each module has code, whose file names lie in the tree.
        with clock("compile"):
            compiler = compiler_of(pack, options, interpreter)
            compiled = compile_modules(tree.modules, compiler)
            require_entry(manifest, compiled)

        # payload: one position-independent block that the stub reads in place.
        # After it: the application is one object file among archives.
        with clock("payload"):
            rows = {row.tree_path: index for index, row in enumerate(natives.extensions)}
            packed = pack_tree(
                tree,
                compiled,
                sources=options.sources,
                compress=compression(options),
                extensions=rows,
                libraries=natives.libraries,
                interpreters=interpreters(manifest.target.python),
            )
            kept = cache_root() / "link" / "deflated.sqlite"
            dictionary = dictionary_of(pack, compiler, reporter=reporter) if small else None
            compress = deflate_once(kept) if dictionary is None else zstd_once(kept, dictionary)
            config = boot_config(manifest, tree, options, children)
            payload = write_payload(
                config,
                packed.modules,
                packed.files,
                packed.links,
                compress=compress,
                zstd=small,
                folders=tree.folders,
            )
            own = work / "app.o"
            write_app_object(
                own,
                elf=pack.target.elf,
                payload=payload.data,
                inittab=inittab(inputs.extensions),
                extensions=natives.extensions,
                note=note(project.name or manifest.entry.name, version, pack.target),
                dictionary=dictionary,
            )

        # ld: the linker takes of the archives what is used, into a folder of ours.
        # In a small executable, interpreter and libraries are compressed then.
        # After it: the executable exists, unseen, and the map says what is in it.
        with clock("ld"):
            call = linker_call(
                pack,
                inputs=inputs,
                stub=stub,
                natives=natives,
                own=own,
                work=work,
                order=function_order(pack, stub, reporter=reporter),
                room=small,
            )
            warnings = run_linker(call)
            stage = given.first_stage
            compressed = compress_executable(call.output, stage, page=pack.target.elf.page_size) if stage else None
            layout = file_layout(call.output)
            with call.map.open() as lines:
                if stage is None or compressed is None:
                    found = taken(lines, layout.sections)
                else:
                    found = taken_compressed(lines, layout, compressed, stub=stub, stage=stage)
            symbols = None
            if request.symbols is not None:
                # Imported here, as hardly any link writes symbols.
                from castiron_link.symbols import write_symbols

                symbols = write_symbols(call, natives, request.symbols.name, work)

        # audit: of the map, so of what is in the binary and not of what was offered; and before the binary has its
        # name, so that a refusal leaves no file.
        # After it: every byte of the file has an owner with a license or a name, and the policy lets it in.
        with clock("audit"):
            content = linked(
                contributions=as_stored(packed.contributions, payload),
                taken=found,
                layout=layout,
                inputs=inputs,
                stub=stub,
                stand_ins=natives.archives,
                stub_components=stub_components_of(pack, reporter),
                own=OwnObjects(
                    payload_size=payload.data.size,
                    payload_padding=payload.padding,
                    app=own,
                    images=natives.images,
                    tables=tuple(path for path in natives.objects if path not in natives.images),
                ),
                added=natives.components,
                images=below_site_packages(natives.libraries, manifest.target.python),
                feature=manifest.target.python,
            )
            with examinations_for(site) as known:
                draft = build_report(
                    manifest,
                    site=site,
                    linked=content,
                    license_=project.license,
                    version=version,
                    name=project.name,
                    supplier=project.supplier,
                    signatures=request.policy.signatures,
                    generator=f"castiron {own_component().version}",
                    known=known,
                    sdists=sdists,
                )
            report = apply(draft, request.policy)
            enforce(report)
            embed(call.output, report, epoch=request.epoch, sbom=request.sbom, notices=options.notices)
            report = accounted(report, call.output)

        # write: whole or not at all.
        with clock("write"):
            size = call.output.stat().st_size
            artifact = artifact_of(call.output, output.name, request.documents)
            documents = {
                document_path(output, item): document(report, item, request.epoch, artifact)
                for item in request.documents
            }
            write_output(call.output, output, documents)
            if request.relink_kit is not None:
                write_kit(
                    request.relink_kit,
                    call,
                    name=manifest.entry.name,
                    target=manifest.target.platform,
                    version=pack.toolchain.version,
                    owners=inputs.owners,
                    origins=natives.origins,
                    application=kit_application(
                        request.manifest,
                        compiled,
                        wheels_of(manifest, pack, reporter),
                        report,
                        options=options,
                        project=project,
                        generator=f"castiron {own_component().version}",
                        profile=request.training,
                    ),
                )
            if request.symbols is not None and symbols is not None:
                copy_file(symbols, request.symbols)
            if request.keep_map is not None:
                copy_file(call.map, request.keep_map)

    return LinkResult(
        output=output,
        size=size,
        report=report,
        children=children,
        profile=options.profile,
        needs=manifest.needs,
        full_ends=() if options.full_finalize else natives.unexamined,
        slow_digests=small and "_hashlib" not in chosen and faster_with_openssl(tree.modules),
        warnings=(
            *broken_modules(compiled),
            *natives.warnings,
            *warnings,
            *partial_stdlib(options, present=tree.builtins, offered=pack.extensions),
        ),
        seconds=clock.seconds,
    )
