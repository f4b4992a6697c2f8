"""What a test needs of the machine: one that cannot run here says so by these words, and is counted.

``tests/conftest.py`` prints the counts after a run; with ``CI=true`` a test that is skipped for any other reason fails
the run.  So a new need is a new row here.
"""

from __future__ import annotations

import os
import platform
import shutil
from typing import NoReturn

import pytest

KNOWN = {
    "root": "to be other users, and for chroot",
    "an ordinary user": "root reads every file",
    "mount": "to make small and read-only file systems: root, and a kernel or container that allows it",
    "strace": "installed, and ptrace allowed",
    "x86-64": "the numbers of system calls are those of one machine",
    "openssl": "the command, for certificates of a server",
    "file": "the command, which tells that a binary is static",
    "ldd": "the command, which tells that a binary needs no library",
    "the pinned CPython": "another version of its series stands in for it here",
    "gdb": "the command, which reads symbols",
    "gcc": "with g++ and objcopy, to build against glibc what wheels have",
    "gcc or clang": "to fuzz the stub's reader with sanitizers",
    "CASTIRON_SLOW_TESTS": "to be set, for what compiles for many minutes",
}
"""What may be missing, and why it is asked for."""
PREFIX = "needs "


def skip(what: str, detail: str = "") -> NoReturn:
    """Skip the test that is running: the machine lacks ``what``, a key of `KNOWN`."""
    pytest.skip(_reason(what, detail))


def need(what: str, present: object) -> pytest.MarkDecorator:
    """Return a decorator that skips a test if ``what``, a key of `KNOWN`, is not there."""
    return pytest.mark.skipif(not present, reason=_reason(what))


def tool(name: str) -> str:
    """Return the path of a command, or skip the test."""
    return shutil.which(name) or skip(name)


def named(reason: str) -> str | None:
    """Return the key of `KNOWN` that a reason for skipping names; None: the test says nothing that we know."""
    text = reason.removeprefix("Skipped: ")
    if not text.startswith(PREFIX):
        return None
    name = text.removeprefix(PREFIX).partition(":")[0]
    return name if name in KNOWN else None


def _reason(what: str, detail: str = "") -> str:
    return f"{PREFIX}{what}: {detail or KNOWN[what]}"


root = need("root", os.geteuid() == 0)
x86_64 = need("x86-64", platform.machine() == "x86_64")
strace = need("strace", shutil.which("strace"))
