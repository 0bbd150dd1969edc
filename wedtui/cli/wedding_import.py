"""Reading weddings from a file that a person has, as a source would be read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from wedtui.cache.wedding_import import Outcome
from wedtui.cache.wedding_stage import Stage
from wedtui.cache.writer import CacheWriter
from wedtui.cli.common import Session, person, print_json, recording, writable_ledger
from wedtui.cli.render import iso
from wedtui.config_weddings import IMPORTED, WeddingSourceSection
from wedtui.core.calendar import deciding_commands
from wedtui.core.calendar_query import NO_CONFLICTS, Conflicts, SourceDetails
from wedtui.core.calendar_rise import Rise
from wedtui.core.freeze_weddings import fresh_until
from wedtui.core.observation import WeddingsObservation
from wedtui.core.wedding import cultures_words
from wedtui.core.wording import choice_words, counted
from wedtui.errors import ConfigurationError, ConflictError, NotFoundError

if TYPE_CHECKING:
    from wedtui.poller.weddings import Taking

TAKEN_IN_PART = 23
"""The exit code, where that is asked for, of a file that was taken and of which rows could not be used."""
_FIRST_REFUSED = "nothing was imported before and nothing is kept of it: mend the file and import it again"
_REFUSED = "what was imported before counts on: mend the file, or the names of its columns, and import it again"
_FIRST_QUESTIONED = (
    "until it is accepted and imported again it counts as never read, which means frozen; "
    "`wedtui weddings drop` ends that"
)
_ZONE_HINT = "where rows say no zone, name that of their venues: `--zone Europe/London`"
_KINDS = {".csv": "csv", ".json": "json", ".ics": "icalendar", ".ical": "icalendar"}


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file."""

    file: Path
    source: str
    rows: int
    outcome: Outcome
    written: int
    deleted: int
    details: SourceDetails
    conflicts: Conflicts
    rejected: int
    """Of the rows of this file, taken or not, as the following two."""
    examples: tuple[str, ...]
    notes: tuple[str, ...]
    rise: Rise | None
    """Of a file that was not taken: what the level would be with it."""


def import_file(session: Session, file: Path, source: str | None, zone: str | None) -> Imported:
    """Read a file as a source and store what differs.

    Raises:
        ConfigurationError: the file's name does not say what it is, the source is of another kind, or the file cannot
            be read whole: a person named it.
        NotFoundError: there is no such source.
        ConflictError: somebody else changed the source meanwhile.
        StoreError: cache or ledger cannot be used.
    """
    from wedtui.poller.weddings import Taking, let_go, rules_of, store_now

    section = _section(session, file, source, zone)
    session.paths.make()
    observation = _read(session, section)
    if observation.problem is not None:
        hint = f"; {_ZONE_HINT}" if section.zone is None and _lacks_zone(observation.problem) else ""
        raise ConfigurationError(f"{file}: {_of_it(observation.problem, section)}{hint}")
    writer = CacheWriter(session.cache_url)
    try:
        _ensure(writer, session, section)
        work = Taking(writer, rules_of(session.loaded.configuration, session.ledger_url), observation)
        store_now(work)
        details, conflicts = _details(session, section.name)
    finally:
        let_go(observation)
        if section.name == IMPORTED:
            writer.weddings.drop_unread_import()
        # A service may hold the file: it stays as it is.
        writer.close(clean=False)
    if work.outcome is Outcome.TAKEN:
        _note(session, section, work)
    if work.problem is not None:
        raise ConflictError(f"{file} was not imported: {work.problem}")
    if details is None or work.outcome is None or work.outcome in {Outcome.OVERTAKEN, Outcome.NOT_OURS}:
        raise ConflictError(f'the wedding source "{section.name}" was changed meanwhile: import {file} again')
    rows = observation.rows
    assert isinstance(rows, Stage)
    read = (rows.rejected, tuple(rows.examples), tuple(rows.notes))
    return Imported(
        file, section.name, rows.rows, work.outcome, work.written, work.deleted, details, conflicts, *read, work.rise
    )


def _lacks_zone(problem: str) -> bool:
    """Whether a file cannot be read because it does not say where its venues are."""
    return "no column" in problem and "zone" in problem


def _of_it(problem: str, section: WeddingSourceSection) -> str:
    """Return what is wrong with a file in a sentence that names it already."""
    from wedtui.providers.web import path_of

    path = str(path_of(section.url))
    return problem.replace(f"its file {path}", "it").replace(path, "it")


def _note(session: Session, section: WeddingSourceSection, work: Taking) -> None:
    """Have the ledger say who imported what: that there is an import by hand a cache that is lost cannot."""
    from wedtui.ledger.ledger import IMPORT_KIND

    changes = {"written": work.written, "deleted": work.deleted}
    if section.name != IMPORTED:
        # Its weddings come back by themselves: it is on record, and nobody has to wait for it.
        with recording(session, IMPORT_KIND) as record:
            record({"source": section.name, "kind": section.kind, **changes})
        return
    ledger = writable_ledger(session)
    try:
        ledger.note_import(IMPORTED, section.kind, changes, by=person(), at=session.clock.now())
    finally:
        ledger.close()


def _details(session: Session, source: str) -> tuple[SourceDetails | None, Conflicts]:
    from wedtui.cache.reader import CacheReader

    reader = CacheReader(session.cache_url)
    try:
        details = next((each for each in reader.wedding_sources() if each.facts.name == source), None)
        return details, reader.wedding_conflicts().get(source, NO_CONFLICTS)
    finally:
        reader.close()


