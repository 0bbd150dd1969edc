"""May the service change the shares by itself, and what does it do next? The one function that answers it.

The caller finds out who failed (`failed`), has the planner make the service's own plan for that, and asks `may_act`
at every round and at the end of a countdown. Every condition is a check, and what is unknown has not passed.
Source: DESIGN, "Traffic and failover": automatic only in shared mode, with paging configured, for one clearly failed
provider, by quorum of at least two probe vantages, three rounds in a row, after an abortable countdown of 5 s, at most
2 an hour and 4 a day, 10 min cooldown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wedtui.core.actions import Action, Outcome
from wedtui.core.checks import Check, Result, passing
from wedtui.core.evidence import FUTURE_TOLERANCE, Freshness, ProbeEvidence, ProviderEvidence, freshness
from wedtui.core.failover import Plan
from wedtui.core.failover_facts import AT_ONCE, newest_round
from wedtui.core.health import FAILED_ROUNDS_CRITICAL, failed_rounds, quorum
from wedtui.core.text import single_line
from wedtui.core.traffic import Place, by_provider
from wedtui.core.wording import duration, listed

COUNTDOWN = timedelta(seconds=5)
LATE = timedelta(seconds=10)
"""A countdown that ended longer ago than this was slept through: it begins anew."""
COOLDOWN = timedelta(minutes=10)
LIMITS = (("an hour", timedelta(hours=1), 2), ("a day", timedelta(days=1), 4))
"""At most so many changes of the service in so long."""
VANTAGES = 2
CALM = timedelta(seconds=10)
"""What failed and passes again is over after this: until then it may be the same failure."""
ASKS_AGAIN_AFTER = timedelta(seconds=60)
PROMISE = timedelta(seconds=30)
"""From the first failed probe to the change accepted, in wedding-day mode: always under this."""


class Mode(StrEnum):
    """Who decides on a failover."""

    OFF = "off"
    PROPOSE = "propose"
    AUTO = "auto"


class Next(StrEnum):
    """What the service does next."""

    NOTHING = "nothing"
    PROPOSE = "propose"
    COUNTDOWN = "countdown"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the traffic backend may take."""

    attempt: timedelta
    """For one request."""
    whole: timedelta
    """For a reading of the live shares and the change after it, with all their attempts."""


NORMAL_TIMEOUTS = Timeouts(attempt=timedelta(seconds=5), whole=timedelta(seconds=30))
WEDDING_DAY_TIMEOUTS = Timeouts(attempt=timedelta(seconds=2.5), whole=timedelta(seconds=10))


def timeouts(*, wedding_day: bool) -> Timeouts:
    """Return the longest that a change should wait: in wedding-day mode so short that the promise is kept."""
    return WEDDING_DAY_TIMEOUTS if wedding_day else NORMAL_TIMEOUTS


@dataclass(frozen=True, slots=True)
class Countdown:
    """A countdown that everybody sees and any engineer can abort."""

    since: datetime
    plan: Plan
    """That it was begun for."""


