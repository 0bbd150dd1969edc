"""The emergency panel's state, without a terminal: what was chosen, shown and typed, and what a key makes of it.

Two things are never confirmed here: what was not shown, and what was not named. A confirmation is wished for only where
the plan of a stored action stands on the screen, its target's name was typed letter by letter under exactly that plan,
and Enter was pressed in that field. Source: DESIGN, law 7 and "On the screen".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from wedtui.core.emergency import EmergencyKind, emergency
from wedtui.errors import ConflictError, ServiceError, WedtuiError

if TYPE_CHECKING:
    from wedtui.control.answers import ActionIs, PlanIs

LONGEST_REASON, LONGEST_NAME = 200, 100
AWAITING = frozenset({"requested", "awaiting confirmation"})
CHANGED = "THE PLAN CHANGED: what you typed was thrown away; read it again"


class Stage(StrEnum):
    """How far the panel is."""

    CHOOSE = "choose"
    REASON = "reason"
    """A plan is shown, of which nothing is stored."""
    NAME = "name"
    """The plan of a stored action is shown, and waits for the target's name."""
    FOLLOW = "follow"
    DONE = "done"
    """What was frozen, lifted or overridden: it was done as a whole."""
    BY_HAND = "by hand"
    """The service cannot be asked."""


class Wish(StrEnum):
    """What a key asks for beyond the panel."""

    PLAN = "plan"
    ASK = "ask"
    """Of what changes a freeze, for the plan that is confirmed: nothing is stored before."""
    CONFIRM = "confirm"
    CANCEL = "cancel"
    LEAVE = "leave"


