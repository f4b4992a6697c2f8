# /// script
# dependencies = ["pyarrow"]
# ///
"""Arrow: C++ with its own allocator, several libraries that share types, Parquet, datasets, Flight."""

import io
import os
import tempfile

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.dataset
import pyarrow.flight
import pyarrow.json
import pyarrow.parquet as pq

table = pa.table({"a": [1, 2, 3], "s": ["x", None, "z"]})
print(pc.sum(table["a"]), pc.utf8_upper(table["s"]).to_pylist(), table.schema)
for codec in ("snappy", "zstd", "gzip", "brotli", "lz4"):
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression=codec)
    print(codec, pq.read_table(io.BytesIO(buffer.getvalue())).equals(table))
try:
    pa.array([1, "x"])
except pa.ArrowInvalid as error:
    print("ArrowInvalid", error)
with tempfile.TemporaryDirectory() as folder:
    pq.write_table(table, os.path.join(folder, "part.parquet"))
    dataset = pyarrow.dataset.dataset(folder)
    print(dataset.to_table(filter=pc.field("a") > 1).to_pydict())
    try:
        pq.read_table(os.path.join(folder, "none.parquet"))
    except FileNotFoundError:
        print("FileNotFoundError")
print(
    pyarrow.csv.read_csv(io.BytesIO(b"a,b\n1,2\n")).to_pydict(),
    pyarrow.json.read_json(io.BytesIO(b'{"k": 1}\n')).to_pydict(),
)
print(pa.default_memory_pool().backend_name in ("mimalloc", "jemalloc", "system"), pa.cpu_count() > 0)


class Server(pyarrow.flight.FlightServerBase):
    def do_get(self, context, ticket):
        return pyarrow.flight.RecordBatchStream(table)


with Server("grpc://127.0.0.1:0") as server, pyarrow.flight.connect(("127.0.0.1", server.port)) as client:
    print(client.do_get(pyarrow.flight.Ticket(b"t")).read_all().num_rows)
