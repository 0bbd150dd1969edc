"""What a provider has: virtual machines, databases, load balancers, certificates, and how reading them went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wedtui.core.state import State, glyph

GLOBAL = "global"
"""The region of what belongs to the whole account."""
COST = "cost"
"""The service each request to which costs money: its last answer is good for hours."""


class Reach(StrEnum):
    """How asking one service of a provider in one region went, as far as a person would treat it differently."""

    ANSWERED = "answered"
    PARTIAL = "answered in part"
    DENIED = "denied"  # the credentials are good, and may not do this
    EXPIRED = "credentials expired"
    REJECTED = "credentials refused"
    NO_CREDENTIALS = "no credentials"  # none that could be sent: nobody was asked
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"  # no connection, or no answer in time
    GARBLED = "not understood"  # an answer that is cut off, or none of this service's
    SWITCHED_OFF = "region switched off"  # by the account: not an outage
    NOT_ON_PLAN = "not on this plan"  # of the account's support: not an outage
    HELD = "held back"  # not asked: the circuit breaker is open


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing that a provider runs, as it last described it."""

    kind: str
    """`service.thing`: `ec2.instance`, `rds.instance`, `elb.target-group`, `ecs.service`, `autoscaling.group`,
    `s3.bucket`, `acm.certificate`."""
    region: str
    """The provider's own name for it, or `global`."""
    id: str
    """Unique in its provider, kind and region: what the provider itself identifies it by."""
    name: str
    """What people call it; the id where it has no other name."""
    status: str
    """The provider's own word (`running`, `backing-up`)."""
    state: State
    """What that means; UNKNOWN where nobody can tell."""
    detail: str | None = None
    """Why it is not OK, in a few words."""
    tags: tuple[tuple[str, str], ...] = ()
    """Sorted by key."""
    depends_on: tuple[str, ...] = ()
    """The ids of what it rests on, sorted."""
    monthly_cost: float | None = None
    """In US dollars, where the provider says."""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    """When it stops being valid (a certificate); None where nothing uses it."""
    backed_up_at: datetime | None = None
    """The newest moment to which it can be restored."""
    backed_up: bool | None = None
    """Whether it ought to have backups; None where that is not asked of its kind."""


STOPPED = "stopped"
"""How resources are counted that rest: beside the states, not among what is OK."""
# The words of machines and databases; what is only being set up, or takes on no more work, is not meant.
_AT_REST = frozenset({"stopped", "stopping", "shutting-down", "terminated"})


def at_rest(state: str, status: str) -> bool:
    """Whether somebody stopped it: no failure, and nothing that serves, so neither bad nor OK to look at."""
    return state == State.OK and status in _AT_REST


def state_word(state: State, status: str) -> str:
    """Return the word for a state as far as it is believed: of what was stopped the provider's own."""
    return status if at_rest(state, status) else state.value


def state_sign(state: State, status: str) -> str:
    """Return that word behind the glyph of its state; behind a dash, that of none, where it was stopped."""
    return f"- {status}" if at_rest(state, status) else f"{glyph(state)} {state}"
