"""The provider table: one row for each, in the order of the configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from wedtui.core.evidence import Freshness, freshness
from wedtui.core.health import AVAILABILITY, ERRORS, LATENCY, SATURATION
from wedtui.core.live_share import readable
from wedtui.core.picture import HEALTH_SEVERITIES, Finding, Picture, ProviderPicture, health_prefix
from wedtui.core.state import State, glyph
from wedtui.core.wording import short_age
from wedtui.tui.board import Board
from wedtui.tui.rows import Row
from wedtui.tui.spans import Line, Role, Span, fit, state_role
from wedtui.tui.values import MISSING, measure


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, width, alignment, from which width of the table on it is shown, and its cell."""

    title: str
    width: int
    cell: Callable[[Board, ProviderPicture], Span]
    right: bool = True
    from_width: int = 0


def state_cell(board: Board, state: State) -> Span:
    """Return glyph and word of a state; of what nobody watches or judges any more, UNKNOWN."""
    shown = State.UNKNOWN if board.unwatched else state
    return f"{glyph(shown)} {shown}", state_role(shown)


def _state(board: Board, p: ProviderPicture) -> Span:
    return state_cell(board, p.health.state)


def _name(_board: Board, p: ProviderPicture) -> Span:
    return p.name, Role.STRONG


def _score(board: Board, p: ProviderPicture) -> Span:
    score = p.score_words
    if score is None:
        return MISSING, Role.MUTED
    if board.unwatched or p.health.state is State.UNKNOWN:
        return f"({score})", Role.STALE
    return score, Role.DEGRADED if p.lacks else Role.TEXT


def _weight(board: Board, p: ProviderPicture) -> Span:
    """Return the share of traffic: the live one where it is read, marked where it is another than configured."""
    share = board.share(p)
    if share.backend is None:
        return share.figure, Role.TEXT
    if not share.believed:
        return share.figure.replace(" ", ""), Role.STALE
    return share.figure, Role.DEGRADED if share.differs else Role.TEXT


def _measure(name: str) -> Callable[[Board, ProviderPicture], Span]:
    """Make the cell of a component's measure: in brackets once it is old, a dash where there is none."""

    def cell(board: Board, p: ProviderPicture) -> Span:
        component = p.health.component(name)
        if component.measure is None:
            return MISSING, Role.MUTED
        words = measure(name, component.measure)
        if component.freshness is not Freshness.FRESH or board.unwatched:
            return f"({words})", Role.STALE
        if component.value is None or component.value >= 1:
            return words, Role.TEXT
        return words, Role.CRITICAL if component.value <= 0 else Role.DEGRADED

    return cell


class Passed(NamedTuple):
    """How many probes passed their newest round, of those that there are."""

    passed: int
    of: int
    fresh: bool
    """Whether every one of these rounds may still be relied on."""

    @property
    def words(self) -> str:
        """`1/2`."""
        return f"{self.passed}/{self.of}"


def probes_passed(board: Board, p: ProviderPicture) -> Passed | None:
    """Count the probes of a provider whose newest round passed; nothing where it has no probes."""
    probes = p.evidence.probes
    if not probes:
        return None
    newest = {(probe.name, probe.vantage): probe.rounds[0] if probe.rounds else None for probe in probes}
    fresh = {
        (probe.name, probe.vantage)
        for probe in probes
        if (r := newest[probe.name, probe.vantage]) and freshness(r.at, probe.interval, board.now) is Freshness.FRESH
    }
    # What a lost vantage saw last is neither passed nor failed while another one still looks.
    seen = {name for name, _ in fresh}
    counted = [round_ for key, round_ in newest.items() if key in fresh or key[0] not in seen]
    passed = sum(r is not None and r.passed for r in counted)
    return Passed(passed, len(counted), seen == {probe.name for probe in probes})


def _probes(board: Board, p: ProviderPicture) -> Span:
    """Return how many probes passed; old rounds pass nothing."""
    passed = probes_passed(board, p)
    if passed is None:
        return MISSING, Role.MUTED
    if not passed.fresh:
        return f"({passed.words})", Role.STALE
    return passed.words, Role.TEXT if passed.passed == passed.of else Role.CRITICAL


def _age(board: Board, p: ProviderPicture) -> Span:
    old = p.health.state is State.UNKNOWN or board.unwatched
    words = short_age(p.health.measured_at, board.now)
    return (f"({words})", Role.STALE) if old and p.health.measured_at else (words, Role.MUTED)


COLUMNS = (
    Column("STATE", 10, _state, right=False),
    Column("PROVIDER", 16, _name, right=False),
    Column("SCORE", 7, _score),
    Column("WEIGHT", 6, _weight),
    Column("P95", 9, _measure(LATENCY)),
    Column("ERRORS", 8, _measure(ERRORS)),
    Column("AGE", 7, _age),
    Column("PROBES", 7, _probes, from_width=100),
    Column("AVAIL", 8, _measure(AVAILABILITY), from_width=100),
    Column("SATUR", 8, _measure(SATURATION), from_width=110),
)


