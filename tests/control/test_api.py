"""The API on a real socket: what it does, and one sentence in one shape for everything that it does not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.control.base import HOUR, ME, NOW, TOMORROW, Served, ask, everybody, serving
from wedtui.config_control import ControlSection
from wedtui.control import guard
from wedtui.control.identity import user_name
from wedtui.control.limits import CONNECTIONS_OF_ONE
from wedtui.control.listening import address_of
from wedtui.core.freeze import UNTIL_LIFTED, FreezeFacts, Scope, verdict
from wedtui.core.roles import Mapped, Role

MY_NAME = user_name(ME)
FREEZE = {"end": TOMORROW, "reason": "royal wedding"}
FORGED = {
    "X_Forwarded_User": "root",
    "X_Remote_User": "root",
    "X_Forwarded_For": "127.0.0.1",
    "Forwarded": "for=root;by=root",
    "Authorization": "Basic cm9vdDpyb290",
    "Remote_User": "root",
    "From": "root@localhost",
    "Cookie": "user=root",
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as made:
        yield made


def refused(response: httpx.Response, status: int, word: str) -> str:
    """Make sure that an error has the one shape, and return its sentence."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    said = response.json()
    assert set(said) == {"error", "message"}
    assert said["error"] == word
    message: str = said["message"]
    assert message
    assert message.isprintable()
    assert "Traceback" not in message
    return message


class TestReading:
    def test_who_one_is_comes_from_the_kernel(self, served: Served) -> None:
        known = served.ask("GET", "/v1/whoami", **FORGED).json()
        assert (known["user"], known["uid"], known["role"], known["mode"]) == (MY_NAME, ME, "owner", "shared")
        assert known["because"] == f"roles.users.{ME}"
        assert "resume-automation" in known["may"]

    def test_a_forged_identity_gains_nothing(self, tmp_path: Path) -> None:
        mapped = Mapped(users={str(ME + 1): Role.OWNER, str(ME): Role.ENGINEER}, groups={})
        with serving(tmp_path, mapped) as served:
            response = served.ask("POST", "/v1/freezes", FREEZE, key="1", **FORGED)
            assert f"{MY_NAME} is engineer" in refused(response, 403, "refused")
            forged = {**FREEZE, "by": "root", "user": "root"}
            assert "by: expected no such field" in refused(
                served.ask("POST", "/v1/freezes", forged, key="2"), 422, "invalid"
            )
            assert served.freezes() == ()

    def test_what_the_service_is(self, served: Served) -> None:
        found = served.ask("GET", "/v1/service").json()
        assert (found["vantage"], found["environment"], found["problems"]) == ("here", "production", [])

    def test_the_description_is_served(self, served: Served) -> None:
        paths = served.ask("GET", "/openapi.json").json()["paths"]
        assert set(paths) == {
            "/v1/whoami",
            "/v1/arming/{token}",
            "/v1/service",
            "/v1/freezes",
            "/v1/freezes/{number}/lift",
            "/v1/lockdown",
            "/v1/freeze-overrides",
            "/v1/freeze-overrides/{number}/end",
            "/v1/freeze-plans/{kind}/{subject}",
            "/v1/freeze-confirmations",
            "/v1/protection/raises",
            "/v1/protection/raises/{number}/lower",
            "/v1/plans",
            "/v1/actions",
            "/v1/open-actions",
            "/v1/recent-actions",
            "/v1/actions/{number}",
            "/v1/actions/{number}/confirm",
            "/v1/actions/{number}/cancel",
            "/v1/actions/{number}/settle",
            "/v1/actions/{number}/approve",
            "/v1/actions/{number}/review",
            "/v1/notifications",
            "/v1/notifications/{number}/dismiss",
            "/v1/alert-events/{hours}",
            "/v1/alerts/{episode}/ack",
            "/v1/silences",
            "/v1/silence-previews",
            "/v1/silences/{number}/end",
            "/v1/broadcasts",
            "/v1/automation",
            "/v1/emergency",
            "/v1/standing/{token}",
            "/v1/automation/stop",
            "/v1/automation/resume",
            "/v1/automation/abort",
            "/v1/releases",
            "/v1/releases/{number}",
            "/v1/releases/{number}/log",
            "/v1/releases/{number}/approve",
            "/v1/releases/{number}/hold",
            "/v1/releases/{number}/resume",
            "/v1/releases/{number}/cancel",
            "/v1/releases/{number}/checks",
            "/v1/gate",
            "/v1/tokens",
            "/v1/tokens/{number}/rotate",
            "/v1/tokens/{number}/revoke",
        }

    def test_where_nothing_can_be_asked_for_nothing_is_under_way(self, served: Served) -> None:
        answer = served.ask("GET", "/v1/recent-actions")
        assert (answer.status_code, answer.json()) == (200, [])

    def test_a_personal_service_is_its_own_user_s(self, tmp_path: Path) -> None:
        with serving(tmp_path, Mapped(), personal=True) as served:
            known = served.ask("GET", "/v1/whoami").json()
            assert (known["role"], known["mode"]) == ("owner", "personal")


