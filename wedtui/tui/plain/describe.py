"""One thing as it is now, in a sentence or a part of one: a provider, the freeze, the service, all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from wedtui.core.calendar import Freshness
from wedtui.core.freeze import Verdict
from wedtui.core.freeze_words import endless_words, lockdown_words, why_words, with_persons
from wedtui.core.health import AVAILABILITY, WEDDING_DAY_WEIGHTS, WEIGHTS
from wedtui.core.picture import Finding, Picture, ProviderPicture, ServiceCondition, Severity
from wedtui.core.protection_words import load_words, then_words, until_words
from wedtui.core.services import UNWATCHED, stopped_words
from wedtui.core.state import State, badness
from wedtui.core.wording import counted, local_time
from wedtui.tui.board import Board
from wedtui.tui.draw.providers import unwatched_words, why
from wedtui.tui.draw.wedding_words import belief
from wedtui.tui.plain.words import ago, clock_words, listed, old, sentence, spoken

_START = 'start it with "wedtui service start"'
_UNWATCHED = f"nothing is being watched; {_START}."
_SEVERITIES = {
    Severity.CRITICAL: "CRITICAL",
    Severity.UNKNOWN: "UNKNOWN",
    Severity.WARNING: "Warning",
    Severity.NOTE: "Note",
}
_STATE_WORDS = tuple(f"{state}: " for state in State)
WORST_FIRST = sorted(State, key=badness, reverse=True)


def judged_state(board: Board, provider: ProviderPicture) -> State:
    """Return a provider's state as it was judged; of a picture that nobody judges any more, UNKNOWN.

    What is announced goes by it: that nobody watches any more is said of the service, once.
    """
    return State.UNKNOWN if board.frozen_picture else provider.health.state


def shown_state(board: Board, provider: ProviderPicture) -> State:
    """Return a provider's state; of what nobody watches or judges any more, UNKNOWN."""
    return State.UNKNOWN if board.unwatched else provider.health.state


def evidence_words(board: Board, provider: ProviderPicture) -> str:
    """Return a provider's score and the age of what it rests on."""
    health = provider.health
    if shown_state(board, provider) is State.UNKNOWN or health.score is None:
        return f"last evidence {old(health.measured_at, board.now)}" if health.measured_at else "never measured"
    return f"score {provider.score_words}, evidence {old(health.measured_at, board.now)}"


def provider_words(board: Board, provider: ProviderPicture) -> str:
    """Return the reason of a provider's state, its score and its age."""
    reason = why(board.picture, provider) if board.picture and not board.frozen_picture else ""
    reason = unwatched_words(board, provider) or reason
    return f"{reason}; {evidence_words(board, provider)}" if reason else evidence_words(board, provider)


def counts(board: Board, providers: Iterable[ProviderPicture]) -> str:
    """Return how many providers are in which state, worst first, with the names of those that are not OK."""
    every = tuple(providers)
    states = {state: [p.name for p in every if shown_state(board, p) is state] for state in WORST_FIRST}
    if not every:
        return "no providers are known"
    parts = [
        f"{len(names)} {state}" + (f" ({listed(names)})" if state is not State.OK else "")
        for state, names in states.items()
        if names
    ]
    if len(parts) == 1 and len(every) > 1:
        return f"all {len(every)} providers {next(state for state, names in states.items() if names)}"
    return f"{listed(parts)}, of {counted(len(every), 'provider')}"


def oldest(board: Board, picture: Picture) -> str:
    """Return the age of the oldest evidence, as the end of a sentence about all providers; nothing without any."""
    measured = [p.health.measured_at for p in picture.providers if p.health.measured_at]
    return f", evidence at most {old(min(measured), board.now)}" if measured else ""


def freeze_words(verdict: Verdict, now: datetime) -> str:
    """Say whether it is frozen, until when, where and how far away that is, without reasons; a lockdown first."""
    return ", ".join(filter(None, (lockdown_words(verdict), _lasting(verdict, now))))


