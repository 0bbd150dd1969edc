"""What would be frozen if a person froze, lifted or overrode something now: what is shown before it is confirmed.

A plan is made from the facts of the one evaluator, as they are and as they would be. A confirmation holds for exactly
what was seen: the digest is of what was asked for and of everything that decides, not of what merely grows older.
Source: DESIGN, "Freeze", and laws 1 and 7.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from wedtui.core.checks import Check, Result, Stops, check_json, passing, refusals
from wedtui.core.emergency import EmergencyKind, emergency
from wedtui.core.failover import PLAN_GOOD_FOR, canonical
from wedtui.core.freeze import LOCKDOWN, UNTIL_LIFTED, FreezeFacts, Origin, Period, Reason, Scope, Verdict, verdict
from wedtui.core.freeze_words import going_on
from wedtui.core.override import NAMES, OVERRIDDEN_AT_MOST, Override, object_words, override_of, override_words
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.roles import Decision
from wedtui.core.text import single_line
from wedtui.core.wedding_check import weddings_check
from wedtui.core.wording import dated, duration, listed

EVERYTHING = "everything"
ENDS = "override"
"""Of what is lifted: the number behind it is that of an override, which ends early."""
ADD_HOURS = (1, 4, 12, 24, 72)
OVERRIDE_HOURS = (1, 2, 4)
LONGEST_ADDED = timedelta(days=31)
_TYPED_AT_MOST = 40
_LETS_THROUGH = frozenset({EmergencyKind.FREEZE_LIFT, EmergencyKind.FREEZE_OVERRIDE})


class Wanted(NamedTuple):
    """What is asked for."""

    kind: EmergencyKind
    name: str = ""
    """Of an override, its object; of a lift, the number, or `override` and the number of one that ends."""
    lasts: timedelta | None = None
    """Of a freeze that is added, and of an override."""


@dataclass(frozen=True, slots=True)
class Liftable:
    """A freeze of a person that can be lifted."""

    number: int
    period: Period
    added_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """All that such a plan rests on."""

    facts: FreezeFacts
    environment: str
    """The service's own."""
    protection: ProtectionVerdict
    liftable: Sequence[Liftable] = ()


@dataclass(frozen=True, slots=True)
class FreezePlan:
    """What would be done, and what is frozen before and after."""

    wanted: Wanted
    target: str
    """What has to be typed."""
    says: str
    """What would be done, in a sentence."""
    hurts: str
    """Whom it hurts."""
    undo: str
    at: datetime
    expires_at: datetime
    environment: str
    before: Verdict
    after: Verdict
    checks: tuple[Check, ...]

    @property
    def refused(self) -> tuple[str, ...]:
        """Why it may not be done; nothing where it may."""
        return refusals(self.checks, automatic=False)

    @property
    def digest(self) -> str:
        """SHA-256 of what decides."""
        lasts = self.wanted.lasts
        said = {
            "kind": self.wanted.kind.value,
            "name": self.wanted.name,
            "seconds": None if lasts is None else lasts.total_seconds(),
            "target": self.target,
            "before": _essence(self.before),
            "after": _essence(self.after),
            "checks": [[check.rule, check.result.value] for check in self.checks],
        }
        return hashlib.sha256(canonical(said)).hexdigest()


def wanted_of(kind: str, subject: str) -> Wanted:
    """Return what is meant by a subject: `everything`, `4h`, `12`, `override 3` or `traffic 2h`, by the kind.

    Raises:
        ValueError: nothing is meant by it; a sentence.
    """
    words = subject.split()
    if kind == EmergencyKind.LOCKDOWN and words == [EVERYTHING]:
        return Wanted(EmergencyKind.LOCKDOWN)
    if kind == EmergencyKind.FREEZE_ADD and len(words) == 1:
        return Wanted(EmergencyKind.FREEZE_ADD, lasts=_hours(words[0], LONGEST_ADDED))
    if kind == EmergencyKind.FREEZE_LIFT and len(words) == 1 and _is_number(words[0]):
        return Wanted(EmergencyKind.FREEZE_LIFT, words[0])
    if kind == EmergencyKind.FREEZE_LIFT and len(words) == 2 and words[0] == ENDS and _is_number(words[1]):
        return Wanted(EmergencyKind.FREEZE_LIFT, f"{ENDS} {int(words[1])}")
    if kind == EmergencyKind.FREEZE_OVERRIDE and len(words) == 2:
        return Wanted(EmergencyKind.FREEZE_OVERRIDE, words[0], _hours(words[1], OVERRIDDEN_AT_MOST))
    raise ValueError(f'"{single_line(subject, 60)}" is no subject of {kind}: see docs/control.md')


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= 9


def _hours(word: str, most: timedelta) -> timedelta:
    hours = timedelta(hours=int(word[:-1])) if word.endswith("h") and _is_number(word[:-1]) else timedelta(0)
    if not timedelta(0) < hours <= most:
        raise ValueError(f"expected whole hours of at most {duration(most)}, such as 4h, got {single_line(word, 20)}")
    return hours