class TestActing:
    def test_a_freeze_is_added_and_lifted(self, served: Served) -> None:
        added = served.ask("POST", "/v1/freezes", FREEZE, key="1")
        assert added.status_code == 200
        assert (added.json()["id"], added.json()["added_by"], added.json()["environments"]) == (
            1,
            MY_NAME,
            ["production"],
        )
        [entry] = served.freezes()
        assert (entry.start, entry.end, entry.reason, entry.added_by) == (
            NOW,
            NOW + 24 * HOUR,
            "royal wedding",
            MY_NAME,
        )
        lifted = served.ask("POST", "/v1/freezes/1/lift", {"reason": "it rained"}, key="2")
        assert (lifted.status_code, lifted.json()["lifted_by"]) == (200, MY_NAME)
        again = served.ask("POST", "/v1/freezes/1/lift", {"reason": "it rained"}, key="3")
        assert "lifted already" in refused(again, 409, "conflict")
        nothing = served.ask("POST", "/v1/freezes/9/lift", {"reason": "it rained"}, key="4")
        assert "there is no freeze 9" in refused(nothing, 404, "not-found")
        assert len(served.acted) == 4

    def test_a_lockdown_freezes_everything_until_it_is_lifted(self, served: Served) -> None:
        locked = served.ask("POST", "/v1/lockdown", {"reason": "fire"}, key="1").json()
        assert (locked["name"], locked["environments"], locked["services"]) == ("lockdown", [], [])
        [entry] = served.freezes()
        assert entry.end == UNTIL_LIFTED
        assert entry.period is not None
        facts = FreezeFacts(periods=(entry.period,))
        for scope in (Scope("production"), Scope("staging", "rsvp"), Scope("dev")):
            found = verdict(facts, NOW + 1000 * HOUR, scope)
            assert (found.frozen, found.until) == (True, None)
        served.clock.at += HOUR
        served.ask("POST", "/v1/freezes/1/lift", {"reason": "out"}, key="2")
        [entry] = served.freezes()
        assert entry.period is not None
        assert not verdict(FreezeFacts(periods=(entry.period,)), NOW + 2 * HOUR, Scope("staging")).frozen

    def test_a_lockdown_may_have_an_end(self, served: Served) -> None:
        served.ask("POST", "/v1/lockdown", {"reason": "fire", "until": TOMORROW}, key="1")
        assert served.freezes()[0].end == NOW + 24 * HOUR
        late = served.ask("POST", "/v1/lockdown", {"reason": "fire", "until": NOW.isoformat()}, key="2")
        assert f"expected an end after now, got {NOW:%Y-%m-%d %H:%M:%S} UTC" in refused(late, 422, "invalid")

    def test_protection_is_raised_and_lowered(self, served: Served) -> None:
        body = {"level": "HIGH", "reason": "a large one", "until": (NOW + 4 * HOUR).isoformat()}
        raised = served.ask("POST", "/v1/protection/raises", body, key="1")
        assert (raised.status_code, raised.json()["raised_by"], raised.json()["level"]) == (200, MY_NAME, "HIGH")
        lowered = served.ask("POST", "/v1/protection/raises/1/lower", {"reason": "over"}, key="2")
        assert lowered.json()["lowered_by"] == MY_NAME
        long = {**body, "until": (NOW + 48 * HOUR).isoformat()}
        assert "within 1 d" in refused(served.ask("POST", "/v1/protection/raises", long, key="3"), 422, "invalid")

    def test_it_can_be_narrowed(self, served: Served) -> None:
        body = {**FREEZE, "environments": ["staging"], "services": ["rsvp"], "name": "fair"}
        served.ask("POST", "/v1/freezes", body, key="1")
        [entry] = served.freezes()
        assert (entry.name, entry.environments, entry.services) == ("fair", frozenset({"staging"}), frozenset({"rsvp"}))

    def test_escapes_reach_nobody_s_terminal(self, served: Served) -> None:
        served.ask("POST", "/v1/freezes", {**FREEZE, "reason": "\x1b[2Jboo\nhoo\u0000"}, key="1")
        assert served.freezes()[0].reason == "[2Jboo hoo"


