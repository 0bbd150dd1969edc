"""`wedtui weddings`: who gets married when, how heavy that is, and where it is known from."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli import wedding_decisions
from wedtui.cli.common import (
    RANGE_FROM,
    RANGE_TO,
    Session,
    parse_instant,
    parse_range,
    print_json,
    session_of,
)
from wedtui.cli.demo_words import command_here
from wedtui.cli.wedding_decisions import REFERENCE
from wedtui.core.calendar_query import MOST_ROWS, WeddingPage, WeddingQuery
from wedtui.core.wedding import cultures_words, others_words
from wedtui.core.wording import counted
from wedtui.errors import NotFoundError, StoreError, StoreMissingError

if TYPE_CHECKING:
    from wedtui.cache.reader import CacheReader
    from wedtui.core.calendar import CalendarFacts, ImportedByHand, SourceFacts

app = typer.Typer(no_args_is_help=True, help="The calendar of weddings.")


class Part(StrEnum):
    """What load can be summed by."""

    ZONE = "zone"
    CULTURE = "culture"


AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SOURCE = Annotated[str | None, typer.Option("--source", metavar="NAME", help="Of this source only.")]
ZONE = Annotated[str | None, typer.Option("--zone", metavar="ZONE", help="Of venues in this IANA zone only.")]
CULTURE = Annotated[str | None, typer.Option("--culture", metavar="CULTURE", help="Of this culture only.")]
KIND = Annotated[str | None, typer.Option("--venue-kind", metavar="KIND", help="At venues of this kind only.")]
LIMIT = Annotated[int, typer.Option("--limit", min=1, max=MOST_ROWS, help="How many at most.")]
AFTER = Annotated[str | None, typer.Option("--after", metavar="NEXT", help="The page after that one.")]


@app.command(
    "import",
    epilog=f"Cultures that are known, with what a typical wedding weighs and its guests: {cultures_words()}. "
    f"Load grows with the guests; any other culture counts as other: {others_words()}.",
)
def import_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv, .json or .ics file.")],
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Read it as this source; by default as `import`.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", metavar="ZONE", help="Where venues are, where a row does not say.")
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="End with 23 where a row cannot be used; the others are taken."),
    ] = False,
    as_json: AS_JSON = False,
) -> None:
    """Read weddings from a file: what it names takes the place of all that the source named.

    Exit code: 0 it was taken (rows that could not be used are counted in the last line, and some are shown; with
    --strict that is 23), 1 it was not: a person has to look at what it lost, or most of its rows cannot be used.
    """
    from wedtui.cli.wedding_import import TAKEN_IN_PART, import_file, say_import

    done = import_file(session_of(context), file, source, zone)
    code = say_import(done, as_json=as_json)
    raise typer.Exit(TAKEN_IN_PART if strict and code == 0 and done.rejected else code)


@app.command("list")
def list_command(
    context: typer.Context,
    source: SOURCE = None,
    zone: ZONE = None,
    culture: CULTURE = None,
    venue_kind: KIND = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="T", help="Only those that are not over then; an instant, or now.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="T", help="Only those that begin before.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    limit: LIMIT = 100,
    after: AFTER = None,
    as_json: AS_JSON = False,
) -> None:
    """List weddings that are live or to come by start, on the wall clock of their venues; with --all every one.

    Those that are over are listed with --all or --from, or where --to is over too.
    Exit code: 0, also where there are none; 2 where a source, a zone, a culture or a kind of venue is unknown.
    """
    if everything and start is not None:
        raise typer.BadParameter("it lists from the first one on: leave --from out", param_hint="--all")
    session = session_of(context)
    now = session.clock.now()
    first = None if start is None else parse_instant(start, now)
    last = None if end is None else parse_instant(end, now)
    to_come = first is None and not everything and (last is None or last > now)
    query = WeddingQuery(
        source=source,
        zone=zone,
        culture=culture,
        venue_kind=venue_kind,
        overlaps_from=now if to_come else first,
        overlaps_to=last,
        limit=limit,
        after=after,
    )
    options = [("--source", source), ("--zone", zone), ("--culture", culture), ("--venue-kind", venue_kind)]
    command = ["list", *_written([*options, ("--from", start), ("--to", end)]), *(["--all"] if everything else [])]
    _show_page(session, query, command, as_json=as_json, over=to_come)


@app.command("upcoming")
def upcoming_command(
    context: typer.Context,
    days: Annotated[int, typer.Option("--days", min=1, max=400, help="How far ahead.")] = 14,
    zone: ZONE = None,
    culture: CULTURE = None,
    limit: LIMIT = 100,
    after: AFTER = None,
    as_json: AS_JSON = False,
) -> None:
    """List weddings that are live or still to come, by start.

    Exit code: 0, also where there are none; 2 where a zone or a culture is unknown.
    """
    session = session_of(context)
    now = session.clock.now()
    query = WeddingQuery(
        zone=zone,
        culture=culture,
        overlaps_from=now,
        overlaps_to=now + timedelta(days=days),
        limit=limit,
        after=after,
    )
    options = [("--days", str(days)), ("--zone", zone), ("--culture", culture)]
    _show_page(session, query, ["upcoming", *_written(options)], as_json=as_json)


@app.command("show")
def show_command(context: typer.Context, reference: REFERENCE, as_json: AS_JSON = False) -> None:
    """Show all that is known of one wedding: each of its days, each source that names it, and what that does.

    That is the load that it adds, how high that of all gets while it is live, and what is frozen because of it.

    Where rows of a source could not be used one of them may be about it: that is said.
    Exit code: 17 where nothing is known of it.
    """
    from wedtui.cli.wedding_words import effect_json, effect_lines, unusable_lines, view_lines, wedding_json
    from wedtui.core.calendar_query import conflicting

    session = session_of(context)
    now = session.clock.now()
    with _cache(session) as reader:
        found = reader.wedding(reference)
        times = [at for each in found for at in (each.wedding.start, each.wedding.end)] or [now]
        calendar = _calendar(session, reader, min(times), max(times))
        sources = {each.name: each for each in calendar.sources}
    naming = [sources[name] for name in {each.source for each in found} if name in sources]
    unusable = list(unusable_lines(reference, naming if found else sources.values(), known=bool(found)))
    if not found:
        raise NotFoundError("; ".join((_unknown(reference), *unusable)))
    conflict = conflicting(found)
    if as_json:
        rows = [
            {
                **wedding_json(each, now),
                **effect_json(each, calendar, now),
                "read_at": _read_at(sources.get(each.source)),
            }
            for each in found
        ]
        print_json({"reference": reference, "rows": rows, "conflict": list(conflict), "notes": unusable})
        return
    for each in found:
        for line in (*view_lines(each, sources.get(each.source), now), *effect_lines(each, calendar, now)):
            typer.echo(line)
    if conflict:
        say = "say other times" if len(conflict) > 1 else "says times that overlap"
        typer.echo(f"CONFLICT: {' and '.join(conflict)} {say}; each counts in load, the wedding once")
    for line in unusable:
        typer.echo(f"note: {line}")


@app.command("sources")
def sources_command(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Every wedding that a questioned reading loses or moves, as far as kept.")
    ] = False,
    as_json: AS_JSON = False,
) -> None:
    """Say of each source how old its last good reading is, and what could not be used.

    Of a reading that is in question also which weddings it would lose, move or make lighter, the soonest first.
    Exit code: 0 in any state.
    """
    from wedtui.cli.wedding_words import MISSING_SHOWN, source_json, source_lines
    from wedtui.core.calendar_query import NO_CONFLICTS

    session = session_of(context)
    now = session.clock.now()
    with _cache(session) as reader:
        found = reader.wedding_sources()
        conflicts = reader.wedding_conflicts()
    most = None if everything else MISSING_SHOWN
    if as_json:
        print_json([source_json(each, now, conflicts.get(each.facts.name, NO_CONFLICTS), most=most) for each in found])
        return
    for each in found:
        for line in source_lines(each, now, conflicts.get(each.facts.name, NO_CONFLICTS), most=most):
            typer.echo(line)
    if not found:
        typer.echo("no source of weddings is known: configure one in [[weddings.sources]], or import a file")


@app.command("load")
def load_command(
    context: typer.Context,
    start: RANGE_FROM = "now",
    end: RANGE_TO = None,
    zone: ZONE = None,
    culture: CULTURE = None,
    by: Annotated[Part | None, typer.Option("--by", help="Also of each zone, or of each culture.")] = None,
    as_json: AS_JSON = False,
) -> None:
    """Print the live load as a step function: each value holds from its instant up to the next one.

    Load is in standard weddings (1.0 is a British wedding of 150 guests). What is printed is what is known: whether
    that can be believed is said beside it. Exit code: 0 whatever the load, 2 where a zone or a culture is unknown.
    """
    from wedtui.cli.render import iso
    from wedtui.cli.wedding_filters import check_filters
    from wedtui.cli.wedding_words import load_json, load_lines, nothing_json
    from wedtui.core.calendar import was_ever_read

    session = session_of(context)
    now = session.clock.now()
    first, last = parse_range(start, end, now)
    with _cache(session) as reader:
        check_filters(session, reader, zone=zone, culture=culture)
        steps, parts = reader.load(first, last, by=(by or Part.ZONE).value, zone=zone, culture=culture)
        calendar = _calendar(session, reader, now)
    known = was_ever_read(calendar)
    shown = sorted(parts.items()) if by is not None else []
    if as_json:
        asked = {"generated_at": iso(now), "from": iso(first), "to": iso(last), "zone": zone, "culture": culture}
        numbers = load_json(steps, first, last) if known else nothing_json()
        said = {**asked, **_age_json(calendar, now), "unit": "standard weddings", **numbers}
        of_parts = [{by.value: name, **load_json(part, first, last)} for name, part in shown] if by else []
        print_json({**said, **({f"by_{by.value}": of_parts} if by else {})})
        return
    for name, each in [*shown, ("", steps)] if known else []:
        for line in load_lines(name, each, first, last):
            typer.echo(line)
    _say_age(calendar, now)


def _say_age(calendar: CalendarFacts, now: datetime) -> None:
    """Print how far the calendar can be believed, and each doubt about what was printed before."""
    from wedtui.cli.saying import say
    from wedtui.core.calendar import age_words
    from wedtui.core.calendar_findings import doubts

    typer.echo(age_words(calendar, now))
    for note in doubts(calendar, now):
        say(f"note: {note}", indent="  ")


def _age_json(calendar: CalendarFacts, now: datetime) -> dict[str, object]:
    """Return how far the calendar can be believed, and the age of its oldest reading; null where one is missing."""
    from wedtui.cli.render import age_s
    from wedtui.core.calendar import freshness, is_questioned, standing
    from wedtui.core.calendar_findings import doubts

    read = [each.read_at for each in calendar.sources]
    oldest = None if None in read else min((at for at in read if at is not None), default=None)
    found = standing(freshness(calendar, now), questioned=is_questioned(calendar))
    return {"calendar": found, "calendar_age_s": age_s(oldest, now), "doubts": list(doubts(calendar, now))}


@contextmanager
def _cache(session: Session) -> Iterator[CacheReader]:
    """Open the cache; where there is none, what persons imported comes back by no service: that is said.

    Raises:
        StoreError: it cannot be read.
    """
    from wedtui.cache.reader import CacheReader

    reader = CacheReader(session.cache_url)
    try:
        yield reader
    except StoreMissingError as error:
        lost = "; ".join(filter(None, (each.lost.problem for each in _imports(session))))
        raise StoreMissingError(f"there is no calendar any more: {lost}") if lost else error from None
    finally:
        reader.close()


def _imports(session: Session) -> tuple[ImportedByHand, ...]:
    """Return what the ledger says that persons imported; nothing where it cannot be read."""
    from wedtui.ledger.reader import LedgerReader

    ledger = LedgerReader(session.ledger_url)
    try:
        return ledger.imports()
    except StoreError:
        return ()
    finally:
        ledger.close()


def _calendar(session: Session, reader: CacheReader, start: datetime, end: datetime | None = None) -> CalendarFacts:
    from wedtui.cli.facts import calendar_facts
    from wedtui.ledger.reader import LedgerReader

    ledger = LedgerReader(session.ledger_url)
    try:
        return calendar_facts(session.loaded.configuration, reader, ledger, start, end)
    finally:
        ledger.close()


def _read_at(source: SourceFacts | None) -> str | None:
    from wedtui.cli.render import iso

    return iso(source.read_at) if source else None


def _unknown(reference: str) -> str:
    return f'no source names a wedding "{reference}": list them with `wedtui weddings list`'


def _show_page(session: Session, query: WeddingQuery, command: list[str], *, as_json: bool, over: bool = False) -> None:
    """Print one page, and the command that prints the next.

    Args:
        session: where they are.
        query: which.
        command: the words of this command.
        as_json: whether for a program.
        over: whether those that are over are left out and there is a way to have them.
    """
    from wedtui.cli.render import iso
    from wedtui.cli.wedding_filters import check_filters
    from wedtui.cli.wedding_words import wedding_json
    from wedtui.core.calendar import Freshness, freshness, mending, staleness, unusable_rows

    now = session.clock.now()
    narrowed = {name: getattr(query, name) for name in ("source", "zone", "culture", "venue_kind")}
    with _cache(session) as reader:
        check_filters(session, reader, **narrowed)
        page = reader.weddings(query)
        every = reader.weddings(replace(query, overlaps_from=None, after=None, limit=1)).total if over else page.total
        calendar = _calendar(session, reader, now)
    looked_at = [each for each in calendar.sources if query.source in {None, each.name}]
    stale = [f"{staleness(each, now)}; {mending(each)}" for each in calendar.sources if not each.is_fresh(now)]
    if as_json:
        print_json(
            {
                "generated_at": iso(now),
                **_age_json(calendar, now),
                "total": page.total,
                "over": every - page.total,
                "next": page.next,
                "weddings": [wedding_json(each, now) for each in page.rows],
                "stale": stale,
                "rejected": sum(each.rejected for each in looked_at),
            }
        )
        return
    fresh = freshness(calendar, now) is Freshness.FRESH
    _print_page(page, now, believed=fresh, sources=len(calendar.sources) > 1)
    _say_age(calendar, now)
    for each in stale:
        typer.echo(f"note: {each}; some may be missing")
    for unusable in filter(None, map(unusable_rows, looked_at)):
        typer.echo(f"note: {unusable}, and what they name is missing or older: `wedtui weddings sources` shows them")
    if every > page.total:
        typer.echo(f"{counted(every - page.total, 'row')} of what is over left out: --all lists them too")
    if page.next is not None:
        limit = [] if query.limit == 100 else ["--limit", str(query.limit)]
        following = shlex.join(["wedtui", "weddings", *command, *limit, "--after", page.next])
        typer.echo(f"next: {command_here(following)}")


def _print_page(page: WeddingPage, now: datetime, *, believed: bool, sources: bool) -> None:
    from wedtui.cli.wedding_words import page_notes, shape_of, wedding_heading, wedding_line

    shape = shape_of(page.rows, sources=sources)
    if page.rows:
        typer.echo(wedding_heading(shape))
    for each in page.rows:
        typer.echo(wedding_line(each, now, believed=believed, shape=shape))
    for note in page_notes(page.rows, shape):
        typer.echo(note)
    shown = f"{len(page.rows):,} of {counted(page.total, 'row')} shown, in the order in which they begin"
    typer.echo(f"{shown}, on the clock of each place" if page.total else "no wedding matches")


def _written(options: list[tuple[str, str | None]]) -> list[str]:
    return [word for option, value in options if value is not None for word in (option, value)]


wedding_decisions.register(app)
