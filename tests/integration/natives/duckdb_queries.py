# /// script
# dependencies = ["duckdb"]
# ///
"""A C++ database with exceptions inside, threads, and functions in Python."""

import duckdb

connection = duckdb.connect()
print(connection.sql("select sum(x), avg(x) from range(1000000) t(x)").fetchall())
for text in ("select nope", "selec 1", "select 1/0::int + cast('x' as int)"):
    try:
        connection.sql(text).fetchall()
    except duckdb.Error as error:
        print(type(error).__name__)
connection.execute("create table t(a integer primary key, b text)")
connection.executemany("insert into t values (?, ?)", [(1, "x"), (2, "y")])
try:
    connection.execute("insert into t values (1, 'again')")
except duckdb.ConstraintException:
    print("ConstraintException")
print(connection.sql("select b, count(*) over () from t order by a").fetchall(), duckdb.typing.BIGINT)
