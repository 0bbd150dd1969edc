"""Places outside of the ledger: what is kept, what is refused, and what is told again until it is kept."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.needs import need
from tests.providers.faults import Exchange, FaultServer, answer, close, drip, in_turn, refusing_port, reset, then_hang
from wedtui.config_audit import AnchorSection, AuditSection
from wedtui.core.chain import Anchor, Entry, parse_anchors, verify
from wedtui.errors import AuditError
from wedtui.ledger.audit import AuditLedger
from wedtui.ledger.audit_reader import AuditReader
from wedtui.ledger.signing import PublicKeys, make_key
from wedtui.providers.anchors import anchoring
from wedtui.providers.anchors.anchoring import Anchoring
from wedtui.providers.anchors.places import FilePlace, SyslogPlace, file_problem, place_of

NOW = datetime(2026, 6, 3, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ANCHOR = Anchor(7, "ab" * 32, NOW, "0123456789abcdef", "A" * 86 + "==")
NOBODY = 65534


def kept_by_another(path: Path) -> Path:
    """Make a file of another user's, for anybody to append to."""
    need(os.geteuid() == 0, "needs root, to give a file away")
    path.touch()
    os.chown(path, NOBODY, -1)
    return path


def test_a_file_of_another_user_gets_a_line_each(tmp_path: Path) -> None:
    path = kept_by_another(tmp_path / "anchors")
    path.write_text("before\n")
    place = FilePlace("file", path)
    place.take(ANCHOR)
    place.take(ANCHOR)
    assert path.read_text() == f"before\n{ANCHOR.line}\n{ANCHOR.line}\n"


def test_a_file_that_proves_nothing_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.touch()
    with pytest.raises(AuditError, match="belongs to the user that writes the ledger, who could change both"):
        FilePlace("file", own).take(ANCHOR)
    assert own.read_text() == ""
    with pytest.raises(AuditError, match=r"the anchor file: .*/none cannot be opened .*No such file"):
        FilePlace("file", tmp_path / "none").take(ANCHOR)
    assert not (tmp_path / "none").exists()
    link = tmp_path / "link"
    link.symlink_to(own)
    with pytest.raises(AuditError, match="cannot be opened"):
        FilePlace("file", link).take(ANCHOR)
    with pytest.raises(AuditError, match="cannot be opened"):
        FilePlace("file", tmp_path).take(ANCHOR)
    device = Path("/dev/null")
    with pytest.raises(AuditError, match="is no file"):
        FilePlace("file", device).take(ANCHOR)


def test_a_pipe_that_nobody_reads_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(AuditError, match="cannot be opened"):
        FilePlace("file", tmp_path / "pipe").take(ANCHOR)


