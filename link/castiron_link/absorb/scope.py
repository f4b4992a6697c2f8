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
from typing import TYPE_CHECKING, NamedTuple

from castiron_elf.abi import (
    STB_GNU_UNIQUE,
    STB_LOCAL,
    STB_WEAK,
    STT_OBJECT,
    STT_TLS,
    STV_DEFAULT,
)
from castiron_elf.shared_object import Definition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castiron_elf.shared_object import Definitions, Reference, SharedObject
    from castiron_link.absorb.program import Program


# Named tuples, as a link makes hundreds of thousands of these.
class ToImage(NamedTuple):
    """Bound to a place in an image."""

    image: int
    """Index among the images."""
    value: int
    """Offset from its base; from its TLS block if ``tls``."""
    tls: bool


class ToProgram(NamedTuple):
    """Left to the linker under this name."""

    name: str


class ToNumber(NamedTuple):
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


def resolve(
    number: int,
    images: Sequence[SharedObject],
    needed: Sequence[Sequence[int]],
    program: Program,
    *,
    emulated: bool = False,
) -> Resolution:
    """Bind every reference of image ``number``; ``emulated`` says that it gets stand-ins for functions of libc."""
    first = program.emulated_names if emulated else program.names
    scope = search_order(number, needed)
    others = [(image, images[image].definitions) for image in scope[1:]]
    bindings: list[Binding] = []
    missing: list[Missing] = []
    for reference in images[number].references:
        bound = _bind(reference, number, others, first, program.last)
        if bound is None:
            missing.append(Missing(image=number, symbol=reference.name))
            bound = ToNumber(0)
        bindings.append(bound)
    return Resolution(bindings=tuple(bindings), missing=tuple(missing))


def _bind(
    reference: Reference,
    number: int,
    others: Sequence[tuple[int, Definitions]],
    first: Mapping[str, str],
    last: Mapping[str, str],
) -> Binding | None:
    """Return the place that a reference gets: of ``first``, then of the images, then of ``last``; None for none."""
    _, name, value, kind, binding, visibility, defined, absolute = reference
    own = Definition(value, kind, binding, visibility, absolute) if defined else None
    if own is not None and (binding == STB_LOCAL or visibility != STV_DEFAULT):
        return _to(number, own)
    external = first.get(name)
    if external is not None:
        return ToProgram(external)
    chosen = None if own is None else (number, own)
    for image, definitions in others if own is None or _once_per_program(name, own) else ():
        definition = definitions.get(name)
        if definition is not None:
            chosen = (image, definition)
            if not _once_per_program(name, definition):
                break
    if chosen is not None:
        return _to(*chosen)
    if name in last:
        return ToProgram(last[name])
    return ToNumber(0) if binding == STB_WEAK else None


def _to(image: int, definition: Definition) -> Binding:
    """Return the place of a definition."""
    if definition.absolute:
        return ToNumber(definition.value)
    return ToImage(image, definition.value, definition.type == STT_TLS)


def _once_per_program(name: str, definition: Definition) -> bool:
    """Whether C++ wants one instance of it however many images define it."""
    if definition.visibility != STV_DEFAULT:
        return False
    if definition.binding == STB_GNU_UNIQUE:
        return True
    return definition.binding == STB_WEAK and definition.type == STT_OBJECT and name.startswith("_Z")
