"""Reading the calendar of weddings: its steps, its sources, pages of it, one wedding, and who is live.

What several sources name by one reference, one start and one end is one wedding; it weighs what the heaviest of them
says. Load and number are one sweep over all rows (`core.load`).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from wedtui.cache.shapes import WEDDING, WEDDING_SOURCE
from wedtui.core.calendar import AHEAD, OUTSIZED_KEPT, CalendarFacts, Outsized, SourceFacts, horizon
from wedtui.core.calendar_query import (
    CONFLICTS_NAMED,
    MOST_ROWS,
    Conflicts,
    ListedWedding,
    LiveBreakdown,
    LivePart,
    SourceDetails,
    WeddingPage,
    WeddingQuery,
)
from wedtui.core.freeze_windows import shifted
from wedtui.core.load import NO_STEPS, WEIGHT_OF_A_UNIT, Steps, sweep
from wedtui.core.wedding import Assumed, Wedding
from wedtui.core.wedding_loss import Missing
from wedtui.core.wedding_rows import LONGEST, MOST_GUESTS
from wedtui.errors import ConfigurationError
from wedtui.store.instants import from_microseconds, to_microseconds
from wedtui.store.snapshot import Snapshot

# A wall clock of 14 days may take an hour or two more where it is set back.
_REACH = LONGEST + timedelta(days=1)
_GENERATION = "SELECT generation FROM wedding_calendar"
# Row by row: a database needs three times as long to add them up as a sweep needs with the reading of them.
_ROWS = f"""
SELECT zone, reference, starts_at, ends_at, load * {WEIGHT_OF_A_UNIT} + 1 FROM wedding
WHERE starts_at > ? AND starts_at < ? AND ends_at > ?
"""  # noqa: S608
LOAD_PARTS = {"zone": "zone", "culture": "culture"}
"""What load can be summed by, and the column of it."""
_OUTSIZED = """
SELECT reference, starts_at, ends_at, max(load) FROM wedding
WHERE starts_at > ? AND starts_at < ? AND ends_at > ? AND guests = ? AND assumed LIKE ?
GROUP BY reference, starts_at, ends_at ORDER BY 4 DESC, 2, 1 LIMIT ?
"""
_OUTSIZED_COUNT = """
SELECT count(*) FROM (SELECT 1 FROM wedding
    WHERE starts_at > ? AND starts_at < ? AND ends_at > ? AND guests = ? AND assumed LIKE ?
    GROUP BY reference, starts_at, ends_at) AS outsized
"""
_TOO_MANY = (MOST_GUESTS, f"%{Assumed.GUESTS_TOO_MANY}%")
_ZONES = "SELECT DISTINCT zone FROM wedding"
_KINDS = "SELECT DISTINCT venue_kind FROM wedding WHERE venue_kind <> '' ORDER BY 1"
_FIRST = "SELECT min(starts_at) FROM wedding"
_NEXT = "SELECT min(starts_at) FROM wedding WHERE starts_at >= ?"
_LIVE = """
WITH one AS (
    SELECT reference, starts_at, ends_at, min(culture) AS culture, min(venue_kind) AS venue_kind, min(zone) AS zone,
        max(load) AS load
    FROM wedding WHERE starts_at <= :now AND starts_at > :earliest AND ends_at > :now
    GROUP BY reference, starts_at, ends_at
)
"""
_SEVERAL = """
FROM (SELECT reference FROM wedding WHERE {where} GROUP BY reference HAVING count(*) > 1) AS several
JOIN wedding a ON a.reference = several.reference
JOIN wedding b ON b.reference = a.reference AND b.starts_at < a.ends_at AND a.starts_at < b.ends_at
WHERE (b.starts_at <> a.starts_at OR b.ends_at <> a.ends_at)
"""
# Of rows that begin from one instant to another; others of the same reference may begin at any time.
_AT_ODDS = """
SELECT DISTINCT a.reference, a.starts_at, a.ends_at, b.source FROM wedding a
JOIN wedding b ON b.reference = a.reference AND b.starts_at < a.ends_at AND a.starts_at < b.ends_at
WHERE a.starts_at >= ? AND a.starts_at <= ? AND a.reference IN ({marks})
    AND (b.starts_at <> a.starts_at OR b.ends_at <> a.ends_at)
