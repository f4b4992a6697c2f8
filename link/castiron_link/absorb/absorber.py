"""The absorb pass: shared objects in, objects and tables for the linker out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from castiron_common.pools import thread_pool
from castiron_link.absorb.closure import ImagePlan, LibraryFile
from castiron_link.absorb.emit import base_symbol, cached_object, init_symbol
from castiron_link.absorb.folded import runs_of
from castiron_link.absorb.layout import linker_script
from castiron_link.absorb.program import Program, read_program
from castiron_link.absorb.read import constants_of, read
from castiron_link.absorb.selection import Skipped, choose
from castiron_link.absorb.table import write_tables
from castiron_link.tree_layout import site_packages

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_common.target import Elf, Target
    from castiron_link.absorb.opened_before import Guess
    from castiron_link.absorb.scope import Resolution
    from castiron_link.examined.examination import Examination, Unexamined
    from castiron_manifest.model import Native
    from castiron_runtime.model import Pack


_PRIVATE = frozenset(("__errno_location", "__h_errno_location", "__environ", "_exit", "_Exit"))
"""Names of libc that programs ask for although they are not in the name space of applications."""


class Lookup(StrEnum):
    """Which of the program's own symbols ``dlsym`` finds by name."""

    ALL = "all"
    """All of libc and the interpreter's API: for applications that use ctypes or cffi's ABI mode."""
    FOUND = "found"
    """The names of libc that images which call ``dlsym`` hold among their constants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsorbedExtension:
    """An extension module in an image."""

    module: str
    """Dotted name."""
    path: str
    """Its file, relative to site-packages."""
    symbol: str
    """The linker symbol of its init function."""
    image: int
    """Index in ``castiron_images``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsorbedImage:
    """What one image adds to the binary."""

    paths: tuple[str, ...]
    """The files it comes from, relative to site-packages."""
    owners: tuple[str, ...]
    """Their distributions, each once, that of the first path first."""
    sha256: str
    location: Path
    """The file on this machine that has its content."""
    symbol: str
    """The linker symbol of its first byte."""
    size: int
    """Bytes in memory."""
    relocations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Absorbed:
    """What the linker gets."""

    objects: tuple[Path, ...] = ()
    """For the command line, images first, then their tables."""
    script: str | None = None
    """Text for ``--script``; None if there is no image."""
    extensions: tuple[AbsorbedExtension, ...] = ()
    """Sorted by module name."""
    images: tuple[AbsorbedImage, ...] = ()
    """In the order of ``castiron_images``."""
    emulates: bool = False
    """Whether one of the images was linked against the emulated C library."""
    skipped: tuple[Skipped, ...] = ()
    """Optional ones that could not be absorbed."""
    guessed: tuple[Guess, ...] = ()
    """Libraries that an image got although it does not name them."""
    unexamined: tuple[Unexamined, ...] = ()
    """Images of which nobody has read what the destruction of their objects does."""


