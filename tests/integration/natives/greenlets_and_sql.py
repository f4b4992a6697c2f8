# /// script
# dependencies = ["greenlet", "sqlalchemy", "psycopg[binary]"]
# ///
"""Stack switching, SQLAlchemy's C parts and its asyncio bridge, libpq without a server."""

import greenlet
import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


def ping():
    try:
        greenlet.getcurrent().parent.switch(1)
    except ValueError as error:
        return str(error)


switch = greenlet.greenlet(ping)
print(switch.switch(), switch.throw(ValueError("thrown in")), switch.dead)


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "rows"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


engine = sa.create_engine("sqlite://")
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add_all([Row(name="a"), Row(name="b")])
    session.commit()
    print(session.scalars(sa.select(Row.name).order_by(Row.name.desc())).all())
try:
    with engine.connect() as connection:
        connection.execute(sa.text("select nope"))
except sa.exc.OperationalError as error:
    print(error.orig)
print(psycopg.pq.__impl__, psycopg.pq.version() > 0)
try:
    psycopg.connect("host=127.0.0.1 port=1 connect_timeout=2")
except psycopg.OperationalError as error:
    print(type(error).__name__, "Connection refused" in str(error))
