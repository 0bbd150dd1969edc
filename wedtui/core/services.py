"""The services that fill the cache: whether each can be believed to run, and what that means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from wedtui.core.evidence import FUTURE_TOLERANCE
from wedtui.core.finding import Finding, Severity
from wedtui.core.wording import counted, listed

# A service writes its heartbeat every second or two; three missed ones and it is not believed.
HEARTBEAT_FRESH = timedelta(seconds=6)


class ServiceCondition(StrEnum):
    """What the cache says of the service that fills it."""

    RUNNING = "running"
    STOPPED = "stopped"  # it said so before it ended
    DEAD = "dead"  # it did not say so, and its heartbeat is old
    STUCK = "stuck"  # its process is there, but it stores nothing
    NEVER = "never started"
    UNSEEN = "not known"  # the cache cannot be read


UNWATCHED = frozenset({ServiceCondition.STOPPED, ServiceCondition.DEAD, ServiceCondition.STUCK})
"""The conditions in which it is known that nobody looks at anything: what is stored says how it was."""


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What the service last wrote about itself."""

    instance: str
    """Changes at every start."""
    pid: int
    mode: str
    """`personal` or `shared`."""
    version: str
    environment: str
    started_at: datetime
    """This and the two below it writes by its own clock; what a cache gives back is by that of its database."""
    heartbeat_at: datetime
    stopped_at: datetime | None = None
    configuration_digest: str = ""
    """Of what it watches: only services of one can take each other's place."""
    vantage: str = "here"
    """From where it watches; its name among the services."""
    place: str = ""
    """Its machine and state directory."""
    boot: str = ""
    """Of its machine: changes whenever that starts."""
    skipped: int = 0
    """Schedules that were dropped because the one before was still under way."""
    dropped: int = 0
    """Samples that could not be stored."""
    refused: int = 0
    """Observations that were not stored because another service had taken over."""
    clock_ahead_s: float | None = None
    """By how many seconds its clock is ahead of the database's; None where that was not measured."""
    late_ms_p99: float | None = None
    """How late schedules fired in the last minute."""
    shares: int = 0
    """How much of what is asked but once it asked for all at its last heartbeat."""
    problems: tuple[str, ...] = ()
    """What it cannot do at present (disk full, a feed it cannot read), in sentences."""
    left_behind: str | None = None
    """What of persons' freezes in a former ledger at its place nobody may take for lifted, in a sentence."""

    @property
    def has_wrong_clock(self) -> bool:
        """Whether the instants of what it saw cannot be believed."""
        return self.clock_ahead_s is not None and abs(self.clock_ahead_s) > FUTURE_TOLERANCE.total_seconds()


@dataclass(frozen=True, slots=True)
class SeenService:
    """One service, judged."""

    facts: ServiceFacts
    condition: ServiceCondition
    same_clock: bool = False
    """Whether its clock, which is wrong, is the one by which is asked: it runs on this machine."""

    @property
    def runs(self) -> bool:
        """Whether it can be believed to run."""
        return self.condition is ServiceCondition.RUNNING


def right_time(at: datetime, clock_ahead_s: float | None) -> datetime:
    """Return an instant by the right clock, which that of a service may not be.

    Args:
        at: when it was by the service's clock.
        clock_ahead_s: by how many seconds that is ahead; None where that was not measured.
    """
    return at - timedelta(seconds=clock_ahead_s or 0.0)


def condition_of(service: ServiceFacts | None, now: datetime, *, process: int | None = None) -> ServiceCondition:
    """Say whether the service that fills the cache can be believed to run.

    Args:
        service: what it last wrote about itself.
        now: an aware instant.
        process: the process that holds the service's lock, where that is known and held.
    """
    if service is None:
        return ServiceCondition.NEVER
    if service.stopped_at is not None:
        return ServiceCondition.STOPPED
    if abs(now - service.heartbeat_at) <= HEARTBEAT_FRESH:
        return ServiceCondition.RUNNING
    return ServiceCondition.DEAD if process is None else ServiceCondition.STUCK


