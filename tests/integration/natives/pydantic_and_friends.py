# /// script
# dependencies = ["pydantic", "orjson", "msgpack", "pyyaml", "ujson", "rpds-py", "markupsafe"]
# ///
"""Validation and serialisation: Rust, Cython and C."""

import datetime

import markupsafe
import msgpack
import orjson
import pydantic
import rpds
import ujson
import yaml


class Inner(pydantic.BaseModel):
    when: datetime.datetime
    tags: list[str] = []


class Model(pydantic.BaseModel):
    x: int
    y: Inner
    url: pydantic.AnyUrl | None = None


print(
    Model.model_validate_json('{"x": "3", "y": {"when": "2024-02-29T10:00:00Z", "tags": ["a"]}, "url": "http://h/p"}')
)
try:
    Model.model_validate({"x": "q", "y": {"when": "never"}})
except pydantic.ValidationError as error:
    print(error.error_count(), [e["type"] for e in error.errors()])
print(sorted(Model.model_json_schema()["properties"]))


class Calls(pydantic.BaseModel):
    v: int

    @pydantic.field_validator("v")
    @classmethod
    def check(cls, value):
        raise RuntimeError("from Python, through Rust")


try:
    Calls(v=1)
except RuntimeError as error:
    print(error)
print(orjson.dumps({"a": [1, 2.5, None], "d": datetime.date(2024, 2, 29)}, option=orjson.OPT_SORT_KEYS))
for text in ("{", "[1,]", b"\xff"):
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        print("JSONDecodeError", error.msg)
print(msgpack.unpackb(msgpack.packb({"k": [1, b"x", None]})), msgpack.Packer.__module__)
print(
    yaml.load("a: [1, 2]\nb: !!timestamp 2024-02-29", Loader=yaml.CSafeLoader),
    yaml.dump({"z": 1}, Dumper=yaml.CSafeDumper),
)
try:
    yaml.load("a: [", Loader=yaml.CSafeLoader)
except yaml.YAMLError as error:
    print(type(error).__name__)
print(ujson.dumps([1, "é"]), rpds.HashTrieMap({"a": 1}).insert("b", 2).get("b"), markupsafe.escape("<&>"))
