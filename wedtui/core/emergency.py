"""The one registry of emergency actions: what each is called, who may start it, whether a freeze ever stops it.

Pane, keys, hints, help and palette, the panel, the paths of the API and what they need, and the commands are made from
it. A new action is an entry here, and behind the socket whoever does it.
Source: DESIGN, "Roles", "Freeze" (rescues) and "On the screen".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wedtui.core.roles import NEEDED, Permission, Role

FIRST_ASIDE = 1_000_000_000
"""Actions without the ledger are numbered from here on: no number of the ledger's own is so large."""


class EmergencyKind(StrEnum):
    """What can be done in an emergency; the value is the word of the API."""

    FAILOVER = "failover"
    FAILBACK = "failback"
    LOCKDOWN = "lockdown"
    FREEZE_ADD = "freeze-add"
    FREEZE_LIFT = "freeze-lift"
    FREEZE_OVERRIDE = "freeze-override"


@dataclass(frozen=True, slots=True)
class Emergency:
    """One action."""

    kind: EmergencyKind
    key: str
    """Textual's name of its key."""
    title: str
    does: str
    """A sentence for help and for the API's description."""
    permission: Permission
    path: str
    """Where the API is asked for it."""
    command: str
    """What of `wedtui` does it."""
    moves_traffic: bool = False
    """Whether it needs a backend of traffic; else it changes what is frozen, and nothing outside."""
    dangerous: bool = True
    """Whether it takes two stages."""
    rescue: bool = False
    """Whether no freeze ever stops it."""

    @property
    def role(self) -> Role:
        """The least role that may start it."""
        return NEEDED[self.permission]


EMERGENCIES: tuple[Emergency, ...] = (
    Emergency(
        EmergencyKind.FAILOVER,
        "F",
        "fail over",
        "Take all traffic away from a provider: shows the plan, and does nothing before its name is typed",
        Permission.FAIL_OVER,
        "/v1/actions",
        "failover run",
        moves_traffic=True,
        rescue=True,
    ),
    Emergency(
        EmergencyKind.FAILBACK,
        "B",
        "fail back",
        "Bring traffic back to the configured shares, or to those before: shows the plan first",
        Permission.FAIL_BACK,
        "/v1/actions",
        "failback run",
        moves_traffic=True,
    ),
    Emergency(
        EmergencyKind.LOCKDOWN,
        "L",
        "lock down",
        "Freeze everything now, in every environment, until a person lifts it; every override ends",
        Permission.LOCK_DOWN,
        "/v1/lockdown",
        "lockdown",
        rescue=True,
    ),
    Emergency(
        EmergencyKind.FREEZE_ADD,
        "Z",
        "add freeze",
        "Freeze the environment from now on, for some hours",
        Permission.ADD_FREEZE,
        "/v1/freezes",
        "freeze add",
    ),
    Emergency(
        EmergencyKind.FREEZE_LIFT,
        "U",
        "unfreeze",
        "End a freeze or a lockdown that a person added",
        Permission.LIFT_FREEZE,
        "/v1/freezes/{number}/lift",
        "freeze lift",
    ),
    Emergency(
        EmergencyKind.FREEZE_OVERRIDE,
        "O",
        "override",
        "Override a freeze for one object, for 4 h at most; for everything else it stays as frozen",
        Permission.OVERRIDE_FREEZE,
        "/v1/freeze-overrides",
        "freeze override",
    ),
)
"""In the order of the pane."""


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


def emergency(kind: EmergencyKind) -> Emergency:
    """Return the entry of a kind."""
    return next(each for each in EMERGENCIES if each.kind is kind)


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
        if not entry.moves_traffic:
            # What is frozen stands in the ledger, which a command writes where no service runs.
            why = f"{why}: `wedtui {entry.command}`"
        elif entry.rescue:
            why = None  # of the shares the panel shows what to run by hand
    elif why is None and not situation.answered:
        why = "asking the service"
    return why
