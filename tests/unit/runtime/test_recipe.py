from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from castiron_common.errors import RuntimePackError
from castiron_runtime import recipe as recipes
from castiron_runtime.recipe import load_recipe, parse_recipe, recipe_names

GOOD = b"""
series = "1."
[[source]]
version = "1.0"
url = "https://example.org/x-1.0.tar.gz"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
[license]
spdx = "MIT"
evidence = "LICENSE"
files = ["LICENSE"]
purl = "pkg:generic/x@{version}"
[[extension]]
name = "_x"
sources = ["_x.c"]
"""


def test_every_recipe_is_complete() -> None:
    for name in recipe_names():
        recipe = load_recipe(name)
        assert recipe.license.files, name
        assert all(facts.files and facts.expression and facts.evidence for facts in (recipe.license, *recipe.bundled))
        assert all(pin.version.startswith(recipe.series) or pin.version == recipe.series for pin in recipe.pins)
        assert any(pin.package for pin in recipe.pins), f"{name} has no source package of a distribution"


def test_no_copyleft_component_is_in_any_pack() -> None:
    for name in recipe_names():
        recipe = load_recipe(name)
        assert not any("GPL" in facts.expression for facts in (recipe.license, *recipe.bundled))


def test_each_extension_module_has_one_recipe() -> None:
    names = [extension.name for name in recipe_names() for extension in load_recipe(name).extensions]
    assert len(names) == len(set(names))
    assert {"zlib", "_bz2", "_lzma", "_ctypes", "_ssl", "_hashlib", "_sqlite3"} <= set(names)


def test_an_extension_needs_the_component_of_its_recipe() -> None:
    recipe = parse_recipe("x", GOOD)
    assert recipe.extensions[0].components == ("x",)
    assert recipe.pins[0].file == "x-1.0.tar.gz"
    assert recipe.license.name == "x"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((b'series = "1."', b""), "'series' is missing"),
        ((b'series = "1."', b"series = 1"), "'series' is not a string"),
        ((b'files = ["LICENSE"]', b'files = "LICENSE"'), "x.license: 'files' is not a list of strings"),
        ((b'000000"', b'"'), "x.source[0]: 'sha256' is not 64"),
        ((b"[[source]]", b"[[sauce]]"), "names no source"),
        ((b'spdx = "MIT"', b""), "x.license: 'spdx' is missing"),
        ((b"url = ", b'package = "x"\nurl = '), "either 'url' or 'package'"),
        ((b"[license]", b"[license"), "not TOML"),
    ],
)
def test_a_wrong_recipe_is_refused_with_the_key(change: tuple[bytes, bytes], says: str) -> None:
    data = GOOD.replace(*change)
    assert data != GOOD
    with pytest.raises(RuntimePackError) as caught:
        parse_recipe("x", data)
    assert says in caught.value.what


@settings(deadline=None)
@given(st.data())
def test_a_damaged_recipe_gives_a_recipe_or_one_clear_error(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(recipe_names()))
    good = (Path(recipes.__file__).parent / "recipes" / f"{name}.toml").read_bytes()
    position = data.draw(st.integers(0, len(good) - 1))
    if data.draw(st.booleans()):
        damaged = good[:position]
    else:
        damaged = good[:position] + bytes([data.draw(st.integers(0, 255))]) + good[position + 1 :]
    try:
        parse_recipe(name, damaged)
    except RuntimePackError as error:
        assert name in error.what  # noqa: PT017 - either outcome is right


def test_an_unknown_recipe_is_refused() -> None:
    with pytest.raises(RuntimePackError, match="nosuch"):
        load_recipe("nosuch")