def test_who_may_write_and_not_read_appends() -> None:
    need(os.geteuid() == 0, "needs root, to become another user")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # pytest's own is closed to everybody else
        path = Path(folder) / "anchors"
        path.touch()
        path.chmod(0o622)
        body = (
            "import os, sys; from datetime import datetime; from pathlib import Path\n"
            "from wedtui.core.chain import Anchor; from wedtui.providers.anchors.places import FilePlace\n"
            "at = datetime.fromisoformat('2026-06-03T09:00:00+00:00')\n"
            f"anchor = Anchor(7, {ANCHOR.hash!r}, at, {ANCHOR.key!r}, {ANCHOR.signature!r})\n"
            f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
            "FilePlace('file', Path(sys.argv[1])).take(anchor)\n"
        )
        done = subprocess.run([sys.executable, "-c", body, str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert path.read_text() == f"{ANCHOR.line}\n"


def test_what_a_files_owner_says() -> None:
    found = Path(__file__).stat()
    assert file_problem(found, found.st_uid) is not None
    assert file_problem(found, found.st_uid + 1) is None


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as log:
        log.bind(str(path))
        log.settimeout(120)
        yield log


def test_the_systems_log_gets_it_by_its_socket(tmp_path: Path) -> None:
    with listening(tmp_path / "log") as log:
        SyslogPlace("log", str(tmp_path / "log")).take(ANCHOR)
        # authpriv (10) and notice (5), as RFC 3164 puts them together.
        assert log.recv(4096) == f"<85>wedtui-audit: {ANCHOR.line}\0".encode()
    with pytest.raises(AuditError, match=r"the anchor log: .*/log cannot be reached"):
        SyslogPlace("log", str(tmp_path / "log")).take(ANCHOR)


def test_the_systems_log_gets_it_by_the_loopback() -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as log:
        log.bind(("127.0.0.1", 0))
        log.settimeout(120)
        SyslogPlace("log", f"127.0.0.1:{log.getsockname()[1]}").take(ANCHOR)
        assert list(parse_anchors([log.recv(4096).decode()])) == [ANCHOR]


def webhook(server: FaultServer, **more: Any) -> AnchorSection:
    url = server.url("/hook/secret-path")
    return AnchorSection.model_validate({"name": "hook", "kind": "webhook", "url": url, "timeout": "2s", **more})


def test_a_webhook_gets_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANCHOR_TOKEN", "Bearer hunter2")
    with FaultServer({"/hook/secret-path": answer(status="204 No Content", body=b"")}) as server:
        place_of(webhook(server, headers={"Authorization": {"env": "ANCHOR_TOKEN"}})).take(ANCHOR)
        (request,) = server.requests
    assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
    assert request.headers["authorization"] == "Bearer hunter2"
    assert json.loads(request.body) == {
        "line": ANCHOR.line,
        "number": 7,
        "hash": "ab" * 32,
        "at": "2026-06-03T09:00:00.000000Z",
        "key": ANCHOR.key,
        "signature": ANCHOR.signature,
    }


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (answer(status="500 Internal Server Error"), "answered 500"),
        (answer(status="302 Found", headers={"Location": "/elsewhere"}), "answered 302"),
        (answer(status="401 Unauthorized"), "answered 401"),
        (close, "did not take it"),
        (reset, "did not take it"),
        (then_hang(), "did not answer in time|did not take it"),
        (then_hang(b"HTTP/1.1 200 OK\r\n"), "did not answer in time|did not take it"),
    ],
)
def test_a_webhook_that_did_not_take_it_is_said(fault: Any, says: str) -> None:
    with FaultServer({"/hook/secret-path": fault}) as server:
        refused = pytest.raises(AuditError, match=rf"the anchor hook: http://127.0.0.1:\d+/\*\*\* ({says})")
        with refused as caught:
            # What hangs is given up when it was asked surely; what answers may take its time.
            place_of(webhook(server, timeout="1s" if "in time" in says else "20s")).take(ANCHOR)
        assert "secret-path" not in str(caught.value)
        assert len(server.requests) == 1


def test_what_a_webhook_says_beside_its_status_is_not_waited_for() -> None:
    with FaultServer({"/hook/secret-path": drip}) as server:
        place_of(webhook(server)).take(ANCHOR)


def drip_headers(exchange: Exchange) -> None:
    """Answer with a header that never ends, a byte at a time."""
    exchange.connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not exchange.closing.wait(0.01):
        exchange.connection.sendall(b".")


def test_a_webhook_that_never_comes_to_an_end_is_given_up() -> None:
    """Each byte comes in time, and the answer does not."""
    late = pytest.raises(AuditError, match="did not answer in time")
    with FaultServer({"/hook/secret-path": drip_headers}) as server, late:
        place_of(webhook(server, timeout="300ms")).take(ANCHOR)


def test_a_webhook_where_nobody_listens() -> None:
    with refusing_port() as port:
        section = AnchorSection.model_validate({"name": "h", "kind": "webhook", "url": f"http://127.0.0.1:{port}/"})
        with pytest.raises(AuditError, match="did not take it"):
            place_of(section).take(ANCHOR)


class World:
    """A ledger, a key, and a webhook."""

    def __init__(self, folder: Path, faults: Mapping[str, Any]) -> None:
        self.url = f"sqlite:///{folder}/l.db"
        self.signer = make_key(folder / "key")
        self.server = FaultServer({f"/{name}": fault for name, fault in faults.items()})
        places = [{"name": name, "kind": "webhook", "url": self.server.url(f"/{name}")} for name in faults]
        self.section = AuditSection.model_validate({"key_file": str(folder / "key"), "anchors": places})
        self.anchoring = self.another()

    def another(self) -> Anchoring:
        return Anchoring(self.section, self.url, person="service")

    def decide(self, times: int = 1) -> None:
        with closing(AuditLedger(self.url)) as ledger:
            for _ in range(times):
                ledger.record(Entry(NOW, "freeze.add", "ada", {}))

    def taken(self, name: str) -> list[int]:
        """Return the numbers of the links that a place was told, in order."""
        return [json.loads(each.body)["number"] for each in self.server.requests if each.target == f"/{name}"]


FAILS = answer(status="503 Service Unavailable")