class Choice(NamedTuple):
    """One line to choose from."""

    name: str
    """What the service is asked with: a place, or of a failback where to."""
    words: str
    state: str
    """Of the place's provider; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Arming:
    """The panel as it is; a new one for each change."""

    kind: EmergencyKind
    choices: tuple[Choice, ...] = ()
    at: int = 0
    stage: Stage = Stage.CHOOSE
    waits: str | None = None
    """What the service is being asked; until it answers no key does anything but leave."""
    plan: Mapping[str, object] | None = None
    refused: tuple[str, ...] = ()
    action: ActionIs | None = None
    digest: str = ""
    """Of a plan of which nothing is stored."""
    reason: str = ""
    """That was given for it."""
    overload: bool = False
    """Whether shares over the caps are taken knowingly."""
    in_field: bool = False
    """Whether the cursor is in the field; else it is on Cancel, where it begins."""
    text: str = ""
    """What was typed into the field of this stage."""
    said: str | None = None
    shown: int = 0
    """How often something else was shown than before; what was typed before that was drawn does not count."""

    @property
    def chosen(self) -> str:
        """What was chosen; nothing where there is nothing to choose from."""
        return self.choices[self.at].name if self.at < len(self.choices) else ""

    @property
    def moves_traffic(self) -> bool:
        """Whether it is about the shares; else it changes what is frozen."""
        return emergency(self.kind).moves_traffic

    @property
    def target(self) -> str:
        """What has to be typed."""
        return self.action.target if self.action is not None else str((self.plan or {}).get("target", ""))

    @property
    def expires_at(self) -> datetime | None:
        """Until when the plan may be confirmed; None: it may not be."""
        if self.action is not None:
            return self.action.expires_at
        said = (self.plan or {}).get("expires_at")
        return datetime.fromisoformat(said) if isinstance(said, str) else None

    @property
    def offers_overload(self) -> bool:
        """Whether nothing but room is missing, and more than that may be taken knowingly."""
        if self.kind is not EmergencyKind.FAILOVER or self.overload or self.waits or self.stage is not Stage.REASON:
            return False
        checks = (self.plan or {}).get("checks")
        stopping = [each for each in checks if _stops(each)] if isinstance(checks, list) else []
        return bool(self.refused) and {each["rule"] for each in stopping} in ({"room"}, {"room", "whole"})

    @property
    def has_field(self) -> bool:
        """Whether there is something to type now."""
        return self.waits is None and (self.stage is Stage.NAME or (self.stage is Stage.REASON and not self.refused))

    def expired(self, now: datetime) -> bool:
        """Whether the plan that waits for its confirmation may not be confirmed any more."""
        return self.stage is Stage.NAME and (self.expires_at is None or now >= self.expires_at)


def begin(kind: EmergencyKind, choices: tuple[Choice, ...]) -> Arming:
    """Open the panel on what there is to choose, the worst of it first under the cursor."""
    worst = next((i for i, each in enumerate(choices) if each.state == "CRITICAL"), 0)
    return Arming(kind, choices, worst)


def reopen(action: ActionIs) -> Arming:
    """Open the panel on an action that is stored, wherever it was asked for."""
    kind = EmergencyKind.FAILBACK if action.kind == EmergencyKind.FAILBACK else EmergencyKind.FAILOVER
    stage = Stage.NAME if action.state in AWAITING else Stage.FOLLOW
    return Arming(kind, stage=stage, action=action, plan=action.plan)


def step(arming: Arming, by: int) -> Arming:
    """Choose the line above or below."""
    if arming.stage is not Stage.CHOOSE or not arming.choices or arming.waits:
        return arming
    return replace(arming, at=min(max(arming.at + by, 0), len(arming.choices) - 1))


def switch(arming: Arming) -> Arming:
    """Go between Cancel and the field."""
    return replace(arming, in_field=not arming.in_field and (arming.has_field or arming.offers_overload))


def write(arming: Arming, character: str | None) -> Arming:
    """Type a character into the field; None takes the last one back. Nothing is typed outside of it."""
    if not (arming.in_field and arming.has_field):
        return arming
    longest = LONGEST_REASON if arming.stage is Stage.REASON else LONGEST_NAME
    text = arming.text[:-1] if character is None else (arming.text + character)[:longest]
    return replace(arming, text=text, said=None)


def enter(arming: Arming, now: datetime) -> tuple[Arming, Wish | None]:
    """Press Enter; return what it asks for."""
    if arming.waits is not None:
        return arming, None
    if arming.stage is Stage.CHOOSE:
        if not arming.chosen:
            return arming, Wish.LEAVE
        return replace(arming, waits="asking the service for the plan", said=None), Wish.PLAN
    if arming.in_field and arming.offers_overload:
        return replace(arming, overload=True, waits="asking the service for the plan", said=None), Wish.PLAN
    if not (arming.in_field and arming.has_field):
        # What the service proposes stays for whoever comes next.
        own = arming.stage is Stage.NAME and arming.action is not None and not arming.action.automatic
        return arming, Wish.CANCEL if own else Wish.LEAVE
    return _asks(arming) if arming.stage is Stage.REASON else _confirms(arming, now)


def _asks(arming: Arming) -> tuple[Arming, Wish | None]:
    if not arming.text.strip():
        return replace(arming, said="say why first: the reason is kept on the audit chain"), None
    return replace(arming, reason=arming.text.strip(), waits="asking for it"), Wish.ASK


def _confirms(arming: Arming, now: datetime) -> tuple[Arming, Wish | None]:
    if arming.expired(now):
        return replace(arming, text="", said="this plan is too old to be confirmed: leave, and ask again"), None
    if not arming.target or arming.text != arming.target:
        return replace(arming, said=f"that is not its name: type {arming.target} to confirm"), None
    return replace(arming, waits="confirming"), Wish.CONFIRM


def planned(arming: Arming, answer: PlanIs | WedtuiError) -> Arming:
    """Take what came of asking for a plan."""
    if isinstance(answer, ServiceError):
        stage = Stage.BY_HAND if arming.moves_traffic else Stage.CHOOSE
        return _another(arming, stage=stage, said=str(answer))
    if isinstance(answer, WedtuiError):
        return _another(arming, stage=Stage.CHOOSE, said=str(answer))
    return _another(arming, stage=Stage.REASON, plan=answer.plan, refused=tuple(answer.refused), digest=answer.digest)


def listed(arming: Arming, answer: tuple[Choice, ...] | WedtuiError) -> Arming:
    """Take what there is to choose from, where the service had to be asked."""
    if isinstance(answer, WedtuiError):
        return _another(arming, said=str(answer))
    return _another(arming, choices=answer)


def named(arming: Arming, answer: PlanIs | WedtuiError) -> Arming:
    """Take the plan that is to be confirmed, of what changes a freeze; it is newer than the one that was shown."""
    if isinstance(answer, WedtuiError):
        return replace(arming, waits=None, said=str(answer))
    if answer.refused:
        return _another(arming, stage=Stage.REASON, plan=answer.plan, refused=tuple(answer.refused))
    other = "THE PLAN CHANGED since the last one: read it again" if answer.digest != arming.digest else None
    return _another(arming, stage=Stage.NAME, plan=answer.plan, refused=(), digest=answer.digest, said=other)


def planned_again(arming: Arming, answer: PlanIs | WedtuiError) -> Arming:
    """Take a newer plan of what waits for its confirmation: the same one stays, and expires when it was to."""
    if isinstance(answer, WedtuiError):
        return arming if arming.said else replace(arming, said=str(answer))
    if arming.stage is not Stage.NAME or answer.digest == arming.digest:
        return arming
    if answer.refused:
        refused = tuple(answer.refused)
        return _another(arming, stage=Stage.REASON, plan=answer.plan, refused=refused, digest="", said=CHANGED)
    return _another(arming, plan=answer.plan, digest=answer.digest, said=CHANGED)


def done(arming: Arming, answer: str | WedtuiError) -> Arming:
    """Take what came of a confirmation that does everything at once: what is said of it, or why it was not done."""
    if isinstance(answer, ConflictError):
        return _another(arming, said=f"{CHANGED}: {answer}")
    if isinstance(answer, WedtuiError):
        return _another(arming, said=str(answer))
    return _another(arming, stage=Stage.DONE, said=answer)


def asked(arming: Arming, answer: ActionIs | WedtuiError) -> Arming:
    """Take what came of asking for the action: its plan is newer than the one that was shown."""
    if isinstance(answer, WedtuiError):
        return replace(arming, waits=None, said=str(answer))
    stage = Stage.NAME if answer.state in AWAITING else Stage.FOLLOW
    other = "THE PLAN CHANGED since the last one: read it again" if differs(arming.plan, answer.plan) else None
    return _another(arming, stage=stage, action=answer, plan=answer.plan, said=other if stage is Stage.NAME else None)


def confirmed(arming: Arming, answer: ActionIs | WedtuiError) -> Arming:
    """Take what came of the confirmation; one that was refused has to be typed again."""
    if isinstance(answer, ConflictError):
        return _another(arming, said=f"{CHANGED}: {answer}")
    if isinstance(answer, WedtuiError):
        return _another(arming, said=str(answer))
    return polled(replace(arming, waits=None), answer)


def polled(arming: Arming, answer: ActionIs | WedtuiError) -> Arming:
    """Take how the action is now."""
    if isinstance(answer, WedtuiError):
        return arming if arming.said else replace(arming, said=str(answer))
    old = arming.action
    if arming.stage is Stage.NAME and answer.state in AWAITING:
        if old is not None and old.digest == answer.digest:
            return replace(arming, action=answer, plan=answer.plan)
        return _another(arming, action=answer, plan=answer.plan, said=CHANGED)
    if arming.stage is Stage.FOLLOW:
        return replace(arming, action=answer, said=None)
    return _another(arming, stage=Stage.FOLLOW, action=answer, plan=answer.plan)


def differs(seen: Mapping[str, object] | None, newer: Mapping[str, object] | None) -> bool:
    """Whether a newer plan is another one for a person: that it was made later is no difference."""
    return (None if seen is None else _essence(seen)) != (None if newer is None else _essence(newer))


def _essence(plan: Mapping[str, object]) -> tuple[object, ...]:
    checks = plan.get("checks")
    found = [(each["rule"], each["result"]) for each in checks] if isinstance(checks, list) else []
    return (*(plan.get(key) for key in ("kind", "lost", "to", "before", "after", "records", "generation")), found)


def _stops(check: object) -> bool:
    """Whether a check of a plan stops a person."""
    return isinstance(check, dict) and check.get("result") != "PASS" and check.get("stops") == "everybody"


def _another(arming: Arming, **changes: object) -> Arming:
    """Show something else: nothing that was typed counts any more, and the cursor is on Cancel."""
    fresh: dict[str, object] = {"waits": None, "in_field": False, "text": "", "said": None, **changes}
    return replace(arming, shown=arming.shown + 1, **fresh)  # type: ignore[arg-type]
