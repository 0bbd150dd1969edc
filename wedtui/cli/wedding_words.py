"""Weddings, their sources and their load as lines for a terminal, and as JSON for a program."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from wedtui.cli.inventory_words import cells
from wedtui.cli.render import iso
from wedtui.core.calendar import CalendarFacts, SourceFacts, awaited, dropped_source, mending, of_reading, unusable_rows
from wedtui.core.calendar_query import (
    CONFLICT_HINT,
    CONFLICT_NOTE,
    CONFLICT_SIGN,
    CONFLICTS_NAMED,
    NO_CONFLICTS,
    Conflicts,
    ListedWedding,
    SourceDetails,
)
from wedtui.core.load import Step, Steps
from wedtui.core.wedding import (
    ASSUMED_NOTE,
    OTHER,
    in_column,
    marked_as_assumed,
    others_words,
    standard,
    standard_number,
    weighed,
)
from wedtui.core.wedding_effect import adds_words, freezes_words, peak_of
from wedtui.core.wedding_loss import Missing
from wedtui.core.wording import age, begins_there, counted, duration, lived
from wedtui.core.zones import place_of
from wedtui.store.instants import from_microseconds
from wedtui.tui.spans import clean, fit

_NO_AGES = frozenset({"never", "in the future"})
_WHEN = ("● LIVE / WHEN", 13)
_STARTS, _ENDS, _PLACE = ("STARTS THERE", 16), ("ENDS", 7), ("PLACE", 12)
_CULTURE, _SOURCE = ("CULTURE", 8), ("SOURCE", 8)
_GUESTS, _REFERENCE = ("GUESTS", -6), ("REFERENCE", 12)
_BEFORE_REFERENCE = 53
"""Cells of the columns between `_WHEN` and the reference, of every `Shape`."""
MISSING_SHOWN = 10
"""So many of the weddings that a questioned reading loses or moves are listed where not all are asked for."""
KEPT = "kept that it no longer names: live, or the row is unusable"
"""What is said of weddings that a reading does not name and that stay."""


class Shape(Enum):
    """Which columns stand between the place of a wedding and its reference: what fits 80 cells."""

    CULTURES = (_CULTURE, _GUESTS)
    """One source names all of them."""
    SOURCES = (_SOURCE, _GUESTS)
    LONG_SOURCES = (("SOURCE", 15),)
    """Names that are longer take the place of the guests too."""

    @property
    def hidden(self) -> tuple[str, ...]:
        """What of a wedding's weight has no column."""
        shown = {title for title, _ in self.value}
        return tuple(field for field in ("culture", "guests") if field.upper() not in shown)


def shape_of(rows: Iterable[ListedWedding], *, sources: bool) -> Shape:
    """Return which columns a page has.

    Args:
        rows: what is listed.
        sources: whether there is more than one source.
    """
    if not sources:
        return Shape.CULTURES
    return Shape.LONG_SOURCES if any(len(each.source) > _SOURCE[1] for each in rows) else Shape.SOURCES


def wedding_heading(shape: Shape) -> str:
    """Return the titles over `wedding_line`."""
    return cells(_WHEN, _STARTS, _ENDS, _PLACE, *shape.value, _REFERENCE)


def wedding_line(listed: ListedWedding, now: datetime, *, believed: bool, shape: Shape) -> str:
    """Return a row of a wedding in one line, on the wall clock of its venue.

    It has 80 cells, or more where its reference is long: by that it is asked for, so it is never cut.

    Args:
        listed: the wedding.
        now: when it is said whether it is live.
        believed: whether the calendar is fresh; otherwise who is live stands in brackets.
        shape: which columns it has.
    """
    found = listed.wedding
    words = {
        "CULTURE": marked_as_assumed(found.culture, found.doubt("culture")),
        "SOURCE": listed.source,
        "GUESTS": marked_as_assumed(str(found.guests), found.doubt("guests")),
    }
    start, end = (at.astimezone(ZoneInfo(found.zone)) for at in (found.start, found.end))
    days = (end.date() - start.date()).days
    when = fit(lived(found.start, found.end, now, believed=believed), _WHEN[1])
    starts, ends = begins_there(found.start, found.zone, now), f"{end:%H:%M}" + (f"+{days}" if days else "")
    # Ten days and more need a cell, which a start without its year has left.
    over = max(len(ends) - _ENDS[1], 0)
    columns = cells(
        (starts, max(_STARTS[1] - over, len(starts))),
        (ends, _ENDS[1] + over),
        (place_of(found.zone), _PLACE[1]),
        *((words[title], width) for title, width in shape.value),
    )
    # The sign is about the times behind it, and takes the blank before them.
    return f"{when}{CONFLICT_SIGN if listed.conflict else ' '}{columns:<{_BEFORE_REFERENCE}} {clean(found.reference)}"


