"""The weddings screen: who is live, what that means, today by zone, the days ahead, and where it is known from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from wedtui.core.calendar import CalendarFacts, Freshness, SourceFacts, mending, of_reading, unread
from wedtui.core.calendar_findings import source_trouble
from wedtui.core.calendar_query import LivePart, SourceDetails
from wedtui.core.picture import Picture
from wedtui.core.protection import AHEAD, THRESHOLDS, ProtectionVerdict, raise_words
from wedtui.core.protection_words import load_words, there_words, until_words
from wedtui.core.state import State, glyph
from wedtui.core.wedding import in_column, standard
from wedtui.core.wording import age, counted, duration, hour_there, short_age, wall_clock
from wedtui.core.zones import place_of, zone_names
from wedtui.tui.board import Board, Overview
from wedtui.tui.clipboard import Subject
from wedtui.tui.draw.wedding_day import (
    DAYS,
    Day,
    axis_line,
    bar_line,
    day_of,
    number_line,
    peak_within,
    strip_lines,
)
from wedtui.tui.draw.wedding_words import (
    LEVEL_ROLES,
    belief,
    calendar_age,
    is_known,
    mode_words,
    next_begin,
    then,
    who,
)
from wedtui.tui.rows import Row
from wedtui.tui.spans import Line, Role, Span, fit, length, rule, state_role, wrap

EVERYONE = "everyone"
"""The key of the row that stands for all weddings of today."""
MORE_ZONES = "more zones"
SOURCE = "source "
"""How the key of a row begins that stands for a source."""
PARTS = ("zone", "culture", "venue kind")
"""What weddings are counted by, as it stands on the screen and in the key of a row."""
LIVE = "live "
"""How the key of a row begins that stands for what is live of a part, rather than for all of today."""
NOT_SAID = "not said"
_LOOK_AHEAD = timedelta(days=400)
_BAR = 16
_NEW = timedelta(seconds=10)


class Chosen(NamedTuple):
    """What a row with weddings behind it stands for."""

    part: str
    """One of `PARTS`; empty: all weddings."""
    value: str
    live: bool
    """Whether only those that are live are meant."""


def chosen(key: str) -> Chosen | None:
    """Return what a row stands for; None for one that stands for something else."""
    if key == EVERYONE:
        return Chosen("", "", live=False)
    name = key.removeprefix(LIVE)
    for part in PARTS:
        if name.startswith(f"{part} "):
            return Chosen(part, name.removeprefix(f"{part} "), live=key.startswith(LIVE))
    return None


def weddings_note(board: Board) -> Line:
    """Return how old the calendar is, for the right end of a title."""
    role = Role.MUTED if belief(board) is Freshness.FRESH else Role.STALE
    return ((calendar_age(board), role),)


def wedding_rows(board: Board, overview: Overview | None, size: tuple[int, int], *, all_zones: bool) -> tuple[Row, ...]:
    """Return the rows of the screen.

    Args:
        board: what is known.
        overview: who is live by culture, kind of venue and zone, and the sources in full; None while it is being read.
        size: cells (width, height) that there are.
        all_zones: whether every zone of today is listed, or only the heaviest.
    """
    picture = board.picture
    if picture is None:
        return (Row(((" … reading the cache", Role.MUTED),)),)
    width, height = size
    rows = [*_summary(board, picture, width)]
    if is_known(picture.protection):
        rows += [*_today(board, picture.calendar, width, zones=_zones_shown(height, all_zones=all_zones))]
        rows += _ahead(board, picture.calendar, width)
        rows += _live(board, overview, width)
    rows += _sources(board, picture, overview, width)
    return tuple(rows)


def _zones_shown(height: int, *, all_zones: bool) -> int | None:
    """Return how many zones there is room for beside the rest; None: all."""
    return None if all_zones else max(height - 17, 4)


def _summary(board: Board, picture: Picture, width: int) -> list[Row]:
    """Return who is live and what that means: level, until when, then what, and why."""
    verdict, fresh = picture.protection, belief(board) is Freshness.FRESH
    told: list[Span] = [(" ", Role.TEXT), (who(board, picture), Role.STRONG if fresh else Role.STALE)]
    peak = load_words(verdict, board.now)
    if verdict.peak is not None and " at " in peak:
        # The bars beneath say the same moment by their own clock.
        both = f"{peak}{_here(verdict, verdict.peak.at, board.now)}"
        peak = both if length((*told, (f" · {both}", Role.TEXT))) <= width else peak
    if peak:
        told.append((f" · {peak}", Role.TEXT if fresh else Role.STALE))
    rows = [Row(tuple(told))]
    if is_known(verdict) and not verdict.live.weddings:
        rows.append(Row(((_next(board, picture), Role.MUTED),)))
    rows.append(Row(_level(board, verdict, width)))
    modes = mode_words(picture)
    if modes:
        words = next((m for m in modes if len(m) + 2 <= width), modes[-1])
        rows.append(Row(((f" {words}", Role.ACCENT),)))
    for reason in (*verdict.reasons, *_raised(verdict, board.now)):
        rows += [Row(line) for line in wrap(reason, width, Role.MUTED, indent="   ")]
    if is_known(verdict) and _two_clocks(verdict, board.now):
        text = f"TWO CLOCKS: {verdict.zone} in these sentences, {verdict.home} below"
        rows += [Row(line) for line in wrap(text, width, Role.ACCENT, indent=" ")]
    return rows


def _two_clocks(verdict: ProtectionVerdict, now: datetime) -> bool:
    """Whether sentences and bars go by clocks that differ now, or at a time that is said."""
    peak = verdict.peak.at if verdict.peak is not None else None
    said = [at for at in (now, verdict.since, verdict.until, peak) if at is not None]
    zones = ZoneInfo(verdict.zone), ZoneInfo(verdict.home)
    return any(len({at.astimezone(zone).utcoffset() for zone in zones}) > 1 for at in said)


def _level(board: Board, verdict: ProtectionVerdict, width: int) -> Line:
    """Return the level, until when, what comes then, and since when it holds where there is room for that."""
    parts = [then(verdict)] if then(verdict) else []
    if verdict.until is not None and verdict.until > board.now:
        parts.append(f"in {duration(verdict.until - board.now)}{_here(verdict, verdict.until, board.now)}")
        if verdict.zone == verdict.home and there_words(verdict):
            parts[-1] += f"{there_words(verdict)}"
    if board.frozen_picture:
        parts.append(f"as of {duration(board.lag)} ago")
    badge = f" {until_words(verdict, board.now)} "
    if verdict.since is not None:
        since = f"since {wall_clock(verdict.since, verdict.zone, board.now)}"
        if len(" · ".join([badge, *parts, since])) < width:
            parts.append(since)
    return (" ", Role.TEXT), (badge, LEVEL_ROLES[verdict.level]), (f" {' · '.join(parts)}", Role.TEXT)


def _here(verdict: ProtectionVerdict, at: datetime, now: datetime) -> str:
    """Say an instant on the clock of the bars as well, where that is another than the level's."""
    here = wall_clock(at, verdict.home, now)
    return "" if here == wall_clock(at, verdict.zone, now) else f" ({here})"


