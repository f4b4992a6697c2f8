"""Which of the files beside an application go in, by the kind of application, and what is said of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_common.progress import SilentReporter
from castiron_trace.driver import trace
from castiron_trace.own import folder as own_folder
from castiron_trace.own.secrets import is_secret
from tests.unit.trace.conftest import options
from tests.unit.trace.making import write
from tests.unit.trace.test_natives import shared_object

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from castiron_trace.driver import Outcome
    from castiron_trace.model import TargetPython


def traced(folder: Path, python: TargetPython, files: Mapping[str, str | bytes], **more: object) -> Outcome:
    write(folder / "app", files)
    wanted = {"application": "app.py", **more}
    return trace(options(folder / "app", **wanted), reporter=SilentReporter(), python=python)  # type: ignore[arg-type]


def data(outcome: Outcome) -> set[str]:
    return {resource.path for resource in outcome.manifest.resources if resource.origin == "app"}


STUB = {
    f"{name}.py": ""
    for name in ("flask", "kivy", "textual", "streamlit", "dash", "alembic", "pytest", "decouple", "dlt")
}
"""Frameworks as modules of the application: conventions ask for the module alone."""

KINDS: dict[str, tuple[dict[str, str | bytes], set[str]]] = {
    "the last part of a path brings its folder": (
        {
            "app.py": "import flask\ndef page(): return flask.render_template('item.html')",
            "web/item.html": "",
            "web/base.html": "",
            "web/mail/welcome.txt": "",
        },
        {"web/item.html", "web/base.html", "web/mail/welcome.txt"},
    ),
    "a framework's own folders": (
        {
            "app.py": "import flask\napp = flask.Flask(__name__)",
            "templates/a.html": "",
            "static/css/x.css": "",
            "x/y.bin": "",
        },
        {"templates/a.html", "static/css/x.css"},
    ),
    "a folder beside the module that computes its place": (
        {
            "app.py": "import shop.cart",
            "shop/cart.py": "from pathlib import Path\nDATA = Path(__file__).resolve().parent / 'price lists'\n"
            "def read(name): return (DATA / name).read_text()",
            "shop/price lists/a.csv": "",
        },
        {"shop/price lists/a.csv"},
    ),
    "os.path.join over constants": (
        {
            "app.py": "import os\nBASE_DIR = os.path.dirname(os.path.abspath(__file__))\n"
            "STATIC = os.path.join(BASE_DIR, 'web', 'static')",
            "web/static/a.js": "",
            "web/static/dist/b.js": "",
        },
        {"web/static/a.js", "web/static/dist/b.js"},
    ),
    "a level above the script": (
        {
            "app.py": "import sub.inner",
            "sub/inner.py": "from pathlib import Path\nT = Path(__file__).parents[1] / 'assets'",
            "assets/x.png": b"\x89PNG",
        },
        {"assets/x.png"},
    ),
    "a glob": (
        {
            "app.py": "import glob, os\nfiles = glob.glob(os.path.join(os.path.dirname(__file__), '*.sql'))",
            "a.sql": "",
            "more/b.sql": "",
            "c.txt": "",
        },
        {"a.sql", "more/b.sql"},
    ),
    "a formatted name": (
        {
            "app.py": "def level(n): return f'levels/level_{n}.map'\ndef old(n): return 'tiles%02d.bin' % n",
            "assets/levels/level_1.map": "",
            "tiles01.bin": b"1",
            "other.bin": b"2",
        },
        {"assets/levels/level_1.map", "tiles01.bin"},
    ),
    "what follows a computed folder": (
        {"app.py": "BASE = __file__.rpartition('/')[0]\nx = BASE + '/conf/logging.conf'", "conf/logging.conf": ""},
        {"conf/logging.conf"},
    ),
    "data of packages by importlib.resources and pkgutil": (
        {
            "app.py": "import pack",
            "pack/__init__.py": "import pkgutil\nfrom importlib.resources import files\n"
            "a = pkgutil.get_data(__package__, 'a.json')\nb = files(__package__) / 'b' / 'c.yaml'",
            "pack/a.json": "",
            "pack/b/c.yaml": "",
        },
        {"pack/a.json", "pack/b/c.yaml"},
    ),
    "a database, tables and documents": (
        {
            "app.py": "import sqlite3, os\nHERE = os.path.dirname(__file__)\n"
            "db = sqlite3.connect(os.path.join(HERE, 'shop.db'))\nt = open(os.path.join(HERE, 'x.csv'))",
            "shop.db": b"SQLite format 3\0",
            "x.csv": "",
        },
        {"shop.db", "x.csv"},
    ),
    "interfaces described in files": (
        {"app.py": "import kivy, textual", "shop.kv": "", "style.tcss": ""},
        {"shop.kv", "style.tcss"},
    ),
    "pages that are run by their path": (
        {
            "app.py": "import streamlit",
            "pages/1_Über uns.py": "import help_texts",
            "help_texts.py": "",
            ".streamlit/config.toml": "",
        },
        {".streamlit/config.toml"},
    ),
    "a framework's configuration in a hidden folder, without its secrets": (
        {"app.py": "import dlt", ".dlt/config.toml": "", ".dlt/secrets.toml": ""},
        {".dlt/config.toml"},
    ),
    "translations": (
        {
            "app.py": "import gettext\ngettext.install('shop', gettext.bindtextdomain('shop'))",
            "locale/de/LC_MESSAGES/s.mo": b"\xde",
        },
        {"locale/de/LC_MESSAGES/s.mo"},
    ),
    "migrations that a framework runs": (
        {
            "app.py": "import alembic",
            "alembic.ini": "",
            "migrations/env.py": "",
            "migrations/versions/0001-a.py": "import json",
        },
        {"alembic.ini"},
    ),
    "what a configuration file names": (
        {
            "app.py": "import flask\nCONF = 'conf/db.ini'",
            "conf/db.ini": "[a]\nscript_location = %(here)s/steps\nfolder: 'looks'\nword = nowhere\nlarge = large\n",
            "conf/large/1.bin": b"x" * (5 << 20),
            "conf/steps/001-a.py": "import shop_help",
            "conf/steps/x.mako": "",
            "conf/looks/a.css": "",
            "conf/others/b.css": "",
            "shop_help.py": "",
        },
        {"conf/db.ini", "conf/steps/x.mako", "conf/looks/a.css"},
    ),
    "settings that a framework looks for in the caller's folder and above": (
        {
            "app.py": "import shop.conf",
            "shop/__init__.py": "",
            "shop/conf.py": "from decouple import config\nDEBUG = config('DEBUG')",
            "settings.ini": "",
            "shop/other.ini": "",
            "tools/settings.ini": "",
        },
        {"settings.ini", "shop/other.ini"},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_an_application(kind: str, tmp_path: Path, python: TargetPython) -> None:
    files, expected = KINDS[kind]
    assert data(traced(tmp_path, python, {**STUB, **files})) == expected


def test_what_lies_above_the_folder_of_the_script_goes_in_beside_it(tmp_path: Path, python: TargetPython) -> None:
    files = {
        "src/main.py": "from pathlib import Path\nROOT = Path(__file__).resolve().parent.parent\n"
        "(ROOT / 'config' / 'app.toml').read_text()\n(ROOT.parent / 'far.txt').read_text()",
        "config/app.toml": "",
    }
    outcome = traced(tmp_path, python, files, application="src/main.py")
    assert data(outcome) == {"../config/app.toml"}
    assert any("../../far.txt" in note and "beside its executable" in note for note in outcome.notes)


def test_a_file_of_the_current_folder_does_not_go_in_and_is_told(tmp_path: Path, python: TargetPython) -> None:
    files = {
        "app.py": "import json\nconfig = json.load(open('config.json'))\nopen('out.txt', 'w')\nx = 'named.json'",
        "config.json": "{}",
        "out.txt": "of an earlier run",
        "named.json": "{}",
    }
    outcome = traced(tmp_path, python, files)
    assert data(outcome) == {"named.json"}
    assert [note for note in outcome.notes if note.startswith("config.json")] == [
        "config.json: app.py:2 opens it in the current folder, so it is looked for where the program is started"
    ]
    # A program that goes to its own folder first finds it in the binary.
    moved = {"app.py": "import os\nos.chdir(os.path.dirname(__file__))\nopen('config.json')", "config.json": "{}"}
    assert data(traced(tmp_path / "other", python, moved)) == {"config.json"}


def test_hints_name_functions_that_read_a_file_of_the_current_folder(tmp_path: Path, python: TargetPython) -> None:
    hint = '[[tool.castiron.trace.file-function]]\nnames = ["fetch"]\nmodules = ["store"]\n'
    files = {
        "app.py": "import store, pandas as pd\nstore.fetch('a.bin')\npd.read_csv('b.csv')\nother.fetch('c.bin')",
        "store.py": "def fetch(name): ...",
        "pandas.py": "def read_csv(name): ...",
        **dict.fromkeys(("a.bin", "b.csv", "c.bin"), ""),
        "pyproject.toml": hint,
    }
    assert data(traced(tmp_path / "hinted", python, files)) == {"c.bin"}
    del files["pyproject.toml"]
    assert data(traced(tmp_path / "other", python, files)) == {"a.bin", "c.bin"}


def test_what_stays_out_is_counted_and_named(tmp_path: Path, python: TargetPython) -> None:
    files: dict[str, str | bytes] = {
        "app.py": "",
        **{f"data/{n}.csv": "" for n in range(6)},
        "tool.py": "",
        ".env": "KEY=1",
        "README.md": "",
        "pyproject.toml": "",
        ".git/config": "",
        "tests/test_x.py": "",
        "venv/pyvenv.cfg": "",
        "venv/x.txt": "",
        "node_modules/x/y.js": "",
        "app": b"\x7fELF",
        "dist/app-1.0.whl": "",
    }
    outcome = traced(tmp_path, python, files)
    assert data(outcome) == set()
    secrets, note = outcome.notes
    assert secrets.startswith("1 file with secrets not included (.env)")
    assert note == (
        "not included from beside the application: 6 files and 1 Python source (data/0.csv, data/1.csv, data/2.csv, "
        "data/3.csv, ...); --include-data PATH for a file or folder and --include for a module"
    )
    nothing_left = traced(tmp_path, python, files, include_data=(tmp_path / "app/data", tmp_path / "app/tool.py"))
    assert nothing_left.notes == (secrets,)
    assert len(data(nothing_left)) == 7


def test_the_manifest_does_not_depend_on_what_stays_out(tmp_path: Path, python: TargetPython) -> None:
    alone = traced(tmp_path / "a", python, {"app.py": "x = 1"})
    crowded = traced(tmp_path / "b", python, {"app.py": "x = 1", "big.iso": "", ".env": "KEY=1"})
    assert alone.manifest == crowded.manifest
    assert len(crowded.notes) == 2


def test_secrets_never_go_in_unless_they_are_named(tmp_path: Path, python: TargetPython) -> None:
    files: dict[str, str | bytes] = {
        "app.py": "import streamlit\nx = ['.env', 'conf', 'server.pem', 'public.pem']",
        "streamlit.py": "",
        ".env": "KEY=1",
        ".streamlit/config.toml": "",
        ".streamlit/secrets.toml": "",
        "conf/a.toml": "",
        "conf/credentials.json": "{}",
        "server.pem": "-----BEGIN RSA PRIVATE KEY-----\n",
        "public.pem": "-----BEGIN CERTIFICATE-----\n",
    }
    outcome = traced(tmp_path, python, files)
    assert data(outcome) == {".streamlit/config.toml", "conf/a.toml", "public.pem"}
    (note,) = [note for note in outcome.notes if "secrets" in note]
    assert note == (
        "3 files with secrets not included (.env, conf/credentials.json, server.pem): give the program its secrets "
        "when it runs, or name the file with --include-data"
    )
    app = tmp_path / "app"
    named = traced(tmp_path, python, files, include_data=(app / ".env", app / "conf"))
    assert data(named) == {".env", ".streamlit/config.toml", "conf/a.toml", "public.pem"}


def test_a_private_key_goes_in_if_the_code_finds_it_by_its_own_place(tmp_path: Path, python: TargetPython) -> None:
    key = "-----BEGIN PRIVATE KEY-----\n"
    code = """
