"""Watches a run with an audit hook, which writes down what is imported, opened and loaded.

Copied beside the run as ``sitecustomize``, so that child processes are watched too; imports nothing but what every
interpreter has.
"""

import os
import sys


def install(log: str) -> None:
    """Install the hook; events go to ``log``, one line each, written at once (a child may end with ``os._exit``)."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    known: set[str] = set()

    def write(kind: str, value: object) -> None:
        if isinstance(value, bytes):
            value = os.fsdecode(value)
        if not isinstance(value, str) or "\n" in value:
            return
        line = f"{kind} {value}\n"
        if line not in known:
            known.add(line)
            try:
                os.write(descriptor, line.encode("utf-8", "surrogateescape"))
            except OSError:
                return  # the application closed our descriptor (a daemon does)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "import":
            write("import", arguments[0])
            write("file", arguments[1])
        elif event == "exec":
            path = getattr(arguments[0], "co_filename", None)
            write("file", path)
            write("import", _library_module(path))
        elif event == "open":
            path, mode, flags = arguments
            if isinstance(path, (str, bytes)) and not _writes(mode, flags):
                write("open", os.path.abspath(path))  # noqa: PTH100 - not every program has pathlib
        elif event == "ctypes.dlopen":
            write("dlopen", arguments[0])

    sys.addaudithook(hook)


def _library_module(path: object) -> str | None:
    """Return the module of the standard library that is in a file: `import_module` raises no import event."""
    folder = f"{os.path.dirname(os.__file__)}/"  # noqa: PTH120 - as above
    if not isinstance(path, str) or not path.startswith(folder) or not path.endswith(".py"):
        return None
    names = path[len(folder) : -len(".py")].split("/")
    if "site-packages" in names:
        return None
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def _writes(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR) != 0


if "CASTIRON_OBSERVE" in os.environ:
    install(os.environ["CASTIRON_OBSERVE"])
