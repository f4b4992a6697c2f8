import json
import zlib

import pytest

from castiron_audit.build_info import Crate, crates, signatures
from castiron_common.errors import InputError


def test_crates_of_cargo_auditable() -> None:
    rows = [
        {"name": "root", "version": "1.0.0", "source": "local", "root": True},
        {"name": "serde", "version": "1.0.1", "source": "crates.io"},
        {"name": "cc", "version": "1.0.2", "source": "crates.io", "kind": "build"},
    ]
    data = zlib.compress(json.dumps({"packages": rows}).encode())
    assert crates(data, "x.so") == (Crate(name="serde", version="1.0.1"),)
    with pytest.raises(InputError, match="is damaged"):
        crates(b"junk", "x.so")


def test_strings_of_libraries() -> None:
    data = b"\0".join(
        [b"x" * 5000, b" inflate 1.3.1 Copyright 1995-2024 Mark Adler ", b"OpenSSL 3.5.1 1 Jul 2025", b"OpenSSL is"]
    )
    assert signatures(data) == (("openssl", "3.5.1"), ("zlib", "1.3.1"))
    assert signatures(b"see OpenSSL 3 and libcurl") == ()
