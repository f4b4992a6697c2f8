"""Recognises arguments of calls that name an encoding."""

from __future__ import annotations

import ast

from castiron_trace.analyser.syntax.expressions import keyword_argument, name_of

_CODEC_FUNCTIONS = {
    **dict.fromkeys(("lookup", "getencoder", "getdecoder", "getreader", "getwriter"), (0,)),
    **dict.fromkeys(("getincrementalencoder", "getincrementaldecoder"), (0,)),
    **dict.fromkeys(("encode", "decode", "iterencode", "iterdecode"), (1,)),
    "open": (2,),
    "EncodedFile": (1, 2),
}
"""Functions of ``codecs`` -> which of their arguments name an encoding."""
_AMBIGUOUS = frozenset({"lookup", "encode", "decode", "open"})
"""Those whose names other functions have, too: without ``codecs.`` before them, only a literal counts."""
_FILE_FUNCTIONS = {"open": 3, "fdopen": 3, "TextIOWrapper": 1, "str": 1, "bytes": 1, "bytearray": 1}
"""Builtin functions, or those of ``io`` and ``os`` -> the argument that names an encoding."""
_PATH_METHODS = {"open": 2, "read_text": 0, "write_text": 1}
"""Methods of paths, likewise; only a literal counts, as other objects have methods of these names."""


def encodings(node: ast.Call, name: str) -> tuple[list[ast.expr], bool]:
    """Return the arguments of a call that name an encoding, and whether they do so only if they are literals."""
    keyword = keyword_argument(node, "encoding")
    if keyword is not None:
        return [keyword], False
    if not isinstance(node.func, ast.Attribute):
        if name in _FILE_FUNCTIONS:
            return node.args[_FILE_FUNCTIONS[name] :][:1], False
        places, literal_only = _CODEC_FUNCTIONS.get(name, ()), name in _AMBIGUOUS
    else:
        owner = name_of(node.func.value)
        places, literal_only = (), False
        if owner == "codecs":
            places = _CODEC_FUNCTIONS.get(name, ())
        elif name in {"encode", "decode"}:
            places = (0,)
        elif owner in {"io", "os", "builtins"} and name in _FILE_FUNCTIONS:
            places = (_FILE_FUNCTIONS[name],)
        elif name in _PATH_METHODS:
            places, literal_only = (_PATH_METHODS[name],), True
    return [node.args[place] for place in places if place < len(node.args)], literal_only
