"""The published JSON Schema is generated from the model; run with RENEW=1 to write it again."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from pydantic import TypeAdapter

import castiron_manifest
from castiron_manifest import model
from castiron_manifest.show import as_json_value
from tests.unit.manifest.strategies import manifests

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

SCHEMA = Path(castiron_manifest.__file__).parent / "manifest.schema.json"


@cache
def validator() -> Draft202012Validator:
    import jsonschema  # takes seconds

    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))


def generated() -> dict[str, Any]:
    """The schema of `as_json_value`: the model's fields, with texts and blobs named by hash and size."""
    schema = TypeAdapter(model.Manifest).json_schema()
    del schema["properties"]["extra"]

    def listed(measure: str, content: str) -> dict[str, Any]:
        fields = {"sha256": {"type": "string"}, measure: {"type": "integer"}, content: {"type": "string"}}
        item = {"type": "object", "properties": fields, "required": ["sha256", measure], "additionalProperties": False}
        return {"type": "array", "items": item}

    schema["properties"]["texts"] = listed("length", "text")
    schema["properties"]["blobs"] = listed("size", "base64")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = f"Castiron manifest {model.SCHEMA_MAJOR}.{model.SCHEMA_MINOR} as JSON"
    for definition in schema["$defs"].values():
        if definition["type"] == "object":
            definition["additionalProperties"] = False
    return schema


def test_the_schema_file_is_current() -> None:
    text = json.dumps(generated(), indent=1, sort_keys=True) + "\n"
    if os.environ.get("RENEW"):
        SCHEMA.write_text(text)
    assert SCHEMA.read_text() == text, "run this test with RENEW=1 and commit the schema"
    validator().check_schema(validator().schema)


@given(manifests())
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_every_manifest_shown_as_json_fits_the_schema(manifest: model.Manifest) -> None:
    for contents in (False, True):
        validator().validate(json.loads(json.dumps(as_json_value(manifest, contents=contents))))
