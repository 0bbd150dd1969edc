"""The lines that always stand on top: environment and freeze; weddings and protection; the data and the clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from wedtui.core.calendar import Freshness, is_accepted, is_questioned
from wedtui.core.freeze import LOCKDOWN, PRODUCTION, Verdict
from wedtui.core.freeze_words import endless_words, lockdown_words, why_words
from wedtui.core.picture import Picture, ServiceCondition
from wedtui.core.protection_words import gets_worse, load_words, peak_words, until_words
from wedtui.core.services import UNWATCHED, stopped_words
from wedtui.core.wording import age, counted, duration, local_time, short_age
from wedtui.tui.board import Board
from wedtui.tui.draw.wedding_words import (
    LEVEL_ROLES,
    belief,
    calendar_age,
    is_known,
    mode_words,
    then,
    who,
)
from wedtui.tui.spans import Line, Role, Span, clean, crop, length, spread
from wedtui.tui.terminal.link import Drawing, LinkReport

# From this width on there is room for whole zone names and dates.
ROOMY = 110
# Below this width whatever would cut the state of the world goes.
NARROW = 60
# The line is spoken of on a narrow screen too, from this delay and from this much under way on.
SLOW_FROM_S = 0.3
QUEUED_FROM_BYTES = 2000
_GAP: Span = ("  ", Role.TEXT)


def status_lines(board: Board, width: int) -> tuple[Line, Line, Line]:
    """Return the three lines on top of every screen."""
    return _world(board, width), _weddings(board, width), _data(board, width)


def freeze_words(verdict: Verdict, now: datetime) -> str:
    """Say until when it is frozen, or when the next freeze begins, in words without the reasons; a lockdown first."""
    return ", ".join(filter(None, (lockdown_words(verdict), _lasting(verdict, now))))


def _lasting(verdict: Verdict, now: datetime) -> str:
    if not verdict.frozen:
        if verdict.known_to is not None:
            return f"open at least until {local_time(verdict.known_to, verdict.clock, now)}"
        if verdict.next_start is None:
            return "open, no freeze ahead"
        begins = local_time(verdict.next_start, verdict.clock, now)
        return f"open until {begins}, freeze in {duration(verdict.next_start - now)}"
    if verdict.until is None:
        return "FROZEN until its sources can be read" if verdict.unreadable else endless_words(verdict)
    least = "at least " if verdict.lasts_longer else ""
    return f"FROZEN {least}until {local_time(verdict.until, verdict.clock, now)}"


def _world(board: Board, width: int) -> Line:
    """Return the first line: where one is and what is allowed there."""
    picture = board.picture
    if picture is None:
        return spread(((" wedtui ", Role.BADGE),), (), width)
    verdict = picture.freeze
    production = picture.environment == PRODUCTION
    badge = (f" {picture.environment.upper()} ", Role.ALARM if production else Role.BADGE)
    frozen = verdict.frozen
    signs: list[Span] = [
        (f" ◆ {words} ", Role.CAUTION) if frozen else (f" ◇ {words}", Role.TEXT)
        for words in _fewer_words(verdict, board.now)
    ]
    holding = _holding(verdict, board.now)
    # Nobody may take the freeze for off: for what it is overridden stands there, and the zone is shortened for it.
    held = length(((holding[-1], Role.CAUTION),)) + 1 if holding else 0
    still, both = length(_stopped(board, 0)), _both(board, holding)
    rooms = (still + held, length(both) if both else still, still, 0)
    sign = next((each for room in rooms for each in signs if length((badge, each)) + room < width), signs[-1])
    room = width - length((badge, sign))
    if both and length(both) < room <= still + held:
        state: Line = (badge, sign, *both)
    else:
        state = (badge, sign, *_stopped(board, room - held))
        state = (*state, *_overridden(holding, width - length(state)))
    because = _because(verdict, width - length(state) - 3, board.now) if frozen else ""
    return spread((*state, (f"  {because}" if because else "", Role.TEXT)), (), width)


def _fewer_words(verdict: Verdict, now: datetime) -> list[str]:
    """Return until when it is frozen or open, the fullest first: its end is the last to be cut, and then its zone.

    How long that is goes first, as it says until when; then of the zone all but its place.
    """
    words = _lasting(verdict, now)
    end = words.partition(", freeze in ")[0]
    zone = verdict.clock
    place = zone.rsplit("/", 1)[-1].replace("_", " ")
    shown = [words, end, end.replace(f" {zone}", f" {place}")]
    if verdict.lockdown is None:
        return shown
    # That it is a lockdown is the last to be cut: whose goes before its end, and its end before the word.
    word = LOCKDOWN.upper()
    whose = clean(lockdown_words(verdict))
    return [*(f"{whose}, {each}" for each in shown), *(f"{word}, {each}" for each in shown), whose, word]


def _because(verdict: Verdict, room: int, at: datetime) -> str:
    """Return why it is frozen now, as many whole reasons as there is room for, and how many more there are.

    Where there is room for that, each says until when. What cannot be read comes first: it freezes whatever else does.
    What only begins later is no reason now. Where none has room the first ends after a word; half a word could be any
    other.
    """
    now = [name for name in verdict.reasons if name not in verdict.later] or list(verdict.reasons)
    if verdict.lockdown is not None:
        # Whose it is stands in front: here is why.
        why = [verdict.lockdown.reason] if verdict.lockdown.reason else []
        now = [*why, *(name for name in now if name != LOCKDOWN)]
    reasons = [clean(name) for name in _urgent(verdict, now)]
    if not reasons:
        return ""
    whole = ", ".join(reasons)
    ending = [name for name in verdict.later if name in verdict.ended_by]
    comes_later = bool(ending) and verdict.lockdown is None and not any(name in verdict.ended_by for name in now)
    if comes_later:
        # Nothing that freezes now makes the end that stands before it: what does comes later, and is said as such.
        then = f"then {clean(ending[0])}"
        whole, reasons = f"{whole}, {then}", [then, *reasons]
    others = len(reasons) - 1
    tails = (f" +{others} more", f" +{others}") if others else ("",)
    can_tell = verdict.holding and not verdict.unreadable and verdict.lockdown is None
    timed = [clean(why_words(verdict, at))] if can_tell else []
    shown = [*timed, whole]
    # What comes last in time stands first only where it stands alone.
    several = range(0) if comes_later else range(others, 1, -1)
    shown += [f"{', '.join(reasons[:count])} +{others + 1 - count} more" for count in several]
    shown += [f"{name}{tail}" for name in reasons for tail in tails]
    words = reasons[0].split()
    shown += [f"{' '.join(words[:count])}…{tails[-1]}" for count in range(len(words) - 1, 1, -1)]
    # One word alone says less than how many there are.
    shown.append(counted(len(reasons), "reason") if others else f"{words[0]}…")
    return next((each for each in shown if length(((each, Role.TEXT),)) <= room), "")


def _stopped(board: Board, room: int) -> Line:
    """Say that the service does nothing by itself, by whose word and since when, as fully as there is room."""
    stop = board.stopped
    if stop is None:
        return ()
    by, since = clean(stop.by), duration(board.now - stop.at)
    stops = "AUTOMATION STOPPED"
    shown = (f" {stops} by {by}, {since} ", f" {stops} by {by} ", f" {stops} {since} ", f" {stops} ")
    # Beside its own gap a line leaves its last cell empty.
    fitting = next((words for words in shown if len(words) + 2 <= room), shown[-1])
    return ((" ", Role.TEXT), (fitting, Role.CAUTION))


def _both(board: Board, holding: Sequence[str]) -> Line:
    """Say in the fewest words what holds at once, and hides neither: no automation, and a freeze that is overridden."""
    if board.stopped is None or not holding:
        return ()
    return ((" ", Role.TEXT), (" AUTOMATION STOPPED, OVERRIDE ", Role.CAUTION))


def _urgent(verdict: Verdict, reasons: Sequence[str]) -> list[str]:
    """Return reasons with what cannot be read first, which freezes whatever else does; after why it is locked down.

    Then what makes the end that is said.
    """
    why = verdict.lockdown.reason if verdict.lockdown is not None else None
    return sorted(reasons, key=lambda name: (name != why, name not in verdict.unreadable, name not in verdict.ended_by))


def _holding(verdict: Verdict, now: datetime) -> tuple[str, ...]:
    """Return for what a freeze does not count at present, the fullest first; that object is in all of them."""
    holding = [each for each in verdict.overrides if each.holds(now)]
    if not holding:
        return ()
    names = ", ".join(sorted({each.object for each in holding}))
    left = duration(min(each.expires_at for each in holding) - now)
    return (f" OVERRIDDEN for {names}, {left} ", f" OVERRIDDEN for {names} ", f" {names} OVERRIDDEN ")


def _overridden(shown: Sequence[str], room: int) -> Line:
    """Say for what a freeze does not count at present, as fully as there is room; where there is none findings do."""
    fitting = next((words for words in shown if len(words) + 1 <= room), None)
    return ((" ", Role.TEXT), (fitting, Role.CAUTION)) if fitting else ()


def _weddings(board: Board, width: int) -> Line:
    """Return the second line: who gets married, what that means until when, and that it is wedding day.

    What is not fresh says of when it is; where no calendar was ever read there is no number.
    """
    picture = board.picture
    if picture is None:
        return spread((), (), width)
    modes: list[Line] = [((f" {words} ", Role.MARK),) for words in mode_words(picture)] or [()]
    lefts = _wedding_sentences(board, picture)
    # How often is asked comes before what comes next and how old it is; the sentence itself comes before both.
    told = [(left, mode) for left in lefts.full for mode in modes[:2]]
    # How high the load gets comes before how often is asked, of which a word is left; not before that nothing is.
    enough = modes[:2] if picture.condition in UNWATCHED else modes
    high = [(left, mode) for left in lefts.high for mode in enough]
    plain = [(left, mode) for left in lefts.plain for mode in modes[:2]]
    brief = [(left, mode) for left in (lefts.plain[-1], *lefts.brief) for mode in modes]
    shown = (*told, *high, *plain, *brief)
    fitting = ((left, mode) for left, mode in shown if length((*left, *mode)) + 1 <= width)
    left, mode = next(fitting, (lefts.brief[-1], ()))
    return spread(left, mode, width)


class _Sentences(NamedTuple):
    """The sentence of weddings and protection, of each sort the fullest first."""

    full: list[Line]
    """With the load and its peak in words."""
    high: list[Line]
    """With the peak alone: `4 h peak 62.8`."""
    plain: list[Line]
    """Without a load."""
    brief: list[Line]


def _wedding_sentences(board: Board, picture: Picture) -> _Sentences:
    """Return the sentence of weddings and protection, from the fullest on."""
    verdict, fresh = picture.protection, belief(board) is Freshness.FRESH
    look = Role.TEXT if fresh or not is_known(verdict) else Role.STALE
    level: Span = (f" {until_words(verdict, board.now)} ", LEVEL_ROLES[verdict.level])
    after: Span = (f" {then(verdict)}" if then(verdict) else "", Role.TEXT)
    peak, high = (
        words if fresh or not words else f"({words})" for words in (load_words(verdict, board.now), peak_words(verdict))
    )
    short: Line = ((f" · {high}", look),) if high else ()
    aged = f" · {calendar_age(board)}" if is_known(verdict) else ""
    tail: Line = ((f" · {peak}" if peak else "", look), (aged, Role.MUTED if fresh else look))
    doubt = _doubt(picture)
    full: Span = (f" {who(board, picture)},", look)
    worse = f", then {verdict.next_level}" if gets_worse(verdict) else ""
    count = verdict.live.weddings
    old = f" STALE {short_age(verdict.read_at, board.now)}" if verdict.read_at else " STALE"
    brief: Span = (f" {count} live," if fresh else f" ({count} live){old},", look) if is_known(verdict) else full
    return _Sentences(
        full=[(full, level, *doubt, after, *tail), (full, level, *doubt, after, *tail[:1])],
        high=[(full, level, *doubt, after, *short), (full, level, *doubt, *short)] if short else [],
        plain=[(full, level, *doubt, after), (full, level, *doubt)],
        brief=[
            (brief, level, *doubt),
            (brief, (f" {verdict.level}{worse} ", LEVEL_ROLES[verdict.level]), *doubt),
            (brief, (f" {verdict.level}{worse} ", LEVEL_ROLES[verdict.level])),
            ((" ", Role.TEXT), (f" {verdict.level}{worse} ", LEVEL_ROLES[verdict.level])),
            ((" ", Role.TEXT), (f" {verdict.level} ", LEVEL_ROLES[verdict.level])),
        ],
    )


def _doubt(picture: Picture) -> Line:
    """Say that a person has to look at the calendar, or has: until then what stands here may be too little or much."""
    if not is_questioned(picture.calendar):
        return ()
    mark = " CALENDAR ACCEPTED " if is_accepted(picture.calendar) else " CALENDAR IN QUESTION "
    return (" ", Role.TEXT), (mark, Role.CAUTION)


def _that_fits(left: Line, rights: Sequence[Line], width: int) -> Line:
    """Return the first of some lines that leaves `left` whole; on a screen too narrow for any of them, none.

    What stands at the left is what must not be cut: where one is, what is frozen, and whether the service lives.
    """
    fitting = next((right for right in rights if length(left) + 1 + length(right) <= width), None)
    if fitting is not None:
        return fitting
    return rights[-1] if width >= NARROW else ()


def _data(board: Board, width: int) -> Line:
    """Return the third line: whether the data can be believed, what kind of world it is, and the time."""
    marks: Line = ()
    if board.demo:
        marks = (_GAP, (" DEMO ", Role.MARK))
    service = board.picture.service if board.picture else None
    if not board.demo and service is not None and service.mode == "personal":
        marks = (_GAP, (" PERSONAL ", Role.MARK))
    link = _link(board.link, width) if board.link else ()
    told = (*_service(board), *link)
    right = _that_fits((*told, *marks), _clocks(board, width), width)
    # That these data are not real, or whose they are, is the last to go.
    room = width - length(marks) - length(right) - 1
    return spread((*crop(told, room), *marks) if room > 0 else marks[1:], right, width)


def _link(link: LinkReport, width: int) -> Line:
    """Say how far away this terminal is: always where there is room, and anywhere once it is slow."""
    if link.hangs_for:
        return (_GAP, (f" LINE HANGS {link.hangs_for:.0f} s ", Role.CAUTION))
    delay = f"link {delay_words(link.delay)}" if link.delay is not None else "link unmeasured"
    queued = f", {link.queued / 1000:.1f} kB queued" if link.queued >= QUEUED_FROM_BYTES else ""
    if link.drawing is not Drawing.FULL:
        word = "LEAN" if link.drawing is Drawing.LEAN else "TEXT"
        return (_GAP, (f" {word} ", Role.CAUTION), (f" {delay}{queued}", Role.TEXT))
    if width >= ROOMY or (link.delay or 0.0) >= SLOW_FROM_S:
        return (_GAP, (delay + queued, Role.MUTED))
    return ()


def delay_words(seconds: float) -> str:
    """Return a delay in steps that are coarse enough to stand still: `5 ms`, `140 ms`, `2.5 s`."""
    for below, step in ((0.1, 0.005), (1.0, 0.02)):
        if seconds < below:
            return f"{max(round(seconds / step) * step, step) * 1000:.0f} ms"
    return f"{seconds:.1f} s"


def _service(board: Board) -> Line:
    picture = board.picture
    if picture is None:
        if board.problem is not None:
            return ((" ■ CACHE UNREADABLE ", Role.ALARM),)
        return ((" … reading the cache", Role.MUTED),)
    if board.lag:
        return ((f" ■ THIS PICTURE IS {duration(board.lag)} OLD ", Role.ALARM),)
    if board.problem is not None:
        heard = age(_heard(picture), board.now)
        return ((" ■ CACHE UNREADABLE ", Role.ALARM), (f" last heard {heard} ago", Role.TEXT))
    return _condition(picture, board.now)


def _condition(picture: Picture, now: datetime) -> Line:
    service = picture.service
    if picture.condition is ServiceCondition.RUNNING and service is not None:
        stopped = clean(stopped_words(picture.services, now))
        others: Line = ((f" · {stopped}", Role.ACCENT),) if stopped else ()
        # Of several the one that was heard longest ago: what died just now is not hidden behind another's word.
        oldest = min((s.facts.heartbeat_at for s in picture.services if s.runs), default=service.heartbeat_at)
        return (_running(picture), (f" {_ago(oldest, now)}", Role.MUTED), *others)
    if picture.condition is ServiceCondition.STOPPED and service is not None:
        return ((f" ■ SERVICE STOPPED {age(service.stopped_at, now)} ago ", Role.ALARM),)
    if picture.condition is ServiceCondition.STUCK and service is not None:
        return ((f" ■ SERVICE STORES NOTHING for {age(service.heartbeat_at, now)} ", Role.ALARM),)
    if picture.condition is ServiceCondition.DEAD and service is not None:
        return ((f" ■ SERVICE DEAD, last heard {age(service.heartbeat_at, now)} ago ", Role.ALARM),)
    if picture.condition is ServiceCondition.UNSEEN:
        heard = f" last heard {age(service.heartbeat_at, now)} ago" if service is not None else ""
        return ((" ■ CACHE UNREADABLE ", Role.ALARM), (heard, Role.TEXT))
    return ((" ■ SERVICE NEVER STARTED ", Role.ALARM),)


def _ago(at: datetime, now: datetime) -> str:
    """Return how long ago something was; of a clock here that is behind also that it cannot have been yet."""
    words = age(at, now)
    return words if words == "in the future" else f"{words} ago"


def _running(picture: Picture) -> Span:
    """Say that the service runs; of several how many of those that nobody stopped."""
    wanted = [s for s in picture.services if s.condition is not ServiceCondition.STOPPED]
    running = sum(s.runs for s in wanted)
    if len(wanted) < 2:
        return (" ● service running", Role.OK)
    if running == len(wanted):
        return (f" ● {running} services running", Role.OK)
    return (f" ▲ {running} of {len(wanted)} services running ", Role.CAUTION)


def _heard(picture: Picture) -> datetime | None:
    return picture.service.heartbeat_at if picture.service else None


def _clocks(board: Board, width: int) -> tuple[Line, ...]:
    """Return the time in UTC and, where the freeze has a zone of its own, on its wall clock; then shorter."""
    utc = board.now.astimezone(UTC)
    short: Line = ((f"{utc:%a %H:%M:%S} UTC ", Role.STRONG),)
    line: list[Span] = [(f"{utc:%a %d %b %H:%M:%S} UTC" if width >= ROOMY else f"{utc:%a %H:%M:%S} UTC", Role.STRONG)]
    if board.zone != "UTC":
        there = board.now.astimezone(ZoneInfo(board.zone))
        place = board.zone if width >= ROOMY else board.zone.rsplit("/", 1)[-1].replace("_", " ")
        day = "" if there.date() == utc.date() else f"{there:%a} "
        line.append((f" · {day}{there:%H:%M} {place}", Role.TEXT))
    return (*line, (" ", Role.TEXT)), short
