"""The user's home, where other programs keep their configuration."""

from __future__ import annotations

from pathlib import Path


def home_folder() -> Path:
    """Return the user's home; the root folder, which has no such files, for a user whom the machine does not know.

    Containers are started with any number of a user, and without ``HOME``.
    """
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")
