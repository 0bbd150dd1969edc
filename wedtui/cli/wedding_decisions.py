"""What a person decides about the calendar: a loss that is accepted, a source that is dropped, a wedding forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.common import Session, person, recording, session_of, writable_ledger
from wedtui.config_weddings import IMPORTED
from wedtui.core.wording import counted
from wedtui.errors import ConfigurationError, ConflictError, NotFoundError, StoreLockedError, StoreMissingError

if TYPE_CHECKING:
    from wedtui.cache.writer import CacheWriter
    from wedtui.core.calendar_query import SourceDetails
    from wedtui.core.wedding_loss import Lost

WORD, NOT_CONFIRMED = "accept", 3
REFERENCE = Annotated[str, typer.Argument(metavar="REF", help="Its reference.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command in (("accept", accept_command), ("drop", drop_command), ("forget", forget_command)):
        app.command(name)(command)


def accept_command(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A source whose newest reading is questioned.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Say that a source really lost its weddings: a reading that loses no more than that is taken.

    Which weddings that are is shown first. What is accepted is printed, and goes into the ledger with your name.
    Exit code: 3 where it was not confirmed, and nothing is accepted.
    """
    from wedtui.core.calendar import awaited
    from wedtui.ledger.ledger import ACCEPT_KIND

    session = session_of(context)
    found = _questioned(session, source)
    if not yes and not _seen_and_accepted(found):
        typer.echo("not confirmed: nothing is accepted; without a terminal --yes confirms it", err=True)
        raise typer.Exit(NOT_CONFIRMED)
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
    typer.echo(awaited(found.facts))


def _questioned(session: Session, source: str) -> SourceDetails:
    """Return a source of which a reading is questioned and that nobody accepted yet.

    Raises:
        NotFoundError: there is no such source.
        ConflictError: nothing is questioned, or it was accepted.
    """
    from wedtui.cache.reader import CacheReader
    from wedtui.cache.wedding_sources import accepted_already, nothing_to_accept

    reader = CacheReader(session.cache_url)
    try:
        known = {each.facts.name: each for each in reader.wedding_sources()}
    finally:
        reader.close()
    found = known.get(source)
    if found is None:
        names = ", ".join(known)
        raise NotFoundError(
            f'there is no wedding source "{source}": {f"known are {names}" if known else "none is known"}'
        )
    if not found.facts.questioned:
        raise ConflictError(nothing_to_accept(source))
    if found.accept_next:
        raise ConflictError(accepted_already(source))
    return found


def _seen_and_accepted(found: SourceDetails) -> bool:
    """Show what the questioned reading of a source loses, and have the word typed; without a terminal nobody does."""
    from wedtui.cli.typing_in import attended, typed
    from wedtui.cli.wedding_words import missing_lines

    typer.echo(f'the wedding source "{found.facts.name}": {found.facts.problem}')
    for line in missing_lines(found):
        typer.echo(line)
    return attended() and typed(WORD)


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
    before = _forgotten(session, named)
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
    elif before and erased.kept:
        typer.echo(f"it was forgotten already: {counted(erased.kept, 'row')} kept as {alias}")
    elif before:
        typer.echo(f"it was forgotten already, and no row names it: a later reading that does stores it as {alias}")
    else:
        typer.echo(f"no row names it now, so none was erased; a later reading that names it stores it as {alias}")
    if not gone:
        raise StoreLockedError(
            "somebody reads the cache for long, so what it was can still be read in its log (cache.db-wal): "
            "run this again when that reader, such as a backup, is done"
        )


def _forgotten(session: Session, reference: str) -> bool:
    """Say whether somebody has this wedding forgotten already."""
    from wedtui.ledger.reader import LedgerReader

    ledger = LedgerReader(session.ledger_url)
    try:
        return ledger.forgotten_weddings().alias_of(reference) is not None
    except StoreMissingError:
        return False
    finally:
        ledger.close()


def _writer(session: Session) -> CacheWriter:
    """Open the cache to write a person's decision; a service may hold it as well."""
    from wedtui.cache.writer import CacheWriter

    return CacheWriter(session.cache_url)
