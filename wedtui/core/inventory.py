"""What is known of a provider's resources and of asking its API: facts with ages, questions about them, pages.

The findings that follow from them are in `inventory_findings`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wedtui.core.evidence import Freshness, freshness
from wedtui.core.resource import COST, LIST_NOTHING, Reach, Resource
from wedtui.core.resource_cost import KnownCost
from wedtui.core.state import State

CERTIFICATE_WARNING = timedelta(days=21)
CERTIFICATE_CRITICAL = timedelta(days=7)
# Of a daily backup one may be late by two hours before it counts as missed.
BACKUP_WARNING = timedelta(hours=26)
MOST_ROWS = 1000
"""The largest page."""


@dataclass(frozen=True, slots=True)
class ApiFacts:
    """How asking one service of a provider in one region went the last time."""

    provider: str
    region: str
    service: str
    interval: timedelta
    """How often it is asked."""
    asked_at: datetime
    answered_at: datetime | None
    """When it last answered in full; None: never."""
    reach: Reach
    problem: str | None = None
    """Why it was not answered in full."""
    requests: int = 0
    credentials_expire_at: datetime | None = None

    def freshness(self, now: datetime) -> Freshness:
        """Say whether what it says of `reach` may still be believed: it was asked within two intervals."""
        return freshness(self.asked_at, self.interval, now)

    def lists(self, kind: str | None) -> bool:
        """Say whether a list of resources may lack something because of it.

        Args:
            kind: of the resources, or their service; None: of all kinds. Only of bills, which nobody misses among what
                runs, are the costs a part.
        """
        return (kind or "").split(".")[0] == COST if self.service == COST else self.service not in LIST_NOTHING

    def complete(self, now: datetime) -> bool:
        """Say whether nothing is missing because of it: it answered in full, or there is nothing to be answered."""
        return self.freshness(now) is Freshness.FRESH and self.reach in _NOTHING_MISSING


_NOTHING_MISSING = frozenset({Reach.ANSWERED, Reach.SWITCHED_OFF, Reach.NOT_ON_PLAN, Reach.NOT_ENABLED})


_OF_THESE_CREDENTIALS = frozenset({Reach.ANSWERED, Reach.PARTIAL, Reach.REJECTED, Reach.NO_CREDENTIALS})


def credentials_end(askings: Iterable[ApiFacts]) -> datetime | None:
    """Return when the credentials end that a provider was last asked with; None where no end of them is known.

    Only the newest asking counts that can tell: the SDK renews what it can, and older ones know of the end before. One
    for which there were no credentials tells that too: the end of others is none of theirs.
    """
    tell = (a for a in askings if a.credentials_expire_at is not None or a.reach in _OF_THESE_CREDENTIALS)
    newest = max(tell, key=lambda a: (a.asked_at, a.credentials_expire_at is None), default=None)
    return newest.credentials_expire_at if newest is not None else None


@dataclass(frozen=True, slots=True)
class Example:
    """One resource that is not OK, to be named in a sentence."""

    state: State
    name: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class ResourceGroup:
    """How many resources of one kind a provider has in one region, by state."""

    provider: str
    kind: str
    region: str
    interval: timedelta
    """How often they are listed."""
    listed_at: datetime | None
    """When they were last listed completely; None: never, so that there may be more of them."""
    counts: tuple[tuple[State, int], ...] = ()
    """As they were last seen, worst first; states without a resource are left out."""
    examples: tuple[Example, ...] = ()
    """A few of each state that is not OK, worst first."""
    vanished: int = 0
    """How many are kept although they are gone."""
    stopped: int = 0
    """How many were stopped, which is no state of those in `counts` (see `core.resource.at_rest`)."""

    @property
    def total(self) -> int:
        """How many there are."""
        return self.stopped + sum(count for _, count in self.counts)

    def count(self, state: State) -> int:
        """Return how many were last seen in a state."""
        return dict(self.counts).get(state, 0)

    def freshness(self, now: datetime) -> Freshness:
        """Say whether the counts may still be believed."""
        return freshness(self.listed_at, self.interval, now)


@dataclass(frozen=True, slots=True)
class Expiring:
    """A resource that stops being valid soon, or has."""

    provider: str
    kind: str
    region: str
    name: str
    expires_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Unbacked:
    """The resources of one kind in one region whose newest backup was too old when the cache was read."""

    provider: str
    kind: str
    region: str
    count: int
    example: str
    """The name of one of them."""
    oldest_at: datetime | None
    """The oldest of their newest backups; None where one of them has none at all."""
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """Whose account the resources of a provider are of, and which regions it has switched on."""

    provider: str
    account: str | None
    """Its number; None where nobody said it yet."""
    name: str = ""
    """Of the principal: `role wedtui`."""
    arn: str = ""
    """Of the principal in full; that of a role in use may end with the name of a person."""
    since: datetime | None = None
    seen_at: datetime | None = None
    """When the provider last said so."""
    former: str | None = None
    """The account before this one."""
    former_until: datetime | None = None
    regions: tuple[str, ...] = ()
    regions_at: datetime | None = None
    """When the account last said which regions it has switched on; None: never."""

    def unwatched(self, configured: Collection[str]) -> tuple[str, ...]:
        """Return the regions that are switched on and not asked; none where all that are on are."""
        return tuple(region for region in self.regions if region not in configured) if configured else ()


@dataclass(frozen=True, slots=True)
class InventoryFacts:
    """Everything of an inventory that a picture needs; its size does not grow with the number of resources."""

    apis: tuple[ApiFacts, ...] = ()
    """By provider, region and service."""
    groups: tuple[ResourceGroup, ...] = ()
    """By provider, kind and region."""
    expiring: tuple[Expiring, ...] = ()
    """Those in use that expire next, then those that expired last, bounded in number."""
    unbacked: tuple[Unbacked, ...] = ()
    accounts: tuple[AccountFacts, ...] = ()
    """By provider."""

    def account_of(self, provider: str) -> AccountFacts | None:
        """Return what is known of the account of one provider."""
        return next((a for a in self.accounts if a.provider == provider), None)

    def apis_of(self, provider: str) -> tuple[ApiFacts, ...]:
        """Return what was asked of one provider."""
        return tuple(a for a in self.apis if a.provider == provider)

    def groups_of(self, provider: str) -> tuple[ResourceGroup, ...]:
        """Return the counts of one provider."""
        return tuple(g for g in self.groups if g.provider == provider)


NO_INVENTORY = InventoryFacts()


class Order(StrEnum):
    """In which order resources are listed."""

    WORST = "worst"
    """By state, the worst first; then as PLACE."""
    PLACE = "place"
    """By provider, kind, region, name."""
    NAME = "name"


@dataclass(frozen=True, slots=True)
class ResourceQuery:
    """Which resources to list; what is None or empty does not narrow it."""

    provider: str | None = None
    kind: str | None = None
    """A whole kind (`ec2.instance`), or a service (`ec2`)."""
    region: str | None = None
    state: State | None = None
    """As it is believed at the instant of the question: what was not listed lately is UNKNOWN."""
    words: str = ""
    """Words that all stand in its name, its id or its tags (`key=value`), in any case."""
    vanished: bool = False
    """Whether to list those that are gone, instead of those that are there."""
    order: Order = Order.PLACE
    limit: int = 100
    after: str | None = None
    """Where the page before ended: its `next`."""


@dataclass(frozen=True, slots=True)
class KnownResource:
    """One resource with what is known of its being there."""

    provider: str
    resource: Resource
    first_seen_at: datetime
    seen_at: datetime
    """When it was last seen, by a listing of its own or of all of its kind."""
    vanished_at: datetime | None
    """When a complete listing had it no more."""
    interval: timedelta
    """How often it is looked for."""
    cost: KnownCost | None = None
    """What it costs by its bills; None where that is not known."""

    def freshness(self, now: datetime) -> Freshness:
        """Say whether what it says of itself may still be believed."""
        return freshness(self.seen_at, self.interval, now)

    def state(self, now: datetime) -> State:
        """Return its state as far as that can be believed at `now`."""
        if self.vanished_at is not None or self.freshness(now) is not Freshness.FRESH:
            return State.UNKNOWN
        return self.resource.state


@dataclass(frozen=True, slots=True)
class ResourcePage:
    """Some of the resources that a question asked for."""

    rows: tuple[KnownResource, ...]
    next: str | None
    """What to ask `after` for the page that follows; None: this was the last."""
    total: int
    """How many there are on all pages."""


def alike(rows: Sequence[KnownResource]) -> frozenset[str]:
    """Return the ids of those that a list of them cannot tell apart: another of that name is of its kind and place."""
    names = Counter(map(_visible, rows))
    return frozenset(r.resource.id for r in rows if names[_visible(r)] > 1)


def _visible(known: KnownResource) -> tuple[str, str, str, str]:
    found = known.resource
    return known.provider, found.kind, found.region, found.name


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What a resource rests on."""

    id: str
    """As it stands in `depends_on`."""
    known: KnownResource | None
    """None where the inventory does not list it (a network, an image)."""


@dataclass(frozen=True, slots=True)
class ResourceView:
    """One resource in full."""

    known: KnownResource
    depends_on: tuple[Neighbour, ...] = ()
    needed_by: tuple[KnownResource, ...] = ()
    needed_by_more: bool = False
    """Whether more rest on it than are listed here."""
