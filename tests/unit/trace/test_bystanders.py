"""Distributions of an environment that nobody named for the application: which of them go in (decision 027)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from castiron_trace.left_out import left_out_details, left_out_notes
from tests.unit.trace.making import install, site_of
from tests.unit.trace.tracing import of

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import Reached, Site
    from castiron_wheels.model import ResolvedDistribution
    from tests.unit.trace.tracing import Tracer


def beside(prefix: Path, lib: ResolvedDistribution, *others: ResolvedDistribution) -> Site:
    """Return an environment in which the application asks for ``lib`` alone."""
    return replace(site_of(prefix, lib, *others), bystanders=frozenset(item.name for item in others))


def extra(prefix: Path, name: str = "extra", code: str = "", **more: object) -> ResolvedDistribution:
    return install(prefix, name, {f"{name.replace('-', '_')}.py": code}, direct=False, **more)  # type: ignore[arg-type]


def lib(prefix: Path, code: str, requires: tuple[str, ...] = (), **files: str) -> ResolvedDistribution:
    more = {f"lib/{name}.py": text for name, text in files.items()}
    return install(prefix, "lib", {"lib/__init__.py": code, **more}, requires=requires)


def left_out(reached: Reached) -> list[str]:
    return [item.distribution for item in reached.left_out]


OPTIONAL = {
    "in a try": "try:\n    import extra\nexcept ImportError:\n    extra = None\n",
    "in a function": "def f():\n    import extra\n",
    "of a name": "def f():\n    from extra import name\n",
    "of a module that is itself optional": "def f():\n    import lib.inner\n",
}


@pytest.mark.parametrize("code", OPTIONAL.values(), ids=OPTIONAL)
def test_what_others_import_only_if_it_is_there_stays_out(code: str, tracer: Tracer, tmp_path: Path) -> None:
    site = beside(tmp_path, lib(tmp_path, code, inner="import extra"), extra(tmp_path, code="import colorsys"))
    reached = tracer({"app.py": "import lib"}, site)
    assert of(reached, "extra") == set()
    assert "colorsys" not in reached.modules
    assert left_out(reached) == ["extra"]
    assert "extra" not in reached.missing
    # The same environment, named: everything goes in.
    assert of(tracer({"app.py": "import lib"}, replace(site, bystanders=frozenset())), "extra") == {"extra"}


SURE = {
    "lib surely imports it": ("import lib", "import extra"),
    "so does a module that lib surely imports": ("import lib", "from lib import inner"),
    "the application imports it in a function": ("import lib\ndef f():\n    import extra", ""),
    "the application imports it if it is there": ("import lib\ntry:\n    import extra\nexcept ImportError: pass", ""),
    "it is the last that is left": ("import lib", "try:\n    import gone\nexcept ImportError:\n    import extra"),
    "the application names it": ("import lib\nlib.f(engine='extra')", "def f(engine):\n    import extra"),
    "the application names it in an address": ("import lib\nlib.f('db+extra://x')", "def f(url):\n    import extra"),
}


@pytest.mark.parametrize(("app", "code"), SURE.values(), ids=SURE)
def test_what_is_used_goes_in(app: str, code: str, tracer: Tracer, tmp_path: Path) -> None:
    site = beside(tmp_path, lib(tmp_path, code, inner="import extra"), extra(tmp_path, code="import colorsys"))
    reached = tracer({"app.py": app}, site)
    assert of(reached, "extra") == {"extra"}
    assert "colorsys" in reached.modules
    assert left_out(reached) == []


def test_an_option_takes_it_and_what_it_requires(tracer: Tracer, tmp_path: Path) -> None:
    site = beside(
        tmp_path,
        lib(tmp_path, "def f():\n    import extra.part"),
        install(
            tmp_path,
            "extra",
            {"extra/__init__.py": "", "extra/part.py": "def f():\n    import needed"},
            requires=("needed",),
            direct=False,
        ),
        extra(tmp_path, "needed"),
        extra(tmp_path, "other"),
    )
    assert left_out(tracer({"app.py": "import lib"}, site)) == ["extra"]
    reached = tracer({"app.py": "import lib"}, site, include=("extra",))
    assert {"extra", "extra.part", "needed"} <= reached.modules.keys()
    assert left_out(reached) == []


def test_a_requirement_of_a_requirement_is_sure_of_its_own_imports(tracer: Tracer, tmp_path: Path) -> None:
    # ``helper`` is required, and cannot be imported without ``extra``, which its metadata forget.
    site = replace(
        site_of(
            tmp_path,
            lib(tmp_path, "def f():\n    import helper", requires=("helper",)),
            extra(tmp_path, "helper", "import extra"),
            extra(tmp_path),
        ),
        bystanders=frozenset({"extra"}),
    )
    assert of(tracer({"app.py": "import lib"}, site), "extra") == {"extra"}


def test_a_part_that_is_a_distribution_of_its_own_goes_in(tracer: Tracer, tmp_path: Path) -> None:
    code = "def load():\n    try:\n        import lib_binary\n    except ImportError:\n        raise\nload()\n"
    site = beside(tmp_path, lib(tmp_path, code), extra(tmp_path, "lib-binary"))
    assert of(tracer({"app.py": "import lib"}, site), "lib-binary") == {"lib_binary"}


def test_plugins_go_in_if_their_host_does(tracer: Tracer, tmp_path: Path) -> None:
    host = "from importlib.metadata import entry_points\nentry_points(group='lib.plug')\nNAMES = 'extra', 'plug'\n"
    site = beside(
        tmp_path,
        lib(tmp_path, host + "def f():\n    import extra"),
        extra(tmp_path, "mine", "import undeclared", entry_points="[lib.plug]\na = mine:f\n"),
        extra(tmp_path, "undeclared"),
        extra(tmp_path),
        extra(tmp_path, "others", entry_points="[extra.plug]\na = others:f\n"),
    )
    reached = tracer({"app.py": "import lib"}, site)
    assert {"mine", "undeclared"} <= reached.modules.keys()
    # The group of a host that stays out is loaded by nobody.
    assert "others" not in reached.modules
    assert left_out(reached) == ["extra"]


def test_namespaces_are_not_those_of_what_stays_out(tracer: Tracer, tmp_path: Path) -> None:
    site = beside(
        tmp_path,
        install(tmp_path, "space-one", {"space/one.py": "def f():\n    import space.alien\n    import void.alien"}),
        install(tmp_path, "alien", {"space/alien.py": "", "void/alien.py": ""}, direct=False),
    )
    reached = tracer({"app.py": "import space.one"}, site)
    assert reached.modules["space"].owner == "space-one"
    assert "void" not in reached.modules
    assert left_out(reached) == ["alien"]


def test_it_is_told_in_one_line(tracer: Tracer, tmp_path: Path) -> None:
    names = [f"extra-{letter}" for letter in "abcde"]
    code = "".join(f"def {letter}():\n    import extra_{letter}.x\n" for letter in "abcde")
    site = beside(tmp_path, lib(tmp_path, code), *(extra(tmp_path, name) for name in names))
    reached = tracer({"app.py": "import lib"}, site)
    (line,) = left_out_notes(reached)
    assert "5 distributions" in line
    assert "extra_a, extra_b, extra_c, extra_d, ..." in line
    assert "--include" in line
    details = list(left_out_details(reached))
    assert [detail.partition(" ")[0] for detail in details] == names
    assert "lib/__init__.py:2" in details[0]
    assert list(left_out_notes(tracer({"app.py": "import lib"}, replace(site, bystanders=frozenset())))) == []
