"""A control socket that is served in this process, on a ledger of the test's own; and asking it."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tests.places import PLACES
from wedtui.cli.freeze_plans import FreezePlanner
from wedtui.cli.release_desk import ReleaseDesk
from wedtui.config import Configuration
from wedtui.config_control import ControlSection
from wedtui.config_deployments import TemplateSection
from wedtui.control.desk import Desk, Record, refusals_on_record
from wedtui.control.listening import address_of
from wedtui.control.office import Changes
from wedtui.control.server import ControlServer, Plan
from wedtui.core.alerts.rule import RuleBook
from wedtui.core.alerts.standing import AlertIs, AlertsNow
from wedtui.core.chain import Link
from wedtui.core.picture import ServiceFacts
from wedtui.core.roles import Demand, Mapped, Role
from wedtui.errors import StoreMissingError
from wedtui.ledger.audit_reader import AuditReader, link_of
from wedtui.ledger.reader import FreezeEntry, LedgerReader
from wedtui.paths import StatePaths
from wedtui.rule_files import load_rules

NOW = datetime(2026, 6, 3, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOMORROW = (NOW + 24 * HOUR).isoformat()
ME = os.geteuid()
FACTS = ServiceFacts(
    instance="one",
    pid=os.getpid(),
    mode="shared",
    version="1",
    environment="production",
    started_at=NOW,
    heartbeat_at=NOW,
    vantage="here",
    place="here:/state",
)

TEMPLATE = TemplateSection.model_validate(
    {
        "name": "site",
        "within": "10m",
        "soak": "20m",
        "checks": ("tests",),
        "approvals": ("security",),
        "command": {"argv": ("/bin/deploy", "{version}"), "shows": ("/bin/shows",)},
        "watch": ({"provider": "aws", "signal": "error_rate", "above": 0.05},),
    }
)
"""How releases of anything are done, anywhere; nothing is started here."""


@dataclass
class SetClock:
    """Shows what the test sets."""

    at: datetime = NOW
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Alerting:
    """The shipped rules, what a test has fire, and channels."""

    clock: SetClock
    firing: tuple[AlertIs, ...] = ()
    judged_at: datetime | None = None
    """By default just now."""
    named: tuple[str, ...] = ("pagerduty", "slack")

    def book(self) -> RuleBook:
        return load_rules(()).book

    def alerts(self) -> AlertsNow:
        return AlertsNow(self.judged_at or self.clock.at, self.firing, 7)

    def channels(self) -> tuple[str, ...]:
        return self.named


@dataclass
class Served:
    """A socket, and what stands behind it."""

    path: Path
    ledger: Path
    clock: SetClock
    troubles: list[str | None]
    acted: list[int] = field(default_factory=list)
    alerting: Alerting = field(init=False)

    def __post_init__(self) -> None:
        self.alerting = Alerting(self.clock)

    def ask(
        self, method: str, path: str, body: object = None, *, key: str | None = None, **headers: str
    ) -> httpx.Response:
        return ask(self.path, method, path, body, key=key, headers=headers)

    def freezes(self) -> tuple[FreezeEntry, ...]:
        reader = LedgerReader(PLACES.url(self.ledger))
        try:
            return reader.freeze_entries(include_lifted=True)
        except StoreMissingError:
            return ()
        finally:
            reader.close()

    def links(self) -> list[Link]:
        """Return the audit chain."""
        with closing(AuditReader(PLACES.url(self.ledger))) as reader:
            return [link for link in map(link_of, reader.written()) if link is not None]


def ask(
    socket: Path,
    method: str,
    path: str,
    body: object = None,
    *,
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> httpx.Response:
    """Send one request as anybody could."""
    given = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
    if key is not None:
        given["Idempotency-Key"] = key
    with (
        address_of(socket) as address,
        httpx.Client(transport=httpx.HTTPTransport(uds=address), base_url="http://x", timeout=30) as client,
    ):
        if body is not None:
            # In ASCII: half of a character can be written no other way.
            content, given["Content-Type"] = json.dumps(body).encode(), "application/json"
        elif content is not None:
            given["Content-Type"] = "application/json"
        return client.request(method, path, headers=given, content=content)


def listens(path: Path) -> bool:
    """Whether anybody listens on a socket."""
    with address_of(path) as address, socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(address) == 0


def everybody(role: Role) -> Mapped:
    """Make this process' user, whoever that is, what a test needs."""
    return Mapped(users={str(ME): role})


@contextmanager
def serving(
    folder: Path,
    mapped: Mapped | None = None,
    *,
    ledger: Path | None = None,
    personal: bool = False,
    section: ControlSection | None = None,
    record: Record = refusals_on_record,
    changes: Changes | None = None,
    demands: Mapping[str, frozenset[Demand]] | None = None,
) -> Iterator[Served]:
    """Serve on `control.sock` in a folder; by default to an owner."""
    served = Served(folder / "control.sock", ledger or folder / "ledger.db", SetClock(), [])
    lock = threading.Lock()

    def acted() -> None:
        with lock:
            served.acted.append(1)

    desk = Desk(
        PLACES.url(served.ledger),
        served.clock,
        mapped or everybody(Role.OWNER),
        personal_uid=ME if personal else None,
        acted=acted,
        record=record,
    )
    told = served.troubles.append
    url, paths = PLACES.url(served.ledger), StatePaths(folder)
    planner = FreezePlanner(Configuration(), paths, url)
    configuration = Configuration()
    configuration = configuration.model_copy(
        update={"deployments": configuration.deployments.model_copy(update={"templates": (TEMPLATE,)})}
    )
    releases = ReleaseDesk(configuration, paths, paths.cache_url(configuration), url)
    doing = (changes, demands or {}, planner, served.alerting, releases)
    plan = Plan(served.path, section or ControlSection(), lambda: FACTS, told, *doing)
    server = ControlServer(plan, desk, served.clock)
    server.start()
    try:
        yield served
    finally:
        server.close()
