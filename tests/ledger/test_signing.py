"""Keys: made once, never replaced, used only where nobody else can, and never shown."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.ledger.base import NOW
from tests.needs import need, require_program
from tests.places import SQLITE
from wedtui.core.chain import Anchor
from wedtui.errors import AuditError
from wedtui.ledger.signing import FileSigner, PublicKeys, load_signer, make_key

ONLY_ON = SQLITE


def signed(signer: FileSigner) -> Anchor:
    bare = Anchor(7, "ab" * 32, NOW, signer.fingerprint)
    return replace(bare, signature=signer.sign(bare.signed))


def pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize("umask", [0, 0o277])
def test_a_key_is_its_users_alone_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: int
) -> None:
    made_with: list[int] = []
    right = os.fchmod

    def watched(descriptor: int, mode: int) -> None:
        made_with.append(os.fstat(descriptor).st_mode & 0o077)
        right(descriptor, mode)

    monkeypatch.setattr(os, "fchmod", watched)
    before = os.umask(umask)
    try:
        made = make_key(tmp_path / "key")
    finally:
        os.umask(before)
    assert (tmp_path / "key").stat().st_mode & 0o7777 == 0o600
    # Nor could others open it for the moment before.
    assert made_with == [0]
    assert [each.name for each in tmp_path.iterdir()] == ["key"]
    loaded = load_signer(tmp_path / "key")
    assert (loaded.fingerprint, loaded.public_key) == (made.fingerprint, made.public_key)


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    before = (tmp_path / "key").read_bytes()
    with pytest.raises(AuditError, match="is there already: a key is never replaced"):
        make_key(tmp_path / "key")
    (tmp_path / "nowhere").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuditError, match="is there already"):
        make_key(tmp_path / "nowhere")
    assert (tmp_path / "key").read_bytes() == before
    assert {each.name for each in tmp_path.iterdir()} == {"key", "nowhere"}
    with pytest.raises(AuditError, match="cannot be made"):
        make_key(tmp_path / "no" / "such" / "key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644, 0o700])
def test_a_key_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    make_key(file)
    file.chmod(mode)
    with pytest.raises(AuditError, match=f"has mode {mode:04o}"):
        load_signer(file)
    file.chmod(0o400)
    load_signer(file)


def test_a_key_of_another_user_is_refused(tmp_path: Path) -> None:
    need(os.geteuid() == 0, "needs root, to give a file away")
    file = tmp_path / "key"
    make_key(file)
    os.chown(file, 65534, -1)
    with pytest.raises(AuditError, match=r"belongs to another user \(uid 65534\)"):
        load_signer(file)


def test_what_is_no_key_is_said(tmp_path: Path) -> None:
    file = tmp_path / "key"
    with pytest.raises(AuditError, match=r"there is no key at .*: `wedtui audit key` makes it"):
        load_signer(file)
    make_key(tmp_path / "other")
    file.symlink_to(tmp_path / "other")
    with pytest.raises(AuditError, match="cannot be read"):
        load_signer(file)
    file.unlink()
    os.mkfifo(file, 0o600)
    with pytest.raises(AuditError, match="is no file"):
        load_signer(file)
    file.unlink()
    for text in (b"", b"not a key", pem(ec.generate_private_key(ec.SECP256R1()))):
        file.write_bytes(text)
        file.chmod(0o600)
        with pytest.raises(AuditError, match="holds no Ed25519 key"):
            load_signer(file)


def test_a_signature_is_of_every_word(tmp_path: Path) -> None:
    signer = make_key(tmp_path / "key")
    keys, anchor = PublicKeys([signer.public_key]), signed(signer)
    assert keys.problem(anchor) is None
    for changed in (
        replace(anchor, number=8),
        replace(anchor, hash="ac" * 32),
        replace(anchor, at=NOW + timedelta(microseconds=1)),
        replace(
            anchor, signature=anchor.signature.replace(anchor.signature[3], "A" if anchor.signature[3] != "A" else "B")
        ),
        replace(anchor, signature=""),
        replace(anchor, signature="é"),
    ):
        assert (
            keys.problem(changed)
            == f"the anchor of link {changed.number} is not signed by the key {anchor.key} that it names"
        )
    assert keys.problem(replace(anchor, key="f" * 16)) is not None


def test_only_keys_that_were_given_count(tmp_path: Path) -> None:
    one, two = make_key(tmp_path / "one"), make_key(tmp_path / "two")
    assert PublicKeys([one.public_key]).problem(signed(two)) == (
        f"the anchor of link 7 is signed by the key {two.fingerprint}, which was not given"
    )
    both = PublicKeys([one.public_key + two.public_key])
    assert both.fingerprints == (one.fingerprint, two.fingerprint)
    assert both.problem(signed(one)) is both.problem(signed(two)) is None
    # A name that is another's.
    assert both.problem(replace(signed(two), key=one.fingerprint)) is not None


@pytest.mark.parametrize("text", ["", "hello", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_what_is_no_public_key_is_said(text: str) -> None:
    with pytest.raises(AuditError, match="public key in PEM"):
        PublicKeys([text])


def test_the_private_key_is_in_no_word_of_it(tmp_path: Path) -> None:
    signer = make_key(tmp_path / "key")
    private = (tmp_path / "key").read_text().splitlines()[1]
    assert private not in repr(signer) + signer.public_key + signed(signer).line
    assert repr(signer) == f"FileSigner({signer.fingerprint})"


def test_the_fingerprint_is_what_openssl_says(tmp_path: Path) -> None:
    openssl = require_program("openssl", package="openssl")
    signer = make_key(tmp_path / "key")
    (tmp_path / "public").write_text(signer.public_key)
    words = f"{openssl} pkey -pubin -in {tmp_path}/public -outform DER | sha256sum"
    said = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=True).stdout
    assert said[:16] == signer.fingerprint
