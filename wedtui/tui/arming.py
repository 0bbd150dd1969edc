"""The emergency panel's state, without a terminal: what was chosen, shown and typed, and what a key makes of it.

Two things are never confirmed here: what was not shown, and what was not named. A confirmation is wished for only where
the plan of a stored action stands on the screen, its target's name was typed letter by letter under exactly that plan,
and Enter was pressed in that field. The same holds for the word of a second person, and for acting without one.
Source: DESIGN, law 7 and "On the screen".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from wedtui.core.actions import Outcome
from wedtui.core.confirming import may_be_second
from wedtui.core.customers import moved
from wedtui.core.emergency import EMERGENCIES, Emergency, EmergencyKind
from wedtui.core.roles import Demand

if TYPE_CHECKING:
    from wedtui.control.answers import ActionIs

LONGEST_REASON, LONGEST_NAME = 200, 100
_ASTRAY = "the cursor is on Cancel, where nothing is typed: Tab goes to the field"
_UNREAD = "not all that has not passed was on the screen: read it first, with ↓"
AWAITING = frozenset({"requested", "awaiting confirmation"})
NEWER = "THE PLAN CHANGED since the last one: read it again"
AT_ONCE = "confirming it"
"""What is waited for where asking for it was the one confirmation that it takes."""
CHANGED = "THE PLAN CHANGED: what you typed was thrown away; read it again"
AGED = "A WORD THAT WAS GIVEN EXPIRED with its plan; this one says the same: confirm it anew"


class Stage(StrEnum):
    """How far the panel is."""

    CHOOSE = "choose"
    REASON = "reason"
    """A plan is shown, of which nothing is stored."""
    VOUCH = "vouch"
    """On the emergency path: who is well, of whom nothing is known, is to be named by a person who looked."""
    NAME = "name"
    """The plan of a stored action is shown, and waits for the target's name."""
    APPROVE = "approve"
    """Another's plan is shown, and waits for the target's name from a second person: whoever sits here."""
    SECOND = "second person"
    """It was confirmed, and waits for another person."""
    GLASS = "break glass"
    """Why it cannot wait for them is to be said."""
    GLASS_NAME = "break glass, name"
    """That was said, and the target's name is to be typed once more."""
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
    APPROVE = "approve"
    CANCEL = "cancel"
    LEAVE = "leave"


class Offer(StrEnum):
    """What can be chosen instead of Cancel where there is no field."""

    OVERLOAD = "overload"
    """Nothing but room is missing, and more than that may be taken knowingly."""
    ASIDE = "without the ledger"
    """The emergency path."""
    VOUCH = "vouch"
    """On the emergency path, where nothing is known of providers: saying which of them are well."""
    GLASS = "break glass"
    """Acting without the second person."""
    CONFIRM = "confirm"
    """Giving one's word for what takes no name."""


NAMES = frozenset({Stage.NAME, Stage.APPROVE, Stage.GLASS_NAME})
"""Where the target's name is typed."""
GLASSES = frozenset({Stage.GLASS, Stage.GLASS_NAME})


class Me(NamedTuple):
    """Who sits here, as the service knows it."""

    user: str = ""
    may: frozenset[str] = frozenset()
    """The permissions that the role suffices for."""


