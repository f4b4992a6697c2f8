# /// script
# dependencies = ["pandas", "tzdata"]
# ///
"""CSV, grouping, joins, dates with time zones, strings, pickling."""

import io
import pickle

import pandas as pd

frame = pd.read_csv(io.StringIO("k,v,when\na,1,2024-02-28\nb,2,2024-02-29\na,3,2024-03-01\n"), parse_dates=["when"])
print(frame.groupby("k").v.agg(["sum", "mean"]).to_dict())
print(frame.merge(pd.DataFrame({"k": ["a", "b"], "name": ["x", "y"]})).to_csv(index=False))
print(frame.set_index("when").resample("2D").v.sum().to_dict())
print(frame.when.dt.tz_localize("Europe/Berlin").dt.tz_convert("UTC").astype(str).tolist())
print(frame.v.rolling(2).mean().tolist(), frame.v.describe().round(4).to_dict())
print(
    pd.Series(["ab", "cd"]).str.upper().tolist(), pd.Timedelta("1h 5min"), pd.Timestamp("2024-01-01").strftime("%A %j")
)
print(
    frame.pivot_table(index="k", values="v", aggfunc="max").to_dict(),
    frame.to_json(orient="records", date_format="iso"),
)
print(pickle.loads(pickle.dumps(frame)).equals(frame), pd.eval("1 + 2 * 3"))
try:
    frame["none"]
except KeyError as error:
    print("KeyError", error)
