"""The commands for a person: what a shell makes of them is exactly the change, whatever stands in the records."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.emergency import SHARES, places, reading
from wedtui.core.by_hand import ByHand, PowerDnsAddress, Route53Address, by_hand
from wedtui.core.traffic import Place, TrafficReading

AWAY = {"aws": 0, "azure": 45, "digitalocean": 25, "gcp": 30}
NAME = "www.example.com."
TARGETS = {name: f"192.0.2.{n}" for n, name in enumerate(SHARES, 1)}
ROUTE53 = Route53Address("Z0123456789ABC", {f"set {name}": Place(name) for name in SHARES})
POWERDNS = PowerDnsAddress("http://127.0.0.1:8081", "example.com.", {TARGETS[name]: Place(name) for name in SHARES})


def weighted(name: str, weight: int, **other: Any) -> dict[str, Any]:
    return {
        "Name": NAME,
        "Type": "A",
        "SetIdentifier": f"set {name}",
        "Weight": weight,
        "TTL": 30,
        "ResourceRecords": [{"Value": TARGETS[name]}],
        **other,
    }


GENERATION = {
    "Name": f"_wedtui.{NAME}",
    "Type": "TXT",
    "TTL": 30,
    "ResourceRecords": [{"Value": '"wedtui generation=7"'}],
}


def route53(records: Any = None, shares: Mapping[str, int] = SHARES) -> TrafficReading:
    found = [weighted(name, share) for name, share in shares.items()] if records is None else records
    return reading(shares, records=json.dumps([*found, GENERATION]))


def lua(table: str, **other: Any) -> dict[str, Any]:
    content = f'A "pickwrandom({{{table}}})"'
    record = {"content": content, "disabled": False}
    return {"name": NAME, "type": "LUA", "ttl": 30, "records": [record], **other}


TABLE = ", ".join(f"{{{share},'{TARGETS[name]}'}}" for name, share in SHARES.items())


def powerdns(*records: Any) -> TrafficReading:
    txt = {"name": f"_wedtui.{NAME}", "type": "TXT", "ttl": 30, "records": [{"content": '"x"', "disabled": False}]}
    return reading(backend="powerdns", records=json.dumps([*(records or (lua(TABLE),)), txt]))


def batch(found: ByHand) -> dict[str, Any]:
    assert found.problem is None
    words = shlex.split(found.steps[1].command)
    batch: dict[str, Any] = json.loads(words[words.index("--change-batch") + 1])
    return batch


def test_route53_is_one_batch_that_deletes_exactly_what_was_read_and_creates_the_new() -> None:
    found = by_hand(route53(), places(AWAY), ROUTE53)
    assert batch(found) == {
        "Comment": "by hand: aws 0, azure 45, digitalocean 25, gcp 30",
        "Changes": [
            *({"Action": "DELETE", "ResourceRecordSet": weighted(n, share)} for n, share in SHARES.items()),
            *({"Action": "CREATE", "ResourceRecordSet": weighted(n, AWAY[n])} for n in SHARES),
        ],
    }
    look, change, wait = found.steps
    assert look.command == (
        "aws route53 list-resource-record-sets --hosted-zone-id Z0123456789ABC "
        "--start-record-name www.example.com. --max-items 25"
    )
    # A record that was added behind them, or between, is listed too: the batch is not refused for it.
    assert look.says == (
        "look first: the weights have to be aws 60, azure 25, digitalocean 0, gcp 15, "
        "with no other A, AAAA, CNAME, HTTPS or SVCB record of www.example.com."
    )
    assert "if one of these 4 is not as it was read, and not because of others" in change.says
    assert change.command.startswith(
        "aws route53 change-resource-record-sets --hosted-zone-id Z0123456789ABC --change-batch '{"
    )
    assert wait.command == "aws route53 wait resource-record-sets-changed --id ID"
    assert "30 s" in wait.says


def test_route53_elsewhere_is_asked_there() -> None:
    found = by_hand(route53(), places(AWAY), replace(ROUTE53, endpoint_url="http://127.0.0.1:4566"))
    asked = "aws --region us-east-1 --endpoint-url http://127.0.0.1:4566 route53 "
    assert all(step.command.startswith(asked) for step in found.steps)
    assert "holds a user or password" in str(
        by_hand(route53(), places(AWAY), replace(ROUTE53, endpoint_url="http://me:secret@127.0.0.1:4566")).problem
    )


def test_route53_keeps_all_else_that_a_record_has() -> None:
    alias = {"HostedZoneId": "Z1", "DNSName": "it's a\\052.example.", "EvaluateTargetHealth": True}
    record = weighted("aws", 60, AliasTarget=alias, HealthCheckId="abc")
    others = [weighted(name, share) for name, share in SHARES.items() if name != "aws"]
    created = batch(by_hand(route53([record, *others]), places(AWAY), ROUTE53))["Changes"][4]["ResourceRecordSet"]
    assert created == {**record, "Weight": 0}


def test_powerdns_replaces_the_weights_and_nothing_else() -> None:
    found = by_hand(powerdns(), places(AWAY), POWERDNS)
    assert found.problem is None
    look, change = found.steps
    words = shlex.split(change.command)
    table = "{0,'192.0.2.1'}, {45,'192.0.2.2'}, {30,'192.0.2.3'}, {25,'192.0.2.4'}"
    assert json.loads(words[words.index("--data-raw") + 1]) == {
        "rrsets": [
            {
                "name": NAME,
                "type": "LUA",
                "ttl": 30,
                "changetype": "REPLACE",
                "records": [
                    {
                        "content": f'A "pickwrandom({{{table}}})"',
                        "disabled": False,
                    }
                ],
            }
        ]
    }
    url = "http://127.0.0.1:8081/api/v1/servers/localhost/zones/example.com."
    assert words[-1] == url
    assert shlex.split(look.command)[-1] == f"{url}?rrset_name=www.example.com.&rrset_type=LUA"
    for step in found.steps:
        assert step.command.startswith("printf 'X-API-Key: %s' \"$PDNS_API_KEY\" | curl ")
        assert "--header @-" in step.command


def test_a_shell_gives_curl_the_key_where_no_other_user_sees_it(tmp_path: Path) -> None:
    """A real shell runs the command with a curl that notes what it was given."""
    curl = tmp_path / "curl"
    curl.write_text(f'#!/bin/sh\ncat > {tmp_path}/input\nprintf "%s\\n" "$@" > {tmp_path}/arguments\n')
    curl.chmod(0o755)
    command = by_hand(powerdns(), places(AWAY), POWERDNS).steps[1].command
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PDNS_API_KEY": "it's $ecret"}
    subprocess.run(["/bin/sh", "-c", command], env=environment, check=True)
    assert (tmp_path / "input").read_text() == "X-API-Key: it's $ecret"
    arguments = (tmp_path / "arguments").read_text()
    assert "ecret" not in arguments
    assert "{0,'192.0.2.1'}" in arguments


@pytest.mark.parametrize(
    ("read", "shares", "address", "why"),
    [
        (route53(), {**AWAY, "aws": 1}, ROUTE53, "the shares sum to 101 and not to 100"),
        (route53(), {"aws": 0, "azure": 100}, ROUTE53, "the new shares are not for the places that have records"),
        (route53(), AWAY, POWERDNS, "they are of another backend than the one that is configured"),
        (powerdns(), AWAY, ROUTE53, "they are of another backend than the one that is configured"),
        (reading(backend="bind"), AWAY, ROUTE53, "they are no list of records"),
        (reading(records="["), AWAY, ROUTE53, "cannot be used"),
        (reading(records='["x"]'), AWAY, ROUTE53, "they are no list of records"),
        (route53([weighted("aws", 60)]), AWAY, ROUTE53, "they have no weight of azure, digitalocean, gcp"),
        (route53([weighted("aws", 60, SetIdentifier="else")]), AWAY, ROUTE53, "else stands for no place"),
        (route53([{"Weight": 1}]), AWAY, ROUTE53, "have no 'SetIdentifier'"),
        (route53([weighted("aws", 60, SetIdentifier="\x1b[2J")]), AWAY, ROUTE53, "SetIdentifier is no plain text"),
        (route53(), AWAY, Route53Address("Z1; reboot", ROUTE53.identifiers), "the id of the hosted zone is none"),
        (powerdns(lua(TABLE), lua(TABLE)), AWAY, POWERDNS, "there are 2 sets of LUA records, not one"),
        (powerdns(lua("{60,'192.0.2.1'}")), AWAY, POWERDNS, "they have no weight of azure, digitalocean, gcp"),
        (powerdns(lua(TABLE + ",{1,'192.0.2.1'}")), AWAY, POWERDNS, "aws occurs twice"),
        (powerdns(lua("{60,'192.0.2.9'}")), AWAY, POWERDNS, "192.0.2.9 stands for no place"),
        (powerdns(lua(TABLE, records="x")), AWAY, POWERDNS, "they are no list of records"),
        (powerdns(), AWAY, PowerDnsAddress("http://u:p@h", "z", POWERDNS.targets), "holds a user or password"),
        (powerdns(), AWAY, PowerDnsAddress("file:///etc", "z", POWERDNS.targets), "the address of the server is none"),
        (powerdns(), AWAY, PowerDnsAddress("http://h/\x1b[2J", "z", POWERDNS.targets), "is no plain text"),
    ],
)
def test_what_cannot_be_used_gives_a_sentence_and_no_command(
    read: TrafficReading, shares: dict[str, int], address: Any, why: str
) -> None:
    found = by_hand(read, places(shares), address)
    assert found.steps == ()
    assert found.problem is not None
    assert found.problem.startswith("no command can be given: ")
    assert why in found.problem
    assert "u:p" not in found.problem


ANY_TEXT = st.text(max_size=20)


@given(ANY_TEXT, ANY_TEXT)
def test_whatever_stands_in_a_record_the_command_is_one_line_that_a_shell_reads_back(value: str, check: str) -> None:
    others = [weighted(name, share) for name, share in SHARES.items() if name != "aws"]
    record = weighted("aws", 60, ResourceRecords=[{"Value": value}], HealthCheckId=check)
    found = by_hand(route53([record, *others]), places(AWAY), ROUTE53)
    for step in found.steps:
        assert step.command.isascii()
        assert step.command.isprintable()
    assert batch(found)["Changes"][0]["ResourceRecordSet"] == record


@given(st.lists(st.integers(0, 100), min_size=3, max_size=3))
def test_the_weights_are_the_shares(cuts: list[int]) -> None:
    first, second, third = sorted(cuts)
    shares = dict(zip(SHARES, (first, second - first, third - second, 100 - third), strict=True))
    created = batch(by_hand(route53(), places(shares), ROUTE53))["Changes"][4:]
    assert {c["ResourceRecordSet"]["SetIdentifier"]: c["ResourceRecordSet"]["Weight"] for c in created} == {
        f"set {name}": share for name, share in shares.items()
    }
    words = shlex.split(by_hand(powerdns(), places(shares), POWERDNS).steps[1].command)
    content = json.loads(words[words.index("--data-raw") + 1])["rrsets"][0]["records"][0]["content"]
    assert content == lua(", ".join(f"{{{shares[n]},'{TARGETS[n]}'}}" for n in SHARES))["records"][0]["content"]
