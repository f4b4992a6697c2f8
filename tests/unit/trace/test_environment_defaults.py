"""Modules that the environment chooses: the code has the default, and the others lie beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.trace.test_own_files import traced

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import TargetPython

FILES = {
    "shop/__init__.py": "",
    "shop/settings/__init__.py": "",
    "shop/settings/production.py": "from .base import *",
    "shop/settings/base.py": "",
    "shop/settings/test.py": "import wave",
    "shop/other.py": "",
}


@pytest.mark.parametrize(
    ("code", "taken"),
    [
        ("os.environ.setdefault('SHOP_SETTINGS', 'shop.settings.production')", True),
        ("os.environ.get('SHOP_SETTINGS', 'shop.settings.production:NAMES')", True),
        ("os.getenv('SETTINGS', default='shop.settings.production.Production')", True),
        ("os.environ.get('SHOP_SETTINGS') or 'shop.settings.production'", True),
        ("os.environ['SHOP_SETTINGS'] = 'shop.settings.production'", False),
        ("{}.get('settings', 'shop.settings.production')", False),
        ("os.environ.get('SHOP_SETTINGS', 'shop.settings')", False),
    ],
)
def test_modules_beside_a_default_go_in(code: str, taken: bool, tmp_path: Path, python: TargetPython) -> None:
    outcome = traced(tmp_path, python, {"app.py": f"import os\n{code}", **FILES})
    modules = {module.name for module in outcome.manifest.modules}
    assert "shop.settings" in modules
    assert {"wave", "shop.settings.test"} & modules == ({"wave", "shop.settings.test"} if taken else set())
    assert ("shop.other" in modules) == code.endswith("'shop.settings')")
    told = [item.message for item in outcome.manifest.findings if "the environment may name" in item.message]
    assert len(told) == (taken or code.endswith("'shop.settings')"))