def absorb(
    natives: Iterable[Native],
    site: Path,
    pack: Pack,
    work_dir: Path,
    reporter: Reporter,
    *,
    target: Target,
    wanted: Collection[str] | None = None,
    optional: Collection[str] = (),
    added: Sequence[LibraryFile] = (),
    locations: Mapping[str, Path] | None = None,
    archives: Iterable[Path] = (),
    stand_ins: Sequence[Path] = (),
    stub: Iterable[Path] = (),
    prefixes: Iterable[str] = (),
    lookup: Lookup = Lookup.FOUND,
    packed: bool = False,
    examination: Examination | None = None,
) -> Absorbed:
    """Turn shared objects of ``site`` (a ``site-packages`` folder) into objects for the linker.

    ``natives`` are all that may be needed; ``wanted`` names (by path) those that go in with what they need, by default
    all; of these, ``optional`` are left out if they cannot be absorbed.  ``added`` are libraries of no distribution,
    for whoever needs them; ``locations`` says where files are that are not in ``site``.  ``archives`` are further
    static libraries of the link, ``stand_ins`` those with functions of the emulated C library, for images that were
    linked against it, ``stub`` those that come before the pack's; ``prefixes`` stand before names in ``archives`` that
    images know without.  ``packed``: images are stored compressed.  ``examination`` tells which of them leave nothing
    to be done at the end; None: none does.  Objects are cached; ``work_dir`` receives the tables.

    Raises `NativeError` if one that is not optional cannot be absorbed, or if nobody provides a symbol that it needs.
    """
    program = read_program(
        libc=pack.toolchain.libraries,
        interpreter=pack.core,
        others=archives,
        stub=stub,
        stand_ins=stand_ins,
        prefixes=prefixes,
    )
    known = {native.path: native for native in natives}
    elsewhere = locations or {}
    files = [
        LibraryFile(
            path=native.path,
            owner=native.distribution or "app",
            sha256=native.sha256,
            location=elsewhere.get(native.path, site / native.path),
            libc=native.libc,
        )
        for native in known.values()
    ]
    files += added

    with reporter.task("absorb") as task:
        task.step("reading shared objects")
        chosen = choose(
            files,
            known if wanted is None else wanted,
            optional,
            lambda file: read(file.location, name=f"{file.path} ({file.owner})", sha256=file.sha256, target=target),
            program,
            libc=target.libc,
        )
        images = chosen.images
        task.step("writing objects")
        pie = pack.toolchain.pie
        objects = _write_objects(images, chosen.resolutions, elf=target.elf, pie=pie, packed=packed)
        tables = work_dir / "image-tables.o"
        noted = {
            number: types
            for number, image in enumerate(images)
            if examination is not None and (types := examination.noted_types(image)) is not None
        }
        symbols = _program_symbols(images, program, lookup, emulated=target.libc.emulated)
        write_tables(
            tables,
            images,
            program_symbols=symbols,
            tree_prefix=site_packages(pack.feature),
            elf=target.elf,
            pie=pie,
            packed=packed,
            noted_types=noted,
        )
    page = target.elf.page_size
    folded = not packed and any(runs_of(image.facts, page=page) for image in images)
    if not images and lookup is not Lookup.ALL:
        return Absorbed(skipped=chosen.skipped)
    return Absorbed(
        objects=(*objects, tables),
        script=linker_script(page, packed=packed, folded=folded) if images else None,
        extensions=_extensions(images, known),
        images=tuple(_report(image) for image in images),
        emulates=bool(stand_ins) and any(image.libc == target.libc.emulated for image in images),
        skipped=chosen.skipped,
        guessed=chosen.guessed,
        unexamined=() if examination is None else examination.unexamined(images),
    )


def _write_objects(
    images: Sequence[ImagePlan], resolutions: Sequence[Resolution], *, elf: Elf, pie: bool, packed: bool
) -> tuple[Path, ...]:
    ids = [image.id for image in images]

    def write(number: int) -> Path:
        image = images[number]
        return cached_object(
            image.files[0].location, image, resolutions[number].bindings, ids, elf=elf, pie=pie, packed=packed
        )

    with thread_pool(2) as pool:
        return tuple(pool.map(write, range(len(images))))


def _program_symbols(images: Sequence[ImagePlan], program: Program, lookup: Lookup, *, emulated: str) -> frozenset[str]:
    """Return the names of the executable's symbols that ``dlsym`` must find."""
    names: set[str] = set()
    for image in images:
        stand_ins = program.stand_ins if image.libc == emulated else {}
        if lookup is Lookup.ALL and not stand_ins:
            continue
        for text in constants_of(image.files[0].location, image.facts, name=image.name):
            # Rust puts constants next to each other: a name may be the tail of a run.
            tails = [text[start:] for start in range(len(text) - 2)]
            names.update(tail for tail in tails if tail in program.libc)
            # For images of the emulated C library, ``dlsym`` looks for stand-ins under their own names first.
            names.update(stand_ins[tail] for tail in tails if tail in stand_ins)
    if lookup is Lookup.ALL:
        public = {name for name in program.libc if not name.startswith("_")} | _PRIVATE & program.libc
        names |= program.api | public
    return frozenset(names) - program.unreachable


def _extensions(images: Sequence[ImagePlan], known: dict[str, Native]) -> tuple[AbsorbedExtension, ...]:
    extensions = []
    for number, image in enumerate(images):
        for file in image.files:
            native = known.get(file.path)
            if native is None or native.module is None:
                continue
            module = native.module
            name = module.rpartition(".")[2]
            if name in image.facts.init_functions:
                symbol = init_symbol(image.id, name)
                extensions.append(AbsorbedExtension(module=module, path=file.path, symbol=symbol, image=number))
    return tuple(sorted(extensions, key=lambda extension: (extension.module, extension.path)))


def _report(image: ImagePlan) -> AbsorbedImage:
    return AbsorbedImage(
        paths=tuple(file.path for file in image.files),
        owners=tuple(dict.fromkeys(file.owner for file in image.files)),
        sha256=image.facts.sha256,
        location=image.files[0].location,
        symbol=base_symbol(image.id),
        size=image.facts.span,
        relocations=image.facts.relocation_count,
    )