def see_services(
    services: Iterable[ServiceFacts],
    now: datetime,
    *,
    process: int | None = None,
    place: str = "",
    unread: bool = False,
) -> tuple[SeenService, ...]:
    """Judge every service.

    Args:
        services: what each last wrote about itself.
        now: an aware instant.
        process: the process that holds the lock of this machine's service, where that is known and held.
        place: this machine and state directory; a process says something of the service of this place alone.
        unread: whether the cache cannot be read: what is known is old because nobody can tell, not because of them.
    """
    known = sorted(services, key=lambda s: s.vantage)
    # Before services named their place there was but one.
    here = [s for s in known if s.place == place or (len(known) == 1 and not s.place)]
    own = next((s for s in here if _keeps_the_time_of(s, now)), None)
    right = now if own is None else right_time(now, own.clock_ahead_s)
    found = [SeenService(s, condition_of(s, right, process=process if s in here else None), s is own) for s in known]
    return tuple([replace(s, condition=ServiceCondition.UNSEEN) if unread and not s.runs else s for s in found])


def right_now(services: Iterable[SeenService], now: datetime) -> datetime:
    """Return `now` by the right clock: that of this machine may be wrong, as its service says.

    Args:
        services: every one, judged at `now`.
        now: an aware instant by the clock of this machine.
    """
    own = next((seen.facts for seen in services if seen.same_clock), None)
    return now if own is None else right_time(now, own.clock_ahead_s)


def _keeps_the_time_of(service: ServiceFacts, now: datetime) -> bool:
    """Whether a service of this machine has a wrong clock, and lives by that: `now` is as wrong then."""
    if not service.has_wrong_clock or service.stopped_at is not None:
        return False
    return abs(right_time(now, service.clock_ahead_s) - service.heartbeat_at) <= HEARTBEAT_FRESH


def leading(services: tuple[SeenService, ...]) -> SeenService | None:
    """Return the service that is heard best: one that runs, else the one that was heard last."""
    return max(services, key=lambda s: (s.runs, s.facts.heartbeat_at), default=None)


def share_words(seen: SeenService, services: tuple[SeenService, ...]) -> str:
    """Say how much of what is asked but once a service asks for all, and why it is nothing, or not divided at all.

    Args:
        seen: one that runs.
        services: every one.
    """
    others = [s.facts for s in services if s.runs and s.facts.vantage != seen.facts.vantage]
    shares = seen.facts.shares
    words = f"asks {counted(shares, 'target')} for all"
    if others and all(facts.configuration_digest != seen.facts.configuration_digest for facts in others):
        return f"{words} (not divided: no other service is configured as it is)"
    total = shares + sum(facts.shares for facts in others)
    if not shares and total:
        # Each target falls to a service by the names of both.
        return f"{words} (the {total} that there {'is falls' if total == 1 else 'are fall'} to others by name)"
    return words


_A_WEEK = timedelta(days=6)


def stopped_words(services: tuple[SeenService, ...], now: datetime) -> str:
    """Say which of several services were stopped, and when, while others run: `oregon stopped 11:58 UTC`; else nothing.

    Args:
        services: every one, judged.
        now: an aware instant; what was not on its day says its weekday, what is a week ago its date.
    """
    stopped = [s.facts for s in services if s.condition is ServiceCondition.STOPPED]
    if not stopped or not any(s.runs for s in services):
        return ""
    last = max(stopped, key=lambda facts: facts.stopped_at or facts.heartbeat_at)
    at = (last.stopped_at or last.heartbeat_at).astimezone(UTC)
    day = "" if at.date() == now.astimezone(UTC).date() else f"{at:%a} " if now - at < _A_WEEK else f"{at:%d %b} "
    when = f"{day}{at:%H:%M} UTC"
    if len(stopped) == 1:
        return f"{last.vantage} stopped {when}"
    return f"{len(stopped)} others stopped, last {when}"


def service_findings(
    services: tuple[SeenService, ...], now: datetime, *, unread: bool = False, keeper: str = ""
) -> list[Finding]:
    """Return what is wrong with the services at an aware instant; every one is given that is not forgotten."""
    first = leading(services)
    if first is None and unread:
        return []
    if first is None:
        text = "no service has ever filled this cache: start one with `wedtui service start`"
        return [Finding(Severity.CRITICAL, "service", text, now)]
    if first.condition is ServiceCondition.UNSEEN:
        return []  # that the cache cannot be read is said by whoever tried
    if not first.runs:
        heard = first.facts.stopped_at or first.facts.heartbeat_at
        return [Finding(Severity.CRITICAL, "service", _NOTHING_WATCHED[first.condition], heard)]
    running = tuple(s.facts for s in services if s.runs)
    found = [f for s in services if not s.runs for f in _missing(s, running)]
    for facts in running:
        subject = "service" if len(services) == 1 else f"service {facts.vantage}"
        found += _complaints(facts, subject)
    return [*found, *differences(services, keeper)]


