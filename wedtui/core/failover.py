"""May the shares be changed like this, and to what? The one planner, for dashboard, commands, API and executor.

A request and facts in, a plan out. A plan holds all that a person is shown and all that will be submitted; its digest
is of what will be done and of what they were told of its safety (`core.plan_essence`), and a confirmation is bound to
exactly that. When it is claimed it is made again from newer facts, and `changed` says whether it is still the plan
that was confirmed.
Source: DESIGN, "Traffic and failover" and laws 3, 4 and 7. Which function holds which rule: `docs/safety.md`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from wedtui.core.checks import Check, Result, Stops, passing, refusals
from wedtui.core.evidence import FUTURE_TOLERANCE
from wedtui.core.failover_checks import (
    by_whom,
    failing,
    freeze_check,
    off,
    reading_checks,
    room_check,
    target_check,
    unknown_room,
    whole_check,
)
from wedtui.core.failover_facts import Facts, Kind, Request, eligible, vouched_for
from wedtui.core.failover_room import Room, caps_of, loaded, peak_of, rooms_of
from wedtui.core.failover_shares import Moved, away, back
from wedtui.core.plan_essence import what_decides
from wedtui.core.state import State
from wedtui.core.traffic import Place, by_provider, lost_places
from wedtui.core.wedding_check import weddings_check
from wedtui.core.wording import listed

PLAN_GOOD_FOR = timedelta(seconds=60)
"""So long a person may look at a plan; what it rests on is asked again when it is claimed."""
SECOND_PERSON_WITHIN = timedelta(minutes=5)
"""As long where a second person has to look at it too."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, on which evidence, and whether it may be."""

    request: Request
    at: datetime
    expires_at: datetime
    backend: str | None
    name: str | None
    """The record's name; None, as the backend, where nothing was read."""
    ttl: timedelta | None
    before: Mapping[Place, int]
    after: Mapping[Place, int]
    """What will be submitted; the same as before where the plan is refused."""
    rooms: tuple[Room, ...]
    """Of every provider with a record."""
    peak: float | None
    """Requests a second that have to be served; None where it is not known."""
    unplaced: int
    """Percent for which there is no room; of a failback, that have yet to follow."""
    checks: tuple[Check, ...]
    records: str | None
    """SHA-256 of the records that were read, which the change names."""
    generation: int
    """That the change will carry."""
    protection: str | None = None
    """The level at which it was made; None where it could not be judged, or an earlier version did not keep it."""
    digest: str = ""
    """SHA-256 over the canonical JSON of what decides: plans with the same one are one to whoever confirms them."""

    @property
    def refused(self) -> tuple[str, ...]:
        """Why whoever asked may not submit it; nothing where they may."""
        return self.refused_automatic if self.request.automatic else self.refused_person

    @property
    def refused_person(self) -> tuple[str, ...]:
        """Why a person may not submit it."""
        return refusals(self.checks, automatic=False)

    @property
    def refused_automatic(self) -> tuple[str, ...]:
        """Why the service may not submit it by itself."""
        why = refusals(self.checks, automatic=True)
        return why if self.request.automatic else (*why, "this is a person's plan: the service makes its own")

    def shown(self) -> dict[str, object]:
        """Return it as plain data, without its digest."""
        return plan_json(self)

    @property
    def page(self) -> str | None:
        """What to page with: that nobody may gain, or that there is no room; None where that is not so."""
        why = [c.sentence for c in self.checks if c.rule in _PAGING and c.refuses(automatic=self.request.automatic)]
        return why[0] if why and self.request.kind is Kind.FAILOVER else None

    def check(self, rule: str) -> Check:
        """Return the check of a rule."""
        return next(c for c in self.checks if c.rule == rule)

    def expired(self, now: datetime) -> bool:
        """Whether it may not be confirmed any more; neither where the clock jumped back behind it."""
        return now >= self.expires_at or self.at - now > FUTURE_TOLERANCE


_PAGING = frozenset({"gains", "room"})


class _Draft(NamedTuple):
    """What the request alone decides."""

    moved: Moved
    checks: tuple[Check, ...]


