"""Every permission of the table, tried by real users of the operating system: the kernel says who they are."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.control.base import Served, serving
from tests.control.changing import Changing
from tests.control.rightly import (
    APPROVAL,
    BROADCAST,
    CHECK,
    FREEZE,
    KAY,
    LEAVE,
    OVERRIDE,
    RAISE,
    RELEASE,
    RIGHTLY,
    SECOND,
    SILENCE,
    TOKEN,
    WHY,
    Made,
    Right,
    of,
    submission,
    word,
)
from tests.core.test_roles import TABLE
from tests.needs import need
from tests.store.processes import ROOT, SHARED_GROUP
from wedtui.config_control import ControlSection
from wedtui.core.failover_facts import Kind
from wedtui.core.roles import Mapped, Role

# Numbers that nobody has: the kernel compares them, and the system has no names for them.
UIDS = {role: 54330 + number for number, role in enumerate(Role)}
OUTSIDER = 54340


class Tried(NamedTuple):
    """Something that is asked for."""

    permission: str
    """What it needs."""
    method: str
    described: str
    right: Right = Right()

    @property
    def request(self) -> list[object]:
        return [self.method, self.described.format(**self.right.where), self.right.body]


def everything(made: Made, name: str) -> list[Tried]:
    """Return everything that can be asked for, each about an object of its own, in an order in which all can be done.

    Args:
        made: makes these objects.
        name: of who will ask.
    """
    handed_over, back_handed_over = made.handed_over(), made.handed_over(Kind.FAILBACK)
    alone = made.alone()
    made.counting()
    freeze, override, raised = made.freeze(), made.override(), made.raised()
    there, back = made.awaiting(name), made.awaiting(name, kind=Kind.FAILBACK)
    stopped = made.awaiting(KAY, kind=Kind.FAILBACK)
    made.automation(stopped=False)
    action, release = "/v1/actions/{number}", "/v1/releases/{number}"
    return [
        *(
            Tried("read", method, path, RIGHTLY[method, path](made))
            for method, path in RIGHTLY
            if method == "GET" and "{number}" not in path
        ),
        Tried("read", "GET", action, of(there.id)),
        Tried("read", "POST", "/v1/plans", Right(body=LEAVE)),
        # Before anything else is frozen, or let through: it is for what was seen.
        Tried("add-freeze", "POST", "/v1/freeze-confirmations", Right(body=made.freeze_word("freeze-add", "4h"))),
        Tried("add-freeze", "POST", "/v1/freezes", Right(body=FREEZE)),
        Tried("lift-freeze", "POST", "/v1/freezes/{number}/lift", of(freeze, WHY)),
        # Before it is locked down: that ends every override.
        Tried("override-freeze", "POST", "/v1/freeze-overrides", Right(body=OVERRIDE)),
        Tried("override-freeze", "POST", "/v1/freeze-overrides/{number}/end", of(override, WHY)),
        Tried("lock-down", "POST", "/v1/lockdown", Right(body=WHY)),
        Tried("raise-protection", "POST", "/v1/protection/raises", Right(body=RAISE)),
        Tried("lower-protection", "POST", "/v1/protection/raises/{number}/lower", of(raised, WHY)),
        Tried("acknowledge", "POST", "/v1/notifications/{number}/dismiss", of(made.dead_letter(), WHY)),
        Tried(
            "acknowledge", "POST", "/v1/alerts/{episode}/ack", Right({"episode": made.alert()}, {"reason": "I look"})
        ),
        Tried("read", "POST", "/v1/silence-previews", Right(body=SILENCE)),
        Tried("silence", "POST", "/v1/silences", Right(body=SILENCE)),
        Tried("silence", "POST", "/v1/silences/{number}/end", of(made.silence(), WHY)),
        *(Tried("read", "GET", each, of(made.release())) for each in (release, f"{release}/log")),
        Tried("read", "POST", "/v1/gate", Right(body=RELEASE)),
        Tried("submit", "POST", "/v1/releases", submission()),
        Tried("approve", "POST", f"{release}/approve", of(made.release(), APPROVAL)),
        Tried("submit", "POST", f"{release}/hold", of(made.release(), WHY)),
        Tried("submit", "POST", f"{release}/resume", of(made.release(held=True), WHY)),
        Tried("submit", "POST", f"{release}/cancel", of(made.release(), WHY)),
        Tried("submit", "POST", f"{release}/checks", of(made.release(), CHECK)),
        Tried("edit-tokens", "POST", "/v1/tokens", RIGHTLY["POST", "/v1/tokens"](made)),
        Tried("edit-tokens", "POST", "/v1/tokens/{number}/rotate", RIGHTLY["POST", "/v1/tokens/{number}/rotate"](made)),
        Tried("edit-tokens", "POST", "/v1/tokens/{number}/revoke", of(made.access_token(), WHY)),
        Tried("broadcast", "POST", "/v1/broadcasts", Right(body=BROADCAST)),
        Tried("stop-automation", "POST", "/v1/automation/abort"),
        Tried("stop-automation", "POST", "/v1/automation/stop", Right(body=WHY)),
        Tried("resume-automation", "POST", "/v1/automation/resume", Right(body=WHY)),
        Tried("fail-over", "PUT", "/v1/arming/{token}", Right({"token": TOKEN}, {"kind": "failover"})),
        Tried("fail-back", "PUT", "/v1/arming/{token}", Right({"token": TOKEN}, {"kind": "failback"})),
        Tried("read", "DELETE", "/v1/arming/{token}", Right({"token": TOKEN})),
        Tried("fail-over", "POST", "/v1/actions", Right(body={**LEAVE, **WHY})),
        Tried("fail-back", "POST", "/v1/actions", Right(body={"kind": "failback", **WHY})),
        Tried("fail-over", "POST", f"{action}/approve", word(made.awaiting(KAY, SECOND))),
        Tried("fail-back", "POST", f"{action}/approve", word(made.awaiting(KAY, SECOND, Kind.FAILBACK))),
        Tried("fail-over", "POST", f"{action}/review", of(alone.id, {"sentence": "it was right"})),
        Tried("fail-over", "POST", f"{action}/settle", of(handed_over.id, {"sentence": "it is well"})),
        Tried("fail-back", "POST", f"{action}/settle", of(back_handed_over.id, {"sentence": "it is well"})),
        # One at a time is confirmed, and the first makes room.
        Tried("fail-over", "POST", f"{action}/confirm", word(there)),
        Tried("fail-over", "POST", f"{action}/cancel", of(there.id)),
        # To keep what another asked for from being made is a rescue.
        Tried("fail-over", "POST", f"{action}/cancel", of(stopped.id)),
        Tried("fail-back", "POST", f"{action}/confirm", word(back)),
    ]


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


def test_every_permission_of_the_table(folder: Path) -> None:
    mapped = Mapped(
        users={"0": Role.OWNER, **{str(uid): role for role, uid in UIDS.items() if role is not Role.VIEWER}}
    )
    section = ControlSection(group=str(SHARED_GROUP), actions_per_minute=100)
    may: set[str] = set()
    changing = Changing(f"sqlite:///{folder / 'ledger.db'}")
    with (
        serving(folder, mapped, section=section, changes=changing) as served,
        closing(changing.requests),
        closing(Made(served, changing)) as made,
    ):
        for role, uid in UIDS.items():
            may |= set(TABLE[role].split())
            tried = everything(made, f"uid {uid}")
            assert {(each.method, each.described) for each in tried} == set(RIGHTLY)
            answers = as_user(served, uid, [each.request for each in tried])
            for each, answer in zip(tried, answers, strict=True):
                assert answer.status == (200 if each.permission in may else 403), (role, each, answer)
                if answer.status == 403:
                    assert f"uid {uid} is {role.value} " in answer.body["message"]
                if each.described == "/v1/whoami":
                    assert (answer.body["uid"], answer.body["user"]) == (uid, f"uid {uid}")
                    assert (answer.body["role"], set(answer.body["may"])) == (role.value, may)
        # Nobody is anybody else on record, and who may not has left nothing.
        others = {f"uid {UIDS[role]}" for role in Role if role is not Role.VIEWER}
        assert {entry.added_by for entry in served.freezes()} == {KAY, *others}
        confirmed = {action.confirmed_by for action in changing.actions(open_only=False)}
        assert f"uid {UIDS[Role.VIEWER]}" not in confirmed
        assert others <= confirmed


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
