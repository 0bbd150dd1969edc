"""ACM: certificates, and when they expire. The list says so itself, without a call for each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from wedtui.core import resource_state as meaning
from wedtui.core.resource import Resource
from wedtui.providers.aws.calls import Calls, Found, Listing
from wedtui.providers.aws.services.base import Pace, Scope, Service, instant, text

CERTIFICATES = Listing("list_certificates", ("CertificateSummaryList",), size=("MaxItems", 1000))
KEY_TYPES = ("RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1")
"""All of them: without this filter only RSA keys up to 2048 bits are listed (ACM API reference, ListCertificates)."""


class Certificates(Service):
    """Certificates."""

    name: ClassVar[str] = "acm"
    client: ClassVar[str] = "acm"
    scope: ClassVar[Scope] = Scope.REGION
    pace: ClassVar[Pace] = Pace.INVENTORY

    async def read(self, calls: Calls) -> Found:
        """List every certificate."""
        entries = await calls.entries(CERTIFICATES, Includes={"keyTypes": list(KEY_TYPES)})
        now = calls.now()
        return Found([certificate(entry, calls.region, now) for entry in entries], {"acm.certificate"})


def certificate(entry: Mapping[str, Any], region: str, now: datetime) -> Resource:
    """Return a certificate; one of which is not said whether it is used counts as used."""
    arn, status = text(entry, "CertificateArn"), str(entry.get("Status", ""))
    # One that was never issued has no end, whatever is said of it.
    expires_at = instant(entry.get("NotAfter")) if status not in {"PENDING_VALIDATION", "FAILED"} else None
    in_use = entry.get("InUse") is not False
    meant = meaning.certificate(status, expires_at, now, in_use=in_use)
    return Resource(
        kind="acm.certificate",
        region=region,
        id=arn,
        name=str(entry.get("DomainName") or arn),
        status=status,
        state=meant.state,
        detail=meant.detail,
        created_at=instant(entry.get("CreatedAt")),
        # The end of one that nothing uses concerns nobody; its detail tells it.
        expires_at=expires_at if in_use else None,
    )
