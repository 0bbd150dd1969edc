"""Who gets married and what that means, in sentences; each with its age."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from wedtui.core.calendar import CalendarFacts, Freshness, SourceFacts
from wedtui.core.calendar_findings import source_trouble
from wedtui.core.load import Steps
from wedtui.core.wedding import standard
from wedtui.core.wording import counted, local_time
from wedtui.tui.board import Board
from wedtui.tui.draw.wedding_day import DAYS, local_days, peak_within
from wedtui.tui.draw.wedding_words import belief, is_known, level_of, next_begin
from wedtui.tui.plain.describe import (
    clock_sentence,
    distrust,
    mode_sentence,
    protection_sentence,
    pulse,
    weddings_sentence,
)
from wedtui.tui.plain.words import ago, listed, sentence, spoken


def weddings(board: Board, words: str = "") -> tuple[str, ...]:
    """Answer with who is live, today's load by zone, the days ahead, and the sources.

    Args:
        board: what is known.
        words: parts of a zone's name that narrow; empty: every zone.
    """
    picture = board.picture
    if picture is None:
        return (pulse(board),)
    calendar = picture.calendar
    zones = sorted(zone for zone in calendar.zones if words.casefold() in zone.casefold())
    if words and not zones:
        known = f"; there are {listed(sorted(calendar.zones))}" if calendar.zones else ""
        return (f'No wedding is known in a zone that has "{words}" in its name{known}.',)
    lines = [distrust(board) or "" if board.lag else "", weddings_sentence(board, picture)]
    if is_known(picture.protection):
        lines += _today(board, calendar, zones)
        if not words:
            lines += [_next(board, calendar), _ahead(board, calendar)]
    lines += [_source(source, board) for source in calendar.sources]
    return tuple(line for line in lines if line)


def protection(board: Board) -> tuple[str, ...]:
    """Answer with the level, since and until when, why, and what it changes."""
    picture = board.picture
    if picture is None:
        return (pulse(board),)
    verdict = picture.protection
    lines = [distrust(board) or "" if board.lag else "", protection_sentence(picture, board.now)]
    for title, at in (("Since", verdict.since), ("Until", verdict.until)):
        if at is not None:
            lines.append(f"{title} {_instant(at, verdict.zone, board.now)}.")
    lines += [mode_sentence(picture), weddings_sentence(board, picture), clock_sentence(board)]
    return tuple(line for line in lines if line)


def _instant(at: datetime, zone: str | None, now: datetime) -> str:
    local = f"{local_time(at, zone, now)}, " if zone and zone != "UTC" else ""
    return f"{local}{local_time(at, 'UTC', now)}, {f'in {spoken(at - now)}' if at > now else ago(at, now)}"


def _doubt(board: Board) -> str:
    return "" if belief(board) is Freshness.FRESH else ", as last known"


def _today(board: Board, calendar: CalendarFacts, zones: list[str]) -> list[str]:
    """Say of each zone that has load today how many are live there, and its peak; the heaviest first."""
    ((_, start, end),) = local_days(board.now, board.home, 1)
    peaks = {zone: peak_within(calendar.zones[zone], start, end) for zone in zones}
    busy = sorted((zone for zone in zones if peaks[zone].load), key=lambda zone: (-peaks[zone].load, zone))
    place = ZoneInfo(board.home)
    lines = []
    for zone in busy:
        live = _live(calendar.zones[zone], board.now)
        when = f"{peaks[zone].at.astimezone(place):%H:%M} {board.home}"
        lines.append(f"{zone}: {live}, peak of today {standard(peaks[zone].load)} at {when}{_doubt(board)}.")
    return lines or [f"No wedding today{_doubt(board)}."]


def _live(steps: Steps, now: datetime) -> str:
    found = steps.at(now)
    return f"{counted(found.weddings, 'wedding')} live, load {standard(found.load)}" if found.weddings else "none live"


def _next(board: Board, calendar: CalendarFacts) -> str:
    *_, (_, _, end) = local_days(board.now, board.home, DAYS)
    if calendar.steps.at(board.now).weddings:
        return ""
    begins = next_begin(calendar, board.now, end)
    if begins is None:
        return f"No wedding is known to begin within {DAYS} days."
    return f"The next begins {_instant(begins, board.home, board.now)}{_doubt(board)}."


def _ahead(board: Board, calendar: CalendarFacts) -> str:
    """Say the peak of each day ahead that has any load, with the level that it reaches."""
    found = []
    for day, start, end in local_days(board.now, board.home, DAYS):
        load = peak_within(calendar.steps, start, end).load
        if load:
            level = level_of(load)
            found.append(f"{day:%a %d %b} {standard(load)}{f' {level}' if level.wedding_day else ''}")
    days = listed(found, most=DAYS) if found else "none"
    return f"Peak load of the next {DAYS} days{_doubt(board)}: {days}."


def _source(source: SourceFacts, board: Board) -> str:
    trouble = source_trouble(source, board.now)
    rejected = f", {counted(source.rejected, 'row')} of it rejected" if source.rejected else ""
    if trouble is not None:
        return sentence(f"{trouble[0].upper()}{trouble[1:]}{rejected}")
    read = f"read {ago(source.read_at, board.now)}"
    return f"Source {source.name}: {read}, {counted(source.weddings, 'row')}{rejected}."
