"""Runs in the pack's target interpreter: compiles the sources it is sent until its input ends.

Request on stdin: u32 length of the path, u32 length of the source, both little-endian, then path and source.
Answer on stdout: u8 status (0 compiled, 1 does not compile), u32 length of the message,
u32 length of the code, then message and code.  Uses nothing that has to be imported from a file.
"""

from __future__ import annotations

import marshal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType


def answer(path: str, source: bytes, optimize: int) -> tuple[int, str, CodeType]:
    """Return (status, message, code).  A source that does not compile becomes code that raises the same error."""
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=optimize)
    except SyntaxError as error:
        message = f"line {error.lineno}: {error.msg}"
        details = (path, error.lineno, error.offset, error.text, error.end_lineno, error.end_offset)
        raising = f"raise {type(error).__name__}({error.msg!r}, {details!r})"
        return 1, message, compile(raising, path, "exec", dont_inherit=True)
    except (ValueError, OverflowError, RecursionError, MemoryError) as error:
        # Null bytes, a bad encoding declaration, or nesting that is too deep.
        raising = f"raise {type(error).__name__}({str(error)!r})"
        return 1, str(error), compile(raising, path, "exec", dont_inherit=True)
    return 0, "", code


def share_sets(code: CodeType, known: dict[object, frozenset[object]]) -> CodeType:
    """Return ``code`` with equal frozensets among its constants, and those of code inside it, made one object.

    The compiler shares some of them and not others, depending on what the process did before; as marshal writes shared
    objects differently, the bytes would depend on it, too.
    """
    constants = []
    for constant in code.co_consts:
        if type(constant) is frozenset:
            key = tuple(sorted((type(item).__name__, repr(item)) for item in constant))
            constant = known.setdefault(key, constant)  # noqa: PLW2901
        elif hasattr(constant, "co_consts"):
            constant = share_sets(constant, known)  # noqa: PLW2901
        constants.append(constant)
    # Always a new object: what it has in common with the old one would count as shared.
    return code.replace(co_consts=tuple(constants))


def main() -> None:
    """Answer requests until there are none."""
    optimize = int(sys.argv[1])
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while header := requests.read(8):
        path_size = int.from_bytes(header[:4], "little")
        source_size = int.from_bytes(header[4:], "little")
        path = requests.read(path_size).decode()
        source = requests.read(source_size)
        status, message, code = answer(path, source, optimize)
        known: dict[object, frozenset[object]] = {}
        code = share_sets(code, known)
        text, data = message.encode("utf-8", "replace"), marshal.dumps(code)
        answers.write(bytes([status]) + len(text).to_bytes(4, "little") + len(data).to_bytes(4, "little"))
        answers.write(text)
        answers.write(data)
        answers.flush()


main()
