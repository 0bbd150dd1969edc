"""What the poller asks of an account: one target a service, which asks all its regions at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from wedtui.clock import Clock
from wedtui.config import AwsSection, ProviderSection
from wedtui.core import breaker as breakers
from wedtui.core.breaker import CLOSED, Breaker, Phase
from wedtui.core.observation import ApiObservation, Observation, VendorObservation
from wedtui.core.resource import GLOBAL, Reach
from wedtui.providers.aws.account import Account
from wedtui.providers.aws.calls import Calls, Found
from wedtui.providers.aws.counting import Asking, Counter
from wedtui.providers.aws.faults import MAY_BE_SWITCHED_OFF, SURELY_SWITCHED_OFF, CallError
from wedtui.providers.aws.paid import AGAIN, Paying, Purse
from wedtui.providers.aws.services.alarms import Alarms
from wedtui.providers.aws.services.base import Pace, Scope, Service
from wedtui.providers.aws.services.certificates import Certificates
from wedtui.providers.aws.services.cost import Costs
from wedtui.providers.aws.services.ec2 import Disks, Instances
from wedtui.providers.aws.services.ecs import Services
from wedtui.providers.aws.services.elb import TargetGroups
from wedtui.providers.aws.services.groups import ScalingGroups
from wedtui.providers.aws.services.identity import IdentityCheck, RegionList
from wedtui.providers.aws.services.metrics import Metrics
from wedtui.providers.aws.services.rds import Databases
from wedtui.providers.aws.services.resource_cost import ResourceCosts
from wedtui.providers.aws.services.storage import Buckets
from wedtui.providers.aws.services.vendor import Health
from wedtui.providers.aws.whose import SHORTLY
from wedtui.providers.base import Cadence, Schedule

if TYPE_CHECKING:
    from wedtui.cache.remembered import Remembered

log = structlog.get_logger(__name__)

# How many calls that depend on each other, or are tried again, a round has time for.
CALLS_IN_A_ROW = 6
INVENTORY_CALLS_IN_A_ROW = 12
_LONG = frozenset({Pace.INVENTORY, Pace.RESOURCE_COST})


def account_targets(
    section: ProviderSection, clock: Clock, remembered: Remembered | None = None, paying: Paying = Paying.NEVER
) -> tuple[tuple[ServiceTarget, ...], Account]:
    """Return what is asked of a provider's account, and the account, whose connections are kept.

    Args:
        section: the provider.
        clock: tells the time.
        remembered: what the cache knows of it; None: nothing is known.
        paying: whether what costs money is asked too, where that is configured.
    """
    settings = section.aws or AwsSection()
    account = Account(section.name, settings, clock, remembered)
    # The longest chain of calls first: what is waited for in the meantime costs no time.
    services: list[Service] = [Services(), TargetGroups(), IdentityCheck(), RegionList(), Instances(settings, clock)]
    services += [Databases(settings, clock), ScalingGroups(), Alarms(), Health()]
    services += [Metrics(settings)] if settings.metrics else []
    services += [Disks(remembered), Buckets(), Certificates()]
    targets = [ServiceTarget(account, service, clock) for service in services]
    if paying is not Paying.NEVER:
        known = remembered if paying is Paying.DUE else None
        for service, interval in _paid(settings):
            purse = Purse((section.name, service.name), interval, clock, known)
            targets.append(ServiceTarget(account, service, clock, purse))
    return tuple(targets), account


def _paid(settings: AwsSection) -> Iterator[tuple[Service, timedelta]]:
    """Yield what is wanted of what costs money, and for how long an answer of it is good."""
    if settings.cost:
        yield Costs(), settings.cost_interval
    if settings.resource_cost:
        yield ResourceCosts(settings.resource_cost_services), settings.resource_cost_interval


class ServiceTarget:
    """One service of one account."""

    def __init__(self, account: Account, service: Service, clock: Clock, purse: Purse | None = None) -> None:
        """Prepare; nothing is asked yet.

        Args:
            account: whose it is.
            service: what is asked.
            clock: tells the time.
            purse: knows when it is due, where each request costs money.
        """
        self._account = account
        self._service = service
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}
        self._failures: dict[str, tuple[datetime, str]] = {}  # of each region when it failed last, and why
        self._home: str | None = None
        self._purse = purse
        calls = INVENTORY_CALLS_IN_A_ROW if service.pace in _LONG else CALLS_IN_A_ROW
        self._round = calls * account.section.timeout

    @property
    def key(self) -> str:
        """`aws PROVIDER SERVICE`."""
        return f"aws {self._account.provider} {self._service.name}"

    @property
    def schedule(self) -> Schedule:
        """By the pace of its service; beside the round itself there is time to ask for the regions and whose keys.

        What costs money is looked after more often than it is asked.
        """
        interval = self._interval if self._purse is None else AGAIN
        return Schedule(interval, self._round + 4 * self._account.section.timeout, Cadence.QUERY)

    @property
    def _interval(self) -> timedelta | None:
        """How often it is asked while all is well."""
        section = self._account.section
        return {
            Pace.STATUS: section.interval,
            Pace.INVENTORY: section.inventory_interval,
            Pace.METRICS: section.metrics_interval,
            Pace.COST: section.cost_interval,
            Pace.RESOURCE_COST: section.resource_cost_interval,
        }[self._service.pace]

    @property
    def guards(self) -> tuple[str, str]:
        """The provider and the service that it asks."""
        return self._account.provider, self._service.name

    @property
    def breakers(self) -> Mapping[str, Phase]:
        """The phase of each region's circuit breaker."""
        now = self._clock.now()
        return {region: breakers.phase(breaker, now) for region, breaker in self._breakers.items()}

    async def observe(self) -> tuple[Observation, ...]:
        """Ask every region once, at the same time; what costs money only where it is due."""
        if self._purse is None:
            return await self._observe()
        try:
            instead = await self._purse.instead()
        except CallError as error:
            return self._all_failed(error)
        if instead is not None:
            return instead
        # Before it is paid for: what costs another account, or nobody knows whose, is of no use.
        doubt = await self._doubt(Counter())
        if doubt is not None:
            return self._all_failed(doubt)
        observations = await self._observe()
        self._purse.keep(observations)
        return observations

    async def _observe(self) -> tuple[Observation, ...]:
        try:
            regions = await self._regions()
        except CallError as error:
            return self._all_failed(error)
        found = await asyncio.gather(*(self._ask(region) for region in regions))
        return tuple(observation for each in found for observation in each)

    def gave_up(self, why: str) -> tuple[Observation, ...]:
        """Return that no region answered, and why."""
        return self._all_failed(CallError(Reach.UNREACHABLE, why))

    def _all_failed(self, error: CallError) -> tuple[Observation, ...]:
        """Return that no region answered: those that were asked before, else those configured."""
        regional = self._service.scope is Scope.REGION
        regions = tuple(self._breakers) or (self._account.section.regions if regional else ())
        return tuple(o for region in regions or (GLOBAL,) for o in self._failed(region, error, 0))

    async def _regions(self) -> Sequence[str]:
        """Return where to ask.

        Raises:
            CallError: there are no credentials, or it is not known which regions there are.
        """
        scope = self._service.scope
        self._home = await self._account.home(of_partition=scope is Scope.PARTITION)
        if scope is Scope.REGION:
            asked = await self._account.asked_regions()
            # What was there before it was switched off is not just asked no more: it is said why.
            off = (region for region in self._breakers if self._account.region_status(region) == "not-opted-in")
            return tuple(dict.fromkeys((*asked, *off)))
        if scope is Scope.CHOSEN:
            return tuple(dict.fromkeys(region or self._home for region in self._service.chosen))
        return (GLOBAL,)

    async def _ask(self, region: str) -> list[Observation]:
        if self._account.region_status(region) == "not-opted-in":
            return self._failed(region, _switched_off(region), 0)
        breaker = self._breakers.setdefault(region, CLOSED)
        now = self._clock.now()
        if breakers.phase(breaker, now) is Phase.OPEN:
            return self._failed(region, _held(breaker, self._failures.get(region)), 0)
        stranger = self._account.whose.stranger()
        if stranger is not None and self._service.client != "sts":
            return self._failed(region, stranger, 0)
        self._breakers[region] = breakers.trying(breaker, now)
        place = self._home if region == GLOBAL else region
        assert place is not None
        ends_at = self._clock.monotonic() + self._round.total_seconds()
        chain = self._service.chain
        calls = Calls(self._account, self._service.client, place, self._clock, ends_at=ends_at, chain=chain)
        try:
            found = await self._read(calls)
            doubt = await self._account.whose.check(calls)
            if doubt is not None and self._purse is not None:
                # What it says takes the place of all that was known.
                raise CallError(Reach.HELD, doubt)
        except CallError as caught:
            error = await self._judged(caught, region, calls)
            self._close_or_open(region, breaker, error.reach)
            self._failures[region] = now, str(error)
            if error.reach in {Reach.EXPIRED, Reach.REJECTED, Reach.OTHER_ACCOUNT, Reach.NO_CREDENTIALS}:
                self._account.forget_credentials()
            return self._failed(region, error, calls.requests)
        if doubt is not None:
            found.missing.append(doubt)
            found.kinds.clear()
            found.regions_on = None
        reach = Reach.PARTIAL if found.missing else Reach.ANSWERED
        self._close_or_open(region, breaker, reach)
        return [self._answered(region, found, calls.requests, reach), *self._paced(found.more)]

    async def _read(self, calls: Calls) -> Found:
        # Calls end by themselves with the round, so that what was answered by then is not lost.
        limit = (self._round + self._account.section.timeout).total_seconds()
        try:
            async with asyncio.timeout(limit):
                return await self._service.read(calls)
        except TimeoutError:
            words = f"{self._service.name} in {calls.region} was not answered in {limit:g} s"
            raise CallError(Reach.UNREACHABLE, words) from None
        except CallError:
            raise
        except Exception as error:
            # One region must not take the others with it. The type alone: a message could quote an answer.
            name = type(error).__name__
            log.error("reading a service failed", target=self.key, region=calls.region, error=name)
            words = f"{self._service.name} in {calls.region} failed inside wedtui ({name}): see the service's log"
            raise CallError(Reach.GARBLED, words) from None

    async def _judged(self, error: CallError, region: str, calls: Calls) -> CallError:
        """Return what a refusal means.

        Of the credentials, a region that is switched off says the same. That the account has no such plan is told of
        the one whose credentials were used, which may be another one: then what is known of ours stays.
        """
        if error.reach is Reach.NOT_ON_PLAN:
            return await self._doubt(calls) or error
        if error.code not in MAY_BE_SWITCHED_OFF or error.code in SURELY_SWITCHED_OFF or region == GLOBAL:
            return error
        try:
            await self._account.regions(fresh=SHORTLY)
        except CallError:
            pass  # not everybody may list them; then the credentials tell
        status = self._account.region_status(region)
        if status == "not-opted-in":
            return _switched_off(region)
        if status == "opt-in-not-required" or region == await self._account.home():
            return error
        try:
            await self._account.whose.identity(calls, fresh_s=SHORTLY.total_seconds())
        except CallError:
            return error
        return _switched_off(region)

    async def _doubt(self, asking: Asking) -> CallError | None:
        """Return why what was answered may not be taken for that of our account; None where it may."""
        try:
            doubt = await self._account.whose.check(asking)
        except CallError as error:
            return error
        return CallError(Reach.HELD, doubt) if doubt is not None else None

    def _close_or_open(self, region: str, before: Breaker, reach: Reach) -> None:
        self._breakers[region] = breakers.after(before, reach, self._clock.now())

    def _answered(self, region: str, found: Found, requests: int, reach: Reach) -> ApiObservation:
        return ApiObservation(
            provider=self._account.provider,
            region=region,
            service=self._service.name,
            at=self._clock.now(),
            reach=reach,
            problem="; ".join(dict.fromkeys(found.missing)) or None,
            requests=requests,
            kinds=frozenset(found.kinds),
            resources=tuple(found.resources),
            costs=found.costs,
            credentials_expire_at=self._account.credentials_expire_at,
            interval=self._interval,
            principal=found.principal,
            account=self._account.whose.certain,
            account_wanted=self._account.whose.wanted is not None,
            regions_on=found.regions_on,
        )

    def _paced(self, observations: Iterable[Observation]) -> list[Observation]:
        """Say of what the vendor says how often it is asked, which decides how long it is believed."""
        return [replace(o, interval=self._interval) if isinstance(o, VendorObservation) else o for o in observations]

    def _failed(self, region: str, error: CallError, requests: int) -> list[Observation]:
        now = self._clock.now()
        api = ApiObservation(
            provider=self._account.provider,
            region=region,
            service=self._service.name,
            at=now,
            reach=error.reach,
            problem=str(error),
            requests=requests,
            credentials_expire_at=self._account.credentials_expire_at,
            interval=self._interval,
        )
        if error.reach is Reach.NOT_ON_PLAN:
            return [api]
        place = self._home if region == GLOBAL and self._home else region
        return [api, *self._paced(self._service.lost(self._account.provider, place, self._home, str(error), now))]


def _switched_off(region: str) -> CallError:
    return CallError(Reach.SWITCHED_OFF, f"the account has not switched {region} on: leave it out of regions")


def _held(breaker: Breaker, failure: tuple[datetime, str] | None) -> CallError:
    assert breaker.open_until is not None
    until = f"{breaker.open_until:%H:%M:%S} UTC"
    last = "" if failure is None else f", last when asked at {failure[0]:%H:%M:%S} UTC: {failure[1]}"
    return CallError(Reach.HELD, f"not asked before {until}: it failed {breaker.failures} times in a row{last}")
