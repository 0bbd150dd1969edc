"""`wedtui weddings`: who gets married when, how heavy that is, and where it is known from."""

from __future__ import annotations

import shlex
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.common import (
    RANGE_FROM,
    RANGE_TO,
    Session,
    parse_instant,
    parse_range,
    person,
    print_json,
    recording,
    session_of,
    writable_ledger,
)
from wedtui.config_weddings import IMPORTED
from wedtui.core.calendar_query import MOST_ROWS, WeddingPage, WeddingQuery
from wedtui.core.wedding import cultures_words, others_words
from wedtui.core.wording import counted
from wedtui.errors import ConfigurationError, ConflictError, NotFoundError, StoreLockedError, StoreMissingError

if TYPE_CHECKING:
    from wedtui.cache.reader import CacheReader
    from wedtui.cache.writer import CacheWriter
    from wedtui.core.calendar import CalendarFacts, SourceFacts
    from wedtui.core.wedding_loss import Lost

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
REFERENCE = Annotated[str, typer.Argument(metavar="REF", help="Its reference.")]


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
    as_json: AS_JSON = False,
) -> None:
    """Read weddings from a file: what it names takes the place of all that the source named.

    Exit code: 0 it was taken (rows that could not be used are counted and some are shown), 1 it was not: a person has
    to look at what it lost, or most of its rows cannot be used.
    """
    from wedtui.cli.wedding_import import import_file, say_import

    done = import_file(session_of(context), file, source, zone)
    raise typer.Exit(say_import(done, as_json=as_json))


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
    limit: LIMIT = 100,
    after: AFTER = None,
    as_json: AS_JSON = False,
) -> None:
    """List weddings by start, on the wall clock of their venues.

    Exit code: 0, also where there are none; 2 where a source, a zone, a culture or a kind of venue is unknown.
    """
    session = session_of(context)
    now = session.clock.now()
    query = WeddingQuery(
        source=source,
        zone=zone,
        culture=culture,
        venue_kind=venue_kind,
        overlaps_from=None if start is None else parse_instant(start, now),
        overlaps_to=None if end is None else parse_instant(end, now),
        limit=limit,
        after=after,
    )
    options = [("--source", source), ("--zone", zone), ("--culture", culture), ("--venue-kind", venue_kind)]
    _show_page(session, query, ["list", *_written([*options, ("--from", start), ("--to", end)])], as_json=as_json)


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
    """Show all that is known of one wedding: each of its days, and each source that names it.

    Where rows of a source could not be used one of them may be about it: that is said.
    Exit code: 17 where nothing is known of it.
    """
    from wedtui.cache.reader import CacheReader
    from wedtui.cli.wedding_words import unusable_lines, view_lines, wedding_json
    from wedtui.core.calendar_query import conflicting

    session = session_of(context)
    reader, now = CacheReader(session.cache_url), session.clock.now()
    try:
        found = reader.wedding(reference)
        sources = {each.name: each for each in _calendar(session, reader, now).sources}
    finally:
        reader.close()
    naming = [sources[name] for name in {each.source for each in found} if name in sources]
    unusable = list(unusable_lines(reference, naming if found else sources.values(), known=bool(found)))
    if not found:
        raise NotFoundError("; ".join((_unknown(reference), *unusable)))
    conflict = conflicting(found)
    if as_json:
        rows = [{**wedding_json(each, now), "read_at": _read_at(sources.get(each.source))} for each in found]
        print_json({"reference": reference, "rows": rows, "conflict": list(conflict), "notes": unusable})
        return
    for each in found:
        for line in view_lines(each, sources.get(each.source), now):
            typer.echo(line)
    if conflict:
        say = "say other times" if len(conflict) > 1 else "says times that overlap"
        typer.echo(f"CONFLICT: {' and '.join(conflict)} {say}; each counts in load, the wedding once")
    for line in unusable:
        typer.echo(f"note: {line}")


