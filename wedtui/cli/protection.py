"""`wedtui protection`: how carefully the platform has to be handled, until when and why; and who may raise it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wedtui.cli.asking import deciding
from wedtui.cli.common import Session, decisions, parse_instant, person, print_json, session_of, writable_ledger
from wedtui.core.picture import Finding, Severity
from wedtui.core.protection import RAISED_AT_MOST, ProtectionVerdict, ahead_words, protection
from wedtui.core.protection_words import live_words, load_words, then_words, until_words
from wedtui.core.season import Protection
from wedtui.core.wording import asked_words
from wedtui.errors import StoreError

if TYPE_CHECKING:
    from wedtui.control.answers import RaiseIs
    from wedtui.ledger.reader import RaiseEntry

app = typer.Typer(invoke_without_command=True, help="How carefully the platform has to be handled.")

AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LEVELS = tuple(level for level in Protection if level.wedding_day)


def current_protection(session: Session) -> ProtectionVerdict:
    """Return the verdict for now.

    Raises:
        ConfigurationError: the configuration cannot be used.
    """
    return protection_at(session, session.clock.now(), session.clock.now())[0]


def protection_at(session: Session, at: datetime, now: datetime) -> tuple[ProtectionVerdict, list[Finding], bool]:
    """Return the verdict for an instant by what is known now, what is wrong with that, and if the calendar can be read.

    Raises:
        ConfigurationError: the configuration cannot be used.
    """
    from wedtui.cache.reader import CacheReader
    from wedtui.cli.facts import calendar_facts, raise_facts
    from wedtui.core.calendar_findings import SUBJECT, calendar_findings
    from wedtui.ledger.reader import LedgerReader

    configuration = session.loaded.configuration
    cache, ledger = CacheReader(session.cache_url), LedgerReader(session.ledger_url)
    try:
        calendar = calendar_facts(configuration, cache, ledger, at)
        raises, problems = raise_facts(configuration, cache, ledger, now, at)
    finally:
        cache.close()
        ledger.close()
    known_at = None if at == now else now
    verdict = protection(calendar, raises, configuration.zones, at, known_at=known_at)
    ahead = ahead_words(calendar, raises, configuration.zones, at, now)
    if ahead is not None:
        problems = (*problems, Finding(Severity.WARNING, SUBJECT, ahead, now))
    return verdict, [*problems, *calendar_findings(calendar, verdict.reasons, now)], calendar.problem is None


@app.callback()
def protection_command(
    context: typer.Context,
    at: Annotated[str, typer.Option("--at", metavar="T", help="An instant with its offset, now, or +6h.")] = "now",
    as_json: AS_JSON = False,
) -> None:
    """Say the level, until when and why, how many weddings are live, and how high their load gets in 4 h.

    Of another time than now it is what the calendar as it is known now says. Exit code: 0 whatever the level, 10 where
    the calendar cannot be read: the level is then the date's, and at least HIGH.
    """
    from wedtui.cli.render import iso, protection_json, weddings_json

    if context.invoked_subcommand is not None:
        if at != "now" or as_json:
            raise typer.BadParameter("it asks for the level and stands before no other command", param_hint="--at")
        return
    session = session_of(context)
    now = session.clock.now()
    instant = parse_instant(at, now)
    verdict, problems, known = protection_at(session, instant, now)
    if as_json:
        asked = {"at": iso(instant), **protection_json(verdict), "weddings": weddings_json(verdict, now)}
        print_json({**asked, "problems": [finding.text for finding in problems]})
    else:
        if at != "now":
            typer.echo(asked_words(instant, verdict.zone))
        for line in (*protection_lines(verdict, instant, now), *(f"note: {finding.text}" for finding in problems)):
            typer.echo(line)
    if not known:
        raise typer.Exit(StoreError.exit_code)


def protection_lines(verdict: ProtectionVerdict, at: datetime, now: datetime) -> list[str]:
    """Return a verdict in sentences: how it stands, how high it gets, and why."""

    until = until_words(verdict, at, there=True)
    lines = [", ".join(filter(None, (live_words(verdict), until, then_words(verdict))))]
    load = load_words(verdict, at, word="now" if at == now else "then")
    return [*lines, *([load] if load else []), *(f"because: {reason}" for reason in verdict.reasons)]


@app.command("raise")
def raise_command(
    context: typer.Context,
    level: Annotated[str, typer.Argument(metavar="LEVEL", help="HIGH or MAXIMUM.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; everybody will read it.")],
    lasts: Annotated[str, typer.Option("--for", metavar="DURATION", help="How long, at most 24h.")] = "4h",
    until: Annotated[
        str | None, typer.Option("--until", metavar="T", help="An instant with its offset, instead of --for.")
    ] = None,
) -> None:
    """Ask for at least this level. It ends by itself, and goes into the ledger with your name; it never lowers."""
    from wedtui.core.text import single_line
    from wedtui.errors import ConfigurationError

    if level.upper() not in LEVELS:
        raise ConfigurationError(f'expected HIGH or MAXIMUM, got "{level}": nothing else raises anything')
    why = single_line(reason)
    if not why:
        raise ConfigurationError("expected a reason that says something: everybody will read it")
    session = session_of(context)
    now = session.clock.now()
    ends = _end(lasts, until, now)
    entry = _raise(session, Protection(level.upper()), why, now, ends)
    typer.echo(f"raise {entry.id} to {entry.level} by {entry.raised_by} until {_iso(entry.expires_at)}: {entry.reason}")


def _raise(session: Session, level: Protection, reason: str, now: datetime, ends: datetime) -> RaiseEntry | RaiseIs:
    """Have a level asked for, by the service or here."""
    client = deciding(session)
    if client is not None:
        return client.raise_protection(level.value, reason=reason, until=ends)
    ledger = writable_ledger(session)
    try:
        return ledger.raise_protection(level, reason=reason, by=person(), at=now, expires_at=ends)
    finally:
        ledger.close()


def _end(lasts: str, until: str | None, now: datetime) -> datetime:
    """Return when a raise ends.

    Raises:
        ConfigurationError: that cannot be told, or is no end within `RAISED_AT_MOST`.
    """
    from wedtui.config_values import format_duration, parse_duration
    from wedtui.errors import ConfigurationError

    if until is not None:
        ends = parse_instant(until, now)
    else:
        try:
            ends = now + parse_duration(lasts)
        except ValueError as error:
            raise ConfigurationError(f'--for: {error}, got "{lasts}"') from None
    if not now < ends <= now + RAISED_AT_MOST:
        most = format_duration(RAISED_AT_MOST)
        raise ConfigurationError(f"expected an end after now and within {most}, got {_iso(ends)}")
    return ends


@app.command("lower")
def lower_command(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID", help="Its number, as `wedtui protection list` says it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays on record.")],
) -> None:
    """End a raise before it ends by itself. What the calendar or the date asks for is not lowered by anyone."""
    from wedtui.core.text import single_line
    from wedtui.errors import ConfigurationError

    why = single_line(reason)
    if not why:
        raise ConfigurationError("expected a reason that says something: it stays on record")
    session = session_of(context)
    entry = _lower(session, number, why)
    typer.echo(f"raise {entry.id} to {entry.level} lowered by {entry.lowered_by}")


def _lower(session: Session, number: int, reason: str) -> RaiseEntry | RaiseIs:
    """Have a raise ended, by the service or here."""
    client = deciding(session)
    if client is not None:
        return client.lower_protection(number, reason=reason)
    ledger = writable_ledger(session)
    try:
        return ledger.lower_protection(number, by=person(), at=session.clock.now(), reason=reason)
    finally:
        ledger.close()


@app.command("list")
def list_command(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over or were lowered.")] = False,
    as_json: AS_JSON = False,
) -> None:
    """List what persons raised."""
    session = session_of(context)
    now = session.clock.now()
    entries = decisions(session, lambda ledger: ledger.raise_entries())
    shown = [entry for entry in entries if everything or entry.end > now]
    if as_json:
        print_json([_entry_json(entry) for entry in shown])
        return
    for entry in shown:
        lowered = f"; lowered by {entry.lowered_by}: {entry.lower_reason}" if entry.lowered_at else ""
        spans = f"{_iso(entry.raised_at)} to {_iso(entry.end)}"
        typer.echo(f"{entry.id:>4}  {entry.level:<7}  {spans}  by {entry.raised_by}: {entry.reason}{lowered}")
    if not shown:
        over = "nothing is raised by a person now; `--all` lists what was"
        typer.echo("no person has raised anything" if everything else over)


def _entry_json(entry: Any) -> dict[str, Any]:
    return {
        "id": entry.id,
        "level": entry.level.value,
        "reason": entry.reason,
        "raised_by": entry.raised_by,
        "raised_at": _iso(entry.raised_at),
        "expires_at": _iso(entry.expires_at),
        "lowered_by": entry.lowered_by,
        "lowered_at": _iso(entry.lowered_at) if entry.lowered_at else None,
        "lower_reason": entry.lower_reason,
    }


def _iso(at: datetime) -> str:
    from wedtui.cli.render import iso

    return str(iso(at))
