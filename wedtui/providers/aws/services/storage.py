"""S3: which buckets there are, and where. Nothing more is asked: that would be a call for each of hundreds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from wedtui.core.resource import GLOBAL, Resource
from wedtui.core.state import State
from wedtui.providers.aws.calls import Calls, Found, Listing
from wedtui.providers.aws.services.base import Pace, Scope, Service, instant, text

_REGION = re.compile(r"[a-z0-9-]{1,32}")
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
                region=_region(entry),
                id=text(entry, "Name"),
                name=text(entry, "Name"),
                status="listed",
                state=State.OK,
                created_at=instant(entry.get("CreationDate")),
            )
            for entry in entries
        ]
        return Found(resources, {"s3.bucket"})


def _region(entry: Mapping[str, Any]) -> str:
    """Return where a bucket lies; `global` where the answer does not say: names are the whole world's anyway."""
    region = entry.get("BucketRegion")
    return region if isinstance(region, str) and _REGION.fullmatch(region) else GLOBAL
