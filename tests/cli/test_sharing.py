"""`wedtui doctor` about a shared service: who owns what, who may read and write it, and who started it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.base import Machine, machine
from tests.needs import need
from tests.poller.service_process import Place, http_server, make_place
from tests.store.processes import OTHER_USER, ROOT, SHARED_GROUP
from wedtui.cli import sharing
from wedtui.cli.checks import Check, Level
from wedtui.cli.sharing import Account
from wedtui.config import Configuration
from wedtui.paths import SYSTEM_CONFIGURATION

__all__ = ["machine"]

OURS = Account("wedtui", os.getuid(), os.getgid())
NOBODYS = replace(OURS, uid=OURS.uid + 1)
NEIGHBOURS = replace(OURS, gid=OURS.gid + 54321)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Everything as the service makes it."""
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(0o750)
    for name, mode in {"cache.db": 0o640, "cache.db-wal": 0o640, "ledger.db": 0o600, "service.lock": 0o640}.items():
        (folder / name).touch()
        (folder / name).chmod(mode)
    return folder


def told(checks: Iterator[Check]) -> list[tuple[Level, str]]:
    found = list(checks)
    assert all(check.remedy for check in found if check.level is not Level.OK)
    return [(check.level, f"{check.text} -> {check.remedy}") for check in found]


def test_what_the_service_makes_is_as_it_should_be(state: Path) -> None:
    ((level, text),) = told(sharing.state_checks(state, OURS))
    assert (level, "belongs to wedtui" in text) == (Level.OK, True)


@pytest.mark.parametrize(
    ("name", "mode", "level", "words"),
    [
        ("", 0o770, Level.PROBLEM, "can replace the service's files -> chmod 0750"),
        ("", 0o755, Level.PROBLEM, "anybody can look into it -> chmod 0750"),
        ("", 0o757, Level.PROBLEM, "anybody can replace the service's files -> chmod 0750"),
        ("", 0o700, Level.WARNING, "cannot read the cache -> chmod 0750"),
        ("cache.db", 0o660, Level.PROBLEM, "chmod 0640"),
        ("cache.db", 0o644, Level.PROBLEM, "chmod 0640"),
        ("cache.db", 0o600, Level.WARNING, "chgrp"),
        ("cache.db-wal", 0o600, Level.WARNING, "chgrp"),
        ("ledger.db", 0o640, Level.PROBLEM, "chmod 0600"),
        ("service.lock", 0o646, Level.PROBLEM, "chmod 0640"),
    ],
)
def test_modes_that_open_or_close_too_much(state: Path, name: str, mode: int, level: Level, words: str) -> None:
    place = state / name
    place.chmod(mode)
    ((found, text),) = told(sharing.state_checks(state, OURS))
    assert found is level
    assert f"{place} " in f"{text} "
    assert f"{mode:04o}" in text
    assert words in text


def test_a_directory_of_somebody_else(state: Path) -> None:
    found = told(sharing.state_checks(state, NOBODYS))
    assert {level for level, _text in found} == {Level.PROBLEM}
    assert len(found) == 5
    assert f"chown wedtui:{NOBODYS.group} {state}" in found[0][1]


def test_a_directory_of_another_group(state: Path) -> None:
    levels = [level for level, text in told(sharing.state_checks(state, NEIGHBOURS)) if "chgrp" in text]
    assert levels == [Level.WARNING] * 3


def test_no_directory_yet(tmp_path: Path) -> None:
    ((level, text),) = told(sharing.state_checks(tmp_path / "none", OURS))
    assert (level, "systemctl start wedtui" in text) == (Level.WARNING, True)


@pytest.mark.parametrize(("shared", "mode", "problems"), [(False, 0o646, 1), (True, 0o666, 2), (True, 0o640, 0)])
def test_a_configuration_that_others_may_write(tmp_path: Path, shared: bool, mode: int, problems: int) -> None:
    file = tmp_path / "config.toml"
    file.touch()
    file.chmod(mode)
    os.chown(file, -1, os.getgid())
    group_counts = os.getgid() != 0
    found = told(sharing.configuration_checks(file, shared=shared))
    expected = problems if group_counts or not shared else min(problems, 1)
    assert sum(level is Level.PROBLEM for level, _text in found) == expected
    assert (sum("chown root" in text for _level, text in found) > 0) == (shared and os.getuid() != 0)


