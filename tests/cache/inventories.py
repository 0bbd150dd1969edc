"""Observations of a provider's API, and what the cache makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tests.cache.base import NOW
from wedtui.cache.reader import CacheReader
from wedtui.core.inventory import KnownResource, ResourceQuery
from wedtui.core.observation import ApiObservation
from wedtui.core.resource import Reach, Resource
from wedtui.core.state import State

MINUTE = timedelta(minutes=1)
INSTANCE = "ec2.instance"
EVERYTHING = ResourceQuery(limit=1000)


def resource(number: str, *, kind: str = INSTANCE, region: str = "eu-west-1", **more: Any) -> Resource:
    values: dict[str, Any] = {"name": f"web-{number}", "status": "running", "state": State.OK, **more}
    return Resource(kind=kind, region=region, id=f"i-{number}", **values)


def asking(
    resources: Iterable[Resource] = (),
    at: datetime = NOW,
    *,
    reach: Reach = Reach.ANSWERED,
    kinds: Iterable[str] = (INSTANCE,),
    **more: Any,
) -> ApiObservation:
    values: dict[str, Any] = {"provider": "aws", "region": "eu-west-1", "service": "ec2", "interval": MINUTE, **more}
    return ApiObservation(at=at, reach=reach, kinds=frozenset(kinds), resources=tuple(resources), **values)


def present(reader: CacheReader, now: datetime = NOW) -> list[str]:
    return [each.resource.id for each in reader.resources(EVERYTHING, now).rows]


def vanished(reader: CacheReader, now: datetime = NOW) -> dict[str, KnownResource]:
    rows = reader.resources(ResourceQuery(vanished=True, limit=1000), now).rows
    return {each.resource.id: each for each in rows}