def _raised(verdict: ProtectionVerdict, now: datetime) -> Iterator[str]:
    """Yield what persons raised that does not decide the level, as the reasons say the rest, and how one is ended."""
    for each in verdict.raises:
        if each.level is not verdict.level:
            yield f"beside that: {raise_words(each, verdict.zone, now)}"
    if verdict.raises:
        yield "a raise is ended early by `wedtui protection lower ID --reason WHY`"


def _next(board: Board, picture: Picture) -> str:
    verdict = picture.protection
    begins = next_begin(picture.calendar, board.now, board.now + _LOOK_AHEAD)
    if begins is None:
        return " no wedding is known to begin"
    when = f"{wall_clock(begins, verdict.zone, board.now)}{_here(verdict, begins, board.now)}"
    return f" the next begins {when}, in {duration(begins - board.now)}"


def _today(board: Board, calendar: CalendarFacts, width: int, *, zones: int | None) -> list[Row]:
    """Return the bars of today: of all, and of the zones with most load, heaviest first; all on one scale."""
    stale = belief(board) is not Freshness.FRESH
    day = day_of(board.now, board.home, width)
    levels = threshold_words()
    here = f"{board.now.astimezone(ZoneInfo(day.zone)):%a %d %b}, {hour_there(board.now, day.zone)}"
    title = f"today, {here} by the clock of {day.zone}"
    note: Line = ((levels, Role.MUTED),) if width >= len(title) + len(levels) + 8 else ()
    rows = [Row(rule(title, width, note)), Row(axis_line(day, board.now))]
    total = calendar.steps
    highest = peak_within(total, day.start, day.end).load
    rows.append(Row(bar_line(board, day, "all zones", total, highest, stale=stale), EVERYONE))
    rows.append(Row(number_line(board, day, total, stale=stale)))
    return [*rows, *_zone_rows(board, calendar, day, zones, highest, stale=stale)]


