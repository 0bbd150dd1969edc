"""One account: its credentials, its clients, its threads, and which regions it has switched on.

Everything of the SDK that is not safe in several threads (a session, the making of a client) happens in one thread.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from wedtui.clock import Clock
from wedtui.config import AwsSection
from wedtui.core.resource import Reach
from wedtui.providers.aws.counting import Asking, Counter
from wedtui.providers.aws.faults import CallError, of_exception
from wedtui.providers.aws.guard import NotWholeError, Page, check_body, check_page
from wedtui.providers.aws.lean import described, read_instant, read_statuses, shared_loader
from wedtui.providers.aws.threads import Threads
from wedtui.providers.aws.turns import Turns
from wedtui.providers.aws.whose import SHORTLY, Whose
from wedtui.providers.web import USER_AGENT

if TYPE_CHECKING:
    from boto3.session import Session as Boto3Session
    from botocore.client import BaseClient
    from botocore.config import Config
    from botocore.credentials import Credentials
    from botocore.session import Session

    from wedtui.cache.remembered import Remembered

T = TypeVar("T")

CALLS_AT_ONCE = 64
# Calls that were given up may hold a thread for a while: a server that drips is never done.
THREADS = 2 * CALLS_AT_ONCE
CONNECT_TIMEOUT = timedelta(seconds=2)
# Regions are switched on and off by hand, a few times a year.
REGIONS_KEPT = timedelta(hours=1)

# Where services live that are asked in one place for the whole account, by partition.
_HOME = {"aws": "us-east-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}
# What IAM calls a permission, where it is not service and operation.
_PREFIX = {"elbv2": "elasticloadbalancing"}
_PERMISSION = {("s3", "ListBuckets"): "s3:ListAllMyBuckets"}


@dataclass(slots=True)
class _Opened:
    """A session that is in use."""

    session: Boto3Session
    credentials: Credentials
    home: str
    partition: str
    signing_on: _SigningOn | None = None
    """What asks for the credentials of a role."""
    clients: dict[tuple[str, str], BaseClient] = field(default_factory=dict)
    calls: int = 0
    """How many calls are made with it just now."""
    dropped: bool = False

    def drop(self) -> None:
        """Close its connections as soon as the last call is done: nobody will begin another one."""
        self.dropped = True
        if not self.calls:
            self.close()

    def close(self) -> None:
        """Give up its connections: without this, the collector of garbage would have to find each client."""
        for client in self.clients.values():
            client.close()
        self.clients.clear()
        if self.signing_on is not None:
            self.signing_on.close()


class Account:
    """An account as one configured provider sees it."""

    def __init__(self, provider: str, section: AwsSection, clock: Clock, remembered: Remembered | None = None) -> None:
        """Prepare; nothing is read and nothing is sent yet.

        Args:
            provider: its name.
            section: its settings.
            clock: tells the time.
            remembered: what the cache knows of it; None: nothing is known.
        """
        self.provider = provider
        self.section = section
        self._clock = clock
        self._maker = Threads(1, f"aws-{provider}-session")
        self._threads = Threads(THREADS, f"aws-{provider}")
        self._turns = Turns()
        self._places = asyncio.Semaphore(CALLS_AT_ONCE)
        self._opening = asyncio.Lock()
        self._opened: _Opened | None = None
        self._opened_at = self._failed_at = -float("inf")
        self._failure: CallError | None = None
        recall = partial(remembered.account, provider) if remembered is not None else None
        self.whose = Whose(section.account, clock, recall, self._ask_identity, self._signing_key)
        self._regions: Mapping[str, str] | None = None
        self._regions_at = self._regions_failed_at = -float("inf")
        self._regions_failure: CallError | None = None
        self._regions_asked = Counter()
        """The requests for the list of regions that `renew_regions` has not told of yet."""
        self._listing = asyncio.Lock()

    async def close(self) -> None:
        """Close the connections that are kept."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()
        self._threads.close()
        self._maker.close()

    @property
    def credentials_expire_at(self) -> datetime | None:
        """When the credentials in use expire; None for those that do not, or that were never read."""
        # The SDK renews before that, and has no public name for it.
        at = getattr(self._opened.credentials, "_expiry_time", None) if self._opened else None
        return at if isinstance(at, datetime) else None

    def forget_credentials(self) -> None:
        """Read the credentials anew at the next asking: somebody may have renewed them in the SDK's files."""
        if self._opened is not None and self._clock.monotonic() - self._opened_at > SHORTLY.total_seconds():
            opened, self._opened = self._opened, None
            opened.drop()

    async def home(self, *, of_partition: bool = False) -> str:
        """Return the region in which the account itself is asked.

        Args:
            of_partition: where services live that exist once, instead of the profile's own region.

        Raises:
            CallError: there are no credentials that can be used.
        """
        opened = await self._open()
        return _HOME.get(opened.partition, opened.home) if of_partition else opened.home

    def _signing_key(self) -> str | None:
        """Return which credentials sign at present, without renewing them; None where none were read."""
        # The SDK keeps it under this name where it renews them by itself; to ask for the other would renew them.
        held = vars(self._opened.credentials) if self._opened else {}
        key = held.get("_access_key", held.get("access_key"))
        return key if isinstance(key, str) else None

    async def _ask_identity(self, counter: Asking) -> Page:
        return await self.ask(counter, "sts", await self.home(), "get_caller_identity")

    async def regions(self, *, fresh: timedelta = REGIONS_KEPT) -> Mapping[str, str]:
        """Return every region and whether the account has it: `opt-in-not-required`, `opted-in`, `not-opted-in`.

        A list that cannot be renewed is used on. Whoever needs it has it read; `renew_regions` counts that.

        Raises:
            CallError: it was never read, and cannot be.
        """
        async with self._listing:
            now = self._clock.monotonic()
            if self._regions is not None and now - self._regions_at <= fresh.total_seconds():
                return self._regions
            if self._regions_failure is None or now - self._regions_failed_at > SHORTLY.total_seconds():
                await self._list_regions()
            if self._regions is None:
                assert self._regions_failure is not None
                raise self._regions_failure
            return self._regions

    async def regions_on(self) -> tuple[str, ...]:
        """Return the regions that the account has switched on.

        Raises:
            CallError: the list cannot be read.
        """
        found = await self.regions()
        return tuple(sorted(name for name, status in found.items() if status != "not-opted-in"))

    async def renew_regions(self, counter: Asking) -> None:
        """Read the list of regions now; one that somebody else reads just now is not read twice.

        Args:
            counter: counts every request for the list since it was renewed before, whoever needed it.

        Raises:
            CallError: it cannot be read; the one before is used on.
        """
        begun = self._clock.monotonic()
        async with self._listing:
            if max(self._regions_at, self._regions_failed_at) < begun:
                await self._list_regions()
            counter.requests += self._regions_asked.requests
            self._regions_asked.requests = 0
            if self._regions_failure is not None:
                raise self._regions_failure

    async def _list_regions(self) -> None:
        try:
            page = await self.ask(self._regions_asked, "ec2", await self.home(), "describe_regions", AllRegions=True)
            check_page(page, ("Regions",))
            found = {str(r["RegionName"]): str(r.get("OptInStatus", "")) for r in page["Regions"]}
            if not found:
                raise NotWholeError("it lists none")
        except (NotWholeError, KeyError) as error:
            self._regions_failure = CallError(Reach.GARBLED, f"DescribeRegions cannot be used: {error}")
        except CallError as error:
            self._regions_failure = error
        else:
            self._regions, self._regions_failure = found, None
            self._regions_at = self._clock.monotonic()
            return
        self._regions_failed_at = self._clock.monotonic()

    def region_status(self, region: str) -> str | None:
        """Return what the account's list of regions says of one; None where it is not known."""
        return self._regions.get(region) if self._regions else None

    async def asked_regions(self) -> tuple[str, ...]:
        """Return the regions to ask: those configured, or all that the account has switched on.

        Raises:
            CallError: none are configured, and the list cannot be read.
        """
        if self.section.regions:
            try:
                await self.regions()
            except CallError:
                pass  # the target that asks for the list says so; what is configured is asked all the same
            return self.section.regions
        return await self.regions_on()

    async def ask(self, counter: Asking, service: str, region: str, operation: str, /, **parameters: Any) -> Page:
        """Call once, within the configured time in all.

        Raises:
            CallError: no whole answer came.
        """
        async with self._using() as opened:
            client = await self._client(opened, service, region)
            name = client.meta.method_to_api_mapping[operation]
            call = partial(getattr(client, operation), **parameters)
            permission = _PERMISSION.get((service, name), f"{_PREFIX.get(service, service)}:{name}")
            return await self._call(counter, call, f"{name} in {region}", permission)

    async def _call(self, counter: Asking, call: Callable[[], Page], what: str, permission: str) -> Page:
        async with self._places:
            counter.requests += 1
            try:
                async with asyncio.timeout(self.section.timeout.total_seconds()):
                    return await self.work(call, counter.chain)
            except TimeoutError:
                raise self._out_of_time(what) from None
            except NotWholeError as error:
                raise CallError(Reach.GARBLED, f"{what} was not answered whole: {error}", again=error.cut) from None
            except Exception as error:
                raise of_exception(error, what, permission, self._clock.now()) from None

    def _out_of_time(self, what: str) -> CallError:
        if self._threads.full:
            return CallError(Reach.UNREACHABLE, f"{what} was not asked: every thread waits for an answer")
        return CallError(Reach.UNREACHABLE, f"{what} was not answered in {self.section.timeout.total_seconds():g} s")

    async def work(self, work: Callable[[], T], chain: int = 1) -> T:
        """Do something that takes long beside the event loop.

        Args:
            work: what is done.
            chain: how many calls that depend on each other it belongs to.
        """
        return await self._threads.run(partial(self._turns.run, chain, work))

    @asynccontextmanager
    async def _using(self) -> AsyncIterator[_Opened]:
        """Keep a session's connections open for the time of a call.

        Raises:
            CallError: there are no credentials that can be used.
        """
        opened = await self._open()
        opened.calls += 1
        try:
            yield opened
        finally:
            opened.calls -= 1
            if opened.dropped:
                opened.drop()

    async def _client(self, opened: _Opened, service: str, region: str) -> BaseClient:
        """Return the client of a service in a region.

        Raises:
            CallError: the SDK cannot make it.
        """
        client = opened.clients.get((service, region))
        if client is None:
            try:
                client = await self._maker.run(partial(self._make_client, opened, service, region))
            except Exception as error:
                raise of_exception(error, f"{service} in {region}", service, self._clock.now()) from None
        return client

    async def _open(self) -> _Opened:
        async with self._opening:
            if self._opened is not None:
                return self._opened
            if self._failure and self._clock.monotonic() - self._failed_at < SHORTLY.total_seconds():
                raise self._failure
            try:
                opened = await self._maker.run(self._read_credentials)
            except Exception as error:
                self._failure = of_exception(error, "AWS", "sts:AssumeRole", self._clock.now())
                self._failed_at = self._clock.monotonic()
                raise self._failure from None
            self._opened, self._failure = opened, None
            self._opened_at = self._clock.monotonic()
            return opened

    def _read_credentials(self) -> _Opened:
        """Find the credentials by the SDK's own chain, and assume the configured role; in the one thread."""
        described()
        if self._opened_at > -float("inf"):
            # Sockets of the session before are closed with their pools, which hang in circles of what went wrong.
            gc.collect()
        import boto3
        import botocore.session
        from botocore.exceptions import NoCredentialsError

        session = botocore.session.Session(profile=self.section.profile)
        session.register_component("data_loader", shared_loader())
        session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=read_instant)
        near = session.get_config_variable("region") or next(iter(self.section.regions), "us-east-1")
        partition = session.get_partition_for_region(near)
        home = session.get_config_variable("region") or _HOME.get(partition, near)
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        signing_on = None
        if self.section.role_arn is not None:
            signing_on = _SigningOn(session, self.section, home)
            credentials = _assumed(signing_on, credentials, self.section)
            # A provider of our own: what it gives is what every client of this session signs with.
            session.register_component("credential_provider", _Given(credentials))
            session._credentials = None  # type: ignore[attr-defined] # what was found above is the source only
        try:
            credentials.get_frozen_credentials()
        except Exception:
            if signing_on is not None:
                signing_on.close()
            raise
        # One of these, not one a client: each adds its hooks to the session below once more.
        return _Opened(boto3.session.Session(botocore_session=session), credentials, home, partition, signing_on)

    def _make_client(self, opened: _Opened, service: str, region: str) -> BaseClient:
        made = opened.clients.get((service, region))
        if made is None:
            # The stubs know each service by a type of its own; here all are alike.
            make: Callable[..., BaseClient] = opened.session.client
            made = make(
                service, region_name=region, endpoint_url=self.section.endpoint_url, config=_config(self.section)
            )
            made.meta.events.register("before-send", self._turns.away)
            made.meta.events.register("before-parse", self._turns.back)
            made.meta.events.register("before-parse", check_body)
            if service == "ec2":
                # What is registered for one operation is called before what is registered for all.
                made.meta.events.register("before-parse.ec2.DescribeInstanceStatus", self._turns.back)
                made.meta.events.register("before-parse.ec2.DescribeInstanceStatus", read_statuses)
            opened.clients[service, region] = made
        return made


