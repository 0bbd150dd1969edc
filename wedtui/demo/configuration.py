"""The configuration file of the demo: the one a user would write for the demo's world."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from wedtui.core.calendar import GOOD_FOR
from wedtui.demo.names import RECORD, TARGETS, TTL_S, ZONE
from wedtui.demo.prometheus import metric_name
from wedtui.demo.scenario import EDGE_SIGNALS, MACHINE_SIGNALS, PROVIDERS, Provider
from wedtui.demo.world import Addresses

# By these an ordinary evening asks for what the world's traffic is, and a Saturday in June finds room without aws.
PLANNED_BASE, PLANNED_PER_WEDDING = 300.0, 4.0
KEY_NAME = "names.key"
"""The file in the state directory that holds the key of the API of the world's DNS."""
ZONES = ("Europe/London", "America/New_York")


def demo_configuration(addresses: Addresses, state_dir: Path, calendar_max_age: timedelta = GOOD_FOR) -> str:
    """Return the TOML text of a configuration for a running world.

    Args:
        addresses: where its servers are.
        state_dir: an absolute path, for the cache and the ledger; `KEY_NAME` has to be in it.
        calendar_max_age: how long a reading of the calendar of weddings counts; whole seconds.
    """
    lines = (*_lines(addresses, state_dir), *_traffic(addresses, state_dir), *_pager(addresses))
    return "\n".join((*lines, *_calendar(addresses, calendar_max_age)))


def _lines(addresses: Addresses, state_dir: Path) -> Iterator[str]:
    yield 'environment = "production"'
    for store in ("cache", "ledger"):
        yield from ("", f"[{store}]", f"url = {_text(f'sqlite:///{state_dir / store}.db')}")
    for provider in PROVIDERS:
        yield from _provider(provider, addresses.providers[provider.name])
    yield from ("", "[[prometheus]]", 'name = "demo"', f"url = {_text(addresses.prometheus)}")
    yield from ('interval = "3s"', 'timeout = "1s"', "retries = 0")
    for provider in PROVIDERS:
        for signal in (*EDGE_SIGNALS, *MACHINE_SIGNALS):
            yield from ("", "[[prometheus.queries]]", f"provider = {_text(provider.name)}", f"signal = {_text(signal)}")
            query = f'{metric_name(signal)}{{provider="{provider.name}"}}'
            yield from (f"query = {_text(query)}", 'interval = "3s"')
    yield from ("", "[[freeze.windows]]", 'name = "wedding weekend"', 'start = "fri 18:00"', 'end = "mon 06:00"')
    yield f"timezones = [{', '.join(_text(zone) for zone in ZONES)}]"
    yield from ("", "[[freeze.feeds]]", 'name = "venues"', f"url = {_text(addresses.feed)}", 'interval = "30s"')


def _traffic(addresses: Addresses, state_dir: Path) -> Iterator[str]:
    yield from ("", "[traffic]", 'backend = "powerdns"', f"name = {_text(RECORD.removesuffix('.'))}")
    yield from (f"requests_base = {PLANNED_BASE:g}", f"requests_per_wedding = {PLANNED_PER_WEDDING:g}")
    yield from (f'ttl = "{TTL_S}s"', f"nameservers = [{_text(addresses.nameserver)}]")
    yield from ("", "[traffic.powerdns]", f"url = {_text(addresses.names)}", f"zone = {_text(ZONE.removesuffix('.'))}")
    yield f"api_key = {{ file = {_text(str(state_dir / KEY_NAME))} }}"
    for provider, target in TARGETS.items():
        yield from ("", "[[traffic.places]]", f"provider = {_text(provider)}", f"target = {_text(target)}")


def _pager(addresses: Addresses) -> Iterator[str]:
    yield from ("", "[notify.pager]", 'kind = "webhook"', f"url = {_text(addresses.pager)}", 'timeout = "1s"')


def _calendar(addresses: Addresses, max_age: timedelta) -> Iterator[str]:
    yield from ("", "[[weddings.sources]]", 'name = "platform"', 'kind = "json"', f"url = {_text(addresses.weddings)}")
    yield from ('interval = "10s"', 'timeout = "1s"', 'deadline = "5s"')
    yield from (f'max_age = "{max_age.total_seconds():.0f}s"', "")


def _provider(provider: Provider, url: str) -> Iterator[str]:
    yield from ("", "[[providers]]", f"name = {_text(provider.name)}", 'kind = "probed"')
    yield from (f"weight = {provider.weight}", f"capacity = {provider.capacity:g}")
    for page, body in (("healthz", '"status": *"ok"'), ("rsvp", "RSVP")):
        yield from (
            "",
            "[[probes]]",
            f"name = {_text(f'{page}-{provider.name}')}",
            f"provider = {_text(provider.name)}",
        )
        yield from (f"url = {_text(f'{url}/{page}')}", 'interval = "2s"', 'timeout = "1s"')
        yield f"expect_body = {_text(body)}"


def _text(value: str) -> str:
    """Write a TOML basic string: JSON's escapes are among TOML's, but for DEL, which JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