def test_a_folder_that_others_may_write_lets_them_replace_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch()
    tmp_path.chmod(0o777)
    ((level, text),) = told(sharing.configuration_checks(tmp_path / "config.toml", shared=False))
    assert (level, text) == (Level.PROBLEM, f"anybody can write {tmp_path} -> chmod o-w {tmp_path}")
    tmp_path.chmod(0o1777)
    assert told(sharing.configuration_checks(tmp_path / "config.toml", shared=False)) == []


def test_the_machines_configuration_is_for_a_shared_service() -> None:
    assert told(sharing.mode_checks(SYSTEM_CONFIGURATION, "shared")) == []
    assert told(sharing.mode_checks(Path("/home/kay/config.toml"), "personal")) == []
    ((level, text),) = told(sharing.mode_checks(SYSTEM_CONFIGURATION, "personal"))
    assert (level, "[service]" in text) == (Level.WARNING, True)


def secretive(file: Path) -> Configuration:
    return Configuration.model_validate(
        {
            "providers": [{"name": "aws"}],
            "probes": [
                {
                    "name": "p",
                    "provider": "aws",
                    "url": "https://example.com/",
                    "headers": {"Authorization": {"file": str(file)}, "Accept": "text/plain"},
                }
            ],
            "prometheus": [{"name": "main", "url": "http://127.0.0.1:1", "bearer_token": {"file": str(file)}}],
        }
    )


@pytest.mark.parametrize(
    ("mode", "account", "levels"),
    [
        (0o400, OURS, []),
        (0o440, None, []),
        (0o440, OURS, [Level.WARNING]),
        (0o440, NEIGHBOURS, []),
        (0o444, None, [Level.PROBLEM]),
        (0o602, OURS, [Level.PROBLEM]),
    ],
)
def test_files_with_secrets(tmp_path: Path, mode: int, account: Account | None, levels: list[Level]) -> None:
    file = tmp_path / "token"
    file.write_text("hunter2")
    file.chmod(mode)
    found = told(sharing.secret_checks(secretive(file), account))
    assert [level for level, _text in found] == levels
    assert "hunter2" not in str(found)


def test_a_secret_that_is_not_there_is_said_elsewhere(tmp_path: Path) -> None:
    assert told(sharing.secret_checks(secretive(tmp_path / "none"), OURS)) == []


def test_who_may_watch() -> None:
    account = Account("wedtui", 990, 991)
    assert told(sharing.member_checks(account, 0, frozenset())) == []
    assert told(sharing.member_checks(account, 990, frozenset())) == []
    assert told(sharing.member_checks(account, 1000, frozenset({7, 991}))) == []
    ((level, text),) = told(sharing.member_checks(account, OTHER_USER, frozenset({7})))
    assert level is Level.PROBLEM
    assert "adduser" in text


