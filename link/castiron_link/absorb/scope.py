"""Which definition each reference of each image gets: symbol resolution as the dynamic loader would do it.

Rules, and where they depart from a loader that is called once per imported module:

* libc and the interpreter come first, as they are in a process's global scope before any extension module;
* then the image itself and the closure of its ``DT_NEEDED``, breadth first.  A loader searches the closure of the
  module that was imported first, so two orders of import may bind a library differently; here every image has its own
  scope, whatever runs first;
* C++ objects that must exist once per program (``STB_GNU_UNIQUE``, and weak data with a mangled name: inline variables,
  type information) are taken from the last image of the scope that defines them: all users of a library then agree
  on the library's own;
* protected symbols, and hidden or local ones, bind to the image itself; versions are ignored, as musl does.

Source: System V ABI, "Shared Object Dependencies"; musl's ``dynlink.c``; glibc's ``dl-lookup.c`` for unique symbols.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_link.absorb.image import (
    STB_GNU_UNIQUE,
    STB_LOCAL,
    STB_WEAK,
    STT_OBJECT,
    STT_TLS,
    STV_DEFAULT,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_link.absorb.facts import Definition, ImageFacts, Reference
    from castiron_link.absorb.program import Program


@dataclass(frozen=True, slots=True, kw_only=True)
class ToImage:
    """Bound to a place in an image."""

    image: int
    """Index among the images."""
    value: int
    """Offset from its base; from its TLS block if ``tls``."""
    tls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToProgram:
    """Left to the linker under this name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToNumber:
    """An absolute value; 0 for a weak symbol that nobody defines."""

    value: int


Binding = ToImage | ToProgram | ToNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A symbol that nobody provides."""

    image: int
    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The bindings of one image, in the order of its references."""

    bindings: tuple[Binding, ...]
    missing: tuple[Missing, ...]


def search_order(start: int, needed: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return ``start`` and what it needs, breadth first, each once; ``needed`` holds indices per image."""
    order = [start]
    seen = {start}
    for image in order:
        for other in needed[image]:
            if other not in seen:
                seen.add(other)
                order.append(other)
    return tuple(order)


def construction_order(needed: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return all images with dependencies before their users; a cycle starts at its lowest index."""
    order: list[int] = []
    state = [0] * len(needed)
    for root in range(len(needed)):
        stack = [(root, iter(needed[root]))] if not state[root] else []
        if stack:
            state[root] = 1
        while stack:
            image, rest = stack[-1]
            following = next((i for i in rest if not state[i]), None)
            if following is None:
                stack.pop()
                order.append(image)
            else:
                state[following] = 1
                stack.append((following, iter(needed[following])))
    return tuple(order)


def resolve(number: int, images: Sequence[ImageFacts], needed: Sequence[Sequence[int]], program: Program) -> Resolution:
    """Bind every reference of image ``number``."""
    scope = search_order(number, needed)
    tables = [(image, images[image].definitions) for image in scope]
    bindings: list[Binding] = []
    missing: list[Missing] = []
    for reference in images[number].references:
        bound = _bind(reference, number, tables, program)
        if bound is None:
            missing.append(Missing(image=number, symbol=reference.name))
            bound = ToNumber(value=0)
        bindings.append(bound)
    return Resolution(bindings=tuple(bindings), missing=tuple(missing))


def _bind(
    reference: Reference, number: int, tables: Sequence[tuple[int, dict[str, Definition]]], program: Program
) -> Binding | None:
    _, name, value, kind, binding, visibility, defined, absolute = reference
    if defined and (binding == STB_LOCAL or visibility != STV_DEFAULT):
        return ToNumber(value=value) if absolute else ToImage(image=number, value=value, tls=kind == STT_TLS)
    external = program.external(name)
    if external is not None:
        return ToProgram(name=external)
    found: tuple[int, Definition] | None = None
    for image, definitions in tables:
        definition = definitions.get(name)
        if definition is not None:
            found = (image, definition)
            if not _once_per_program(name, definition):
                break
    if found is not None:
        image, definition = found
        if definition.absolute:
            return ToNumber(value=definition.value)
        return ToImage(image=image, value=definition.value, tls=definition.type == STT_TLS)
    if name in program.last:
        return ToProgram(name=name)
    return ToNumber(value=0) if binding == STB_WEAK else None


def _once_per_program(name: str, definition: Definition) -> bool:
    """Whether C++ wants one instance of it however many images define it."""
    if definition.visibility != STV_DEFAULT:
        return False
    if definition.binding == STB_GNU_UNIQUE:
        return True
    return definition.binding == STB_WEAK and definition.type == STT_OBJECT and name.startswith("_Z")
