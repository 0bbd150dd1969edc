"""The oldest links of the audit chain may be removed, once they are over seven years old and a link says so.

The database itself asks for both, by its own clock; anything else is refused as before, and what was signed stays.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

from alembic import op

revision = "ledger_0011"
down_revision = "ledger_0010"
branch_labels = None
depends_on = None

_WORDS = "the audit chain is append-only"
_KEPT_US = 7 * 366 * 24 * 60 * 60 * 1_000_000
_SAID = """EXISTS (
    SELECT 1 FROM audit_link AS said
    WHERE said.kind = 'audit.prune' AND said.number > OLD.number AND OLD."at" < said."at" - {kept}
    AND {through} >= OLD.number
)"""


def upgrade() -> None:
    """Put a trigger that asks for each link in the place of the one that refuses all."""
    # It asks for each link that is deleted, which without an index reads all that are left each time.
    op.execute("CREATE INDEX audit_link_prune ON audit_link (number) WHERE kind = 'audit.prune'")
    if op.get_bind().dialect.name == "postgresql":
        _on_postgresql()
    else:
        _on_sqlite()


def _on_sqlite() -> None:
    old = f"OLD.\"at\" < CAST(strftime('%s', 'now') AS INTEGER) * 1000000 - {_KEPT_US}"
    said = _SAID.format(kept=_KEPT_US, through="json_extract(said.body, '$.through')")
    op.execute("DROP TRIGGER audit_link_delete")
    op.execute(
        f"CREATE TRIGGER audit_link_delete BEFORE DELETE ON audit_link WHEN NOT ({old} AND {said}) "
        f"BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END"
    )


def _on_postgresql() -> None:
    old = f'OLD."at" < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - {_KEPT_US}'
    said = _SAID.format(kept=_KEPT_US, through="(said.body::json ->> 'through')::bigint")
    op.execute(
        "CREATE FUNCTION audit_pruned() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS "
        f"$$ BEGIN IF {old} AND {said} THEN RETURN OLD; END IF; "
        f"RAISE EXCEPTION '{_WORDS}' USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    op.execute("DROP TRIGGER audit_link_delete ON audit_link")
    op.execute(
        "CREATE TRIGGER audit_link_delete BEFORE DELETE ON audit_link FOR EACH ROW EXECUTE FUNCTION audit_pruned()"
    )