def page_notes(rows: Sequence[ListedWedding], shape: Shape) -> Iterator[str]:
    """Yield what the signs in lines mean, and of which weddings something is assumed that has no column."""
    if any(each.conflict for each in rows):
        yield CONFLICT_NOTE
        yield f"  {CONFLICT_HINT}"
    shown = {"culture", "guests"}.difference(shape.hidden)
    if any(each.wedding.doubt(field) for each in rows for field in shown):
        yield ASSUMED_NOTE
    for field in shape.hidden:
        assumed = list(dict.fromkeys(clean(each.wedding.reference) for each in rows if each.wedding.doubt(field)))
        if not assumed:
            continue
        more = f" and {len(assumed) - CONFLICTS_NAMED:,} more" if len(assumed) > CONFLICTS_NAMED else ""
        have = "has" if field == "culture" else "have"
        named = ", ".join(assumed[:CONFLICTS_NAMED])
        yield f"the {field}, which {have} no column here, {'is' if have == 'has' else 'are'} assumed of {named}{more}"


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
        "assumed": {each.of: each.why for each in found.assumed},
        "load": standard_number(found.load),
        "live": found.start <= now < found.end,
        "conflict": list(listed.conflict),
    }


def view_lines(listed: ListedWedding, source: SourceFacts | None, now: datetime) -> Iterator[str]:
    """Yield all that is known of one row of a wedding, and how old that is by its source."""
    found = listed.wedding
    zone = ZoneInfo(found.zone)
    live = found.start <= now < found.end
    read = age(source.read_at if source else None, now)
    read = f"{'never read' if read == 'never' else f'read {read}'}{'' if read in _NO_AGES else ' ago'}"
    fresh = source is not None and source.is_fresh(now)
    mark = "" if not live else "  LIVE" if fresh else "  (LIVE)"
    yield f"{clean(found.reference)}  from {listed.source}, {'' if fresh else 'STALE, '}{read}{mark}"
    venue = f"{found.venue or 'not said'}{f' ({found.venue_kind})' if found.venue_kind else ''}"
    yield f"  venue    {clean(venue)}"
    start, end = found.start.astimezone(zone), found.end.astimezone(zone)
    moved = {field: found.moved_words(field) for field in ("start", "end")}
    utc = f"{found.start:%Y-%m-%d %H:%M} UTC"
    yield f"  start    {start:%a %Y-%m-%d %H:%M %Z} in {found.zone} ({utc}){moved['start']}"
    # The day on which it begins as well is not said twice.
    day = "" if start.date() == end.date() else f"{end:%a %Y-%m-%d} "
    after = duration(found.end - found.start)
    utc = f"{found.end:%Y-%m-%d %H:%M} UTC"
    yield f"  end      {day}{end:%H:%M %Z} in {found.zone} ({utc}), after {after}{moved['end']}"
    other = f" ({others_words()})" if found.culture == OTHER else ""
    yield f"  culture  {found.culture_words}{other}"
    yield f"  guests   {found.guests_words}"
    yield f"  load     {weighed(found.load)}"


def effect_lines(listed: ListedWedding, calendar: CalendarFacts, now: datetime) -> Iterator[str]:
    """Yield what one row of a wedding does, by the weddings known around it."""
    yield f"  adds     {adds_words(listed.wedding, calendar, now).removeprefix('adds ')}"
    for number, words in enumerate(freezes_words(listed.wedding, calendar, now)):
        yield f"  {'' if number else 'freezes':<7}  {words}"


def effect_json(listed: ListedWedding, calendar: CalendarFacts, now: datetime) -> dict[str, Any]:
    """Return the same as JSON-ready values; the peak is of the load of all while it is live, in standard weddings."""
    found = listed.wedding
    peak = peak_of(found, calendar)
    return {
        "peak_load": standard_number(peak.load),
        "peak_at": iso(peak.at),
        "freezes": list(freezes_words(found, calendar, now)),
    }