def _zone_rows(
    board: Board, calendar: CalendarFacts, day: Day, most: int | None, highest: int, *, stale: bool
) -> list[Row]:
    peaks = {zone: peak_within(steps, day.start, day.end).load for zone, steps in calendar.zones.items()}
    busy = sorted((zone for zone, load in peaks.items() if load), key=lambda zone: (-peaks[zone], zone))
    shown = busy if most is None or len(busy) <= most else busy[: most - 1]
    names = zone_names(shown, day.name)
    rows = [
        Row(
            bar_line(board, day, names[zone], calendar.zones[zone], highest, stale=stale, own=zone),
            f"zone {zone}",
        )
        for zone in shown
    ]
    if len(shown) < len(busy):
        rows.append(Row(((f" +{len(busy) - len(shown)} more zones: Enter lists them", Role.ACCENT),), MORE_ZONES))
    if not busy:
        word = "none is known" if stale else "no wedding today"
        rows.append(Row(((f" {word}", Role.MUTED),)))
    return rows


def _ahead(board: Board, calendar: CalendarFacts, width: int) -> list[Row]:
    stale = belief(board) is not Freshness.FRESH
    note: Line = ((calendar_age(board), Role.STALE),) if stale else (("peak load of each day", Role.MUTED),)
    head = rule(f"next {DAYS} days by the clock of {place_of(board.home)}", width, note)
    return [Row(head), *(Row(line) for line in strip_lines(board, calendar.steps, width, stale=stale))]


def _live(board: Board, overview: Overview | None, width: int) -> list[Row]:
    """Return who is live, by culture, kind of venue and zone."""
    stale = belief(board) is not Freshness.FRESH
    if overview is None:
        return [Row(rule("live now", width)), Row(((" reading the cache…", Role.MUTED),))]
    if overview.live is None:
        return [
            Row(rule("live now", width)),
            *(Row(line) for line in wrap(overview.problem or "it is not known", width, Role.DEGRADED, indent=" ")),
        ]
    note: Line = ((f"{'STALE, ' if stale else ''}{_asked(board, overview)}", Role.MUTED),)
    rows = [Row(rule("live now", width, note))]
    if not overview.live.by_zone:
        return [*rows, Row(((" none is known to be live" if stale else " no wedding is live", Role.MUTED),))]
    found = overview.live
    for part, some in (("culture", found.by_culture), ("venue kind", found.by_venue_kind), ("zone", found.by_zone)):
        title = f" {part.upper():<22} {'WEDDINGS':>8} {'LOAD':>8}"
        rows.append(Row(((title, Role.MUTED),)))
        highest = max((each.load for each in some), default=0)
        rows += [_part(each, part, highest, stale=stale) for each in some]
    return rows