"""
_PARTS = ("culture", "venue_kind", "zone")
_ORDER = "starts_at, source, reference"
_BACKWARDS = "starts_at DESC, source DESC, reference DESC"


class CalendarMemory:
    """Keeps the steps until the calendar or the time asked about is another: making them takes longer than a picture.

    The time that is read (`core.calendar.horizon`) moves once a day.
    """

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._zones_of: tuple[int, int] = (-1, -1)
        self._zones: tuple[str, ...] = ()
        self._known = CalendarFacts()
        self._conflicts_of: tuple[object, ...] = ()
        self._conflicts: dict[str, Conflicts] = {}

    def read(self, snapshot: Snapshot, opened: int, start: datetime, end: datetime) -> CalendarFacts:
        """Return the calendar.

        Args:
            snapshot: one state of the cache.
            opened: how many times it was opened: of another file the numbers mean something else.
            start: the first instant that is asked about.
            end: the last one.
        """
        sources = tuple(_facts(row) for row in snapshot.rows(WEDDING_SOURCE, "ORDER BY name"))
        generation = generation_of(snapshot)
        first, last = horizon(start, end)
        if (opened, generation, first, last) != self._of:
            if (opened, generation) != self._zones_of:
                self._zones = tuple(sorted(zone for (zone,) in snapshot.values(_ZONES)))
                self._zones_of = opened, generation
            steps, zones = read_steps(snapshot, first, last)
            following = snapshot.scalar(_NEXT, to_microseconds(last))
            begins = snapshot.scalar(_FIRST)
            outsized = read_outsized(snapshot, first, last)
            full = len(outsized) == OUTSIZED_KEPT
            more = count_outsized(snapshot, first, last) - OUTSIZED_KEPT if full else 0
            self._known = CalendarFacts(
                (),
                steps,
                {zone: zones.get(zone, NO_STEPS) for zone in self._zones},
                generation,
                first,
                None if following is None else from_microseconds(following),
                None if begins is None else from_microseconds(begins),
                outsized,
                more,
            )
            self._of = opened, generation, first, last
        return replace(self._known, sources=sources)

    def conflicts(self, snapshot: Snapshot, opened: int, now: datetime) -> dict[str, Conflicts]:
        """Return what `read_conflicts` does of what is live or begins soon; looked for anew once an hour."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        of = (opened, generation_of(snapshot), hour)
        if of != self._conflicts_of:
            self._conflicts, self._conflicts_of = read_conflicts(snapshot, hour), of
        return self._conflicts


def generation_of(snapshot: Snapshot) -> int:
    """Return the number that changes with the calendar."""
    return int(snapshot.scalar(_GENERATION) or 0)


def read_steps(snapshot: Snapshot, start: datetime, end: datetime) -> tuple[Steps, dict[str, Steps]]:
    """Return load and number of the weddings that touch [start, end), of all and of those of each zone.

    What began before and still runs is whole, and so is what goes on afterwards.
    """
    return sweep(snapshot.values(_ROWS, *_touching(start, end)))


def read_outsized(snapshot: Snapshot, start: datetime, end: datetime) -> tuple[Outsized, ...]:
    """Return the weddings that touch [start, end) and have more guests than are counted, the heaviest first."""
    return tuple(
        Outsized(reference, from_microseconds(starts_at), from_microseconds(ends_at), int(load))
        for reference, starts_at, ends_at, load in snapshot.values(
            _OUTSIZED, *_touching(start, end), *_TOO_MANY, OUTSIZED_KEPT
        )
    )


def count_outsized(snapshot: Snapshot, start: datetime, end: datetime) -> int:
    """Return how many those are."""
    return int(snapshot.scalar(_OUTSIZED_COUNT, *_touching(start, end), *_TOO_MANY))


def read_load(
    snapshot: Snapshot, start: datetime, end: datetime, *, by: str, zone: str | None = None, culture: str | None = None
) -> tuple[Steps, dict[str, Steps]]:
    """Return load and number of the weddings that touch [start, end), of all and of each part.

    Args:
        snapshot: one state of the cache.
        start: an aware instant.
        end: an aware instant.
        by: one of `LOAD_PARTS`.
        zone: only of venues in this one.
        culture: only of this one.

    Raises:
        KeyError: `by` is none of them, which is a mistake of ours.
    """
    statement, parameters = _ROWS.replace("zone,", f"{LOAD_PARTS[by]},", 1), list[object](_touching(start, end))
    for column, value in (("zone", zone), ("culture", culture)):
        if value is not None:
            statement += f" AND {column} = ?"
            parameters.append(value)
    return sweep(snapshot.values(statement, *parameters))


