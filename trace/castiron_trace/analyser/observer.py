"""Watches a run with an audit hook and a finder, which write down what is imported, looked for, opened and listed.

Run beside the application as ``sitecustomize``, so that child processes are watched too; imports nothing but what every
interpreter has.  A line of the log is ``KIND<tab>VALUE<tab>WHO``; ``WHO`` is the module whose code asked, the nearest
on the stack that is not of the standard library.
"""

import os
import sys

START = "castiron.start"
"""The audit event that our runner raises when the application starts: what the runner imports itself does not count."""


def install(log: str, *, wait: bool = False) -> None:
    """Install the hook; events go to ``log``, one line each, written at once (a child may end with ``os._exit``).

    With ``wait``, nothing is written before the event `START`.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    known: set[str] = set()
    on = not wait

    def write(kind: str, value: object, who: str = "") -> None:
        if isinstance(value, bytes):
            value = os.fsdecode(value)
        if not isinstance(value, str) or "\n" in value or "\t" in value:
            return
        line = f"{kind}\t{value}\t{who}\n"
        if line not in known:
            known.add(line)
            try:
                os.write(descriptor, line.encode("utf-8", "surrogateescape"))
            except OSError:
                return  # the application closed our descriptor (a daemon does)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal on
        if event == START:
            # No event tells of an import of these: they are there already.
            for name in tuple(sys.modules):
                write("loaded", name)
            on = True
        elif not on:
            return
        elif event == "import":
            write("import", arguments[0], _who())
            write("file", arguments[1], _who())
        elif event == "exec":
            path = getattr(arguments[0], "co_filename", None)
            write("file", path, _who())
            write("import", _library_module(path), _who())
        elif event == "open":
            path, mode, flags = arguments
            if isinstance(path, (str, bytes)) and not _writes(mode, flags):
                write("open", os.path.abspath(path), _who())  # noqa: PTH100 - not every program has pathlib
        elif event in ("os.listdir", "os.scandir"):
            path = arguments[0]
            if isinstance(path, (str, bytes)) and not _by_import_system():
                write("list", os.path.abspath(path), _who())  # noqa: PTH100 - as above
        elif event == "ctypes.dlopen":
            write("dlopen", arguments[0], _who())

    class Finder:
        """Finds nothing: it is told what is looked for, also by `importlib.util.find_spec`, which no event tells."""

        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            """Write the name down."""
            del path, target
            if on:
                write("import", name, _who())

    for name in tuple(sys.modules):
        write("present", name)
    sys.meta_path.insert(0, Finder())
    sys.addaudithook(hook)


_LIBRARY = f"{os.path.dirname(os.__file__)}/"  # noqa: PTH120 - not every program has pathlib
_OWN_FILE = __file__ if "__file__" in globals() else ""


def _who() -> str:
    """Return the module that asked: the nearest on the stack outside of the standard library, else its nearest module.

    A program that is run is told by its module's name, if it has one, or by its file.
    """
    nearest = ""
    frame = sys._getframe(1)  # noqa: SLF001 - the documented way to look at callers
    while frame is not None:
        file = frame.f_code.co_filename
        if file != _OWN_FILE and not file.startswith("<frozen "):
            name = frame.f_globals.get("__name__")
            if not isinstance(name, str):
                name = ""
            if name == "__main__":
                spec = frame.f_globals.get("__spec__")
                name = getattr(spec, "name", None) or f"file:{file}"
            if not file.startswith(_LIBRARY) or f"{os.sep}site-packages{os.sep}" in file:
                return name
            nearest = nearest or name
        frame = frame.f_back  # type: ignore[assignment]
    return nearest


def _by_import_system() -> bool:
    """Say whether the import system caused an event: the caller of the hook."""
    return sys._getframe(2).f_code.co_filename.startswith("<frozen importlib")  # noqa: SLF001 - as above


def _library_module(path: object) -> str | None:
    """Return the module of the standard library that is in a file: `import_module` raises no import event."""
    if not isinstance(path, str) or not path.startswith(_LIBRARY) or not path.endswith(".py"):
        return None
    names = path[len(_LIBRARY) : -len(".py")].split("/")
    if "site-packages" in names:
        return None
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def _writes(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR) != 0


if "CASTIRON_PREFIX" in os.environ:
    # As in the binary and in a virtual environment: what distributions install beside site-packages is found by it.
    sys.prefix = sys.exec_prefix = os.environ["CASTIRON_PREFIX"]
if "CASTIRON_OBSERVE" in os.environ:
    install(os.environ["CASTIRON_OBSERVE"], wait="CASTIRON_ENTRY" in os.environ)
