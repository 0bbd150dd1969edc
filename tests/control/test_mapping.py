"""Roles are taken from a file that nobody could have written but root and the service's user; else none of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.needs import need
from tests.store.processes import OTHER_USER
from wedtui.config_file import load
from wedtui.control.mapping import mapped_of
from wedtui.core.roles import Account, Mapped, Role, person

TEXT = '[roles]\nusers = { kay = "owner" }\ngroups = { oncall = "engineer" }\n'
KAY = Account(1001, "kay", {50: "oncall"})
ME = os.geteuid()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir(mode=0o750)
    path = folder / "config.toml"
    path.write_text(TEXT)
    path.chmod(0o640)
    return path


def mapped(file: Path, uid: int = ME) -> Mapped:
    return mapped_of(load(file, {}), uid)


def test_a_file_of_the_service_or_of_root_is_believed(file: Path) -> None:
    found = mapped(file)
    assert (found.refused, found.users, found.groups) == (None, {"kay": Role.OWNER}, {"oncall": Role.ENGINEER})
    assert person(KAY, found, personal_uid=None).role is Role.OWNER


@pytest.mark.parametrize("bits", [0o660, 0o642, 0o666])
def test_a_file_that_others_may_write_gives_nobody_a_role(file: Path, bits: int) -> None:
    file.chmod(bits)
    found = mapped(file)
    assert found.refused == f"no role counts, because others may write {file} (mode 0{bits:o}): chmod go-w {file}"
    assert person(KAY, found, personal_uid=None).role is Role.VIEWER


def test_a_file_of_another_user_gives_nobody_a_role(file: Path) -> None:
    need(ME == 0, "needs root, to give a file to another user")
    os.chown(file, OTHER_USER, -1)
    assert f"{file} belongs to nobody: have it belong to root" in (mapped(file).refused or "")
    assert mapped(file, OTHER_USER).refused != mapped(file).refused
    os.chown(file.parent, OTHER_USER, -1)
    assert mapped(file, OTHER_USER).refused is None, "it is the service's own user"


def test_a_folder_of_another_user_gives_nobody_a_role(file: Path) -> None:
    need(ME == 0, "needs root, to give a folder to another user")
    os.chown(file.parent, OTHER_USER, -1)
    assert f"{file.parent} belongs to nobody" in (mapped(file).refused or "")
    assert mapped(file, OTHER_USER).refused is None, "it is the service's own user"


@pytest.mark.parametrize(("bits", "counts"), [(0o770, False), (0o757, False), (0o1777, True), (0o755, True)])
def test_a_folder_in_which_others_may_put_another_file(file: Path, bits: int, *, counts: bool) -> None:
    file.parent.chmod(bits)
    assert (mapped(file).refused is None) is counts


def test_what_a_link_leads_to_is_looked_at_too(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "config.toml"
    link.symlink_to(file)
    assert mapped(link).refused is None
    file.parent.chmod(0o777)
    assert "others may put files into" in (mapped(link).refused or "")


def test_a_file_without_roles_may_be_anybody_s(file: Path) -> None:
    file.write_text("")
    file.chmod(0o666)
    assert mapped(file) == Mapped()


def test_roles_can_be_set_by_environment(file: Path) -> None:
    environ = {"WEDTUI_ROLES__USERS__KAY": "viewer", "WEDTUI_ROLES__USERS__ANN": "admin"}
    assert load(file, environ).configuration.roles.users == {"kay": Role.VIEWER, "ann": Role.ADMIN}


def test_roles_count_for_the_record_and_not_for_what_is_watched(file: Path) -> None:
    with_roles = load(file, {})
    file.write_text("")
    without = load(file, {})
    assert with_roles.digest == without.digest == without.noted
    assert with_roles.noted != without.noted
    file.write_text(TEXT.replace("owner", "admin"))
    assert load(file, {}).noted not in {with_roles.noted, without.noted}
