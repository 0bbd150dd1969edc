"""What `wedtui doctor` looks at where several users share a machine: who owns what, and who may read and write it.

In shared mode the service has a user of its own. Members of its group read the cache; the ledger, and the secrets with
which it asks the clouds, are its own. Nothing here changes anything.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from wedtui.cli.checks import Check, Level
from wedtui.config_base import Secret
from wedtui.paths import SYSTEM_CONFIGURATION

if TYPE_CHECKING:
    from wedtui.config import Configuration

GROUP_WRITES, GROUP_READS, OTHERS, OTHERS_WRITE = 0o020, 0o040, 0o007, 0o002
LEDGER_MODE = 0o600
LINGER = Path("/var/lib/systemd/linger")
# A session of a person: what systemd starts for the system is in `system.slice`.
_BY_HAND = ("/user.slice/", "/session-")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system and the group that reads what it makes."""

    name: str
    uid: int
    gid: int

    @property
    def group(self) -> str:
        """The group's name, or its number where it has none."""
        return _group(self.gid)


def account_of(name: str) -> Account | None:
    """Return the user of that name with the group of the same name, else its primary one; None where there is none."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    try:
        gid = grp.getgrnam(name).gr_gid
    except KeyError:
        gid = entry.pw_gid
    return Account(name, entry.pw_uid, gid)


def own_file_of_another(file: Path) -> bool:
    """Whether a file is there and closed to this user: as a shared service's ledger and secrets are to members."""
    try:
        return file.stat().st_uid != os.getuid() and not os.access(file, os.R_OK)
    except PermissionError:
        return True
    except OSError:
        return False


def configuration_checks(file: Path, *, shared: bool) -> Iterator[Check]:
    """Look at who may write the configuration: whoever does decides what the service asks, and with which secrets."""
    for place in (file.absolute(), file.absolute().parent):
        try:
            found = place.stat()
        except OSError:
            continue
        sticky_folder = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
        if found.st_mode & OTHERS_WRITE and not sticky_folder:
            yield Check(Level.PROBLEM, "configuration", f"anybody can write {place}", f"chmod o-w {place}")
        if not shared:
            continue
        if found.st_mode & GROUP_WRITES and found.st_gid != 0 and not sticky_folder:
            text = f"every member of {_group(found.st_gid)} can write {place}"
            yield Check(Level.PROBLEM, "configuration", text, f"chmod g-w {place}")
        if found.st_uid != 0:
            text = f"{place} belongs to {_user(found.st_uid)}, who so decides for everybody what is watched"
            yield Check(Level.WARNING, "configuration", text, f"chown root {place}")


def mode_checks(file: Path, mode: str) -> Iterator[Check]:
    """Look at whether the machine's own configuration is one of a shared service."""
    if file == SYSTEM_CONFIGURATION and mode != "shared":
        text = f"{file} is for everybody on this machine, but its mode is {mode}: each user would start a service"
        yield Check(Level.WARNING, "sharing", text, 'write mode = "shared" under [service]')


def secret_checks(configuration: Configuration, account: Account | None) -> Iterator[Check]:
    """Look at who may read the files that hold secrets.

    Args:
        configuration: what names them.
        account: the service's own in shared mode, whose group must not read them; else None.
    """
    for file in secret_files(configuration):
        try:
            found = file.stat()
        except OSError:
            # That it cannot be read is said where it is used.
            continue
        mode = stat.S_IMODE(found.st_mode)
        if mode & OTHERS:
            yield Check(Level.PROBLEM, "secrets", f"anybody may use {file} (mode {mode:04o})", f"chmod o= {file}")
        elif account is not None and found.st_gid == account.gid and mode & 0o070:
            text = f"every member of {account.group} may use {file}, a secret of the service (mode {mode:04o})"
            yield Check(Level.WARNING, "secrets", text, f"chown {account.name} {file} && chmod 0400 {file}")


def secret_files(configuration: Configuration) -> list[Path]:
    """Return every file that a configuration names as the place of a secret, sorted."""
    return sorted({secret.file for secret in secrets_of(configuration) if secret.file is not None})


def secrets_of(value: object) -> Iterator[Secret]:
    """Yield every reference to a secret in a configuration."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_of(getattr(value, name))
    elif isinstance(value, dict):
        for each in value.values():
            yield from secrets_of(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from secrets_of(each)


def state_checks(directory: Path, account: Account) -> Iterator[Check]:
    """Look at owner, group and mode of a shared service's directory and of every file in it."""
    try:
        found = directory.stat()
    except FileNotFoundError:
        yield Check(Level.WARNING, "state", f"there is no {directory} yet", "`systemctl start wedtui` makes it")
        return
    except OSError as error:
        yield Check(Level.PROBLEM, "state", f"{directory} cannot be looked at ({error.strerror})", "ask its owner")
        return
    checks = [*_owner_checks(directory, found, account), *_directory_mode(directory, found, account)]
    try:
        files = sorted(place for place in directory.iterdir() if place.is_file())
    except OSError:
        files = []  # who is not in the group is told so by `member_checks`
    for file in files:
        checks += _file_checks(file, account)
    yield from checks
    if not checks:
        yield Check(Level.OK, "state", f"{directory} belongs to {account.name}, and {account.group} may read it")


def _owner_checks(place: Path, found: os.stat_result, account: Account) -> Iterator[Check]:
    if found.st_uid != account.uid:
        text = f"{place} belongs to {_user(found.st_uid)}, not to {account.name}, the service's user"
        yield Check(Level.PROBLEM, "state", text, f"chown {account.name}:{account.group} {place}")
    elif found.st_gid != account.gid:
        text = f"{place} is of group {_group(found.st_gid)}, not {account.group}, whose members are to watch"
        yield Check(Level.WARNING, "state", text, f"chgrp {account.group} {place}")