NOBODY = Me()


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

    kind: str
    choices: tuple[Choice, ...] = ()
    at: int = 0
    stage: Stage = Stage.CHOOSE
    waits: str | None = None
    """What the service is being asked; until it answers no key does anything but leave."""
    plan: Mapping[str, object] | None = None
    refused: tuple[str, ...] = ()
    action: ActionIs | None = None
    digest: str = ""
    """Of the plan that was asked for, before an action was made of it."""
    reason: str = ""
    """That was given for it."""
    overload: bool = False
    """Whether shares over the caps are taken knowingly."""
    in_field: bool = False
    """Whether the cursor is in the field; else it is on Cancel, where it begins."""
    text: str = ""
    """What was typed into the field of this stage."""
    said: str | None = None
    astray: bool = False  # something was typed on Cancel: the next Enter was not meant for that
    unheard: str | None = None
    """Why it cannot be heard at present how the action stands; gone with the next answer."""
    me: Me = NOBODY
    alone: str = ""
    """Why it cannot wait for the second person, once that was said."""
    ledger: str | None = None
    """Why the service cannot reach its ledger; None: it can, as far as is known."""
    aside: bool = False
    """Whether the emergency path was chosen, without the ledger."""
    vouched: tuple[str, ...] = ()
    """Who is well by the word of whoever sits here, of those of whom nothing is known."""
    numbered: int | None = None
    """The number that the action has, or had, without the ledger; None: it was asked for with it."""
    unread: bool = False
    """Whether something of the plan that has not passed never stood on the screen."""
    shown: int = 0
    """How often something else was shown than before; what was typed before that was drawn does not count."""

    @property
    def chosen(self) -> str:
        """What was chosen; nothing where there is nothing to choose from."""
        return self.choices[self.at].name if self.at < len(self.choices) else ""

    @property
    def entry(self) -> Emergency | None:
        """What the registry says of it; None of what a service of another version did."""
        return EMERGENCIES.get(self.kind)

    @property
    def moves_traffic(self) -> bool:
        """Whether it is about the shares."""
        return self.entry is not None and self.entry.moves_traffic

    @property
    def journaled(self) -> bool:
        """Whether it is an action with steps; else what it changes is done at once."""
        return self.entry is None or self.entry.journaled

    @property
    def dangerous(self) -> bool:
        """Whether its name has to be typed, in a stage of its own."""
        return self.entry is None or self.entry.dangerous

    @property
    def one_stage(self) -> bool:
        """Whether what asks for it confirms it."""
        return self.stage is Stage.REASON and not self.dangerous

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
    def offer(self) -> Offer | None:
        """What can be chosen instead of Cancel; None: nothing."""
        if self.waits:
            return None
        if self.stage is Stage.SECOND:
            return Offer.GLASS
        if self.stage in NAMES and not self.dangerous:
            return Offer.CONFIRM
        return self._of_plan if self.kind == EmergencyKind.FAILOVER and self.stage is Stage.REASON else None

    @property
    def _of_plan(self) -> Offer | None:
        """What can be chosen where a failover was planned, of which nothing is stored."""
        if self._lacks_room:
            return Offer.OVERLOAD
        if self.vouching:
            return Offer.VOUCH
        return Offer.ASIDE if self.ledger is not None and not self.aside and not self.refused else None

    @property
    def vouching(self) -> bool:
        """Whether a person's word could help: it counts on the emergency path alone, where nothing else does."""
        helps = bool(self.refused and self.unknown) and not self._lacks_room
        return helps and (self.aside or self.ledger is not None)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The providers of whom nothing is known, and so may gain nothing."""
        checks = (self.plan or {}).get("checks")
        found = [each for each in checks if isinstance(each, dict)] if isinstance(checks, list) else []
        named = [str(each.get("rule")).partition(":") for each in found if each.get("result") == "UNKNOWN"]
        return tuple(name for rule, _colon, name in named if rule == "eligible" and name not in self.vouched)

    @property
    def _lacks_room(self) -> bool:
        if self.overload:
            return False
        checks = (self.plan or {}).get("checks")
        stopping = [each for each in checks if _stops(each)] if isinstance(checks, list) else []
        return bool(self.refused) and {each["rule"] for each in stopping} in ({"room"}, {"room", "whole"})

    @property
    def has_field(self) -> bool:
        """Whether there is something to type now."""
        if self.waits is not None:
            return False
        if self.stage is Stage.REASON:
            return not self.refused and (self.ledger is None or self.aside or not self.journaled)
        return (self.stage in NAMES and self.dangerous) or self.stage in {Stage.GLASS, Stage.VOUCH}

    @property
    def open_plan(self) -> bool:
        """Whether what is shown still waits for a person's word, and so can expire."""
        return self.stage in NAMES or self.stage in {Stage.SECOND, Stage.GLASS}

    def over(self, now: datetime) -> bool:
        """Whether nothing more is to be seen of the action.

        More is while it is not on record, or not reviewed, and while it is looked whether its customers have moved:
        until a look that was begun has ended, or the time is over in which one would begin.
        """
        action = self.action
        if action is None:
            return True
        unreviewed = action.broke_glass is not None and action.reviewed_by is None
        return action.state == "ended" and not action.aside and not unreviewed and not _looks_for_customers(action, now)

    def expired(self, now: datetime) -> bool:
        """Whether the plan that waits for its confirmation may not be confirmed any more."""
        return self.open_plan and (self.expires_at is None or now >= self.expires_at)


