"""Reads a manifest from a file or from standard input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from castiron_common.errors import InputError
from castiron_manifest.codec import decode

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_manifest.model import Manifest


def read_manifest(path: Path) -> Manifest:
    """Return the manifest in a file, or on standard input for ``-``.

    Raises `InputError` if it cannot be read and `ManifestError` if it is not a manifest.
    """
    if str(path) == "-":
        return decode(sys.stdin.buffer.read(), source="standard input")
    try:
        return decode(path.read_bytes(), source=str(path))
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.", hint="Make it with `trace APP > FILE`.") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder, not a manifest.", hint="Name the file that `trace` wrote.") from error
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.", hint="Check its permissions.") from error
