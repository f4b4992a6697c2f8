"""What is said of code that writes at its own place, which is read-only in an executable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.trace.making import install, site_of

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_manifest.model import Finding
    from tests.unit.trace.tracing import Tracer

HEAD = """
import gzip, logging, logging.handlers, os, shelve, shutil, sqlite3, tarfile
from logging import FileHandler
from pathlib import Path
HERE = os.path.dirname(os.path.abspath(__file__))
BASE = Path(__file__).resolve().parent
"""


def told(tracer: Tracer, code: str, **files: str) -> list[Finding]:
    reached = tracer({"app.py": HEAD + code, **files})
    return [finding for finding in reached.findings if finding.code == "writes-beside-code"]


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ('open(os.path.join(HERE, "out", "x.txt"), "w")', "out/x.txt"),
        ('open(f"{HERE}/x.txt", mode="a+")', "x.txt"),
        ('open(BASE / "x.bin", "r+b")', "x.bin"),
        ('gzip.open(BASE / "x.gz", "wt")', "x.gz"),
        ('(BASE / "x.txt").open("a")', "x.txt"),
        ('LOG = BASE / "run.log"\nlogging.basicConfig(level=10, filename=LOG)', "run.log"),
        ('logging.handlers.RotatingFileHandler(HERE + "/run.log", maxBytes=9)', "run.log"),
        ('FileHandler(BASE.joinpath("run.log"))', "run.log"),
        ('Path(__file__).with_name("x.txt").write_text("x")', "x.txt"),
        ('(BASE / "cache").mkdir(exist_ok=True)', "cache"),
        ('os.makedirs(os.path.join(HERE, "cache"), exist_ok=True)', "cache"),
        ('os.remove(f"{HERE}/x.txt")', "x.txt"),
        ('shutil.copy("/etc/hosts", BASE / "hosts")', "hosts"),
        ('shutil.rmtree(BASE / "old")', "old"),
        ('os.rename("a", BASE / "b")', "b"),
    ],
)
def test_what_is_written_beside_the_code_is_told(tracer: Tracer, code: str, path: str) -> None:
    (finding,) = told(tracer, code)
    assert (finding.severity, f"so writing {path} fails there" in finding.message) == ("warning", True), finding
    assert finding.subject == f"app.py:{HEAD.count(chr(10)) + 1 + code.count(chr(10))}"
    assert "os.path.dirname(sys.executable)" in finding.message


@pytest.mark.parametrize(
    "code",
    [
        'open(os.path.join(HERE, "x.txt"))',
        'open(BASE / "x.txt", "rb")',
        '(BASE / "x.txt").open()',
        '(BASE / "x.txt").read_text().replace("a", "b")',
        'open("x.txt", "w")',
        'open(BASE.parent / "x.txt", "w")',
        'open(Path("/var/x") / "y", "w")',
        'shutil.copy(BASE / "x.txt", "/tmp/x")',
        'tarfile.open(BASE / "x.tar")',
        'os.rename(input(), "b")',
    ],
)
def test_what_is_only_read_or_lies_elsewhere_is_not(tracer: Tracer, code: str) -> None:
    assert told(tracer, code) == []


@pytest.mark.parametrize("code", ['sqlite3.connect(BASE / "x.db")', 'shelve.open(os.path.join(HERE, "x.db"))'])
def test_databases_may_be_meant_to_be_read(tracer: Tracer, code: str) -> None:
    (finding,) = told(tracer, code)
    assert "x.db can be read there, but not made or changed" in finding.message


def test_one_line_a_module_and_each_path_once(tracer: Tracer) -> None:
    lines = "\n".join(f'open(BASE / "{name}", "w")' for name in "fedcbb")
    other = 'from pathlib import Path\nopen(Path(__file__).parent / "a", "w")\n(Path(__file__).parent / "z").touch()\n'
    first, second = told(tracer, f"{lines}\nimport other", **{"other.py": other})
    assert "so writing f, e, d and 2 more fails there" in first.message
    assert (second.subject, "so writing a, z fails there" in second.message) == ("other.py:2", True)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def make(at):\n    os.mkdir(os.path.join(at, 'x'))\nmake(HERE)", "writing x fails"),
        (
            "def make(name, at=None):\n    place = at / 'x'\n    place.mkdir()\nmake('', at=BASE / 'y')",
            "writing y/x fails",
        ),
        ("def make(at):\n    os.mkdir(os.path.join(at, 'x'))\nmake(os.getcwd())", ""),
        ("def make(at): ...\nmake(HERE)\ndef other(at):\n    os.mkdir(os.path.join(at, 'x'))\nother('.')", ""),
    ],
)
def test_a_function_of_the_source_that_gets_its_place(tracer: Tracer, code: str, expected: str) -> None:
    messages = [finding.message for finding in told(tracer, code)]
    assert (len(messages), expected in "".join(messages)) == (int(bool(expected)), True), messages


FLASK = "import flask\napp = flask.Flask(__name__)\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("os.makedirs(app.instance_path, exist_ok=True)", True),
        ("DATA = os.path.join(app.instance_path, 'data')\nos.mkdir(DATA)", True),
        ("sqlite3.connect(Path(app.instance_path) / 'shop.sqlite')", True),
        ("open(os.path.join(app.instance_path, 'config.py')).read()", False),
        ("app = flask.Flask(__name__, instance_path='/var/lib/shop')\nos.makedirs(app.instance_path)", False),
    ],
)
def test_a_folder_that_a_framework_computes_is_at_the_program_s_place(
    tracer: Tracer, tmp_path: Path, code: str, expected: bool
) -> None:
    site = site_of(tmp_path, install(tmp_path, "flask", {"flask/__init__.py": ""}))
    reached = tracer({"app.py": HEAD + FLASK + code}, site)
    messages = [finding.message for finding in reached.findings if finding.code == "writes-beside-code"]
    assert [("below instance_path" in text, "Flask(__name__, instance_path=" in text) for text in messages] == (
        [(True, True)] if expected else []
    )


def test_an_attribute_of_that_name_without_the_framework(tracer: Tracer) -> None:
    assert told(tracer, "os.makedirs(os.instance_path)") == []


WRITERS = {
    "mako/__init__.py": "",
    "mako/lookup.py": "class TemplateLookup: ...",
    "loguru/__init__.py": "logger = None",
    "peewee.py": "class SqliteDatabase: ...",
}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from mako.lookup import TemplateLookup as Look\nLook([HERE], module_directory=HERE + '/made')", "made fails"),
        ("import mako.lookup\nmako.lookup.TemplateLookup([BASE / 'pages'])", ""),
        ("from loguru import logger\nlogger.add(BASE / 'run.log', rotation='1 MB')", "run.log fails"),
        ("logger = set()\nlogger.add(BASE / 'run.log')", ""),
        ("import peewee as pw\npw.SqliteDatabase(os.path.join(HERE, 'x.db'))", "x.db can be read"),
        ("make(f'sqlite:///{BASE}/x.db')", "x.db can be read"),
        ("make('sqlite+aiosqlite:///' + os.path.join(HERE, 'x.db'))", "x.db can be read"),
        ("make('sqlite:///%s' % (BASE / 'x.db'))", "x.db can be read"),
        ("make('sqlite:///{}'.format(BASE / 'x.db'))", "x.db can be read"),
        ("DB = {'main': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE / 'x.db'}}", "x.db can be read"),
        ("DB = {'engine': 'tortoise.backends.sqlite', 'credentials': {'file_path': HERE + '/x.db'}}", "x.db can be"),
        ("DB = {'ENGINE': 'django.db.backends.mysql', 'NAME': BASE / 'x.db'}", ""),
        ("DB = {'ENGINE': 'django.db.backends.sqlite3', 'NAME': os.environ['DB']}", ""),
        ("make(f'sqlite:///{os.environ[0]}/x.db')", ""),
        ("make(f'postgres:///{BASE}/x.db')", ""),
    ],
)
def test_libraries_that_write_to_what_they_are_given(tracer: Tracer, tmp_path: Path, code: str, expected: str) -> None:
    reached = tracer({"app.py": HEAD + code}, site_of(tmp_path, install(tmp_path, "libraries", WRITERS)))
    messages = [finding.message for finding in reached.findings if finding.code == "writes-beside-code"]
    assert (len(messages), expected in "".join(messages)) == (int(bool(expected)), True), messages
