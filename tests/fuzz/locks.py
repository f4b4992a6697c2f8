"""Lock files (PEP 751), a user's or the resolver's answer."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from castiron_common.errors import DependencyError, InputError
from tests.fuzz.mutations import INTEGERS, TEXTS, Places, change_bytes, change_text
from tests.fuzz.parser import Parser
from tests.support.targets import target_for

if TYPE_CHECKING:
    from random import Random

_HASH = {"sha256": "0" * 64}
_LOCK: dict[str, Any] = {
    "lock-version": "1.0",
    "created-by": "uv",
    "requires-python": ">=3.11",
    "extras": ["x"],
    "dependency-groups": ["dev"],
    "default-groups": ["dev"],
    "packages": [
        {
            "name": "alpha",
            "version": "1.0",
            "marker": "python_version >= '3.9' and 'x' in extras",
            "requires-python": ">=3.8",
            "sdist": {"name": "alpha-1.0.tar.gz", "url": "https://example.org/a/alpha-1.0.tar.gz", "hashes": _HASH},
            "wheels": [
                {
                    "name": "alpha-1.0-py3-none-any.whl",
                    "url": "https://example.org/a/alpha-1.0-py3-none-any.whl",
                    "size": 123,
                    "hashes": _HASH,
                }
            ],
        },
        {"name": "beta", "archive": {"path": "../beta-2.0-py3-none-any.whl", "hashes": _HASH}},
        {"name": "gamma", "directory": {"path": "gamma", "editable": True}},
        {
            "name": "delta",
            "vcs": {"type": "git", "url": "https://example.org/d.git", "commit-id": "0" * 40, "subdirectory": "x"},
        },
        {"name": "eps", "version": "1", "wheels": [{"path": "eps-1-py3-none-any.whl", "hashes": _HASH}]},
    ],
}
_ODD = (
    *(
        "[" * 5000,
        "a = " + "[" * 5000,
        "a = " + "{a = " * 3000,
        "a = 1" + "0" * 5000,
        "a = 1e999",
        "a.b" * 3000 + " = 1",
    ),
    *("a = 2000-13-45", "a = '\0'", "[packages]", "packages = 5", "packages = [5]", "packages = [[]]"),
)


def _toml(value: Any) -> str:
    """Return a value as inline TOML; texts with every character escaped that may have to be."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    return str(value)


class Locks(Parser):
    """The reader of lock files."""

    suffix = ".toml"
    expected = (InputError, DependencyError)

    def prepare(self) -> None:
        self._target = target_for()
        self.run(self._text(_LOCK))

    def _text(self, value: dict[str, Any]) -> bytes:
        return "\n".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()).encode("utf-8", "replace")

    def make(self, random: Random) -> bytes:
        value = copy.deepcopy(_LOCK)
        places = Places(value)
        for _ in range(random.choice((1, 1, 2, 4))):
            container, key = random.choice(places.places)
            other, at = random.choice(places.places)
            try:
                old = container[key]
                if isinstance(old, str) and random.random() < 0.7:
                    container[key] = change_text(old, random, places.texts)
                elif random.random() < 0.2:
                    del container[key]
                else:
                    number = random.choice((*INTEGERS, -1))
                    odd = (True, number, 0.5, random.choice(TEXTS), [], {}, [[]], [number], ["x"], {"x": "y"})
                    container[key] = random.choice((*odd, copy.deepcopy(other[at])))
            except (KeyError, IndexError):
                continue
        data = self._text(value)
        way = random.random()
        if way < 0.1:
            data = change_bytes(data, random)
        elif way < 0.13:
            data += b"\n" + random.choice(_ODD).encode()
        return data

    def run(self, data: bytes) -> str:
        from castiron_wheels.pylock import read_lock

        text = data.decode("utf-8", "replace")
        accepted = {"alpha": {"0" * 64}} if len(data) % 2 else None
        found = read_lock(text, self._target, origin="pylock.toml", folder=self.folder, extras=["x"], accepted=accepted)
        return f"{len(found)} files"
