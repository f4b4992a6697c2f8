"""Training: JSON, pickle, XML, SQLite, dates, decimals, hashes, containers."""

from __future__ import annotations

import array
import base64
import bisect
import bz2
import collections
import copyreg
import datetime
import decimal
import functools
import gzip
import hashlib
import heapq
import io
import itertools
import json
import lzma
import marshal
import operator
import pickle
import random
import sqlite3
import statistics
import struct
import uuid
import zlib
from xml.etree import ElementTree


class Record:
    """What is pickled."""

    def __init__(self, number: int) -> None:
        self.number, self.name, self.parts = number, f"name {number}", [number] * 3


def documents() -> list[object]:
    """Return JSON documents: small and large, flat and nested, text of all widths."""
    user = {
        "id": 505874924095815681,
        "name": "Ordinary Name",
        "description": '日本語のテキスト and plain text with "quotes" and \\ slashes\n',
        "followers": 1234,
        "score": 0.75,
        "verified": False,
        "url": None,
        "entities": {"urls": [{"expanded": "http://example.org/é", "indices": [0, 23]}] * 2, "tags": []},
    }
    nested: object = 1
    for depth in range(30):
        nested = {"depth": depth, "in": [nested, str(depth)]}
    return [
        {"statuses": [user] * 40, "search": {"count": 40, "max": 1.5e300}},
        [list(range(300)), [number / 3 for number in range(300)], [str(number) for number in range(300)]],
        {f"key {number}": {"list": [True, False, None, number], "text": "x" * number} for number in range(100)},
        nested,
        [],
        {},
        "text",
        3.14,
    ]


