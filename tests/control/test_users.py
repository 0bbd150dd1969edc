"""Every permission of the table, tried by real users of the operating system: the kernel says who they are."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.control.base import NOW, TOMORROW, Served, serving
from tests.core.test_roles import TABLE
from tests.needs import need
from tests.store.processes import ROOT, SHARED_GROUP
from wedtui.config_control import ControlSection
from wedtui.core.roles import Mapped, Role

# Numbers that nobody has: the kernel compares them, and the system has no names for them.
UIDS = {role: 54330 + number for number, role in enumerate(Role)}
OUTSIDER = 54340
FREEZE = {"end": TOMORROW, "reason": "royal wedding"}
RAISE = {"level": "HIGH", "reason": "a large one", "until": (NOW + timedelta(hours=4)).isoformat()}
WHY = {"reason": "over"}
OVERRIDE = {"object": "traffic", "reason": "the vendor asked", "until": (NOW + timedelta(hours=4)).isoformat()}
# What changes something -> what it needs; each is tried on an object of its own.
ACTIONS = {
    "add-freeze": ("/v1/freezes", FREEZE),
    "lift-freeze": ("/v1/freezes/{}/lift", WHY),
    # Before it is locked down: that ends every override.
    "override-freeze": ("/v1/freeze-overrides", OVERRIDE),
    "lock-down": ("/v1/lockdown", WHY),
    "raise-protection": ("/v1/protection/raises", RAISE),
    "lower-protection": ("/v1/protection/raises/{}/lower", WHY),
}


@dataclass
class Answer:
    status: int
    body: Any


@pytest.fixture(autouse=True)
def folder() -> Iterator[Path]:
    """Return a folder of root's that everybody may look into; pytest's own is closed to everybody else."""
    need(os.geteuid() == 0, "needs root, to become other users")
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def as_user(served: Served, uid: int, requests: list[list[object]], *, gid: int = SHARED_GROUP) -> list[Answer]:
    """Ask as a user with no group but one."""
    arguments = [str(uid), str(gid), json.dumps([]), str(served.path), json.dumps(requests)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.control.somebody", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "HOME": "/", "USER": "root", "LOGNAME": "root", "SUDO_USER": "root"},
    )
    assert done.returncode == 0, done.stderr
    return [Answer(status, body) for status, body in json.loads(done.stdout)]


def objects(served: Served, count: int) -> None:
    """Have freezes and raises, by somebody who may, for others to end."""
    for number in range(count):
        served.ask("POST", "/v1/freezes", FREEZE, key=f"f{number}")
        served.ask("POST", "/v1/protection/raises", RAISE, key=f"r{number}")


def test_every_permission_of_the_table(folder: Path) -> None:
    mapped = Mapped(
        users={"0": Role.OWNER, **{str(uid): role for role, uid in UIDS.items() if role is not Role.VIEWER}}
    )
    section = ControlSection(group=str(SHARED_GROUP), actions_per_minute=100)
    may: set[str] = set()
    with serving(folder, mapped, section=section) as served:
        objects(served, len(UIDS))
        for number, (role, uid) in enumerate(UIDS.items(), start=1):
            may |= set(TABLE[role].split())
            requests: list[list[object]] = [["POST", path.format(number), body] for path, body in ACTIONS.values()]
            whoami, *answers = as_user(served, uid, [["GET", "/v1/whoami", None], *requests])
            assert (whoami.status, whoami.body["uid"], whoami.body["user"]) == (200, uid, f"uid {uid}")
            assert (whoami.body["role"], set(whoami.body["may"])) == (role.value, may)
            for permission, answer in zip(ACTIONS, answers, strict=True):
                assert answer.status == (200 if permission in may else 403), (role, permission, answer)
                if answer.status == 403:
                    assert f"uid {uid} is {role.value} " in answer.body["message"]
        by = {entry.added_by for entry in served.freezes()}
        assert by == {"root", *(f"uid {UIDS[role]}" for role in Role if role is not Role.VIEWER)}


def test_who_is_not_in_the_group_cannot_even_connect(folder: Path) -> None:
    mapped = Mapped(users={str(OUTSIDER): Role.OWNER})
    with serving(folder, mapped, section=ControlSection(group=str(SHARED_GROUP))) as served:
        [answer] = as_user(served, OUTSIDER, [["GET", "/v1/whoami", None]], gid=OUTSIDER)
        assert (answer.status, "Permission denied" in answer.body) == (0, True)


def test_groups_are_those_of_the_system_s_directory(folder: Path) -> None:
    """A user whom the directory knows has its groups, and no other that her process may have."""
    entry = pwd.getpwnam("daemon")
    group = "daemon"
    users = Mapped(groups={group: Role.MANAGER, str(SHARED_GROUP): Role.OWNER})
    with serving(folder, users, section=ControlSection(group=str(SHARED_GROUP))) as served:
        [known] = as_user(served, entry.pw_uid, [["GET", "/v1/whoami", None]])
        assert (known.body["user"], known.body["role"]) == ("daemon", "manager")
        assert known.body["because"] == "roles.groups.daemon"
        assert str(SHARED_GROUP) not in known.body["groups"]
        # One whom it does not know has the group of the process, and that may be given a role by its number.
        [unknown] = as_user(served, UIDS[Role.ENGINEER], [["GET", "/v1/whoami", None]])
        assert (unknown.body["role"], unknown.body["groups"]) == ("owner", [str(SHARED_GROUP)])


def test_not_even_root_is_more_than_a_viewer_unless_that_is_said(folder: Path) -> None:
    with serving(folder, Mapped(users={str(OUTSIDER): Role.OWNER})) as served:
        assert served.ask("GET", "/v1/whoami").json()["role"] == "viewer"
        assert served.ask("POST", "/v1/lockdown", WHY, key="1").status_code == 403


def test_a_key_of_one_user_is_not_another_s(folder: Path) -> None:
    mapped = Mapped(users={str(UIDS[role]): role for role in Role})
    with serving(folder, mapped, section=ControlSection(group=str(SHARED_GROUP))) as served:
        for role in (Role.MANAGER, Role.ADMIN):
            [answer] = as_user(served, UIDS[role], [["POST", "/v1/freezes", FREEZE]])
            assert (answer.status, answer.body["added_by"]) == (200, f"uid {UIDS[role]}")


def test_one_user_s_limit_is_not_another_s(folder: Path) -> None:
    mapped = Mapped(users={str(UIDS[role]): role for role in Role})
    section = ControlSection(group=str(SHARED_GROUP), requests_per_minute=3)
    with serving(folder, mapped, section=section) as served:
        look: list[list[object]] = [["GET", "/v1/whoami", None]] * 4
        first = as_user(served, UIDS[Role.MANAGER], look)
        assert [answer.status for answer in first] == [200, 200, 200, 429]
        assert as_user(served, UIDS[Role.ENGINEER], look)[0].status == 200
