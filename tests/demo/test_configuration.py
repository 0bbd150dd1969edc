"""The demo's configuration is one that a user could have written."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from wedtui.config import Configuration, cross_check
from wedtui.config_values import format_wall_time
from wedtui.demo.configuration import PROFILE, demo_configuration, demo_credentials
from wedtui.demo.prometheus import parse_selector
from wedtui.demo.scenario import PROVIDERS, SCENARIOS, state
from wedtui.demo.world import Addresses

ADDRESSES = Addresses(
    {p.name: f"http://127.0.0.1:{4000 + i}" for i, p in enumerate(PROVIDERS)},
    "http://127.0.0.1:5000",
    "http://127.0.0.1:5001/freeze.ics",
    "http://127.0.0.1:5002/weddings",
    "http://127.0.0.1:5003",
    "127.0.0.1:5004",
    "http://127.0.0.1:5005/pages",
    "http://127.0.0.1:5006",
)


def configuration(state_dir: str = "/tmp/wedtui-demo") -> Configuration:
    return Configuration.model_validate(tomllib.loads(demo_configuration(ADDRESSES, Path(state_dir))))


def test_it_is_valid() -> None:
    found = configuration()
    assert cross_check(found) == []
    assert found.environment == "production"
    assert [(p.name, p.kind, p.weight, p.capacity) for p in found.providers] == [
        ("aws", "aws", 60, 1200),
        ("azure", "probed", 25, 500),
        ("gcp", "probed", 15, 800),
        ("digitalocean", "probed", 0, 400),
    ]


def test_the_account_is_asked_where_the_world_is_with_credentials_of_no_user() -> None:
    """A profile that is named keeps the SDK from what the environment says, and only the demo's file has this one."""
    section = configuration().providers[0].aws
    assert section is not None
    assert (section.endpoint_url, section.profile, section.role_arn) == (ADDRESSES.account, PROFILE, None)
    assert [line for line in demo_credentials().splitlines() if line.startswith("[")] == [
        f"[{PROFILE}]",
        f"[profile {PROFILE}]",
    ]
    assert not [p for p in configuration().providers[1:] if p.aws is not None]


def test_every_provider_has_two_probes() -> None:
    for i, provider in enumerate(PROVIDERS):
        probes = [p for p in configuration().probes if p.provider == provider.name]
        assert [(p.name, p.url) for p in probes] == [
            (f"{page}-{provider.name}", f"http://127.0.0.1:{4000 + i}/{page}") for page in ("healthz", "rsvp")
        ]
        assert {(p.interval, p.timeout) for p in probes} == {(timedelta(seconds=2), timedelta(seconds=1))}


def test_every_signal_of_every_provider_has_a_query_that_the_world_understands() -> None:
    (server,) = configuration().prometheus
    assert server.url == ADDRESSES.prometheus
    world = state(SCENARIOS["calm"], timedelta())
    asked = {(q.provider, q.signal) for q in server.queries}
    assert asked == {(p.name, signal) for p in world.providers for signal in p.signals}
    for query in server.queries:
        selector = parse_selector(query.query)
        assert (selector.metric, selector.label, selector.value) == (
            f"demo_{query.signal}",
            "provider",
            query.provider,
        )
        assert query.interval == timedelta(seconds=3)


def test_the_freeze_is_the_default_window_and_the_worlds_feed() -> None:
    freeze = configuration().freeze
    (window,) = freeze.windows
    assert (window.name, format_wall_time(window.start), format_wall_time(window.end)) == (
        "wedding weekend",
        "fri 18:00",
        "mon 06:00",
    )
    assert window.timezones == ("Europe/London", "America/New_York")
    assert [feed.url for feed in freeze.feeds] == [ADDRESSES.feed]


def test_the_weddings_are_read_from_the_worlds_platform() -> None:
    (source,) = configuration().weddings.sources
    assert (source.name, source.kind, source.url) == ("platform", "json", ADDRESSES.weddings)
    assert source.max_age == timedelta(hours=24)
    short = demo_configuration(ADDRESSES, Path("/tmp/wedtui-demo"), timedelta(minutes=1))
    (source,) = Configuration.model_validate(tomllib.loads(short)).weddings.sources
    assert source.interval < source.max_age == timedelta(minutes=1)


def test_people_are_told_by_the_worlds_pager() -> None:
    """Else a finding would stay that somebody has to be told and cannot be: nobody can mend that in a demo."""
    assert {name: (each.kind, each.url) for name, each in configuration().notify.items()} == {
        "pager": ("webhook", ADDRESSES.pager)
    }


@pytest.mark.parametrize("state_dir", ["/tmp/wedtui-demo", '/tmp/a "b" \\c/ü🎩', "/tmp/with space\x7f"])
def test_both_stores_are_in_the_state_directory(state_dir: str) -> None:
    found = configuration(state_dir)
    assert found.cache.url is not None
    assert found.ledger.url is not None
    assert make_url(found.cache.url).database == f"{state_dir}/cache.db"
    assert make_url(found.ledger.url).database == f"{state_dir}/ledger.db"
