"""What a program finds around it: the locale of its environment, and the names of hosts."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from castiron_common.progress import SilentReporter
from castiron_runtime.packs import interpreter
from tests.support import needs
from tests.support.linking import trace_and_link

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration


APP = """
import locale
import os
import socket
import sys


def attempt(call, *arguments, **options):
    try:
        return call(*arguments, **options)
    except (OSError, ValueError, locale.Error) as error:
        return repr(error)


def locales():
    yield sys.flags.utf8_mode, os.environ.get("LC_CTYPE"), locale.setlocale(locale.LC_CTYPE)
    yield locale.getpreferredencoding(), locale.getpreferredencoding(False), locale.getencoding()
    yield sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
    yield [(stream.encoding, stream.errors) for stream in (sys.stdin, sys.stdout, sys.stderr)]
    yield [ascii(word) for word in sys.argv[2:]], ascii(os.environ["WORD"]), [os.fsencode(w) for w in sys.argv[2:]]
    yield attempt(locale.setlocale, locale.LC_ALL, ""), attempt(locale.getlocale)
    yield locale.localeconv()["decimal_point"], locale.strcoll("a", "B") > 0
    yield attempt(locale.setlocale, locale.LC_ALL, "xy_ZZ.ISO-8859-1"), locale.getpreferredencoding()
    with open(os.devnull) as file:
        yield file.encoding


def hosts():
    for name in ("localhost", "LocalHost.", "some.localhost"):
        for family in (0, socket.AF_INET, socket.AF_INET6):
            found = socket.getaddrinfo(name, 80, family, socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
            assert not any(info[3] for info in found[1:])
            yield name, family, sorted((found[0][3], *info[4][:2]) for info in found)
    for name in ("localhost", "127.0.0.1", None):
        assert not any(info[3] for info in socket.getaddrinfo(name, 80))
    yield socket.gethostbyname("localhost"), socket.gethostbyname_ex("localhost")
    yield attempt(socket.getaddrinfo, "localhost", 80, flags=socket.AI_NUMERICHOST)
    for address in ("127.0.0.1", "::1"):
        yield address, socket.getnameinfo((address, 80), socket.NI_NUMERICSERV), socket.gethostbyaddr(address)
        yield address, socket.getnameinfo((address, 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)


for row in globals()[sys.argv[1]]():
    print(*row)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("surroundings")
    (folder / "app.py").write_text(APP)
    return folder


@pytest.fixture(scope="module")
def binary(pack: Pack, folder: Path) -> Path:
    return trace_and_link(["app.py"], cwd=folder, name="app")


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"LANG": ""},
        {"LANG": "C"},
        {"LANG": "POSIX"},
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX"},
        {"LC_CTYPE": "C"},
        {"LANG": "C.UTF-8"},
        {"LC_ALL": "C.UTF-8"},
        {"LANG": "de_DE.UTF-8"},
        {"LANG": "de_DE"},
        {"LANG": "xy_ZZ.latin-9"},
        {"LC_ALL": "en_US.ISO-8859-1"},
        {"LANG": "C", "LC_CTYPE": "de_DE.UTF-8"},
        {"LANG": "de_DE.UTF-8", "LC_ALL": "C"},
    ],
    ids=str,
)
def test_the_locale_is_that_of_an_ordinary_python(
    variables: dict[str, str], binary: Path, folder: Path, pack: Pack
) -> None:
    python = interpreter(pack, full=False, reporter=SilentReporter())
    env = {os.fsencode(name): value for name, value in {**variables, "WORD": "\xe4\udcff"}.items()}
    words = [b"locales", b"\xff", "ä€".encode()]
    outcomes = [
        subprocess.run(
            [*map(str, command), *words],
            cwd=folder,
            env={name: os.fsencode(value) for name, value in env.items()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        for command in ([binary], [python, "-s", "app.py"])
    ]
    assert outcomes[0].stdout == outcomes[1].stdout
    assert outcomes[0].stderr == outcomes[1].stderr == b""


def run_in_jail(binary: Path, jail: Path) -> list[str]:
    shutil.copyfile(binary, jail / "app")
    (jail / "app").chmod(0o755)
    done = subprocess.run(["chroot", jail, "/app", "hosts"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@needs.root
@pytest.mark.parametrize("hosts", [None, "", "10.0.0.1 other localhost.example # localhost\n"])
def test_localhost_is_known_where_nothing_names_it(binary: Path, tmp_path: Path, hosts: str | None) -> None:
    if hosts is not None:
        (tmp_path / "etc").mkdir()
        (tmp_path / "etc/hosts").write_text(hosts)
    rows = run_in_jail(binary, tmp_path)
    four, six = ("localhost", "127.0.0.1", 80), ("localhost", "::1", 80)
    for index, name in enumerate(("localhost", "LocalHost.", "some.localhost")):
        # A machine without IPv6 has no such address.
        assert rows[3 * index] in (f"{name} 0 {[four, six]}", f"{name} 0 {[four]}")
        assert rows[3 * index + 1] == f"{name} 2 {[four]}"
        assert rows[3 * index + 2] == f"{name} 10 {[six]}"
    assert rows[9] == "127.0.0.1 ('localhost', ['localhost'], ['127.0.0.1'])"
    assert rows[10] == " ".join("gaierror(-2, 'Name does not resolve')")
    assert rows[11:] == [
        "127.0.0.1 ('localhost', '80') ('localhost', ['localhost'], ['127.0.0.1'])",
        "127.0.0.1 ('127.0.0.1', '80')",
        "::1 ('localhost', '80') ('localhost', ['localhost'], ['::1'])",
        "::1 ('::1', '80')",
    ]


@needs.root
def test_the_hosts_file_comes_first(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    names = "localhost LocalHost. some.localhost"
    (tmp_path / "etc/hosts").write_text(f"127.0.0.7 {names}\n::7 {names}\n127.0.0.1 own-name\n::1 own-six\n")
    rows = run_in_jail(binary, tmp_path)
    assert rows[1] == "localhost 2 [('localhost', '127.0.0.7', 80)]"
    assert rows[2] == "localhost 10 [('localhost', '::7', 80)]"
    assert rows[9].startswith("127.0.0.7 ")
    assert rows[11].startswith("127.0.0.1 ('own-name', '80') ('own-name', ")
    assert rows[13].startswith("::1 ('own-six', '80') ('own-six', ")