@dataclass(frozen=True, slots=True)
class AutomationFacts:
    """All that the answer rests on."""

    mode: Mode
    shared: bool
    """Whether the service runs in shared mode."""
    paging: bool
    """Whether somebody is paged."""
    providers: tuple[ProviderEvidence, ...]
    shares: Mapping[Place, int]
    """The live ones; empty where they are not known."""
    plan: Plan | None = None
    """The service's own for what failed; None where nothing did."""
    stopped: str | None = None
    """Who stopped all automation and why; None: nobody did."""
    acted: tuple[datetime, ...] | None = None
    """When the service changed shares by itself, an undo too; None: the journal cannot be read."""
    changed_at: datetime | None = None
    """The newest change of shares by anyone."""
    aborted_at: datetime | None = None
    """When a person last aborted a countdown."""
    busy: str | None = None
    """Which action is changing the traffic, or was handed over to a person; None where none is."""
    countdown: Countdown | None = None
    """The one that runs."""
    wedding_day: bool = False
    timeouts: Timeouts = NORMAL_TIMEOUTS
    """Those in force."""
    probe_timeout: timedelta = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service does next, and every condition with what was found."""

    next: Next
    checks: tuple[Check, ...]
    failed: tuple[str, ...] = ()
    until: datetime | None = None
    """When the countdown ends."""
    page: str | None = None
    """What to page with, where shares are held or refused."""


def failed(providers: Iterable[ProviderEvidence], shares: Mapping[Place, int], now: datetime) -> tuple[str, ...]:
    """Return the providers that carry share and failed the last three rounds by quorum; sorted.

    A spare that has been dead for days is none of them. Where shares are not known everybody may carry some.
    """
    return tuple(sorted(p.name for p in _carrying(providers, shares) if _streak(p, now) >= FAILED_ROUNDS_CRITICAL))


def ails(providers: Iterable[ProviderEvidence], shares: Mapping[Place, int], now: datetime) -> bool:
    """Say whether a provider that carries share failed its last round: then the next answers are waited for."""
    return any(_streak(p, now) > 0 for p in _carrying(providers, shares))


def may_act(facts: AutomationFacts, now: datetime) -> Answer:
    """Say whether the service may change the shares by itself at an aware instant, and what it does next."""
    names = failed(facts.providers, facts.shares, now)
    if facts.mode is Mode.OFF or not names:
        return Answer(Next.NOTHING, (*standing(facts), _one_failed(facts, names, now)), names)
    checks = (
        *standing(facts),
        _one_failed(facts, names, now),
        *(_seen(p, now) for p in facts.providers if p.name in names),
        *_limits(facts, now),
        _cooldown(facts, now),
        passing("alone", facts.busy is None, "nothing else changes the traffic", facts.busy or ""),
        _in_time(facts, names),
        _plan_fits(facts, names, now),
    )
    page = None if facts.plan is None else facts.plan.page
    if facts.plan is None or not all(check.passed for check in checks):
        step = Next.PROPOSE if facts.plan is not None and _is_for_a_person(facts.plan) else Next.NOTHING
        return Answer(step, checks, names, page=page)
    since = _running_since(facts.countdown, facts.plan, now)
    until = (now if since is None else since) + COUNTDOWN
    return Answer(Next.ACT if now >= until else Next.COUNTDOWN, checks, names, until, page)


def standing(facts: AutomationFacts) -> tuple[Check, ...]:
    """Answer whether the service may do anything by itself here at all."""
    stopped = f"all automation is stopped: {single_line(facts.stopped or '')}"
    return (
        passing("mode", facts.mode is Mode.AUTO, "the mode is auto", f"the mode is {facts.mode}"),
        passing("shared", facts.shared, "the service runs in shared mode", "the service runs in personal mode"),
        passing("paging", facts.paging, "paging is configured", "nobody would be paged: no paging is configured"),
        passing("running", facts.stopped is None, "automation is not stopped", stopped),
    )


def asks_again(last: Action | None, since: datetime, now: datetime) -> bool:
    """Say whether the service may propose something for what fails, after what it asked for last.

    One proposal is made for one failure: what a person took back, or settled, is not put before them again. What was
    confirmed and came to nothing is, after a while.

    Args:
        last: what the service asked for last; None where it never did.
        since: since when it fails.
        now: an aware instant.
    """
    if last is None or last.requested_at < since or last.outcome in {Outcome.EXPIRED, Outcome.WITHDRAWN}:
        return True
    if last.outcome in {None, Outcome.CANCELLED, Outcome.SETTLED}:
        return False
    return last.ended_at is None or now - last.ended_at >= ASKS_AGAIN_AFTER


def _carrying(providers: Iterable[ProviderEvidence], shares: Mapping[Place, int]) -> Iterator[ProviderEvidence]:
    routed = by_provider(shares)
    return (p for p in providers if not routed or routed.get(p.name, 0) > 0)


def _streak(provider: ProviderEvidence, now: datetime) -> int:
    return failed_rounds(provider.probes, now)


def _one_failed(facts: AutomationFacts, names: tuple[str, ...], now: datetime) -> Check:
    """Answer whether one provider, and no other that carries share, fails."""
    rule, (_passed, at) = "one-failed", newest_round((p for each in facts.providers for p in each.probes), now)
    if len(names) != 1:
        why = f"{listed(names)} failed at the same time" if names else "no provider failed three rounds in a row"
        return Check(rule, Result.FAIL, why, at)
    others = [p.name for p in _carrying(facts.providers, facts.shares) if p.name not in names and _streak(p, now)]
    alone = f"{names[0]} alone failed three rounds in a row"
    return passing(rule, not others, alone, f"{listed(tuple(others))} failed a round as well as {names[0]}", at)


def _seen(provider: ProviderEvidence, now: datetime) -> Check:
    """Answer whether a quorum of the vantages, and at least two, saw the last three rounds fail and see now."""
    sights: dict[str, list[ProbeEvidence]] = {}
    for probe in provider.probes:
        sights.setdefault(probe.vantage, []).append(probe)
    newest = {vantage: newest_round(probes, now)[1] for vantage, probes in sights.items()}
    fresh = [v for v, at in newest.items() if freshness(at, AT_ONCE, now) is Freshness.FRESH]
    agreeing = [v for v in fresh if failed_rounds(sights[v], now) >= FAILED_ROUNDS_CRITICAL]
    needed = max(VANTAGES, quorum(len(sights)))
    words = f"{len(agreeing)} of {len(sights)} vantages saw three failed rounds of {provider.name} in a row"
    at = min((at for v, at in newest.items() if v in agreeing and at is not None), default=None)
    if len(agreeing) >= needed:
        return Check(f"vantages:{provider.name}", Result.PASS, words, at)
    result = Result.UNKNOWN if len(fresh) < needed else Result.FAIL
    return Check(f"vantages:{provider.name}", result, f"{words}; {needed} are needed that see now", at)


def _limits(facts: AutomationFacts, now: datetime) -> Iterator[Check]:
    """Answer whether it acted often enough already. What is dated ahead of the clock counts."""
    for name, span, most in LIMITS:
        rule = f"limit:{name.split()[1]}"
        if facts.acted is None:
            yield Check(rule, Result.UNKNOWN, "how often the service acted is not known: the journal cannot be read")
            continue
        count = sum(now - at < span for at in facts.acted)
        words = f"the service acted {count} times, of at most {most} {name}"
        yield passing(rule, count < most, words, words, max(facts.acted, default=None))


def _cooldown(facts: AutomationFacts, now: datetime) -> Check:
    """Answer whether the last change by anyone, or the last abort, is long enough ago."""
    if facts.acted is None:
        return Check("cooldown", Result.UNKNOWN, "when shares last changed is not known: the journal cannot be read")
    ends = [at for at in (facts.changed_at, facts.aborted_at, *facts.acted) if at is not None]
    last = max(ends, default=None)
    over = last is None or now - last >= COOLDOWN
    least = duration(COOLDOWN)
    return passing("cooldown", over, f"nothing changed for {least}", f"shares changed less than {least} ago", last)


def _in_time(facts: AutomationFacts, names: tuple[str, ...]) -> Check:
    """Answer whether the promise of wedding-day mode can be kept with the timeouts in force."""
    if not facts.wedding_day:
        return Check("in-time", Result.PASS, "it is no wedding day: no time is promised")
    intervals = [p.interval for each in facts.providers if each.name in names for p in each.probes]
    third = (FAILED_ROUNDS_CRITICAL - 1) * max(intervals, default=timedelta()) + facts.probe_timeout
    longest = third + COUNTDOWN + facts.timeouts.whole
    words = f"the first failed probe to the change accepted takes {duration(longest)} at most"
    return passing("in-time", longest < PROMISE, words, f"{words}, over the {duration(PROMISE)} promised")


def _plan_fits(facts: AutomationFacts, names: tuple[str, ...], now: datetime) -> Check:
    """Answer whether the planner allows the service's own plan for exactly what failed."""
    plan = facts.plan
    if plan is None:
        return Check("plan", Result.UNKNOWN, "no plan was made")
    why = None
    if plan.request.lost != frozenset(Place(name) for name in names):
        why = f"the plan is not for {listed(names)}"
    elif plan.expired(now):
        why = "the plan expired"
    elif plan.refused_automatic:
        why = plan.refused_automatic[0]
    return passing("plan", why is None, "the plan passes every rule", why or "", plan.at)


def _is_for_a_person(plan: Plan) -> bool:
    """Whether there is something to propose: a person may do it, if only by accepting an overload."""
    return all(c.rule in {"room", "whole"} for c in plan.checks if c.refuses(automatic=False))


def _running_since(countdown: Countdown | None, plan: Plan, now: datetime) -> datetime | None:
    """Return since when the countdown for this very change runs; None where it has to begin."""
    if countdown is None:
        return None
    begun = countdown.plan
    same = (begun.request, begun.records, begun.after) == (plan.request, plan.records, plan.after)
    ran = now - countdown.since
    return countdown.since if same and -FUTURE_TOLERANCE <= ran < COUNTDOWN + LATE else None
