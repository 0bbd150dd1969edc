"""Signing what is anchored: Ed25519 keys, the private one in a file that its user alone may read.

Nothing here ever shows a private key; what is printed and handed on is the public one.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from wedtui.core.chain import Anchor
from wedtui.errors import AuditError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_MODE = 0o600
FINGERPRINT_LENGTH = 16
_LARGEST_FILE = 64 * 1024


class Signer(Protocol):
    """Whoever holds a private key."""

    @property
    def fingerprint(self) -> str:
        """Of the public key."""
        ...

    @property
    def public_key(self) -> str:
        """In PEM."""
        ...

    def sign(self, words: str) -> str:
        """Return the signature of some words, in base64."""
        ...


class FileSigner:
    """Signs with the key of a file."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = _pem(key.public_key())
        self.fingerprint = _fingerprint(key.public_key())

    def sign(self, words: str) -> str:
        """Return the signature of some words, in base64."""
        return base64.b64encode(self._key.sign(words.encode("ascii"))).decode("ascii")

    def __repr__(self) -> str:
        return f"FileSigner({self.fingerprint})"


class PublicKeys:
    """The public keys by which signatures are checked."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Read keys in PEM, one or more in each text.

        Raises:
            AuditError: one cannot be read, or there is none.
        """
        self._keys: dict[str, Ed25519PublicKey] = {}
        for text in texts:
            for key in _public_keys(text):
                self._keys[_fingerprint(key)] = key

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Return the fingerprint of each, in their order."""
        return tuple(self._keys)

    def problem(self, anchor: Anchor) -> str | None:
        """Say why the signature of an anchor does not count; None where it does."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only where something is checked

        key = self._keys.get(anchor.key)
        if key is None:
            return f"the anchor of link {anchor.number} is signed by the key {anchor.key}, which was not given"
        try:
            key.verify(base64.b64decode(anchor.signature), anchor.signed.encode("ascii"))
        except (InvalidSignature, ValueError):
            return f"the anchor of link {anchor.number} is not signed by the key {anchor.key} that it names"
        return None


def make_key(file: Path) -> FileSigner:
    """Make a key in a file that is not there yet, which its user alone may read.

    Raises:
        AuditError: there is a file already, or it cannot be made.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - only where a key is made
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, KEY_MODE)
        try:
            with os.fdopen(descriptor, "wb") as writing:
                os.fchmod(descriptor, KEY_MODE)
                writing.write(text)
                writing.flush()
                os.fsync(descriptor)
            # Whole or not at all, and never in the place of another.
            os.link(draft, file)
        finally:
            draft.unlink(missing_ok=True)
    except FileExistsError:
        raise AuditError(f"{file} is there already: a key is never replaced, name another file for a new one") from None
    except OSError as error:
        raise AuditError(
            f"the key {file} cannot be made ({error.strerror}): make its directory, for this user"
        ) from None
    return FileSigner(key)


def load_signer(file: Path) -> FileSigner:
    """Read the key of a file.

    Raises:
        AuditError: it is not there, not this user's alone, or no such key.
    """
    text = _private_text(file)
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - only where something is signed
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _no_key(file) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(file)
    return FileSigner(key)


def key_problem(found: os.stat_result, file: Path, uid: int) -> str | None:
    """Say why a key's file is not one that a user alone may read; None where it is.

    Args:
        found: what the system says of the file.
        file: its path.
        uid: of the user.
    """
    if not stat.S_ISREG(found.st_mode):
        return f"the key {file} is no file"
    if found.st_uid != uid:
        return f"the key {file} belongs to another user (uid {found.st_uid}), who could sign with it"
    mode = stat.S_IMODE(found.st_mode)
    if mode & ~KEY_MODE:
        return f"the key {file} has mode {mode:04o}, so that others may use it"
    return None


def _private_text(file: Path) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise AuditError(f"there is no key at {file}: `wedtui audit key` makes it") from None
    except OSError as error:
        raise AuditError(f"the key {file} cannot be read ({error.strerror}): run this as its owner") from None
    with os.fdopen(descriptor, "rb") as reading:
        problem = key_problem(os.fstat(descriptor), file, os.geteuid())
        if problem is not None:
            raise AuditError(f"{problem}: make a new key with `wedtui audit key` under another name, or chmod 0600")
        return reading.read(_LARGEST_FILE)


def _no_key(file: Path) -> AuditError:
    return AuditError(f"{file} holds no Ed25519 key: `wedtui audit key` makes one, under a name that is free")


def _public_keys(text: str) -> Iterable[Ed25519PublicKey]:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - only where something is checked
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    begin = "-----BEGIN PUBLIC KEY-----"
    parts = [begin + part for part in text.split(begin)[1:]]
    if not parts:
        raise AuditError('expected a public key in PEM, which begins with "BEGIN PUBLIC KEY": `wedtui audit key`')
    for part in parts:
        try:
            key = load_pem_public_key(part.encode())
        except (ValueError, UnsupportedAlgorithm):
            raise AuditError(
                "a public key in PEM cannot be read: copy it again as `wedtui audit key` prints it"
            ) from None
        if not isinstance(key, Ed25519PublicKey):
            raise AuditError("a public key is none of Ed25519: copy it as `wedtui audit key` prints it")
        yield key


def _pem(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - as above

    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def _fingerprint(key: Ed25519PublicKey) -> str:
    """Return the beginning of the SHA-256 of a key in DER: `openssl pkey -pubin -outform DER | sha256sum`."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - as above

    text = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(text).hexdigest()[:FINGERPRINT_LENGTH]
