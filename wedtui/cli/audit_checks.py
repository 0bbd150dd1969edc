"""What `wedtui doctor` looks at of the audit chain: who can sign it, and who could change what was kept of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from wedtui.cli.checks import Check, Level

if TYPE_CHECKING:
    from wedtui.config_audit import AnchorSection, AuditSection

_NAME = "audit"


def audit_checks(section: AuditSection, uid: int, *, shared: bool) -> Iterator[Check]:
    """Look at the key and at the places of the anchors.

    Args:
        section: how they are configured.
        uid: of the user that the service runs as.
        shared: whether several persons rely on it.
    """
    if section.key_file is None:
        text = "the newest link of the audit chain is not signed, so nobody could tell that the end was cut off"
        if shared:
            yield Check(Level.WARNING, _NAME, text, "name a key_file under [audit], and `wedtui audit key`")
        else:
            yield Check(Level.NOTE, _NAME, f"{text}; nothing else of it was checked (`wedtui audit verify` does)")
        return
    yield from _key_checks(section.key_file, uid)
    if not section.anchors:
        text = "nothing outside of the ledger keeps the newest link of the audit chain"
        yield Check(Level.WARNING, _NAME, text, "name a place: [[audit.anchors]]")
    for anchor in section.anchors:
        yield from _anchor_checks(anchor, uid)


def _key_checks(file: Path, uid: int) -> Iterator[Check]:
    from wedtui.ledger.signing import key_problem

    try:
        found = file.lstat()
    except FileNotFoundError:
        yield Check(Level.PROBLEM, _NAME, f"there is no key at {file}", "`wedtui audit key`, as the service's user")
        return
    except OSError:
        yield Check(Level.NOTE, _NAME, f"the key {file} is the service's own: it was not looked at")
        return
    problem = key_problem(found, file, uid)
    if problem is not None:
        yield Check(Level.PROBLEM, _NAME, problem, f"chown {uid} {file} && chmod 0600 {file}, or make another")
    else:
        yield Check(Level.OK, _NAME, f"the key {file} is the service's alone")


def _anchor_checks(anchor: AnchorSection, uid: int) -> Iterator[Check]:
    if anchor.kind == "file" and anchor.path is not None:
        yield from _file_checks(anchor.name, anchor.path, uid)
    elif anchor.kind == "syslog":
        from wedtui.providers.anchors.places import DEV_LOG

        address = anchor.address or DEV_LOG
        if address.startswith("/") and not os.path.lexists(address):
            yield Check(
                Level.PROBLEM, _NAME, f"the anchor {anchor.name}: there is no {address}", "start the system's log"
            )


def _file_checks(name: str, path: Path, uid: int) -> Iterator[Check]:
    from wedtui.providers.anchors.places import append_only, file_problem

    what = f"the anchor {name}: {path}"
    try:
        found, folder = path.lstat(), path.parent.stat()
    except OSError as error:
        remedy = f"as another user: touch {path}, let the service append to it, chattr +a {path}"
        yield Check(Level.PROBLEM, _NAME, f"{what} cannot be looked at ({error.strerror})", remedy)
        return
    problem = file_problem(found, uid)
    if problem is not None:
        yield Check(Level.PROBLEM, _NAME, f"{what} {problem}", f"chown root {path}")
        return
    if folder.st_uid == uid or (folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX):
        text = f"{what} can be replaced by whoever writes the ledger: its directory can be written"
        yield Check(Level.PROBLEM, _NAME, text, f"chown root {path.parent} && chmod go-w {path.parent}")
        return
    if not append_only(path):
        text = f"{what} is not known to be append-only: who may append to it may also empty it"
        yield Check(Level.WARNING, _NAME, text, f"chattr +a {path}")
        return
    yield Check(Level.OK, _NAME, f"{what} belongs to another user, and can only be appended to")
