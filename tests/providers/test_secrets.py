"""Secrets come from where the configuration says, and no sentence holds one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from wedtui.config_base import Secret
from wedtui.errors import ConfigurationError
from wedtui.providers.secrets import resolve


class KeyringInMemory(KeyringBackend):
    """A keyring with one entry, which can be locked."""

    priority = 1
    locked = False

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("tell-nobody")
        return "tell-nobody" if (service, username) == ("wedtui", "prometheus") else None


@pytest.fixture
def in_memory() -> Iterator[KeyringInMemory]:
    before = keyring.get_keyring()
    used = KeyringInMemory()  # type: ignore[no-untyped-call]
    keyring.set_keyring(used)
    yield used
    keyring.set_keyring(before)


def refused(secret: Secret) -> str:
    with pytest.raises(ConfigurationError) as raised:
        resolve(secret)
    text = str(raised.value)
    assert "tell-nobody" not in text
    assert raised.value.__cause__ is None
    return text


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", " tell-nobody\n")
    assert resolve(Secret(env="A_TOKEN")) == "tell-nobody"
    monkeypatch.setenv("A_TOKEN", " ")
    assert "A_TOKEN should hold a secret and is not set" in refused(Secret(env="A_TOKEN"))
    monkeypatch.delenv("A_TOKEN")
    assert "A_TOKEN should hold a secret and is not set" in refused(Secret(env="A_TOKEN"))


def test_from_the_first_line_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("  tell-nobody \r\nand a remark\n")
    assert resolve(Secret(file=path)) == "tell-nobody"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "its first line is empty"),
        (b"\ntell-nobody\n", "its first line is empty"),
        (b"tell-nobody\xff", "is not text"),
    ],
)
def test_a_file_without_a_secret(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    text = refused(Secret(file=path))
    assert str(path) in text
    assert words in text


def test_from_the_keyring(in_memory: KeyringInMemory) -> None:
    assert resolve(Secret(keyring="wedtui/prometheus")) == "tell-nobody"
    assert "no secret wedtui/somebody" in refused(Secret(keyring="wedtui/somebody"))
    in_memory.locked = True
    assert "the secret wedtui/prometheus and cannot be read" in refused(Secret(keyring="wedtui/prometheus"))
