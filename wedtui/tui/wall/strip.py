"""What stands on every page: above, world, freeze, protection and the clock; below, the worst findings."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from wedtui.core.alerts.rule import Severity as Grave
from wedtui.core.freeze import PRODUCTION, Verdict
from wedtui.core.freeze_words import bounded, coming_words, holding_words, why_words, with_persons
from wedtui.core.picture import Finding, Picture, ServiceCondition
from wedtui.core.state import State, glyph
from wedtui.core.wording import duration, local_time
from wedtui.tui.board import Board
from wedtui.tui.draw.alerts import Keys, alerts_lines
from wedtui.tui.draw.findings import LOOKS, short
from wedtui.tui.draw.on_call import on_call_line, on_call_lines
from wedtui.tui.draw.status import freeze_words
from wedtui.tui.draw.wedding_words import LEVEL_ROLES
from wedtui.tui.spans import Line, Role, clean, crop, fit, length, plain, spread, wrap
from wedtui.tui.wall.blocks import beside, block, filled, within
from wedtui.tui.wall.letters import CLOCKS, DIGITS, FACES, SMALLEST, Face, big
from wedtui.tui.wall.weddings import wedding_strip

_GAP = 2
# Cells beside the large letters from which on the freeze is told there and not on a line of its own.
_ROOM_FOR_WORDS = 25
_LOW = 30
"""Screens of fewer lines say less above and below."""
_CLOCK = "00:00:00"
# From so many lines below on, one is always for alerts, and from so many on two.
_ROWS_FOR_BOTH, _ROWS_FOR_TWO = 3, 5


def top(board: Board, width: int, height: int, *, old: bool) -> list[Line]:
    """Return the lines above: world, freeze and clocks, and under them who gets married.

    Args:
        board: what is known.
        width: the screen's.
        height: the screen's; about an eighth of it is for the clock.
        old: whether the picture cannot be relied on, so that its freeze is marked as old.
    """
    world = _world(board, width, height, old=old)
    if not any(form[0] in line for form in on_call_lines(board) for line in world):
        who = on_call_line(board, width - 1)
        world += [filled(((" ", Role.TEXT), *who), width)] if who else []
    return [*world, *wedding_strip(board, width, height, old=old)]


def _world(board: Board, width: int, height: int, *, old: bool) -> list[Line]:
    word = _word(board, old=old)
    least = length(badges(board)) + 1
    fitting = []
    for face, clocks in _choices(_zones(board), max(height // 8, SMALLEST.rows)):
        room = width - _clocks_width(face, len(clocks))
        words = room - _taken(face, word)
        if room >= least and words >= 0:
            fitting.append((face, clocks, words))
    # On a low screen, a line of its own for the freeze is worth more than larger digits.
    chosen = [c for c in fitting if c[2] >= _ROOM_FOR_WORDS] if height < _LOW else []
    for face, clocks, _words in chosen or fitting:
        return _large(board, width, word, face, clocks, old=old)
    return _small(board, width, old=old)


def bottom_rows(height: int) -> int:
    """Return how many lines stand below."""
    return 1 if height < _LOW else 3 if height < 60 else 5


def bottom(board: Board, width: int, rows: int, marker: str) -> list[Line]:
    """Return how it stands with alerts, the worst findings, how many more there are, and `marker` (the page)."""
    findings, alerts = board.findings, alert_rows(board, rows)
    shown = findings[: rows - alerts]
    more = len(findings) - len(shown)
    tail: Line = ((f"  +{more} more" if more else "", Role.ACCENT), (f"  {marker}" if marker else "", Role.STRONG))
    taken = length(tail) + 2
    rooms = [width] * (len(shown) - 1) + [width - taken]
    found: list[Line] = [finding_line(board, f, room) for f, room in zip(shown, rooms, strict=True)] if shown else []
    if not found and alerts < rows:
        found = [_nothing(board)]
    lines = (
        [*alerts_lines(board, width if alerts < rows else width - taken, alerts, Keys()), *found] if alerts else found
    )
    lines += [()] * (rows - len(lines))
    lines[-1] = spread(lines[-1], (*tail, (" ", Role.TEXT)), width)
    return [filled(line, width) for line in lines]


def alert_rows(board: Board, rows: int) -> int:
    """Return how many of the lines below are those of alerts: where there is one line only, it is for what fires."""
    known = board.alerts
    if board.picture is None:
        return 0
    fire = [each for each in known.firing if each.severity is Grave.CRITICAL] if known is not None else []
    grave = len(fire) if board.doubt is None else 0
    if rows < _ROWS_FOR_BOTH:
        return min(grave, 1)
    return 1 if rows < _ROWS_FOR_TWO else min(max(grave, 1), 2)


def finding_line(board: Board, finding: Finding, width: int) -> Line:
    """Return a finding on one line, with its age."""
    age: Line = ((f"  {_aged(finding, board)} ", Role.MUTED),)
    return (*crop(short(finding), max(width - length(age), 0)), *age)


def _aged(finding: Finding, board: Board) -> str:
    return f"{within(finding.measured_at, board.now)} old" if finding.measured_at else "never measured"


def all_fit(board: Board, width: int, rows: int) -> bool:
    """Whether the lines below say everything that is wrong, without a cut."""
    findings = board.findings
    # The last line shares its room with the page's number.
    return len(findings) <= rows - alert_rows(board, rows) and not any(
        plain(finding_line(board, f, width - 12)) != plain(finding_line(board, f, 10_000)) for f in findings
    )


def finding_lines(board: Board, width: int) -> list[Line]:
    """Return every finding, worst first, in whole sentences."""
    lines: list[Line] = []
    for finding in board.findings:
        sign, role = LOOKS[finding.severity]
        age = _aged(finding, board)
        head = f" {sign} {finding.severity.upper()}  {clean(finding.subject)}"
        lines.append(spread(((head, role),), ((f" {age} ", Role.MUTED),), width))
        lines += [filled(line, width) for line in wrap(finding.text, width - 1, indent="   ")]
    return lines


def freeze_lines(board: Board, width: int) -> list[Line]:
    """Return what is known of the freeze and the protection, closely set."""
    picture = board.picture
    if picture is None:
        return []
    verdict, zone = picture.freeze, picture.freeze.clock
    lines = wrap(freeze_words(verdict, board.now), width - 1, Role.STRONG, indent=" ")
    locked = verdict.lockdown.start if verdict.lockdown else None
    instants = (
        ("locked", locked),
        ("since", verdict.since),
        ("until", verdict.until),
        ("next from", verdict.next_start),
    )
    for title, at in instants:
        if at is not None:
            there = "" if zone == "UTC" else f", {local_time(at, 'UTC', board.now)}"
            lines.append(((f" {title:<10}", Role.MUTED), (f"{local_time(at, zone, board.now)}{there}", Role.TEXT)))
    sentences = (*verdict.unreadable, *verdict.runs_out)
    elsewhere = {*(reason.name for reason in (*verdict.holding, *verdict.coming)), *sentences, *verdict.later}
    why = (each for each in verdict.reasons or verdict.next_reasons if each not in elsewhere)
    holding = [*holding_words(verdict, board.now), *with_persons(why, verdict.persons)]
    for title, words in (
        ("because of", holding),
        ("then" if verdict.frozen else "because of", bounded(coming_words(verdict, board.now))),
    ):
        lines += [((f" {title:<10} ", Role.MUTED), (clean(each), Role.TEXT)) for each in words]
    for sentence in sentences:
        lines += wrap(sentence, width - 1, Role.DEGRADED, indent=" ")
    level = picture.protection
    lines += wrap(f"protection {level.level}: {level.reason}", width - 1, Role.TEXT, indent=" ")
    return [filled(line, width) for line in lines]


def _nothing(board: Board) -> Line:
    if board.picture is None:
        return ((" … reading the cache", Role.MUTED),)
    if not board.picture.providers:
        if board.picture.condition is ServiceCondition.UNSEEN:
            return ((" nothing can be said of any provider: the cache cannot be read", Role.UNKNOWN),)
        return ((" no providers are configured: nothing is watched", Role.UNKNOWN),)
    return ((f" {glyph(State.OK)} nothing is wrong", Role.OK), (" with what is watched", Role.MUTED))


def _zones(board: Board) -> tuple[str, ...]:
    return ("UTC",) if board.zone == "UTC" else (board.zone, "UTC")


def _choices(zones: tuple[str, ...], rows: int) -> list[tuple[Face, tuple[str, ...]]]:
    """Return faces and the zones whose clocks are drawn in them, the best first."""
    faces = [face for face in CLOCKS if face.rows <= rows]
    return [*((face, zones) for face in faces), *((face, zones[:1]) for face in faces if len(zones) > 1)]


def _taken(face: Face, word: str) -> int:
    """Return the cells of the large word beside clocks in a face, with what stands around it."""
    return 1 + _face_of_word(face).width(word) + _GAP if word else 1


def _clocks_width(face: Face, count: int) -> int:
    """Return the cells of so many clocks, the gaps between them, and one cell at the edge."""
    return count * (face.width(_CLOCK) + _gap_of(face)) - _gap_of(face) + 1


def _gap_of(face: Face) -> int:
    # Wider than between two letters, or two clocks read as one.
    return 4 * face.across


def _face_of_word(clock: Face) -> Face:
    return next(face for face in FACES if face.rows < clock.rows) if clock in DIGITS else clock


def _word(board: Board, *, old: bool) -> str:
    """Return the freeze in one large word; nothing while it is not known."""
    if board.picture is None or old:
        return ""
    return "FROZEN" if board.picture.freeze.frozen else "OPEN"


def _large(board: Board, width: int, word: str, face: Face, clocks: tuple[str, ...], *, old: bool) -> list[Line]:
    """Return the lines above with large letters."""
    frozen = word == "FROZEN"
    room = width - _clocks_width(face, len(clocks))
    gaps = [_gap_of(face)] * (len(clocks) - 1) + [1]
    right = beside([_clock(board.now, zone, face, gap) for zone, gap in zip(clocks, gaps, strict=True)])
    letters: list[Line] = [
        ((" ", Role.TEXT), (row, Role.DEGRADED if frozen else Role.STRONG)) for row in big(word, _face_of_word(face))
    ]
    taken = _taken(face, word)
    others = tuple(zone for zone in _zones(board) if zone not in clocks)
    words = room - taken
    there = words >= _ROOM_FOR_WORDS
    told = (
        block(_told(board, others, words - 1, face.rows, old=old), words, face.rows)
        if there
        else block((), words, face.rows)
    )
    left = [
        _beside(badges(board), _on_call(board, badges(board), room) if there else (), room),
        *beside([block(letters, taken, face.rows), told]),
    ]
    lines = beside([left, right])
    if not there:
        lines.append(filled(_sentence(board, others, width, old=old), width))
    return lines


def _clock(now: datetime, zone: str, face: Face, gap: int) -> list[Line]:
    """Return a clock with its date and zone above it, and a gap to its right."""
    width = face.width(_CLOCK)
    local = now.astimezone(UTC if zone == "UTC" else ZoneInfo(zone))
    place = zone if len(zone) + 12 <= width else zone.rsplit("/", 1)[-1].replace("_", " ")
    label: Line = ((fit(f"{local:%a %d %b}  {place}", width), Role.MUTED),)
    rows: list[Line] = [((row, Role.STRONG),) for row in big(f"{local:%H:%M:%S}", face)]
    return [filled(line, width + gap) for line in (label, *rows)]


def badges(board: Board) -> Line:
    """Return environment, marks and protection."""
    if board.picture is None:
        return _kind(board)
    level = board.picture.protection.level
    return (*_kind(board), (f" protection {level} ", LEVEL_ROLES[level]))


def _on_call(board: Board, taken: Line, room: int) -> Line:
    """Return who is on call, in what room a line leaves."""
    return on_call_line(board, room - length(taken) - 2 * _GAP)


def _beside(left: Line, who: Line, room: int) -> Line:
    return filled((*left, *(((" " * (_GAP - 1), Role.TEXT), *who) if who else ())), room)


def _kind(board: Board) -> Line:
    """Return what kind of world it is: environment and marks."""
    picture = board.picture
    marks: Line = ((" DEMO ", Role.MARK), (" ", Role.TEXT)) if board.demo else ()
    if picture is None:
        return ((" wedtui ", Role.BADGE), (" ", Role.TEXT), *marks)
    service = picture.service
    if not board.demo and service is not None and service.mode == "personal":
        marks = ((" PERSONAL ", Role.MARK), (" ", Role.TEXT))
    look = Role.ALARM if picture.environment == PRODUCTION else Role.BADGE
    return (f" {picture.environment.upper()} ", look), (" ", Role.TEXT), *marks


def _told(board: Board, zones: tuple[str, ...], width: int, rows: int, *, old: bool) -> list[Line]:
    """Return what is told beside the large letters: the freeze in words, then clocks and the data's age."""
    last: Line = _facts(board, zones, old=old)
    picture = board.picture
    if picture is None:
        return [last]
    lines = wrap(_freeze(picture, board.now, old=old), width, Role.STALE if old else Role.STRONG)
    why = wrap(why_words(picture.freeze, board.now), width, Role.MUTED) if picture.freeze.frozen and not old else []
    if len(lines) + len(why) < rows:
        lines += why
    cut = lines[: rows - 1]
    if len(cut) < len(lines) and cut:
        cut[-1] = ((fit(f"{plain(cut[-1])} …", width), cut[-1][0][1]),)
    return [*cut, last]


