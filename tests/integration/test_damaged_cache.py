"""A cache in which single bytes are flipped: the same binary, or a refusal that names what is damaged.

``tests/long/flipped_bytes.py`` does the same with hundreds of files.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from castiron_common.cache import cache_base, cache_root
from castiron_common.seal import check
from tests.long.flipped_bytes import candidates, one_of_each_kind, prepare, try_files

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = [pytest.mark.integration, pytest.mark.network, pytest.mark.long]

_FILES = 12


def test_no_flipped_byte_gives_another_binary(pack: Pack, tmp_path: Path) -> None:
    assert check(pack.root) is None
    assert pack.root.is_relative_to(cache_root())
    cache, expected = prepare(cache_base(), tmp_path)
    choice = random.Random(20261128)
    files = one_of_each_kind(candidates(cache), cache, choice)
    choice.shuffle(files)
    outcomes = try_files(cache, tmp_path, expected, files[:_FILES], choice)
    assert len(outcomes) >= _FILES - 3
    assert set(outcomes) == {"the same bytes", "refused by name"}
