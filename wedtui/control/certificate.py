"""The certificate with which the service answers other machines, and its key: read anew once they are renewed."""

from __future__ import annotations

import os
import ssl
import stat
from collections.abc import Callable
from pathlib import Path

import structlog

from wedtui.control.identity import user_name
from wedtui.errors import ServiceError

log = structlog.get_logger(__name__)

_Stamp = tuple[tuple[int, int, int], ...]


class Certificate:
    """A certificate and its key, as they are on disk. Used by one thread."""

    def __init__(self, certificate: Path, key: Path, tell: Callable[[str | None], None]) -> None:
        """Read them.

        Args:
            certificate: in PEM, with those of the authorities between it and the root behind it.
            key: in PEM, without a password.
            tell: told why renewed ones cannot be used, and None once they can.

        Raises:
            ServiceError: they cannot be used, or others may read the key.
        """
        self._files, self._tell = (certificate, key), tell
        self._stamp = self._stamped()
        self._context = _context_of(*self._files)
        self._failed: _Stamp | None = None

    def context(self) -> ssl.SSLContext:
        """Return with what a new connection is answered: what is on disk, or what was while that cannot be used."""
        try:
            stamp = self._stamped()
            if stamp in {self._stamp, self._failed}:
                return self._context
            self._failed = stamp
            self._context, self._stamp = _context_of(*self._files), stamp
        except ServiceError as error:
            log.warning("the certificate on disk is not used", why=str(error))
            self._tell(f"{error}; until then the one from before is used")
            return self._context
        self._failed = None
        log.info("the certificate was read anew", file=str(self._files[0]))
        self._tell(None)
        return self._context

    def _stamped(self) -> _Stamp:
        found = [_looked_at(each) for each in self._files]
        return tuple((each.st_mtime_ns, each.st_ino, each.st_size) for each in found)


def _looked_at(file: Path) -> os.stat_result:
    try:
        return file.stat()
    except OSError as error:
        raise ServiceError(f"{file} cannot be looked at ({error.strerror}): see control.certificate and .key") from None


def _context_of(certificate: Path, key: Path) -> ssl.SSLContext:
    _refuse_open(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Asked for a password nobody could answer, it would wait at a terminal.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except ssl.SSLError as error:
        raise ServiceError(
            f"{certificate} and {key} cannot be used ({error.reason or 'no PEM'}): expected a certificate and its own "
            "key without a password, in PEM"
        ) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "the key has a password"
        raise ServiceError(
            f"{certificate} and {key} cannot be read ({why}): see control.certificate and .key"
        ) from None
    return context


def _refuse_open(key: Path) -> None:
    """Refuse a key that others may read; a group may that is root's, as systemd gives credentials.

    Raises:
        ServiceError: they may, or it is another user's.
    """
    found = _looked_at(key)
    if found.st_uid not in {0, os.geteuid()}:
        raise ServiceError(f"the key {key} belongs to {user_name(found.st_uid)}: have it belong to root or the service")
    mode = stat.S_IMODE(found.st_mode)
    tolerated = stat.S_IRGRP if found.st_gid == 0 else 0
    if mode & 0o077 & ~tolerated:
        raise ServiceError(f"others may use the key {key} (mode {mode:04o}): chmod 0600 {key}, and renew what they saw")
