from __future__ import annotations

import ast
from pathlib import Path

import pytest

from castiron_common.source_key import code_of
from castiron_runtime import builder_key as keys

PACKAGE = Path(keys.__file__).parent
BUILDERS = {
    "toolchain_files.py": keys.TOOLCHAIN,
    "cpython.py": keys.CPYTHON,
    "library_build.py": keys.LIBRARY,
    "interpreter.py": keys.INTERPRETER,
    "profile_runtime.py": keys.PROFILE_RUNTIME,
}
NO_PART_OF_THE_RESULT = {
    "builder_key.py": "it is what makes the key",
    "model.py": "types without code",
    "process.py": "runs the commands, and decides neither what they are nor what they find",
    "recipe.py": "what it reads is a part of the key",
    "source_archive.py": "what it unpacks is a part of the key",
    "target_files.py": "what it reads is a part of the key",
    "library.py": "reads what was built",
    "pack_reader.py": "reads what was built",
    "zig.py": "finds the compiler, whose version is a part of the key",
}


def without_docstrings(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [item for item in body if not is_text(item)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@pytest.mark.parametrize("name", sorted({name for modules in BUILDERS.values() for name in modules}))
def test_only_comments_and_docstrings_are_left_out(name: str) -> None:
    source = (PACKAGE / name).read_text()
    code = code_of(source)
    assert '"""The' not in code.partition("import")[0]
    # A function whose body is a docstring alone would be no Python without it.
    assert without_docstrings(code) == without_docstrings(source)


def imported(name: str) -> set[str]:
    """Modules of the package that a module imports when it runs."""
    found: set[str] = set()
    for node in ast.parse((PACKAGE / name).read_text()).body:
        for item in ast.walk(node):
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                continue
            if isinstance(item, ast.ImportFrom) and item.module == "castiron_runtime":
                found |= {f"{alias.name}.py" for alias in item.names}
            elif isinstance(item, ast.ImportFrom) and (item.module or "").startswith("castiron_runtime."):
                found.add(f"{str(item.module).removeprefix('castiron_runtime.')}.py")
    return found


@pytest.mark.parametrize("builder", sorted(BUILDERS))
def test_every_module_that_a_builder_imports_is_in_its_key(builder: str) -> None:
    reached: set[str] = set()
    todo = {builder}
    while todo:
        name = todo.pop()
        reached.add(name)
        todo |= imported(name) - reached - NO_PART_OF_THE_RESULT.keys()
    assert reached <= set(BUILDERS[builder]), "add to the builder's modules in builder_key.py"


def test_code_changes_the_key_and_comments_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_HERE", tmp_path)
    versions = [
        'x = 1\n\n\ndef f():\n    """Text."""\n    return x\n',
        '# A comment.\nx = 1\n\n\ndef f():\n    """Another "text",\n\n    longer.\n    """\n    return x\n',
        'x = 2\n\n\ndef f():\n    """Text."""\n    return x\n',
    ]
    found = []
    for source in versions:
        (tmp_path / "m.py").write_text(source)
        found.append(keys.builder_key.__wrapped__(("m.py",)))
    assert found[0] == found[1] != found[2]
