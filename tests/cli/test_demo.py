"""The demo is the real thing on loopback, and leaves nothing behind, however it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cli.base import Machine, machine
from tests.poller.service_process import eventually
from wedtui.cli.demo import _watch
from wedtui.cli.demo_place import DemoPlace, enter, join, running_demos, with_credentials
from wedtui.clock import SystemClock
from wedtui.control.client import ControlClient
from wedtui.demo.configuration import demo_configuration
from wedtui.demo.scenario import PROVIDERS, SCENARIOS
from wedtui.demo.world import Addresses

__all__ = ["machine"]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment whose temporary files can be counted, with a configuration that must not matter."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEDTUI_")}
    return {**kept, "TMPDIR": str(tmp_path), "WEDTUI_PROVIDERS__NOBODY__WEIGHT": "1"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "wedtui", "demo", *arguments]


def printed(environ: dict[str, str], *arguments: str, known: str) -> str:
    """Return what is printed once something is known: how soon all was read for the first time is the machine's."""
    for seconds in ("6", "20", "40"):
        asked = command("--headless", seconds, *arguments)
        done = subprocess.run(asked, env=environ, capture_output=True, text=True, timeout=300, check=True)
        if re.search(known, done.stdout, re.MULTILINE):
            break
    return done.stdout


def test_headless_prints_the_status_of_four_providers_and_leaves_nothing(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    live = r"^weddings    \d{2,3} weddings live, MAXIMUM until (Sun )?\d"
    out = printed(environ, "--scenario", "calm", "--at", "2026-06-20T15:00+01:00", known=live)
    assert re.match(r"DEMO: a made-up world\nwedtui production at 2026-06-20 14:0\d:", out)
    assert "protection  MAXIMUM" in out
    assert re.search(live, out, re.MULTILINE)
    assert "FROZEN until Mon 2026-06-22 11:00 Europe/London (10:00 UTC, 06:00 EDT)" in out
    for name in ("aws", "azure", "gcp", "digitalocean"):
        assert f"● {name}" in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_however_it_ends_its_processes_and_files_go(
    tmp_path: Path, environ: dict[str, str], number: signal.Signals
) -> None:
    demo = subprocess.Popen(command("--headless", "600"), env=environ, stdout=subprocess.DEVNULL)
    children: list[psutil.Process] = []

    def watching() -> bool:
        children[:] = psutil.Process(demo.pid).children(recursive=True)
        return len(children) == 2 and any(tmp_path.glob("wedtui-demo-*/state/cache.db"))

    eventually(watching)
    demo.send_signal(number)
    demo.wait(120)
    eventually(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children))
    eventually(lambda: list(tmp_path.iterdir()) == [])


def test_a_scenario_has_its_own_date_where_nobody_names_one(environ: dict[str, str]) -> None:
    out = printed(environ, "--scenario", "large-wedding", known="weddings: load ")
    assert "wedtui production at 2026-11-25 10:59:" in out
    freeze = next(line for line in out.splitlines() if line.startswith("freeze  "))
    assert freeze.startswith("freeze      open until Wed 2026-11-25 11:00 Europe/London (11:00 UTC), then frozen: ")
    assert "weddings: load " in freeze
    assert "protection  MAXIMUM until" in out


def test_before_anything_was_read_nothing_is_claimed(machine: Machine) -> None:
    somewhere = {provider.name: "http://127.0.0.1:1" for provider in PROVIDERS}
    feed, weddings = "http://127.0.0.1:1/freeze.ics", "http://127.0.0.1:1/weddings"
    dns = ("http://127.0.0.1:1", "127.0.0.1:1")
    addresses = Addresses(somewhere, "http://127.0.0.1:1", feed, weddings, *dns, feed, "http://127.0.0.1:1")
    machine.configure(demo_configuration(addresses, machine.state))
    status = machine.run("status", "--json").json
    assert status["freeze"]["frozen"] is True
    assert (status["weddings"]["live"], status["weddings"]["peak_load"]) == (None, None)
    assert status["weddings"]["calendar"] == "stale"
    assert machine.run("protection").out.startswith("live weddings unknown, ")
    assert "weddings live" not in machine.run("status").out


