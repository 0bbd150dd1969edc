"""The socket in the file system: open to whom it should be, and never in the place of what is not ours."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.control.base import serving
from tests.needs import need
from tests.store.processes import OTHER_USER, SHARED_GROUP
from wedtui.config_control import ControlSection
from wedtui.control import listening
from wedtui.control.identity import peer_of
from wedtui.control.listening import Listening, address_of
from wedtui.errors import ServiceError


def mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.lstat().st_mode):04o}"


def refused(path: Path, match: str, gid: int | None = None) -> None:
    """Make sure that nothing is made, that what is there stays as it is, and that the lock is free again."""
    before = path.lstat() if os.path.lexists(path) else None
    with pytest.raises(ServiceError, match=match):
        Listening(path, gid)
    after = path.lstat() if os.path.lexists(path) else None
    assert (before and (before.st_ino, before.st_uid, before.st_mode)) == (
        after and (after.st_ino, after.st_uid, after.st_mode)
    )


@pytest.mark.parametrize("umask", [0o000, 0o027, 0o077])
def test_whoever_is_in_the_group_may_connect_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with closing(Listening(tmp_path / "s")):
            assert (mode(tmp_path / "s"), (tmp_path / "s").stat().st_gid) == ("0660", os.getegid())
            assert mode(tmp_path / "s.lock") in {"0600"}
    finally:
        os.umask(before)
    assert [p.name for p in tmp_path.iterdir()] == ["s.lock"]


def test_nobody_can_connect_before_owner_group_and_mode_are_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bool]] = []
    path = tmp_path / "s"
    really = listening._open_to

    def look(of: Path, gid: int) -> None:
        with socket.socket(socket.AF_UNIX) as early:
            seen.append((mode(of), early.connect_ex(str(of)) == 0))
        really(of, gid)

    monkeypatch.setattr(listening, "_open_to", look)
    before = os.umask(0)
    try:
        Listening(path).close()
    finally:
        os.umask(before)
    assert seen == [("0600", False)]


def test_a_group_can_be_named(tmp_path: Path) -> None:
    need(os.geteuid() == 0, "needs root, to give a file to another group")
    with closing(Listening(tmp_path / "s", SHARED_GROUP)):
        assert (tmp_path / "s").stat().st_gid == SHARED_GROUP
    with serving(tmp_path, section=ControlSection(group=str(SHARED_GROUP))) as served:
        assert served.path.stat().st_gid == SHARED_GROUP


def test_a_group_that_there_is_not_is_a_problem_that_people_see(tmp_path: Path) -> None:
    with serving(tmp_path, section=ControlSection(group="nobody-is-in-here")) as served:
        [trouble] = served.troubles
        assert trouble == "there is no group nobody-is-in-here to open the control socket to: correct control.group"
        assert not served.path.exists()


def test_what_a_dead_service_has_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with closing(Listening(path)), socket.socket(socket.AF_UNIX) as knocking:
        assert knocking.connect_ex(str(path)) == 0


def test_two_services_are_not_given_one_socket(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with closing(Listening(path)):
        refused(path, "another service listens on")
    Listening(path).close()


def test_a_program_of_ours_that_listens_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        refused(path, "another program listens on")
        # One whose queue is full is as alive.
        other.listen(0)
        with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
            for waiting in (first, second):
                waiting.setblocking(False)
                waiting.connect_ex(str(path))
            refused(path, "another program listens on")
    Listening(path).close()


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("/dev/null")])
def test_what_is_no_socket_is_not_replaced(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "s")
    refused(tmp_path / "s", "is no socket: move it away")


def test_a_socket_that_another_user_squats_is_not_replaced(tmp_path: Path) -> None:
    need(os.geteuid() == 0, "needs root, to give a socket to another user")
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as squatting:
        squatting.bind(str(path))
        squatting.listen()
        os.chown(path, OTHER_USER, -1)
        refused(path, r"belongs to nobody and is not replaced: find out who made it")
    refused(path, "belongs to nobody")


@pytest.mark.parametrize("bits", [0o770, 0o707, 0o1777])
def test_a_folder_in_which_others_may_replace_it_is_refused(tmp_path: Path, bits: int) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(bits)
    refused(folder / "s", "where others may replace it")


def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    need(os.geteuid() == 0, "needs root, to give a folder to another user")
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, OTHER_USER, -1)
    refused(folder / "s", "which belongs to nobody: name another place")
    refused(tmp_path / "none" / "s", "cannot be made in")


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    folder = tmp_path / ("d" * 60) / ("e" * 60)
    folder.mkdir(parents=True)
    return folder


def test_a_path_that_is_too_long_for_the_kernel_is_used_all_the_same(deep: Path) -> None:
    with serving(deep) as served:
        assert served.troubles == [None]
        assert served.ask("GET", "/v1/whoami").status_code == 200
    assert not served.path.exists()


def test_who_is_at_the_other_end(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with closing(Listening(path)) as here, socket.socket(socket.AF_UNIX) as there, address_of(path) as address:
        there.connect(address)
        accepted, _ = here.socket.accept()
        with accepted:
            for end in (accepted, there):
                assert (peer_of(end).uid, peer_of(end).pid) == (os.geteuid(), os.getpid())


def test_a_socket_that_is_no_longer_ours_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    mine = Listening(path)
    path.rename(tmp_path / "aside")
    path.touch()
    mine.close()
    assert path.exists()
