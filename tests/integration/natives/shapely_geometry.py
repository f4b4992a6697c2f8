# /// script
# dependencies = ["shapely"]
# ///
"""GEOS: exceptions thrown in one library and caught in another."""

import shapely
import shapely.ops

print(round(shapely.Point(0, 0).buffer(1).area, 6))
print(shapely.unary_union([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]).area)
for text in ("POINT(", "LINESTRING (0 0)", "NOPE"):
    try:
        shapely.from_wkt(text)
    except shapely.errors.GEOSException as error:
        print(type(error).__name__, error)
broken = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
print(
    broken.is_valid,
    shapely.make_valid(broken).geom_type,
    shapely.STRtree([shapely.Point(1, 1)]).query(shapely.box(0, 0, 2, 2)).tolist(),
)
print([part.wkt for part in shapely.ops.triangulate(shapely.MultiPoint([(0, 0), (1, 0), (0, 1)]))])