def _sentence(board: Board, zones: tuple[str, ...], width: int, *, old: bool) -> Line:
    """Return the same on one line."""
    last = _facts(board, zones, old=old)
    picture = board.picture
    if picture is None:
        return ((" ", Role.TEXT), *last)
    words = _freeze(picture, board.now, old=old)
    if picture.freeze.frozen and picture.freeze.reasons and not old:
        words = f"{words}  ({why_words(picture.freeze, board.now)})"
    said: Line = ((f" {clean(words)}", Role.STALE if old else Role.STRONG),)
    who = _on_call(board, (*said, *last), width - 1)
    return spread(said, (*who, *(((" " * _GAP, Role.TEXT),) if who else ()), *last, (" ", Role.TEXT)), width)


def _facts(board: Board, zones: tuple[str, ...], *, old: bool) -> Line:
    """Return the clocks that are not large, and how old the service's word is."""
    clocks = " ".join(f"{zone} {board.now.astimezone(ZoneInfo(zone)):%H:%M:%S}" for zone in zones)
    line: Line = ((f"{clocks} " if clocks else "", Role.TEXT),)
    service = board.picture.service if board.picture else None
    if old or service is None:
        return line
    return (*line, (f"heard {within(service.heartbeat_at, board.now)}", Role.MUTED))


