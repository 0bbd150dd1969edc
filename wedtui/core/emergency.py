"""The one registry of emergency actions: what each is called, who may start it, whether a freeze ever stops it.

Pane, keys, hints, help and palette, the panel and its words, what the API and the configuration take by name and what
each needs, and the commands are made from it. A new action is an entry here, and in `actions.deeds` whoever plans it
and makes its steps.
Source: DESIGN, "Roles", "Freeze" (rescues) and "On the screen".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from wedtui.core.roles import NEEDED, Permission, Role
from wedtui.core.wording import asked_of_demo

FIRST_ASIDE = 1_000_000_000
"""Actions without the ledger are numbered from here on: no number of the ledger's own is so large."""
ACTIONS = "/v1/actions"
"""Where every action of the journal is asked for."""


class EmergencyKind(StrEnum):
    """What this version itself does in an emergency; the value is the word of the API."""

    FAILOVER = "failover"
    FAILBACK = "failback"
    LOCKDOWN = "lockdown"
    FREEZE_ADD = "freeze-add"
    FREEZE_LIFT = "freeze-lift"
    FREEZE_OVERRIDE = "freeze-override"


class Way(StrEnum):
    """How an action is carried out."""

    TRAFFIC = "traffic"
    """As a change of shares, step by step, over the backend of traffic."""
    FREEZE = "freeze"
    """As one transaction of the ledger, with nothing outside."""
    STEPS = "steps"
    """By a planner and steps of its own (`actions.deeds`), through the same journal as a change of shares."""


class Target(StrEnum):
    """What there is to choose from."""

    PLACE = "place"
    """Where traffic is."""
    SHARES = "shares"
    """To which shares to come back."""
    EVERYTHING = "everything"
    """There is no choice."""
    HOURS = "hours"
    FREEZE = "freeze"
    """A freeze that a person added, by its number; the service alone knows which there are."""
    OBJECT = "object"
    """For what, and for how many hours."""
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Emergency:
    """One action."""

    kind: str
    """Its word of the API, and on record."""
    key: str
    """Textual's name of its key."""
    title: str
    does: str
    """A sentence for help and for the API's description."""
    permission: Permission
    target: Target
    question: str
    """What is to be chosen, in the panel's title."""
    real: str
    """What happens where it is real."""
    drill: str
    """What does not, in a made-up world."""
    way: Way = Way.STEPS
    path: str = ACTIONS
    """Where the API is asked for it."""
    run: str = ""
    """What of `wedtui` does it, where that is a command of its own."""
    arguments: str = ""
    """What has to follow that, with words in capitals where a person puts their own."""
    toward: str = ""
    """Stands between its kind and its target: `failover from aws`."""
    dangerous: bool = True
    """Whether it takes two stages: it is asked for, and then its target's name is typed under its plan. Else its plan
    is shown as ever, and whoever asks for it on the panel confirms it with that; a command has the name typed."""
    rescue: bool = False
    """Whether no freeze ever stops it; its planner may say otherwise, by how its target is."""

    @property
    def role(self) -> Role:
        """The least role that may start it."""
        return NEEDED[self.permission]

    @property
    def command(self) -> str:
        """What of `wedtui` does it."""
        return self.run or f"actions run {self.kind}"

    @property
    def moves_traffic(self) -> bool:
        """Whether it needs a backend of traffic."""
        return self.way is Way.TRAFFIC

    @property
    def journaled(self) -> bool:
        """Whether it is an action of the journal, with a plan that is stored and steps that are followed."""
        return self.way is not Way.FREEZE