def _lasting(verdict: Verdict, now: datetime) -> str:
    zone = verdict.clock
    if not verdict.frozen:
        if verdict.known_to is not None:
            return f"open at least until {local_time(verdict.known_to, zone, now)}"
        if verdict.next_start is None:
            return "open, no freeze ahead"
        ahead = spoken(verdict.next_start - now)
        return f"open until the next freeze {local_time(verdict.next_start, zone, now)}, in {ahead}"
    if verdict.until is None:
        return "FROZEN until its sources can be read" if verdict.unreadable else endless_words(verdict)
    least = "at least " if verdict.lasts_longer else ""
    return f"FROZEN {least}until {local_time(verdict.until, zone, now)}, for another {spoken(verdict.until - now)}"


def reasons(verdict: Verdict) -> tuple[str, ...]:
    """Return why it is frozen now, without the sentences about sources that cannot be read: those are findings."""
    elsewhere = {*verdict.unreadable, *verdict.later}
    return tuple(with_persons((r for r in verdict.reasons if r not in elsewhere), verdict.persons))


def freeze_sentence(picture: Picture, now: datetime) -> str:
    """Return the freeze of an environment with its reasons; while it is open, those of the next one."""
    found = picture.freeze
    because = why_words(found, now) if found.frozen else "; ".join(with_persons(found.next_reasons, found.persons))
    words = f"{picture.environment} is {freeze_words(picture.freeze, now)}" + (f": {because}" if because else "")
    return sentence("; ".join((words, *found.runs_out_besides)))


def protection_sentence(picture: Picture, now: datetime) -> str:
    """Return the level, until when, what comes then, and why."""
    verdict = picture.protection
    lasts = ", ".join(filter(None, (until_words(verdict, now), then_words(verdict))))
    return sentence(f"Protection {lasts}: {verdict.reason}")


def weddings_sentence(board: Board, picture: Picture) -> str:
    """Return how many are live, how heavy that is and gets, and how old the calendar is; no number where none is known.

    Of a calendar that is not fresh nothing is said as if it were so now.
    """
    verdict, found = picture.protection, belief(board)
    if found is Freshness.MISSING:
        return "No wedding calendar: it is not known who gets married."
    if picture.calendar.problem is not None:
        return "Live weddings UNKNOWN: the calendar cannot be read."
    if verdict.peak is None:
        return "Live weddings UNKNOWN: no source of weddings was ever read."
    aged = f"calendar {old(verdict.read_at, board.now)}" if verdict.read_at else "not every source was ever read"
    number = counted(verdict.live.weddings, "wedding")
    head = (
        f"{number} live" if found is Freshness.FRESH else f"Live weddings UNKNOWN, last known {verdict.live.weddings}"
    )
    return sentence(f"{head}; {load_words(verdict, board.now)}; {aged}")


def mode_sentence(picture: Picture) -> str:
    """Say whether it is wedding-day mode, and what that changes."""
    if not picture.protection.level.wedding_day:
        return "Wedding-day mode is off."
    usual, weighs = WEIGHTS[AVAILABILITY], WEDDING_DAY_WEIGHTS[AVAILABILITY]
    intervals = {probe.interval for p in picture.providers for probe in p.evidence.probes}
    probes = f", probes every {spoken(max(intervals))}" if intervals else ""
    probes = ", NOTHING PROBES" if picture.condition in UNWATCHED else probes
    return f"Wedding-day mode is on{probes}, availability weighs {weighs:.2f} instead of {usual:.2f}."


