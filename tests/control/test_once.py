"""One key is one action: replayed, restarted, at two services, and at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from tests.control.base import HOUR, NOW, TOMORROW, Served, SetClock, serving
from tests.places import PLACES
from wedtui.control.desk import Asked, Desk
from wedtui.core.roles import Account, Mapped, Permission, Role
from wedtui.errors import ConflictError, StoreError
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.requests import ANSWERS_KEPT, KeyReusedError

BODY = {"end": TOMORROW, "reason": "royal wedding"}
KAY = Account(1001, "kay")
OWNERS = Mapped(users={"kay": Role.OWNER, "ann": Role.OWNER})


@pytest.fixture(autouse=True)
def _on_each_system(places: None) -> None:
    """Use the places of the system under test."""


def desk_of(path: Path, clock: SetClock, mapped: Mapped = OWNERS) -> Desk:
    return Desk(PLACES.url(path), clock, mapped, personal_uid=None)


def asked(desk: Desk, key: str, digest: str = "d", account: Account = KAY) -> Asked:
    return Asked(desk.person(account), Permission.ADD_FREEZE, "POST /v1/freezes", key, digest)


def freezing(name: str) -> Callable[[Ledger, datetime], object]:
    def work(ledger: Ledger, now: datetime) -> dict[str, int]:
        entry = ledger.add_freeze(name, now, now + HOUR, reason="x", added_by="kay", added_at=now)
        return {"id": entry.id}

    return work


def names(path: Path) -> list[str]:
    return [name for (name,) in PLACES.execute(path, LEDGER, "SELECT name FROM freeze_period ORDER BY id")]


def test_the_same_key_is_answered_the_same_and_done_once(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        first = served.ask("POST", "/v1/freezes", BODY, key="k")
        served.clock.at += HOUR
        again = served.ask("POST", "/v1/freezes", dict(reversed(BODY.items())), key="k")
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
        assert len(served.freezes()) == len(served.acted) == 1


def test_the_same_key_for_something_else_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.ask("POST", "/v1/freezes", BODY, key="k")
        for path, body in (
            ("/v1/freezes", {**BODY, "reason": "another"}),
            ("/v1/lockdown", {"reason": "royal wedding"}),
            ("/v1/freezes/1/lift", {"reason": "x"}),
        ):
            response = served.ask("POST", path, body, key="k")
            assert (response.status_code, response.json()["error"]) == (422, "key-reused")
        assert [entry.lifted_at for entry in served.freezes()] == [None]
        refused = [link for link in served.links() if link.kind == "request.refused"]
        assert [link.body["asked"] for link in refused] == [
            "POST /v1/freezes",
            "POST /v1/lockdown",
            "POST /v1/freezes/1/lift",
        ]
        assert all("give each a key of its own" in str(link.body["said"]) for link in refused)


def test_what_was_refused_stays_refused_for_that_key(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        early = served.ask("POST", "/v1/freezes/1/lift", {"reason": "x"}, key="k")
        assert early.status_code == 404
        served.ask("POST", "/v1/freezes", BODY, key="k2")
        # A late copy of the request must not lift what was added since.
        late = served.ask("POST", "/v1/freezes/1/lift", {"reason": "x"}, key="k")
        assert (late.status_code, late.content) == (404, early.content)
        assert served.freezes()[0].lifted_at is None
        assert served.ask("POST", "/v1/freezes/1/lift", {"reason": "x"}, key="k3").status_code == 200
    with serving(tmp_path, Mapped()) as served:
        assert served.ask("POST", "/v1/freezes", BODY, key="k4").status_code == 403
    with serving(tmp_path) as served:
        assert served.ask("POST", "/v1/freezes", BODY, key="k4").status_code == 403


def test_a_key_outlives_the_service_and_counts_at_another(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    ledger = tmp_path / "ledger.db"
    with serving(one, ledger=ledger) as served:
        first = served.ask("POST", "/v1/freezes", BODY, key="k")
    with serving(one, ledger=ledger) as served, serving(two, ledger=ledger) as other:
        for each in (served, other):
            again = each.ask("POST", "/v1/freezes", BODY, key="k")
            assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
        assert len(served.freezes()) == 1


def test_two_users_may_choose_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    desk = desk_of(path, SetClock())
    with closing(desk):
        ann = Account(1002, "ann")
        assert desk.act(asked(desk, "k"), freezing("hers")) == (desk.act(asked(desk, "k"), freezing("x"))[0], False)
        assert desk.act(asked(desk, "k", "other", ann), freezing("ann's"))[1] is False
        with pytest.raises(KeyReusedError):
            desk.act(asked(desk, "k", "other"), freezing("never"))
    assert names(path) == ["hers", "ann's"]


def test_all_at_once_at_two_services_it_is_done_once(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    ledger = tmp_path / "ledger.db"
    with serving(one, ledger=ledger) as first, serving(two, ledger=ledger) as second:
        gate = threading.Barrier(8)
        answers: list[tuple[int, bytes]] = []

        def ask(served: Served) -> None:
            gate.wait()
            response = served.ask("POST", "/v1/freezes", BODY, key="k")
            answers.append((response.status_code, response.content))

        threads = [threading.Thread(target=ask, args=(served,)) for served in (first, second) * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == 8
        assert {status for status, _ in answers} == {200}
        assert len({content for _, content in answers}) == 1
        assert len(first.freezes()) == len(first.acted) + len(second.acted) == 1


def test_a_key_is_known_for_seven_days(tmp_path: Path) -> None:
    path, clock = tmp_path / "ledger.db", SetClock()
    with closing(desk_of(path, clock)) as desk:
        desk.act(asked(desk, "old"), freezing("one"))
        clock.at = NOW + ANSWERS_KEPT
        assert desk.act(asked(desk, "old"), freezing("never"))[1]
        desk.act(asked(desk, "other"), freezing("two"))
        assert desk.act(asked(desk, "old"), freezing("never"))[1]
        clock.at += HOUR
        desk.act(asked(desk, "third"), freezing("three"))
        assert PLACES.execute(path, LEDGER, "SELECT key FROM control_request ORDER BY key") == [("other",), ("third",)]
    assert names(path) == ["one", "two", "three"]


def test_what_is_done_and_its_answer_are_stored_together_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    fails = [ConflictError("no"), StoreError("the record cannot be written")]

    def record(*_anything: object) -> None:
        if fails:
            raise fails.pop()

    desk = Desk(PLACES.url(path), SetClock(), OWNERS, personal_uid=None, record=record)
    with closing(desk):
        for kind in (StoreError, ConflictError):
            with pytest.raises(kind):
                desk.act(asked(desk, "k"), freezing("never"))
            assert names(path) == []
        assert desk.act(asked(desk, "k"), freezing("once"))[1] is False
    assert names(path) == ["once"]
    assert PLACES.execute(path, LEDGER, "SELECT count(*) FROM control_request") == [(1,)]


def test_while_another_holds_the_ledger_it_is_not_done_later_in_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wedtui.control.desk.LEDGER_WAITS", HOUR / 360_000)
    with serving(tmp_path) as served:
        served.ask("POST", "/v1/freezes", BODY, key="1")
        with PLACES.held(served.ledger, LEDGER):
            held = served.ask("POST", "/v1/lockdown", {"reason": "fire"}, key="2")
        assert (held.status_code, held.json()["error"]) == (503, "unavailable")
        assert len(served.freezes()) == 1
        assert served.ask("POST", "/v1/lockdown", {"reason": "fire"}, key="2").status_code == 200
        assert len(served.freezes()) == 2
