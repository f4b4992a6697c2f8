"""Holds facts about the standard library's imports that its sources do not show.

Used by the host (for the closure) and by the analyser (names to look for in sources).
"""

from __future__ import annotations

NEVER_FOLLOWED = frozenset(
    {
        # Pure-Python stand-ins for C modules that a pack always has, and other platforms' helpers.
        "_aix_support",
        "_android_support",
        "_apple_support",
        "_ios_support",
        "_osx_support",
        "_py_abc",
        "_py_warnings",
        "_pydatetime",
        "_pydecimal",
        "_pyio",
        "nturl2path",
        # Self-tests, command lines and interactive tools; imported by functions that only ``python -m`` runs.
        "_pyrepl",
        "doctest",
        "idlelib",
        "lib2to3",
        "pdb",
        "pydoc",
        "pydoc_data",
        "rlcompleter",
        "site",
        "test",
        "turtledemo",
        "unittest",
    }
)
"""Modules (with their submodules) that the standard library's guarded and lazy imports do not bring in."""

NEVER_PROVIDED = frozenset(
    {
        "_aix_support",
        "_android_support",
        "_apple_support",
        "_ios_support",
        "_osx_support",
        "gnu",  # dbm.gnu
        "idlelib",
        "msilib",
        "nturl2path",
        "test",
        "tests",
        "tkinter",
        "turtle",
    }
)
"""Names in the paths of modules that a static program on Linux does not get, even with all of the standard library."""

NEVER_LAZILY = frozenset({"argparse", "getopt", "optparse", "plistlib", "pstats", "readline", "statistics", "timeit"})
"""Modules that the standard library imports inside functions only for its own command lines or for other systems."""


def program_mark(module: str) -> str:
    """Return what is noted, beside `MENTIONS`, of code that runs a module as a program: ``python -m timeit``."""
    return f"@program {module}"


_LINE_EDITOR = frozenset({"enablerlcompleter", "register_readline"})

CONDITIONAL: dict[tuple[str, str], frozenset[str]] = {
    ("_datetime", "_strptime"): frozenset({"strptime"}),
    ("ast", "inspect"): frozenset({"get_docstring"}),
    ("builtins", "typing"): frozenset({"@type_params"}),
    # An application has them if it imports them itself; none of them is what dbm and shelve write by default.
    ("dbm", "dbm.gnu"): frozenset({"@never"}),
    ("dbm", "dbm.ndbm"): frozenset({"@never"}),
    # The newer classes of messages; `email.message.Message` has a policy without it.
    ("email.message", "email.policy"): frozenset({"EmailMessage", "MIMEPart"}),
    ("functools", "typing"): frozenset({"singledispatch", "singledispatchmethod"}),
    ("importlib._bootstrap_external", "importlib.metadata"): frozenset({"@metadata", "invalidate_caches"}),
    ("importlib._bootstrap_external", "importlib.readers"): frozenset({"@resources"}),
    ("importlib._bootstrap_external", "tokenize"): frozenset({"get_source", "decode_source"}),
    ("logging", "pickle"): frozenset({"@never"}),
    ("logging.handlers", "email.message"): frozenset({"SMTPHandler"}),
    ("logging.handlers", "email.utils"): frozenset({"SMTPHandler"}),
    ("logging.handlers", "http.client"): frozenset({"HTTPHandler"}),
    ("logging.handlers", "smtplib"): frozenset({"SMTPHandler"}),
    ("os", "ntpath"): frozenset({"@never"}),
    ("os", "subprocess"): frozenset({"popen"}),
    ("os.path", "ntpath"): frozenset({"@never"}),
    ("pathlib._local", "urllib.parse"): frozenset({"as_uri", "from_uri"}),
    ("platform", "socket"): frozenset({"@never"}),
    ("platform", "subprocess"): frozenset({"processor", "uname"}),
    ("posix", "resource"): frozenset({"wait3", "wait4"}),
    ("re._parser", "unicodedata"): frozenset({"@named_character"}),
    ("shutil", "bz2"): frozenset({"make_archive", "unpack_archive"}),
    ("shutil", "lzma"): frozenset({"make_archive", "unpack_archive"}),
    ("shutil", "tarfile"): frozenset({"make_archive", "unpack_archive"}),
    ("shutil", "zipfile"): frozenset({"make_archive", "unpack_archive"}),
    ("shutil", "zlib"): frozenset({"make_archive", "unpack_archive"}),
    # The interactive interpreter's line editor, which brings two libraries; many import site for its folders.
    ("site", "_pyrepl.main"): _LINE_EDITOR,
    ("site", "_pyrepl.readline"): _LINE_EDITOR,
    ("site", "_pyrepl.unix_console"): _LINE_EDITOR,
    ("site", "readline"): _LINE_EDITOR,
    ("site", "rlcompleter"): _LINE_EDITOR,
    ("threading", "_threading_local"): frozenset({"@never"}),  # a stand-in for what the interpreter always has
    ("time", "_strptime"): frozenset({"strptime"}),
    ("traceback", "unicodedata"): frozenset({"@non_ascii"}),
    ("types", "_socket"): frozenset({"@never"}),
    ("typing", "inspect"): frozenset({"runtime_checkable", "Protocol"}),
    ("uuid", "_uuid"): frozenset({"uuid1", "getnode"}),
    # Used without _uuid: it would run other programs to get the address of the network card.
    ("uuid", "shutil"): frozenset({"@never"}),
    ("uuid", "socket"): frozenset({"@never"}),
    ("uuid", "subprocess"): frozenset({"@never"}),
    ("warnings", "inspect"): frozenset({"deprecated"}),
    ("warnings", "tracemalloc"): frozenset({"tracemalloc"}),
    ("zipfile", "py_compile"): frozenset({"PyZipFile", "writepy"}),
    ("zipimport", "importlib.resources"): frozenset({"@never"}),
}
"""Imports that are followed only if another module that goes in mentions one of the names."""