def _import_json(done: Imported) -> dict[str, object]:
    facts = done.details.facts
    return {
        "file": str(done.file),
        "source": done.source,
        "outcome": done.outcome.value,
        "rows": done.rows,
        "written": done.written,
        "deleted": done.deleted,
        "rows_in_source": facts.weddings,
        "rejected": done.rejected,
        "examples": list(done.examples),
        "notes": list(done.notes),
        "unknown_cultures": done.details.unknown_cultures,
        "unknown_kinds": done.details.unknown_kinds,
        "repeated": done.details.repeated,
        "kept": done.details.kept,
        "conflicts": done.conflicts.weddings,
        "conflict_references": list(done.conflicts.references),
        "problem": facts.problem,
        "stale_from": iso(facts.stale_from),
        "rise": None if done.rise is None else _rise_json(done.rise),
    }


def _rise_json(rise: Rise) -> dict[str, object]:
    return {"level": rise.level.value, "from": iso(rise.start), "to": iso(rise.end)}


def say_import(done: Imported, *, as_json: bool) -> int:
    """Print what became of a file; return the exit code."""
    facts = done.details.facts
    taken = done.outcome is Outcome.TAKEN
    first = done.source == IMPORTED and facts.read_at is None
    if as_json:
        print_json(_import_json(done))
        return 0 if taken else 1
    if taken:
        typer.echo(
            f"{done.file}: {counted(facts.weddings, 'row')} in source {done.source}, "
            f"{done.written:,} new or changed, {done.deleted:,} gone"
        )
    else:
        refused = done.outcome is Outcome.REFUSED
        asks = f"{facts.problem}; a person decides: {deciding_commands(done.source)}"
        why = f"{done.rejected:,} of its {counted(done.rows, 'row')} cannot be used" if refused else asks
        typer.echo(f"{done.file} was not taken: {why}")
    if done.rejected and done.outcome is not Outcome.REFUSED:
        typer.echo(f"{done.rejected:,} of {counted(done.rows, 'row')} cannot be used:")
    for example in done.examples:
        typer.echo(f"  {example}")
    if any(": zone: " in example for example in done.examples):
        typer.echo(_ZONE_HINT)
    if done.outcome is Outcome.REFUSED:
        if done.rise is not None:
            typer.echo(done.rise.words)
        typer.echo(_FIRST_REFUSED if first else _REFUSED)
    elif first and not taken:
        typer.echo(_FIRST_QUESTIONED)
    if taken:
        _say_odd(done)
        if facts.interval is None and facts.stale_from is not None:
            typer.echo(fresh_until(facts, facts.stale_from))
        if done.rejected:
            # The last that is read: the exit code says that the rest was taken.
            unusable = f"{done.rejected:,} of {counted(done.rows, 'row')} cannot be used"
            weigh = "stay as they were, where known before" if done.details.kept else "weigh nothing"
            typer.echo(f"NOT ALL OF IT WAS TAKEN: {unusable}, and {weigh}")
    return 0 if taken else 1


def _say_odd(done: Imported) -> None:
    """Print what is odd about a file that was taken."""
    if done.notes:
        typer.echo("rows that were used, but count as other than they say:")
        for note in done.notes:
            typer.echo(f"  {note}")
    odd = done.details.odd
    for title in ("repeated", "kept", "culture"):
        if title in odd:
            typer.echo(odd[title])
    if done.conflicts.weddings:
        typer.echo(done.conflicts.words)
        typer.echo(f"  {done.conflicts.hint}")
    if "culture" in odd:
        typer.echo(f"known cultures, with what a typical wedding weighs and its guests: {cultures_words()}")


def _section(session: Session, file: Path, source: str | None, zone: str | None) -> WeddingSourceSection:
    kind = _KINDS.get(file.suffix.lower())
    if kind is None:
        raise ConfigurationError(f"expected a file that ends in {', '.join(_KINDS)}, got {file.name}")
    place: dict[str, Any] = {"url": str(file.absolute()), "headers": {}}
    if zone is not None:
        from wedtui.core.wedding_rows import zone_of

        if zone_of(zone) is None:
            raise ConfigurationError(f'--zone: expected an IANA zone such as "Europe/London", got "{zone}"')
        place["zone"] = zone
    if source is None or source == IMPORTED:
        # By a name that a configuration cannot give.
        section = WeddingSourceSection.model_validate({"name": "file", "kind": kind, "url": place["url"]})
        return section.model_copy(update={**place, "name": IMPORTED})
    sections = session.loaded.configuration.weddings.sources
    for section in sections:
        if section.name == source:
            if section.kind != kind:
                raise ConfigurationError(f'the wedding source "{source}" is of the kind {section.kind}, not {kind}')
            return section.model_copy(update=place)
    known = choice_words(section.name for section in sections)
    raise NotFoundError(f'the configuration has no wedding source "{source}": {known}; --source may be left out')


def _read(session: Session, section: WeddingSourceSection) -> WeddingsObservation:
    from wedtui.providers.weddings.target import WeddingTarget

    async def once() -> WeddingsObservation:
        target = WeddingTarget(section, session.loaded.configuration.weddings, session.clock)
        try:
            (observation,) = await target.observe()
        finally:
            await target.close()
        # A file that a person names stands for its source, wherever that is configured to be.
        return replace(observation, address="")

    return asyncio.run(once())


def _ensure(writer: CacheWriter, session: Session, section: WeddingSourceSection) -> None:
    """Have a row for the source, also where no service ever ran."""
    if section.name == IMPORTED:
        writer.weddings.ensure_imported(section.kind)
    else:
        writer.weddings.ensure_configured(session.loaded.configuration.weddings.sources)