def test_what_happens_is_signed_and_told_at_once(tmp_path: Path) -> None:
    world = World(tmp_path, {"one": answer(), "two": answer()})
    with world.server:
        assert world.anchoring.anchor(NOW) is False
        assert world.server.requests == []
        world.decide()
        for minutes in (0, 1, 59):
            world.anchoring.anchor(NOW + minutes * MINUTE)
        assert world.taken("one") == world.taken("two") == [2]  # the first decision, and the key's own link
        world.decide(3)
        world.anchoring.anchor(NOW + 60 * MINUTE)
        world.anchoring.anchor(NOW + 119 * MINUTE)
        assert world.taken("one") == [2, 5]
        world.anchoring.anchor(NOW + 120 * MINUTE)
        assert world.taken("one") == [2, 5, 5]
        lines = [json.loads(each.body)["line"] for each in world.server.requests]
    keys, told = PublicKeys([world.signer.public_key]), list(parse_anchors(lines))
    assert [keys.problem(each) for each in told] == [None] * 6
    with closing(AuditReader(world.url)) as reader:
        assert verify(reader.written(), told).anchored == 5


def test_a_place_that_was_away_gets_everything_later_and_in_order(tmp_path: Path) -> None:
    world = World(tmp_path, {"one": in_turn(FAILS, FAILS, answer()), "two": answer()})
    with world.server:
        for count in range(4):
            world.decide()
            if count < 2:
                with pytest.raises(AuditError, match=r"the anchor one: .* answered 503"):
                    world.anchoring.anchor(NOW)
            else:
                world.anchoring.anchor(NOW)
        # Twice the first of them was refused; nothing behind it was told before it.
        assert world.taken("one") == [2, 2, 2, 3, 4, 5]
        assert world.taken("two") == [2, 3, 4, 5]


def test_what_is_owed_outlives_the_process(tmp_path: Path) -> None:
    world = World(tmp_path, {"one": in_turn(answer(), FAILS, answer())})
    with world.server:
        world.decide()
        world.anchoring.anchor(NOW)
        world.decide()
        with pytest.raises(AuditError):
            world.anchoring.anchor(NOW)
        world.another().anchor(NOW)
        assert world.taken("one") == [2, 3, 3]


def test_a_long_backlog_is_told_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchoring, "AT_ONCE", 2)
    world = World(tmp_path, {"one": in_turn(FAILS, FAILS, FAILS, answer())})
    with world.server:
        for _ in range(3):
            world.decide()
            with pytest.raises(AuditError):
                world.anchoring.anchor(NOW)
        assert world.anchoring.anchor(NOW) is True
        assert world.anchoring.anchor(NOW) is False
        assert world.taken("one")[3:] == [2, 3, 4]


def test_who_ends_tells_nothing_more(tmp_path: Path) -> None:
    world = World(tmp_path, {"one": answer()})
    with world.server:
        world.decide()
        world.anchoring.stop()
        world.anchoring.anchor(NOW)
        assert world.server.requests == []
        world.another().anchor(NOW)
        assert world.taken("one") == [2]


def test_without_a_key_nothing_is_signed_and_what_is_owed_is_told(tmp_path: Path) -> None:
    world = World(tmp_path, {"one": in_turn(FAILS, answer())})
    with world.server:
        world.decide()
        with pytest.raises(AuditError):
            world.anchoring.anchor(NOW)
        (tmp_path / "key").rename(tmp_path / "away")
        world.decide()
        with pytest.raises(AuditError, match="there is no key at"):
            world.anchoring.anchor(NOW)
        assert world.taken("one") == [2, 2]
    assert Anchoring(AuditSection(), world.url, person="service").anchor(NOW) is False


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"anchors": [{"name": "a", "kind": "syslog"}]}, "expected key_file beside anchors"),
        ({"key_file": "/k", "anchors": [{"name": "a", "kind": "file"}]}, 'expected path beside kind = "file"'),
        ({"key_file": "/k", "anchors": [{"name": "a", "kind": "webhook"}]}, 'expected url beside kind = "webhook"'),
        ({"key_file": "/k", "anchors": [{"name": "a", "kind": "syslog", "path": "/p"}]}, "expected no path beside"),
        ({"key_file": "/k", "anchors": [{"name": "a", "kind": "syslog", "address": "10.0.0.1:514"}]}, "loopback"),
        ({"key_file": "/k", "anchors": [{"name": "a", "kind": "file", "path": "p"}]}, "absolute path"),
        ({"key_file": "k"}, "absolute path"),
        ({"key_file": "/k", "every": "1s"}, "at least 10s"),
    ],
)
def test_what_cannot_be_configured_is_said(section: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        AuditSection.model_validate(section)
