"""The emergency path by the parts that the service is composed of, on ledgers and an API that are made to be slow."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.control.base import Served, everybody, listens, serving
from tests.places import SQLITE
from tests.poller.service_process import eventually
from wedtui.cli import standby as module
from wedtui.cli.acting import Told, Who, pictures
from wedtui.cli.standby import Standby
from wedtui.clock import SystemClock
from wedtui.config_file import load
from wedtui.control.bodies import PlanWanted
from wedtui.core import actions
from wedtui.core.actions import Action
from wedtui.core.roles import Role
from wedtui.errors import ConflictError
from wedtui.ledger.journal import Journal
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.standby import FIRST
from wedtui.notify.running import Notifying
from wedtui.paths import StatePaths
from wedtui.store.opening import url_of

ONLY_ON = SQLITE
"""What is meant by the stores is said by each test."""

WANTED = PlanWanted(kind="failover", lost=("aws",), without_ledger=True)
CONFIGURATION = """\
[ledger]
url = "{ledger}"
[[providers]]
name = "aws"
weight = 60
[[providers]]
name = "gcp"
weight = 40
[traffic]
mode = "off"
ttl = "60s"
name = "www.example.org"
nameservers = ["127.0.0.1:9"]
backend = "powerdns"
[traffic.powerdns]
url = "{api}"
zone = "example.org"
api_key = {{ file = "{key}" }}
[[traffic.places]]
provider = "aws"
target = "192.0.2.1"
[[traffic.places]]
provider = "gcp"
target = "192.0.2.2"
"""


class Api:
    """Has the records, and answers nothing before it is told to; then that it cannot."""

    def __init__(self) -> None:
        self.asked, self.goes = threading.Event(), threading.Event()
        api = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.asked.set()
                api.goes.wait(60)
                self.send_response(500)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_arguments: object) -> None:
                """Say nothing: who asked may be gone."""

        self.server = Server(("127.0.0.1", 0), Answers)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.goes.set()
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def silent() -> Iterator[str]:
    """A ledger that accepts whoever connects, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"postgresql://nobody@127.0.0.1:{listening.getsockname()[1]}/db"


class Here:
    """A state directory in which the emergency path is begun."""

    def __init__(self, folder: Path, api: Api, ledger: str) -> None:
        key, config = folder / "key", folder / "config.toml"
        key.write_text("secret")
        config.write_text(CONFIGURATION.format(ledger=ledger, api=api.url, key=key))
        for file in (key, config):
            file.chmod(0o600)
        self.folder, self.said = folder, list[str | None]()
        self.standby = Standby(
            load(config, {}), StatePaths(folder), SystemClock(), Who("life", "here"), Told(self.tell, lambda: None)
        )

    def tell(self, part: str, problem: str | None) -> None:
        if part == "standby":
            self.said.append(problem)

    def refused(self) -> None:
        """Have something refused without the ledger before it begins: that waits to be put on record."""
        with closing(Journal(url_of(self.standby.file), first=FIRST)) as journal:
            made = journal.request(lambda at: Action("failover", "aws", "traffic", "ada", "it fails", at), "ada 1")
            journal.move(made.id, "refuse", lambda action, at: actions.refuse(action, "no room", at, ""))

    @property
    def files(self) -> list[str]:
        return sorted(each.name for each in self.folder.glob("standby*.db"))


def away(folder: Path) -> str:
    """Return where a ledger will be: nobody can reach it yet, for the directory above it is none."""
    (folder / "disk").touch()
    return url_of(folder / "disk" / "ledger.db")


