"""Releases: the queue, each move of it, who approved what, and what is frozen, which the database itself goes by.

A release runs only where the stored intervals say that nothing is frozen, by the database's own clock and the offset
that is stored beside; or where a freeze is overridden for it. Where what is stored has run out it is frozen.
And it runs only where every stage of it was approved, each by another person and none by who submitted it.
What the guards are is told by functions of their own: `wedtui doctor` compares with them what stands in a database.
The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0016"
down_revision = "ledger_0015"
branch_labels = None
depends_on = None

_KEPT = "what became of releases is append-only"
_ILLEGAL = "that is no legal move of a release"
_FROZEN = "it is frozen: no release starts, unless the freeze is overridden for it"
_FIXED = "what a release is never changes"
_UNAPPROVED = "an approval of it is missing: no release starts without all of them, each from another person"
_ALONE = "another release of this service is under way (UNIQUE release_alone)"
_UNDER_WAY = "state IN ('running', 'verifying', 'failed', 'rolling back')"
_LEGAL = {
    "queued": ("validating", "blocked", "cancelled"),
    "validating": ("waiting", "blocked", "cancelled"),
    "waiting": ("running", "blocked", "cancelled"),
    "running": ("verifying", "failed"),
    "verifying": ("succeeded", "failed"),
    "failed": ("rolling back", "blocked"),
    "rolling back": ("rolled back", "blocked"),
    "succeeded": ("rolling back",),
}
_FIXES = ("id", "service", "environment", "version", "template", "submitted_by", "submitted_at", "request_key")
_LONGEST_OVERRIDE_US = 4 * 3600 * 1_000_000


def upgrade() -> None:
    """Make the tables; instants are whole microseconds since 1970 in UTC, lengths of time whole microseconds."""
    op.create_table(
        "release",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("source_kind", sa.String(), nullable=False),
        sa.Column("source_name", sa.String(), nullable=False),
        sa.Column("source_link", sa.String(), nullable=False),
        sa.Column("submitted_by", sa.String(), nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=False),
        sa.Column("within_us", sa.BigInteger(), nullable=False),
        sa.Column("soak_us", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("passed", sa.JSON(), nullable=False),
        sa.Column("stages", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("apart", sa.JSON(), nullable=False),
        sa.Column("migration", sa.String(), nullable=True),
        sa.Column("migration_undo", sa.String(), nullable=False),
        sa.Column("held_by", sa.String(), nullable=True),
        sa.Column("held_at", sa.BigInteger(), nullable=True),
        sa.Column("hold_reason", sa.String(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("placed_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Integer(), nullable=True),
        sa.Column("request_key", sa.String(), nullable=False, unique=True),
        sqlite_autoincrement=True,
    )
    op.create_index("release_state", "release", ["state", "id"])
    op.create_index("release_where", "release", ["environment", "service", "id"])
    # One at a time of each service and environment, whoever asks the database for it.
    op.create_index(
        "release_alone",
        "release",
        ["environment", "service"],
        unique=True,
        sqlite_where=sa.text(_UNDER_WAY),
        postgresql_where=sa.text(_UNDER_WAY),
    )
    op.create_table(
        "release_transition",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("release_transition_release", "release_transition", ["release_id", "id"])
    op.create_table(
        "release_approval",
        sa.Column("release_id", sa.Integer(), primary_key=True),
        sa.Column("stage", sa.String(), primary_key=True),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
    )
    op.create_table(
        "frozen_interval",
        sa.Column("environment", sa.String(), primary_key=True),
        sa.Column("service", sa.String(), primary_key=True),
        sa.Column("starts_at", sa.BigInteger(), primary_key=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
    )
    op.create_table(
        "frozen_known",
        sa.Column("environment", sa.String(), primary_key=True),
        sa.Column("service", sa.String(), primary_key=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "database_clock",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("offset_us", sa.BigInteger(), nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


def _legal() -> str:
    """Return the condition under which a release goes from one state into another."""
    ways = (
        f"(OLD.state = '{before}' AND NEW.state IN ({', '.join(repr(each) for each in after)}))"
        for before, after in _LEGAL.items()
    )
    return " OR ".join(["NEW.state = OLD.state", *ways])


def _frozen(now: str, names: str) -> str:
    """Return the condition under which nothing starts; `names` says whether a list of names is empty or has one."""
    here = "environment = NEW.environment AND service = NEW.service"
    scope = " AND ".join(
        names.format(column=f"p.{column}", value=f"NEW.{value}")
        for column, value in (("environments", "environment"), ("services", "service"))
    )
    return (
        "NOT EXISTS (SELECT 1 FROM freeze_override o WHERE o.object = 'release/' || NEW.id "
        f"AND o.overridden_at <= {now} AND o.expires_at > {now} AND (o.ended_at IS NULL OR o.ended_at > {now}) "
        f"AND o.expires_at - o.overridden_at <= {_LONGEST_OVERRIDE_US}) "
        f"AND (NOT EXISTS (SELECT 1 FROM frozen_known k WHERE {here} AND k.since <= {now} AND k.until > {now}) "
        f"OR EXISTS (SELECT 1 FROM frozen_interval i WHERE {here} AND i.starts_at <= {now} AND i.ends_at > {now}) "
        f'OR EXISTS (SELECT 1 FROM freeze_period p WHERE p."start" <= {now} AND p."end" > {now} '
        f"AND (p.lifted_at IS NULL OR p.lifted_at > {now}) AND {scope}))"
    )


def _unapproved(items: str) -> str:
    """Return the condition under which an approval is missing; `items` gives a row `s.value` of each stage."""
    theirs = "SELECT 1 FROM release_approval a WHERE a.release_id = NEW.id"
    return (
        f"EXISTS (SELECT 1 FROM {items} WHERE NOT EXISTS "
        f"({theirs} AND a.stage = s.value AND a.person <> NEW.submitted_by)) "
        "OR (SELECT count(*) <> count(DISTINCT a.person) FROM release_approval a WHERE a.release_id = NEW.id)"
    )


def sqlite_triggers() -> dict[str, str]:
    """Return the guards of a file: the name of each trigger -> the statement that makes it, as the file keeps it.

    A REPLACE deletes the row in its way, and no trigger on DELETE hears of it. So each guard on INSERT and UPDATE
    refuses, before anything is deleted, whatever has a row in its way; by the row's own number too, which such a
    statement may name. What has no number yet has -1 there: no row ever does.
    """
    now = (
        "(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000 "
        "+ coalesce((SELECT offset_us FROM database_clock WHERE id = 1), 0))"
    )
    names = "(json_array_length({column}) = 0 OR EXISTS (SELECT 1 FROM json_each({column}) e WHERE e.value = {value}))"
    start = (
        f"SELECT RAISE(ABORT, '{_FROZEN}') WHERE {_frozen(now, names)}; "
        f"SELECT RAISE(ABORT, '{_UNAPPROVED}') WHERE {_unapproved('json_each(NEW.stages) s')};"
    )
    fixed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in _FIXES)
    fixed = f"{fixed} OR json(NEW.stages) IS NOT json(OLD.stages)"
    other = (
        "SELECT 1 FROM release r WHERE r.environment = NEW.environment AND r.service = NEW.service "
        f"AND r.id <> OLD.id AND r.{_UNDER_WAY}"
    )
    guards = [
        (
            "release_start",
            "BEFORE UPDATE ON release WHEN NEW.state = 'running' AND OLD.state IS NOT 'running'",
            start,
        ),
        ("release_alone_update", f"BEFORE UPDATE ON release WHEN NEW.{_UNDER_WAY} AND EXISTS ({other})", _no(_ALONE)),
        ("release_insert", "BEFORE INSERT ON release WHEN NEW.state IS NOT 'queued'", _no(_ILLEGAL)),
        ("release_move", f"BEFORE UPDATE ON release WHEN NOT ({_legal()})", _no(_ILLEGAL)),
        ("release_fixed", f"BEFORE UPDATE ON release WHEN {fixed}", _no(_FIXED)),
        ("release_delete", "BEFORE DELETE ON release", _no(_KEPT)),
    ]
    for table, key in (
        ("release", "request_key = NEW.request_key"),
        ("release_transition", None),
        ("release_approval", "release_id = NEW.release_id AND stage = NEW.stage"),
    ):
        there = f"EXISTS (SELECT 1 FROM {table} WHERE rowid = NEW.rowid)"
        if key is not None:
            there += f" OR EXISTS (SELECT 1 FROM {table} WHERE {key})"
        guards.append((f"{table}_again", f"BEFORE INSERT ON {table} WHEN {there}", _no(_KEPT)))
        guards.append((f"{table}_number", f"AFTER INSERT ON {table} WHEN NEW.rowid < 1", _no(_KEPT)))
        for verb in ("UPDATE", "DELETE") if table != "release" else ():
            guards.append((f"{table}_{verb.lower()}", f"BEFORE {verb} ON {table}", _no(_KEPT)))
    return {name: f"CREATE TRIGGER {name} {event} BEGIN {body} END" for name, event, body in guards}


def _no(why: str) -> str:
    return f"SELECT RAISE(ABORT, '{why}');"


def postgresql_functions() -> dict[str, str]:
    """Return what the guards of a schema do: the name of each function -> its body, as the database keeps it."""
    names = (
        "(json_array_length({column}) = 0 OR EXISTS "
        "(SELECT 1 FROM json_array_elements_text({column}) e WHERE e.value = {value}))"
    )
    fixed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _FIXES)
    fixed = f"{fixed} OR CAST(NEW.stages AS jsonb) IS DISTINCT FROM CAST(OLD.stages AS jsonb)"
    raised = "RAISE EXCEPTION '{}' USING ERRCODE = '{}'; "
    wrong = "check_violation"
    bodies = {
        "release_moved": (
            f"IF NOT ({_legal()}) THEN {raised.format(_ILLEGAL, wrong)}END IF; "
            f"IF {fixed} THEN {raised.format(_FIXED, wrong)}END IF; RETURN NEW;"
        ),
        "release_started": (
            "IF NOT (NEW.state = 'running' AND OLD.state IS DISTINCT FROM 'running') THEN RETURN NEW; END IF; "
            "now_us := CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) "
            "+ coalesce((SELECT offset_us FROM database_clock WHERE id = 1), 0); "
            f"IF {_frozen('now_us', names)} THEN {raised.format(_FROZEN, wrong)}END IF; "
            f"IF {_unapproved('json_array_elements_text(NEW.stages) s')} "
            f"THEN {raised.format(_UNAPPROVED, wrong)}END IF; RETURN NEW;"
        ),
        "release_begun": (
            f"IF NEW.state IS DISTINCT FROM 'queued' THEN {raised.format(_ILLEGAL, wrong)}END IF; RETURN NEW;"
        ),
        "release_kept": raised.format(_KEPT, "insufficient_privilege"),
    }
    return {
        name: f"{'DECLARE now_us bigint; ' if name == 'release_started' else ''}BEGIN {body} END"
        for name, body in bodies.items()
    }


def postgresql_triggers() -> dict[str, tuple[str, str, str, str]]:
    """Return the guards of a schema: the name of each trigger -> its table, verb, level (ROW, STATEMENT), function.

    Each is asked before the verb, and has no condition of its own: the function does.
    """
    found = {
        "release_move": ("release", "UPDATE", "ROW", "release_moved"),
        "release_start": ("release", "UPDATE", "ROW", "release_started"),
        "release_insert": ("release", "INSERT", "ROW", "release_begun"),
        "release_delete": ("release", "DELETE", "STATEMENT", "release_kept"),
        "release_truncate": ("release", "TRUNCATE", "STATEMENT", "release_kept"),
    }
    for table in ("release_transition", "release_approval"):
        for verb in ("UPDATE", "DELETE", "TRUNCATE"):
            found[f"{table}_{verb.lower()}"] = (table, verb, "STATEMENT", "release_kept")
    return found


def _guard_on_sqlite() -> None:
    for statement in sqlite_triggers().values():
        op.execute(statement)


def _guard_on_postgresql() -> None:
    for name, body in postgresql_functions().items():
        # Whoever writes, and whatever they search first: the tables that decide are these.
        how = "RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT"
        op.execute(f"CREATE FUNCTION {name}() {how} AS $${body}$$")
    for name, (table, verb, level, function) in postgresql_triggers().items():
        how = f"BEFORE {verb} ON {table} FOR EACH {level}"
        op.execute(f"CREATE TRIGGER {name} {how} EXECUTE FUNCTION {function}()")
