"""Certificates of every kind, made when a test needs them."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def expires_at(self) -> datetime:
        return self.certificate.not_valid_after_utc

    def write(self, directory: Path, name: str) -> Path:
        """Write the certificate alone, as a ca_file, and return where."""
        path = directory / f"{name}.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def server_context(self, directory: Path) -> ssl.SSLContext:
        """Return what a server needs that shows this certificate."""
        path = self.write(directory, "server")
        key = directory / "server.key"
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path, key)
        return context


def authority(name: str = "A test's authority") -> Certificate:
    """Make a certificate that may sign others."""
    return _make(name, None, None, timedelta(days=-1), timedelta(days=30))


def certificate(
    issuer: Certificate | None,
    *,
    host: str = LOOPBACK,
    since: timedelta = timedelta(days=-1),
    until: timedelta = timedelta(days=30),
) -> Certificate:
    """Make a server's certificate, signed by `issuer` or by itself, valid between two spans from now."""
    return _make(host, host, issuer, since, until)


def _make(name: str, host: str | None, issuer: Certificate | None, since: timedelta, until: timedelta) -> Certificate:
    # OpenSSL compares with the machine's clock, so validity has to be counted from it.
    now = datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + since)
        .not_valid_after(now + until)
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
    )
    if host is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
    return Certificate(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
