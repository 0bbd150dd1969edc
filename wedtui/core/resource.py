"""What a provider has: virtual machines, databases, load balancers, certificates, and how reading them went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wedtui.core.state import State, glyph

GLOBAL = "global"
"""The region of what belongs to the whole account."""
COST = "cost"
"""The service that is asked what the account costs."""
RESOURCE_COST = "resource-cost"
"""The service that is asked what each resource costs."""
PAID = frozenset({COST, RESOURCE_COST})
"""The services each request to which costs money: their last answer is good for hours."""
VENDOR_HEALTH = "health"
"""The service that tells what the vendor says of itself."""
METRICS = "metrics"
"""The service that tells figures of resources, and lists none."""
LIST_NOTHING = frozenset({VENDOR_HEALTH, METRICS, RESOURCE_COST})
"""The services because of which no list of resources lacks anything."""
KINDS_WITH_API = frozenset({"aws"})
"""The kinds of providers that have an API of their own which is asked."""


class Reach(StrEnum):
    """How asking one service of a provider in one region went, as far as a person would treat it differently."""

    ANSWERED = "answered"
    PARTIAL = "answered in part"
    DENIED = "denied"  # the credentials are good, and may not do this
    EXPIRED = "credentials expired"
    REJECTED = "credentials refused"
    OTHER_ACCOUNT = "another account"  # the credentials are good, and another account's than before
    NO_CREDENTIALS = "no credentials"  # none that could be sent: nobody was asked
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"  # no connection, or no answer in time
    GARBLED = "not understood"  # an answer that is cut off, or none of this service's
    SWITCHED_OFF = "region switched off"  # by the account: not an outage
    NOT_ON_PLAN = "not on this plan"  # of the account's support: not an outage
    NOT_ENABLED = "not enabled"  # what the account has to ask for: not an outage, and no answer of nothing
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
    """What it rests on, sorted: ids, and `elsewhere` for what is in another region."""
    monthly_cost: float | None = None
    """In US dollars, where the provider says so of the thing itself; what follows from bills is in `resource_cost`."""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    """When it stops being valid (a certificate); None where nothing uses it."""
    backed_up_at: datetime | None = None
    """The newest moment to which it can be restored."""
    backed_up: bool | None = None
    """Whether it ought to have backups; None where that is not asked of its kind."""


def elsewhere(region: str, identifier: str) -> str:
    """Return how what is in another region stands in `depends_on`."""
    return identifier if _everywhere_one(identifier) else f"{region}/{identifier}"


def places_named(reference: str, region: str) -> tuple[tuple[str | None, str], ...]:
    """Return where what a resource rests on may be, as region and id; what comes first counts.

    Args:
        reference: as it stands in its `depends_on`.
        region: its own: another region may give the same id to something else.

    Returns:
        A region of None where the id says by itself which one is meant.
    """
    if _everywhere_one(reference):
        return ((None, reference),)
    other, _, identifier = reference.partition("/")
    far = ((other, identifier),) if identifier else ()
    return tuple(dict.fromkeys(((region, reference), (GLOBAL, reference), *far)))


def references_to(region: str, identifier: str) -> tuple[tuple[str, str | None], ...]:
    """Return how a resource is named by what rests on it, each with the only region in which that means this one.

    This is `places_named` the other way round; a region of None: it means this one in every region.
    """
    if _everywhere_one(identifier):
        return ((identifier, None),)
    return (identifier, None if region == GLOBAL else region), (elsewhere(region, identifier), None)


def _everywhere_one(identifier: str) -> bool:
    """Whether an id is no other resource's in any region: the ARNs of AWS."""
    return identifier.startswith("arn:")


SERVICE_COST = "cost.service"
"""What a service was billed, as a resource."""
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
