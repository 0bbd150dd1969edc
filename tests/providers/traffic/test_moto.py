"""What moto answers as Route 53 does, beside the promises of every backend (`test_promises`).

Not asked of it, because it is wrong there (see `strict_route53`): it applies a batch by halves, lets no record come
back as it was, has no PENDING, no throttling and no limit of weights.
"""

from __future__ import annotations

import pytest

from tests.providers.traffic.base import AWAY, USUAL, using
from tests.providers.traffic.moto import OnMoto
from wedtui.errors import ForeignRecordsError, ProviderUnavailableError
from wedtui.providers.traffic.base import TrafficBackend


def test_one_change(moto: OnMoto) -> None:
    moto.put(USUAL)

    async def work(backend: TrafficBackend) -> None:
        read = await backend.read()
        assert (read.shares, read.generation) == (USUAL, 0)
        submission = await backend.submit(read, AWAY, 7)
        assert await backend.in_sync(submission)
        read = await backend.read()
        assert (read.shares, read.generation, read.submission) == (AWAY, 7, None)

    using(moto.backend(), work)


def test_an_alias(moto: OnMoto) -> None:
    moto.put(USUAL)
    target = {"HostedZoneId": "Z2", "DNSName": "lb.example.net.", "EvaluateTargetHealth": False}
    moto.change(
        "CREATE", {"Name": moto.name, "Type": "A", "SetIdentifier": "ocean", "Weight": 0, "AliasTarget": target}
    )
    with pytest.raises(ForeignRecordsError, match='the A record "ocean" is an alias'):
        using(moto.backend(), lambda backend: backend.read())


def test_another_zone(moto: OnMoto) -> None:
    with pytest.raises(ProviderUnavailableError, match="no such hosted zone"):
        using(moto.backend(route53={"hosted_zone_id": "Z0", "endpoint_url": moto.url}), lambda backend: backend.read())
