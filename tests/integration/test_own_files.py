"""An application's own files by default options, and what it needs of the machine, in one binary."""

from __future__ import annotations

import json
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.support import needs
from tests.support.compilers import shared_object
from tests.support.linking import command, run

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = [pytest.mark.integration, pytest.mark.network]

LIBRARY = "int pair(int x) { return 2 * x; }"
OPENER = """
import ctypes, os
HERE = os.path.dirname(os.path.abspath(__file__))
print(ctypes.CDLL(os.path.join(HERE, "native", "libpair.so")).pair(21), ctypes.CDLL("libother.so.1").pair(4))
"""


def test_shared_objects_of_the_application_are_absorbed(tmp_path: Path) -> None:
    """One that it opens by its path, and one by its bare name that an option brings."""
    for name in ("app/native", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "pair.c").write_text(LIBRARY)
    (tmp_path / "app/app.py").write_text(OPENER)
    libraries = ("app/native/libpair.so", "elsewhere/libother.so.1")
    for library in libraries:
        soname = library.rpartition("/")[2]
        shared_object([f"-Wl,-soname,{soname}", tmp_path / "pair.c"], tmp_path / library)
    options = ("--include-data", "elsewhere/libother.so.1", "-o", "program")
    built = command("castiron", "build", "app/app.py", *options, cwd=tmp_path)
    assert built.status == 0, built.stderr
    assert "foreign-library" not in built.stderr
    for library in libraries:
        (tmp_path / library).unlink()
    done = run([tmp_path / "program"], cwd="/", env={})
    assert (done.status, done.stdout, done.stderr) == (0, "42 8\n", "")


SITE = {
    "site/app.py": """
import json, os, pkgutil, runpy, sqlite3, ssl, sys
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask, render_template
import shop

app = Flask(__name__)
BASE_DIR = os.path.dirname(os.path.abspath(__file__))
LEVELS = Path(__file__).resolve().parent / "levels"
CONFIG = Path(__file__).resolve().parent.parent / "config"


@app.get("/")
def page():
    return render_template("page.html")


def main():
    client = app.test_client()
    yield "template", client.get("/").text
    yield "static", client.get("/static/dist/site.js").text
    yield "level", (LEVELS / f"{sys.argv[1]}.map").read_text()
    yield "above", (CONFIG / "app.toml").read_text()
    yield "package", pkgutil.get_data("shop", "prices.json").decode() + files(shop).joinpath("d", "x.txt").read_text()
    database = sqlite3.connect(f"file:{os.path.join(BASE_DIR, 'shop.db')}?mode=ro&immutable=1", uri=True)
    yield "database", database.execute("select name from item").fetchone()[0]
    yield "glob", sorted(path.name for path in Path(BASE_DIR, "queries").glob("*.sql"))
    yield "run", runpy.run_path(os.path.join(BASE_DIR, "jobs/nightly.py"))["RESULT"]
    yield "certificates", len(ssl.create_default_context().get_ca_certs()) > 50
    yield "zone", str(ZoneInfo("Europe/Berlin"))
    yield "secret", os.path.exists(os.path.join(BASE_DIR, ".env"))


if __name__ == "__main__":
    print(json.dumps(dict(main())))
""",
    "site/shop/__init__.py": "",
    "site/shop/prices.json": "{}",
    "site/shop/d/x.txt": "text",
    "site/jobs/nightly.py": "import colorsys, helper\nRESULT = helper.__name__",
    "site/helper.py": "",
    "site/templates/base.html": "<b>{% block x %}{% endblock %}</b>",
    "site/templates/page.html": "{% extends 'base.html' %}{% block x %}page{% endblock %}",
    "site/static/dist/site.js": "js",
    "site/levels/first.map": "#",
    "site/queries/a.sql": "",
    "site/queries/b.sql": "",
    "site/.env": "KEY=1",
    "site/notes/draft.txt": "",
    "config/app.toml": "x = 1",
}
EXPECTED = {
    "template": "<b>page</b>", "static": "js", "level": "#", "above": "x = 1", "package": "{}text", "database": "pen",
    "glob": ["a.sql", "b.sql"], "run": "helper", "certificates": True, "zone": "Europe/Berlin", "secret": False,
}  # fmt: skip


