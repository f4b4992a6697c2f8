"""Module names that only a run creates: `six.moves`, setuptools' ``distutils``, `requests.packages`."""

from __future__ import annotations

_SIX = {
    "builtins": "builtins",
    "configparser": "configparser",
    "copyreg": "copyreg",
    "cPickle": "pickle",
    "cStringIO": "io",
    "collections_abc": "collections.abc",
    "dbm_gnu": "dbm.gnu",
    "dbm_ndbm": "dbm.ndbm",
    "_dummy_thread": "_thread",
    "email_mime_multipart": "email.mime.multipart",
    "email_mime_nonmultipart": "email.mime.nonmultipart",
    "email_mime_text": "email.mime.text",
    "email_mime_base": "email.mime.base",
    "email_mime_image": "email.mime.image",
    "http_cookiejar": "http.cookiejar",
    "http_cookies": "http.cookies",
    "html_entities": "html.entities",
    "html_parser": "html.parser",
    "http_client": "http.client",
    "BaseHTTPServer": "http.server",
    "CGIHTTPServer": "http.server",
    "SimpleHTTPServer": "http.server",
    "queue": "queue",
    "reprlib": "reprlib",
    "socketserver": "socketserver",
    "_thread": "_thread",
    "tkinter": "tkinter",
    "urllib": "urllib",
    "urllib_parse": "urllib.parse",
    "urllib_error": "urllib.error",
    "urllib_robotparser": "urllib.robotparser",
    "urllib.parse": "urllib.parse",
    "urllib.error": "urllib.error",
    "urllib.request": "urllib.request",
    "urllib.response": "urllib.response",
    "urllib.robotparser": "urllib.robotparser",
    "xmlrpc_client": "xmlrpc.client",
    "xmlrpc_server": "xmlrpc.server",
    "shlex_quote": "shlex",
    "getcwd": "os",
    "getcwdb": "os",
    "filterfalse": "itertools",
    "zip_longest": "itertools",
    "reduce": "functools",
    "reload_module": "importlib",
    "UserDict": "collections",
    "UserList": "collections",
    "UserString": "collections",
    "StringIO": "io",
    "intern": "sys",
}
"""Source: the tables ``_moved_attributes`` and ``_urllib_*_moved_attributes`` of six 1.17."""


def is_six_moves(name: str) -> bool:
    """Say whether ``name`` is the package that six makes at run time, of six itself or of a vendored copy."""
    return name.endswith("six.moves")


def moved(name: str, distributions: set[str]) -> str | None:
    """Return the module that ``name`` is made from at run time; None if we know of none."""
    parts = name.split(".")
    if "six" in parts[:-1] and parts[parts.index("six") + 1] == "moves":
        index = parts.index("six") + 2
        return _SIX.get(".".join(parts[index:])) if index < len(parts) else None
    if parts[0] == "distutils" and "setuptools" in distributions:
        return ".".join(["setuptools", "_distutils", *parts[1:]])
    if parts[:2] == ["requests", "packages"] and len(parts) > 2:
        return ".".join(parts[2:])
    return None