def differences(services: tuple[SeenService, ...], keeper: str = "") -> list[Finding]:
    """Return in what the services that run differ from each other, and from the database, that should be the same.

    Args:
        services: every one, judged.
        keeper: the vantage of the one whose configuration counts, where that is known.
    """
    running = tuple(s.facts for s in services if s.runs)
    found = []
    for seen in services:
        if seen.runs and seen.facts.has_wrong_clock:
            subject = "service" if len(services) == 1 else f"service {seen.facts.vantage}"
            found.append(Finding(Severity.WARNING, subject, clock_words(seen), seen.facts.heartbeat_at))
    if len({facts.configuration_digest for facts in running}) > 1:
        text = f"{_camps(running, keeper)}: give them one configuration"
        found.append(Finding(Severity.WARNING, "service", text, min(facts.heartbeat_at for facts in running)))
    return found


def clock_words(seen: SeenService) -> str:
    """Say by how much the clock of a service is wrong, and what does not count because of that."""
    ahead_s = seen.facts.clock_ahead_s or 0.0
    whose = "this machine's" if seen.same_clock else "its"
    nothing = "no age that is said here can be believed; " if seen.same_clock else ""
    return (
        f"{whose} clock is {abs(ahead_s):.1f} s {'ahead of' if ahead_s > 0 else 'behind'} the database's: {nothing}"
        "what its probes see counts only where it makes things worse; let both keep time by NTP"
    )


def _camps(running: tuple[ServiceFacts, ...], keeper: str) -> str:
    """Say which services are configured alike, which are not, and whose configuration counts, that one first."""
    camps: dict[str, list[str]] = {}
    for facts in sorted(running, key=lambda facts: (facts.vantage != keeper, facts.vantage)):
        camps.setdefault(facts.configuration_digest, []).append(facts.vantage)
    first, *others = (listed(tuple(names)) for names in camps.values())
    words = f"{first} {'is' if len(next(iter(camps.values()))) == 1 else 'are'} configured to watch other things than "
    words += " and than ".join(others)
    counts = keeper in {facts.vantage for facts in running}
    return f"{words}; what counts and is shown is the configuration of {keeper}" if counts else words


_NOTHING_WATCHED = {
    ServiceCondition.STOPPED: "the service was stopped: nothing is being watched; start it with `wedtui service start`",
    ServiceCondition.STUCK: "the service runs but stores nothing: look at its disk and its log (`wedtui doctor`)",
    ServiceCondition.DEAD: "the service is dead: nothing is being watched; start it with `wedtui service start`",
}


def _missing(service: SeenService, running: tuple[ServiceFacts, ...]) -> list[Finding]:
    """Say that one of several services is not there."""
    facts = service.facts
    names = listed(tuple(other.vantage for other in running))
    others = f"nothing is seen from there; {names} {'asks' if len(running) == 1 else 'ask'} what it asked"
    subject = f"service {facts.vantage}"
    if service.condition is ServiceCondition.STOPPED:
        return [Finding(Severity.NOTE, subject, f"it was stopped: {others}", facts.stopped_at)]
    if service.condition is ServiceCondition.UNSEEN:
        return []
    how = "it runs but stores nothing" if service.condition is ServiceCondition.STUCK else "it is dead"
    return [Finding(Severity.WARNING, subject, f"{how}: {others}", facts.heartbeat_at)]


def _complaints(facts: ServiceFacts, subject: str) -> list[Finding]:
    """Say what a service that runs says of itself."""
    found = [Finding(Severity.WARNING, subject, text, facts.heartbeat_at) for text in facts.problems]
    if facts.dropped:
        text = f"{facts.dropped} observations were dropped since it started"
        found.append(Finding(Severity.WARNING, subject, text, facts.heartbeat_at))
    if facts.refused:
        text = f"{facts.refused} observations were refused since it started: another had taken over what it asked"
        found.append(Finding(Severity.NOTE, subject, text, facts.heartbeat_at))
    if facts.skipped:
        text = f"{facts.skipped} askings were skipped since it started: the one before was still under way"
        found.append(Finding(Severity.NOTE, subject, text, facts.heartbeat_at))
    return found