def _columns(width: int) -> list[Column]:
    return [c for c in COLUMNS if width >= c.from_width]


def resources_note(board: Board, key: str) -> Line:
    """Return how many findings are about resources, and the key that lists those; nothing where nobody lists any.

    Args:
        board: what is known.
        key: as it stands on a keyboard; without one nothing is said of it.
    """
    found = board.picture.resources if board.picture else None
    if found is None:
        return ()
    way = f"{key}: " if key else ""
    counts = (
        (found.critical, State.CRITICAL, found.critical_at),
        (found.warning, State.DEGRADED, found.warning_at),
    )
    names = {State.CRITICAL: "critical", State.DEGRADED: "warning"}
    if not (found.critical or found.warning):
        return ((f"{way}resources  nothing wrong {short_age(found.asked_at, board.now)}", Role.MUTED),)
    # One finding may be of many resources: it is no count of those.
    return (
        (f"{way}resource findings", Role.MUTED),
        *(
            span
            for count, state, at in counts
            if count
            for span in (
                (f" {glyph(state)} {count} {names[state]}", state_role(state)),
                (f" {short_age(at, board.now)}", Role.MUTED),
            )
        ),
    )


def shares_note(board: Board) -> Line:
    """Return how old the shares in the table are, or that they cannot be read; nothing where only weights are known."""
    traffic = board.picture.traffic if board.picture else None
    if traffic is None:
        return ()
    if traffic.reading is None:
        return (("shares UNKNOWN, never read  ", Role.UNKNOWN),)
    words = short_age(traffic.reading.read_at, board.now)
    if board.frozen_picture or not readable(traffic, board.now):
        return ((f"shares not read for {words}  ", Role.STALE),)
    return ((f"shares {words}  ", Role.MUTED),)


def provider_header(width: int, *, live: bool = False) -> Line:
    """Return the titles of the columns; `live` where shares are read, else the weights are those configured."""
    titles = ("SHARE" if live and c.title == "WEIGHT" else c.title for c in _columns(width))
    cells = "  ".join(fit(t, c.width, right=c.right) for t, c in zip(titles, _columns(width), strict=True))
    return ((f" {cells}", Role.MUTED),)


def provider_row(board: Board, provider: ProviderPicture, width: int) -> Row:
    """Return one provider's row; the reason for a bad state fills what room is left."""
    line: list[Span] = [(" ", Role.TEXT)]
    taken = 1
    for column in _columns(width):
        words, role = column.cell(board, provider)
        # The gap is no span of its own: each costs its time in every row of every second.
        line.append((f"{fit(words, column.width, right=column.right)}  ", role))
        taken += column.width + 2
    if width - taken >= 16:
        line.append((fit(_remark(board, provider), width - taken), Role.MUTED))
    return Row(tuple(line), provider.name)


def health_finding(picture: Picture, provider: ProviderPicture) -> Finding | None:
    """Return the picture's finding about a provider's health; None while it is well.

    Others can have the same subject: an alert that names the provider.
    """
    state = provider.health.state
    if state is State.OK:
        return None
    severity, prefix = HEALTH_SEVERITIES[state], health_prefix(state)
    about = (f for f in picture.findings if f.subject == provider.name and f.severity is severity)
    return next((f for f in about if f.text.startswith(prefix)), None)


def why(picture: Picture, provider: ProviderPicture) -> str:
    """Return what drags a provider down; nothing while it is well."""
    found = health_finding(picture, provider)
    return found.text.removeprefix(health_prefix(provider.health.state)) if found else ""


def remark(picture: Picture, provider: ProviderPicture) -> str:
    """Return what drags a provider down; of one that is well what nobody knows of it."""
    return why(picture, provider) or "; ".join(provider.lacks)


def _remark(board: Board, provider: ProviderPicture) -> str:
    """Return the remark of a row; of one that nobody watches any more, that."""
    return unwatched_words(board, provider) or (remark(board.picture, provider) if board.picture else "")


def unwatched_words(board: Board, provider: ProviderPicture) -> str:
    """Say how a provider was that nobody watches any more; nothing where its own age tells that."""
    if not board.unwatched or board.frozen_picture or provider.health.state is State.UNKNOWN:
        return ""
    return f"nobody watches it now; it was {provider.health.state}"


def matching(board: Board, words: str) -> tuple[ProviderPicture, ...]:
    """Return the providers in whose name, kind or state every one of `words` occurs."""
    providers = board.picture.providers if board.picture else ()
    parts = words.casefold().split()
    if not parts:
        return providers

    def fits(p: ProviderPicture) -> bool:
        text = f"{p.name} {p.evidence.kind} {state_cell(board, p.health.state)[0]}".casefold()
        return all(part in text for part in parts)

    return tuple(p for p in providers if fits(p))
