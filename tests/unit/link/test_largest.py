from __future__ import annotations

from castiron_audit.model import Component, Kind, Report, Step
from castiron_link.largest import Large, largest


def component(name: str, size: int, *, parent: str | None = None, chain: tuple[str, ...] = ()) -> Component:
    steps = tuple(Step(name=step, how="") for step in chain)
    short = name.rpartition("/")[2]
    return Component(id=name, kind=Kind.DISTRIBUTION, name=short, version="1", size=size, parent=parent, chain=steps)


def report(*components: Component) -> Report:
    return Report(name="app", version="1", generator="castiron", target="t", python="3.13.5", components=components)


def test_parts_count_for_what_contains_them_and_chains_are_told_by_packages() -> None:
    made = report(
        component("distribution/numpy", 5, chain=("app.py", "pandas", "pandas.core", "numpy")),
        component("library/numpy/libopenblas", 20, parent="distribution/numpy"),
        component("library/numpy/inner", 1, parent="library/numpy/libopenblas"),
        component("runtime/cpython", 11),
        component("distribution/plug", 3, chain=("(run)", "plug.a")),
        component("application", 2),
        component("distribution/none", 0),
    )
    assert largest(made) == (
        Large(name="numpy 1", size=26, why="app.py > pandas > numpy"),
        Large(name="cpython 1", size=11, why="the runtime"),
        Large(name="plug 1", size=3, why="the watched run > plug"),
        Large(name="application 1", size=2, why="the application"),
    )
    assert [row.name for row in largest(made, 1)] == ["numpy 1"]
