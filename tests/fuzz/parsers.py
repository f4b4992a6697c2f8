"""The fuzzed parsers by name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from tests.fuzz.commands import Commands
from tests.fuzz.locks import Locks
from tests.fuzz.manifests import Manifests
from tests.fuzz.objects import Binaries, Descriptions, Objects
from tests.fuzz.packed_images import PackedImages
from tests.fuzz.payloads import Payloads
from tests.fuzz.sboms import Sboms
from tests.fuzz.wheels import Wheels

if TYPE_CHECKING:
    from tests.fuzz.parser import Parser

PARSERS: dict[str, type[Parser]] = {
    "absorber": Objects,
    "binary": Binaries,
    "commands": Commands,
    "elf": Descriptions,
    "lock": Locks,
    "manifest": Manifests,
    "packed": PackedImages,
    "payload": Payloads,
    "sbom": Sboms,
    "wheel": Wheels,
}


def find(name: str) -> type[Parser]:
    """Return a parser by its name, or by ``module:class``."""
    module, separator, attribute = name.partition(":")
    return cast("type[Parser]", getattr(importlib.import_module(module), attribute)) if separator else PARSERS[name]