def _config(section: AwsSection) -> Config:
    from botocore.config import Config

    timeout = section.timeout.total_seconds()
    return Config(
        connect_timeout=min(CONNECT_TIMEOUT.total_seconds(), timeout),
        # For each piece of an answer; the whole of it has a deadline of ours.
        read_timeout=timeout,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=16,
        tcp_keepalive=True,
        # What is sent is a handful of constants and what the services themselves answered.
        parameter_validation=False,
        # The SDK puts its own together for each request anew, from a dozen parts.
        user_agent=USER_AGENT,
    )


class _Given:
    """Credentials that were found already, in the place of the SDK's chain."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> Credentials:
        """Return them: what the SDK asks of a chain."""
        return self._credentials


class _SigningOn:
    """Makes the clients that ask for the credentials of a role: the SDK wants a new one each time, and closes none."""

    def __init__(self, session: Session, section: AwsSection, home: str) -> None:
        # The stubs know each service by a type of its own; here all are alike.
        make: Callable[..., BaseClient] = session.create_client
        self._make = partial(make, region_name=home, endpoint_url=section.endpoint_url, config=_config(section))
        self._client: BaseClient | None = None

    def __call__(self, service: str, **more: Any) -> BaseClient:
        """Return a new client; the one before has done its work."""
        self.close()
        self._client = self._make(service, **more)
        return self._client

    def close(self) -> None:
        """Close the connections of the newest one."""
        if self._client is not None:
            self._client.close()


def _assumed(signing_on: _SigningOn, source: Credentials, section: AwsSection) -> Credentials:
    """Return the credentials of the configured role, which renew themselves."""
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    creator: Any = signing_on
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=creator,
        source_credentials=source,
        role_arn=str(section.role_arn),
        extra_args={"RoleSessionName": "wedtui"},
    )
    return DeferredRefreshableCredentials(refresh_using=fetcher.fetch_credentials, method="assume-role")
