"""Roles as the configuration gives them, and whether its file may be believed: who can write it can be anything."""

from __future__ import annotations

import stat
from pathlib import Path

from wedtui.config import Configuration
from wedtui.config_file import Loaded, Written
from wedtui.control.identity import user_name
from wedtui.core.emergency import EMERGENCIES
from wedtui.core.roles import Demand, Mapped, Permission
from wedtui.core.text import single_line
from wedtui.errors import ConflictError

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def mapped_of(loaded: Loaded, service_uid: int) -> Mapped:
    """Return what the configuration says of users and groups; nothing of it counts where others could have said it.

    Args:
        loaded: the configuration as it was read.
        service_uid: the user as whom the service runs.
    """
    roles = loaded.configuration.roles
    refused = None
    if loaded.path is not None and loaded.written is not None and (roles.users or roles.groups):
        refused = distrust(loaded.path.absolute(), loaded.written, service_uid)
    return Mapped(roles.users, roles.groups, refused)


def needed_for(kind: str) -> Permission:
    """Return what a kind of action needs.

    Raises:
        ConflictError: it is none of this version.
    """
    entry = EMERGENCIES.get(kind)
    if entry is None:
        raise ConflictError(f'this service does not know how to do "{single_line(kind, 60)}"')
    return entry.permission


def demands_of(configuration: Configuration) -> dict[str, frozenset[Demand]]:
    """Return what is demanded beside the role, for each kind of action; in personal mode nobody else is there."""
    if configuration.service.mode == "personal":
        return {}
    return {kind: frozenset({Demand.SECOND_PERSON}) for kind in configuration.roles.second_person}


def distrust(file: Path, written: Written, service_uid: int) -> str | None:
    """Say why roles are not taken from a file; None where only root and the service's own user could write it.

    Args:
        file: its absolute path.
        written: who could when it was read.
        service_uid: the user as whom the service runs.
    """
    trusted = {0, service_uid}
    who = "root" if service_uid == 0 else f"root or {user_name(service_uid)}"
    if written.uid not in trusted:
        return f"no role counts, because {file} belongs to {user_name(written.uid)}: have it belong to {who}"
    if written.mode & _OTHERS_WRITE:
        return f"no role counts, because others may write {file} (mode {written.mode:04o}): chmod go-w {file}"
    for folder in dict.fromkeys((file.parent, file.resolve().parent)):
        try:
            found = folder.stat()
        except OSError:
            return f"no role counts, because {folder} cannot be looked at: check who may write it"
        if found.st_uid not in trusted:
            return f"no role counts, because {folder} belongs to {user_name(found.st_uid)}: have it belong to {who}"
        if found.st_mode & _OTHERS_WRITE and not found.st_mode & stat.S_ISVTX:
            mode = stat.S_IMODE(found.st_mode)
            return f"no role counts, because others may put files into {folder} (mode {mode:04o}): chmod go-w {folder}"
    return None