def _directory_mode(directory: Path, found: os.stat_result, account: Account) -> Iterator[Check]:
    mode = stat.S_IMODE(found.st_mode)
    if mode & (GROUP_WRITES | OTHERS):
        who = "anybody" if mode & OTHERS else f"every member of {account.group}"
        what = "replace the service's files" if mode & (GROUP_WRITES | OTHERS_WRITE) else "look into it"
        text = f"{directory} has mode {mode:04o}: {who} can {what}"
        yield Check(Level.PROBLEM, "state", text, f"chmod 0750 {directory}")
    elif mode & 0o050 != 0o050:
        text = f"{directory} has mode {mode:04o}: members of {account.group} cannot read the cache"
        yield Check(Level.WARNING, "state", text, f"chmod 0750 {directory}")


def _file_checks(file: Path, account: Account) -> Iterator[Check]:
    try:
        found = file.stat()
    except OSError:
        return  # the service took it away meanwhile
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != account.uid:
        yield from _owner_checks(file, found, account)
    elif file.name.startswith("ledger.db"):
        if mode & ~LEDGER_MODE:
            text = f"{file} has mode {mode:04o}: what persons decided is the service's own"
            yield Check(Level.PROBLEM, "state", text, f"chmod 0600 {file}")
    elif mode & (GROUP_WRITES | OTHERS):
        text = f"{file} has mode {mode:04o}: others than the service may change it, or read it outside its group"
        yield Check(Level.PROBLEM, "state", text, f"chmod 0640 {file}")
    elif file.name.startswith("cache.db") and not (mode & GROUP_READS and found.st_gid == account.gid):
        text = f"{file} cannot be read by members of {account.group} (mode {mode:04o}, group {_group(found.st_gid)})"
        yield Check(Level.WARNING, "state", text, f"chgrp {account.group} {file} && chmod 0640 {file}")


def account_checks(name: str) -> Iterator[Check]:
    """Look at whether the service's user exists and is not one that can do anything."""
    account = account_of(name)
    if account is None:
        text = f"there is no user {name} for the service to run as"
        yield Check(Level.PROBLEM, "user", text, "`systemd-sysusers` with deploy/sysusers.d/wedtui.conf makes it")
    elif account.uid == 0:
        text = "a service that runs as root can do more than watch"
        yield Check(Level.PROBLEM, "user", text, "name an ordinary user with service.user")


def member_checks(account: Account, uid: int, groups: frozenset[int]) -> Iterator[Check]:
    """Look at whether whoever asks may watch at all.

    Args:
        account: the service's.
        uid: of whoever asks.
        groups: of this process, which are those at log-in.
    """
    if uid in {0, account.uid} or account.gid in groups:
        return
    name = _user(uid)
    listed = name in grp.getgrgid(account.gid).gr_mem if _has_group(account.gid) else False
    text = f"{name} is not in the group {account.group}, whose members may watch"
    if listed:
        yield Check(Level.WARNING, "group", f"{text}, in this session", "log in again")
    else:
        yield Check(Level.PROBLEM, "group", text, f"adduser {name} {account.group}, and log in again")


def group_checks(file: Path, uid: int, groups: frozenset[int]) -> Iterator[Check]:
    """Look at which group whoever asks would have to be in, in order to read a configuration that is closed to them.

    Args:
        file: the configuration, or what is to be read.
        uid: of whoever asks.
        groups: of this process.
    """
    for place in (file, file.parent):
        try:
            found = place.stat()
        except OSError:
            continue  # it is closed by what is around it
        if found.st_gid != 0 and found.st_mode & GROUP_READS:
            yield from member_checks(Account(_user(found.st_uid), found.st_uid, found.st_gid), uid, groups)
        return


def process_checks(pid: int, account: Account, proc: Path = Path("/proc")) -> Iterator[Check]:
    """Look at whether a shared service that runs was started by systemd, as its own user.

    Args:
        pid: its process.
        account: as which it should run.
        proc: where the kernel describes processes.
    """
    try:
        uid = (proc / str(pid)).stat().st_uid
        control = (proc / str(pid) / "cgroup").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return  # it ended meanwhile, or this kernel does not tell
    if uid != account.uid:
        text = f"the shared service (process {pid}) runs as {_user(uid)}, not as {account.name}"
        yield Check(Level.PROBLEM, "service", text, "stop it; `systemctl start wedtui`")
    elif any(part in control for part in _BY_HAND):
        text = f"the shared service (process {pid}) was started by hand: nobody starts it again when it dies"
        yield Check(
            Level.PROBLEM, "service", text, "`wedtui service stop` as its user; `systemctl enable --now wedtui`"
        )


def beside_checks(name: str, pid: int | None, linger: Path = LINGER) -> Iterator[Check]:
    """Look at whether a personal service of whoever asks runs beside the shared one.

    Args:
        name: of the user who asks.
        pid: the process of a service in this user's own state directory.
        linger: where systemd notes whose services outlive their log-out.
    """
    if pid is None:
        return
    stays = (linger / name).exists()
    text = f"a personal service of {name} (process {pid}) runs beside the shared one and asks everything twice"
    lasting = ", and linger keeps it after you log out" if stays else ""
    unlinger = f"; `loginctl disable-linger {name}` unless something else needs it" if stays else ""
    yield Check(Level.WARNING, "service", text + lasting, f"kill {pid}{unlinger}")


def _has_group(gid: int) -> bool:
    try:
        grp.getgrgid(gid)
    except KeyError:
        return False
    return True


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
