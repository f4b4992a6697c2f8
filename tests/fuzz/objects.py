"""Shared objects of wheels: the absorber, trace and audit, and reports in linked binaries."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import zstandard

from castiron_common.errors import CastironError, InputError, NativeError
from tests.fuzz.elf_mutations import mutated
from tests.fuzz.mutations import INTEGERS, change_bytes
from tests.fuzz.parser import DefectError, Parser
from tests.support.elf_values import ELF, TARGET

if TYPE_CHECKING:
    from random import Random

SEEDS = Path(__file__).with_name("seeds")
_LIBC = frozenset(("malloc", "dlsym", "__tls_get_addr"))
_SPARE = 1 << 20
"""Bytes that an object may have beside its image's memory."""


def _read_seeds() -> list[bytes]:
    return [path.read_bytes() for path in sorted(SEEDS.glob("*.so"))]


class Objects(Parser):
    """Shared object in, relocatable object out: facts, bindings, the object and the tables."""

    suffix = ".so"
    expected = NativeError

    def prepare(self) -> None:
        from castiron_elf.observe import observe
        from castiron_link.absorb.program import program

        self._seeds = _read_seeds()
        used = (SEEDS / "libb.so.1").read_bytes()
        self._used = (observe(used, ELF), used)
        self._program = program(api=frozenset(), libc=_LIBC, last={})
        for seed in self._seeds:
            self.run(seed)

    def make(self, random: Random) -> bytes:
        return mutated(random.choice(self._seeds), random)

    def run(self, data: bytes) -> str:
        from castiron_elf.constants import identifiers
        from castiron_elf.errors import MalformedElfError
        from castiron_elf.observe import observe
        from castiron_elf.shared_object import decode, encode
        from castiron_link.absorb.check import check
        from castiron_link.absorb.closure import LibraryFile, plan
        from castiron_link.absorb.emit import object_key, write_object
        from castiron_link.absorb.scope import resolve
        from castiron_link.absorb.table import write_tables

        try:
            facts = decode(encode(observe(data, ELF)))
        except MalformedElfError:
            return "malformed"
        check(facts, "x/fast.so", TARGET)
        files = {"x.libs/libb.so.1": self._used, "x/fast.so": (facts, data)}
        listed = [
            LibraryFile(path=path, owner="x", sha256=known.sha256, location=Path(path))
            for path, (known, _) in files.items()
        ]
        plans = plan(listed, ["x/fast.so"], lambda file: files[file.path][0], TARGET.libc)
        ids = [item.id for item in plans]
        symbols: set[str] = set()
        for number, item in enumerate(plans):
            needed = [other.needed for other in plans]
            bindings = resolve(number, [other.facts for other in plans], needed, self._program).bindings
            object_key(item, bindings, ids, pie=True)
            path = self.folder / f"{number}.o"
            content = files[item.files[0].path][1]
            for pie in (False, True):
                write_object(content, item, bindings, ids, path, elf=ELF, pie=pie)
            # The template of thread-local storage with its zeros is one section, as one symbol stands for all of it.
            template = item.facts.tls.memsz if item.facts.tls else 0
            if path.stat().st_size > item.facts.span + template + 200 * item.facts.size + _SPARE:
                raise DefectError(f"an object of {path.stat().st_size} bytes for an image of {item.facts.span}")
            symbols |= {text.decode() for text in identifiers(content, item.facts)} & _LIBC
        for pie in (False, True):
            tables = self.folder / "tables.o"
            write_tables(tables, plans, program_symbols=symbols, tree_prefix="lib/site-packages", elf=ELF, pie=pie)
        return f"absorbed, {len(plans)} images"


class Descriptions(Parser):
    """What trace and the audit read of shared objects."""

    suffix = ".so"
    expected = CastironError

    def prepare(self) -> None:
        self._seeds = [*_read_seeds(), (SEEDS / "libb.so.1").read_bytes()]
        for seed in self._seeds:
            self.run(seed)

    def make(self, random: Random) -> bytes:
        return mutated(random.choice(self._seeds), random)

    def run(self, data: bytes) -> str:
        from castiron_audit.build_info import read_build_info
        from castiron_common.cache import cache_root
        from castiron_trace.natives import natives
        from castiron_wheels.libc_independent import is_program

        # What earlier inputs left in the cache would take longer to remove at the end than the engine waits for a word.
        shutil.rmtree(cache_root() / "elf", ignore_errors=True)
        file = self.folder / "fast.so"
        file.write_bytes(data)
        program = is_program(data)
        found, findings = natives({"x": [("x/fast.so", file, None)]}, TARGET)
        try:
            read_build_info(file, hashlib.sha256(data).hexdigest(), ELF)
            said = "examined"
        except InputError:
            said = "not examined"
        kinds = "+".join(finding.code for finding in findings) or "fine"
        return f"{said}, {len(found)} natives, {kinds}, {'a program' if program else 'a library'}"


