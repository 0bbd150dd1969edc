"""Two services in shared mode on one ledger of a server: one carries an action out, the other goes on where it dies."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.actions.killing import Gate
from tests.actions.site import Platform, Station, Zone
from tests.places import POSTGRESQL
from tests.poller.service_process import eventually
from tests.postgres import Postgres, running_postgres
from tests.providers.traffic.between import first, then
from tests.providers.traffic.between import running as standing_before
from tests.providers.traffic.pdns import PowerDns
from wedtui.control.answers import ActionIs
from wedtui.core.actions import Outcome
from wedtui.errors import ConflictError

# Several services share a server; a file is one's.
ONLY_ON = POSTGRESQL

VANTAGES = ("london", "oregon")


class Pair:
    """Two services that watch the same platform and change the same records."""

    def __init__(self, folder: Path, pdns: PowerDns, url: str, gates: dict[str, Gate]) -> None:
        self.platform, self.zone, self.gates = Platform(), Zone(pdns), gates
        self.stations = {}
        for vantage, gate in gates.items():
            place = folder / vantage
            place.mkdir()
            more = f'[cache]\nurl = "{url}"\n[ledger]\nurl = "{url}"\n'
            more += (
                f'[service]\nmode = "shared"\nvantage = "{vantage}"\n[roles]\nusers = {{ {os.getuid()} = "owner" }}\n'
            )
            self.stations[vantage] = Station(place, self.zone, self.platform, api=gate.own_url, more=more)
        self.first, self.second = self.stations.values()
        for station in self.stations.values():
            station.start()

    def asked(self, station: Station, lost: str = "aws") -> ActionIs:
        """Have a failover asked for, once it is known that the other may gain."""
        other = "gcp" if lost == "aws" else "aws"
        eventually(lambda: station.seen(other, "PASS"))
        asked = station.client.ask("failover", [lost], reason="it answers 503")
        assert asked.state == "awaiting confirmation", asked.sentence
        return asked

    def confirmed(self, station: Station, lost: str = "aws") -> ActionIs:
        asked = self.asked(station, lost)
        return station.client.confirm(asked.id, digest=asked.digest, typed=lost)

    @property
    def made(self) -> dict[str, int]:
        """Return how many changes came from each service that made any."""
        return {vantage: len(gate.changes) for vantage, gate in self.gates.items() if gate.changes}

    def close(self) -> None:
        for station in self.stations.values():
            station.end()
        self.platform.close()


@contextmanager
def pair_on(folder: Path, pdns: PowerDns, server: Postgres) -> Iterator[Pair]:
    with ExitStack() as stack:
        gates = {vantage: stack.enter_context(standing_before(pdns.url, Gate(pdns.url))) for vantage in VANTAGES}
        made = Pair(
            folder, pdns, server.url(server.migrated()), {v: g for v, g in gates.items() if isinstance(g, Gate)}
        )
        stack.callback(made.close)
        yield made


@pytest.fixture
def pair(tmp_path: Path, pdns: PowerDns, postgres: Postgres) -> Iterator[Pair]:
    with pair_on(tmp_path, pdns, postgres) as made:
        yield made


def test_what_is_asked_of_one_is_carried_out_once_and_seen_at_both(pair: Pair) -> None:
    number = pair.confirmed(pair.first).id
    action = pair.second.ended(number)
    assert action.outcome == Outcome.VERIFIED, action.sentence
    assert pair.first.client.action(number) == action
    assert list(pair.made.values()) == [1]
    assert pair.zone.live() == (1, {"aws": 0, "gcp": 100})
    assert pair.first.place.wedtui("audit", "verify").returncode == 0


@pytest.mark.parametrize("when", [first, then], ids=["the request is on its way", "it was made, and nobody heard"])
def test_the_other_goes_on_when_one_dies(pair: Pair, when: Callable[[Callable[[], object]], object]) -> None:
    dead = []

    def dying(vantage: str) -> Callable[[], object]:
        def die() -> None:
            pair.stations[vantage].die()
            dead.append(vantage)

        return die

    for vantage, gate in pair.gates.items():
        gate.faults["PATCH"] = [when(dying(vantage))]  # type: ignore[list-item]
    number = pair.confirmed(pair.first).id
    eventually(lambda: bool(dead))
    (other,) = (station for vantage, station in pair.stations.items() if vantage not in dead)
    action = other.ended(number)
    assert action.outcome == Outcome.VERIFIED, action.sentence
    assert pair.made == {dead[0]: 1}
    assert pair.zone.live() == (1, {"aws": 0, "gcp": 100})
    assert other.place.wedtui("audit", "verify").returncode == 0


def test_one_that_stands_still_is_not_taken_for_dead_and_writes_nothing_once_its_claim_ran_out(pair: Pair) -> None:
    still: list[Station] = []
    stored: list[ActionIs] = []

    def stop(station: Station) -> Callable[[], None]:
        def stands_still() -> None:
            if station.service is not None and not still:
                station.service.send_signal(signal.SIGSTOP)
                still.append(station)

        return stands_still

    for vantage, gate in pair.gates.items():
        gate.faults["PATCH"] = [then(stop(pair.stations[vantage]))]
    number = pair.confirmed(pair.first).id
    eventually(lambda: bool(still))
    (one,), (other,) = still, (station for station in pair.stations.values() if station is not still[0])
    try:
        # Its place is taken: no later life can begin there that would know better.
        refused = one.place.wedtui("service", "run")
        assert "a service already runs" in refused.stderr
        stored.append(other.ended(number))
    finally:
        assert one.service is not None
        one.service.send_signal(signal.SIGCONT)
    eventually(one.answers)
    eventually(lambda: "left an action" in (one.place.state / "service.log").read_text())
    tried = "action.submit-unknown-refused", "action.submit-done-refused"
    eventually(lambda: any(kind in one.place.wedtui("audit", "export").stdout for kind in tried))
    assert (stored[0].outcome, one.client.action(number)) == (Outcome.VERIFIED, stored[0])
    assert list(pair.made.values()) == [1]
    assert one.place.wedtui("audit", "verify").returncode == 0


def test_two_operators_at_once_and_one_change_is_made(pair: Pair) -> None:
    stations = {"aws": pair.first, "gcp": pair.second}
    asked = {lost: pair.asked(station, lost) for lost, station in stations.items()}
    together = threading.Barrier(len(asked))

    def confirm(lost: str) -> str:
        together.wait()
        try:
            return stations[lost].client.confirm(asked[lost].id, digest=asked[lost].digest, typed=lost).state
        except ConflictError as error:
            return str(error)

    with ThreadPoolExecutor(len(asked)) as threads:
        answers = {lost: threads.submit(confirm, lost) for lost in asked}
    heard = {lost: answer.result() for lost, answer in answers.items()}
    (made,) = (lost for lost, answer in heard.items() if answer in {"confirmed", "claimed", "ended"})
    (other,) = heard.keys() - {made}
    assert "is changing traffic" in heard[other] or "has changed since" in heard[other]
    assert stations[made].ended(asked[made].id).outcome == Outcome.VERIFIED
    assert list(pair.made.values()) == [1]
    assert pair.zone.live() == (1, {made: 0, other: 100})


def test_the_database_gone_between_intent_and_call(tmp_path: Path, pdns: PowerDns) -> None:
    with running_postgres() as server, pair_on(tmp_path, pdns, server) as pair:
        gone = threading.Event()

        def go() -> None:
            server.stop()
            gone.set()

        for gate in pair.gates.values():
            gate.faults["PATCH"] = [first(go)]
        number = pair.confirmed(pair.first).id
        assert gone.wait(120)
        eventually(lambda: bool(pair.made))
        server.start()
        eventually(pair.second.answers)
        action = pair.second.ended(number)
        assert action.outcome == Outcome.VERIFIED, action.sentence
        assert list(pair.made.values()) == [1]
        assert pair.zone.live() == (1, {"aws": 0, "gcp": 100})
