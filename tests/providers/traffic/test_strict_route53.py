"""The strict server is as strict as Route 53, in its words, as boto3 hears them."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.providers.traffic.base import AWS, GCP, OCEAN, USUAL, OnRoute53
from tests.providers.traffic.strict_route53 import ZONE

ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})


def refused(route53: OnRoute53, *changes: tuple[str, dict[str, Any]]) -> str:
    """Submit a batch, and return why it was refused; nothing of it came true."""
    before = dict(route53.server.records)
    client: Any = boto3.client("route53", region_name="us-east-1", endpoint_url=route53.server.url, config=ONCE)
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
    with pytest.raises(ClientError) as caught:
        client.change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch=batch)
    assert route53.server.records == before
    return f"{caught.value.response['Error']['Code']} {caught.value.response['Error']['Message']}"


def test_a_batch_is_whole_or_nothing(route53: OnRoute53) -> None:
    route53.put(USUAL)
    good, bad = route53.record(OCEAN, 5), route53.record(GCP, 5)
    text = refused(route53, ("CREATE", good), ("CREATE", bad))
    called = "[name='www.example.com.', type='A', set identifier='gcp']"
    assert text == f"InvalidChangeBatch [Tried to create resource record set {called} but it already exists]"


def test_a_deletion_names_exactly_what_is_there(route53: OnRoute53) -> None:
    route53.put(USUAL)
    called = "[name='www.example.com.', type='A', set identifier='aws']"
    words = f"InvalidChangeBatch [Tried to delete resource record set {called} but the values provided do not match"
    for other in ({"Weight": 59}, {"TTL": 61}, {"ResourceRecords": [{"Value": "192.0.2.9"}]}):
        assert refused(route53, ("DELETE", {**route53.record(AWS, 60), **other})).startswith(words)
    assert "but it was not found" in refused(route53, ("DELETE", route53.record(OCEAN, 0)))


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"Weight": 256}, "InvalidInput .*less than or equal to 255"),
        ({"SetIdentifier": None, "Weight": None}, "InvalidChangeBatch .* cannot be created"),
        ({"Weight": None}, "InvalidInput .*Missing field"),
        ({"Name": "www.example.net."}, "is not permitted in zone"),
        (
            {"Type": "CNAME", "ResourceRecords": [{"Value": "x."}]},
            "conflicts with other records with the same DNS name",
        ),
        ({"ResourceRecords": [{"Value": "256 main street"}]}, "ARRDATAIllegalIPv4Address"),
    ],
)
def test_records_that_cannot_be(route53: OnRoute53, record: dict[str, Any], words: str) -> None:
    import re

    route53.put(USUAL)
    made = {**route53.record(OCEAN, 0), **record}
    assert re.search(words, refused(route53, ("CREATE", {key: v for key, v in made.items() if v is not None})))
