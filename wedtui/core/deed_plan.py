"""The plan of an action that has a planner and steps of its own: what would be done, whether it may, and to what a
confirmation is bound. What every such plan asks beside its own checks stands here: a freeze, and who gets married.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wedtui.core.checks import Check, Result, check_json, refusals
from wedtui.core.emergency import Emergency
from wedtui.core.failover import canonical
from wedtui.core.freeze import Scope, verdict
from wedtui.core.freeze_plan import Known, iso
from wedtui.core.text import single_line
from wedtui.core.wedding_check import weddings_check
from wedtui.core.wording import listed


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a planner of its own says."""

    says: str
    """What would be done, in a sentence."""
    before: str
    """How it stands."""
    after: str
    hurts: str
    """Whom it hurts."""
    undo: str
    """How to take it back. What is measured and grows older, a figure or an age, belongs in the sentence of a check:
    every other word of a sketch is what a confirmation is bound to."""
    checks: tuple[Check, ...] = ()
    change: Mapping[str, Any] = field(default_factory=dict)
    """What is submitted: all that its steps need, as JSON has it."""
    rescues: bool | None = None
    """Whether a freeze never stops it, by how its target is now (a restart of what is ill); None: as registered."""


@dataclass(frozen=True, slots=True)
class DeedPlan:
    """What would be done, and whether it may be."""

    kind: str
    subject: str
    target: str
    """What has to be typed, where it takes two stages."""
    sketch: Sketch
    checks: tuple[Check, ...]
    at: datetime
    expires_at: datetime

    @property
    def refused(self) -> tuple[str, ...]:
        """Why it may not be done; nothing where it may."""
        return refusals(self.checks, automatic=False)

    @property
    def page(self) -> str | None:
        """What to page with: nothing, for who asked sees it."""
        return None

    @property
    def digest(self) -> str:
        """SHA-256 of all that was read, but for the sentences of its checks: figures and ages stand there alone."""
        said = {
            "kind": self.kind,
            "subject": self.subject,
            "target": self.target,
            "says": self.sketch.says,
            "before": self.sketch.before,
            "after": self.sketch.after,
            "hurts": self.sketch.hurts,
            "undo": self.sketch.undo,
            "change": self.sketch.change,
            "checks": [[check.rule, check.result.value, check.stops.value] for check in self.checks],
        }
        return hashlib.sha256(canonical(said)).hexdigest()

    def shown(self) -> dict[str, object]:
        """Return it as plain data, as it is shown and kept."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "target": self.target,
            "says": self.sketch.says,
            "before": self.sketch.before,
            "after": self.sketch.after,
            "hurts": self.sketch.hurts,
            "undo": self.sketch.undo,
            "at": iso(self.at),
            "expires_at": iso(self.expires_at),
            "checks": [check_json(check) for check in self.checks],
        }


def house_checks(entry: Emergency, known: Known, now: datetime, *, rescues: bool | None = None) -> tuple[Check, ...]:
    """Return what is asked of every action, whoever plans it: a freeze stops it unless it rescues.

    Args:
        entry: which action.
        known: what is known at `now`.
        now: an aware instant.
        rescues: whether it rescues as its target is now; None: as it is registered.
    """
    if entry.rescue if rescues is None else rescues:
        return (Check("freeze", Result.PASS, "no freeze ever stops it", now), weddings_check(known.protection))
    found = verdict(known.facts, now, Scope(known.environment))
    words = "nothing is frozen"
    if found.frozen:
        words = f"a freeze forbids it: {single_line(listed(found.reasons), 300)}"
    result = Result.FAIL if found.frozen else Result.PASS
    return (Check("freeze", result, words, found.at), weddings_check(known.protection))
