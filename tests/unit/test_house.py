"""What holds for every file: small modules, pages that name what is there, tests where their README says."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_LINES = 500
"""One reason to change rarely takes more."""
NOT_OURS = {".git", ".venv", "build", "node_modules", "__pycache__"}
CODE = {".py", ".c", ".cc", ".h", ".S", ".sh"}


def sources() -> list[Path]:
    """Return every source file, tests and programs under test included."""
    found = []
    todo = [ROOT]
    while todo:
        for path in todo.pop().iterdir():
            if path.is_dir() and not path.is_symlink():
                if path.name not in NOT_OURS and not path.name.startswith("."):
                    todo.append(path)
            elif path.suffix in CODE:
                found.append(path)
    return sorted(found)


def test_no_module_is_long() -> None:
    files = sources()
    names = {path.relative_to(ROOT).as_posix() for path in files}
    assert {"trace/castiron_trace/driver.py", "tests/unit/test_house.py", "tests/run.sh"} <= names
    assert sum(path.suffix == ".c" for path in files) > 20
    lines = {path: len(path.read_bytes().splitlines()) for path in files}
    assert {str(path): count for path, count in lines.items() if count > MOST_LINES} == {}


PLACEHOLDERS = re.compile(r"NNN|NAME|MACHINE|shelves")
"""Parts of names that the reader of a page replaces."""


def pages() -> list[Path]:
    """Return every page for people but the changelog, which names what was."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    ours = (top for top in ROOT.iterdir() if top.name not in NOT_OURS and not top.name.startswith("."))
    found += [path for top in ours for path in top.rglob("README.md")]
    return sorted({path for path in found if path.name != "CHANGELOG.md"})


def test_pages_name_what_is_there() -> None:
    tops = {path.name for path in ROOT.iterdir() if path.is_dir()}
    wrong, right = [], 0
    for page in pages():
        text = page.read_text()
        named = [ROOT / name for name in re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text) if name.split("/")[0] in tops]
        linked = [page.parent / name for name in re.findall(r"\]\((?![a-z]+:)([^)#]+)(?:#[^)]*)?\)", text)]
        for path in (*named, *linked):
            if path.exists():
                right += 1
            elif not PLACEHOLDERS.search(str(path)):
                wrong.append(f"{page.relative_to(ROOT)}: {path}")
    assert wrong == []
    assert right > 100


def anchors(page: Path) -> set[str]:
    """Return what links can name in a page, as GitHub and others make it of headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_within_pages_name_headings() -> None:
    wrong, right = [], 0
    for page in pages():
        for name, anchor in re.findall(r"\]\((?![a-z]+:)([^)#]*)#([^)]+)\)", page.read_text()):
            if anchor in anchors(page.parent / name if name else page):
                right += 1
            else:
                wrong.append(f"{page.relative_to(ROOT)}: {name}#{anchor}")
    assert wrong == []
    assert right > 50


def test_messages_name_pages_and_headings_that_exist() -> None:
    wrong, right = [], 0
    for source in (path for path in sources() if path.suffix == ".py" and "tests" not in path.parts):
        for name, anchor in re.findall(r"(docs/[\w/-]+\.md)(?:#([\w-]+))?", source.read_text()):
            page = ROOT / name
            if page.exists() and (not anchor or anchor in anchors(page)):
                right += 1
            else:
                wrong.append(f"{source.relative_to(ROOT)}: {name}#{anchor}")
    assert wrong == []
    assert right > 10


def test_each_folder_of_tests_is_in_their_readme() -> None:
    readme = (ROOT / "tests" / "README.md").read_text()
    listed = set(re.findall(r"^\| `([\w/]+)/` \|", readme, re.MULTILINE))
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert {name for name in listed if "/" not in name} == folders
    assert all((ROOT / "tests" / name).is_dir() for name in listed)


def test_each_long_command_is_in_the_readme_of_the_tests() -> None:
    readme = (ROOT / "tests" / "README.md").read_text()
    modules = {path.stem for path in (ROOT / "tests" / "long").glob("*.py")} - {"__init__"}
    assert set(re.findall(r"python -m tests\.long\.(\w+)", readme)) == modules


def test_each_part_of_the_runner_is_in_its_usage() -> None:
    script = (ROOT / "tests" / "run.sh").read_text()
    usage = script[script.index("<<'TEXT'") : script.index("\nTEXT\n")]
    listed = set(re.findall(r"^  (\w+) {2,}\S", usage, re.MULTILINE))
    (accepted,) = re.findall(r"^    ((?:\w+ \| )+\w+)\) parts=", script, re.MULTILINE)
    assert listed == {"quick", *accepted.split(" | ")}
