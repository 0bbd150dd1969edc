"""Secrets, read from where the configuration says they are.

No message here ever holds a secret: a sentence names the reference (a variable, a file, an entry of the
keyring), never what was found there.
"""

from __future__ import annotations

import os
from pathlib import Path

from wedtui.config_base import Secret
from wedtui.errors import ConfigurationError

_FILE_AT_MOST = 64 * 1024


def resolve(secret: Secret) -> str:
    """Return the secret that a reference of the configuration stands for, without white space around it.

    Raises:
        ConfigurationError: it is not there, cannot be read, or is empty; the sentence names the reference.
    """
    if secret.env is not None:
        return _from_environment(secret.env)
    if secret.file is not None:
        return _from_file(secret.file)
    return _from_keyring(secret.keyring or "")


def _from_environment(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigurationError(f"the environment variable {name} should hold a secret and is not set: set it")
    return value


def _from_file(path: Path) -> str:
    # `from None`: the bytes that could not be decoded would be part of the cause.
    try:
        with path.open("rb") as file:
            text = file.read(_FILE_AT_MOST).decode()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ConfigurationError(
            f"the file {path} should hold a secret and cannot be read ({why}): make it readable for this user"
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(
            f"the file {path} should hold a secret and is not text: write it on the first line"
        ) from None
    value = text.partition("\n")[0].strip()
    if not value:
        raise ConfigurationError(f"the file {path} should hold a secret and its first line is empty: write it there")
    return value


def _from_keyring(reference: str) -> str:
    # Late: it loads every backend that is installed, and few configurations use it.
    import keyring  # noqa: PLC0415
    from keyring.errors import KeyringError  # noqa: PLC0415

    service, _, user = reference.rpartition("/")
    try:
        value = (keyring.get_password(service, user) or "").strip()
    except KeyringError as error:
        raise ConfigurationError(
            f"the keyring should hold the secret {reference} and cannot be read ({type(error).__name__}): unlock it, "
            "or keep the secret in a file"
        ) from None
    if not value:
        raise ConfigurationError(
            f"the keyring has no secret {reference}: add it with `keyring set {service} {user}` as this user"
        )
    return value
