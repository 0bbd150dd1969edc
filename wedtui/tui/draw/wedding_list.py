"""Weddings by page, and one of them in full: on the wall clock of each venue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from wedtui.core.calendar import CalendarFacts, Freshness, SourceFacts
from wedtui.core.calendar_query import (
    CONFLICT_HINT,
    CONFLICT_NOTE,
    CONFLICT_SIGN,
    ListedWedding,
    WeddingPage,
    conflicting,
)
from wedtui.core.wedding import (
    ASSUMED_NOTE,
    CULTURES,
    OTHER_AT_MOST,
    OTHER_WEIGHT,
    Wedding,
    in_column,
    marked_as_assumed,
    standard,
    weighed,
)
from wedtui.core.wedding_effect import adds_words, clock_of, freezes_words
from wedtui.core.wording import (
    age,
    begins_there,
    begins_there_briefly,
    duration,
    hour_there,
    lived,
    zone_clock,
)
from wedtui.core.wording import listed as listed_words
from wedtui.core.zones import is_readable, place_of
from wedtui.tui.board import Board, WeddingsTold
from wedtui.tui.clipboard import Subject
from wedtui.tui.draw.wedding_words import belief, calendar_age
from wedtui.tui.rows import Row
from wedtui.tui.spans import Line, Role, Span, fit, rule, wrap

_WHEN, _STARTS = "● LIVE / WHEN", "STARTS THERE"
# Of another year, and of which day of the week; where there is less room it is one or the other.
_FULL_STARTS, _ROOMY = 16, 88
# Title, cells (negative: at the right of them), and the width from which on there is room for it.
_COLUMNS = (
    (_WHEN, 13, 0),
    # Rows are by their starts; wall clocks of several zones look as if in no order, unless they are said to be that.
    (_STARTS, 12, 0),
    ("ENDS", 8, 0),
    ("PLACE", 12, 0),
    ("CULTURE", 8, 0),
    ("GUESTS", -6, 88),
    ("LOAD", -5, 0),
    ("KIND", 12, 104),
    ("SOURCE", 12, 116),
    ("VENUE", 28, 150),
)
_NARROWEST = 8


def wedding_key(listed: ListedWedding) -> str:
    """Return the identity of a row."""
    return "\t".join((listed.source, listed.wedding.reference, listed.wedding.start.isoformat()))


def page_rows(board: Board, told: WeddingsTold | None, width: int) -> tuple[Row, ...]:
    """Return a page of weddings, each on the clock of its venue."""
    if told is None:
        return (Row(((" reading the cache…", Role.MUTED),)),)
    page = told.answer
    if not isinstance(page, WeddingPage):
        return tuple(Row(line) for line in wrap(told.problem or "", width, Role.DEGRADED, indent=" "))
    doubts = [Row(line) for line in _doubts(board, width)]
    if not page.rows:
        return (Row(((" no wedding is known here", Role.MUTED),)), *doubts)
    rows = [Row(_wedding(board, each, width), wedding_key(each)) for each in page.rows]
    if any(each.conflict for each in page.rows):
        rows += [Row(line) for line in wrap(f"{CONFLICT_NOTE}: {CONFLICT_HINT}", width, Role.DEGRADED, indent=" ")]
    if any(each.wedding.weight_doubt for each in page.rows):
        rows += [Row(line) for line in wrap(ASSUMED_NOTE, width, Role.MUTED, indent=" ")]
    return (*doubts, *rows)


def page_titles(told: WeddingsTold | None, width: int) -> tuple[Line, ...]:
    """Return the titles of a page's columns; none where it has no rows."""
    if told is None or not isinstance(told.answer, WeddingPage) or not told.answer.rows:
        return ()
    return (_cells([((title, Role.MUTED), size) for title, size in _sizes(width)]),)


def page_note(board: Board, told: WeddingsTold | None) -> Line:
    """Return which of how many are shown and how old the calendar is."""
    role = Role.MUTED if belief(board) is Freshness.FRESH else Role.STALE
    aged: Line = ((calendar_age(board).removeprefix("calendar "), role),)
    page = told.answer if told else None
    if not isinstance(page, WeddingPage) or not page.rows:
        return aged
    last = page.skipped + len(page.rows)
    which = f"{page.skipped + 1:,}–{last:,} of {max(page.total, last):,}"
    return (which, Role.ACCENT), (" by start · ", Role.MUTED), *aged


def _doubts(board: Board, width: int) -> list[Line]:
    """Say where weddings may be missing."""
    if board.picture is None or belief(board) is Freshness.FRESH:
        return []
    if belief(board) is Freshness.MISSING:
        text = "no source of weddings is configured: name one in [[weddings.sources]]"
    else:
        text = f"{calendar_age(board)}: some may be missing, some may have moved"
    return wrap(text, width, Role.DEGRADED, indent=" ")


