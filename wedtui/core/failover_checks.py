"""The rules of a change of shares that are not about health or capacity alone, each as one check.

Source: DESIGN, "Traffic and failover", "Freeze" and laws 3, 4 and 6.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from wedtui.core.checks import Check, Result, Stops, passing
from wedtui.core.evidence import Freshness, freshness
from wedtui.core.failover_facts import AT_ONCE, Facts, Kind, Request
from wedtui.core.failover_shares import Moved
from wedtui.core.freeze import Verdict
from wedtui.core.override import TRAFFIC, override_of
from wedtui.core.plan_words import clock
from wedtui.core.state import State
from wedtui.core.text import single_line
from wedtui.core.traffic import Place, by_provider, unfit
from wedtui.core.wording import listed


def reading_checks(facts: Facts, now: datetime, *, rescue: bool) -> Iterator[Check]:
    """Answer whether the live shares are known, make sense, and are not on their way to others.

    A change that is not yet in sync stops a failback and the service by itself; a person may rescue meanwhile: the
    records that are read are the new ones already.
    """
    reading = facts.reading
    if reading is None:
        last = f", last read at {clock(facts.last_read_at)}" if facts.last_read_at is not None else ""
        problem = single_line(facts.reading_problem or "they were not read")
        why = f"the live shares are not known{last}: {problem}"
        yield Check("reading", Result.UNKNOWN, why)
        return
    age = freshness(reading.read_at, AT_ONCE, now)
    fresh = age is Freshness.FRESH
    words = "the live shares were read" if fresh else f"the reading of the live shares is {_aged(age)}"
    yield Check("reading", Result.PASS if fresh else Result.UNKNOWN, words, reading.read_at)
    wrong = unfit(reading.shares)
    yield passing(
        "shares", wrong is None, "the live shares sum to 100", f"of the live records {wrong}", reading.read_at
    )
    settled = passing(
        "settled",
        reading.submission is None,
        "no change is on its way",
        f"the change {single_line(reading.submission or '')} is not yet in sync",
        reading.read_at,
    )
    yield replace(settled, stops=Stops.AUTOMATIC if rescue else Stops.EVERYBODY)


def by_whom(request: Request) -> Check:
    """Answer whether who asks may ask for this: the service never comes back, and never accepts an overload.

    Nobody accepts one for a failback, which rescues nothing.
    """
    why = None
    if request.automatic and request.kind is Kind.FAILBACK:
        why = "a failback is never made by the service itself"
    elif request.automatic and request.accepts_overload:
        why = "only a person may accept an overload"
    elif request.accepts_overload and request.kind is Kind.FAILBACK:
        why = "an overload may be accepted for a failover alone"
    asked = "the service asks by itself" if request.automatic else "a person decides it"
    return passing("by-whom", why is None, asked, why or "")


def failing(lost: Collection[Place], facts: Facts) -> Check:
    """Answer whether what is left has failed: a person may leave any provider, the service a CRITICAL one alone."""
    providers = [facts.provider(name) for name in sorted({place.provider for place in lost})]
    states = {provider.state for provider in providers}
    words = listed(tuple(f"{p.name} is {p.state}" for p in providers)) or "nothing is named"
    result = Result.FAIL
    if states == {State.CRITICAL}:
        result = Result.PASS
    elif states <= {State.CRITICAL, State.UNKNOWN}:
        result = Result.UNKNOWN
    at = min((p.round_at for p in providers if p.round_at is not None), default=None)
    return Check("failing", result, words, at, Stops.AUTOMATIC)


def room_check(
    moved: Moved, before: Mapping[Place, int], caps: Mapping[str, int], gaining: Collection[str], *, accepted: bool
) -> Check:
    """Answer whether all that is lost finds room under the caps, or a person accepts that it does not."""
    if not moved.unplaced:
        return Check("room", Result.PASS, "all that is lost finds room under the caps")
    result = Result.FAIL if all(name in caps for name in gaining) else Result.UNKNOWN
    if not accepted:
        words = f"{moved.unplaced} % find no room that is known of; a person may accept the overload knowingly"
        return Check("room", result, words)
    gained = {place.provider for place, share in moved.shares.items() if share > before[place]}
    torn = {place.provider for place, share in moved.shares.items() if share < before[place]}
    over = []
    for name, share in by_provider(moved.shares).items():
        if name in gained & torn:
            over.append(f"{name} gets {share} % in what is left of it")
        elif name in gained and name not in caps:
            over.append(f"{name} gets {share} % of an unknown cap")
        elif name in gained and share > caps[name]:
            over.append(f"{name} gets {share} % of at most {caps[name]} %")
    return Check("room", result, f"an overload is accepted: {listed(tuple(over))}", stops=Stops.AUTOMATIC)


def whole_check(moved: Moved) -> Check:
    """Answer whether the shares would be ones that may be live, so that something is always routed."""
    wrong = unfit(moved.shares)
    return passing("whole", wrong is None, "the new shares sum to 100", f"they would be unfit shares: {wrong}")


def unknown_room(caps: Mapping[str, int], names: Iterable[str], peak: float | None) -> Iterator[Check]:
    """Yield a sentence for each provider whose room is not known: for want of a capacity, or of a peak for all."""
    for name in names:
        if name not in caps:
            what = "cap" if peak is None else "capacity"
            why = f"the {what} of {name} is not known, which is no room"
            yield Check(f"capacity:{name}", Result.UNKNOWN, why, stops=Stops.NOBODY)


def off(facts: Facts, before: Mapping[Place, int]) -> Iterator[Check]:
    """Yield a sentence for each provider that is watched and has no record: it cannot gain anything."""
    routed = by_provider(before)
    for provider in facts.providers if facts.reading is not None else ():
        if provider.name not in routed:
            why = f"{provider.name} is OFF: it has no record, and may not gain share"
            at = None if facts.reading is None else facts.reading.read_at
            yield Check(f"eligible:{provider.name}", Result.FAIL, why, at, Stops.NOBODY)


def target_check(request: Request, before: Mapping[Place, int], at: datetime | None) -> Check:
    """Answer whether the shares to come back to are shares of the places that have records, and others than those."""
    to = request.to
    why = None
    if to is None:
        why = "no shares are named to come back to"
    elif unfit(to) is not None:
        why = f"{request.to_words} are unfit: {unfit(to)}"
    elif set(to) != set(before):
        odd = tuple(str(place) for place in sorted(set(to) ^ set(before)))
        why = f"{request.to_words} and the live records differ in {listed(odd)}"
    elif to == before:
        why = f"{request.to_words} are live already"
    return passing("target", why is None, f"it comes back to {request.to_words}", why or "", at)


def freeze_check(request: Request, facts: Facts, now: datetime) -> Check:
    """Answer whether a freeze stops it: never a failover, which is a rescue; always a failback.

    A freeze that cannot be judged is one. A person may have lifted it for the traffic.
    """
    verdict = facts.freeze
    fresh = verdict is not None and freshness(verdict.at, AT_ONCE, now) is Freshness.FRESH
    at = None if verdict is None else verdict.at
    if request.kind is Kind.FAILOVER:
        return Check("freeze", Result.PASS, "a freeze never stops a failover", at)
    if fresh and verdict is not None and not verdict.frozen:
        return Check("freeze", Result.PASS, "nothing is frozen", at)
    override = override_of(facts.overrides, TRAFFIC, now)
    if override is not None:
        words = f"the freeze is overridden by {override.person}: {single_line(override.reason)}"
        return Check("freeze", Result.PASS, words, override.at)
    if verdict is None or not fresh:
        return Check("freeze", Result.UNKNOWN, "whether it is frozen is not known, which means frozen", at)
    return Check("freeze", Result.FAIL, f"a freeze forbids it: {single_line(listed(_freezing(verdict)))}", at)


def _freezing(verdict: Verdict) -> tuple[str, ...]:
    """Return what freezes now; what only begins later forbids nothing yet."""
    return tuple(name for name in verdict.reasons if name not in verdict.later)


def _aged(age: Freshness) -> str:
    return "dated in the future" if age is Freshness.FUTURE else "old"
