"""Proves which parts of a source distribution are in its wheel: by what no other part and no own source has.

A part that is only called, or that was compiled for another system, leaves nothing that it alone defines.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from castiron_audit.sdists.tokens import Tokens, relevant_words, tokens_of
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from castiron_audit.sdists.archive import SourceTree
    from castiron_audit.sdists.parts import DividedSources, SourcePart
    from castiron_audit.sdists.tokens import Traces

_WORD = re.compile(rb"[A-Za-z]{3,}")
_TELLING_NAME = re.compile(rb"\w{9,}|\w*[a-z0-9]_\w{3,}|\w*[a-z][A-Z]\w{3,}")
"""A long name, or one of several words: ``throw`` and ``begin`` are everybody's."""
_AT_LEAST = 4
"""Points; messages of three words and what is in a namespace have two, another string or name that tells enough one."""
_SHORTEST = 8
_SHORTEST_NAME = 3
_IDENTIFIER = re.compile(rb"\w+")
_OWN = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenPart:
    """A part of the sources, and what of it machine code has that nothing else in the sources has."""

    part: SourcePart
    proof: str
    """The longest."""
    texts: frozenset[bytes]
    """All of it."""


def proven_parts(tree: SourceTree, sources: DividedSources, traces: Traces) -> tuple[ProvenPart, ...]:
    """Return the parts that are in machine code with these traces, in their order."""
    relevant = relevant_words(traces)
    by_owner = {_OWN: sources.own, **{part.name: part.sources for part in sources.parts}}
    tokens = {
        owner: _joined(tokens_of(path, tree.files[path], traces, relevant) for path in paths)
        for owner, paths in by_owner.items()
    }
    found = {owner: _evidence(item, traces) for owner, item in tokens.items()}
    holders = Counter(text for texts in found.values() for text in texts)
    words: Counter[bytes] = Counter(word for item in tokens.values() for word in item.strings | item.words)
    proven: list[ProvenPart] = []
    for part in sources.parts:
        alone = _alone(found[part.name], holders, words)
        if sum(map(_points, alone)) >= _AT_LEAST:
            longest = max(alone, key=lambda text: (_points(text), len(text), text))
            proven.append(ProvenPart(part=part, proof=longest.decode("ascii", "replace"), texts=frozenset(alone)))
    return tuple(proven)


def _joined(items: Iterable[Tokens]) -> Tokens:
    every = list(items)
    return Tokens(
        strings=frozenset().union(*(item.strings for item in every)),
        defined=frozenset().union(*(item.defined for item in every)),
        scopes=frozenset().union(*(item.scopes for item in every)),
        words=frozenset().union(*(item.words for item in every)),
    )


def _evidence(tokens: Tokens, traces: Traces) -> frozenset[bytes]:
    """Return the strings, names and members (``scope::name``) that sources have of the traces."""
    members = {
        scope + b"::" + name
        for scope, name in traces.members
        if scope in tokens.scopes and name in tokens.words and scope != name
    }
    return frozenset(tokens.strings | (tokens.defined & traces.names) | members) - {b""}


def _alone(texts: Iterable[bytes], holders: Mapping[bytes, int], words: Mapping[bytes, int]) -> list[bytes]:
    """Return what only one owner has; what stands elsewhere as a word is used there."""
    return sorted(text for text in texts if holders[text] == 1 and (words.get(text, 1) <= 1 or b"::" in text))


def _points(text: bytes) -> int:
    if b" " in text:
        return 2 if len(set(_WORD.findall(text))) >= 3 else int(len(text) >= _SHORTEST)
    if b"::" in text:
        scope, _, name = text.partition(b"::")
        return 0 if len(name) <= _SHORTEST_NAME else 2 if len(scope) > _SHORTEST_NAME else 1
    if _IDENTIFIER.fullmatch(text):
        return int(_TELLING_NAME.fullmatch(text) is not None and not text.startswith(b"__"))
    return int(len(text) >= _SHORTEST and len(set(text)) > 4)
