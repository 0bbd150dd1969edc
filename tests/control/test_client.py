"""The client says nothing to anybody but the service's user, and the same request twice rather than two requests."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.control.base import HOUR, ME, NOW, serving
from tests.needs import need
from tests.store.processes import OTHER_USER
from wedtui.config_control import ControlSection
from wedtui.control import client as module
from wedtui.control.client import ControlClient
from wedtui.control.identity import Peer, user_name
from wedtui.core.roles import Mapped, Role
from wedtui.errors import (
    ConfigurationError,
    ConflictError,
    NotFoundError,
    NotPermittedError,
    NotServedError,
    ServiceError,
    ThrottledError,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


def client_of(path: Path, uid: int = ME) -> ControlClient:
    return ControlClient(path, service_uid=uid)


@contextmanager
def pretending(path: Path, *answers: Callable[[bytes], bytes]) -> Iterator[list[bytes]]:
    """Listen as anybody could; each connection is heard, answered and closed. Yields what was heard."""
    heard: list[bytes] = []
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def serve() -> None:
        for answer in answers:
            try:
                connection, _ = listening.accept()
            except OSError:
                return  # nobody came
            with connection, suppress(BrokenPipeError):
                said = connection.recv(65536)
                heard.append(said)
                connection.sendall(answer(said))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
        listening.close()


def ok(body: bytes) -> Callable[[bytes], bytes]:
    return lambda _said: OK % (len(body), body)


def nothing(_said: bytes) -> bytes:
    return b""


def test_it_does_what_it_says(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        client = client_of(served.path)
        assert (client.whoami().uid, client.service().vantage) == (ME, "here")
        added = client.add_freeze(NOW + 24 * HOUR, reason="royal wedding", environments=["staging"])
        assert (added.id, added.end, added.environments) == (1, NOW + 24 * HOUR, ["staging"])
        assert client.lift_freeze(1, reason="it rained").lifted_by == user_name(ME)
        raised = client.raise_protection("HIGH", reason="a large one", until=NOW + HOUR)
        assert client.lower_protection(raised.id, reason="over").lowered_at == NOW
        assert client.lock_down(reason="fire").environments == []
        assert client.lock_down(reason="fire", until=NOW + HOUR).end == NOW + HOUR
        # Each is a request of its own.
        assert len(served.freezes()) == 3


def test_what_is_refused_is_an_error_of_its_kind_with_its_sentence(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        client = client_of(served.path)
        with pytest.raises(NotFoundError, match="there is no freeze 7"):
            client.lift_freeze(7, reason="x")
        with pytest.raises(ConfigurationError, match="expected an end after"):
            client.add_freeze(NOW, reason="x")
        client.add_freeze(NOW + HOUR, reason="x")
        client.lift_freeze(1, reason="x")
        with pytest.raises(ConflictError, match="lifted already"):
            client.lift_freeze(1, reason="x")
    with serving(tmp_path, Mapped(users={str(ME): Role.ENGINEER})) as served:
        with pytest.raises(NotPermittedError, match="is engineer") as refused:
            client_of(served.path).lift_freeze(1, reason="x")
        assert refused.value.exit_code == 20


def test_where_there_is_no_service(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"there is no service to ask on .*: `wedtui service status`"):
        client_of(tmp_path / "none").whoami()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    with pytest.raises(ServiceError, match=r"does not listen on .* \(.*refused\)"):
        client_of(tmp_path / "dead").whoami()
    (tmp_path / "file").touch()
    with pytest.raises(ServiceError, match="is no socket, and nothing was sent to it"):
        client_of(tmp_path / "file").whoami()


def test_a_socket_of_another_user_hears_nothing(tmp_path: Path) -> None:
    need(os.geteuid() == 0, "needs root, to give a socket to another user")
    path = tmp_path / "s"
    with pretending(path, nothing) as heard:
        os.chown(path, OTHER_USER, -1)
        with pytest.raises(ServiceError, match=f"belongs to nobody, and not to {user_name(ME)}"):
            client_of(path).lock_down(reason="secret plan")
        assert heard == []


def test_a_listener_of_another_user_behind_the_right_name_hears_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s"
    monkeypatch.setattr(module, "peer_of", lambda _connection: Peer(1, OTHER_USER, 0))
    with pretending(path, nothing) as heard, pytest.raises(ServiceError, match="nothing was sent to it"):
        client_of(path).lock_down(reason="secret plan")
    assert b"".join(heard) == b""


def test_a_real_listener_of_another_user_hears_nothing(tmp_path: Path) -> None:
    """The socket was given the right owner afterwards: only the kernel knows who listens."""
    need(os.geteuid() == 0, "needs root, to become another user")
    path = tmp_path / "s"
    code = (
        "import os,socket,sys; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.setgid(65534);"
        "os.setuid(65534);"
        "s.listen(); print('listens', flush=True); c,_=s.accept(); print(repr(c.recv(9999)), flush=True)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as squatting:
        assert squatting.stdout is not None
        assert squatting.stdout.readline() == "listens\n"
        assert path.stat().st_uid == ME
        with pytest.raises(ServiceError, match=r"belongs to nobody, .* nothing was sent to it"):
            client_of(path).lock_down(reason="secret plan")
        assert squatting.stdout.readline() == "b''\n"


def test_a_request_whose_answer_was_lost_is_sent_again_with_its_key(tmp_path: Path) -> None:
    path = tmp_path / "s"
    lifted = (
        b'{"id":1,"name":"n","start":"2026-06-03T09:00:00Z","end":"2026-06-04T09:00:00Z","environments":[],'
        b'"services":[],"reason":"r","added_by":"kay","added_at":"2026-06-03T09:00:00Z","lifted_at":null,'
        b'"lifted_by":"kay","lift_reason":"x"}'
    )
    with pretending(path, nothing, ok(lifted)) as heard:
        assert client_of(path).lift_freeze(1, reason="x").lifted_by == "kay"
    keys = [line for said in heard for line in said.split(b"\r\n") if line.lower().startswith(b"idempotency-key")]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_an_outcome_that_is_not_known_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "s"
    unknown = pytest.raises(ServiceError, match="is not known: look before you ask again")
    with pretending(path, nothing, nothing), unknown:
        client_of(path).lock_down(reason="fire")
    path.unlink()
    # It died of the first, and does not listen any more: that is no better known.
    with pretending(path, nothing) as heard:
        client = client_of(path)
        real = client._client
        calls: list[int] = []

        @contextmanager
        def dying() -> Iterator[object]:
            calls.append(1)
            if len(calls) > 1:
                path.unlink(missing_ok=True)
            with real() as made:
                yield made

        client._client = dying  # type: ignore[method-assign,assignment]
        with pytest.raises(ServiceError, match="is not known"):
            client.lock_down(reason="fire")
        assert len(heard) == 1


def says(status: int, message: str, **headers: object) -> Callable[[bytes], bytes]:
    body = json.dumps({"error": "said", "message": message}).encode()
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} Said\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode()
    return lambda _said: head + body


def test_what_is_to_be_done_waits_for_its_turn_and_is_done_once(tmp_path: Path) -> None:
    section = ControlSection(actions_per_minute=12, requests_per_minute=1)
    with serving(tmp_path, section=section) as served:
        rested: list[float] = []

        def rest(seconds: float) -> None:
            rested.append(seconds)
            served.clock.seconds += seconds

        client = ControlClient(served.path, service_uid=ME, looks_again=True, rest=rest)
        for _ in range(14):
            client.lock_down(reason="fire")
        assert rested == [5, 5]
        assert len(served.freezes()) == 14
        client.freezes()
        # One who looks again by herself does not wait for a look.
        with pytest.raises(ThrottledError, match="the service itself goes on") as looked:
            client.standing("a" * 32)
        assert (looked.value.wait_s, rested) == (60, [5, 5])


def test_a_turn_that_comes_too_late_is_not_waited_for(tmp_path: Path) -> None:
    with serving(tmp_path, section=ControlSection(actions_per_minute=1)) as served:
        client = ControlClient(served.path, service_uid=ME, rest=lambda _seconds: pytest.fail("it waited"))
        client.lock_down(reason="fire")
        with pytest.raises(ThrottledError, match="it was not done"):
            client.lock_down(reason="fire")
        assert len(served.freezes()) == 1


def test_the_patience_is_bounded_however_often_it_is_put_off(tmp_path: Path) -> None:
    rested: list[float] = []
    late = says(429, "too many", Retry_After=4)
    with pretending(tmp_path / "s", late, late, late) as heard:
        client = ControlClient(tmp_path / "s", service_uid=ME, rest=rested.append)
        with pytest.raises(ThrottledError, match="too many"):
            client.lock_down(reason="fire")
    assert rested == [4, 4]
    keys = {line for said in heard for line in said.split(b"\r\n") if line.lower().startswith(b"idempotency-key")}
    assert (len(heard), len(keys)) == (3, 1)


@pytest.mark.parametrize("given", ["", "soon", "-1", "0", "9999999", "\u0661"])
def test_a_second_is_waited_for_where_it_is_not_said_how_long(tmp_path: Path, given: str) -> None:
    rested: list[float] = []
    with pretending(tmp_path / "s", says(429, "x", Retry_After=given.encode("ascii", "replace").decode()), ok(b"[]")):
        assert ControlClient(tmp_path / "s", service_uid=ME, rest=rested.append).actions() == []
    assert rested == [1]


@pytest.mark.parametrize("status", [405, 500, 503])
def test_who_answers_is_not_silent(tmp_path: Path, status: int) -> None:
    with pretending(tmp_path / "s", says(status, "the ledger is locked")), pytest.raises(NotServedError) as said:
        client_of(tmp_path / "s").lock_down(reason="fire")
    assert not isinstance(said.value, ServiceError | ThrottledError)
    assert (str(said.value), said.value.exit_code) == ("the ledger is locked", 14)


def test_that_it_is_not_heard_again_says_nothing_of_what_the_lost_answer_was_to(tmp_path: Path) -> None:
    unknown = pytest.raises(ServiceError, match="is not known: look before you ask again")
    client = ControlClient(tmp_path / "s", service_uid=ME, rest=lambda _seconds: pytest.fail("it waited"))
    with pretending(tmp_path / "s", nothing, says(429, "it was not done")), unknown:
        client.lock_down(reason="fire")


def test_a_service_of_before_is_asked_one_thing_after_another(tmp_path: Path) -> None:
    who = b'{"user":"ada","uid":1,"groups":[],"role":"viewer","because":"x","mode":"shared","may":[]}'
    each = (ok(who), says(503, "no ledger"), says(404, "there is nothing"), ok(b"[]"))
    with pretending(tmp_path / "s", says(404, "there is nothing"), *each, *each) as heard:
        client = client_of(tmp_path / "s")
        for _ in range(2):
            said = client.standing("a" * 32)
            assert (said.who.user, said.actions, said.unlisted, said.emergency) == ("ada", [], "no ledger", None)
    assert [said.split()[1] for said in heard].count(b"/v1/standing/" + b"a" * 32) == 1


@pytest.mark.parametrize("body", [b"{}", b"[]", b"nonsense", b'{"user": 1}'])
def test_an_answer_that_it_does_not_know(tmp_path: Path, body: bytes) -> None:
    with pretending(tmp_path / "s", ok(body)), pytest.raises(ServiceError, match="may be of another version"):
        client_of(tmp_path / "s").whoami()


def test_an_error_s_sentence_does_not_reach_the_terminal_as_it_is(tmp_path: Path) -> None:
    body = b'{"error":"conflict","message":"\\u001b[2Jboo\\nhoo"}'
    answer = b"HTTP/1.1 409 Conflict\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with pretending(tmp_path / "s", lambda _said: answer), pytest.raises(ConflictError) as refused:
        client_of(tmp_path / "s").whoami()
    assert str(refused.value) == "[2Jboo hoo"


def test_the_client_brings_nothing_heavy_along() -> None:
    strangers = "fastapi uvicorn starlette sqlalchemy sqlmodel pydantic httpx textual"
    code = f"import sys, wedtui.control.client; print(*sorted(set('{strangers}'.split()) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_where_there_is_no_service_nothing_is_loaded_to_ask_it(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from wedtui.control.client import ControlClient
from wedtui.errors import ServiceError
try:
    ControlClient(Path(sys.argv[1]), service_uid=0).whoami()
except ServiceError as error:
    print("there is no service" in str(error), "httpx" in sys.modules)
"""
    command = [sys.executable, "-c", program, str(tmp_path / "control.sock")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "True False\n"


def test_no_authority_of_tls_is_read_to_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_more: object) -> None:
        raise AssertionError("it takes 20 ms each time")

    monkeypatch.setattr("ssl.create_default_context", refuse)
    path = tmp_path / "control.sock"
    with pretending(path, ok(b"[]")):
        assert client_of(path).actions() == []


def test_alerts_are_silenced_and_everybody_is_told(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        client = client_of(served.path)
        before = client.silence_preview(["down"], {"provider": ("aws", "gcp")}, reason="moved", until=NOW + HOUR)
        assert (before.known, client.silences()) == (True, [])
        made = client.silence(["down"], {"provider": ("aws", "gcp")}, reason="moved", until=NOW + HOUR)
        assert (made.id, made.labels, made.hides.known) == (1, {"provider": ["aws", "gcp"]}, True)
        assert [each.id for each in client.silences()] == [1]
        assert client.end_silence(1, reason="done").end_reason == "done"
        assert client.silences() == []
        assert client.broadcast("fire", severity="critical").severity == "critical"
        with pytest.raises(ConfigurationError, match="expected a rule or a label"):
            client.silence([], {}, reason="moved", until=NOW + HOUR)
