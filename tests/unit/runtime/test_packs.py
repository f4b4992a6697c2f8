from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from castiron_common.errors import RuntimePackError
from castiron_common.progress import SilentReporter
from castiron_runtime import cli, pack_reader, pack_writer, packs
from castiron_runtime.builder_key import CPYTHON, LIBRARY
from castiron_runtime.model import Component, LicenseText, Toolchain
from castiron_runtime.recipe import filled, load_recipe, series_order, supported_pythons
from castiron_runtime.sources import Source
from castiron_runtime.target_files import defaults, load_target


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


TARGET = load_target(defaults().target)


def test_a_series_without_a_recipe_is_refused_with_those_there_are() -> None:
    with pytest.raises(RuntimePackError, match=r"Python 2\.7") as caught:
        packs.open_pack("2.7", TARGET, reporter=SilentReporter())
    assert "3.13" in caught.value.hint


def test_a_key_changes_with_everything_that_goes_in() -> None:
    recipe = load_recipe("zlib")
    source = Source(version="1", sha256="a" * 64, path=Path("x"), pinned=True)
    keys = [
        packs.component_key(recipe, source, (), builder=LIBRARY, toolchain="t"),
        packs.component_key(filled(recipe, TARGET), source, (), builder=LIBRARY, toolchain="t"),
        packs.component_key(recipe, replace(source, sha256="b" * 64), (), builder=LIBRARY, toolchain="t"),
        packs.component_key(recipe, source, ("need",), builder=LIBRARY, toolchain="t"),
        packs.component_key(recipe, source, (), builder=CPYTHON, toolchain="t"),
        packs.component_key(recipe, source, (), builder=LIBRARY, toolchain="of another kind"),
    ]
    assert len(set(keys)) == len(keys)
    elsewhere = replace(source, path=Path("elsewhere"))
    assert keys[0] == packs.component_key(recipe, elsewhere, (), builder=LIBRARY, toolchain="t")


def test_a_component_survives_its_description(tmp_path: Path) -> None:
    component = Component(
        name="x",
        version="1",
        purl="pkg:generic/x@1",
        cpe="",
        license="MIT",
        evidence="LICENSE",
        texts=(LicenseText(path="LICENSE", sha256="ab" * 32, text="granted\n"),),
        source_sha256="c" * 64,
    )
    pack_writer.write_licenses(tmp_path, [component])
    values = json.loads(json.dumps(pack_writer.component_entry(component)))
    assert pack_reader.parse_component(values, tmp_path) == component


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"extensions": 1}', '{"extensions": {"x": {}}}'])
def test_a_damaged_pack_is_one_clear_error(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / pack_writer.FILE).write_text(text)
    toolchain = Toolchain(
        version="0",
        key="k",
        pie=False,
        target=TARGET,
        linker=(),
        cc=(),
        cflags=(),
        crt1=Path("crt1.o"),
        libraries=(Path("a"), Path("b"), Path("c")),
    )
    with pytest.raises(RuntimePackError) as caught:
        pack_reader.read(tmp_path, toolchain, toolchain)
    assert str(tmp_path) in caught.value.what
    assert caught.value.hint


def test_the_inventory_lists_recipes_without_building_or_fetching(own_cache: Path) -> None:
    result = CliRunner().invoke(cli.app, ["list", "--json"])
    assert result.exit_code == 0
    rows = {row["recipe"]: row for row in json.loads(result.stdout)}
    assert rows["openssl"]["modules"] == ["_ssl", "_hashlib"]
    assert rows["cpython-3.13"]["license"] == "PSF-2.0"
    assert not any(row["built"] for row in rows.values())
    assert not own_cache.exists()


def test_a_series_adds_flags_to_the_modules_that_libraries_offer() -> None:
    flags = {
        feature: {item.name: item.flags for item in pack_reader.on_demand_extensions(feature, TARGET)}
        for feature in supported_pythons()
    }
    assert flags["3.11"].keys() == flags["3.13"].keys()
    assert flags["3.11"]["readline"] == (*flags["3.13"]["readline"], "-D_RL_FUNCTION_TYPEDEF=1")
    assert flags["3.11"]["zlib"] == flags["3.13"]["zlib"]


@pytest.mark.parametrize("python", supported_pythons())
def test_a_series_has_mimalloc_in_its_tree_or_takes_the_component(python: str) -> None:
    own = {facts.name for facts in load_recipe(f"cpython-{python}").bundled}
    assert ("mimalloc" in own) == (series_order(python) >= (3, 13))
    assert load_recipe("mimalloc").license.name == "mimalloc"
