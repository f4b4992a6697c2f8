import sys
from pathlib import Path

import pytest

from castiron_common.errors import RuntimePackError
from castiron_link.startup import startup
from castiron_manifest.model import EntryKind


def test_asks_once(tmp_path: Path) -> None:
    first = startup("id", lambda: Path(sys.executable), tmp_path, EntryKind.SCRIPT)
    assert {"encodings", "os", "traceback", "linecache", "encodings.utf_8"} <= set(first.modules)
    assert {"posix", "_io", "sys"} <= set(first.builtins)
    assert "json" not in first.modules
    assert startup("id", lambda: Path("/nowhere"), tmp_path, EntryKind.SCRIPT) == first


def test_a_module_entry_needs_runpy(tmp_path: Path) -> None:
    needs = startup("id", lambda: Path(sys.executable), tmp_path, EntryKind.MODULE)
    assert {"runpy", "importlib.util"} <= set(needs.modules)


def test_another_pack_is_asked_anew(tmp_path: Path) -> None:
    startup("id", lambda: Path(sys.executable), tmp_path, EntryKind.SCRIPT)
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(RuntimePackError, match="does not run: broken"):
        startup("another", lambda: broken, tmp_path, EntryKind.SCRIPT)
