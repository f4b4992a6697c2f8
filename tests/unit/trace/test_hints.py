"""Hints: what is said in TOML has its effect, and what is wrong in it is told with its place."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import InputError
from castiron_common.progress import SilentReporter
from castiron_trace import hints as package
from castiron_trace.distribution_contents import distribution_contents
from castiron_trace.driver import trace
from castiron_trace.entry import resolve_plan
from castiron_trace.graph import analyse
from castiron_trace.hints.effect import without_effect
from castiron_trace.hints.model import Hint, Hints
from castiron_trace.hints.reader import KINDS, project_hints, shipped_hints, united
from castiron_trace.model import NO_SITE
from castiron_trace.plan import read_plan
from castiron_trace.wire import from_text, to_text
from tests.unit.trace.conftest import options
from tests.unit.trace.making import install, site_of, write

if TYPE_CHECKING:
    from castiron_trace.model import Reached, Site, TargetPython
    from castiron_trace.stdlib_graph import StdlibGraph


def everything(hints: Hints) -> list[Hint]:
    found: list[Hint] = []
    for field in dataclasses.fields(hints):
        value = getattr(hints, field.name)
        found.extend(value if isinstance(value, tuple) else [hint for part in _parts(value) for hint in part])
    return found


def _parts(value: object) -> list[tuple[Hint, ...]]:
    return [getattr(value, field.name) for field in dataclasses.fields(value)]  # type: ignore[arg-type]


def hints_of(folder: Path, text: str) -> Hints:
    write(folder, {"pyproject.toml": text})
    return project_hints(folder)


def test_every_file_is_read_and_every_hint_has_reason_and_source() -> None:
    found = everything(shipped_hints())
    tables = sum(file.read_text().count("\n[[") + 1 for file in Path(package.__file__).parent.glob("*.toml"))
    assert len(found) == tables > 10
    assert all(hint.reason.strip() and hint.source.strip() for hint in found)


def test_hints_arrive_at_the_analyser() -> None:
    assert from_text(Hints, to_text(shipped_hints())) == shipped_hints()


def test_each_kind_of_hint_is_documented_with_its_keys() -> None:
    text = (Path(__file__).parents[3] / "docs" / "hints.md").read_text()
    for name, type_ in KINDS.items():
        assert f"`[[{name}]]`" in text, name
        section = text.partition(f"`[[{name}]]`")[2].partition("`[[")[0]
        for field in dataclasses.fields(type_):
            if field.name not in {"reason", "source"}:
                assert f"`{field.name.replace('_', '-')}`" in section, (name, field.name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hiden-import = []", "there is no kind of hint 'hiden-import'; perhaps hidden-import is meant"),
        ("zzz = []", "there is no kind of hint 'zzz'; there are alias, caller-package-function, carry,"),
        ("exclude = {}", r"exclude is not an array of tables: write \[\[exclude\]\]"),
        ('exclude = [{ module = ["a"] }]', r"exclude\[0\].module: there is no key 'module'; perhaps modules is meant"),
        ('exclude = [{ modules = ["a"] }, {}]', r"exclude\[1\].modules is missing"),
        ('exclude = [{ modules = "a" }]', r"exclude\[0\].modules is not an array"),
        ("exclude = [{ modules = [1] }]", r"exclude\[0\].modules\[0\] is not a text"),
        ("exclude = [1]", r"exclude\[0\] is not a table"),
        ('constant = [{ name = "A", value = 1 }]', r"constant\[0\].value is not true or false"),
        ('hidden-import = [{ module = "a" }]', r"hidden-import\[0\] has no effect without imports or distributions"),
        ('plugin-host = [{ module = "a", defines = "(" }]', r"defines: '\(' is not a regular expression"),
        ('virtual-package = [{ module = "a", modules = { b = 1 } }]', r"virtual-package\[0\].modules.b is not a text"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        hints_of(tmp_path, f"[tool.castiron.trace]\n{text}\n")
    assert str(tmp_path / "pyproject.toml") in str(caught.value)


def test_a_project_without_hints_has_none(tmp_path: Path) -> None:
    assert project_hints(tmp_path) == Hints()
    assert hints_of(tmp_path, "[project]\nname = 'x'\n") == Hints()
    with pytest.raises(InputError, match="cannot be read"):
        hints_of(tmp_path, "[tool\n")


class Tracer:
    """Traces a script beside a ``pyproject.toml`` with hints."""

    def __init__(self, folder: Path, python: TargetPython, stdlib: StdlibGraph) -> None:
        self.folder, self._python, self._stdlib = folder, python, stdlib

    def __call__(self, text: str, files: dict[str, str], site: Site = NO_SITE) -> Reached:
        app = write(self.folder / "app", {**files, "pyproject.toml": text})
        wanted = options(app, "app.py")
        entry = resolve_plan(read_plan(wanted), site)
        hints = united(shipped_hints(), project_hints(app))
        return analyse(self._python, self._stdlib, entry, site, wanted, hints=hints, cache=None)


@pytest.fixture
def tracer(tmp_path: Path, python: TargetPython, stdlib: StdlibGraph) -> Tracer:
    return Tracer(tmp_path, python, stdlib)


def test_hidden_imports_of_own_modules_and_distributions(tracer: Tracer, tmp_path: Path) -> None:
    site = site_of(tmp_path, install(tmp_path, "extra", {"extra/__init__.py": "", "extra/a.py": ""}, direct=False))
    reached = tracer(
        '[[tool.castiron.trace.hidden-import]]\nmodule = "loader"\nimports = ["plugs.*", "colorsys"]\n'
        'distributions = ["extra", "not-there"]\n'
        '[[tool.castiron.trace.hidden-import]]\nmodule = "unused"\nimports = ["hidden"]\n',
        {"app.py": "import loader", "loader.py": "", "plugs/__init__.py": "", "plugs/p.py": "", "hidden.py": ""},
        site,
    )
    assert {"plugs", "plugs.p", "colorsys", "extra", "extra.a"} <= reached.modules.keys()
    assert "hidden" not in reached.modules
    assert reached.modules["plugs.p"].importer == "loader"


def test_entry_points_that_only_a_hint_tells(tracer: Tracer, tmp_path: Path) -> None:
    plug = install(
        tmp_path,
        "plug",
        {"plug/__init__.py": "", "plug/impl.py": "", "plug/more.py": ""},
        entry_points="[secret.group]\nx = plug.impl:X\n",
        direct=False,
    )
    text = '[[tool.castiron.trace.entry-points]]\nmodule = "app"\ngroups = ["secret.group"]\n'
    files = {"app.py": "import host", "host.py": ""}
    assert "plug.impl" not in tracer("", files, site_of(tmp_path, plug)).modules
    text = text.replace('"app"', '"host"')
    assert {"plug.impl", "plug.more"} <= tracer(text, files, site_of(tmp_path, plug)).modules.keys()


def test_excludes_plugin_hosts_aliases_and_constants(tracer: Tracer, tmp_path: Path) -> None:
    plug = install(tmp_path, "ext", {"ext.py": "async def activate(api): ...\n", "other.py": ""}, direct=False)
    reached = tracer(
        '[[tool.castiron.trace.exclude]]\nmodules = ["slow"]\n'
        '[[tool.castiron.trace.plugin-host]]\nmodule = "host"\ndefines = "def activate\\\\(api"\n'
        '[[tool.castiron.trace.alias]]\nmodule = "old.name"\nstands-for = "new"\n'
        '[[tool.castiron.trace.constant]]\nname = "settings.DEBUG"\nvalue = false\n',
        {
            "app.py": "import slow, host, old.name.part, settings\nif settings.DEBUG:\n    import debugger\n",
            "slow.py": "",
            "host.py": "",
            "old/__init__.py": "",
            "new/__init__.py": "",
            "new/part.py": "",
            "settings.py": "DEBUG = False",
            "debugger.py": "",
        },
        site_of(tmp_path, plug),
    )
    assert {"host", "ext", "new.part", "settings"} <= reached.modules.keys()
    assert not {"slow", "other", "debugger"} & reached.modules.keys()


def test_packages_that_settings_name_go_in_whole_where_a_framework_looks_into_them(
    tracer: Tracer, tmp_path: Path
) -> None:
    forms = {"forms/__init__.py": "", "forms/apps.py": "class A: ...", "forms/tags/extra.py": "import colorsys"}
    forms |= {"forms/tags/__init__.py": "", "forms/tests/__init__.py": "", "forms/tests/more.py": ""}
    plain = {"plain/__init__.py": "", "plain/views.py": ""}
    site = site_of(tmp_path, install(tmp_path, "forms", forms), install(tmp_path, "plain", plain))
    text = '[[tool.castiron.trace.named-package]]\nmodule = "frame"\nhas = ["models", "apps"]\n'
    for named in ("'forms'", "'forms.apps.A'"):
        files = {"app.py": f"import frame\nINSTALLED = [{named}, 'plain', 'shop']\n", "frame.py": ""}
        assert not {"forms.tags.extra", "colorsys"} & tracer("", files, site).modules.keys()
        reached = tracer(text, files, site).modules.keys()
        assert {"forms", "forms.apps", "forms.tags.extra", "colorsys", "plain"} <= reached
        assert not {"forms.tests.more", "plain.views"} & reached
    assert "forms.tags.extra" not in tracer(text.replace("frame", "other"), files, site).modules


def test_a_library_that_the_code_does_without_is_no_warning(tracer: Tracer) -> None:
    files = {"app.py": "import ctypes\nctypes.CDLL('libspeed.so.1')\n"}
    text = '[[tool.castiron.trace.library]]\nnames = ["libspeed.so.1"]\n'
    assert [f.code for f in tracer("", files).findings] == ["foreign-library"]
    assert [f.code for f in tracer(text, files).findings] == []


def test_data_that_no_rule_finds(tmp_path: Path, tracer: Tracer) -> None:
    dist = install(tmp_path, "d", {"d/__init__.py": "", "d/tool/x.py": "", "d/tool/__init__.py": ""})
    site = site_of(tmp_path, dist)
    hints = hints_of(tmp_path, '[[tool.castiron.trace.data]]\ndistribution = "d"\nfiles = ["d/tool/*"]\n')
    reached = tracer("", {"app.py": "import d"}, site)
    paths = {item.path for item in distribution_contents(site, reached, hints.data).resources}
    assert {"d/tool/x.py", "d/tool/__init__.py"} <= paths
    assert "d/tool/x.py" not in {item.path for item in distribution_contents(site, reached, ()).resources}


def test_hints_that_change_nothing_are_told(tmp_path: Path) -> None:
    hints = hints_of(
        tmp_path,
        '[[tool.castiron.trace.hidden-import]]\nmodule = "gone"\nimports = ["x"]\n'
        '[[tool.castiron.trace.hidden-import]]\nmodule = "app"\nimports = ["x", "here.*"]\ndistributions = ["n"]\n'
        '[[tool.castiron.trace.data]]\ndistribution = "d"\nfiles = ["d/*.txt", "d/*.csv"]\n'
        '[[tool.castiron.trace.entry-points]]\nmodule = "nowhere"\ngroups = ["g"]\n',
    )
    found = [f"{f.subject}: {f.message}" for f in without_effect(hints, {"app", "here"}, {"d": ("d/a.txt",)})]
    assert [text.partition("changes nothing: ")[2].removesuffix(".") for text in found] == [
        "that module does not go in",
        "there is no module x",
        "there is no distribution n",
        "that module does not go in",
        "no file of it is called d/*.csv",
    ]


def test_the_driver_reads_the_hints_beside_a_script(tmp_path: Path, python: TargetPython) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": "[[tool.castiron.trace.hidden-import]]\n"
            'module = "__main__"\nimports = ["colorsys", "no"]\n',
            "app.py": "",
        },
    )
    outcome = trace(options(tmp_path, "app.py"), reporter=SilentReporter(), python=python)
    assert "colorsys" in outcome.reached.modules
    assert [name for name, _seconds in outcome.seconds] == [
        "entry", "interpreter", "own code", "environment", "graph", "files", "manifest",
    ]  # fmt: skip
    found = [f.message for f in outcome.manifest.findings if f.code == "hint-without-effect"]
    assert found == ["This hint of [tool.castiron.trace] changes nothing: there is no module no."]