def test_a_configuration_that_is_closed_names_the_group(tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch()
    (tmp_path / "config.toml").chmod(0o640)
    file, group = tmp_path / "config.toml", SHARED_GROUP if os.getuid() == 0 else os.getgid()
    os.chown(file, -1, group)
    assert told(sharing.group_checks(file, OTHER_USER, frozenset({group}))) == []
    ((level, text),) = told(sharing.group_checks(file, OTHER_USER, frozenset({group + 1})))
    assert (level, "adduser" in text) == (Level.PROBLEM, True)


def test_the_user_of_the_service() -> None:
    ((level, text),) = told(sharing.account_checks("no-such-user"))
    assert (level, "sysusers" in text) == (Level.PROBLEM, True)
    ((level, _text),) = told(sharing.account_checks("root"))
    assert level is Level.PROBLEM
    assert told(sharing.account_checks("nobody")) == []


@pytest.mark.parametrize(
    ("cgroup", "account", "words"),
    [
        ("0::/system.slice/wedtui.service\n", OURS, None),
        ("0::/\n", OURS, None),
        ("0::/user.slice/user-1000.slice/session-4.scope\n", OURS, "started by hand"),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n", OURS, "started by hand"),
        ("0::/system.slice/wedtui.service\n", NOBODYS, "runs as"),
    ],
)
def test_who_started_the_service(tmp_path: Path, cgroup: str, account: Account, words: str | None) -> None:
    (tmp_path / "41").mkdir()
    (tmp_path / "41" / "cgroup").write_text(cgroup)
    found = told(sharing.process_checks(41, account, tmp_path))
    assert [words in text for _level, text in found if words] == ([True] if words else [])
    assert bool(found) == (words is not None)


def test_a_process_that_ended_meanwhile(tmp_path: Path) -> None:
    assert told(sharing.process_checks(41, OURS, tmp_path)) == []


def test_a_personal_service_beside_the_shared_one(tmp_path: Path) -> None:
    assert told(sharing.beside_checks("kay", None, tmp_path)) == []
    ((_level, text),) = told(sharing.beside_checks("kay", 41, tmp_path))
    assert "kill 41" in text
    assert "linger" not in text
    (tmp_path / "kay").touch()
    ((level, text),) = told(sharing.beside_checks("kay", 41, tmp_path))
    assert level is Level.WARNING
    assert "loginctl disable-linger kay" in text


def test_a_shared_service_is_neither_started_nor_restarted_from_here(machine: Machine) -> None:
    machine.configure('[service]\nmode = "shared"\n')
    for verb in ("start", "restart"):
        answer = machine.run("service", verb)
        assert answer.code == 14
        assert f"systemctl {verb} wedtui" in answer.err
    assert not machine.state.exists()


def test_a_service_that_runs_can_be_stopped_although_its_configuration_broke(machine: Machine) -> None:
    machine.configure("environment = 7\n")
    assert machine.run("service", "stop").code == 0


@pytest.fixture
def shared() -> Iterator[Place]:
    """A shared state directory of root's, open to a group; pytest's own is closed to everybody else."""
    need(os.geteuid() == 0, "needs root, to become another user")
    with tempfile.TemporaryDirectory() as folder, http_server() as url:
        Path(folder).chmod(0o755)
        place = make_place(Path(folder), url, probes=1)
        token = Path(folder) / "token"
        token.write_text("hunter2")
        token.chmod(0o400)
        text = f'headers = {{ Authorization = {{ file = "{token}" }} }}\n'
        place.config.write_text(f'[service]\nmode = "shared"\nuser = "root"\n{place.config.read_text()}{text}')
        os.chown(place.state, -1, SHARED_GROUP)
        place.state.chmod(0o2750)
        yield place


_MEMBER = """\
import os, sys
from wedtui.cli import app, doctor, sharing, render, once
import wedtui.cache.reader, wedtui.ledger.reader, wedtui.providers.registry, wedtui.providers.skew, wedtui.config_file
from wedtui.cli.common import Session
from sqlalchemy import create_engine
create_engine("sqlite://").dispose()
session = Session()
list(doctor.examine(Session()))
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[1]))
for check in doctor.examine(Session()):
    print(check.line())
"""


def as_member(place: Place) -> str:
    command = [sys.executable, "-c", _MEMBER, str(OTHER_USER), str(SHARED_GROUP)]
    environ = {**place.environ, "HOME": "/"}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_a_member_of_the_group_is_told(shared: Place) -> None:
    service = shared.service()
    try:
        lines = as_member(shared).splitlines()
    finally:
        service.terminate()
        service.wait(120)
    text = "\n".join(lines)
    assert any(line.startswith("ok") and "cache: can be read" in line for line in lines), text
    assert any(line.startswith("note") and "ledger.db is the service's own" in line for line in lines), text
    assert any(line.startswith("warning") and "sudo -u root wedtui doctor" in line for line in lines), text
    assert "hunter2" not in text


def test_root_does_not_leave_files_in_a_shared_services_directory(shared: Place) -> None:
    os.chown(shared.state, OTHER_USER, -1)
    done = shared.wedtui("service", "run")
    assert done.returncode == 14
    assert "systemctl start wedtui" in done.stderr
    assert list(shared.state.iterdir()) == []