class Registry:
    """The actions, in the order of the pane."""

    def __init__(self, entries: Iterable[Emergency]) -> None:
        """Register each; raises what `register` does."""
        self._entries: dict[str, Emergency] = {}
        for each in entries:
            self.register(each)

    def register(self, entry: Emergency) -> None:
        """Add an action.

        Raises:
            ValueError: its kind or its key is another's.
        """
        for other in self:
            if other.kind == entry.kind or other.key == entry.key:
                raise ValueError(f'"{entry.kind}" on {entry.key} is not free: there is "{other.kind}" on {other.key}')
        self._entries[entry.kind] = entry

    def forget(self, kind: str) -> None:
        """Take an action out again; what of it is on record stays."""
        self._entries.pop(kind, None)

    def of(self, *ways: Way) -> tuple[str, ...]:
        """Return the kinds that are carried out in one of these ways."""
        return tuple(each.kind for each in self if each.way in ways)

    def get(self, kind: str) -> Emergency | None:
        """Return the action of a kind; None where there is none, as of what another version did."""
        return self._entries.get(kind)

    def __iter__(self) -> Iterator[Emergency]:
        return iter(tuple(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)


EMERGENCIES = Registry(
    (
        Emergency(
            EmergencyKind.FAILOVER,
            "F",
            "fail over",
            "Take all traffic away from a provider: shows the plan, and does nothing before its name is typed",
            Permission.FAIL_OVER,
            Target.PLACE,
            "away from where?",
            "customers move",
            "nobody is moved",
            Way.TRAFFIC,
            run="failover run",
            toward="from",
            rescue=True,
        ),
        Emergency(
            EmergencyKind.FAILBACK,
            "B",
            "fail back",
            "Bring traffic back to the configured shares, or to those before: shows the plan first",
            Permission.FAIL_BACK,
            Target.SHARES,
            "to which shares?",
            "customers move",
            "nobody is moved",
            Way.TRAFFIC,
            run="failback run",
        ),
        Emergency(
            EmergencyKind.LOCKDOWN,
            "L",
            "lock down",
            "Freeze everything now, in every environment, until a person lifts it; every override ends",
            Permission.LOCK_DOWN,
            Target.EVERYTHING,
            "what?",
            "everybody is stopped",
            "nobody is stopped",
            Way.FREEZE,
            "/v1/lockdown",
            "lockdown",
            "--reason WHY",
            rescue=True,
        ),
        Emergency(
            EmergencyKind.FREEZE_ADD,
            "Z",
            "add freeze",
            "Freeze the environment from now on, for some hours",
            Permission.ADD_FREEZE,
            Target.HOURS,
            "for how long?",
            "everybody is stopped",
            "nobody is stopped",
            Way.FREEZE,
            "/v1/freezes",
            "freeze add",
            "--from now --to +4h --reason WHY",
        ),
        Emergency(
            EmergencyKind.FREEZE_LIFT,
            "U",
            "unfreeze",
            "End a freeze or a lockdown that a person added, or an override",
            Permission.LIFT_FREEZE,
            Target.FREEZE,
            "which?",
            "changes go through",
            "nothing is let through",
            Way.FREEZE,
            "/v1/freezes/{number}/lift",
            "freeze lift",
            "ID --reason WHY",
        ),
        Emergency(
            EmergencyKind.FREEZE_OVERRIDE,
            "O",
            "override",
            "Override a freeze for one object, for 4 h at most; for everything else it stays as frozen",
            Permission.OVERRIDE_FREEZE,
            Target.OBJECT,
            "for what, for how long?",
            "a change goes through",
            "nothing is let through",
            Way.FREEZE,
            "/v1/freeze-overrides",
            "freeze override",
            "traffic --reason WHY",
        ),
    )
)
"""Of this version; whoever brings another registers it before the service or the dashboard is made."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides which of them can be started."""

    read_only: bool = False
    asks: bool = True
    """Whether there is a service to ask at all."""
    answered: bool = False
    """Whether it ever answered."""
    problem: str | None = None
    """Why it cannot be asked at present."""
    role: str | None = None
    may: frozenset[str] = frozenset()
    """The permissions that the role suffices for."""
    backend: str | None = None
    """Of traffic; None where none is known."""
    demo: bool = False
    """Whether its world is a made-up one, in which a command is typed otherwise."""


def emergency(kind: str) -> Emergency:
    """Return the entry of a kind.

    Raises:
        KeyError: there is none.
    """
    found = EMERGENCIES.get(kind)
    if found is None:
        raise KeyError(kind)
    return found


def dropped(situation: Situation) -> str | None:
    """Return why no action is offered at all; None where they are."""
    if situation.read_only:
        return "read-only: no key here changes anything"
    if situation.answered and not any(each.permission.value in situation.may for each in EMERGENCIES):
        return f"{situation.role or 'this role'} only reads: no key here changes anything"
    return None


def why_not(entry: Emergency, situation: Situation) -> str | None:
    """Return why an action cannot be started, in a few words; None where it can.

    While the service does not answer, what moves traffic still opens: it shows what to run by hand.
    """
    why = dropped(situation)
    if why is None and not situation.asks:
        why = "this dashboard asks no service"
    elif why is None and situation.answered and entry.permission.value not in situation.may:
        why = f"needs {entry.role}"
    elif why is None and entry.moves_traffic and situation.backend is None:
        why = "no traffic backend: see [traffic]"
    elif why is None and situation.problem is not None:
        why = "the service does not answer"
        if entry.way is Way.FREEZE:
            # What is frozen stands in the ledger, which a command writes where no service runs.
            command = f"`wedtui {entry.command} {entry.arguments}`"
            why = f"{why}: {asked_of_demo(command) if situation.demo else command}"
        elif entry.moves_traffic:
            why = None  # of the shares the panel shows what to run by hand
    elif why is None and not situation.answered:
        why = "asking the service"
    return why
