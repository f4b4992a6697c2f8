"""Keys of what is built and installed: hashes of what decides the result, and of nothing else."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from castiron_common.source_key import code_of
from castiron_wheels import build_environment, build_key, compilers, install, known_choices
from tests.support.targets import target_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_runtime.model import Pack

PACKAGE = Path(build_key.__file__).parent


class FakeToolchain:
    version = "1"


class FakePack:
    id = "pack"
    toolchain = FakeToolchain()


PACK = cast("Pack", FakePack())


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    yield
    build_key._code.cache_clear()
    install._layout.cache_clear()


def key(python: str = "3.13", pack: Pack = PACK) -> str:
    build_key._code.cache_clear()
    return build_key.build_key(target_for(python), pack)


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (compilers, "_COMMON", "-O0"),
        (compilers, "_COMPILER", "{compiler} {common} {triple}"),
        (build_environment, "_SOURCE_DATE", "1"),
    ],
)
def test_what_a_build_sees_is_in_its_key(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, value: str
) -> None:
    before = key()
    monkeypatch.setattr(module, name, value)
    assert key() != before


def test_variables_are_in_the_key_but_no_place_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = key()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path))
    assert key() == before
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert key() != before


def test_the_interpreter_is_in_the_key() -> None:
    other = FakePack()
    other.id = "another"
    assert key(pack=cast("Pack", other)) != key()
    newer = FakePack()
    newer.toolchain = FakeToolchain()
    newer.toolchain.version = "2"
    assert key(pack=cast("Pack", newer)) != key()


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package's sources, which is hashed in their place."""
    shutil.copytree(PACKAGE, tmp_path / "wheels", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(build_key, "_HERE", tmp_path / "wheels")
    monkeypatch.setattr(install, "__file__", str(tmp_path / "wheels/install.py"))
    return tmp_path / "wheels"


def layout() -> str:
    install._layout.cache_clear()
    return install._layout()


def test_code_that_makes_bytes_is_in_the_key_and_other_code_is_not(copy: Path) -> None:
    built, installed = key(), layout()
    for module in ("build.py", "resolve.py", "fetch.py", "build_stack.py"):
        (copy / module).write_text("x = 1\n")
    assert (key(), layout()) == (built, installed)
    for name in build_key.MAKES_BYTES:
        before = key()
        source = (copy / name).read_text()
        (copy / name).write_text(f"# A comment.\n{source}")
        assert key() == before
        (copy / name).write_text(f"{source}\nMORE = 1\n")
        assert key() != before
    assert layout() != installed  # by record.py, which both have
    before = layout()
    (copy / "install.py").write_text("x = 1\n")
    assert layout() != before


@pytest.mark.parametrize("name", [*build_key.MAKES_BYTES, "install.py"])
def test_only_comments_and_docstrings_are_left_out(name: str) -> None:
    source = (PACKAGE / name).read_text()
    assert without_docstrings(code_of(source)) == without_docstrings(source)


def without_docstrings(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                item
                for item in body
                if not (
                    isinstance(item, ast.Expr)
                    and isinstance(item.value, ast.Constant)
                    and isinstance(item.value.value, str)
                )
            ]
    return ast.dump(tree)


def test_the_modules_that_choose_are_there_and_in_the_key(monkeypatch: pytest.MonkeyPatch, copy: Path) -> None:
    monkeypatch.setattr(known_choices, "__file__", str(copy / "known_choices.py"))
    known_choices._code.cache_clear()
    before = known_choices._code()
    for name in known_choices.DECIDES:
        (copy / name).write_text("x = 1\n")
        known_choices._code.cache_clear()
        after = known_choices._code()
        assert after != before, name
        before = after
    known_choices._code.cache_clear()