@app.command("sources")
def sources_command(context: typer.Context, as_json: AS_JSON = False) -> None:
    """Say of each source how old its last good reading is, and what could not be used. Exit code: 0 in any state."""
    from wedtui.cache.reader import CacheReader
    from wedtui.cli.wedding_words import source_json, source_lines
    from wedtui.core.calendar_query import NO_CONFLICTS

    session = session_of(context)
    reader, now = CacheReader(session.cache_url), session.clock.now()
    try:
        found = reader.wedding_sources()
        conflicts = reader.wedding_conflicts()
    finally:
        reader.close()
    if as_json:
        print_json([source_json(each, now, conflicts.get(each.facts.name, NO_CONFLICTS)) for each in found])
        return
    for each in found:
        for line in source_lines(each, now, conflicts.get(each.facts.name, NO_CONFLICTS)):
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
    from wedtui.cache.reader import CacheReader
    from wedtui.cli.render import iso
    from wedtui.cli.wedding_filters import check_filters
    from wedtui.cli.wedding_words import load_json, load_lines, nothing_json
    from wedtui.core.calendar import age_words, was_ever_read

    session = session_of(context)
    now = session.clock.now()
    first, last = parse_range(start, end, now)
    reader = CacheReader(session.cache_url)
    try:
        check_filters(session, reader, zone=zone, culture=culture)
        steps, parts = reader.load(first, last, by=(by or Part.ZONE).value, zone=zone, culture=culture)
        calendar = _calendar(session, reader, now)
    finally:
        reader.close()
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
    typer.echo(age_words(calendar, now))


def _age_json(calendar: CalendarFacts, now: datetime) -> dict[str, object]:
    """Return how far the calendar can be believed, and the age of its oldest reading; null where one is missing."""
    from wedtui.cli.render import age_s
    from wedtui.core.calendar import freshness

    read = [each.read_at for each in calendar.sources]
    oldest = None if None in read else min((at for at in read if at is not None), default=None)
    return {"calendar": freshness(calendar, now).value, "calendar_age_s": age_s(oldest, now)}


@app.command("accept")
def accept_command(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A source whose newest reading is questioned.")],
) -> None:
    """Say that a source really lost its weddings: a reading that loses no more than that is taken.

    What is accepted is printed, and goes into the ledger with your name.
    """
    from wedtui.ledger.ledger import ACCEPT_KIND

    session = session_of(context)
    accepted: list[Lost | None] = []
    with recording(session, ACCEPT_KIND) as record:

        def on_record(lost: Lost | None) -> None:
            record({"source": source, "lost": None if lost is None else lost.document})
            accepted.append(lost)

        writer = _writer(session)
        try:
            writer.weddings.accept(source, on_record)
        finally:
            writer.close(clean=False)
    (lost,) = accepted
    typer.echo(f'accepted: the wedding source "{source}" loses {lost.words if lost else "what was not counted"}')
    typer.echo(f'the next good reading of the wedding source "{source}" is taken if it loses no more')


@app.command("drop")
def drop_command(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="[SOURCE]", help="A source that is no longer configured; without it, what was imported."
        ),
    ] = IMPORTED,
) -> None:
    """Delete what was imported by hand, or a source that is no longer configured, so that it counts no longer.

    It goes into the ledger with your name, and how many rows that were.
    """
    from wedtui.ledger.ledger import DROP_KIND

    session = session_of(context)
    # First what a cache that lost it goes by: whatever happens afterwards, nobody waits for it any more.
    noted = source == IMPORTED and _drop_note(session)
    gone = 0
    with recording(session, DROP_KIND) as record:

        def on_record(rows: int) -> None:
            nonlocal gone
            gone = rows
            if not noted:
                record({"source": source, "rows": rows})

        writer = _writer(session)
        try:
            if source == IMPORTED:
                writer.weddings.drop_imported(on_record)
            else:
                writer.weddings.drop(source, on_record)
        except NotFoundError:
            if not noted:
                raise
        finally:
            writer.close(clean=False)
    what = "what was imported by hand is gone" if source == IMPORTED else f'wedding source "{source}" is forgotten'
    typer.echo(f"{what}: {counted(gone, 'row')}")


def _drop_note(session: Session) -> bool:
    """Take the import out of what the ledger says there must be; return whether it was there."""
    from wedtui.config_weddings import IMPORTED
    from wedtui.ledger.reader import LedgerReader

    reader = LedgerReader(session.ledger_url)
    try:
        noted = any(each.source == IMPORTED for each in reader.imports())
    except StoreMissingError:
        return False
    finally:
        reader.close()
    if noted:
        ledger = writable_ledger(session)
        try:
            ledger.drop_import(IMPORTED, _rows_of(session, IMPORTED), by=person(), at=session.clock.now())
        finally:
            ledger.close()
    return noted


def _rows_of(session: Session, source: str) -> int | None:
    """Return how many rows the cache has of a source; None where it has lost it, or cannot be asked."""
    from wedtui.cache.reader import CacheReader
    from wedtui.errors import StoreError

    reader = CacheReader(session.cache_url)
    try:
        return next((each.facts.weddings for each in reader.wedding_sources() if each.facts.name == source), None)
    except StoreError:
        return None
    finally:
        reader.close()


