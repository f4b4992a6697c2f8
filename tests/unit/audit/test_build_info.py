import json
import zlib

import pytest

from castiron_audit.build_info import crates
from castiron_audit.signatures import FoundModule
from castiron_common.errors import InputError


def test_crates_of_cargo_auditable() -> None:
    rows = [
        {"name": "root", "version": "1.0.0", "source": "local", "root": True},
        {"name": "serde", "version": "1.0.1", "source": "crates.io"},
        {"name": "cc", "version": "1.0.2", "source": "crates.io", "kind": "build"},
    ]
    data = zlib.compress(json.dumps({"packages": rows}).encode())
    assert crates(data, "x.so") == (FoundModule(name="serde", version="1.0.1"),)
    with pytest.raises(InputError, match="is damaged"):
        crates(b"junk", "x.so")
