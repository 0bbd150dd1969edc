"""A provider fails, and the service itself proposes, or fails over: two real services, real probes, a real PowerDNS."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actions.site import Platform, Records, Station, Zone
from tests.places import POSTGRESQL
from tests.poller.service_process import eventually
from tests.postgres import Postgres
from tests.providers.traffic.pdns import PowerDns
from wedtui.control.answers import ActionIs
from wedtui.control.client import ControlClient
from wedtui.core.traffic import Place as TrafficPlace
from wedtui.errors import ConflictError

ONLY_ON = POSTGRESQL
AWS, GCP = TrafficPlace("aws"), TrafficPlace("gcp")
VANTAGES = ("london", "oregon")
ME = pwd.getpwuid(os.getuid()).pw_name
TOP = """\
[cache]
url = "{database}"
[ledger]
url = "{database}"
[service]
mode = "shared"
user = "{me}"
vantage = "{vantage}"
[notify.desk]
kind = "webhook"
url = "{platform}/pages"
[roles]
users = {{ {me} = "owner" }}
"""


class Pair:
    """Two services on one database, each of which sees everything from a vantage of its own."""

    def __init__(self, folder: Path, zone: Records, database: str, mode: str, *, api: str = "") -> None:
        self.platform, self.zone = Platform(), zone
        self.stations = {}
        for vantage in VANTAGES:
            (folder / vantage).mkdir()
            top = TOP.format(database=database, me=ME, vantage=vantage, platform=self.platform.url)
            station = Station(folder / vantage, self.zone, self.platform, api=api, more=top, mode=mode)
            text = station.place.config.read_text()
            station.place.config.write_text(text.replace("[traffic]\n", "[traffic]\nplanned_peak = 300\n"))
            self.stations[vantage] = station
        self.place = self.stations["london"].place
        self.clients = {vantage: station.client for vantage, station in self.stations.items()}

    @property
    def client(self) -> ControlClient:
        return self.clients["london"]

    def wedtui(self, *arguments: str) -> str:
        done = self.place.wedtui(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def well(self) -> None:
        """Wait until both see both, and how much is served is known."""

        station = self.stations["london"]
        eventually(lambda: station.seen("aws", "PASS") and station.seen("gcp", "PASS"))
        eventually(lambda: len(self.place.wedtui("service", "status").stdout.splitlines()) >= 2)

    def own(self) -> list[ActionIs]:
        return [action for action in self.client.actions() if action.automatic]

    def pages(self) -> list[str]:
        """Return what was said of actions to whoever is paged, oldest first; what is over is not among it."""
        return [str(page["sentence"]) for page in self._of_actions() if page["event"] == "trigger"]

    def over(self) -> bool:
        """Whether whoever was paged was told of each that it is over."""
        told = self._of_actions()
        begun, ended = ({page["episode"] for page in told if page["event"] == e} for e in ("trigger", "resolve"))
        return begun == ended

    def _of_actions(self) -> list[dict[str, object]]:
        """Return what was told, without that there is no calendar."""
        return [page for page in list(self.platform.pages) if str(page["key"]).startswith("action/")]

    def sampled(self) -> dict[TrafficPlace, int]:
        return self.stations["london"].sampled()

    def close(self) -> None:
        for station in self.stations.values():
            station.end()
        self.platform.close()


@pytest.fixture
def pair(tmp_path: Path, pdns: PowerDns, postgres: Postgres, request: pytest.FixtureRequest) -> Iterator[Pair]:
    made = Pair(tmp_path, Zone(pdns), postgres.url(postgres.migrated()), request.param)
    try:
        for station in made.stations.values():
            station.start()
        made.well()
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("pair", ["propose"], indirect=True)
def test_it_proposes_once_anybody_confirms_and_what_is_over_is_withdrawn(pair: Pair) -> None:
    pair.platform.down.add("aws")
    eventually(lambda: any(action.digest for action in pair.own()))
    (action,) = pair.own()
    assert (action.state, action.target, action.acts_at) == ("awaiting confirmation", "aws", None)
    assert action.person in {f"service {vantage}" for vantage in VANTAGES}
    assert action.plan is not None
    assert (action.plan["after"], action.plan["automatic"]) == ({"aws": 0, "gcp": 100}, False)
    eventually(lambda: f"wedtui actions confirm {action.id}" in pair.place.wedtui("status").stdout)
    assert f"{action.id}  failover aws" in pair.wedtui("actions", "list", "--open")
    pair.platform.down.clear()
    eventually(lambda: pair.client.action(action.id).outcome == "withdrawn")
    # Another failure is another proposal.
    pair.platform.down.add("aws")
    eventually(lambda: len(pair.own()) == 2 and bool(pair.own()[0].digest))
    newer = pair.own()[0]
    for client in pair.clients.values():
        with pytest.raises(ConflictError, match="is not what has to be typed"):
            client.confirm(newer.id, digest=client.action(newer.id).digest, typed="")
    # At the other service as well as at the one that asked.
    other = next(client for vantage, client in pair.clients.items() if newer.person != f"service {vantage}")
    other.confirm(newer.id, digest=other.action(newer.id).digest, typed="aws")
    eventually(lambda: pair.client.action(newer.id).state in {"ended", "handed over"})
    done = pair.client.action(newer.id)
    assert (done.outcome, done.confirmed_by) == ("verified", ME), done.sentence
    assert [step.name for step in done.steps] == ["submit", "in sync", "answers", "watch"]
    assert "no worse for two rounds" in done.sentence
    assert pair.sampled() == {GCP: 200}
    eventually(pair.over)
    assert [page.count("wedtui actions confirm") for page in pair.pages()] == [1, 1]
    assert pair.place.wedtui("audit", "verify").returncode == 0


@pytest.mark.parametrize("pair", ["auto"], indirect=True)
def test_it_fails_over_by_itself_after_its_countdown_and_a_stop_prevents_that(pair: Pair) -> None:
    pair.platform.down.add("aws")
    eventually(lambda: any(action.acts_at for action in pair.own()))
    # Not by a command: on a busy machine one may take longer to start than the countdown lasts.
    pair.client.stop_automation(reason="let me look first")
    eventually(lambda: pair.own()[0].acts_at is None)
    (held,) = pair.own()
    assert (held.state, held.confirmed_by) == ("awaiting confirmation", None)
    assert "STOPPED by" in pair.wedtui("automation", "status")
    eventually(lambda: "all automation is stopped by" in pair.place.wedtui("status").stdout)
    assert pair.sampled().get(AWS, 0) > 0
    pair.wedtui("automation", "resume", "--reason", "go on")
    eventually(lambda: pair.own()[0].state in {"ended", "handed over"})
    (done,) = pair.own()
    assert (done.id, done.outcome) == (held.id, "verified"), done.sentence
    assert done.confirmed_by in {f"service {vantage}" for vantage in VANTAGES}
    assert pair.sampled() == {GCP: 200}
    chain = pair.wedtui("audit", "export")
    assert '"kind":"action.confirm-by-itself"' in chain
    assert "2 of 2 vantages saw three failed rounds of aws in a row" in chain
    eventually(lambda: any("fails over from aws by itself" in page for page in pair.pages()))
    eventually(pair.over)
    assert pair.place.wedtui("audit", "verify").returncode == 0


@pytest.mark.parametrize("pair", ["auto"], indirect=True)
def test_a_countdown_that_a_person_aborts_is_over(pair: Pair) -> None:
    pair.platform.down.add("aws")
    eventually(lambda: any(action.acts_at for action in pair.own()))
    pair.client.abort()
    (aborted,) = pair.own()
    assert (aborted.outcome, aborted.cancelled_by) == ("cancelled", ME)
    eventually(lambda: "nothing is proposed" in pair.place.wedtui("status").stdout)
    assert pair.sampled().get(AWS, 0) > 0
    assert len(pair.own()) == 1
