"""`wedtui freeze`: is it frozen, when will it be, and who may say so."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wedtui.cli import freeze_override
from wedtui.cli.asking import deciding
from wedtui.cli.common import (
    RANGE_FROM,
    RANGE_TO,
    Session,
    decisions,
    parse_instant,
    parse_range,
    person,
    print_json,
    recording,
    scope_of,
    session_of,
    writable_ledger,
)
from wedtui.cli.saying import say
from wedtui.core.freeze import UNTIL_LIFTED, FreezeFacts, Interval, Scope
from wedtui.core.freeze_words import span_each, with_persons
from wedtui.core.wording import asked_words, counted

if TYPE_CHECKING:
    from wedtui.control.answers import FreezeIs
    from wedtui.ledger.reader import FreezeEntry

app = typer.Typer(no_args_is_help=True, help="When production does not change.")

SERVICE = Annotated[str | None, typer.Option("--service", help="Ask about one service; by default about all.")]
ENVIRONMENT = Annotated[str | None, typer.Option("--environment", help="By default the configured one.")]
AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Format(StrEnum):
    """How a calendar is printed."""

    TEXT = "text"
    JSON = "json"
    ICS = "ics"


def current_facts(session: Session, now: datetime, over: tuple[datetime, datetime] | None = None) -> FreezeFacts:
    """Gather the facts from configuration, ledger and cache as they are now.

    Args:
        session: where they are.
        now: an aware instant.
        over: the first and the last instant that are asked about, where that is not now.

    Raises:
        ConfigurationError: the configuration cannot be used.
    """
    from wedtui.cache.reader import CacheReader
    from wedtui.cli.facts import freeze_facts
    from wedtui.ledger.reader import LedgerReader

    configuration = session.loaded.configuration
    cache, ledger = CacheReader(session.cache_url), LedgerReader(session.ledger_url)
    try:
        return freeze_facts(configuration, cache, ledger, now, session.paths, over=over)
    finally:
        cache.close()
        ledger.close()


@app.command("status")
def status_command(
    context: typer.Context,
    at: Annotated[str, typer.Option("--at", metavar="T", help="An instant with its offset, now, or +2d.")] = "now",
    service: SERVICE = None,
    environment: ENVIRONMENT = None,
    as_json: AS_JSON = False,
) -> None:
    """Say whether it is frozen, until when and why. The exit code is 0 either way; pipelines ask `wedtui gate`."""
    from wedtui.cli.render import freeze_json, freeze_sentence
    from wedtui.core.freeze import PRODUCTION, feed_notes, verdict
    from wedtui.core.freeze_weddings import silence_ahead
    from wedtui.core.freeze_windows import LAST
    from wedtui.core.override import override_words

    session = session_of(context)
    now = session.clock.now()
    instant = parse_instant(at, now)
    facts = current_facts(session, now, (instant, instant))
    scope = scope_of(session, environment, service)
    answer = verdict(facts, instant, scope, known_at=now)
    if as_json:
        asked = {"at": _iso(instant.replace(microsecond=0)), "environment": scope.environment, "service": scope.service}
        print_json({**asked, **freeze_json(answer)})
        return
    if at != "now":
        typer.echo(asked_words(instant, answer.clock))
    typer.echo(freeze_sentence(answer))
    for each in answer.overrides:
        typer.echo(f"overridden for {override_words(each, instant)}")
    ahead = silence_ahead(facts.calendar, now, LAST) if scope.environment == PRODUCTION else ()
    said = (*answer.runs_out, *answer.unreadable)
    for note in (*feed_notes(facts.feeds, now), *answer.doubts, *(each for each in ahead if each not in said)):
        say(f"note: {note}", indent="  ")


@app.command("calendar")
def calendar_command(
    context: typer.Context,
    start: RANGE_FROM = "now",
    end: RANGE_TO = None,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,
    service: SERVICE = None,
    environment: ENVIRONMENT = None,
) -> None:
    """List the frozen stretches that overlap a range, merged, in UTC.

    A stretch is printed whole, also where it begins before the range or ends after it: a pipeline that plans with
    the end of a stretch must not take the end of its own question for it. An end that is not known is null in JSON.
    """
    from wedtui.core.freeze import PRODUCTION, calendar_doubts
    from wedtui.core.freeze_weddings import silence_ahead

    session = session_of(context)
    now = session.clock.now()
    first, last = parse_range(start, end, now)
    scope = scope_of(session, environment, service)
    found = _stretches(session, now, (first, last), scope)
    if form is Format.JSON:
        print_json([_stretch_json(i) for i in found])
    elif form is Format.ICS:
        typer.echo(_calendar(found, now), nl=False)
    else:
        for i in found:
            to = "to" if i.is_end_known else "to an end that is not known, at least to"
            reasons = ", ".join(with_persons(i.reasons, i.persons))
            end = "until it is lifted" if i.end >= UNTIL_LIFTED else f"{to} {i.end:%a %Y-%m-%d %H:%M} UTC"
            typer.echo(f"{i.start:%a %Y-%m-%d %H:%M} {end}  {reasons}")
            for line in _each(i, now):
                typer.echo(f"    {line}")
        if not found:
            typer.echo("nothing is frozen in that range")
    facts = current_facts(session, now, (first, last))
    ahead = silence_ahead(facts.calendar, now, last) if scope.environment == PRODUCTION else ()
    said = {name for stretch in found for name in stretch.reasons}
    for note in (*calendar_doubts(facts, scope, now), *(each for each in ahead if each not in said)):
        # What a program reads stays what it is.
        say(f"note: {note}", indent="  ", err=form is not Format.TEXT)


def _each(stretch: Interval, now: datetime) -> list[str]:
    """Return, of a stretch for which there are several reasons, from when to when each of them is, in UTC."""
    if len(stretch.each) < 2:
        return []
    names = with_persons((reason.name for reason in stretch.each), stretch.persons)
    each = zip(names, stretch.each, strict=True)
    # Elsewhere the same is said by another clock: each line says by which.
    return [f"{span_each(name, reason, 'UTC', now)}, by UTC" for name, reason in each]


def _stretches(session: Session, now: datetime, asked: tuple[datetime, datetime], scope: Scope) -> tuple[Interval, ...]:
    """Return what is frozen in a range; weddings around where the last stretch seems to end are looked at as well."""
    from wedtui.core.freeze import intervals

    found = intervals(current_facts(session, now, asked), *asked, scope, known_at=now)
    if not found or found[-1].is_end_known or not asked[1] < found[-1].end < UNTIL_LIFTED:
        return found
    farther = current_facts(session, now, (asked[0], found[-1].end))
    return intervals(farther, *asked, scope, known_at=now)


def _stretch_json(stretch: Interval) -> dict[str, Any]:
    from wedtui.cli.render import persons_json, reason_json

    end = _iso(stretch.end)
    known = {"end": end, "at_least_until": None} if stretch.is_end_known else {"end": None, "at_least_until": end}
    said: dict[str, Any] = {"reasons": list(stretch.reasons), "persons": persons_json(stretch.persons)}
    said["each"] = [reason_json(reason) for reason in stretch.each]
    return {"start": _iso(stretch.start), **known, **said}


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _second(at: datetime) -> str:
    """Return an instant as a line for a person says it."""
    return _iso(at.replace(microsecond=0))


def _calendar(found: tuple[Interval, ...], now: datetime) -> str:
    """Return the stretches as an iCalendar object (RFC 5545)."""
    from icalendar import Calendar, Event

    calendar = Calendar()
    calendar.add("prodid", "-//wedtui//freeze//EN")
    calendar.add("version", "2.0")
    for i in found:
        event = Event()
        event.add("uid", f"{i.start:%Y%m%dT%H%M%SZ}-freeze@wedtui")
        event.add("dtstamp", now)
        event.add("dtstart", i.start)
        event.add("dtend", i.end)
        what = "freeze" if i.is_end_known else "freeze, the end is not known"
        event.add("summary", f"{what}: {', '.join(with_persons(i.reasons, i.persons))}")
        calendar.add_component(event)
    return str(calendar.to_ical().decode())


@app.command("add")
def add_command(
    context: typer.Context,
    start: Annotated[str, typer.Option("--from", metavar="T", help="An instant with its offset, now, or +2d.")],
    end: Annotated[
        str, typer.Option("--to", metavar="T", help="An instant with its offset, or so long from now: +2d.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; everybody will read it.")],
    name: Annotated[str | None, typer.Option("--name", help="What it is called; by default the reason.")] = None,
    environment: ENVIRONMENT = None,
    service: Annotated[list[str] | None, typer.Option("--service", help="Freeze only this; can be repeated.")] = None,
) -> None:
    """Freeze a period. It goes into the ledger with your name."""
    from wedtui.core.text import single_line
    from wedtui.errors import ConfigurationError

    session = session_of(context)
    now = session.clock.now()
    why = single_line(reason)
    if not why:
        raise ConfigurationError("expected a reason that says something: everybody will read it")
    first, last = parse_instant(start, now).replace(microsecond=0), parse_instant(end, now).replace(microsecond=0)
    if last <= max(first, now):
        raise ConfigurationError(f"expected --to after --from and after now, got {end}")
    names: list[str | None] = list(service) if service else [None]
    places = [scope_of(session, environment, each) for each in names]
    called = single_line(name or why)[:80]
    entry = _add(session, called, None if start == "now" else first, (first, last), why, places)
    typer.echo(f"freeze {entry.id} added by {entry.added_by}: {_iso(entry.start)} to {_iso(entry.end)}, {entry.reason}")


def _add(
    session: Session,
    name: str,
    start: datetime | None,
    span: tuple[datetime, datetime],
    reason: str,
    places: list[Scope],
) -> FreezeEntry | FreezeIs:
    """Have a freeze written, by the service or here; it begins at the writer's own now where no start is given."""
    environments = {place.environment for place in places}
    services = {place.service for place in places if place.service is not None}
    client = deciding(session)
    if client is not None:
        return client.add_freeze(
            span[1],
            start=start,
            reason=reason,
            name=name,
            environments=sorted(environments),
            services=sorted(services),
        )
    ledger = writable_ledger(session)
    try:
        return ledger.add_freeze(
            name,
            *span,
            reason=reason,
            added_by=person(),
            added_at=session.clock.now(),
            environments=environments,
            services=services,
        )
    finally:
        ledger.close()