def _freeze(picture: Picture, now: datetime, *, old: bool) -> str:
    """Return the freeze in words; an old verdict says of when it is."""
    verdict: Verdict = picture.freeze
    if old:
        word = "FROZEN" if verdict.frozen else "open"
        return f"was {word} {duration(now - verdict.at)} ago, not known now"
    if not verdict.frozen and verdict.next_start is not None and verdict.known_to is None:
        return f"open until {local_time(verdict.next_start, verdict.clock, now)}"
    return freeze_words(verdict, now)


def _small(board: Board, width: int, *, old: bool) -> list[Line]:
    """Return the lines above where there is no room for large letters."""
    first, *others = _zones(board)
    place = first.rsplit("/", 1)[-1].replace("_", " ")
    clock: Line = ((f"{board.now.astimezone(ZoneInfo(first)):%H:%M:%S} {place} ", Role.STRONG),)
    if length(_kind(board)) + length(clock) >= width:
        clock = ()  # what kind of world it is goes last
    facts = _facts(board, tuple(others), old=old)
    said: Line = ()
    if board.picture is not None:
        said = ((f" {_freeze(board.picture, board.now, old=old)}", Role.STALE if old else Role.STRONG),)
    room = width - length(clock) - 1
    shown = _beside(badges(board), _on_call(board, badges(board), room), room)
    lines: tuple[Line, ...] = (spread(shown, clock, width), said, ((" ", Role.TEXT), *facts))
    return [filled(line, width) for line in lines]
