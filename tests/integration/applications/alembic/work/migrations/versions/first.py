"""first"""
import sqlalchemy as sa
from alembic import op

revision = "1a2b3c"
down_revision = None


def upgrade():
    op.create_table("note", sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.Unicode(50), nullable=False))
    op.bulk_insert(sa.table("note", sa.column("text", sa.Unicode)), [{"text": "ä"}])


def downgrade():
    op.drop_table("note")