from pathlib import Path
CERTS = Path(__file__).resolve().parent / "certs"
PAIR = (CERTS / "server.pem", CERTS / "server.key")
OTHERS = [CERTS / f"{name}.key" for name in ("a", "b")]
ENVIRONMENT = Path(__file__).parent / ".env"
"""
    files: dict[str, str | bytes] = {
        "app.py": code, "certs/server.key": key, "certs/server.pem": key, "certs/other.key": key, ".env": "KEY=1"
    }  # fmt: skip
    outcome = traced(tmp_path, python, files)
    assert data(outcome) == {"certs/server.key", "certs/server.pem"}
    left_out, included = [note for note in outcome.notes if "secrets" in note or "private key" in note]
    assert left_out.startswith("2 files with secrets not included (.env, certs/other.key)")
    assert included == (
        "2 private keys included (certs/server.key named at app.py:4, certs/server.pem named at app.py:4): whoever has "
        "the binary can read them; to keep such files out, open them by a path that the user gives"
    )


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        (".env", True), (".env.production", True), (".env.example", False), ("prod.env", True), ("id_ed25519", True),
        ("id_rsa.pub", False), ("tls.key", True), ("credentials.json", True), ("aws_credentials", True),
        ("client_secret_1.json", True), ("secrets.toml", True), ("environment.json", False), ("keys.json", False),
        ("keyboard.png", False), (".netrc", True), (".secrets.toml", True), ("my_secrets.toml", False),
    ],
)  # fmt: skip
def test_names_of_files_with_secrets(name: str, secret: bool, tmp_path: Path) -> None:
    assert is_secret(tmp_path / name) is secret


def test_a_folder_with_very_many_files_is_looked_at_as_far_as_is_sensible(
    tmp_path: Path, python: TargetPython, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_folder, "MOST_FILES", 3)
    files = {
        "app.py": "x = ('deep.txt', 'far')",
        "near.txt": "",
        "a/b/c/deep.txt": "",
        "far/1.txt": "",
        "far/2.txt": "",
    }
    outcome = traced(tmp_path, python, files)
    assert data(outcome) == {"far/1.txt", "far/2.txt"}
    assert any("not all were looked at" in note for note in outcome.notes)


def test_shared_objects_of_the_application_are_described_for_the_link(tmp_path: Path, python: TargetPython) -> None:
    files: dict[str, str | bytes] = {
        "app.py": "import ctypes, os\nctypes.CDLL(os.path.join(os.path.dirname(__file__), 'libown.so'))",
        "libown.so": shared_object(),
        "text.so": "no library",
    }
    manifest = traced(tmp_path, python, files).manifest
    assert [(item.path, item.origin, item.distribution) for item in manifest.natives] == [("libown.so", "app", "")]
    assert manifest.natives[0].sha256 in dict(manifest.blobs)
    assert [item.path for item in manifest.resources if item.origin == "app"] == []


def test_folders_that_link_to_each_other_are_no_endless_walk(tmp_path: Path) -> None:
    write(tmp_path, {"x/f": "", "y/f": ""})
    for number in range(3):
        (tmp_path / "x" / f"l{number}").symlink_to("../y")
        (tmp_path / "y" / f"m{number}").symlink_to("../x")
    found = [path.relative_to(tmp_path).as_posix() for path in own_folder.files_below(tmp_path, stop_at_packages=False)]
    assert found == ["x/f", "x/l0/f", "x/l1/f", "x/l2/f", "y/f", "y/m0/f", "y/m1/f", "y/m2/f"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train.gin", "import shop.made\nbuild.size = 3\n"),
        ("app.properties", "handler=shop.made.Handler\n"),
        ("app.hocon", "a { class = shop.made.Handler }\n"),
        ("app.json5", "{class: 'shop.made.Handler', /* a comment */}"),
    ],
)
def test_modules_in_configuration_of_several_kinds(tmp_path: Path, python: TargetPython, name: str, text: str) -> None:
    code = f"from pathlib import Path\nimport shop\nprint((Path(__file__).parent / 'conf' / '{name}').read_text())"
    files: dict[str, str | bytes] = {"app.py": code, f"conf/{name}": text, "shop/__init__.py": "", "shop/made.py": ""}
    modules = {module.name for module in traced(tmp_path, python, files).manifest.modules}
    assert "shop.made" in modules


def test_sources_of_a_folder_that_a_configuration_file_names_bring_their_imports(
    tmp_path: Path, python: TargetPython
) -> None:
    files: dict[str, str | bytes] = {
        "app.py": "import shop, corp.parts.web\nCONF, SITE = 'conf/db.ini', 'corp/parts/site.xml'",
        "conf/db.ini": "[a]\nscript_location = %(here)s/steps\nother = package\nsource = one.py\n",
        "conf/steps/env.py": "import wave",
        "conf/steps/versions/001-a.py": "import shop_help",
        "conf/package/__init__.py": "",
        "conf/package/b.py": "",
        "shop/__init__.py": "",
        "shop/site.zcml": '<utility factory=".goods.Shelf" provides="shop.api.IShelf"/>',
        "shop/goods.py": "",
        "corp/parts/site.xml": "<class>corp.parts.web.views.Home</class><class>corp.parts.plain.Thing</class>",
        "corp/parts/web/__init__.py": "",
        "corp/parts/web/views.py": "",
        "corp/parts/plain.py": "",
        "corp/parts/other.py": "",
        "shop/api.py": "",
        "conf/one.py": "",
        "conf/two.py": "",
        "shop_help.py": "",
    }
    modules = {module.name for module in traced(tmp_path, python, files).manifest.modules}
    assert {"conf.steps.env", "conf.steps.versions.001-a", "conf.one", "shop_help", "wave"} <= modules
    assert {"shop.goods", "shop.api", "corp.parts.web.views", "corp.parts.plain"} <= modules
    assert not {"conf.package.b", "conf.two", "corp.parts.other"} & modules


@pytest.mark.parametrize(
    ("folder", "more", "target"),
    [("src", {}, "../shop"), ("lib/deep", {"paths": ("lib/deep",)}, "../../shop")],
    ids=["src", "--path"],
)
def test_a_folder_of_sources_below_the_application_keeps_its_name(
    folder: str, more: dict[str, object], target: str, tmp_path: Path, python: TargetPython
) -> None:
    """Its files lie where the application's do, and links in a folder of its name lead to those with data."""
    start = "from pathlib import Path\nimport shop\nHERE = Path(__file__).parent\n"
    files = {
        "app.py": start + f"x = HERE / '{folder}' / 'shop' / 'x.csv'",
        "pyproject.toml": "[project]\nname = 'shop'\nversion = '1'\n",
        f"{folder}/shop/__init__.py": "",
        f"{folder}/shop/x.csv": "",
        f"{folder}/shop/beside.txt": "",
    }
    manifest = traced(tmp_path, python, files, **more).manifest
    assert [(link.path, link.target) for link in manifest.links] == [(f"{folder}/shop", target)]
    assert {item.path for item in manifest.resources if item.origin == "app"} == {"shop/x.csv", "shop/beside.txt"}
    assert "shop/__init__.py" in {item.path for item in manifest.modules}