@app.command("lift")
def lift_command(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID", help="Its number, as `wedtui freeze list` says it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays on record.")],
) -> None:
    """End a freeze that a person added. Windows, configured periods and feeds are not lifted here."""
    from wedtui.core.text import single_line
    from wedtui.errors import ConfigurationError

    session = session_of(context)
    why = single_line(reason)
    if not why:
        raise ConfigurationError("expected a reason that says something: it stays on record")
    entry = _lift(session, number, why)
    typer.echo(f"freeze {entry.id} lifted by {entry.lifted_by}: {entry.name}")


def _lift(session: Session, number: int, reason: str) -> FreezeEntry | FreezeIs:
    """Have a freeze lifted, by the service or here."""
    client = deciding(session)
    if client is not None:
        return client.lift_freeze(number, reason=reason)
    ledger = writable_ledger(session)
    try:
        return ledger.lift_freeze(number, by=person(), at=session.clock.now(), reason=reason)
    finally:
        ledger.close()


@app.command("list")
def list_command(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over or were lifted.")] = False,
    as_json: AS_JSON = False,
) -> None:
    """List the freezes that persons added, and what managers override."""
    session = session_of(context)
    now = session.clock.now()
    overrides = decisions(session, lambda ledger: ledger.override_entries(until_after=None if everything else now))
    overrides = tuple(each for each in overrides if everything or each.end > now)
    entries = decisions(session, lambda ledger: ledger.freeze_entries(include_lifted=everything))
    shown = [e for e in entries if everything or e.end > now]
    if as_json:
        print_json(
            [
                {
                    "id": e.id,
                    "name": e.name,
                    "start": _iso(e.start),
                    "end": _iso(e.end),
                    "environments": sorted(e.environments),
                    "services": sorted(e.services),
                    "reason": e.reason,
                    "added_by": e.added_by,
                    "added_at": _iso(e.added_at),
                    "lifted_by": e.lifted_by,
                    "lifted_at": _iso(e.lifted_at) if e.lifted_at else None,
                    "lift_reason": e.lift_reason,
                }
                for e in shown
            ]
        )
        return
    for e in shown:
        lifted = f"; lifted by {e.lifted_by}: {e.lift_reason}" if e.lifted_at else ""
        # By default it is called by its reason, which is said once.
        why = f"{e.name}  by {e.added_by}" + ("" if e.name == e.reason else f": {e.reason}")
        end = "until lifted" if e.end >= UNTIL_LIFTED else f"to {_second(e.end)}"
        typer.echo(f"{e.id:>4}  {_second(e.start)} {end}  {why}{lifted}")
    for each in overrides:
        ended = f"; ended by {each.ended_by}: {each.end_reason}" if each.ended_at else ""
        span = f"{_second(each.overridden_at)} to {_second(each.expires_at)}"
        typer.echo(f"override {each.id}  {span}  {each.object}  by {each.overridden_by}: {each.reason}{ended}")
    if not shown and not overrides:
        typer.echo(
            "no person has frozen anything"
            if everything
            else "nothing is frozen by a person now; `--all` lists what was"
        )


