from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import EntryError
from castiron_manifest.model import Entry, EntryKind, Origin
from castiron_trace.entry import resolve_plan
from castiron_trace.model import NO_SITE, Reached
from castiron_trace.own.files import app_resources
from castiron_trace.own_data import Blobs
from castiron_trace.plan import PlanKind, read_plan
from tests.unit.trace.conftest import options
from tests.unit.trace.making import install, site_of, write

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    tool = install(
        tmp_path,
        "tool",
        {
            "tool/__init__.py": "def main(): ...",
            "tool/__main__.py": "",
            "../../../bin/old-tool": "#!/usr/bin/env python3\n",
        },
        entry_points="[console_scripts]\ntool = tool:main\ntoolx = tool.cli:app.run [extra]\n",
    )
    return site_of(tmp_path, tool)


def test_a_script(tmp_path: Path) -> None:
    write(tmp_path, {"app/start.py": ""})
    resolved = resolve_plan(read_plan(options(tmp_path, "app/start.py")), NO_SITE)
    assert resolved.entry == Entry(kind=EntryKind.SCRIPT, module="__main__", path="start.py", name="start")
    assert resolved.roots == (tmp_path / "app",)


def test_a_script_behind_a_link_is_where_the_file_is(tmp_path: Path) -> None:
    write(tmp_path, {"real/start.py": ""})
    (tmp_path / "run.py").symlink_to("real/start.py")
    resolved = resolve_plan(read_plan(options(tmp_path, "run.py")), NO_SITE)
    assert resolved.roots == (tmp_path / "real",)
    assert resolved.entry.name == "run"


def test_a_folder_with_a_main_file(tmp_path: Path) -> None:
    write(tmp_path, {"app/__main__.py": ""})
    resolved = resolve_plan(read_plan(options(tmp_path, "app")), NO_SITE)
    assert (resolved.entry.path, resolved.entry.name) == ("__main__.py", "app")


def test_a_project_with_one_script(tmp_path: Path) -> None:
    write(tmp_path, {"p/pyproject.toml": '[project]\nname = "p"\nversion = "1"\n[project.scripts]\ngo = "p:m"\n'})
    plan = read_plan(options(tmp_path, "p"))
    assert (plan.kind, plan.name, plan.path) == (PlanKind.PROJECT, "go", tmp_path / "p")


@pytest.mark.parametrize(
    "files",
    [
        {"p/setup.py": ""},
        {"p/setup.py": "", "p/pyproject.toml": "[build-system]\nrequires = []\n"},
        {"p/pyproject.toml": '[project]\nname = "p"\nversion = "1"\ndynamic = ["scripts"]\n'},
    ],
)
@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ("[console_scripts]\ngo = p:m\n", "go"),
        ("[console_scripts]\na = p:m\nb = p:m\n", "the project p has 2 scripts: a, b"),
        ("", "the project p has no scripts"),
    ],
)
def test_a_script_that_only_the_build_of_a_project_tells(
    tmp_path: Path, files: dict[str, str], points: str, expected: str
) -> None:
    write(tmp_path, files)
    project = install(tmp_path, "p", {"p.py": ""}, entry_points=points, project=True)
    other = install(tmp_path, "x", {"x.py": ""}, entry_points="[console_scripts]\nx = x:m\n", direct=False)
    site = site_of(tmp_path, project, other)
    plan = read_plan(options(tmp_path, "./p"))
    assert (plan.kind, plan.name, plan.program) == (PlanKind.PROJECT, "", "")
    if expected == "go":
        entry = resolve_plan(plan, site).entry
        assert (entry.module, entry.function, entry.name) == ("p", "m", "go")
        return
    with pytest.raises(EntryError, match=f"(?i){expected}"):
        resolve_plan(plan, site)


def test_own_modules_in_the_src_layout(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "", "src/pkg/__init__.py": ""})
    plan = read_plan(options(tmp_path, "pkg", as_module=True))
    assert plan.own
    assert tmp_path / "src" in plan.roots


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tool", (EntryKind.FUNCTION, "tool", "main", None)),
        ("toolx", (EntryKind.FUNCTION, "tool.cli", "app.run", None)),
        ("old-tool", (EntryKind.SCRIPT, "__main__", None, "bin/old-tool")),
    ],
)
def test_commands(
    name: str, expected: tuple[EntryKind, str, str | None, str | None], tmp_path: Path, site: Site
) -> None:
    entry = resolve_plan(read_plan(options(tmp_path, name)), site).entry
    assert (entry.kind, entry.module, entry.function, entry.path) == expected
    assert (entry.origin, entry.distribution, entry.name) == (Origin.DISTRIBUTION, "tool", name)


def test_a_command_that_is_a_script_has_no_files_of_an_application(tmp_path: Path, site: Site) -> None:
    wanted = options(tmp_path, "old-tool")
    resolved = resolve_plan(read_plan(wanted), site)
    assert resolved.script is not None
    made = app_resources(resolved, Reached(modules={}, entry="__main__"), wanted, (), Blobs())
    assert (made.resources, made.notes) == ((), ())


def test_a_command_wins_over_the_program_that_was_linked_from_it(tmp_path: Path) -> None:
    write(tmp_path, {"tool": b"\x7fELF\2\1\1"})
    assert read_plan(options(tmp_path, "tool")).kind is PlanKind.COMMAND


def test_a_module_and_a_function_of_a_distribution(tmp_path: Path, site: Site) -> None:
    entry = resolve_plan(read_plan(options(tmp_path / "lib", "tool", as_module=True)), site).entry
    assert (entry.kind, entry.module, entry.distribution) == (EntryKind.MODULE, "tool", "tool")
    entry = resolve_plan(read_plan(options(tmp_path / "lib", "tool:main", name="t")), site).entry
    assert (entry.kind, entry.module, entry.function, entry.name) == (EntryKind.FUNCTION, "tool", "main", "t")


def test_an_unknown_command_lists_what_there_is(tmp_path: Path, site: Site) -> None:
    with pytest.raises(EntryError) as caught:
        resolve_plan(read_plan(options(tmp_path, "tol")), site)
    assert "tool" in caught.value.hint


def test_two_distributions_with_one_command(tmp_path: Path, site: Site) -> None:
    other = install(tmp_path, "other", {"o.py": ""}, entry_points="[console_scripts]\ntool = o:m\n")
    both = site_of(tmp_path, *site.distributions, other)
    with pytest.raises(EntryError, match="ambiguous: other, tool"):
        resolve_plan(read_plan(options(tmp_path, "tool")), both)


def test_a_command_whose_name_ends_like_a_file(tmp_path: Path) -> None:
    plan = read_plan(options(tmp_path, "jp.py", with_=("jmespath",)))
    assert (plan.kind, plan.name) == (PlanKind.COMMAND, "jp.py")
    write(tmp_path, {"jp.py": ""})
    assert read_plan(options(tmp_path, "jp.py", with_=("jmespath",))).kind is PlanKind.SCRIPT