def _touching(start: datetime, end: datetime) -> tuple[int, int, int]:
    """Return the parameters of a question for what touches [start, end): nothing lasts longer than `LONGEST`."""
    return to_microseconds(shifted(start, -_REACH)), to_microseconds(end), to_microseconds(start)


def read_sources(snapshot: Snapshot) -> tuple[SourceDetails, ...]:
    """Return every source in the order of the configuration."""
    return tuple(
        SourceDetails(
            facts=_facts(row),
            place=row.place,
            unknown_cultures=row.unknown_cultures,
            unknown_kinds=row.unknown_kinds,
            repeated=row.repeated,
            kept=row.kept,
            accept_next=row.accept_next,
            missing=tuple(Missing(*each) for each in row.missing.get("rows", ())),
            missing_in_all=row.missing.get("total", 0),
            notes=tuple(row.notes),
        )
        for row in snapshot.rows(WEDDING_SOURCE, "ORDER BY position, name")
    )


def read_conflicts(snapshot: Snapshot, around: datetime | None = None) -> dict[str, Conflicts]:
    """Return source -> its weddings that have, there or elsewhere, times that overlap and differ.

    Where two sources name millions it takes seconds. Times that do not overlap are several days of one wedding.

    Args:
        snapshot: one state of the cache.
        around: only of those that are not over at this aware instant, or begin within `core.calendar.AHEAD`.
    """
    where, parameters = "1 = 1", list[object]()
    if around is not None:
        where, parameters = "starts_at > ? AND starts_at < ? AND ends_at > ?", [*_touching(around, around + AHEAD)]
    several = _SEVERAL.format(where=where)
    numbers = snapshot.values(f"SELECT a.source, count(DISTINCT a.reference) {several} GROUP BY a.source", *parameters)
    named = f"SELECT DISTINCT a.reference {several} AND a.source = ? ORDER BY a.reference LIMIT {CONFLICTS_NAMED}"
    return {
        source: Conflicts(int(count), tuple(reference for (reference,) in snapshot.values(named, *parameters, source)))
        for source, count in tuple(numbers)
    }


def read_live(snapshot: Snapshot, now: datetime) -> LiveBreakdown:
    """Return who is live at an instant, by culture, kind of venue and zone."""
    present, earliest = to_microseconds(now), to_microseconds(shifted(now, -_REACH))
    parts = {}
    for part in _PARTS:
        statement = (
            f"{_LIVE} SELECT {part}, count(DISTINCT reference), sum(load) FROM one "  # noqa: S608
            f"GROUP BY {part} ORDER BY 3 DESC, 1"
        )
        rows = snapshot.named(statement, {"now": present, "earliest": earliest})
        parts[f"by_{part}"] = tuple(LivePart(name, count, int(load)) for name, count, load in rows)
    return LiveBreakdown(**parts)


def read_weddings(snapshot: Snapshot, query: WeddingQuery) -> WeddingPage:
    """Return one page of weddings by start.

    Raises:
        ConfigurationError: `after` or `before` is not what a page gave.
    """
    where, parameters = _where(query)
    total = _count(snapshot, where, parameters)
    limit = min(max(query.limit, 1), MOST_ROWS)
    if query.before is not None:
        found = snapshot.rows(
            WEDDING,
            f"WHERE {where} AND ({_ORDER}) < (?, ?, ?) ORDER BY {_BACKWARDS} LIMIT ?",
            *(*parameters, *_place_after(query.before), limit),
        )
        shown = list(reversed(found))
        following = _token(shown[-1]) if shown else None
    else:
        beyond, place, skip = "", list[object](), 0
        if query.after is not None:
            beyond, place = f" AND ({_ORDER}) > (?, ?, ?)", _place_after(query.after)
        elif query.reaching is not None:
            skip = _over_before(snapshot, where, parameters, query.reaching) // limit * limit
        rows = snapshot.rows(
            WEDDING,
            f"WHERE {where}{beyond} ORDER BY {_ORDER} LIMIT ? OFFSET ?",
            *(*parameters, *place, limit + 1, skip),
        )
        shown = rows[:limit]
        following = _token(shown[-1]) if len(rows) > limit else None
    page = WeddingPage(_listed(snapshot, shown), following, total)
    if query.reaching is None or not shown:
        return page
    first = _token(shown[0])
    skipped = _count(snapshot, f"{where} AND ({_ORDER}) < (?, ?, ?)", [*parameters, *_place_after(first)])
    return replace(page, skipped=skipped, previous=first if skipped else None)