class TestRefusing:
    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ({}, "expected end, which has no default (and 1 more)"),
            ({**FREEZE, "reason": " \n"}, "reason: expected text that says something"),
            ({**FREEZE, "reason": "\ud83d"}, "reason: expected"),
            ({**FREEZE, "reason": "x" * 501}, "reason: expected at most 500 characters"),
            ({**FREEZE, "end": 4102444800}, "end: expected an instant with its offset"),
            ({**FREEZE, "end": "2026-06-04T00:00"}, "end: expected an instant with its offset"),
            ({**FREEZE, "end": "9999-12-31T23:59:59-14:00"}, "end: expected an instant between the years"),
            ({**FREEZE, "end": "0001-01-01T00:00:00+14:00"}, "end: expected an instant between the years"),
            ({**FREEZE, "start": "1500-01-01T00:00:00Z"}, "start: expected an instant between the years"),
            (
                {**FREEZE, "end": NOW.isoformat()},
                f"expected an end after the start and after now, got {NOW:%Y-%m-%d %H:%M:%S} UTC",
            ),
            ({**FREEZE, "environments": []}, "environments: expected at least 1 entry"),
            ({**FREEZE, "environments": ["P"]}, "environments.0: expected an environment"),
            ({**FREEZE, "services": ["a" * 64]}, "services.0: expected a name"),
            ({**FREEZE, "added_by": "root"}, "added_by: expected no such field"),
            ([], "expected an object of JSON"),
            ("x", "expected an object of JSON"),
        ],
    )
    def test_a_body_that_cannot_be_used(self, served: Served, body: object, sentence: str) -> None:
        assert sentence in refused(served.ask("POST", "/v1/freezes", body, key="1"), 422, "invalid")
        assert served.freezes() == ()

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 60_000, b"NaN", b'{"end": 1e999}'])
    def test_a_body_that_is_not_json(self, served: Served, content: bytes) -> None:
        response = ask(served.path, "POST", "/v1/freezes", key="1", content=content)
        assert response.status_code in {400, 422}
        refused(response, response.status_code, "invalid")

    @pytest.mark.parametrize("key", [None, "", "x" * 129, "two words"])
    def test_a_key_is_needed(self, served: Served, key: str | None) -> None:
        response = ask(served.path, "POST", "/v1/freezes", FREEZE, key=key)
        assert "Idempotency-Key" in refused(response, 422, "invalid")
        assert served.freezes() == ()

    @pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "99999999999999999999", "%00", "²"])
    def test_a_number_that_nothing_can_have(self, served: Served, number: str) -> None:
        response = served.ask("POST", f"/v1/freezes/{number}/lift", {"reason": "x"}, key="1")
        assert "number" in refused(response, 422, "invalid")

    def test_a_path_and_a_method_that_there_is_not(self, served: Served) -> None:
        refused(served.ask("GET", "/"), 404, "not-found")
        refused(served.ask("GET", "/v1/whoami/"), 404, "not-found")
        refused(served.ask("GET", "/docs"), 404, "not-found")
        response = served.ask("DELETE", "/v1/lockdown", key="1")
        refused(response, 405, "method")
        assert response.headers["allow"] == "POST"

    @pytest.mark.parametrize("host", ["[", "x/v1/other?", "@:::", ""])
    def test_a_host_means_nothing(self, served: Served, host: str) -> None:
        first = served.ask("POST", "/v1/lockdown", {"reason": "fire"}, key="k", Host="x")
        again = served.ask("POST", "/v1/lockdown", {"reason": "fire"}, key="k", Host=host)
        assert (again.status_code, again.content) == (200, first.content)

    def test_a_query_is_no_field(self, served: Served) -> None:
        assert "no query" in refused(served.ask("GET", "/v1/whoami?as=root"), 422, "invalid")

    @pytest.mark.parametrize("announced", [True, False])
    def test_a_body_that_is_too_large(self, served: Served, *, announced: bool) -> None:
        size = guard.BODY_AT_MOST + 1
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(served.path)), base_url="http://x") as client:
            content = b" " * size if announced else iter([b" " * 1000] * 66)
            response = client.post("/v1/freezes", content=content, headers={"Idempotency-Key": "1"})
        assert "larger than 64 KiB" in refused(response, 413, "too-large")

    def test_a_body_that_never_comes(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(guard, "BODY_WITHIN_S", 0.05)
        answer = spoken(served.path, b"POST /v1/lockdown HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"error":"slow"' in answer

    @pytest.mark.parametrize(
        "said", [b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000, b"\x16\x03\x01\r\n\r\n"]
    )
    def test_what_is_no_http_is_told_so_in_the_same_shape(self, served: Served, said: bytes) -> None:
        answer = spoken(served.path, said)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b'{"error":"invalid","message":"this is no HTTP' in answer

    def test_a_mistake_of_ours_is_no_500_and_quotes_nothing(self, tmp_path: Path) -> None:
        def breaks(*_anything: object) -> None:
            raise RuntimeError("hunter2")

        with serving(tmp_path, record=breaks) as served:
            response = served.ask("POST", "/v1/freezes", FREEZE, key="1")
            assert "look at its log" in refused(response, 503, "unavailable")
            assert "hunter2" not in response.text
            assert served.freezes() == (), "what is not on record is not done"
            assert served.ask("GET", "/v1/whoami").status_code == 200

    def test_a_ledger_that_cannot_be_used(self, tmp_path: Path) -> None:
        (tmp_path / "ledger.db").write_bytes(b"not a database, but long enough to be looked at " * 100)
        with serving(tmp_path) as served:
            response = served.ask("POST", "/v1/freezes", FREEZE, key="1")
            assert "keep the file" in refused(response, 503, "unavailable")
            assert response.headers["retry-after"] == "5"
            (tmp_path / "ledger.db").unlink()
            assert served.ask("POST", "/v1/freezes", FREEZE, key="1").status_code == 200, "it is opened anew"

    def test_a_ledger_that_was_put_back_is_opened_anew(self, served: Served) -> None:
        assert served.ask("POST", "/v1/freezes", FREEZE, key="1").status_code == 200
        for part in served.ledger.parent.glob("ledger.db*"):
            part.unlink()
        refused(served.ask("POST", "/v1/freezes", FREEZE, key="2"), 503, "unavailable")
        assert served.ask("POST", "/v1/freezes", FREEZE, key="2").status_code == 200
        assert len(served.freezes()) == 1


class TestStanding:
    def test_all_that_a_dashboard_asks_is_one_answer(self, served: Served) -> None:
        here, there = "a" * 32, "b" * 32
        served.ask("PUT", f"/v1/arming/{there}", {"kind": "lockdown", "target": "everything"})
        said = served.ask("GET", f"/v1/standing/{here}").json()
        assert said["who"] == served.ask("GET", "/v1/whoami").json()
        assert (said["actions"], said["unlisted"]) == ([], None)
        assert said["emergency"] == served.ask("GET", "/v1/emergency").json()
        assert [each["kind"] for each in said["arming"]] == ["lockdown"]
        assert served.ask("GET", f"/v1/standing/{there}").json()["arming"] == []


class TestLimits:
    def test_one_user_may_ask_only_so_often(self, tmp_path: Path) -> None:
        section = ControlSection(requests_per_minute=5, actions_per_minute=2)
        with serving(tmp_path, section=section) as served:
            codes = [served.ask("POST", "/v1/freezes", FREEZE, key=str(n)).status_code for n in range(3)]
            assert codes == [200, 200, 429]
            limited = served.ask("POST", "/v1/freezes", FREEZE, key="9")
            said = refused(limited, 429, "too-many")
            assert "control.actions_per_minute allows: it was not done" in said
            assert said.endswith("the service itself goes on, and hears this user again in 30 s")
            assert limited.headers["retry-after"] == "30"
            assert [served.ask("GET", "/v1/whoami").status_code for _ in range(6)] == [200] * 5 + [429]
            looked = refused(served.ask("GET", "/v1/whoami"), 429, "too-many")
            assert "control.requests_per_minute allows: it was not answered" in looked
            assert len(served.freezes()) == 2
            served.clock.seconds += 30
            assert served.ask("POST", "/v1/freezes", FREEZE, key="9").status_code == 200

    def test_what_dashboards_ask_by_themselves_uses_up_no_room_of_what_a_person_does(self, tmp_path: Path) -> None:
        section = ControlSection(requests_per_minute=6, actions_per_minute=1)
        token = "a" * 32
        asked: list[tuple[str, str, object]] = [
            ("GET", f"/v1/standing/{token}", None),
            ("GET", "/v1/actions/1", None),
            ("PUT", f"/v1/arming/{token}", {"kind": "failover", "target": "aws"}),
            ("DELETE", f"/v1/arming/{token}", None),
        ]
        with serving(tmp_path, section=section) as served:
            codes = [served.ask(method, path, body).status_code for method, path, body in asked * 2]
            assert codes == [200, 404, 200, 200, 200, 404, 429, 429]
            assert served.ask("POST", "/v1/freezes", FREEZE, key="1").status_code == 200

    def test_one_user_may_hold_only_so_many_connections(self, served: Served) -> None:
        held = [connected(served.path) for _ in range(CONNECTIONS_OF_ONE)]
        try:
            # Each is known to be inside once it has been answered.
            for connection in held:
                connection.sendall(b"GET /v1/service HTTP/1.1\r\nHost: x\r\n\r\n")
                assert connection.recv(4096).startswith(b"HTTP/1.1 200")
            refused(served.ask("GET", "/v1/whoami"), 429, "too-many")
        finally:
            for connection in held:
                connection.close()
        for _ in range(500):
            if served.ask("GET", "/v1/whoami").status_code == 200:
                return
        raise AssertionError("those who left are still counted")


def connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(120)
    with address_of(path) as address:
        connection.connect(address)
    return connection


def spoken(path: Path, said: bytes) -> bytes:
    """Say something, and return all that is answered until the other end has had enough."""
    answer = b""
    with connected(path) as connection:
        connection.sendall(said)
        while True:
            try:
                part = connection.recv(65536)
            except ConnectionResetError:
                return answer
            if not part:
                return answer
            answer += part


def test_a_viewer_may_look_and_do_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, Mapped()) as served:
        assert served.ask("GET", "/v1/whoami").json()["may"] == ["read"]
        said = refused(served.ask("POST", "/v1/lockdown", {"reason": "x"}, key="1"), 403, "refused")
        assert said == (
            f"{MY_NAME} is viewer (no role is configured for this user or any of the groups) and may not lock down: "
            "ask one who is engineer or more"
        )


def test_what_is_asked_for_is_on_record_with_its_decision(tmp_path: Path) -> None:
    heard: list[tuple[str, bool, int]] = []
    with serving(
        tmp_path,
        everybody(Role.ENGINEER),
        record=lambda _ledger, it: heard.append((it.asked.what, it.decision.allowed, it.status)),
    ) as served:
        served.ask("POST", "/v1/freezes", FREEZE, key="1")
        served.ask("POST", "/v1/lockdown", {"reason": "fire"}, key="2")
        served.ask("POST", "/v1/lockdown", {"reason": "fire"}, key="2")
    assert heard == [("POST /v1/freezes", False, 403), ("POST /v1/lockdown", True, 200)]
