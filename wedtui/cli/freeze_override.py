"""`wedtui freeze override` and `override-end`: a manager lets one thing through a freeze, for a while."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.asking import deciding
from wedtui.cli.common import Session, parse_instant, person, session_of, writable_ledger
from wedtui.cli.failover import said
from wedtui.core.override import NAMES, object_words

if TYPE_CHECKING:
    from wedtui.control.answers import OverrideIs
    from wedtui.ledger.reader import OverrideEntry

REASON = Annotated[str, typer.Option("--reason", help="Why; everybody will read it.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `wedtui freeze`."""

    @app.command("override")
    def override_command(
        context: typer.Context,
        name: Annotated[str, typer.Argument(metavar="OBJECT", help=f"What is let through: {NAMES}.")],
        reason: REASON,
        until: Annotated[
            str, typer.Option("--until", metavar="T", help="An instant with its offset, or +2h; within 4 h.")
        ] = "+1h",
    ) -> None:
        """Let a freeze not count for one object, for 4 h at most; it stays as frozen for everything else."""
        session = session_of(context)
        why = said(reason)
        entry = _override(session, name, why, parse_instant(until, session.clock.now()))
        end = f"{entry.expires_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        typer.echo(f"a freeze does not stop {object_words(entry.object)} until {end}, by {entry.overridden_by}: {why}")
        typer.echo(f"`wedtui freeze override-end {entry.id} --reason WHY` ends it before, and so does a lockdown")

    @app.command("override-end")
    def override_end_command(
        context: typer.Context,
        number: Annotated[int, typer.Argument(metavar="ID", help="Its number, as `wedtui freeze list` says it.")],
        reason: REASON,
    ) -> None:
        """End an override before it ends by itself."""
        entry = _end(session_of(context), number, said(reason))
        typer.echo(f"override {entry.id} of {entry.object} ended by {entry.ended_by}")


def _override(session: Session, name: str, reason: str, until: datetime) -> OverrideIs | OverrideEntry:
    client = deciding(session)
    if client is not None:
        return client.override_freeze(name, reason=reason, until=until)
    ledger = writable_ledger(session)
    try:
        return ledger.override_freeze(name, reason=reason, by=person(), at=session.clock.now(), until=until)
    finally:
        ledger.close()


def _end(session: Session, number: int, reason: str) -> OverrideIs | OverrideEntry:
    client = deciding(session)
    if client is not None:
        return client.end_override(number, reason=reason)
    ledger = writable_ledger(session)
    try:
        return ledger.end_override(number, by=person(), at=session.clock.now(), reason=reason)
    finally:
        ledger.close()