def plan_freeze(wanted: Wanted, known: Known, decision: Decision, now: datetime) -> FreezePlan:
    """Plan a lockdown, a freeze, its end, or an override.

    Args:
        wanted: what is asked for.
        known: what is known at `now`.
        decision: whether who asks may do that.
        now: the aware instant of the question.
    """
    scope = Scope(known.environment)
    before = verdict(known.facts, now, scope)
    lifted = next((e for e in known.liftable if str(e.number) == wanted.name), None)
    facts = _changed(wanted, known, lifted, now)
    words = _words(wanted, known, lifted, now)
    after = verdict(facts, now, scope)
    allowed = passing("by-whom", decision.allowed, decision.sentence, decision.sentence)
    checks = (allowed, *_checks(wanted, known, lifted, before, now), *_general(wanted, known, before))
    return FreezePlan(
        wanted,
        words.target,
        words.says,
        words.hurts,
        words.undo,
        now,
        now + PLAN_GOOD_FOR,
        known.environment,
        before,
        before if refusals(checks, automatic=False) else after,
        checks,
    )


def ended_by(wanted: Wanted) -> int | None:
    """Return the number of the override that ends early; None where a freeze is lifted, or nothing is."""
    what, _, number = wanted.name.partition(" ")
    return int(number) if wanted.kind is EmergencyKind.FREEZE_LIFT and what == ENDS and number else None


def _changed(wanted: Wanted, known: Known, lifted: Liftable | None, now: datetime) -> FreezeFacts:
    """Return the facts as they would be."""
    facts = known.facts
    if wanted.kind is EmergencyKind.LOCKDOWN:
        everything = Period(LOCKDOWN, now, UNTIL_LIFTED, Origin.PERSON, frozenset(), frozenset())
        return replace(facts, periods=(*facts.periods, everything), overrides=())
    if wanted.kind is EmergencyKind.FREEZE_ADD and wanted.lasts is not None:
        where = frozenset({known.environment})
        return replace(
            facts, periods=(*facts.periods, Period("this freeze", now, now + wanted.lasts, Origin.PERSON, where))
        )
    if (ended := ended_by(wanted)) is not None:
        return replace(facts, overrides=tuple(each for each in facts.overrides if each.id != ended))
    if wanted.kind is EmergencyKind.FREEZE_LIFT and lifted is not None:
        rest = list(facts.periods)
        if lifted.period in rest:
            rest.remove(lifted.period)
        return replace(facts, periods=tuple(rest))
    if wanted.kind is EmergencyKind.FREEZE_OVERRIDE and wanted.lasts is not None:
        made = Override(wanted.name, "", "", now, now + wanted.lasts)
        return replace(facts, overrides=(*facts.overrides, made))
    return facts


class _Words(NamedTuple):
    target: str
    says: str
    hurts: str
    undo: str


def _words(wanted: Wanted, known: Known, lifted: Liftable | None, now: datetime) -> _Words:
    clock = known.facts.home or "UTC"
    until = f"{dated(now + (wanted.lasts or timedelta(0)), clock, now)} {clock}"
    stopped = "whoever deploys, changes configuration, restarts what is healthy, scales down or fails back is stopped"
    rescued = "failover, rollback, restart of what is ill and scale-up go on"
    if wanted.kind is EmergencyKind.LOCKDOWN:
        undo = "a manager lifts it: `wedtui freeze lift ID --reason WHY`, or by key; overrides have to be given anew"
        return _Words(EVERYTHING, "everything is frozen, in every environment, until it is lifted",
                      f"{stopped}, everywhere; {rescued}", undo)  # fmt: skip
    if wanted.kind is EmergencyKind.FREEZE_ADD:
        says = f"{known.environment} is frozen until {until}"
        return _Words(known.environment, says, f"{stopped} in {known.environment}; {rescued}",
                      "a manager lifts it: `wedtui freeze lift ID --reason WHY`, or by key")  # fmt: skip
    if (number := ended_by(wanted)) is not None:
        given = next((each for each in known.facts.overrides if each.id == number), None)
        what = (object_words(given.object) or "anything") if given is not None else "what it let through"
        by = f", which {given.person} gave for {given.object}: {single_line(given.reason, 120)}" if given else ""
        return _Words(wanted.name, f"{wanted.name} ends now{by}", f"whoever waits for {what}: a freeze stops it again",
                      "override it again; nothing that was begun is stopped by this")  # fmt: skip
    if wanted.kind is EmergencyKind.FREEZE_LIFT:
        name = _typed(lifted)
        by = f", which {lifted.added_by} added: {single_line(lifted.reason, 120)}" if lifted else ""
        hurts = "what it protected can be changed again by everybody whose role suffices"
        return _Words(
            name, f"freeze {wanted.name} ends now{by}", hurts, "add it again; nothing that was begun comes back"
        )
    object_ = single_line(wanted.name, _TYPED_AT_MOST)
    says = f"until {until} a freeze does not stop {object_words(wanted.name) or 'anything'}; all else stays frozen"
    return _Words(
        object_,
        says,
        "whoever gets married while it is changed",
        "`wedtui freeze override-end ID --reason WHY`, or a lockdown",
    )