def _looks_for_customers(action: ActionIs, now: datetime) -> bool:
    """Whether it may still have to be seen whether the customers of a change have moved."""
    ttl = (action.plan or {}).get("ttl_seconds")
    known = timedelta(seconds=ttl) if isinstance(ttl, int | float) else None
    return action.outcome == Outcome.VERIFIED and moved(action.confirmed_at, action.steps, known).is_open(now)


def begin(kind: str, choices: tuple[Choice, ...], ledger: str | None = None) -> Arming:
    """Open the panel on what there is to choose, the worst of it first under the cursor."""
    worst = next((i for i, each in enumerate(choices) if each.state == "CRITICAL"), 0)
    return Arming(kind, choices, worst, ledger=ledger)


def reopen(action: ActionIs, me: Me) -> Arming:
    """Open the panel on an action that is stored, wherever it was asked for."""
    opened = Arming(action.kind, stage=stage_of(action, me), action=action, plan=action.plan, me=me)
    return replace(opened, numbered=action.id if action.aside else None)


def stage_of(action: ActionIs, me: Me) -> Stage:
    """Return what a person can do about an action that is stored; where nothing, they follow it."""
    entry = EMERGENCIES.get(action.kind)
    if action.state not in AWAITING or not me.user or entry is None:
        return Stage.FOLLOW
    waits = Demand.SECOND_PERSON.value in action.needs
    permitted = entry.permission.value in me.may
    if action.confirmed_by is None and (action.person == me.user or (action.automatic and permitted)):
        return Stage.NAME
    if waits and action.confirmed_by == me.user:
        return Stage.SECOND
    if waits and permitted and may_be_second(me.user, action.person, action.confirmed_by):
        return Stage.APPROVE
    return Stage.FOLLOW


def ledger_is(arming: Arming, problem: str | None) -> Arming:
    """Take whether the service reaches its ledger: where it does not, nothing is asked for as ever."""
    newer = replace(arming, ledger=problem)
    changed = (problem is None) != (arming.ledger is None)
    if not changed or arming.stage is not Stage.REASON or arming.aside or not arming.journaled:
        return newer
    said = "the ledger can be reached again: ask as ever" if problem is None else None
    return another(newer, waits=arming.waits, said=said)


def step(arming: Arming, by: int) -> Arming:
    """Choose the line above or below."""
    if arming.stage is not Stage.CHOOSE or not arming.choices or arming.waits:
        return arming
    return replace(arming, at=min(max(arming.at + by, 0), len(arming.choices) - 1))


def live(arming: Arming, choices: tuple[Choice, ...]) -> Arming:
    """Take what there is to choose from as it is now; the cursor stays on what it stood on."""
    if arming.stage is not Stage.CHOOSE or arming.waits is not None:
        return arming
    names = [each.name for each in choices]
    if names == [each.name for each in arming.choices]:
        return replace(arming, choices=choices)
    at = names.index(arming.chosen) if arming.chosen in names else 0
    return another(arming, choices=choices, at=at)


def switch(arming: Arming) -> Arming:
    """Go between Cancel and the field."""
    in_field = not arming.in_field and (arming.has_field or arming.offer is not None)
    return replace(arming, in_field=in_field, astray=False, said=None if arming.astray else arming.said)


def write(arming: Arming, character: str | None) -> Arming:
    """Type a character into the field; None takes the last one back. Nothing is typed outside of it."""
    if not arming.has_field:
        return arming
    if not arming.in_field:
        return arming if character is None else replace(arming, astray=True, said=_ASTRAY)
    longest = LONGEST_NAME if arming.stage in NAMES else LONGEST_REASON
    text = arming.text[:-1] if character is None else (arming.text + character)[:longest]
    return replace(arming, text=text, said=None)


def clear(arming: Arming) -> Arming:
    """Throw away what was typed into the field."""
    return replace(arming, text="", said=None) if arming.has_field and arming.in_field else arming


def enter(arming: Arming, now: datetime) -> tuple[Arming, Wish | None]:
    """Press Enter; return what it asks for."""
    if arming.waits is not None:
        return arming, None
    if arming.stage is Stage.CHOOSE:
        if not arming.chosen:
            return arming, Wish.LEAVE
        return replace(arming, waits="asking the service for the plan", said=None), Wish.PLAN
    if arming.in_field and arming.offer is not None:
        return _takes(arming, arming.offer, now)
    return _of_field(arming, now) if arming.in_field and arming.has_field else _cancels(arming)


