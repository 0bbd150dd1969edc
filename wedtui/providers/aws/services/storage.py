"""S3: which buckets there are. Nothing more is asked: one call a bucket would be a call each for hundreds."""

from __future__ import annotations

from typing import ClassVar

from wedtui.core.resource import GLOBAL, Resource
from wedtui.core.state import State
from wedtui.providers.aws.calls import Calls, Found, Listing
from wedtui.providers.aws.services.base import Pace, Scope, Service, instant, text

BUCKETS = Listing("list_buckets", ("Buckets",), "ContinuationToken", "ContinuationToken", ("MaxBuckets", 1000))


class Buckets(Service):
    """Buckets."""

    name: ClassVar[str] = "s3"
    client: ClassVar[str] = "s3"
    scope: ClassVar[Scope] = Scope.HOME
    pace: ClassVar[Pace] = Pace.INVENTORY

    async def read(self, calls: Calls) -> Found:
        """List every bucket of the account."""
        entries = await calls.entries(BUCKETS)
        resources = [
            Resource(
                kind="s3.bucket",
                # Names are the whole world's; the listing is the account's, wherever a bucket lies.
                region=GLOBAL,
                id=text(entry, "Name"),
                name=text(entry, "Name"),
                status="listed",
                state=State.OK,
                created_at=instant(entry.get("CreationDate")),
            )
            for entry in entries
        ]
        return Found(resources, {"s3.bucket"})