def _asked(board: Board, overview: Overview) -> str:
    """Say how old the answer is; one that is as new as it should be stands still."""
    new = abs(board.now - overview.at) <= _NEW
    return f"asked < {_NEW.seconds} s ago" if new else f"asked {age(overview.at, board.now)} ago"


def _part(each: LivePart, part: str, highest: int, *, stale: bool) -> Row:
    bar = "█" * max(each.load * _BAR // highest, 1) if highest and each.load else ""
    words = f" {each.weddings:>8,} {in_column(each.load):>8}"
    line: Line = (
        (f" {fit(each.name or NOT_SAID, 22)}", Role.STRONG),
        (words, Role.STALE if stale else Role.TEXT),
        (f"  {bar}", Role.STALE if stale else Role.CHART),
    )
    return Row(line, f"{LIVE}{part} {each.name}")


def source_state(source: SourceFacts, board: Board) -> Span:
    """Return how far a source can be believed, with a glyph and a word."""
    if source.read_at is None:
        return f"{glyph(State.UNKNOWN)} NEVER READ", state_role(State.UNKNOWN)
    if not source.is_fresh(board.now) or board.frozen_picture:
        return f"{glyph(State.UNKNOWN)} STALE", state_role(State.UNKNOWN)
    if source.questioned:
        return f"{glyph(State.DEGRADED)} QUESTIONED", state_role(State.DEGRADED)
    if source.problem:
        return f"{glyph(State.DEGRADED)} failed", state_role(State.DEGRADED)
    return f"{glyph(State.OK)} fresh", state_role(State.OK)


def _sources(board: Board, picture: Picture, overview: Overview | None, width: int) -> list[Row]:
    rows = [Row(rule("sources", width))]
    sources = picture.calendar.sources
    silence = unread(picture.calendar)
    if silence is not None:
        return [*rows, *(Row(line) for line in wrap(silence, width, Role.DEGRADED, indent=" "))]
    if not sources:
        text = (
            "no source of weddings is configured: name one in [[weddings.sources]], or import a file with "
            "`wedtui weddings import FILE`; until then protection goes by the date alone"
        )
        return [*rows, *(Row(line) for line in wrap(text, width, Role.DEGRADED, indent=" "))]
    titles = f" {'STATE':<13}{'SOURCE':<18}{'KIND':<11}{'READ':>5}{'TRIED':>7}{'ROWS':>8}"
    rows.append(Row(((titles, Role.MUTED),)))
    for source in sources:
        words, role = source_state(source, board)
        line: Line = (
            (" ", Role.TEXT),
            (words, role),
            (" " * (13 - len(words)), Role.TEXT),
            (f"{fit(source.name, 17)} ", Role.STRONG),
            (f"{fit(source.kind, 10)} ", Role.TEXT),
            (f"{short_age(source.read_at, board.now):>5}{short_age(source.attempted_at, board.now):>7}", Role.MUTED),
            (f"{source.weddings if source.read_at else '–':>8}", Role.TEXT),
            (f"  {source.rejected:,} rejected" if source.rejected else "", Role.DEGRADED),
        )
        rows.append(Row(line, f"{SOURCE}{source.name}"))
        trouble = source_trouble(source, board.now)
        if trouble is not None:
            rows += [Row(each) for each in wrap(trouble, width, Role.DEGRADED, indent="   ")]
        conflicts = overview.conflicts.get(source.name) if overview else None
        if conflicts is not None:
            for words in (conflicts.words, conflicts.hint):
                rows += [Row(each) for each in wrap(words, width, Role.DEGRADED, indent="   ")]
    if overview is not None and overview.problem is not None:
        rows += [Row(each) for each in wrap(overview.problem, width, Role.DEGRADED, indent=" ")]
    return rows


def source_rows(board: Board, name: str, details: SourceDetails | None, width: int) -> tuple[Row, ...]:
    """Return everything that is known of a source, a row for each fact; none can be selected."""
    calendar = board.picture.calendar if board.picture else None
    found = next((s for s in calendar.sources if s.name == name), None) if calendar else None
    if found is None:
        return (Row(((f" the source {name} is gone", Role.DEGRADED),)),)
    state, role = source_state(found, board)
    facts = [
        ("what is wrong", source_trouble(found, board.now) or ""),
        ("newest try", found.problem or ""),
        ("kind", found.kind),
        ("place", details.place if details else ""),
        ("last good", _when(board, found)),
        ("tried", f"{age(found.attempted_at, board.now)} ago" if found.attempted_at else "never"),
        ("stale from", f"{found.stale_from:%a %Y-%m-%d %H:%M} UTC" if found.stale_from else ""),
        ("read every", duration(found.interval) if found.interval else "only when a person imports it"),
        ("rows", f"{found.weddings:,} in the last good reading" if found.read_at else "unknown"),
        *_counts(found, details),
    ]
    if found.questioned:
        way = (
            mending(found)
            if found.accepted
            else f"if what is missing is right, `wedtui weddings accept {name}` takes its next reading if it loses no "
            "more; if it is wrong, repair the source"
        )
        facts.insert(1, ("to decide", way))
    rows = [Row(((" ", Role.TEXT), (state, role))), Row(())]
    for title, text in facts:
        rows += _fact(title, text, width)
    if found.examples:
        title = f"rows that cannot be used · {len(found.examples)} of {found.rejected:,}"
        rows += [Row(()), Row(rule(title, width))]
        # The file that is there now may have other lines.
        rows += [Row(line) for line in wrap(of_reading(found), width, indent="   ")] if of_reading(found) else []
        rows += [Row(line) for text in found.examples for line in wrap(text, width, indent="   ")]
    if details is not None and details.notes:
        rows += [Row(()), Row(rule("rows that count as other than they say", width))]
        rows += [Row(line) for text in details.notes for line in wrap(text, width, indent="   ")]
    return tuple(rows)


def _fact(title: str, text: str, width: int) -> list[Row]:
    return [
        Row(((f" {'' if i else title:<14} ", Role.MUTED), *line))
        for i, line in enumerate(wrap(text, max(width - 16, 10)))
    ]


def _when(board: Board, found: SourceFacts) -> str:
    if found.read_at is None:
        return "never"
    return f"{found.read_at:%a %Y-%m-%d %H:%M:%S} UTC, {age(found.read_at, board.now)} ago"


def _counts(found: SourceFacts, details: SourceDetails | None) -> list[tuple[str, str]]:
    which = "last good" if found.read_at else "newest"
    rejected = f"{counted(found.rejected, 'row')} of the {which} reading cannot be used" if found.rejected else ""
    return [("rejected", rejected), *(details.odd.items() if details else ())]


def overview_subject(board: Board) -> Subject | None:
    """Return who is live, the level and its end, and how old that is, as a sentence that stands by itself."""
    picture = board.picture
    if picture is None:
        return None
    verdict = picture.protection
    until = f"{until_words(verdict, board.now)} {then(verdict)}".rstrip()
    parts = [who(board, picture), until, *verdict.reasons]
    peak = load_words(verdict, board.now)
    parts[1:1] = [peak] if peak else []
    parts += [calendar_age(board), f"{picture.at:%Y-%m-%d %H:%M:%S} UTC", picture.environment]
    parts += ["DEMO, a made-up world"] if board.demo else []
    return Subject("weddings", ", ".join(parts))


def threshold_words() -> str:
    """Return from which load on each level holds: `HIGH from 8, MAXIMUM from 25 within 4 h`."""
    levels = sorted(THRESHOLDS.items(), key=lambda each: each[1])
    words = ", ".join(f"{level} from {standard(least)}" for level, least in levels)
    return f"{words} within {AHEAD // timedelta(hours=1)} h"
