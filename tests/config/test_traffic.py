"""The tables of traffic: what they may hold, and where what is wrong with them is said to be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.config.base import read, refused
from wedtui.cli.config_text import flatten
from wedtui.clock import SystemClock
from wedtui.config import Configuration
from wedtui.config_values import nameserver_parts
from wedtui.core.traffic import Place
from wedtui.providers.registry import traffic_backend
from wedtui.providers.traffic.base import Spot, Wanted
from wedtui.providers.traffic.powerdns import PowerDnsBackend
from wedtui.providers.traffic.route53 import Route53Backend

PROVIDERS = '[[providers]]\nname = "aws"\n[[providers]]\nname = "gcp"\n'
HEAD = '[traffic]\nbackend = "route53"\nname = "WWW.Example.com"\n'
ZONE = '[traffic.route53]\nhosted_zone_id = "Z1D633PJN98FT9"\n'
AWS = '[[traffic.places]]\nprovider = "aws"\ntarget = "192.0.2.1"\n'
GCP = '[[traffic.places]]\nprovider = "gcp"\ntarget = "192.0.2.3"\n'
ROUTE53 = PROVIDERS + HEAD + ZONE + AWS + GCP
API = '[traffic.powerdns]\nurl = "http://127.0.0.1:8081"\nzone = "example.com"\napi_key = { env = "DNS_KEY" }\n'
POWERDNS = (
    PROVIDERS + HEAD.replace("route53", "powerdns") + 'nameservers = ["127.0.0.1:5300", "ns1"]\n' + API + AWS + GCP
)


def test_without_a_backend_there_is_nothing(tmp_path: Path) -> None:
    section = Configuration().traffic
    assert (section.mode, section.backend, section.ttl) == ("propose", None, timedelta(seconds=60))
    assert traffic_backend(Configuration(), SystemClock()) is None
    assert read(tmp_path, '[traffic]\nmode = "off"\n').configuration.traffic.mode == "off"


def test_each_backend_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNS_KEY", "hunter2")
    assert isinstance(traffic_backend(read(tmp_path, ROUTE53).configuration, SystemClock()), Route53Backend)
    assert isinstance(traffic_backend(read(tmp_path, POWERDNS).configuration, SystemClock()), PowerDnsBackend)


def test_names_and_targets_as_servers_write_them(tmp_path: Path) -> None:
    text = ROUTE53.replace('target = "192.0.2.1"', 'target = "2001:DB8:0::1"\nregion = "eu-west-1"').replace(
        "192.0.2.3", "2001:db8::3"
    )
    wanted = Wanted.of(read(tmp_path, text.replace(ZONE, 'type = "AAAA"\n' + ZONE)).configuration.traffic)
    assert (wanted.name, wanted.generation_name) == ("www.example.com.", "_wedtui.www.example.com.")
    assert wanted.spots[0] == Spot(Place("aws", "eu-west-1"), "aws/eu-west-1", "2001:db8::1")


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("ns1.example.com", ("ns1.example.com", 53)),
        ("ns1.example.com:5300", ("ns1.example.com", 5300)),
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5300", ("2001:db8::53", 5300)),
    ],
)
def test_nameservers(tmp_path: Path, written: str, parts: tuple[str, int]) -> None:
    assert nameserver_parts(written) == parts
    text = POWERDNS.replace('"ns1"', f'"{written}"')
    assert read(tmp_path, text).configuration.traffic.nameservers[1] == written


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[traffic]\nmode = "auto"\n', "expected a backend beside mode auto"),
        ('[traffic]\nmode = "on"\n', "expected 'off', 'propose' or 'auto'"),
        (ROUTE53.replace(ZONE, ""), "expected a table route53 beside backend = 'route53'"),
        (PROVIDERS + HEAD + ZONE + AWS, "expected name and at least two places beside backend"),
        (ROUTE53.replace('name = "WWW.Example.com"', ""), "expected name and at least two places beside backend"),
        (ROUTE53.replace("Z1D633PJN98FT9", "/hostedzone/Z1"), "expected the id of a hosted zone"),
        (ROUTE53.replace("WWW.Example.com", "www"), "expected a full name of DNS in ASCII"),
        (ROUTE53.replace("WWW.Example.com", "*.example.com"), "expected a full name of DNS in ASCII"),
        (ROUTE53.replace(ZONE, 'ttl = "1500ms"\n' + ZONE), "expected a ttl of whole seconds"),
        (ROUTE53.replace(ZONE, 'ttl = "2d"\n' + ZONE), "expected at most 1d"),
        (ROUTE53.replace("192.0.2.1", "lb.example.net"), "expected an IPv4 address as target for the type A"),
        (ROUTE53.replace("192.0.2.1", "2001:db8::1"), "expected an IPv4 address as target for the type A"),
        (ROUTE53.replace(ZONE, 'type = "AAAA"\n' + ZONE), "expected an IPv6 address as target for the type AAAA"),
        (ROUTE53.replace("192.0.2.3", "192.0.2.1"), "expected each target once; 192.0.2.1 occurs twice"),
        (ROUTE53 + AWS.replace(".1", ".2"), "expected each place once; aws occurs twice"),
        (ROUTE53 + 'identifier = "aws"\n', "expected each identifier once; aws occurs twice"),
        (ROUTE53 + AWS.replace(".1", ".2") + 'region = "x"\n', "expected a region for every place of aws, or one"),
        (ROUTE53.replace('provider = "gcp"', 'provider = "gpc"'), 'expected the name of a provider (aws, gcp); "gpc"'),
        (ROUTE53.replace(ZONE, ZONE + 'endpoint_url = "http://u:p@h/"\n'), "expected a URL without user and password"),
        (POWERDNS.replace('nameservers = ["127.0.0.1:5300", "ns1"]', ""), "expected nameservers beside backend"),
        (POWERDNS.replace('"ns1"', '"ns1:0"'), "expected a nameserver such as"),
        (POWERDNS.replace('"ns1"', '"n s"'), "expected a nameserver such as"),
        (POWERDNS.replace('"ns1"', '"[::1"'), "expected a nameserver such as"),
        (POWERDNS.replace('zone = "example.com"', 'zone = "example.net"'), "expected a name in the zone example.net."),
        (POWERDNS.replace('{ env = "DNS_KEY" }', '"hunter2"'), "expected where the secret is found"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, said: str) -> None:
    problems = refused(tmp_path, text)
    assert any(said in problem for problem in problems), problems
    assert all("hunter2" not in problem for problem in problems)


def test_what_is_shown_has_no_secret(tmp_path: Path) -> None:
    shown = flatten(read(tmp_path, POWERDNS).configuration)
    assert shown["traffic.powerdns.api_key.env"] == '"DNS_KEY"'
    assert shown["traffic.places.0.target"] == '"192.0.2.1"'
