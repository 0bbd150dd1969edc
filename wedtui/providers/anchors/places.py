"""The places that keep anchors: a file of another owner, the system's log, a webhook.

Each takes one line and says whether it has it; what a place did not take is told again.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import stat
import struct
import sys
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import Protocol

from wedtui.config_audit import AnchorSection
from wedtui.config_values import loopback_parts
from wedtui.core.chain import Anchor, instant_words
from wedtui.core.redact import redacted_feed_url
from wedtui.errors import AuditError

DEV_LOG = "/dev/log"
TAG = "wedtui-audit: "
# FS_IOC_GETFLAGS and FS_APPEND_FL of linux/fs.h, on machines of 64 bits.
_GET_FLAGS, _APPEND_ONLY = 0x80086601, 0x20
_OPEN = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class AnchorPlace(Protocol):
    """A place outside of the ledger."""

    @property
    def name(self) -> str:
        """As it is configured."""
        ...

    def take(self, anchor: Anchor) -> None:
        """Keep an anchor; one that comes twice is kept twice. It may take its time: not on an event loop.

        Raises:
            AuditError: it is not certain that it is kept.
        """
        ...


class FilePlace:
    """A file of another user, to which the service may only append."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path

    def take(self, anchor: Anchor) -> None:
        """Append the anchor as one line, and wait for the disk.

        Raises:
            AuditError: the file is not there, is this user's own, or cannot be written.
        """
        try:
            descriptor = os.open(self._path, _OPEN)
        except OSError as error:
            raise self._problem(f"cannot be opened for appending ({error.strerror})") from None
        try:
            wrong = file_problem(os.fstat(descriptor), os.geteuid())
            if wrong is not None:
                raise self._problem(wrong)
            line = f"{anchor.line}\n".encode("ascii")
            if os.write(descriptor, line) != len(line):
                raise self._problem("took a part of the line only")
            os.fsync(descriptor)
        except OSError as error:
            raise self._problem(f"cannot be written ({error.strerror})") from None
        finally:
            os.close(descriptor)

    def _problem(self, what: str) -> AuditError:
        remedy = "another user makes it, for this one to append to (docs/audit.md)"
        return AuditError(f"the anchor {self.name}: {self._path} {what}: {remedy}")


def file_problem(found: os.stat_result, uid: int) -> str | None:
    """Say why a file is no place for anchors; None where it may be one.

    Args:
        found: what the system says of the file.
        uid: of the service's user.
    """
    if not stat.S_ISREG(found.st_mode):
        return "is no file"
    if found.st_uid == uid:
        return "belongs to the user that writes the ledger, who could change both"
    return None


def append_only(path: Path) -> bool | None:
    """Say whether the system lets nobody but append to a file (`chattr +a`); None where it does not tell."""
    flags = bytearray(struct.calcsize("l"))
    for how in (os.O_RDONLY, _OPEN):
        try:
            descriptor = os.open(path, how | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            fcntl.ioctl(descriptor, _GET_FLAGS, flags)
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return bool(int.from_bytes(flags, sys.byteorder) & _APPEND_ONLY)
    return None


class _Strict(SysLogHandler):
    """A handler that says when it could not hand over."""

    def mapPriority(self, levelName: str) -> str:  # noqa: N802, N803 - the names are logging's
        """Return the priority of an anchor, whatever the level."""
        return "notice"

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Let whoever logs know: it is called while the error is handled."""
        raise  # noqa: PLE0704 - as above


class SyslogPlace:
    """The system's log, by its socket or by a port of the loopback."""

    def __init__(self, name: str, address: str | None) -> None:
        self.name = name
        self._address = address or DEV_LOG

    def take(self, anchor: Anchor) -> None:
        """Hand the anchor to the log, as `authpriv.notice`.

        Raises:
            AuditError: it could not be handed over.
        """
        where = self._address if self._address.startswith("/") else loopback_parts(self._address)
        record = logging.LogRecord(TAG, logging.INFO, "", 0, TAG + anchor.line, None, None)
        try:
            handler = _Strict(where, SysLogHandler.LOG_AUTHPRIV)
            try:
                handler.emit(record)
            finally:
                handler.close()
        except OSError as error:
            raise AuditError(
                f"the anchor {self.name}: {self._address} cannot be reached ({error.strerror}): start the system's log"
            ) from None


class WebhookPlace:
    """Whoever takes each anchor by HTTP."""

    def __init__(self, section: AnchorSection) -> None:
        """Remember where it is; its secrets are looked up each time.

        Args:
            section: of the kind `webhook`.
        """
        assert section.url is not None
        self.name = section.name
        self._section = section
        self._url = section.url

    def take(self, anchor: Anchor) -> None:
        """Post the anchor; what is answered with 2xx is kept.

        Raises:
            AuditError: it was not answered so in time.
        """
        import httpx  # noqa: PLC0415 - only where a webhook is configured

        try:
            status = asyncio.run(self._post(anchor))
        except TimeoutError:
            raise self._problem("did not answer in time") from None
        except httpx.HTTPError as error:
            raise self._problem(f"did not take it ({type(error).__name__})") from None
        if not 200 <= status < 300:
            raise self._problem(f"answered {status}")

    async def _post(self, anchor: Anchor) -> int:
        """Return with which status an anchor was answered; what else comes back is not read."""
        import httpx  # noqa: PLC0415 - as above

        from wedtui.providers.web import USER_AGENT, resolved_headers, trust  # noqa: PLC0415 - as above

        section = self._section
        headers = {"User-Agent": USER_AGENT, **resolved_headers(f"the anchor {self.name}", section.headers)}
        within = section.timeout.total_seconds()
        # The client's own limits begin anew with each byte.
        async with (
            asyncio.timeout(within),
            httpx.AsyncClient(verify=trust(section.ca_file), timeout=within, trust_env=False) as client,
            client.stream("POST", self._url, json=anchor_json(anchor), headers=headers) as answer,
        ):
            return answer.status_code

    def _problem(self, what: str) -> AuditError:
        place = redacted_feed_url(self._url)
        return AuditError(f"the anchor {self.name}: {place} {what}: check its address; it is tried again")


def anchor_json(anchor: Anchor) -> dict[str, object]:
    """Return an anchor as a webhook gets it; `line` is what `verify` reads."""
    return {
        "line": anchor.line,
        "number": anchor.number,
        "hash": anchor.hash,
        "at": instant_words(anchor.at),
        "key": anchor.key,
        "signature": anchor.signature,
    }


def place_of(section: AnchorSection) -> AnchorPlace:
    """Return the place that a section describes."""
    if section.kind == "file":
        assert section.path is not None
        return FilePlace(section.name, section.path)
    if section.kind == "syslog":
        return SyslogPlace(section.name, section.address)
    return WebhookPlace(section)
