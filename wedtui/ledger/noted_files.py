"""That files of rules or of rosters became others, noted beside the changes of the configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, insert, select

from wedtui.ledger.tables import METADATA

_NOTED = METADATA.tables["configuration_change"]
_MARKED = 16

Files = Sequence[tuple[str, str]]


def note_files(connection: Connection, which: str, files: Files, at: datetime) -> bool:
    """Note files that count now, unless they are those that were noted last; return whether that was so.

    Args:
        connection: that writes.
        which: `RULES` or `ROSTERS` of `ledger.changes`.
        files: name and text of each.
        at: since when they count.
    """
    newest = select(_NOTED.c.digest).where(_NOTED.c.seen_by == which).order_by(_NOTED.c.id.desc()).limit(1)
    last = connection.execute(newest).scalar()
    marks = {name: sha256(text.encode()).hexdigest()[:_MARKED] for name, text in files}
    before = None if last is None else dict(json.loads(last))
    if marks == (before or {}):
        return False
    values = {"at": at, "digest": json.dumps(marks), "seen_by": which, "changes": [*_moves(before, marks)]}
    connection.execute(insert(_NOTED).values(values))
    return True


def _moves(before: Mapping[str, str] | None, marks: Mapping[str, str]) -> Iterator[str]:
    """Yield what became of each file; of its text only a mark is remembered."""
    if before is None:
        yield f"first seen: {', '.join(sorted(marks))}"
        return
    for name in sorted({*before, *marks}):
        if name not in before:
            yield f"{name} is new"
        elif name not in marks:
            yield f"{name} is gone"
        elif before[name] != marks[name]:
            yield f"{name} changed"
