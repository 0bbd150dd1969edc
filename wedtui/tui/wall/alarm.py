"""When nothing on the wall can be believed, and the page that says so instead of everything else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from wedtui.core.picture import Picture, ServiceCondition, ServiceFacts, Severity
from wedtui.core.state import State
from wedtui.core.wording import asked_of_demo, duration
from wedtui.tui.board import PICTURE_BELIEVED, Board
from wedtui.tui.spans import Line, Role, clean, fit, plain, wrap
from wedtui.tui.wall.blocks import block, centred, filled, within
from wedtui.tui.wall.letters import Face, big, largest
from wedtui.tui.wall.tiles import worst_first

HEADLINE = "NOT UPDATED"
# What the headline may take of the page's height: on a low screen most of it, on others half, so that reason and
# time are large as well.
_LOW, _SHARE_OF_LOW, _SHARE = 24, 0.8, 0.5

_CONDITIONS = {
    ServiceCondition.STOPPED: ("SERVICE STOPPED", "the service was stopped: start it with `wedtui service start`"),
    ServiceCondition.DEAD: ("SERVICE DEAD", "the service has died or cannot be reached: look at it, then restart it"),
    ServiceCondition.STUCK: ("SERVICE STUCK", "the service runs but stores nothing: look at its log and its disk"),
    ServiceCondition.UNSEEN: ("CACHE UNREADABLE", "the cache cannot be read: whether the service runs is not known"),
    ServiceCondition.NEVER: ("NEVER STARTED", "no service has ever filled this cache: `wedtui service start`"),
}


class Alarm(NamedTuple):
    """Why nothing here can be believed."""

    word: str
    """In large letters."""
    sentence: str
    since: datetime | None
    """The last instant at which all was known to be well; None where there was none."""


def alarm_of(board: Board, started: datetime) -> Alarm | None:
    """Return why what is known cannot be relied on, or None.

    Args:
        board: what is known.
        started: when the wall began; where nothing was read for long after that, this is said.
    """
    picture = board.picture
    if picture is None:
        return _nothing_read(board, started)
    if board.lag:
        return Alarm("READER HANGS", "what reads the cache for this screen hangs: open it again", picture.at)
    unreadable = board.problem or next(
        (f.text for f in picture.findings if f.subject == "cache" and f.severity is Severity.CRITICAL), None
    )
    service = picture.service
    if unreadable is not None:
        return Alarm("CACHE UNREADABLE", unreadable, service.heartbeat_at if service else board.problem_since)
    if picture.condition is ServiceCondition.RUNNING:
        return None
    word, sentence = _CONDITIONS[picture.condition]
    return Alarm(word, sentence, _last_word(picture, service))


def _nothing_read(board: Board, started: datetime) -> Alarm | None:
    if board.problem is not None:
        return Alarm("CACHE UNREADABLE", board.problem, None)
    if board.now - started > PICTURE_BELIEVED:
        return Alarm("NOTHING READ", "nothing could be read since this screen was opened", started)
    return None


def _last_word(picture: Picture, service: ServiceFacts | None) -> datetime | None:
    if service is None:
        return None
    return service.stopped_at if picture.condition is ServiceCondition.STOPPED else service.heartbeat_at


def alarm_page(board: Board, alarm: Alarm, width: int, rows: int) -> list[Line]:
    """Return the page of an alarm: filled, with huge words, and small what was last known."""
    known = _last_known(board, width, rows // 8)
    room = rows - len(known)
    words = _huge(HEADLINE, width - 2, max(int(rows * (_SHARE_OF_LOW if rows < _LOW else _SHARE)), 3))
    time = _time(board, alarm)
    told = asked_of_demo(alarm.sentence) if board.demo else alarm.sentence
    small = wrap(told, max(width - 4, 1), Role.ALARM)
    lines = [*words, *_told(alarm, time, width - 2, room - len(words) - len(small)), *small]
    above = max((room - len(lines)) // 2, 0)
    body = [*([()] * above), *(centred(line, width, Role.ALARM) for line in lines)]
    return [*block(body, width, room, Role.ALARM), *known]


def _told(alarm: Alarm, time: tuple[str, str] | None, width: int, rows: int) -> list[Line]:
    """Return reason and time, both large where there is room, else the time, else neither."""
    large, since = time if time else (alarm.word, "")
    tail: list[Line] = [((since, Role.ALARM),)] if since else []
    both = largest((alarm.word, large), width, (rows - len(tail) - 2) // 2)
    if both is not None and time:
        return [(), *_row(alarm.word, both), (), *_row(large, both), *tail]
    one = largest((large,), width, rows - len(tail) - 1 - bool(time))
    if one is not None:
        said: list[Line] = [((alarm.word, Role.ALARM),)] if time else []
        return [(), *said, *_row(large, one), *tail]
    words = f"{alarm.word}, {large.lower()} {since}" if time else alarm.word
    return [((words, Role.ALARM),)]


def _huge(words: str, width: int, rows: int) -> list[Line]:
    """Return words in the largest letters that fit, on one line or each on its own."""
    options = []
    for parts in ((words,), tuple(words.split())):
        face = largest(parts, width, (rows - len(parts) + 1) // len(parts))
        if face is not None:
            options.append((face.height, -len(parts), parts, face))
    if not options:
        return [((words, Role.ALARM),)]
    _, _, parts, face = max(options)
    lines: list[Line] = []
    for part in parts:
        lines += [(), *_row(part, face)] if lines else _row(part, face)
    return lines


def _row(words: str, face: Face | None) -> list[Line]:
    return [((row, Role.ALARM),) for row in big(words, face)] if face else [((words, Role.ALARM),)]


def _time(board: Board, alarm: Alarm) -> tuple[str, str] | None:
    """Return for how long, in signs that can be drawn large, and since when, in words."""
    if alarm.since is None:
        return None
    span = max(board.now - alarm.since, timedelta())
    local = alarm.since.astimezone(ZoneInfo(board.zone))
    day = "" if local.date() == board.now.astimezone(local.tzinfo).date() else f"{local:%a %d %b} "
    utc = "" if board.zone == "UTC" else f" ({alarm.since.astimezone(UTC):%H:%M:%S} UTC)"
    return f"FOR {duration(span).upper()}", f"since {day}{local:%H:%M:%S} {board.zone}{utc}"


def _last_known(board: Board, width: int, rows: int) -> list[Line]:
    """Return what was last known of each provider, small, in at most `rows` lines, and marked as old."""
    if board.picture is None or not board.picture.providers:
        return []
    parts = []
    for provider in worst_first(board):
        health = provider.health
        state = "is UNKNOWN" if health.state is State.UNKNOWN else f"was {health.state}"
        score = "" if health.score is None else f", score was {provider.score_words}"
        parts.append(f"{clean(provider.name)} {state}{score}, {within(health.measured_at, board.now)} old")
    lines = wrap("OLD, last known: " + "; ".join(parts), max(width - 2, 1), Role.STALE, indent=" ")
    if len(lines) > rows > 0:
        lines = [*lines[: rows - 1], ((fit(f"{plain(lines[rows - 1])} …", width), Role.STALE),)]
    return [filled(line, width) for line in lines[:rows]]
