"""Binaries that are built and run: what a static executable promises, and what ends up in it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from elftools.elf.elffile import ELFFile

from castiron_common.cache import cache_root
from castiron_common.progress import SilentReporter
from castiron_link.function_order import function_order
from castiron_link.map_file import functions
from castiron_manifest.codec import encode
from castiron_runtime.packs import stub_archive
from castiron_runtime.start_functions import FILE, start_functions
from tests.support import needs
from tests.support.linking import command, own_cache, run, trace_and_link
from tests.unit.link.making import manifest

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

HELLO = b'import sys\nprint("hello", *sys.argv[1:])\nsys.exit(len(sys.argv) - 1)\n'


def write_manifest(folder: Path, pack: Pack, sources: dict[str, bytes]) -> Path:
    """Write a manifest made by hand: the script ``app.py`` and what it imports of ``sources``."""
    file = folder / "app.manifest"
    file.write_bytes(encode(manifest(sources, pack=f"cpython-{pack.python_version}")))
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hello")


@pytest.fixture(scope="module")
def hello(pack: Pack, folder: Path) -> Path:
    write_manifest(folder, pack, {"app.py": HELLO})
    done = command("link", "app.manifest", "-o", "hello", cwd=folder)
    assert done.status == 0, done.stderr
    return folder / "hello"


def test_runs(hello: Path, tmp_path: Path) -> None:
    done = run([hello, "a", "b c"], cwd=tmp_path)
    assert (done.status, done.stdout, done.stderr) == (2, "hello a b c\n", "")


def test_is_static(hello: Path) -> None:
    with hello.open("rb") as file:
        elf = ELFFile(file)
        kinds = {segment["p_type"] for segment in elf.iter_segments()}
        assert elf["e_type"] == "ET_EXEC"
        assert "PT_INTERP" not in kinds
        assert "PT_DYNAMIC" not in kinds
        stack = next(segment for segment in elf.iter_segments() if segment["p_type"] == "PT_GNU_STACK")
        assert stack["p_flags"] & 1 == 0
        assert stack["p_memsz"] >= 8 << 20
        assert elf.num_sections() > 5, "section headers must stay"


def test_is_static_as_file_sees_it(hello: Path) -> None:
    assert "statically linked" in subprocess.check_output([needs.tool("file"), "-b", hello], text=True)


def test_is_static_as_ldd_sees_it(hello: Path) -> None:
    done = subprocess.run([needs.tool("ldd"), hello], capture_output=True, text=True, check=False)
    assert "not a dynamic executable" in done.stdout + done.stderr


def test_is_small_and_has_no_openssl_or_sqlite(hello: Path) -> None:
    data = hello.read_bytes()
    assert len(data) <= 7_500_000
    for mark in (b"OpenSSL 3", b"SQLite format 3", b"SQLITE_", b"EVP_"):
        assert mark not in data
    report = hello.with_name("hello.licenses.txt").read_text()
    for name in ("cpython", "musl", "castiron"):
        assert f"\n{name} " in report
    for name in ("openssl", "sqlite"):
        assert f"\n{name} " not in report


def test_no_path_of_the_host_is_inside(hello: Path, pack: Pack, folder: Path) -> None:
    data = hello.read_bytes()
    places = (pack.root, folder, Path.home() / ".cache", Path(sys.prefix))
    assert [place for place in places if os.fsencode(place) in data] == []


@needs.root
def test_runs_in_an_empty_chroot_as_nobody(hello: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    shutil.copy(hello, root / "hello")
    for path in (root, root / "hello"):
        path.chmod(0o555)
    tmp_path.chmod(0o755)

    def enter() -> None:
        os.chroot(root)
        os.chdir("/")
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    done = subprocess.run(["/hello", "x"], preexec_fn=enter, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "hello x\n", "")


@needs.strace
def test_opens_no_file_at_start(hello: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    subprocess.run(["strace", "-f", "-e", "trace=file", "-o", log, hello], check=True, capture_output=True)
    calls = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines()]
    accesses = [call for call in calls if not call.startswith(("execve(", "+++", 'readlink("/proc/self/exe"'))]
    assert accesses == []


def test_same_bytes_in_another_folder_and_with_another_cache(
    hello: Path, folder: Path, pack: Pack, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "a folder with a longer name"
    elsewhere.mkdir()
    shutil.copy(folder / "app.manifest", elsewhere / "other.manifest")
    # An empty cache but for the runtime pack, which takes minutes to build.
    given = own_cache(tmp_path / "cache", "components", "sources", "zig")
    environment = {**os.environ, **given, "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"}
    done = command("link", "other.manifest", "-o", "hello", cwd=elsewhere, env=environment)
    assert done.status == 0, done.stderr
    assert (cache_root(given) / "link/bytecode.sqlite").is_file()
    assert sha256(elsewhere / "hello") == sha256(hello)
    assert (elsewhere / "hello.licenses.txt").read_text() == hello.with_name("hello.licenses.txt").read_text()


def test_functions_of_a_start_lie_first_and_all_in_the_order_that_the_profile_gives(
    hello: Path, folder: Path, pack: Pack, tmp_path: Path
) -> None:
    quiet = SilentReporter()
    order = function_order(pack, stub_archive(pack, reporter=quiet), reporter=quiet).read_text().splitlines()
    # Any program hashes strings, and hardly any asks a dictionary in this way, whose source precedes that of strings.
    assert order.index("unicode_hash") < order.index("PyDict_GetItem")
    first = 0
    for group in start_functions(FILE.read_text()):
        present = group & set(order)
        assert len(present) > 800
        assert set(order[first : first + len(present)]) == present
        first += len(present)
    linked = command("link", folder / "app.manifest", "-o", "hello", "--keep-map", "map", cwd=tmp_path)
    assert linked.status == 0, linked.stderr
    with (tmp_path / "map").open() as lines:
        found = functions(lines)
    place = {name: index for index, name in enumerate(order)}
    assert found == sorted(found, key=place.__getitem__)
    assert len(found) < len(order)


def test_manifest_from_standard_input(hello: Path, folder: Path, tmp_path: Path) -> None:
    with (folder / "app.manifest").open("rb") as file:
        subprocess.run(
            [Path(sys.executable).with_name("link"), "-", "-o", tmp_path / "hello", "--no-report"],
            stdin=file,
            check=True,
            capture_output=True,
        )
    assert sha256(tmp_path / "hello") == sha256(hello)
    assert not (tmp_path / "hello.licenses.txt").exists()


def test_two_links_at_once(folder: Path, hello: Path, tmp_path: Path) -> None:
    argv = [Path(sys.executable).with_name("link"), folder / "app.manifest", "-o", tmp_path / "hello"]
    both = [subprocess.Popen(argv, stderr=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(timeout=300) for process in both] == [0, 0]
    assert sha256(tmp_path / "hello") == sha256(hello)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hello", "hello.licenses.txt"]


def test_tracebacks_show_source_lines_unless_told_otherwise(pack: Pack, tmp_path: Path) -> None:
    sources = {"app.py": b"import helper\nhelper.fail()\n", "helper.py": b"def fail():\n    raise ValueError('no')\n"}
    write_manifest(tmp_path, pack, sources)
    shown = {}
    for option in ("all", "app", "none"):
        assert command("link", "app.manifest", "-o", option, "--sources", option, cwd=tmp_path).status == 0
        done = run([tmp_path / option], cwd=tmp_path)
        assert done.status == 1
        assert "ValueError: no" in done.stderr
        assert f"{tmp_path / option}/app/helper.py" in done.stderr
        shown[option] = "raise ValueError('no')" in done.stderr
    assert shown == {"all": True, "app": True, "none": False}


def test_optimisation_levels(pack: Pack, tmp_path: Path) -> None:
    source = b'def f():\n    "docs"\nassert f.__doc__ is None, "asserts run"\nprint(f.__doc__, __debug__)\n'
    write_manifest(tmp_path, pack, {"app.py": source})
    for level, expected in (("0", ""), ("1", "docs False\n"), ("2", "None False\n")):
        assert command("link", "app.manifest", "-o", f"o{level}", "--optimize", level, cwd=tmp_path).status == 0
        assert run([tmp_path / f"o{level}"], cwd=tmp_path).stdout == expected


def test_files_of_the_file_system_when_asked_for(pack: Pack, tmp_path: Path) -> None:
    write_manifest(tmp_path, pack, {"app.py": b"import plugin\nprint(plugin.NAME)\n"})
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/plugin.py").write_text("NAME = 'from the file system'\n")
    assert command("link", "app.manifest", "-o", "closed", cwd=tmp_path).status == 0
    assert "No module named 'plugin'" in run([tmp_path / "closed"], cwd=tmp_path).stderr
    options = ["--sys-path", "$ORIGIN/plugins"]
    linked = command("link", "app.manifest", "-o", "open", *options, cwd=tmp_path)
    assert linked.status == 0
    assert "`trace --stdlib all` adds the rest" in linked.stderr.replace("\n", " ")
    assert run([tmp_path / "open"], cwd=Path("/")).stdout == "from the file system\n"


def test_plugins_have_the_whole_standard_library(pack: Pack, tmp_path: Path) -> None:
    del pack
    (tmp_path / "app.py").write_text("import importlib, sys\nimportlib.import_module(sys.argv[1])\n")
    (tmp_path / "plugin.py").write_text("import decimal, sqlite3, wave, unittest.mock\nprint('all there')\n")
    traced = command("trace", "app.py", "--stdlib", "all", "-o", "app.manifest", cwd=tmp_path)
    assert traced.status == 0, traced.stderr
    linked = command("link", "app.manifest", "-o", "app", "--sys-path", "$ORIGIN", cwd=tmp_path)
    assert linked.status == 0, linked.stderr
    assert "adds the rest" not in linked.stderr
    done = run([tmp_path / "app", "plugin"], cwd=Path("/"))
    assert done.stdout == "all there\n", done.stderr


def test_both_stages_in_one_go(pack: Pack, tmp_path: Path) -> None:
    del pack
    (tmp_path / "app.py").write_bytes(HELLO)
    options = ["--optimize", "1", "--keep-manifest", "kept.manifest"]
    done = command("castiron", "build", "app.py", "-o", "made", *options, cwd=tmp_path)
    assert done.status == 0, done.stderr
    assert run([tmp_path / "made", "x"], cwd=tmp_path).stdout == "hello x\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "app.py", "kept.manifest", "made", "made.licenses.txt"
    ]  # fmt: skip


def test_a_script_with_a_syntax_error_is_refused(pack: Pack, tmp_path: Path) -> None:
    write_manifest(tmp_path, pack, {"app.py": b"x = = 1\n"})
    done = command("link", "app.manifest", "-o", "app", cwd=tmp_path)
    assert done.status == 5
    assert "app.py does not compile: line 1: invalid syntax" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["app.manifest"]


def test_a_module_with_a_syntax_error_fails_when_imported(pack: Pack, tmp_path: Path) -> None:
    source = b"try:\n    import old\nexcept SyntaxError as error:\n    print(error.msg, error.lineno)\n"
    write_manifest(tmp_path, pack, {"app.py": source, "old.py": b"\nprint 'x'\n"})
    done = command("link", "app.manifest", "-o", "app", cwd=tmp_path)
    assert done.status == 0
    assert "old.py does not compile" in done.stderr
    assert run([tmp_path / "app"], cwd=tmp_path).stdout.endswith(" 2\n")


TLS = """\
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[2] if len(sys.argv) > 2 else None)
try:
    print(urllib.request.urlopen(sys.argv[1], context=context).read().decode())
except Exception as error:
    print(type(error.reason).__name__, error.reason.verify_code)
"""


def test_tls_verifies_certificates(pack: Pack, server: int, tmp_path: Path) -> None:
    del pack
    (tmp_path / "tls.py").write_text(TLS)
    binary = trace_and_link(["tls.py"], cwd=tmp_path, name="tls")
    assert b"OpenSSL 3" in binary.read_bytes()
    assert "\nopenssl " in binary.with_name("tls.licenses.txt").read_text()
    url = f"https://localhost:{server}/"
    assert run([binary, url, "ca.pem"], cwd=tmp_path).stdout == "secured\n"
    refused = run([binary, url], cwd=tmp_path).stdout
    assert refused.startswith("SSLCertVerificationError")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
