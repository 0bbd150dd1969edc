"""The client says nothing to anybody but the service's user, and the same request twice rather than two requests."""

from __future__ import annotations

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
from wedtui.control import client as module
from wedtui.control.client import ControlClient
from wedtui.control.identity import Peer, user_name
from wedtui.core.roles import Mapped, Role
from wedtui.errors import (
    ConfigurationError,
    ConflictError,
    NotFoundError,
    NotPermittedError,
    ServiceError,
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