def _count(snapshot: Snapshot, where: str, parameters: Sequence[object]) -> int:
    return int(snapshot.scalar(f"SELECT count(*) FROM wedding WHERE {where}", *parameters))  # noqa: S608


def _over_before(snapshot: Snapshot, where: str, parameters: Sequence[object], now: datetime) -> int:
    """Return how many rows stand before the first that is not over; where all are, before the last."""
    first = snapshot.rows(
        WEDDING, f"WHERE {where} AND ends_at > ? ORDER BY {_ORDER} LIMIT 1", *parameters, to_microseconds(now)
    )
    if not first:
        return max(_count(snapshot, where, parameters) - 1, 0)
    return _count(snapshot, f"{where} AND ({_ORDER}) < (?, ?, ?)", [*parameters, *_place_after(_token(first[0]))])


def read_venue_kinds(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the kinds of venues that weddings have, by name."""
    return tuple(kind for (kind,) in snapshot.values(_KINDS))


def read_wedding(snapshot: Snapshot, reference: str) -> tuple[ListedWedding, ...]:
    """Return every row of a reference, by start: its days, and each source that names them."""
    return _listed(snapshot, snapshot.rows(WEDDING, f"WHERE reference = ? ORDER BY {_ORDER}", reference))


def _where(query: WeddingQuery) -> tuple[str, list[object]]:
    narrow, parameters = ["1 = 1"], list[object]()
    for column in ("source", "zone", "culture", "venue_kind"):
        value = getattr(query, column)
        if value is not None:
            narrow.append(f"{column} = ?")
            parameters.append(value)
    if query.overlaps_from is not None:
        # Nothing lasts longer than that, and the index is by start.
        narrow += ["ends_at > ?", "starts_at > ?"]
        parameters += [to_microseconds(query.overlaps_from), to_microseconds(shifted(query.overlaps_from, -_REACH))]
    if query.overlaps_to is not None:
        narrow.append("starts_at < ?")
        parameters.append(to_microseconds(query.overlaps_to))
    return " AND ".join(narrow), parameters


def _token(row: Any) -> str:
    place = [to_microseconds(row.starts_at), row.source, row.reference]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _place_after(token: str) -> list[object]:
    refused = ConfigurationError("expected what the page before named as the next one: ask for the first page again")
    try:
        value: object = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise refused from None
    if not isinstance(value, list) or [type(each) for each in value] != [int, str, str]:
        raise refused
    return value


def _listed(snapshot: Snapshot, rows: Sequence[Any]) -> tuple[ListedWedding, ...]:
    """Return rows, which are in the order of their starts, each with who contradicts it."""
    others = _at_odds(snapshot, rows)
    found = []
    for row in rows:
        named = others.get((row.reference, row.starts_at, row.ends_at))
        found.append(ListedWedding(row.source, _wedding(row), tuple(sorted({row.source, *named})) if named else ()))
    return tuple(found)


def _at_odds(snapshot: Snapshot, rows: Sequence[Any]) -> dict[tuple[object, ...], set[str]]:
    """Return reference, start and end of a row -> the sources that name it at other times that overlap."""
    found: dict[tuple[object, ...], set[str]] = {}
    if not rows:
        return found
    references = sorted({row.reference for row in rows})
    statement = _AT_ODDS.format(marks=", ".join("?" * len(references)))
    first, last = (to_microseconds(row.starts_at) for row in (rows[0], rows[-1]))
    for reference, start, end, source in snapshot.values(statement, first, last, *references):
        found.setdefault((reference, from_microseconds(start), from_microseconds(end)), set()).add(source)
    return found


def _wedding(row: Any) -> Wedding:
    return Wedding(
        reference=row.reference,
        venue=row.venue,
        venue_kind=row.venue_kind,
        zone=row.zone,
        start=row.starts_at,
        end=row.ends_at,
        culture=row.culture,
        guests=row.guests,
        assumed=tuple(map(Assumed, filter(None, (row.assumed or "").split(",")))),
    )


def _facts(row: Any) -> SourceFacts:
    return SourceFacts(
        name=row.name,
        kind=row.kind,
        read_at=row.read_at,
        attempted_at=row.attempted_at,
        problem=row.problem,
        questioned=row.questioned,
        questioned_at=row.questioned_at,
        accepted=row.accept_next,
        weddings=row.weddings,
        rejected=row.rejected,
        examples=tuple(row.examples),
        interval=None if row.interval_s is None else timedelta(seconds=row.interval_s),
        max_age=timedelta(seconds=row.max_age_s),
        dropped_at=row.dropped_at,
    )