@app.command("accept")
def accept_command(
    context: typer.Context,
    feed: Annotated[str, typer.Argument(metavar="FEED", help="The name of a feed whose new events are questioned.")],
) -> None:
    """Say that a feed really lost its events: its next good reading is taken as it is.

    It goes into the ledger with your name, and how many events may be lost.
    """
    from wedtui.cache.reader import CacheReader
    from wedtui.cache.writer import CacheWriter
    from wedtui.errors import ConflictError, NotFoundError

    session = session_of(context)
    reader = CacheReader(session.cache_url)
    try:
        known = {known.name: known for known in reader.freeze_feeds()}
    finally:
        reader.close()
    if feed not in known:
        raise NotFoundError(
            f'there is no feed "{feed}": {"known are " + ", ".join(known) if known else "none is known"}'
        )
    if not known[feed].questioned:
        raise ConflictError(f'the feed "{feed}" is not questioned: there is nothing to accept')
    now = session.clock.now()
    coming = sum(period.end > now for period in known[feed].periods)
    with recording(session, "freeze.accept") as record:
        writer = CacheWriter(session.cache_url)
        try:
            writer.accept_feed(feed, lambda: record({"feed": feed, "coming": coming}))
        finally:
            # A service may hold the file: it stays as it is.
            writer.close(clean=False)
    events = counted(coming, "coming event")
    typer.echo(f'accepted: the feed "{feed}" loses more than half of what it had ({events}), or all')
    typer.echo(f'the next good reading of feed "{feed}" is taken as it is')


@app.command("drop")
def drop_command(
    context: typer.Context,
    feed: Annotated[str, typer.Argument(metavar="FEED", help="The name of a feed that is no longer configured.")],
) -> None:
    """Forget a feed that is no longer configured now: it counts for 24 h, because that may be a mistake.

    It goes into the ledger with your name.
    """
    from wedtui.cache.writer import CacheWriter

    session = session_of(context)
    with recording(session, "freeze.drop") as record:
        writer = CacheWriter(session.cache_url)
        try:
            writer.drop_feed(feed, lambda: record({"feed": feed}))
        finally:
            writer.close(clean=False)
    typer.echo(f'feed "{feed}" is forgotten')


freeze_override.register(app)
