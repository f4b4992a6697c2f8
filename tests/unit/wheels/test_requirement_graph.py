"""Who needs whom, and what only an extra brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from castiron_wheels.requirement_graph import RequirementGraph
from tests.support.targets import target_for
from tests.unit.wheels.making import make_wheel

if TYPE_CHECKING:
    from pathlib import Path


def brought(folder: Path, *roots: str, **requires: tuple[str, ...]) -> dict[str, str]:
    own = folder / str(len(list(folder.glob("*"))))  # what was read of a wheel is kept by its path
    wheels = {name: make_wheel(own, name, requires=lines) for name, lines in requires.items()}
    graph = RequirementGraph(wheels=wheels, target=target_for("3.13"))
    graph.follow(map(Requirement, roots))
    return graph.extras_that_bring()


def test_what_nothing_but_an_extra_asks_for(tmp_path: Path) -> None:
    lib = ('db; extra == "sql"', 'http; extra == "web"', "base")
    assert brought(tmp_path, "lib[sql]", lib=lib, db=(), base=()) == {"db": "lib[sql]"}
    assert brought(tmp_path, "lib[sql]", "db", lib=lib, db=(), base=()) == {}  # the application asks for it, too
    assert brought(tmp_path, "lib[sql]", lib=lib, db=(), base=("db",)) == {}  # another distribution needs it
    assert brought(tmp_path, "lib", lib=lib, base=()) == {}


def test_extras_that_stand_for_others(tmp_path: Path) -> None:
    lib = ('db; extra == "sql"', 'lib[sql,web]; extra == "all"', 'http; extra == "web"')
    assert brought(tmp_path, "lib[all]", lib=lib, db=(), http=()) == {"db": "lib[all]", "http": "lib[all]"}


def test_what_does_not_concern_the_target(tmp_path: Path) -> None:
    lib = ('db; extra == "sql" and sys_platform == "win32"',)
    assert brought(tmp_path, "lib[sql]", lib=lib) == {}
    assert brought(tmp_path, 'lib[sql]; sys_platform == "win32"', lib=('db; extra == "sql"',), db=()) == {}