def unusable_lines(reference: str, sources: Iterable[SourceFacts], *, known: bool) -> Iterator[str]:
    """Yield, of each source with rows that cannot be used, that one of them may be about a wedding.

    Which references such rows name is not kept: where columns have shifted it may be the name of a person.

    Args:
        reference: of the wedding that is asked about.
        sources: those that may name it.
        known: whether anything is known of it; then that may be older than a row which could not be used.
    """
    for source in sources:
        rejected = unusable_rows(source)
        if rejected is None:
            continue
        one = "it is" if source.rejected == 1 else "one of them is"
        then = "what stands here is how it was before" if known else "it was left out because of that"
        yield (
            f"{rejected}, and which weddings they are about is not kept: if {one} about {clean(reference)}, {then}; "
            "lines and reasons: `wedtui weddings sources`"
        )


def source_json(
    details: SourceDetails, now: datetime, conflicts: Conflicts = NO_CONFLICTS, *, most: int | None = None
) -> dict[str, Any]:
    """Return a source as JSON-ready values.

    Args:
        details: what is known of it.
        now: an aware instant.
        conflicts: as `CacheReader.wedding_conflicts` counts them.
        most: so many of the weddings that a questioned reading loses or moves; None: all that are kept.
    """
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
        "questioned_at": iso(facts.questioned_at),
        "missing": [missing_json(each) for each in details.missing[:most]],
        "missing_in_all": details.missing_in_all,
        "accept_next": details.accept_next,
        "dropped_at": iso(facts.dropped_at),
        "rows": facts.weddings,
        "rejected": facts.rejected,
        "examples": list(facts.examples),
        "notes": list(details.notes),
        "unknown_cultures": details.unknown_cultures,
        "unknown_kinds": details.unknown_kinds,
        "repeated": details.repeated,
        "kept": details.kept,
        "conflicts": conflicts.weddings,
        "conflict_references": list(conflicts.references),
    }


def source_lines(
    details: SourceDetails, now: datetime, conflicts: Conflicts = NO_CONFLICTS, *, most: int | None = MISSING_SHOWN
) -> Iterator[str]:
    """Yield a source: how old, how many, what is wrong; arguments as those of `source_json`."""
    facts = details.facts
    state = "fresh" if facts.is_fresh(now) else "never read" if facts.read_at is None else "STALE"
    state = ("QUESTIONED, never read" if facts.read_at is None else "QUESTIONED") if facts.questioned else state
    # What was never read has no number, unless it is at another place than that where these were read.
    number = f", {counted(facts.weddings, 'row')}" if facts.read_at is not None or facts.weddings else ""
    read = "" if facts.read_at is None else f", read {age(facts.read_at, now)} ago"
    if facts.problem and state == "fresh":
        state = f"fresh, but the newest attempt FAILED{_how_long_ago(facts.attempted_at, now)}"
        read += f", stale from {facts.stale_from:%Y-%m-%d %H:%M} UTC"
    # The file that is there now may have other lines.
    of = f" {of_reading(facts)}" if of_reading(facts) else ""
    yield f"{facts.name} ({facts.kind}): {state}{number}{read}"
    yield f"  {'at ' if facts.interval else ''}{details.place}"
    if facts.problem:
        yield f"  {facts.problem}"
    if facts.questioned:
        yield from (f"  {line}" for line in missing_lines(details, most=most))
    if (dropped := dropped_source(facts)) is not None:
        yield f"  {dropped}"
    if details.accept_next and not facts.questioned:
        yield f"  its loss was accepted: {awaited(facts)}"
    if facts.rejected:
        yield f"  {counted(facts.rejected, 'row')} cannot be used{of}"
        yield from (f"    {example}" for example in facts.examples)
    yield from (f"  {sentence}" for sentence in details.odd.values())
    if conflicts.weddings:
        yield f"  {conflicts.words}"
        yield f"    {clean(conflicts.hint)}"
    if details.notes:
        yield f"  rows that count as other than they say, such as{f',{of}' if of else ''}:"
        yield from (f"    {note}" for note in details.notes)


def _how_long_ago(at: datetime | None, now: datetime) -> str:
    return "" if at is None or at > now else f" {age(at, now)} ago"


