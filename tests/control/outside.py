"""Other machines that ask: a certificate of an authority of the test's own, a server that answers over TLS, tokens."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.control.base import FACTS, NOW, SetClock, everybody
from tests.places import PLACES
from tests.ports import HOST, free_ports
from wedtui.cli.release_desk import ReleaseDesk
from wedtui.config import Configuration
from wedtui.config_control import ControlSection
from wedtui.control.desk import Desk
from wedtui.control.outside_server import Outside, OutsideServer
from wedtui.control.server import Plan
from wedtui.core.chain import Link
from wedtui.core.roles import Role
from wedtui.core.tokens import Scope, Token, digest_of_secret
from wedtui.ledger.audit_reader import AuditReader, link_of
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.token_reader import TokenReader
from wedtui.ledger.tokens import TokenWanted
from wedtui.paths import StatePaths

DAY = timedelta(days=1)
TEMPLATE = {
    "name": "web",
    "services": ["rsvp", "gallery"],
    "within": "10m",
    "soak": "5m",
    "checks": ["smoke"],
    "command": {"argv": ["/bin/true"], "shows": ["/bin/true"]},
    "watch": [{"provider": "aws", "signal": "error_rate", "above": 5}],
}


def secret_of(number: int) -> str:
    """Return a secret as one looks; it is nobody's."""
    return f"wedtui_{number:0>43}"


@dataclass
class Authority:
    """Makes certificates for this machine, of which whoever trusts `file` trusts each."""

    folder: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        self.file.write_bytes(self._signed("authority", self.key, authority=True))

    @property
    def file(self) -> Path:
        return self.folder / "authority.pem"

    def issue(self, name: str) -> tuple[Path, Path]:
        """Put a new certificate and its key in place of those of a name."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, secret = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(self._signed(name, key, authority=False))
        secret.touch(mode=0o600)
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, secret

    def _signed(self, name: str, key: ec.EllipticCurvePrivateKey, *, authority: bool) -> bytes:
        # By the clock of this machine, which TLS goes by.
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)


@dataclass
class Answering:
    """A server for other machines, and what stands behind it."""

    port: int
    ledger: Path
    authority: Authority
    certificate: Path
    key: Path
    clock: SetClock
    troubles: list[str | None]

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    def ask(self, method: str, path: str, secret: str | None, body: object = None, **headers: str) -> httpx.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if secret is not None:
            given["Authorization"] = f"Bearer {secret}"
        content = None if body is None else json.dumps(body)
        if content is not None:
            given["Content-Type"] = "application/json"
        trusted = ssl.create_default_context(cafile=str(self.authority.file))
        with httpx.Client(verify=trusted, trust_env=False, timeout=30) as client:
            return client.request(method, f"{self.url}{path}", headers=given, content=content)

    def token(
        self,
        number: int,
        scope: Scope,
        *,
        lasts: timedelta = DAY,
        services: tuple[str, ...] = (),
        environments: tuple[str, ...] = (),
    ) -> str:
        """Have a token; return its secret."""
        secret = secret_of(number)
        wanted = TokenWanted(f"ci-{number}", digest_of_secret(secret), [scope], lasts, services, environments)
        with closing(Ledger(PLACES.url(self.ledger))) as ledger:
            ledger.make_token(wanted, by="kay", at=self.clock.at)
        return secret

    def tokens(self) -> tuple[Token, ...]:
        with closing(TokenReader(PLACES.url(self.ledger))) as reader:
            return reader.tokens()

    def links(self) -> list[Link]:
        with closing(AuditReader(PLACES.url(self.ledger))) as reader:
            return [link for link in map(link_of, reader.written()) if link is not None]


@contextmanager
def answering(folder: Path, section: ControlSection | None = None) -> Iterator[Answering]:
    """Answer other machines on loopback."""
    authority = Authority(folder)
    certificate, key = authority.issue("server")
    ledger, clock = folder / "ledger.db", SetClock(NOW)
    configuration = Configuration.model_validate({"deployments": {"templates": [TEMPLATE]}})
    desk = Desk(PLACES.url(ledger), clock, everybody(Role.OWNER), personal_uid=None)
    releases = ReleaseDesk(configuration, StatePaths(folder), PLACES.url(folder / "cache.db"), PLACES.url(ledger))
    plan = Plan(folder / "none", section or ControlSection(), lambda: FACTS, lambda _: None, releases=releases)
    with free_ports(1) as (port,):
        pass
    made = Answering(port, ledger, authority, certificate, key, clock, [])
    with closing(Ledger(PLACES.url(ledger))):
        pass
    server = OutsideServer(Outside(HOST, port, certificate, key, made.troubles.append), plan, desk, clock)
    server.start()
    try:
        yield made
    finally:
        server.close()
        desk.close()
