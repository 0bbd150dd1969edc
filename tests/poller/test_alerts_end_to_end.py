"""The real service: a probe fails, somebody is told once, whoever dies meanwhile, and hears when it is over."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.notify.base import secret
from tests.notify.strict import ROUTING_KEY, PagerDuty
from tests.places import PLACES
from tests.poller.service_process import eventually, make_place
from tests.postgres import Postgres
from wedtui.cache.kind import CACHE
from wedtui.core.sharing import HOUSE
from wedtui.ledger.kind import LEDGER

RULES = '[[rules]]\nname = "down"\ncondition = "up < 1"\nfor = "2s"\nclear = { for = "1s" }\nseverity = "critical"\n'


LONG_ENOUGH = 12
"""So many failed rounds twice a second are longer than the rule asks for, with what it takes to judge them."""


class Guests:
    """What is probed, and answers well or not."""

    def __init__(self) -> None:
        self.well = True
        self.failed = 0
        """How often it did not answer well."""
        guests = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                guests.failed += not guests.well
                self.send_response(200 if guests.well else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    @contextmanager
    def served(self) -> Iterator[Guests]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class Site:
    """A service with one probe, one rule and one channel."""

    def __init__(
        self, folder: Path, guests: Guests, pagerduty: PagerDuty, *, more: str = "", ledger: Path | None = None
    ) -> None:
        """Begin it; `ledger` is the path for which its cache and ledger stand, where that is another one's."""
        folder.mkdir(exist_ok=True)
        self.place, self.rules = make_place(folder, guests.url, probes=1), folder / "rules" / "own.toml"
        key = secret(folder, "routing", ROUTING_KEY)["file"]
        channel = f'[notify.oncall]\nkind = "pagerduty"\nurl = "{pagerduty.url}"\nrouting_key = {{ file = "{key}" }}\n'
        self.ledger = ledger or self.place.state / "ledger.db"
        url = PLACES.url(self.ledger)
        stores = f'[cache]\nurl = "{url}"\n[ledger]\nurl = "{url}"\n' if PLACES.on_server else ""
        self.place.config.write_text(self.place.config.read_text() + channel + stores + more)
        self.place.config.chmod(0o600)
        self.rules.parent.mkdir()
        self.rules.write_text(RULES)
        self.pagerduty = pagerduty
        self.service = self.place.service()

    def dies(self) -> None:
        self.service.send_signal(signal.SIGKILL)
        self.service.wait(120)

    def begins(self) -> None:
        self.service = self.place.service()

    def ends(self) -> None:
        self.service.terminate()
        self.pagerduty.released.set()
        self.service.wait(120)

    def alerts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.place.wedtui("alerts", "list", "--all", "--json").stdout)
        return found

    def judged_since(self, before: str) -> bool:
        return bool(self.alerts()["judged_at"] > before)

    def phases(self) -> list[str]:
        return [each["phase"] for each in self.alerts()["alerts"]]

    def told(self) -> list[tuple[str, str]]:
        """Return what the pager was told of alerts: it may hear that there is no calendar as well.

        What follows upon a beginning is told again after two minutes, which a slow machine may take: it counts once.
        """
        with self.pagerduty.lock:
            told = [each for each in self.pagerduty.asked if "/alert/" in each[1]]
        return [each for n, each in enumerate(told) if each[0] == "trigger" or each not in told[:n]]

    def paged(self) -> set[str]:
        """Return by how many keys the pager was called."""
        return {episode for event, episode in self.told() if event == "trigger"}

    def paged_at_least(self, times: int) -> bool:
        return len(self.paged()) >= times

    def stands(self) -> list[str]:
        """Return how it stands with each of them at the pager."""
        with self.pagerduty.lock:
            return [state for key, state in self.pagerduty.alerts.items() if "/alert/" in key]

    def kinds(self) -> list[str]:
        """Return what became of alerts, oldest first."""
        found = json.loads(self.place.wedtui("alerts", "history", "--json").stdout)
        return [each["kind"] for each in reversed(found)]


@pytest.fixture
def guests() -> Iterator[Guests]:
    with Guests().served() as made:
        yield made