def service_sentence(picture: Picture, now: datetime) -> str:
    """Say whether the service can be believed to run, and when it was last heard."""
    service, condition = picture.service, picture.condition
    if condition is ServiceCondition.UNSEEN:
        last = "" if service is None else f"; last heard {ago(service.heartbeat_at, now)}"
        return f"Whether the service runs cannot be known: the cache cannot be read{last}."
    if service is None or condition is ServiceCondition.NEVER:
        return f"Service NEVER STARTED: {_UNWATCHED}"
    heard = ago(service.heartbeat_at, now)
    sentences = {
        ServiceCondition.STOPPED: f"Service STOPPED {ago(service.stopped_at, now)}: {_UNWATCHED}",
        ServiceCondition.DEAD: f"Service DEAD, last heard {heard}: {_UNWATCHED}",
        ServiceCondition.STUCK: (
            f"Service STUCK, last heard {heard}: it runs but stores nothing; "
            'look at its disk and its log with "wedtui doctor".'
        ),
    }
    if condition in sentences:
        return sentences[condition]
    wanted = [s for s in picture.services if s.condition is not ServiceCondition.STOPPED]
    stopped = stopped_words(picture.services, now)
    tail = f"; {stopped}" if stopped else ""
    if len(wanted) < 2:
        return f"Service running, heard {heard}{tail}."
    return f"{sum(s.runs for s in wanted)} of {len(wanted)} services running, heard {heard}{tail}."


def finding_sentence(finding: Finding, now: datetime) -> str:
    """Return a finding with its severity first, what it is about, and its age."""
    head, text = _SEVERITIES[finding.severity], finding.text
    # A provider's own state says more than the severity that was made of it.
    for state in _STATE_WORDS:
        if text.startswith(state):
            head, text = state.removesuffix(": "), text.removeprefix(state)
    aged = f"; evidence {old(finding.measured_at, now)}" if finding.measured_at else "; never measured"
    return sentence(f"{head}: {finding.subject}: {text.rstrip('.')}{aged}")


def clock_sentence(board: Board) -> str:
    """Return the time in UTC and, where the freeze has a zone of its own, on its wall clock."""
    utc = board.now.astimezone(UTC)
    there = board.now.astimezone(ZoneInfo(board.zone))
    local = "" if board.zone == "UTC" else f", {there:%a %H:%M} {board.zone}"
    return f"Clock {utc:%a %d %b %Y %H:%M:%S} UTC{local}."


def distrust(board: Board) -> str | None:
    """Say why what is known cannot be relied on; None where it can."""
    picture = board.picture
    if board.lag:
        return f"OLD: nothing was judged for {spoken(board.lag)}, the reader hangs; rely on no earlier sentence."
    if board.problem is not None:
        heard = (
            f"the service was last heard {ago(picture.service.heartbeat_at, board.now)}; "
            if (picture is not None and picture.service is not None)
            else ""
        )
        since = f"since {clock_words(board.problem_since)}" if board.problem_since else ""
        return sentence(f"CACHE UNREADABLE {since}: {heard}{board.problem.rstrip('.')}")
    if picture is not None and picture.condition is not ServiceCondition.RUNNING:
        return service_sentence(picture, board.now)
    return None


def pulse(board: Board) -> str:
    """Say in one sentence whether all is well, as of when, and how old that knowledge is."""
    at = clock_words(board.now)
    picture, blind = board.picture, distrust(board)
    if picture is None:
        return f"UNKNOWN at {at}: {blind or 'nothing has been read yet.'}"
    known = counts(board, picture.providers)
    heard = ago(picture.service.heartbeat_at, board.now) if picture.service else "never"
    if blind is not None:
        return f"NOT well at {at}: {known}. {blind}"
    tail = f"{picture.environment} is {freeze_words(picture.freeze, board.now)}; service heard {heard}."
    serious = [f for f in picture.findings if f.severity is not Severity.NOTE]
    aged = oldest(board, picture)
    if picture.state is State.OK and not serious:
        return f"All well at {at}: {known}{aged}; {tail}"
    worst = f"{counted(len(serious), 'finding')}; worst: {finding_sentence(serious[0], board.now)}" if serious else ""
    return f"NOT well at {at}: {known}{aged}; {tail} {worst}".rstrip()


def severity_counts(findings: Iterable[Finding]) -> str:
    """Return `2 critical and 1 warning`, worst first."""
    found = Counter(f.severity for f in findings)
    return listed([f"{found[s]} {s.value}" for s in _SEVERITIES if found[s]])
