"""Writes the whole report as JSON, field by field as in `castiron_audit.model`."""

from __future__ import annotations

import dataclasses
import json
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from castiron_audit.model import Report


def as_json(report: Report) -> str:
    """Return the report as JSON text, license texts included."""
    return json.dumps(_value(report), indent=1, ensure_ascii=False) + "\n"


def _value(item: Any) -> Any:
    if dataclasses.is_dataclass(item):
        return {field.name: _value(getattr(item, field.name)) for field in dataclasses.fields(item)}
    if isinstance(item, Enum):
        return item.value
    if isinstance(item, tuple):
        return [_value(element) for element in item]
    return item