USED_MODULES = {"importlib.metadata": "@metadata", "importlib.resources": "@resources"}
"""Modules whose use by anything counts as a mention of a name of `CONDITIONAL`."""

ABSENT = {
    "enable_load_extension": "sqlite3 in an executable loads no extensions: connections have no enable_load_extension, "
    "and calling it ends in AttributeError.",
}
"""Functions that many builds of the standard library have and ours does not -> what to say of code that uses them."""

MENTIONS = frozenset(name for names in CONDITIONAL.values() for name in names).union(ABSENT)
"""Names to look for in sources.  Those with ``@`` are not identifiers: PEP 695 syntax, characters beyond ASCII in a
source (a traceback measures their width), ``\\N{...}`` in a regular expression, those of `USED_MODULES`; nothing
mentions ``@never``.
"""

FROM_C: dict[str, tuple[str, ...]] = {
    "builtins": ("_pylong", "copyreg", "linecache", "struct", "traceback", "typing", "warnings"),
    "_decimal": ("collections", "collections.abc", "numbers"),
    "dbm": ("dbm.sqlite3", "dbm.dumb"),
    "importlib.resources": ("importlib.readers", "importlib.resources.readers"),
    "importlib.util": ("importlib._abc",),
    "multiprocessing.popen_forkserver": ("multiprocessing.forkserver",),
    "multiprocessing.popen_spawn_posix": ("multiprocessing.spawn", "multiprocessing.resource_tracker"),
    "multiprocessing.context": (
        "multiprocessing.forkserver",
        "multiprocessing.popen_fork",
        "multiprocessing.popen_forkserver",
        "multiprocessing.popen_spawn_posix",
        "multiprocessing.spawn",
    ),
    "multiprocessing.shared_memory": ("multiprocessing.resource_tracker",),
    "_socket": ("encodings.idna",),
    "_ctypes": ("ctypes._endian",),
    "_sqlite3": ("sqlite3.dump",),
    "_zoneinfo": ("zoneinfo._common", "zoneinfo._tzpath"),
    "_interpchannels": ("concurrent.futures.interpreter",),
}
"""Imports that C code makes or that have computed names, beyond modulegraph2's own table: followed as required.

Source: the calls of ``PyImport_Import*``, ``_PyImport_GetModuleAttr*`` and ``PyCapsule_Import`` in CPython 3.11 and
3.13; what a series does not have is passed over.
"""

REPLACED: dict[str, tuple[str, ...]] = {
    "_hashlib": ("_blake2", "_md5", "_sha1", "_sha2", "_sha256", "_sha3", "_sha512"),
}
"""Extension modules that the link leaves out where others can do their work -> those others.

A watched run uses only the former, and the binary may have only the latter.  Source: `castiron_link.select`, and
Lib/hashlib.py of CPython 3.11 and 3.13; what a series does not have is passed over.
"""

MINIMAL_CODECS = (
    "aliases",
    "ascii",
    "cp437",
    "latin_1",
    "punycode",
    "raw_unicode_escape",
    "undefined",
    "unicode_escape",
    "utf_16",
    "utf_16_be",
    "utf_16_le",
    "utf_32",
    "utf_32_be",
    "utf_32_le",
    "utf_8",
    "utf_8_sig",
)
"""Submodules of ``encodings`` that every binary gets."""

TRANSFORMS = {"bz2": "bz2_codec", "zlib": "zlib_codec"}
"""Library -> submodule of ``encodings`` that brings it: included only if it is named, or if the library is there."""

DECODERS = (
    "cgi",
    "email",
    "imaplib",
    "lib2to3",
    "mailbox",
    "nntplib",
    "plistlib",
    "poplib",
    "pyexpat",
    "tokenize",
    "xml",
    "xmlrpc",
)
"""Modules and packages of the standard library that read the names of encodings from their input: with one of them, an
application needs every encoding."""

NO_DECODERS = frozenset({"email.errors", "email.utils", "xml.sax.saxutils"})
"""Submodules of these that do not."""

FOREIGN_CODECS = frozenset({"mbcs", "oem", "cp65001", "_win_cp_codecs"})
"""Submodules of ``encodings`` that work only on Windows."""
