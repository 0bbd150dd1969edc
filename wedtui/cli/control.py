"""`wedtui whoami` and `wedtui lockdown`: what one is to the service, and freezing everything at once."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.asking import client_of, deciding
from wedtui.cli.common import Session, parse_instant, person, print_json, session_of, writable_ledger
from wedtui.errors import ConfigurationError

if TYPE_CHECKING:
    from wedtui.control.answers import FreezeIs
    from wedtui.ledger.reader import FreezeEntry


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command("whoami")
    def whoami_command(
        context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    ) -> None:
        """Say who one is to the service, which role that has, and what it suffices for."""
        known = client_of(session_of(context)).whoami()
        if as_json:
            print_json(asdict(known))
            return
        groups = f" ({', '.join(known.groups)})" if known.groups else ""
        typer.echo(f"{known.user}{groups}: {known.role} ({known.because})")
        typer.echo(f"may {', '.join(word.replace('-', ' ') for word in known.may)}")

    @app.command("lockdown")
    def lockdown_command(
        context: typer.Context,
        reason: Annotated[str, typer.Option("--reason", help="Why; everybody will read it.")],
        until: Annotated[
            str | None,
            typer.Option("--until", metavar="T", help="An instant with its offset; without it until lifted."),
        ] = None,
    ) -> None:
        """Freeze everything now, in every environment, until a person lifts it (`wedtui freeze lift ID`)."""
        from wedtui.core.text import single_line

        session = session_of(context)
        why = single_line(reason)
        if not why:
            raise ConfigurationError("expected a reason that says something: everybody will read it")
        now = session.clock.now()
        end = None if until is None else parse_instant(until, now)
        if end is not None and end <= now:
            raise ConfigurationError(f"expected --until after now, got {until}")
        entry = _lock_down(session, why, now, end)
        lasts = "until it is lifted" if end is None else f"until {end:%Y-%m-%d %H:%M:%S} UTC"
        typer.echo(f"LOCKDOWN by {entry.added_by}: {entry.reason}")
        typer.echo(f"everything is frozen, in every environment, {lasts}")
        for name in entry.overrides_ended:
            typer.echo(f"the override for {name} ended with it: a manager may give one anew")
        typer.echo(f"`wedtui freeze lift {entry.id} --reason WHY` ends it")


def _lock_down(session: Session, reason: str, now: datetime, end: datetime | None) -> FreezeIs | FreezeEntry:
    client = deciding(session)
    if client is not None:
        return client.lock_down(reason=reason, until=end)
    ledger = writable_ledger(session)
    try:
        return ledger.lock_down(reason=reason, by=person(), at=now, until=end)
    finally:
        ledger.close()