def _sizes(width: int) -> list[tuple[str, int]]:
    columns = [(title, size) for title, size, from_width in _COLUMNS if width >= from_width]
    if width >= _ROOMY:
        columns = [(title, _FULL_STARTS if title == _STARTS else size) for title, size in columns]
    taken = 1 + sum(abs(size) + 1 for _, size in columns)
    return [*columns, ("REFERENCE", max(width - taken, _NARROWEST))]


def _cells(cells: list[tuple[Span, int]]) -> Line:
    line: list[Span] = [(" ", Role.TEXT)]
    for (words, role), size in cells:
        line += [(fit(words, abs(size), right=size < 0), role), (" ", Role.TEXT)]
    return tuple(line[:-1])


def _wedding(board: Board, listed: ListedWedding, width: int) -> Line:
    found = listed.wedding
    start, end = _local(found.start, found.zone), _local(found.end, found.zone)
    days = (end.date() - start.date()).days
    starts = begins_there if width >= _ROOMY else begins_there_briefly
    values: dict[str, Span] = {
        _WHEN: _when(found, board),
        _STARTS: (starts(found.start, clock_of(found), board.now), Role.TEXT),
        "ENDS": (f"{end:%H:%M}" + (f"+{days}" if days else ""), Role.TEXT),
        "PLACE": (place_of(found.zone), Role.TEXT),
        "CULTURE": (marked_as_assumed(found.culture, found.doubt("culture")), Role.TEXT),
        "GUESTS": (marked_as_assumed(f"{found.guests}", found.doubt("guests")), Role.TEXT),
        "LOAD": (marked_as_assumed(in_column(found.load), found.weight_doubt), Role.STRONG),
        "KIND": (found.venue_kind or "–", Role.TEXT),
        "VENUE": (found.venue or "–", Role.TEXT),
        "SOURCE": (listed.source, Role.MUTED),
        "REFERENCE": (found.reference, Role.TEXT),
    }
    line = _cells([(values[title], size) for title, size in _sizes(width)])
    # The sign is about the times behind it, and takes the blank before them.
    return (*line[:2], (CONFLICT_SIGN, Role.DEGRADED), *line[3:]) if listed.conflict else line


def _when(found: Wedding, board: Board) -> Span:
    """Return how long it is still live, or until it begins, or how long it is over."""
    believed = belief(board) is Freshness.FRESH
    words = lived(found.start, found.end, board.now, believed=believed)
    if found.end <= board.now:
        return words, Role.MUTED
    if found.start > board.now:
        return words, Role.TEXT
    return words, Role.OK if believed else Role.STALE


def _local(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone) if is_readable(zone) else UTC)


def one_rows(board: Board, told: WeddingsTold | None, known: tuple[ListedWedding, ...], width: int) -> tuple[Row, ...]:
    """Return all that is known of one wedding: each of its days, and each source that names it.

    Args:
        board: what is known.
        told: the newest answer, where it has come.
        known: its rows as they were last read.
        width: cells of a row.
    """
    rows: list[Row] = []
    if told is not None and told.problem:
        rows += [Row(line) for line in wrap(told.problem, width, Role.DEGRADED, indent=" ")]
    if told is not None and told.answer == ():
        text = "no source names it any more: what stands here was known before"
        rows += [Row(line) for line in wrap(text, width, Role.DEGRADED, indent=" ")]
    rows += [Row(line) for line in _doubts(board, width)]
    rows += [Row(line) for line in _conflict(known, width)]
    calendar = board.picture.calendar if board.picture else None
    for number, listed in enumerate(known, 1):
        if len(known) > 1:
            rows.append(Row(rule(f"{number} of {len(known)} · {listed.source}", width)))
        rows += _one(board, listed, calendar, width)
    return tuple(rows)


def _conflict(known: tuple[ListedWedding, ...], width: int) -> list[Line]:
    """Say that a wedding is named at times that overlap and differ, and by whom."""
    conflict = conflicting(known)
    text = f"{_conflict_words(conflict)}; correct what is wrong"
    return wrap(text, width, Role.DEGRADED, indent=" ") if conflict else []


def _conflict_words(conflict: tuple[str, ...]) -> str:
    say = "say other times" if len(conflict) > 1 else "says times that overlap"
    return f"CONFLICT: {listed_words(conflict)} {say}: each counts in load, the wedding once"