@app.command("forget")
def forget_command(context: typer.Context, reference: REFERENCE) -> None:
    """Erase which wedding it was: reference and venue. Its guests still come, so its time, zone and load stay.

    Later readings keep it so, for as long as a source names it and a month longer; also of one that is not known yet.
    What backups and the source itself hold is not touched. Exit code: 0, or 11 where what it was is still in the log of
    the cache, because somebody reads that: run it again.
    """
    from wedtui.cache.reader import CacheReader
    from wedtui.core.erasure import ALIAS
    from wedtui.core.wedding_rows import LONGEST_REFERENCE, usable_reference

    session = session_of(context)
    named = usable_reference(reference)
    if named is None:
        raise ConfigurationError(
            f"expected a reference of 1 to {LONGEST_REFERENCE} printable characters: no other can ever be stored"
        )
    if named.startswith(ALIAS):
        raise ConflictError(f'"{named}" is forgotten already: nothing of it is left to erase')
    reader = CacheReader(session.cache_url)
    try:
        known = bool(reader.wedding(named))
    except StoreMissingError:
        known = False
    finally:
        reader.close()
    # First what later readings go by: whatever happens afterwards, the next one forgets it.
    ledger = writable_ledger(session)
    try:
        alias = ledger.forget_wedding(named, by=person(), at=session.clock.now())
    finally:
        ledger.close()
    # Also where nothing is known of it: a reading that is under way may name it.
    writer = _writer(session)
    try:
        erased = writer.weddings.forget(named, alias)
        gone = writer.empty_log()
    finally:
        writer.close(clean=False)
    # A reading in between, which knows from the ledger already, may have renamed what was there.
    if erased.rows or (known and erased.kept):
        typer.echo(f"forgotten: {counted(erased.kept, 'row')} kept as {alias}")
    else:
        typer.echo(f"no row names it now, so none was erased; a later reading that names it stores it as {alias}")
    if not gone:
        raise StoreLockedError(
            "somebody reads the cache for long, so what it was can still be read in its log (cache.db-wal): "
            "run this again when that reader, such as a backup, is done"
        )


def _writer(session: Session) -> CacheWriter:
    """Open the cache to write a person's decision; a service may hold it as well."""
    from wedtui.cache.writer import CacheWriter

    return CacheWriter(session.cache_url)


def _calendar(session: Session, reader: CacheReader, now: datetime) -> CalendarFacts:
    from wedtui.cli.facts import calendar_facts
    from wedtui.ledger.reader import LedgerReader

    ledger = LedgerReader(session.ledger_url)
    try:
        return calendar_facts(session.loaded.configuration, reader, ledger, now)
    finally:
        ledger.close()


def _read_at(source: SourceFacts | None) -> str | None:
    from wedtui.cli.render import iso

    return iso(source.read_at) if source else None


def _unknown(reference: str) -> str:
    return f'no source names a wedding "{reference}": list them with `wedtui weddings list`'


def _show_page(session: Session, query: WeddingQuery, command: list[str], *, as_json: bool) -> None:
    """Print one page, and the command that prints the next."""
    from wedtui.cache.reader import CacheReader
    from wedtui.cli.render import iso
    from wedtui.cli.wedding_filters import check_filters
    from wedtui.cli.wedding_words import wedding_json
    from wedtui.core.calendar import Freshness, age_words, freshness, staleness

    reader, now = CacheReader(session.cache_url), session.clock.now()
    narrowed = {name: getattr(query, name) for name in ("source", "zone", "culture", "venue_kind")}
    try:
        check_filters(session, reader, **narrowed)
        page = reader.weddings(query)
        calendar = _calendar(session, reader, now)
    finally:
        reader.close()
    stale = [staleness(each, now) for each in calendar.sources if not each.is_fresh(now)]
    if as_json:
        print_json(
            {
                "generated_at": iso(now),
                **_age_json(calendar, now),
                "total": page.total,
                "next": page.next,
                "weddings": [wedding_json(each, now) for each in page.rows],
                "stale": stale,
            }
        )
        return
    fresh = freshness(calendar, now) is Freshness.FRESH
    _print_page(page, now, believed=fresh, sources=len(calendar.sources) > 1)
    typer.echo(age_words(calendar, now))
    for each in stale:
        typer.echo(f"note: {each}; some may be missing")
    if page.next is not None:
        limit = [] if query.limit == 100 else ["--limit", str(query.limit)]
        typer.echo(f"next: {shlex.join(['wedtui', 'weddings', *command, *limit, '--after', page.next])}")


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
