"""Runs the ledger's history on the connection that `store.migrate` hands in."""

from __future__ import annotations

from alembic import context

from wedtui.ledger.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