def _one(board: Board, listed: ListedWedding, calendar: CalendarFacts | None, width: int) -> list[Row]:
    found = listed.wedding
    facts = (
        ("venue", found.venue or "not said"),
        ("venue kind", found.venue_kind or "not said"),
        ("zone", f"{found.zone}, now {_local(board.now, found.zone):%a} {hour_there(board.now, clock_of(found))}"),
        ("starts", f"{_moment(found.start, found.zone)}{found.moved_words('start')}"),
        ("ends", f"{_ending(found)}, after {duration(found.end - found.start)}{found.moved_words('end')}"),
        ("culture", found.culture_words),
        ("guests", found.guests_words),
        ("load", f"{weighed(found.load)}: {_weight(found)}"),
        ("source", _source(board, listed, calendar)),
    )
    rows = [Row(_state(board, found)), Row(())]
    for title, text in facts:
        rows += _fact(title, text, width)
    if calendar is not None:
        rows += _fact("adds", adds_words(found, calendar, board.now).removeprefix("adds "), width)
        for number, text in enumerate(freezes_words(found, calendar, board.now)):
            rows += _fact("" if number else "freezes", text, width)
    return rows


def _fact(title: str, text: str, width: int) -> Iterator[Row]:
    for i, line in enumerate(wrap(text, max(width - 14, 10))):
        yield Row(((f" {'' if i else title:<12} ", Role.MUTED), *line))


def _state(board: Board, found: Wedding) -> Line:
    now = board.now
    if found.start <= now < found.end:
        left = f"for another {duration(found.end - now)}"
        if belief(board) is Freshness.FRESH:
            return (" ", Role.TEXT), ("● LIVE", Role.OK), (f"   {left}", Role.TEXT)
        return (" ", Role.TEXT), ("(LIVE)", Role.STALE), (f"   as last known, {left}", Role.STALE)
    if found.end <= now:
        return ((f" over since {duration(now - found.end)}", Role.MUTED),)
    return (" ", Role.TEXT), (f"begins in {duration(found.start - now)}", Role.STRONG)


def _moment(at: datetime, zone: str) -> str:
    """Return an instant with its date, on the venue's wall clock and in UTC."""
    return f"{_local(at, zone):%a %Y-%m-%d} {_clock(at, zone)}"


def _clock(at: datetime, zone: str) -> str:
    """Return the same without its date there: `23:00 BST (22:00 UTC)`; UTC's day is said where it is another."""
    if not is_readable(zone):
        return f"{at:%H:%M} UTC"
    other = "" if _local(at, zone).date() == at.date() else f"{at:%a} "
    return f"{zone_clock(at, zone)} ({other}{at:%H:%M} UTC)"


def _ending(found: Wedding) -> str:
    """Return when it ends; on the day on which it begins that day is not said twice."""
    if _local(found.start, found.zone).date() == _local(found.end, found.zone).date():
        return _clock(found.end, found.zone)
    return _moment(found.end, found.zone)


def _weight(found: Wedding) -> str:
    weight = CULTURES.get(found.culture, OTHER_WEIGHT)
    most = "" if found.culture in CULTURES else f", at most {float(OTHER_AT_MOST):g}"
    return f"{float(weight.multiplier):g} x {found.guests:,} / {weight.guests} guests{most}"


def _source(board: Board, listed: ListedWedding, calendar: CalendarFacts | None) -> str:
    facts: SourceFacts | None = None
    if calendar is not None:
        facts = next((s for s in calendar.sources if s.name == listed.source), None)
    if facts is None or facts.read_at is None:
        return listed.source
    stale = "" if facts.is_fresh(board.now) and not board.frozen_picture else "STALE, "
    return f"{listed.source}, {stale}read {age(facts.read_at, board.now)} ago"


def wedding_subject(board: Board, listed: ListedWedding) -> Subject:
    """Return a wedding as a sentence that stands by itself."""
    found = listed.wedding
    live = "live now" if found.start <= board.now < found.end else "over" if found.end <= board.now else "to come"
    parts = [
        f"wedding {found.reference}",
        live if belief(board) is Freshness.FRESH else f"{live} as last known",
        f"from {_moment(found.start, found.zone)} to {_ending(found)} in {found.zone}",
        f"{marked_as_assumed(found.culture, found.doubt('culture'))}, "
        f"{marked_as_assumed(f'{found.guests:,}', found.doubt('guests'))} guests, load {standard(found.load)}",
        *([ASSUMED_NOTE] if found.weight_doubt else []),
        *([_conflict_words(listed.conflict)] if listed.conflict else []),
        f"source {_source(board, listed, board.picture.calendar if board.picture else None)}",
    ]
    parts += [board.picture.environment] if board.picture else []
    parts += ["DEMO, a made-up world"] if board.demo else []
    return Subject(f"wedding {found.reference}", ", ".join(parts))