def exchange(rounds: int) -> int:
    """Write and read JSON, pickles, marshalled code, structs."""
    values = documents()
    records = [Record(number) for number in range(60)]
    shared = [{"a": (1, 2), "b": {3, 4}, "c": frozenset({5}), "d": b"bytes", "e": 1 << 80, "f": 1.5}] * 20
    size = 0
    for _ in range(rounds):
        for value in values:
            text = json.dumps(value)
            size += len(text) + len(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))
            assert json.loads(text) == value
            json.loads(text.encode())
        for value in (records, shared, values, list(range(1000)), {str(n): n for n in range(500)}):
            for protocol in (2, 5):
                data = pickle.dumps(value, protocol)
                size += len(data)
                pickle.loads(data)
    for value in (records, shared, values[:3]):
        for _ in range(max(rounds // 30, 1)):
            buffer = io.BytesIO()
            pickle._Pickler(buffer).dump(value)  # the module's own, in Python
            buffer.seek(0)
            pickle._Unpickler(buffer).load()
    code = compile(open(__file__, encoding="utf-8").read(), __file__, "exec")
    for _ in range(rounds):
        size += len(marshal.dumps(marshal.loads(marshal.dumps(code))))
        packed = struct.pack("<IhQd4s", 1, -2, 3, 4.5, b"five") * 50
        size += sum(row[0] for row in struct.iter_unpack("<IhQd4s", packed))
    copyreg.pickle(Record, lambda record: (Record, (record.number,)))
    return size + len(pickle.dumps(records))


def trees(rounds: int) -> int:
    """Make, write, read, search and change XML."""
    size = 0
    for _ in range(rounds):
        root = ElementTree.Element("root", version="1")
        for number in range(250):
            child = ElementTree.SubElement(root, "item", id=str(number), kind="even" if number % 2 == 0 else "odd")
            ElementTree.SubElement(child, "name").text = f"name {number} & <more> é"
            ElementTree.SubElement(child, "value").text = str(number / 3)
        text = ElementTree.tostring(root, encoding="unicode")
        again = ElementTree.fromstring(text)
        size += len(again.findall("item[@kind='odd']/name")) + sum(len(node.attrib) for node in again.iter())
        for _, node in ElementTree.iterparse(io.BytesIO(text.encode()), events=("start", "end")):
            size += len(node.tag)
        again.remove(again[0])
    return size


def database(rounds: int) -> int:
    """Create, insert, index, select, aggregate, update, with functions of ours."""
    size = 0
    for _ in range(rounds):
        connection = sqlite3.connect(":memory:")
        connection.row_factory = sqlite3.Row
        connection.create_function("half", 1, lambda value: value / 2)

        class Longest:
            def __init__(self) -> None:
                self.value = ""

            def step(self, value: str) -> None:
                self.value = max(self.value, value, key=len)

            def finalize(self) -> str:
                return self.value

        connection.create_aggregate("longest", 1, Longest)
        connection.execute("create table item (id integer primary key, name text, price real, data blob, day text)")
        connection.execute("create table tag (item integer references item(id), name text)")
        rows = [
            (f"name {number}", number * 1.5, bytes([number % 256]) * 8, f"2024-01-{number % 28 + 1:02}")
            for number in range(1500)
        ]
        connection.executemany("insert into item (name, price, data, day) values (?, ?, ?, ?)", rows)
        connection.executemany(
            "insert into tag values (?, ?)", [(number, f"t{number % 9}") for number in range(1, 1500)]
        )
        connection.execute("create index by_day on item (day)")
        for number in range(300):
            found = connection.execute("select name, half(price) as h from item where id = ?", (number + 1,)).fetchone()
            size += len(found["name"])
        query = (
            "select day, count(*), sum(price), longest(item.name) from item join tag on tag.item = item.id "
            "where tag.name like 't%' and price > 10 group by day having count(*) > 1 order by 3 desc limit 20"
        )
        size += sum(row[1] for row in connection.execute(query))
        connection.execute("update item set price = price * 1.1 where day < '2024-01-15'")
        connection.execute("delete from tag where name = 't1'")
        connection.commit()
        size += len(list(connection.execute("select * from item order by random()")))
        size += len(list(connection.iterdump()))
        connection.close()
    return size


def money(rounds: int) -> decimal.Decimal:
    """Add up amounts with rates, rounded as bills are."""
    cent, total = decimal.Decimal("0.01"), decimal.Decimal(0)
    rates = [decimal.Decimal("0.0013"), decimal.Decimal("0.00894")]
    text = []
    for number in range(rounds):
        price = (decimal.Decimal(number * 37 % 5000) * rates[number % 2]).quantize(
            cent, rounding=decimal.ROUND_HALF_EVEN
        )
        tax = (price * decimal.Decimal("0.0675")).quantize(cent, rounding=decimal.ROUND_DOWN)
        total += price + tax
        text.append(f"{total:.2f}")
    with decimal.localcontext() as context:
        context.prec = 200
        digits = decimal.Decimal(2).sqrt() * decimal.Decimal(3).ln()
    return total + (digits > 1)


def calendar(rounds: int) -> int:
    """Make, parse, format, add and compare dates."""
    size = 0
    start = datetime.datetime(2020, 2, 28, 23, 30, tzinfo=datetime.timezone.utc)
    zone = datetime.timezone(datetime.timedelta(hours=2))
    for number in range(rounds):
        moment = start + datetime.timedelta(days=number % 4000, seconds=number * 61)
        text = moment.isoformat()
        size += datetime.datetime.fromisoformat(text) == moment
        size += len(moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %z")) + moment.date().weekday()
        size += (moment - start).days + (moment.replace(hour=1) < moment)
        if number % 20 == 0:
            size += datetime.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").year
    return size


def containers(rounds: int) -> int:
    """Dictionaries, sets, lists, deques, heaps, counters: made, changed, searched, sorted."""
    rng = random.Random(2)
    size = 0
    for _ in range(rounds):
        numbers = [rng.randrange(5000) for _ in range(3000)]
        texts = [f"key{number}" for number in numbers]
        counter = collections.Counter(texts)
        size += counter.most_common(3)[0][1]
        ordered = sorted(numbers)
        size += sum(bisect.bisect_left(ordered, number) for number in range(0, 5000, 10))
        unique, other = set(numbers), set(range(0, 5000, 3))
        size += len(unique & other) + len(unique | other) + len(unique ^ other) + len(unique - other)
        waiting = collections.deque(maxlen=500)
        for number in numbers:
            waiting.append(number)
            if number % 3 == 0:
                waiting.popleft()
        heap: list[int] = []
        for number in numbers[:1000]:
            heapq.heappush(heap, number)
        size += heapq.heappop(heap) + sum(heapq.nlargest(10, numbers))
        table = dict(zip(texts, numbers, strict=True))
        for text in texts[:1000]:
            table.pop(text, None)
            table[text + "x"] = 1
        merged = {**table, "more": 1} | {"other": 2}
        size += len(merged) + len([key for key, value in merged.items() if value > 10])
        recent: collections.OrderedDict[int, int] = collections.OrderedDict()
        for number in numbers[:1500]:
            recent[number] = 1
            recent.move_to_end(number)
            if len(recent) > 200:
                recent.popitem(last=False)
        chained = collections.ChainMap({}, table, recent)
        size += sum(key in chained for key in texts[:500])
        groups = itertools.groupby(sorted(texts), key=operator.itemgetter(slice(0, 4)))
        size += sum(len(list(members)) for _, members in groups)
        size += functools.reduce(operator.xor, numbers) + len(list(itertools.combinations(numbers[:40], 2)))
        size += int(statistics.mean(numbers)) + len(list(itertools.islice(itertools.cycle(numbers), 5000)))
        copied = numbers[:]
        copied.reverse()
        copied[10:20] = [1, 2, 3]
        del copied[:5]
        size += copied.index(copied[-1]) + copied.count(7) + len(copied * 2) + (copied < numbers)
        size += sum(array.array("i", numbers)) + len(bytes(number % 256 for number in numbers))
        texts.sort(key=len)
        size += min(texts) < max(texts)
    return size


def packed(rounds: int) -> int:
    """Hash, compress, encode."""
    text = json.dumps(documents()).encode() * 3
    size = 0
    for number in range(rounds):
        size += len(hashlib.sha256(text).hexdigest()) + len(hashlib.md5(text, usedforsecurity=False).digest())
        size += zlib.crc32(text) & 1
        packed_text = zlib.compress(text, 6)
        size += len(zlib.decompress(packed_text)) + len(base64.b64decode(base64.b64encode(text)))
        size += len(uuid.uuid4().hex) + len(text.hex())
        if number % 10 == 0:
            size += len(gzip.decompress(gzip.compress(text))) + len(bz2.decompress(bz2.compress(text)))
            size += len(lzma.decompress(lzma.compress(text, preset=1)))
    return size


def main() -> None:
    """Run everything once."""
    assert exchange(60) > 0
    assert trees(25) > 0
    assert database(8) > 0
    assert money(40_000) > 0
    assert calendar(25_000) > 0
    assert containers(35) > 0
    assert packed(30) > 0


if __name__ == "__main__":
    main()
