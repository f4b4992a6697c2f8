from dataclasses import replace

import pytest

from castiron_common.errors import RuntimePackError
from castiron_common.progress import SilentReporter
from castiron_link.provision import pack_of
from tests.unit.link.making import manifest


def test_a_manifest_for_a_target_that_is_not_known_here_is_refused() -> None:
    made = manifest({"app.py": b""})
    other = replace(made, target=replace(made.target, platform="riscv64-linux-musl"))
    with pytest.raises(RuntimePackError, match="There is no target riscv64-linux-musl") as caught:
        pack_of(other, SilentReporter())
    assert "x86_64-linux-musl" in caught.value.hint