def _typed(lifted: Liftable | None) -> str:
    """Return what is typed to lift a freeze: its name where any keyboard has that, else its number."""
    if lifted is None:
        return ""
    name = lifted.period.name
    typable = name.isascii() and name.isprintable() and name == name.strip() and 0 < len(name) <= _TYPED_AT_MOST
    return name if typable else f"freeze {lifted.number}"


def _checks(wanted: Wanted, known: Known, lifted: Liftable | None, before: Verdict, now: datetime) -> Iterable[Check]:
    """Yield what the kind alone asks."""
    entry = emergency(wanted.kind)
    if entry.rescue:
        yield Check("freeze", Result.PASS, "no freeze ever stops it", now)
    if wanted.kind is EmergencyKind.LOCKDOWN:
        ending = [each.object for each in known.facts.overrides if each.holds(now)]
        words = f"it ends the override for {listed(tuple(ending))}" if ending else "no freeze is overridden"
        yield Check("overrides", Result.PASS, words, now, Stops.NOBODY)
    elif (number := ended_by(wanted)) is not None:
        holds = any(each.id == number and each.holds(now) for each in known.facts.overrides)
        gone = f"there is no {wanted.name}, or it is over: see `wedtui freeze list`"
        yield passing("target", holds, f"{wanted.name} counts", gone, now)
    elif wanted.kind is EmergencyKind.FREEZE_LIFT:
        there = lifted is not None and lifted.period.end > now
        gone = f"there is no freeze {wanted.name} of a person, or it is over: see `wedtui freeze list`"
        yield passing("target", there, f"freeze {wanted.name} counts", gone, now)
    elif wanted.kind is EmergencyKind.FREEZE_OVERRIDE:
        none = f"a freeze is not overridden for it: name one of {NAMES}"
        what = object_words(wanted.name)
        yield passing("target", what is not None, f"a freeze stops {what}", none)
        frozen = Result.PASS if before.frozen else Result.FAIL
        yield Check("frozen", frozen, "it is frozen" if before.frozen else "nothing is frozen now", now, Stops.NOBODY)
        other = override_of(known.facts.overrides, wanted.name, now)
        if other is not None:
            yield Check(
                "overrides", Result.FAIL, f"it is overridden already: {override_words(other, now)}", now, Stops.NOBODY
            )


def _general(wanted: Wanted, known: Known, before: Verdict) -> Iterable[Check]:
    """Yield who is hurt, and whether what is frozen is known at all; what freezes more is never at the wrong time."""
    level = known.protection
    if wanted.kind in _LETS_THROUGH and ended_by(wanted) is None:
        result = Result.FAIL if level.level.wedding_day else Result.PASS
        sentence = f"protection is {level.level}: {single_line(level.reason, 160)}"
        yield Check("protection", result, sentence, level.read_at, Stops.NOBODY)
    yield weddings_check(level)
    for sentence in before.unreadable:
        yield Check("freeze-known", Result.UNKNOWN, single_line(sentence, 300), before.at, Stops.NOBODY)


def freeze_plan_json(made: FreezePlan) -> dict[str, object]:
    """Return a plan as plain data, as it is shown and kept."""
    return {
        "kind": made.wanted.kind.value,
        "target": made.target,
        "says": made.says,
        "hurts": made.hurts,
        "undo": made.undo,
        "at": iso(made.at),
        "expires_at": iso(made.expires_at),
        "environment": made.environment,
        "before": _shown(made.before),
        "after": _shown(made.after),
        "checks": [check_json(check) for check in made.checks],
    }


def _essence(found: Verdict) -> list[object]:
    # Of a source that cannot be read its sentence says for how long: that is another one every minute.
    named = [reason for reason in found.reasons if reason not in found.unreadable]
    return [found.frozen, named, bool(found.unreadable), sorted(each.object for each in found.overrides)]


def _shown(found: Verdict) -> dict[str, object]:
    return {
        "frozen": found.frozen,
        "until": None if found.until is None else iso(found.until),
        "lockdown": found.lockdown is not None,
        "reasons": list(found.reasons),
        "later": list(found.later),
        "clock": found.clock,
        "holding": [_timed(reason) for reason in found.holding],
        "coming": [_timed(reason) for reason in going_on(found)],
        "overrides": sorted({each.object for each in found.overrides}),
    }


def _timed(reason: Reason) -> dict[str, object]:
    return {"name": reason.name, "start": iso(reason.start), "end": iso(reason.end), "zone": reason.zone}


def iso(at: datetime) -> str:
    """Return an instant as a plan keeps it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