def missing_lines(details: SourceDetails, *, most: int | None = MISSING_SHOWN) -> Iterator[str]:
    """Yield since when a source is in question, which weddings its newest reading loses or moves, and what settles it.

    Args:
        details: of a source that is questioned.
        most: so many of them; None: all that are kept.
    """
    facts = details.facts
    since = f"since {facts.questioned_at:%Y-%m-%d %H:%M} UTC, " if facts.questioned_at is not None else ""
    counts = "what was read before counts" if facts.read_at is not None else "it was never taken"
    if facts.accepted:
        yield f"in question {since}and {counts}; {mending(facts)}"
    else:
        yield f"in question {since}and {counts}: look, then repair the source, or"
        yield f"  `wedtui weddings accept {shlex.quote(facts.name)}` takes its next reading, if it loses no more"
    if not details.missing:
        # Of what a former program questioned it is not kept; and what loses too little by itself may lose nothing.
        yield "which weddings it loses is not known here: the next reading of the source says it"
        return
    yield f"it would lose, move or make lighter {counted(details.missing_in_all, 'row')}, the soonest first:"
    shown = details.missing[:most]
    for each in shown:
        yield f"  {missing_line(each)}"
    kept, rest = len(details.missing), details.missing_in_all - len(shown)
    if rest:
        how = f"`wedtui weddings sources --all` lists {'them' if kept == details.missing_in_all else f'{kept:,}'}"
        yield f"  and {rest:,} more" + (f": {how}" if len(shown) < kept else ", which are not kept one by one")


def missing_line(missing: Missing) -> str:
    """Return which wedding a questioned reading loses, and what it names instead, on the walls of the venues."""
    was = _placed(missing.zone, missing.starts_at, missing.ends_at)
    line = f"{clean(missing.reference)}  {was}, load {standard(missing.load)}"
    if missing.zone_after is None or missing.starts_after is None or missing.ends_after is None:
        return f"{line}: NOT NAMED any more"
    instead = _placed(missing.zone_after, missing.starts_after, missing.ends_after)
    then = [instead] if instead != was else []
    if missing.load_after is not None and missing.load_after != missing.load:
        then.append(f"load {standard(missing.load_after)}")
    return f"{line}: NOW {', '.join(then) or 'the same'}"


def _placed(zone: str, starts_at: int, ends_at: int) -> str:
    start, end = (from_microseconds(at).astimezone(ZoneInfo(zone)) for at in (starts_at, ends_at))
    day = "" if start.date() == end.date() else f"{end:%Y-%m-%d} "
    return f"{start:%a %Y-%m-%d %H:%M} to {day}{end:%H:%M} {place_of(zone)}"


def missing_json(missing: Missing) -> dict[str, Any]:
    """Return the same as JSON-ready values; `instead` is null where it is not named any more."""
    instead: dict[str, Any] | None = None
    if missing.starts_after is not None and missing.ends_after is not None and missing.load_after is not None:
        after = (missing.starts_after, missing.ends_after, missing.load_after)
        instead = {"zone": missing.zone_after, **_times_json(*after)}
    before = (missing.starts_at, missing.ends_at, missing.load)
    return {"reference": missing.reference, "zone": missing.zone, **_times_json(*before), "instead": instead}


def _times_json(starts_at: int, ends_at: int, load: int) -> dict[str, Any]:
    start, end = from_microseconds(starts_at), from_microseconds(ends_at)
    return {"start": iso(start), "end": iso(end), "load": standard_number(load)}


def load_json(steps: Steps, start: datetime, end: datetime) -> dict[str, object]:
    """Return the step function in [start, end), and its peak; the first step is at `start`."""
    found = list(steps.steps(start, end))
    return {"peak": step_json(highest_of(found)), "steps": [step_json(step) for step in found]}


def nothing_json() -> dict[str, object]:
    """Return what `load_json` does where no source was ever read: no number, not even a zero."""
    return {"peak": None, "steps": []}


def load_lines(name: str, steps: Steps, start: datetime, end: datetime) -> Iterator[str]:
    """Yield the same in words, one line a step."""
    found = list(steps.steps(start, end))
    of = f" of {name}" if name else ""
    for step in found:
        number, _, thing = counted(step.weddings, "wedding").partition(" ")
        yield f"{step.at:%a %Y-%m-%d %H:%M:%S}Z  {in_column(step.load):>10}  {number:>7} {thing}{of}"
    highest = highest_of(found)
    yield f"peak{of} {standard(highest.load)} at {highest.at:%a %Y-%m-%d %H:%M:%S}Z"


def highest_of(steps: list[Step]) -> Step:
    """Return the step with the highest load, the first of several."""
    return max(steps, key=lambda step: step.load)


def step_json(step: Step) -> dict[str, object]:
    """Return a step; its load in standard weddings."""
    return {"at": iso(step.at), "load": standard_number(step.load), "weddings": step.weddings}