def plan(request: Request, facts: Facts, now: datetime, *, good_for: timedelta = PLAN_GOOD_FOR) -> Plan:
    """Plan a failover or a failback.

    Args:
        request: what is asked for.
        facts: what is known; the shares are to be read for this plan.
        now: the aware instant of the question; ages are counted up to it.
        good_for: how long it may be confirmed.
    """
    facts = vouched_for(facts, request.vouched) if request.vouched else facts
    reading = facts.reading
    before = {} if reading is None else {place: reading.shares[place] for place in sorted(reading.shares)}
    peak = peak_of(facts, now, loaded(request, before))
    caps = caps_of(facts, peak.value)
    judged = {name: eligible(facts.provider(name), now) for name in by_provider(before)}
    left = _left(request, before)
    drafted = _failover if request.kind is Kind.FAILOVER else _failback
    draft = _Draft(Moved(before, 0), ()) if reading is None else drafted(request, facts, before, caps, judged)
    checks = (
        *reading_checks(facts, now, rescue=request.kind is Kind.FAILOVER),
        by_whom(request),
        *draft.checks,
        *(() if reading is None else (whole_check(draft.moved),)),
        freeze_check(request, facts, now),
        *peak.checks,
        *(check for name, check in judged.items() if name not in left),
        *off(facts, before),
        *unknown_room(caps, [name for name in judged if name not in left], peak.value),
        weddings_check(facts.protection),
    )
    refused = refusals(checks, automatic=request.automatic)
    after = before if refused else draft.moved.shares
    made = Plan(
        request=request,
        at=now,
        expires_at=now + good_for,
        backend=None if reading is None else reading.backend,
        name=None if reading is None else reading.name,
        ttl=None if reading is None else reading.ttl,
        before=before,
        after=after,
        rooms=rooms_of(by_provider(before), by_provider(after), facts, caps, peak.value),
        peak=peak.value,
        unplaced=draft.moved.unplaced,
        checks=checks,
        records=None if reading is None else hashlib.sha256(reading.records.encode()).hexdigest(),
        generation=1 if reading is None else reading.generation + 1,
        protection=None if facts.protection is None else str(facts.protection.level),
    )
    return replace(made, digest=hashlib.sha256(canonical(what_decides(plan_json(made)))).hexdigest())


def _left(request: Request, before: Mapping[Place, int]) -> frozenset[str]:
    """Return the providers that are being left as a whole: whether they could gain or have room is no question.

    What remains of one that loses a region may be given an accepted overload, and is judged.
    """
    gone = lost_places(before, request.lost)
    whole = {p.provider for p in gone} - {p.provider for p in before if p not in gone}
    torn = frozenset() if request.accepts_overload else {p.provider for p in gone}
    return frozenset(whole | torn)


def _failover(
    request: Request,
    facts: Facts,
    before: Mapping[Place, int],
    caps: Mapping[str, int],
    judged: Mapping[str, Check],
) -> _Draft:
    """Take all from the lost, and give it to those that may gain and have room."""
    eligibles = _eligible(judged)
    gone = lost_places(before, request.lost)
    staying = {place.provider for place in before if place not in gone}
    gaining = sorted(staying & set(eligibles))
    overload = request.accepts_overload and not request.automatic
    moved = away(before, request.lost, caps, gaining, overload=overload)
    unnamed = sorted(str(place) for place in request.lost if not any(place.covers(each) for each in before))
    carried = sum(before[place] for place in gone)
    if not request.lost or unnamed:
        lost = f"there is no record of {listed(tuple(unnamed))}" if unnamed else "no provider is named"
    else:
        lost = f"{_places(request.lost)} carries nothing already"
    takes = f"{_places(request.lost)} carries {carried} %"
    holding = "no provider may gain share: hold the shares, and suspect the prober before the providers"
    may = f"{listed(tuple(gaining))} may gain share"
    return _Draft(
        moved,
        (
            passing("lost", bool(request.lost) and not unnamed and carried > 0, takes, lost, _read_at(facts)),
            failing(request.lost, facts),
            passing("gains", bool(gaining), may, holding, _read_at(facts)),
            room_check(moved, before, caps, gaining, accepted=overload),
        ),
    )


def _failback(
    request: Request,
    facts: Facts,
    before: Mapping[Place, int],
    caps: Mapping[str, int],
    judged: Mapping[str, Check],
) -> _Draft:
    """Come back to other shares, as far as those that gain can take."""
    eligibles = _eligible(judged)
    target = target_check(request, before, _read_at(facts))
    if not target.passed or request.to is None:
        return _Draft(Moved(before, 0), (target,))
    held = [name for name in by_provider(before) if facts.provider(name).state is State.UNKNOWN]
    moved = back(before, request.to, caps, eligibles, held)
    had, due = by_provider(before), by_provider(request.to)
    barred = {p.provider for p, share in request.to.items() if share > before.get(p, 0)} - eligibles
    why = _kept_away(had, due, caps, judged, barred)
    left = f"{'; '.join(why)}; {moved.unplaced} % cannot come back yet"
    waiting = [judged[name] for name in barred]
    at = min((each.measured_at for each in waiting if each.measured_at is not None), default=None)
    step = passing("step", not moved.unplaced, f"all of {request.to_words} would be reached", left, at)
    nothing = f"nothing can move: {left}"
    gains = passing("gains", moved.shares != before, "there is something to come back", nothing, at)
    return _Draft(moved, (target, gains, replace(step, stops=Stops.NOBODY)))


def _eligible(judged: Mapping[str, Check]) -> frozenset[str]:
    return frozenset(name for name, check in judged.items() if check.passed)