@pytest.fixture
def pagerduty() -> Iterator[PagerDuty]:
    with PagerDuty() as made:
        yield made
        made.released.set()


@pytest.fixture
def site(tmp_path: Path, places: None, guests: Guests, pagerduty: PagerDuty) -> Iterator[Site]:
    made = Site(tmp_path, guests, pagerduty)
    try:
        yield made
    finally:
        made.ends()


def test_an_outage_is_told_once_through_two_deaths_and_its_end_once(site: Site, guests: Guests) -> None:
    # Judged once, nobody has been asked yet: nothing fires as soon as it is known how the guests are.
    eventually(lambda: site.place.wedtui("alerts", "list").returncode == 0)
    guests.well = False
    eventually(lambda: len(site.told()) == 1)
    eventually(lambda: site.alerts()["alerts"][0]["told_at"] is not None)
    assert site.place.wedtui("alerts", "list").returncode == 2
    key = site.alerts()["alerts"][0]["key"]
    for _ in range(2):
        site.dies()
        before = site.alerts()["judged_at"]
        site.begins()
        eventually(partial(site.judged_since, before))
    assert site.phases() == ["firing"]
    assert site.alerts()["alerts"][0]["key"] == key
    acknowledged = site.place.wedtui("alerts", "ack", key, "--reason", "I look")
    assert acknowledged.returncode == 0, acknowledged.stderr
    eventually(lambda: site.alerts()["alerts"][0]["acknowledged_by"] != "")
    guests.well = True
    eventually(lambda: site.phases() == ["resolved"])
    eventually(lambda: [event for event, _ in site.told()] == ["trigger", "acknowledge", "resolve"])
    assert len({episode for _, episode in site.told()}) == 1
    assert site.kinds() == ["firing", "acknowledged", "resolved"]


def test_a_death_before_a_round_is_stored_forgets_nothing(site: Site, guests: Guests) -> None:
    eventually(lambda: site.alerts()["fresh"])
    with PLACES.held(site.ledger, LEDGER):
        # Whoever else writes has it: the rounds are judged, and none of them can be stored.
        guests.well = False
        asked = guests.failed
        eventually(lambda: guests.failed > asked + LONG_ENOUGH)
        site.dies()
    assert (site.kinds(), site.told()) == ([], [])
    site.begins()
    eventually(lambda: len(site.told()) == 1)
    eventually(lambda: site.alerts()["alerts"][0]["told_at"] is not None)
    assert (site.kinds(), [event for event, _ in site.told()]) == (["firing"], ["trigger"])


def test_a_death_between_the_outbox_and_its_delivery_neither_forgets_nor_repeats(
    site: Site, guests: Guests, pagerduty: PagerDuty
) -> None:
    pagerduty.always = "hang"
    guests.well = False
    # It is in the outbox, and is put to the pager, which does not take it.
    eventually(lambda: site.kinds() == ["firing"] and pagerduty.requests > 0)
    site.dies()
    assert site.told() == []
    pagerduty.always = ""
    site.begins()
    eventually(lambda: site.alerts()["alerts"][0]["told_at"] is not None)
    guests.well = True
    eventually(lambda: [event for event, _ in site.told()] == ["trigger", "resolve"])
    assert site.kinds() == ["firing", "resolved"]


def test_a_death_between_the_delivery_and_its_record_neither_forgets_nor_repeats(
    site: Site, guests: Guests, pagerduty: PagerDuty
) -> None:
    pagerduty.always = "taken, and hangs"
    guests.well = False
    eventually(lambda: len(site.told()) == 1)
    site.dies()
    pagerduty.always = ""
    pagerduty.released.set()
    site.begins()
    eventually(lambda: site.alerts()["alerts"][0]["told_at"] is not None)
    assert (len(site.paged()), site.kinds()) == (1, ["firing"])


def test_rules_that_break_go_on_as_they_were(site: Site, guests: Guests) -> None:
    eventually(lambda: site.alerts()["fresh"])
    site.rules.write_text(RULES.replace("severity", "gravity"))
    eventually(lambda: "the rules of alerts cannot be used" in site.place.wedtui("status").stdout)
    site.dies()
    site.begins()
    guests.well = False
    eventually(lambda: site.phases() == ["firing"])
    assert "the last that could be used count on" in site.place.wedtui("status").stdout


