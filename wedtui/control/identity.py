"""Who asks: by the kernel's word of the connection and the system's directory of users, never by the request's."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import struct
import sys
from dataclasses import dataclass

from wedtui.core.roles import Account
from wedtui.errors import ServiceError

# struct ucred of unix(7): process, user and group, each an int.
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end of a connection, as it was when it connected, or began to listen."""

    pid: int
    uid: int
    gid: int


def peer_of(connection: socket.socket) -> Peer:
    """Return who is at the other end of a Unix socket (SO_PEERCRED).

    Raises:
        ServiceError: this system does not tell.
    """
    if sys.platform != "linux":
        raise ServiceError("this system does not say who connects to a socket, so nobody may ask: use Linux")
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return Peer(*_CREDENTIALS.unpack(raw))


def account_of(peer: Peer) -> Account:
    """Return the user of a process, with the groups that the system's directory gives her now.

    Groups that the process merely has, from an earlier log-in or a program that gives it one, do not count. A user
    whom the directory does not know has the group of the process alone. It may ask a server, and so take a while.
    """
    try:
        entry = pwd.getpwuid(peer.uid)
    except KeyError:
        return Account(peer.uid, f"uid {peer.uid}", {peer.gid: group_name(peer.gid)})
    groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
    return Account(peer.uid, entry.pw_name, {gid: group_name(gid) for gid in sorted(groups)})


def group_name(gid: int) -> str:
    """Return the name of a group, or its number where it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def user_name(uid: int) -> str:
    """Return the name of a user, or `uid N` where the number has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def uid_of(name: str) -> int:
    """Return the number of a user.

    Raises:
        ServiceError: there is none of that name.
    """
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise ServiceError(f"there is no user {name}, as which the service should run: correct service.user") from None


def gid_of(name: str) -> int:
    """Return the number of a group that is named, or given by its number.

    Raises:
        ServiceError: there is none of that name.
    """
    if name.isascii() and name.isdigit():
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise ServiceError(f"there is no group {name} to open the control socket to: correct control.group") from None