def back(folder: Path) -> str:
    """Have that ledger reached from now on."""
    (folder / "disk").unlink()
    Ledger(url := url_of(folder / "disk" / "ledger.db")).close()
    return url


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look every moment, instead of every few seconds."""
    monkeypatch.setattr(module, "LOOKS_EVERY_S", 0.05)


def test_while_the_ledger_is_silent_nobody_who_asks_is_disturbed(
    tmp_path: Path, api: Api, silent: str, often: None
) -> None:
    here = Here(tmp_path, api, silent)
    here.refused()
    with closing(here.standby) as standby:
        standby.start()
        planned = standby.plan(WANTED)
        assert api.asked.wait(60)
        looked = len(here.said)
        eventually(lambda: len(here.said) > looked + 1)
        api.goes.set()
        assert planned.result(60).refused
    assert here.files == ["standby.db"]


def test_what_was_done_is_put_on_record_once_nobody_is_being_answered(tmp_path: Path, api: Api, often: None) -> None:
    here = Here(tmp_path, api, away(tmp_path))
    here.refused()
    with closing(here.standby) as standby:
        standby.start()
        planned = standby.plan(WANTED)
        assert api.asked.wait(60)
        back(tmp_path)
        eventually(lambda: planned.done() or any("more is asked for" in (said or "") for said in here.said))
        api.goes.set()
        assert planned.result(60).refused
        eventually(lambda: here.files == ["standby.taken-in-1.db"])


def test_whoever_is_ended_before_the_answer_is_told_to_ask_again(tmp_path: Path, api: Api) -> None:
    here = Here(tmp_path, api, away(tmp_path))
    here.standby.start()
    with serving(tmp_path, changes=here.standby) as served:
        eventually(lambda: listens(served.path))
        answers = list[tuple[int, str]]()
        asking = threading.Thread(target=lambda: answers.append(planned(served)))
        asking.start()
        assert api.asked.wait(60)
        here.standby.close()
        asking.join(60)
    [(status, words)] = answers
    assert (status, "ask again" in words) == (503, True), words


def planned(served: Served) -> tuple[int, str]:
    body = {"kind": "failover", "lost": ["aws"], "without_ledger": True}
    answer = served.ask("POST", "/v1/plans", body, key="plan")
    return answer.status_code, answer.json()["message"]


def test_planning_leaves_nothing_behind(tmp_path: Path, api: Api) -> None:
    here = Here(tmp_path, api, away(tmp_path))
    api.goes.set()
    with closing(here.standby) as standby:
        standby.start()
        assert standby.plan(WANTED).result(60).refused
        assert not here.files
    there = Here(tmp_path, api, back(tmp_path))
    with closing(there.standby) as standby:
        standby.start()
        with pytest.raises(ConflictError, match="the ledger can be used"):
            standby.plan(WANTED)
        assert not there.files


def test_whoever_may_only_look_plans_nothing_without_the_ledger(tmp_path: Path, api: Api) -> None:
    here = Here(tmp_path, api, away(tmp_path))
    with serving(tmp_path, everybody(Role.VIEWER), changes=here.standby) as served:
        eventually(lambda: listens(served.path))
        api.goes.set()
        status, words = planned(served)
        links = [(link.kind, link.body["asked"]) for link in served.links()]
    assert (status, "may not fail over" in words) == (403, True), words
    assert links == [("request.refused", "POST /v1/plans")]
    assert not api.asked.is_set()
    assert not here.files


def test_what_persons_froze_is_taken_from_the_copy_and_the_ledger_is_not_asked(
    tmp_path: Path, api: Api, silent: str
) -> None:
    Here(tmp_path, api, silent)
    with closing(pictures(load(tmp_path / "config.toml", {}), StatePaths(tmp_path), aside=True)) as source:
        found = source.picture(datetime(2026, 6, 3, tzinfo=UTC)).freeze
    assert "the ledger is not asked on the emergency path" in " ".join(found.reasons)


def test_what_is_done_without_the_ledger_is_known_to_what_is_done_by_itself(
    tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = list[Told]()
    monkeypatch.setattr(module, "Acting", lambda *given: told.append(given[-1]))
    here = Here(tmp_path, api, away(tmp_path))
    [automation] = told
    assert automation.aside() is None
    here.refused()
    assert automation.aside() == "what was done without the ledger is not on record in it yet"


def test_people_are_told_while_the_ledger_is_away_of_what_was_refused_too(
    tmp_path: Path, api: Api, often: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = list[object]()

    class Recorded(Notifying):
        def start(self) -> None:
            begun.append(self)
            super().start()

    monkeypatch.setattr(module, "Notifying", Recorded)
    here = Here(tmp_path, api, away(tmp_path))
    with closing(here.standby) as standby:
        standby.start()
        here.refused()
        eventually(lambda: len(begun) == 1)