class Binaries(Parser):
    """`castiron audit` of a binary that says that castiron linked it."""

    suffix = ".bin"
    expected = InputError

    def prepare(self) -> None:
        from castiron_audit.embedded import SBOM_SECTION, sections
        from castiron_elf.sections import append_sections
        from tests.unit.audit.making import MIT, distribution, report, runtime

        items = (
            distribution("alpha", "MIT", files={"LICENSE": MIT}, requires=("beta",), direct=True),
            distribution("beta", classifiers=("License :: OSI Approved :: GNU General Public License v3 (GPLv3)",)),
        )
        self._contents = sections(report(*items, texts=(MIT,), components=(runtime("zlib", "Zlib"),), license_="MIT"))
        self._base = (SEEDS / "sysv.so").read_bytes()
        self._file = self.folder / "binary"
        self._file.write_bytes(self._base)
        append_sections(self._file, self._contents)
        self._seed = self._file.read_bytes()
        self._sbom = SBOM_SECTION
        self.run(self._seed)

    def make(self, random: Random) -> bytes:
        from castiron_elf.sections import append_sections

        way = random.random()
        if way < 0.5:
            return mutated(self._seed, random)
        contents = dict(self._contents)
        name = random.choice(sorted(contents))
        if way < 0.6:
            contents[name] = change_bytes(contents[name], random)
        elif name != self._sbom:
            contents[name] = _changed_report(contents[name], random)
        else:
            contents[name] = random.choice((b"", b"\xff", b"{", b"[" * 50_000, contents[name] * 3))
        path = self.folder / "made"
        path.write_bytes(self._base)
        append_sections(path, contents)
        return path.read_bytes()

    def run(self, data: bytes) -> str:
        from castiron_audit.embedded import read_embedded
        from castiron_audit.enforcement import apply
        from castiron_audit.formats import Format, render
        from castiron_audit.policy import Policy

        self._file.write_bytes(data)
        report = apply(read_embedded(self._file).report, Policy())
        for format_ in Format:
            render(report, format_)
        return "audited"


def _changed_report(packed: bytes, random: Random) -> bytes:
    """Return the report's section with another JSON text."""
    text = zstandard.ZstdDecompressor().decompress(packed).decode()
    way = random.random()
    if way < 0.3:
        new = change_bytes(text.encode(), random)
    elif way < 0.4:
        new = random.choice(
            (b"[" * 100_000, b'{"a":' * 100_000, b"1" * 10_000, b"null", b"[]", b'"\\ud800"', b"NaN", b"{}")
        )
    elif way < 0.45:
        size = random.choice((1 << 20, 1 << 28, 1 << 40))
        return b"\x28\xb5\x2f\xfd\xe0" + size.to_bytes(8, "little") + random.randbytes(9)
    elif way < 0.5:
        return zstandard.ZstdCompressor().compress(b" " * (random.choice((1, 12, 40)) << 20) + b"{}")
    else:
        value = json.loads(text)
        _change_value(value, random)
        new = json.dumps(value).encode()
    return zstandard.ZstdCompressor(write_content_size=random.random() < 0.8).compress(new)


def _change_value(value: object, random: Random) -> None:
    from tests.fuzz.mutations import TEXTS, Places

    places = Places(value)
    for _ in range(random.choice((1, 1, 2, 4))):
        container, key = random.choice(places.places)
        other, at = random.choice(places.places)
        texts = (*TEXTS, *places.texts)
        try:
            container[key] = random.choice(
                (
                    None,
                    True,
                    random.choice(INTEGERS),
                    -1,
                    1e300,
                    random.choice(texts),
                    random.choice(texts),
                    [],
                    {},
                    copy.deepcopy(other[at]),
                )
            )
        except (KeyError, IndexError):
            continue
