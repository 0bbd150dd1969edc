"""Weddings, their sources and their load as lines of at most 80 cells for a terminal, and as JSON for a program."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from wedtui.cli.inventory_words import cells
from wedtui.cli.render import iso
from wedtui.core.calendar import dropped_source
from wedtui.core.calendar_query import ListedWedding, SourceDetails
from wedtui.core.load import Step, Steps
from wedtui.core.wedding import UNITS
from wedtui.core.wording import age
from wedtui.tui.spans import clean

_COLUMNS = (("STARTS", 16), ("ENDS", 11), ("ZONE", 16), ("CULTURE", 8), ("GUESTS", -6), ("REFERENCE", 18))


def standard(units: int) -> float:
    """Return a load in standard weddings, as it is shown."""
    return round(units / UNITS, 3)


def wedding_heading() -> str:
    """Return the titles over `wedding_line`."""
    return cells(*_COLUMNS)


def wedding_line(listed: ListedWedding) -> str:
    """Return a wedding in one line, on the wall clock of its venue."""
    found = listed.wedding
    zone = ZoneInfo(found.zone)
    return cells(
        (f"{found.start.astimezone(zone):%a %m-%d %H:%M}", 16),
        (f"{found.end.astimezone(zone):%m-%d %H:%M}", 11),
        (found.zone, 16),
        (found.culture, 8),
        (str(found.guests), -6),
        (clean(found.reference), 18),
    )


def wedding_json(listed: ListedWedding, now: datetime) -> dict[str, Any]:
    """Return a wedding as JSON-ready values; its load is in standard weddings."""
    found = listed.wedding
    return {
        "reference": found.reference,
        "source": listed.source,
        "venue": found.venue,
        "venue_kind": found.venue_kind,
        "zone": found.zone,
        "start": iso(found.start),
        "end": iso(found.end),
        "culture": found.culture,
        "guests": found.guests,
        "load": standard(found.load),
        "live": found.start <= now < found.end,
    }


def view_lines(listed: ListedWedding, now: datetime) -> Iterator[str]:
    """Yield all that is known of one row of a wedding."""
    found = listed.wedding
    zone = ZoneInfo(found.zone)
    live = found.start <= now < found.end
    yield f"{clean(found.reference)}  from {listed.source}{'  LIVE' if live else ''}"
    venue = f"{found.venue or 'not said'}{f' ({found.venue_kind})' if found.venue_kind else ''}"
    yield f"  venue    {clean(venue)}"
    for name, at in (("start", found.start), ("end", found.end)):
        yield f"  {name:<7}  {at.astimezone(zone):%a %Y-%m-%d %H:%M %Z} in {found.zone} ({at:%Y-%m-%d %H:%M} UTC)"
    yield f"  culture  {found.culture}, {found.guests:,} guests"
    yield f"  load     {standard(found.load):g} standard weddings"


def source_json(details: SourceDetails, now: datetime, conflicts: int = 0) -> dict[str, Any]:
    """Return a source as JSON-ready values; `conflicts` as `CacheReader.wedding_conflicts` counts them."""
    facts = details.facts
    return {
        "name": facts.name,
        "kind": facts.kind,
        "place": details.place,
        "interval_s": None if facts.interval is None else facts.interval.total_seconds(),
        "max_age_s": facts.max_age.total_seconds(),
        "fresh": facts.is_fresh(now),
        "read_at": iso(facts.read_at),
        "attempted_at": iso(facts.attempted_at),
        "problem": facts.problem,
        "questioned": facts.questioned,
        "accept_next": details.accept_next,
        "dropped_at": iso(facts.dropped_at),
        "weddings": facts.weddings,
        "rejected": facts.rejected,
        "examples": list(facts.examples),
        "notes": list(details.notes),
        "unknown_cultures": details.unknown_cultures,
        "unknown_kinds": details.unknown_kinds,
        "repeated": details.repeated,
        "kept": details.kept,
        "conflicts": conflicts,
    }


def source_lines(details: SourceDetails, now: datetime, conflicts: int = 0) -> Iterator[str]:
    """Yield a source: how old, how many, what is wrong."""
    facts = details.facts
    state = "fresh" if facts.is_fresh(now) else "never read" if facts.read_at is None else "STALE"
    state = "QUESTIONED" if facts.questioned else state
    read = "" if facts.read_at is None else f", read {age(facts.read_at, now)} ago"
    yield f"{facts.name} ({facts.kind}): {state}, {facts.weddings:,} weddings{read}"
    yield f"  at {details.place}"
    if facts.problem:
        yield f"  {facts.problem}"
    if (dropped := dropped_source(facts)) is not None:
        yield f"  {dropped}"
    if details.accept_next:
        yield "  accepted: its next good reading is taken if it loses no more"
    counted = (
        (facts.rejected, "rows cannot be used"),
        (details.unknown_cultures, "rows of a culture that is not known, which count as other"),
        (details.unknown_kinds, "rows of a kind of venue that is not known"),
        (details.repeated, "rows that repeat another's reference and start"),
        (details.kept, "weddings that it no longer names and that stay: live, or their row is unusable"),
        (conflicts, "weddings at other times in another source, CONFLICT: each counts in load, the wedding once"),
    )
    for count, what in counted:
        if count:
            yield f"  {count:,} {what}"
            if what == "rows cannot be used":
                yield from (f"    {example}" for example in facts.examples)
    if details.notes:
        yield "  rows that count as other than they say, such as:"
        yield from (f"    {note}" for note in details.notes)


def load_json(steps: Steps, start: datetime, end: datetime) -> dict[str, object]:
    """Return the step function in [start, end), and its peak; the first step is at `start`."""
    found = list(steps.steps(start, end))
    return {"peak": step_json(highest_of(found)), "steps": [step_json(step) for step in found]}


def load_lines(name: str, steps: Steps, start: datetime, end: datetime) -> Iterator[str]:
    """Yield the same in words, one line a step."""
    found = list(steps.steps(start, end))
    of = f" of {name}" if name else ""
    for step in found:
        yield f"{step.at:%a %Y-%m-%d %H:%M:%S}Z  {standard(step.load):>10.3f}  {step.weddings:>6} weddings{of}"
    highest = highest_of(found)
    yield f"peak{of} {standard(highest.load):g} at {iso(highest.at)}"


def highest_of(steps: list[Step]) -> Step:
    """Return the step with the highest load, the first of several."""
    return max(steps, key=lambda step: step.load)


def step_json(step: Step) -> dict[str, object]:
    """Return a step; its load in standard weddings."""
    return {"at": iso(step.at), "load": standard(step.load), "weddings": step.weddings}