def test_a_folder_of_sources_without_data_is_there(tmp_path: Path, python: TargetPython) -> None:
    """What asks whether the folder exists, or what is in it, gets the same answer: of what goes in."""
    files = {
        "app.py": "import shop.parts, single\nopen(__file__ + '/../a.csv')",
        "a.csv": "",
        "pyproject.toml": "",
        "src/shop/__init__.py": "",
        "src/shop/parts.py": "",
        "src/single.py": "",
        "src/unused.py": "",
    }
    manifest = traced(tmp_path, python, files).manifest
    assert [(link.path, link.target) for link in manifest.links] == [
        ("src/shop", "../shop"),
        ("src/single.py", "../single.py"),
    ]
    assert [item.path for item in manifest.resources if item.origin == "app"] == ["a.csv"]


def test_no_link_where_nothing_or_something_else_is(tmp_path: Path, python: TargetPython) -> None:
    files = {"app.py": "import json", "pyproject.toml": "", "src/shop/__init__.py": ""}
    assert traced(tmp_path, python, files).manifest.links == ()


def test_folders_without_anything_that_the_code_names_are_there(tmp_path: Path, python: TargetPython) -> None:
    """As namespace packages, which an empty folder is to Python; not what lies in hidden folders and caches."""
    source = "from pathlib import Path\nHERE = Path(__file__).parent\nx = [HERE / name for name in 'ab']\n"
    named = ("plugins", "web/static", "kept-logs", "v1.0", "json", "full", "nowhere")
    folders = "".join(f"os.listdir(HERE / '{name}')\n" for name in named)
    files = {
        "app.py": f"import os, json\n{source}{folders}",
        "plugins/.gitkeep": "",
        "web/static/fonts/.keep": "",
        "web/static/css/a.css": "",
        "web/static/__pycache__/x": "",
        "web/static/.hidden/x": "",
        "kept-logs/.gitignore": "",
        "v1.0/.keep": "",
        "json/.keep": "",
        "full/deep/x.txt": "",
        "other/.keep": "",
    }
    manifest = traced(tmp_path, python, files).manifest
    own = {item.name for item in manifest.modules if item.origin == "app" and item.kind == "namespace"}
    assert own == {"plugins", "web.static.fonts", "kept-logs"}
    alone = traced(tmp_path, python, files, guess_data=False).manifest
    assert not [item.name for item in alone.modules if item.origin == "app" and item.kind == "namespace"]