def _kept_away(
    before: Mapping[str, int],
    to: Mapping[str, int],
    caps: Mapping[str, int],
    judged: Mapping[str, Check],
    barred: Collection[str],
) -> list[str]:
    """Return why those who are to have share back, of which some are barred from it, do not get all of it."""
    found = []
    for name in sorted(to):
        if name in barred:
            found.append(judged[name].sentence)
        elif to[name] > before.get(name, 0) and to[name] > caps.get(name, 0):
            room = f"room for {caps[name]} %" if name in caps else "room that is not known"
            found.append(f"{name} has {room}, and is to have {to[name]} %")
    return found or ["others are to give it, and keep what they have"]


def changed(seen: Plan, newer: Plan) -> tuple[str, ...]:
    """Return what makes a newer plan another one than a person saw; nothing where it still is that plan.

    What is submitted has to be the same, and no rule that decides may have become worse. That evidence is newer, or
    that something became better, changes nothing.
    """
    found = []
    if seen.request != newer.request:
        found.append("it is for another request")
    if (seen.records, seen.generation, seen.before) != (newer.records, newer.generation, newer.before):
        found.append("the live records are no longer those of the plan")
    if seen.after != newer.after:
        found.append(f"it would now give {_shares(newer.after)}")
    if newer.unplaced > seen.unplaced:
        found.append(f"{newer.unplaced} % now find no room")
    known = {check.rule: check.result for check in seen.checks}
    deciding = [c for c in newer.checks if not c.passed and c.stops is not Stops.NOBODY]
    worse = [c for c in deciding if known.get(c.rule) not in {c.result, Result.FAIL}]
    return (*found, *(check.sentence for check in worse))


def lapsed(confirmed: Plan, newer: Plan) -> tuple[str, ...]:
    """Return why a plan that was confirmed may not be carried out any more; nothing where it may.

    The records have to be those that were read, nothing may stop who asked, and who gains by what was confirmed has to
    be one that may, within its cap. That shares would be divided otherwise by now is no reason by itself, nor is what
    stops the service alone where a person asked: else evidence that flickers would keep a person from a rescue. What
    the service asked for by itself it plans anew instead.
    """
    if confirmed.request != newer.request:
        return ("it is for another request",)
    if (confirmed.records, confirmed.generation, confirmed.before) != (newer.records, newer.generation, newer.before):
        return (*newer.refused, "the live records are no longer those of the plan")
    if newer.refused:
        return newer.refused
    if confirmed.request.automatic and confirmed.after != newer.after:
        return (f"it would now give {_shares(newer.after)}",)
    return tuple(_gains_too_much(confirmed, newer))


def _gains_too_much(confirmed: Plan, newer: Plan) -> Iterator[str]:
    """Yield a sentence for each provider that would gain what it may not have by what is known now."""
    before, caps = by_provider(confirmed.before), {room.provider: room.cap for room in newer.rooms}
    for name, share in by_provider(confirmed.after).items():
        if share <= before[name]:
            continue
        may = newer.check(f"eligible:{name}")
        room = caps[name] or 0
        if not may.passed:
            yield may.sentence
        elif share > room and not confirmed.request.accepts_overload:
            yield f"{name} would get {share} %, and has room for {room} %"


def plan_json(made: Plan) -> dict[str, object]:
    """Return a plan as plain data, as it is shown and kept; without its digest."""
    request = made.request
    return {
        "kind": request.kind.value,
        "lost": [str(place) for place in sorted(request.lost)],
        "to": None if request.to is None else _named(request.to),
        "to_words": request.to_words,
        "accepts_overload": request.accepts_overload,
        "automatic": request.automatic,
        "vouched": sorted(request.vouched),
        "at": _iso(made.at),
        "expires_at": _iso(made.expires_at),
        "backend": made.backend,
        "name": made.name,
        "ttl_seconds": None if made.ttl is None else made.ttl.total_seconds(),
        "before": _named(made.before),
        "after": _named(made.after),
        "rooms": [
            {
                "provider": room.provider,
                "before": room.before,
                "after": room.after,
                "cap": room.cap,
                "capacity": room.capacity,
                "spare": room.spare,
            }
            for room in made.rooms
        ],
        "peak": made.peak,
        "unplaced": made.unplaced,
        "checks": [
            {
                "rule": check.rule,
                "result": check.result.value,
                "sentence": check.sentence,
                "measured_at": None if check.measured_at is None else _iso(check.measured_at),
                "stops": check.stops.value,
            }
            for check in made.checks
        ],
        "records": made.records,
        "generation": made.generation,
        "protection": made.protection,
    }


def canonical(value: object) -> bytes:
    """Return the one JSON of plain data: sorted keys, no spaces, ASCII, no number that JSON does not have."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def _named(shares: Mapping[Place, int]) -> dict[str, int]:
    return {str(place): shares[place] for place in sorted(shares)}


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _places(places: Collection[Place]) -> str:
    return listed(tuple(str(place) for place in sorted(places)))


def _shares(shares: Mapping[Place, int]) -> str:
    return ", ".join(f"{place} {share}" for place, share in _named(shares).items())


def _read_at(facts: Facts) -> datetime | None:
    return None if facts.reading is None else facts.reading.read_at
