from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from castiron_common.errors import RuntimePackError
from castiron_runtime import recipe as recipes
from castiron_runtime.recipe import (
    build_key,
    cpython_recipe,
    filled,
    late,
    load_recipe,
    parse_recipe,
    recipe_names,
    series_order,
    sources_key,
    supported_pythons,
)
from castiron_runtime.target_files import defaults, load_target

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
[build]
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
        ((b'series = "1."', b""), "x: series is missing"),
        ((b'series = "1."', b"series = 1"), "x: series is not a text"),
        ((b'series = "1."', b'serie = "1."'), "there is no key 'serie'; perhaps series is meant"),
        ((b'files = ["LICENSE"]', b'files = "LICENSE"'), "x: license.files is not an array"),
        ((b'000000"', b'"'), "x: source[0]: 'sha256' of version 1.0 is not 64"),
        ((b"[[source]]", b"[[sauce]]"), "perhaps source is meant"),
        ((b'spdx = "MIT"', b""), "x: license.spdx is missing"),
        ((b"url = ", b'package = "x"\nurl = '), "either 'url' or 'package'"),
        ((b"[build]", b""), "either [build] or"),
        ((b"[build]", b"[build]\n[[build.write]]\npath = 'x'"), "the file x to write must have either 'text' or"),
        ((b"[build]", b"[build]\n[[build.archive]]\nname = 'x'"), "the archive x must have either 'sources' or"),
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


TARGET = load_target(defaults().target)


@pytest.mark.parametrize("name", recipe_names())
def test_every_placeholder_of_a_recipe_is_filled(name: str) -> None:
    recipe = filled(load_recipe(name), TARGET)
    values = dict.fromkeys(recipes.LATE, "")
    for part in (recipe.build, recipe.python, recipe.extensions):
        assert not recipes._PLACEHOLDER.search(late(repr(part), values))


def test_placeholders_are_replaced_and_what_looks_like_one_is_not() -> None:
    more = b"""
[[build.archive]]
name = "libx.a"
sources = ["a.c", "{libffi_sources}"]
flags = ["-Iarch/{musl_arch}", "${shell}", "{ c }"]
"""
    archive = filled(parse_recipe("x", GOOD + more), TARGET).library.archive[0]
    assert archive.sources == ("a.c", *TARGET.recipes.lists["libffi_sources"])
    assert archive.flags == ("-Iarch/x86_64", "${shell}", "{ c }")


def test_what_the_target_does_not_name_is_told() -> None:
    more = b'commands = [["{nosuch}"]]\n'
    recipe = parse_recipe("x", GOOD.replace(b"[build]\n", b"[build]\n" + more))
    with pytest.raises(
        RuntimePackError, match=r"Recipe x needs \{nosuch\}, which the target x86_64-linux-musl"
    ) as caught:
        filled(recipe, TARGET)
    assert "targets/x86_64-linux-musl.toml" in caught.value.hint


def test_a_key_tells_what_is_built_and_not_where_it_comes_from() -> None:
    recipe = parse_recipe("x", GOOD)
    elsewhere = parse_recipe("x", b"# A comment.\n" + GOOD.replace(b"example.org", b"example.net"))
    other = parse_recipe("x", GOOD.replace(b"[build]", b"[build]\nhardening = false"))
    assert build_key(recipe) == build_key(elsewhere) != build_key(other)
    assert sources_key(recipe) == sources_key(other) != sources_key(elsewhere)


def test_a_change_of_a_librarys_module_leaves_cpython_as_it_is() -> None:
    recipe = cpython_recipe("3.11")
    assert recipe.cpython.extensions
    without = replace(recipe, python=replace(recipe.cpython, extensions={}))
    assert build_key(recipe) == build_key(without)


def test_series_are_ordered_by_their_numbers() -> None:
    assert sorted(["3.13", "3.9", "3.11"], key=series_order) == ["3.9", "3.11", "3.13"]
    assert defaults().python in supported_pythons()


@pytest.mark.parametrize(("python", "expected"), [("3.10", False), ("3.11", True), ("3.13", True), ("3.14", False)])
def test_a_module_may_be_of_some_series_alone(python: str, expected: bool) -> None:
    more = b'series_from = "3.11"\nseries_to = "3.13"\n'
    assert parse_recipe("x", GOOD + more).extensions[0].is_in(python) is expected