@needs.root
def test_files_by_default_options_and_facilities_that_are_carried(tmp_path: Path) -> None:
    for name, content in SITE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    with sqlite3.connect(tmp_path / "site/shop.db") as database:
        database.execute("create table item as select 'pen' as name")
    database.close()

    plain = command("castiron", "build", "site/app.py", "--with", "flask", "-o", "plain", cwd=tmp_path)
    assert plain.status == 0, plain.stderr
    assert "1 file with secrets not included (.env)" in plain.stderr
    assert "not included from beside the application: 1 file (notes/draft.txt)" in plain.stderr
    assert (
        "needs from the machine: root certificates, time zones (/usr/share/zoneinfo); "
        "--carry certificates|timezones of trace and build takes along" in " ".join(plain.stderr.split())
    )
    audit = command("castiron", "audit", "plain", cwd=tmp_path)
    assert "time zones (/usr/share/zoneinfo): needed (__main__:" in audit.stdout

    options = ("--carry", "certificates", "--carry", "timezones", "--no-report")
    built = command("castiron", "build", "site/app.py", "--with", "flask", *options, "-o", "app", cwd=tmp_path)
    assert built.status == 0, built.stderr
    assert "needs from the machine" not in built.stderr
    report = json.loads(command("castiron", "audit", "app", "--format", "json", cwd=tmp_path).stdout)
    assert {item["name"]: item["verdict"]["expression"] for item in report["components"]}["certifi"] == "MPL-2.0"
    assert {need["what"]: need["carried"] for need in report["needs"] if need["own"]} == {
        "certificates": True,
        "timezones": True,
    }

    jail = tmp_path / "jail"
    jail.mkdir()
    for name in ("app", "plain"):
        shutil.copy(tmp_path / name, jail / name)
    done = run(["chroot", jail, "/app", "first"], cwd="/", env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    assert done.status == 0, done.stderr
    assert json.loads(done.stdout) == EXPECTED
    # Without them, an empty machine has none.
    bare = run(["chroot", jail, "/plain", "first"], cwd="/", env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    assert "ZoneInfoNotFoundError" in bare.stderr


LINKED = {
    "app.py": """
import os, shutil, sys
from pathlib import Path

DATA = Path(__file__).resolve().parent / "data"
said = []
for name in ("chain", "releases/latest", "releases/latest/notes.txt", "again/notes.txt"):
    path = DATA / name
    said.append((name, os.path.islink(path), str(path.resolve().relative_to(DATA))))
said.append((DATA / "chain").read_text())
said.append([os.readlink(DATA / name) for name in ("chain", "link.txt", "again", "releases/latest")])
said.append(sorted((entry.name, entry.is_symlink(), entry.is_dir()) for entry in os.scandir(DATA)))
said.append(sorted(str(path.relative_to(DATA)) for path in DATA.rglob("*")))
if len(sys.argv) > 1:
    copy = Path(shutil.copytree(DATA, sys.argv[1], symlinks=True))
    said.append([os.readlink(copy / "again"), (copy / "again" / "notes.txt").read_text()])
print(*said, sep="\\n")
""",
    "data/releases/v2/notes.txt": "notes of two",
    "data/releases/v1/notes.txt": "notes of one",
}
LINKS = {
    "data/chain": "link.txt",
    "data/link.txt": "again/notes.txt",
    "data/again": "releases/latest",
    "data/releases/latest": "v2",
    "data/releases/v2/around": "../latest/../v1",
}


@needs.root
def test_symbolic_links_stay_links(each_pack: Pack, each_python: Path, tmp_path: Path) -> None:
    """To files, to folders, and a chain of them; also with nothing around the program, and nothing to write to."""
    application = tmp_path / "program"
    for name, content in LINKED.items():
        (application / name).parent.mkdir(parents=True, exist_ok=True)
        (application / name).write_text(content)
    for name, target in LINKS.items():
        (application / name).symlink_to(target)
    options = ("--profile", "small", "--relink-kit", tmp_path / "kit", "-o", tmp_path / "app")
    built = command("castiron", "build", "program/app.py", "--python", each_pack.feature, *options, cwd=tmp_path)
    assert built.status == 0, built.stderr
    assert "symbolic link" not in built.stderr
    expected = run([each_python, application / "app.py", tmp_path / "copied"], cwd="/", env={})
    assert expected.status == 0, expected.stderr
    assert "('chain', True, 'releases/v2/notes.txt')" in expected.stdout
    shutil.rmtree(tmp_path / "copied")
    done = run([tmp_path / "app", tmp_path / "copied"], cwd="/", env={})
    assert (done.status, done.stdout, done.stderr) == (0, expected.stdout, "")

    again = command("castiron", "relink", "kit", "-o", "again", cwd=tmp_path)
    assert again.status == 0, again.stderr
    shutil.rmtree(tmp_path / "copied")
    assert run([tmp_path / "again", tmp_path / "copied"], cwd="/", env={}).stdout == expected.stdout
    shown = command(
        "castiron", "manifest", "show", next((tmp_path / "kit").rglob("application.manifest")), cwd=tmp_path
    )
    assert "5 symbolic links among the resources" in shown.stdout, shown.stdout

    jail = tmp_path / "jail"
    jail.mkdir()
    shutil.copy(tmp_path / "app", jail)
    mount = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec chroot "$1" /app'
    alone = run(["unshare", "--mount", "sh", "-c", mount, "sh", jail], cwd="/", env={"PATH": "/usr/sbin:/usr/bin:/bin"})
    if "unshare" in alone.stderr or "mount:" in alone.stderr:
        needs.skip("mount", alone.stderr.strip())
    without_copy = expected.stdout.rpartition("\n[")[0] + "\n"
    assert (alone.status, alone.stdout, alone.stderr) == (0, without_copy, "")


def test_check_knows_symbolic_links(tmp_path: Path) -> None:
    (tmp_path / "data/v2").mkdir(parents=True)
    (tmp_path / "data/v2/x.txt").write_text("x")
    (tmp_path / "data/now").symlink_to("v2")
    (tmp_path / "app.py").write_text(
        "import os\nDATA = os.path.join(os.path.dirname(__file__), 'data')\n"
        "print(os.readlink(os.path.join(DATA, 'now')), open(os.path.join(DATA, 'now', 'x.txt')).read())\n"
    )
    assert command("trace", "app.py", "-o", "m", cwd=tmp_path).status == 0
    checked = command("castiron", "check", "m", "--run", cwd=tmp_path)
    assert checked.status == 0, checked.stderr
    assert "the run was equal: output, exit status and files\n" in checked.stdout
