"""No module needs itself, by whatever way: Python modules by their imports, C files by what they include.

Imports inside functions count: they hide a circle from the interpreter and not from who reads the code.  Imports for
type checkers do not.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = {
    folder.name: folder
    for top in ("castiron", "common", "manifests", "trace", "link", "audit", "runtime", "wheels", "elf")
    for folder in sorted((ROOT / top).glob("castiron*"))
    if (folder / "__init__.py").is_file()
}
STUB = ROOT / "runtime" / "castiron_runtime" / "stub"
GLIBC = ROOT / "runtime" / "castiron_runtime" / "glibc"


def circles(graph: dict[str, set[str]]) -> set[frozenset[str]]:
    """Return the strongly connected components with more than one node, and nodes that need themselves."""
    reach = {node: _reachable(graph, node) for node in graph}
    return {
        frozenset({other for other in reach[node] if node in reach.get(other, set())})
        for node in graph
        if node in reach[node]
    }


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = [*graph[start]]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo.extend(graph.get(node, ()))
    return seen


def python_modules() -> dict[str, Path]:
    found = {}
    for package, folder in PACKAGES.items():
        for file in folder.rglob("*.py"):
            parts = [package, *file.relative_to(folder).with_suffix("").parts]
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def _imports(file: Path, modules: dict[str, Path]) -> set[str]:
    found: set[str] = set()
    todo: list[ast.AST] = [ast.parse(file.read_bytes())]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            todo.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(inner & modules.keys())
            if not inner <= modules.keys():
                found.add(node.module)
        todo.extend(ast.iter_child_nodes(node))
    return found & modules.keys()


def includes(root: Path = STUB) -> dict[str, set[str]]:
    """Return what each C file and header below a folder includes of it; a file and its own header are one module."""
    graph: dict[str, set[str]] = {}
    for file in root.rglob("*.[ch]"):
        own = file.relative_to(root).with_suffix("").as_posix()
        names = re.findall(r'^\s*#\s*include\s+"([^"]+)"', file.read_text(), re.MULTILINE)
        found = {name.rpartition(".")[0] for name in names if (root / name).is_file()}
        graph.setdefault(own, set()).update(found - {own})
    return graph


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d"}}) == {frozenset("bc"), frozenset("d")}
    assert circles({"a": {"b"}, "b": set()}) == set()


def test_no_circle_between_python_modules() -> None:
    modules = python_modules()
    assert len(modules) > 100
    graph = {name: _imports(file, modules) - {name} for name, file in modules.items()}
    assert graph["castiron_trace.cli"] >= {"castiron_trace.driver", "castiron_trace.model"}
    assert circles(graph) == set()


def test_no_circle_between_c_files() -> None:
    graph = includes()
    assert len(graph) > 50
    assert "tree/tree" in graph["tree/open"]
    assert circles(graph) == set()
    assert circles(includes(GLIBC)) == set()


def test_no_circle_between_folders_of_the_stub() -> None:
    graph: dict[str, set[str]] = {}
    for name, needed in includes().items():
        folder = name.rpartition("/")[0]
        graph.setdefault(folder, set()).update({other.rpartition("/")[0] for other in needed} - {folder})
    assert graph["tree"] >= {"process", "payload"}
    assert circles(graph) == set()
