# /// script
# dependencies = ["polars"]
# ///
"""A Rust engine with its own threads; Python callbacks; a panic that becomes an exception."""

import io
import os

os.environ["RUST_BACKTRACE"] = "0"
import polars as pl

frame = pl.DataFrame({"a": [1, 1, 2], "b": [1.5, 2, 3], "s": ["x", "y", None]})
print(frame.group_by("a").agg(pl.col("b").sum()).sort("a").to_dict(as_series=False))
print(
    frame.lazy()
    .filter(pl.col("b") > 1.6)
    .select(pl.col("s").fill_null("-"), (pl.col("b") * 2).alias("c"))
    .collect()
    .rows()
)
print(pl.read_csv(io.StringIO("x,y\n1,2\n3,4")).sum().rows(), frame.join(frame, on="a").height)
buffer = io.BytesIO()
frame.write_parquet(buffer)
print(pl.read_parquet(io.BytesIO(buffer.getvalue())).equals(frame))
try:
    frame.select("none")
except pl.exceptions.ColumnNotFoundError:
    print("ColumnNotFoundError")
try:
    pl.Series([1, 2]).map_elements(lambda value: value / 0, return_dtype=pl.Float64)
except ZeroDivisionError as error:
    print("ZeroDivisionError", error)
print(frame.with_columns(pl.col("s").str.to_uppercase()).to_dicts())
