"""Is a change of shares undone by the service? The one function that answers it.

Source: DESIGN, "Traffic and failover": a change that made things worse for two rounds is undone once, if every provider
that the undo adds share to is eligible; else hold and page. Worse is what customers would notice: the percent of them
that are sent where the last probe round passed is lower than it was when the change was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wedtui.core.automation import AutomationFacts, standing
from wedtui.core.checks import Check, Result, passing
from wedtui.core.evidence import Freshness, freshness
from wedtui.core.failover_facts import AT_ONCE, Facts, eligible
from wedtui.core.traffic import Place, by_provider, unfit

ROUNDS = 2


class Verdict(StrEnum):
    """What becomes of a change."""

    KEEP = "keep"
    """It did not make things worse, as far as is known."""
    UNDO = "undo"
    HOLD = "hold"
    """It made things worse and may not be undone: a person is paged."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was accepted."""

    before: Mapping[Place, int]
    after: Mapping[Place, int]
    accepted_at: datetime
    generation: int
    served: int | None
    """`served(before, ...)` at the last round before it; None where that was not known."""
    final: bool = False
    """Whether it is an undo itself, or was undone already."""


@dataclass(frozen=True, slots=True)
class Round:
    """How the newest round of every provider went."""

    at: datetime
    passed: Mapping[str, bool | None]


@dataclass(frozen=True, slots=True)
class UndoAnswer:
    """What becomes of a change, and why."""

    verdict: Verdict
    checks: tuple[Check, ...]
    page: str | None = None


def served(shares: Mapping[Place, int], passed: Mapping[str, bool | None]) -> int | None:
    """Return the percent of customers that are sent where the round passed; None where that is not known of all."""
    routed = {name: share for name, share in by_provider(shares).items() if share > 0}
    if any(passed.get(name) is None for name in routed):
        return None
    return sum(share for name, share in routed.items() if passed[name])


def may_undo(
    change: Change, rounds: tuple[Round, ...], facts: Facts, automation: AutomationFacts, now: datetime
) -> UndoAnswer:
    """Say whether a change is undone at an aware instant.

    Args:
        change: the newest change of shares.
        rounds: those since it was accepted, in any order.
        facts: what is known; the shares are to be read for this.
        automation: whether the service may do anything by itself.
        now: the instant of the question.
    """
    worse = made_worse(change, rounds, now)
    if not worse.passed:
        return UndoAnswer(Verdict.KEEP, (worse,))
    gaining = sorted({p.provider for p, share in change.before.items() if share > change.after.get(p, 0)})
    wrong = unfit(change.before)
    checks = (
        worse,
        *standing(automation),
        passing("once", not change.final, "it was not undone yet", "it was undone already, or is an undo itself"),
        _ours(change, facts, now),
        passing("whole", wrong is None, "the shares before it sum to 100", f"they would be unfit shares: {wrong}"),
        *(eligible(facts.provider(name), now) for name in gaining),
    )
    broken = [check for check in checks if not check.passed]
    if not broken:
        return UndoAnswer(Verdict.UNDO, checks)
    return UndoAnswer(Verdict.HOLD, checks, f"a change made things worse and is not undone: {broken[0].sentence}")


def made_worse(change: Change, rounds: tuple[Round, ...], now: datetime) -> Check:
    """Answer whether fewer are served than at the change, in each of the last two rounds after it."""
    since = sorted((r for r in rounds if r.at > change.accepted_at), key=lambda r: r.at, reverse=True)[:ROUNDS]
    at = since[0].at if since else None
    found = [served(change.after, each.passed) for each in since]
    if change.served is None or None in found or freshness(at, AT_ONCE, now) is not Freshness.FRESH:
        return Check("worse", Result.UNKNOWN, "whether it made things worse is not known", at)
    percents = [percent for percent in found if percent is not None]
    words = f"{min(percents)} % of customers are served, and {change.served} % were before it"
    return passing("worse", len(percents) == ROUNDS and max(percents) < change.served, words, words, at)


def _ours(change: Change, facts: Facts, now: datetime) -> Check:
    """Answer whether what is live is what the change made: else there is nothing of it to undo."""
    reading = facts.reading
    at = None if reading is None else reading.read_at
    if reading is None or freshness(at, AT_ONCE, now) is not Freshness.FRESH:
        return Check("ours", Result.UNKNOWN, "the live shares are not known", at)
    same = dict(reading.shares) == dict(change.after) and reading.generation == change.generation
    return passing("ours", same, "its shares are live", "somebody changed the shares since", at)