def test_an_unknown_scenario_names_the_known_ones(environ: dict[str, str]) -> None:
    done = subprocess.run(
        command("--scenario", "flood"), env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 17
    assert "sick-azure" in done.stderr


def test_how_it_looks_is_the_users_own_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = {f"WEDTUI_DASHBOARD__{key}": "x" for key in ("THEME", "MOUSE", "COLOURS", "CHARSET")}
    theirs = {"WEDTUI_DASHBOARD__KEYS__X": "y", "WEDTUI_PROVIDERS__NOBODY__WEIGHT": "1", "WEDTUI_CONFIG": "/theirs"}
    monkeypatch.setattr(os, "environ", {**looks, **theirs, "TERM": "xterm"})
    enter(DemoPlace(tmp_path), os.environ)
    demo = {"WEDTUI_CONFIG": str(tmp_path / "config.toml"), "WEDTUI_STATE_DIR": str(tmp_path / "state")}
    assert os.environ == {**looks, **demo, "TERM": "xterm"}


def test_no_credentials_of_a_user_reach_the_world(tmp_path: Path) -> None:
    """Nor her proxy, which would carry what is meant for loopback."""
    theirs = {"AWS_ACCESS_KEY_ID": "AKIATHEIRS", "AWS_SESSION_TOKEN": "t", "AWS_PROFILE": "p", "BOTO_CONFIG": "/b"}
    proxies = {"HTTPS_PROXY": "http://proxy:1", "http_proxy": "http://proxy:1"}
    found = with_credentials(DemoPlace(tmp_path), {**theirs, **proxies, "TERM": "xterm", "HOME": "/theirs"})
    credentials = str(tmp_path / "aws-credentials")
    assert found == {
        "TERM": "xterm",
        "HOME": "/theirs",
        "AWS_SHARED_CREDENTIALS_FILE": credentials,
        "AWS_CONFIG_FILE": credentials,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


Wedtui = Callable[..., subprocess.CompletedProcess[str]]


@contextmanager
def opened(tmp_path: Path, environ: dict[str, str], scenario: str) -> Iterator[Wedtui]:
    """Run a demo; yield what runs a command on it, as a person does in another terminal."""
    demo = subprocess.Popen(
        command("--headless", "600", "--scenario", scenario), env=environ, stdout=subprocess.DEVNULL
    )
    try:
        eventually(lambda: any(tmp_path.glob("wedtui-demo-*/demo.json")))

        def wedtui(*arguments: str) -> subprocess.CompletedProcess[str]:
            asked = [sys.executable, "-m", "wedtui", *arguments, "--demo"]
            return subprocess.run(asked, env=environ, capture_output=True, text=True, timeout=120, check=False)

        yield wedtui
    finally:
        demo.terminate()
        demo.wait(120)


@pytest.mark.parametrize(("scenario", "began"), [("calm", None), ("june-saturday", SCENARIOS["june-saturday"].began)])
def test_a_failover_can_be_practised_from_plan_to_verified(
    tmp_path: Path, environ: dict[str, str], scenario: str, began: datetime | None
) -> None:
    """In a world of another date what is asked for is of that date too: else no plan would ever expire there.

    A world that has no date of its own goes by ours, to the second.
    """
    before = datetime.now(UTC)
    with opened(tmp_path, environ, scenario) as wedtui:
        eventually(lambda: wedtui("failover", "plan", "--from", "azure").returncode == 0)
        moved = wedtui("failover", "run", "--from", "azure", "--reason", "practice", "--confirm", "azure")
        assert moved.returncode == 0, moved.stdout + moved.stderr
        assert "VERIFIED" in moved.stdout
        (action,) = json.loads(wedtui("actions", "list", "--json").stdout)
        requested = datetime.fromisoformat(action["requested_at"])
        assert timedelta() < requested - (began or before) <= datetime.now(UTC) - before
        frozen = wedtui("lockdown", "--reason", "practice")
        assert frozen.returncode == 0, frozen.stdout + frozen.stderr
        _confirm_a_freeze(tmp_path)
        _assert_all_on_record_is_a_drill(wedtui)


def _confirm_a_freeze(tmp_path: Path) -> None:
    """As the panel does: of exactly the plan that was seen."""
    (socket,) = tmp_path.glob("wedtui-demo-*/state/control.sock")
    client = ControlClient(socket, service_uid=os.getuid())
    seen = client.plan_freeze("freeze-add", "4h")
    said = {"digest": seen.digest, "at": seen.plan["at"], "typed": seen.plan["target"]}
    client.confirm_freeze("freeze-add", "4h", reason="practice", **said)


def _assert_all_on_record_is_a_drill(wedtui: Wedtui) -> None:
    exported = wedtui("audit", "export")
    links = [json.loads(line) for line in exported.stdout.splitlines()]
    bodies = [link["link"]["body"] for link in links if "link" in link]
    panels = [body["panel"] for body in bodies if body.get("panel")]
    assert len(panels) == 2, "of the failover and of the freeze"
    assert all("DRILL" in panel[0] for panel in panels)
    for said in (
        exported.stdout,
        wedtui("actions", "show", "1").stdout,
        wedtui("audit", "export", "--format", "md").stdout,
    ):
        assert ("DRILL" in said, re.findall(r"\bREAL\b", said)) == (True, [])
    asked = [body for body in bodies if "role" in body or "move" in body or "reason" in body]
    assert len(asked) > 5
    assert all(body["drill"] is True for body in asked)


def test_what_people_have_to_be_told_reaches_the_worlds_pager(tmp_path: Path, environ: dict[str, str]) -> None:
    """It stays no finding: in a demo nobody could mend that there is no channel."""
    with opened(tmp_path, environ, "dead-aws") as wedtui:

        def told() -> list[dict[str, Any]]:
            listed = wedtui("notify", "list", "--json")
            return [each for each in json.loads(listed.stdout or "[]") if each["stage"] == "sent"]

        eventually(lambda: bool(told()))
        (folder,) = tmp_path.glob("wedtui-demo-*")
        url = tomllib.loads((folder / "config.toml").read_text())["notify"]["pager"]["url"]
        with urllib.request.urlopen(url) as answer:
            pages = json.load(answer)
        assert {page["key"] for page in pages} >= {each["key"] for each in told()[:1]}
        assert all(page["sentence"].startswith("DRILL in a made-up world: ") for page in pages)
        assert ": DRILL in a made-up world: " in wedtui("notify", "list").stdout
        findings = [each["text"] for each in json.loads(wedtui("status", "--json").stdout)["findings"]]
        assert not [text for text in findings if "notification" in text]


def test_the_account_is_in_the_table_and_any_command_reaches_it(tmp_path: Path, environ: dict[str, str]) -> None:
    """With the credentials of the demo alone: those of the user are refused there, and would be seen."""
    environ |= {"AWS_ACCESS_KEY_ID": "AKIATHEIRS", "AWS_SECRET_ACCESS_KEY": "s", "AWS_PROFILE": "theirs"}
    with opened(tmp_path, environ, "june-saturday") as wedtui:

        def askings() -> list[dict[str, Any]]:
            listed = wedtui("providers", "services", "aws", "--json")
            found: list[dict[str, Any]] = json.loads(listed.stdout) if listed.stdout.startswith("[") else []
            return found

        eventually(lambda: len(askings()) == 23)
        assert {each["reach"] for each in askings()} == {"answered"}
        listed = json.loads(wedtui("resources", "list", "--kind", "ec2.instance", "--json").stdout)
        assert "web-1" in {each["name"] for each in listed["resources"]}
        shown = wedtui("resources", "show", next(e["id"] for e in listed["resources"] if e["name"] == "media-1"))
        assert "rests on" in shown.stdout, shown.stdout
        regions = json.loads(wedtui("providers", "regions", "aws", "--json").stdout)
        assert {each["region"] for each in regions} == {"eu-west-1", "us-east-1", "global"}
        assert wedtui("service", "status").returncode == 0
        stopped = wedtui("service", "stop")
        assert (stopped.returncode, "a demo keeps its service itself" in stopped.stderr) == (2, True)
        synced = wedtui("providers", "sync", "aws", "--cost")
        assert synced.returncode == 0, synced.stdout + synced.stderr
        assert "account 111122223333, user wedtui-demo" in synced.stdout
        # What looks like the answer of a platform says that it is none, and where no JSON is spoilt.
        assert "DEMO: a made-up world\n" in synced.stderr
        assert "made-up" not in synced.stdout
        asked = wedtui("metrics", "query", "--provider", "aws", "--signal", "cpu", "--from", "-1h")
        assert asked.returncode == 0
        assert "could not be asked" not in asked.stdout
        assert "2026-06-20T14:" in asked.stdout


def test_a_command_without_a_demo_says_so(environ: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wedtui", "--demo", "status"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (17, "")
    assert "no demo runs: open one with `wedtui demo` in another terminal" in done.stderr


def test_of_several_demos_one_has_to_be_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(machine.folder))
    for name in ("a", "b"):
        place = DemoPlace(machine.folder / f"wedtui-demo-{name}")
        place.folder.mkdir(mode=0o700)
        place.announce(timedelta(hours=1), "calm")
    (machine.folder / "wedtui-demo-c").mkdir(mode=0o770)
    (machine.folder / "wedtui-demo-c" / "demo.json").write_bytes(
        (machine.folder / "wedtui-demo-b" / "demo.json").read_bytes()
    )
    assert [each.place.folder.name for each in running_demos()] == ["wedtui-demo-a", "wedtui-demo-b"]
    answer = machine.run("--demo", "status")
    assert answer.code == 17
    assert "2 demos run: say which one with --config FILE: " in answer.err
    elsewhere = machine.run("--demo", "--config", str(machine.folder / "config.toml"), "status")
    assert elsewhere.code == 17
    assert machine.run("--demo", "demo").code == 2


def test_a_demo_is_named_by_whatever_path_leads_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr("wedtui.store.clock.keep_files_by", lambda _offset: None)
    place = DemoPlace(tmp_path / "wedtui-demo-a")
    place.folder.mkdir(mode=0o700)
    place.announce(timedelta(), "calm")
    (tmp_path / "link").symlink_to(place.folder)
    assert join(tmp_path / "link" / "config.toml").place == place


def test_pictures_go_where_they_go_without_a_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEDTUI_STATE_DIR", str(tmp_path))
    watch = _watch(None, wall=False, plain=False)
    # The demo's own environment comes afterwards.
    monkeypatch.setenv("WEDTUI_STATE_DIR", str(tmp_path / "state"))
    opened: list[Path | None] = []

    def run(_config: Path, *, pictures: Path | None, **_: object) -> int:
        opened.append(pictures)
        return 0

    monkeypatch.setattr("wedtui.cli.dashboard.run", run)
    assert watch(tmp_path / "config.toml", SystemClock()) == 0
    assert opened == [tmp_path]