def _of_field(arming: Arming, now: datetime) -> tuple[Arming, Wish | None]:
    if arming.stage is Stage.REASON:
        return _asks(arming)
    if arming.stage is Stage.VOUCH:
        return _vouches(arming)
    return (_says_why_alone(arming), None) if arming.stage is Stage.GLASS else _confirms(arming, now)


def _takes(arming: Arming, offer: Offer, now: datetime) -> tuple[Arming, Wish | None]:
    if offer is Offer.CONFIRM:
        return _confirms(arming, now)
    if offer is Offer.GLASS:
        return another(arming, stage=Stage.GLASS), None
    if offer is Offer.VOUCH:
        return another(arming, stage=Stage.VOUCH), None
    asks = replace(arming, waits="asking the service for the plan", said=None)
    return replace(asks, overload=True) if offer is Offer.OVERLOAD else replace(asks, aside=True), Wish.PLAN


def _cancels(arming: Arming) -> tuple[Arming, Wish | None]:
    if arming.astray:
        return replace(arming, astray=False, said=f"{_ASTRAY}; Enter once more is Cancel"), None
    if arming.stage in GLASSES:
        return another(arming, stage=Stage.SECOND, alone=""), None
    if arming.stage is Stage.VOUCH:
        return another(arming, stage=Stage.REASON), None
    # What the service proposes stays for whoever comes next, and what another asked for is theirs.
    own = arming.stage is Stage.NAME and arming.action is not None and not arming.action.automatic
    return arming, Wish.CANCEL if own else Wish.LEAVE


def _vouches(arming: Arming) -> tuple[Arming, Wish | None]:
    """Take who is well, each by name; what is known to be bad gains nothing in spite of it."""
    names = tuple(dict.fromkeys(arming.text.replace(",", " ").split()))
    strange = [name for name in names if name not in arming.unknown]
    if not names or strange:
        said = f"{strange[0]} is none of them: " if strange else ""
        return replace(arming, said=f"{said}type who is well, of {' '.join(arming.unknown)}"), None
    waits = "asking the service for the plan"
    return replace(arming, aside=True, vouched=(*arming.vouched, *names), waits=waits, said=None), Wish.PLAN


def _says_why_alone(arming: Arming) -> Arming:
    if not arming.text.strip():
        return replace(arming, said="say why it cannot wait: everybody is told, and it stays on the audit chain")
    return another(arming, stage=Stage.GLASS_NAME, alone=arming.text.strip())


def _asks(arming: Arming) -> tuple[Arming, Wish | None]:
    if not arming.text.strip():
        return replace(arming, said="say why first: the reason is kept on the audit chain"), None
    if arming.one_stage and arming.unread:
        return replace(arming, said=_UNREAD), None  # with this it is confirmed: nothing asks for that later
    return replace(arming, reason=arming.text.strip(), waits="asking for it"), Wish.ASK


def _confirms(arming: Arming, now: datetime) -> tuple[Arming, Wish | None]:
    if arming.expired(now):
        return replace(arming, text="", said="this plan is too old to be confirmed: leave, and ask again"), None
    if arming.dangerous and (not arming.target or arming.text != arming.target):
        # Of what was wrong nothing stays before which the right name would be typed.
        return replace(arming, text="", said=f"that is not its name: type {arming.target} to confirm"), None
    if arming.unread:
        return replace(arming, said=_UNREAD), None
    if arming.stage is Stage.APPROVE:
        return replace(arming, waits="approving"), Wish.APPROVE
    return replace(arming, waits="confirming"), Wish.CONFIRM


def _stops(check: object) -> bool:
    """Whether a check of a plan stops a person."""
    return isinstance(check, dict) and check.get("result") != "PASS" and check.get("stops") == "everybody"


def another(arming: Arming, **changes: object) -> Arming:
    """Show something else: nothing that was typed counts any more, and the cursor is on Cancel."""
    fresh: dict[str, object] = {
        "waits": None,
        "in_field": False,
        "text": "",
        "said": None,
        "unread": True,
        "astray": False,
    }
    return replace(arming, shown=arming.shown + 1, **fresh | changes)  # type: ignore[arg-type]