ON_CALL = """
[oncall.contacts.ada]
channels = ["oncall"]

[[oncall.rosters]]
name = "primary"

[[oncall.rosters.layers]]
participants = ["ada"]
zone = "UTC"
since = 2026-01-01
hand_over = "00:00"
length = "1d"

[[oncall.ladders]]
name = "short"
steps = [
    { after = "0m", roster = "primary" },
    { after = "3s", roster = "primary" },
    { after = "6s", everybody = true },
]
"""


def test_nobody_answers_and_each_step_pages_once_through_two_deaths_and_all_of_it_is_over(
    tmp_path: Path, places: None, guests: Guests, pagerduty: PagerDuty
) -> None:
    site = Site(tmp_path, guests, pagerduty, more=ON_CALL)
    try:
        eventually(lambda: site.alerts()["fresh"])
        guests.well = False
        for pages in (1, 2):
            eventually(partial(site.paged_at_least, pages))
            site.dies()
            site.begins()
        eventually(lambda: len(site.paged()) == 3)
        eventually(lambda: site.kinds() == ["firing", "escalated", "escalated"])
        (alert,) = site.alerts()["alerts"]
        assert alert["escalates_at"] is None
        assert site.place.wedtui("alerts", "ack", alert["key"]).returncode == 0
        eventually(lambda: site.stands() == ["acknowledged"] * 3)
        guests.well = True
        eventually(lambda: site.stands() == ["resolved"] * 3)
        assert len(site.paged()) == 3
    finally:
        site.ends()


@pytest.fixture
def both(tmp_path: Path, postgres: Postgres, guests: Guests, pagerduty: PagerDuty) -> Iterator[dict[str, Site]]:
    """Two services on machines of their own that share one PostgreSQL."""
    PLACES.use(postgres)
    shared, made = tmp_path / "shared", dict[str, Site]()
    try:
        for vantage in ("london", "oregon"):
            of = f'[service]\nvantage = "{vantage}"\n'
            made[vantage] = Site(tmp_path / vantage, guests, pagerduty, more=of, ledger=shared)
        yield made
    finally:
        PLACES.use(None)
        for site in made.values():
            site.service.kill()
        pagerduty.released.set()
        for site in made.values():
            site.service.wait(120)


def judging(both: dict[str, Site], folder: Path) -> str:
    """Return the vantage of the service that judges."""
    held = "SELECT s.vantage FROM lease l JOIN service s ON s.instance = l.holder WHERE l.name = ?"
    found = PLACES.execute(folder / "shared", CACHE, held, HOUSE)
    return str(found[0][0]) if found and found[0][0] in both else ""


def test_the_one_that_judges_dies_while_an_alert_fires_and_another_goes_on_with_it(
    tmp_path: Path, both: dict[str, Site], guests: Guests
) -> None:
    eventually(lambda: judging(both, tmp_path) != "")
    first = judging(both, tmp_path)
    other = next(site for vantage, site in both.items() if vantage != first)
    guests.well = False
    eventually(lambda: len(other.told()) == 1)
    eventually(lambda: other.alerts()["alerts"][0]["told_at"] is not None)
    (before,) = other.alerts()["alerts"]
    acknowledged = other.place.wedtui("alerts", "ack", before["key"])
    assert acknowledged.returncode == 0, acknowledged.stderr
    eventually(lambda: [event for event, _ in other.told()] == ["trigger", "acknowledge"])
    both[first].dies()
    eventually(lambda: judging(both, tmp_path) not in {"", first})
    eventually(partial(other.judged_since, other.alerts()["judged_at"]))
    (after,) = other.alerts()["alerts"]
    assert (after["key"], after["phase"]) == (before["key"], "firing")
    assert after["acknowledged_by"] != ""
    guests.well = True
    eventually(lambda: other.phases() == ["resolved"])
    eventually(lambda: len(other.told()) == 3)
    assert [event for event, _ in other.told()] == ["trigger", "acknowledge", "resolve"]
    assert (len({episode for _, episode in other.told()}), other.stands()) == (1, ["resolved"])
    assert other.kinds() == ["firing", "acknowledged", "resolved"]
