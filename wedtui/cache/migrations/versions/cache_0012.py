"""What is stopped is counted in a column of its own, and so is what tells a feed's URL from another one.

Both stood for a while in what was there before: among the counts, and behind the URL. Digests that were made fast are
let go, because what is short in an address could be guessed by them.
The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "cache_0012"
down_revision = "cache_0011"
branch_labels = None
depends_on = None

_KEY = ("provider", "kind", "asked_in", "region")
_GROUP = sa.table(
    "resource_group", *map(sa.column, _KEY), sa.column("counts", sa.JSON()), sa.column("stopped", sa.Integer())
)
_FEED = sa.table("feed", sa.column("name"), sa.column("url"))
_DIGEST = re.compile(r" [0-9a-f]{16}\Z")


def upgrade() -> None:
    """Add the columns; what is where it was counts as unmoved until the next start says its address."""
    columns: tuple[tuple[str, sa.Column[Any]], ...] = (
        ("resource_group", sa.Column("stopped", sa.Integer(), nullable=False, server_default="0")),
        ("feed", sa.Column("address", sa.String(), nullable=False, server_default="")),
    )
    for name, column in columns:
        op.add_column(name, column)
        # What a new row has is for who writes it to say.
        with op.batch_alter_table(name) as table:
            table.alter_column(column.name, server_default=None)
    connection = op.get_bind()
    for *key, counts in connection.execute(sa.select(*(_GROUP.c[name] for name in _KEY), _GROUP.c.counts)).all():
        if "stopped" in counts:
            stopped = counts.pop("stopped")
            here = (_GROUP.c[name] == value for name, value in zip(_KEY, key, strict=True))
            connection.execute(sa.update(_GROUP).where(*here).values(counts=counts, stopped=stopped))
    for name, url in connection.execute(sa.select(_FEED.c.name, _FEED.c.url)).all():
        if _DIGEST.search(url):
            connection.execute(sa.update(_FEED).where(_FEED.c.name == name).values(url=_DIGEST.sub("", url)))
    op.execute("UPDATE wedding_source SET address = ''")
