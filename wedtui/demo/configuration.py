"""The configuration file of the demo: the one a user would write for the demo's world."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from wedtui.core.calendar import GOOD_FOR
from wedtui.demo.aws import figures
from wedtui.demo.aws.inventory import ACCOUNT, COMPUTE, DATABASE_BILL, DISK_BILL, KEY, KEY_ID, MAIN, REGIONS
from wedtui.demo.aws.inventory import PROVIDER as ACCOUNT_OF
from wedtui.demo.names import RECORD, TARGETS, TTL_S, ZONE
from wedtui.demo.prometheus import metric_name
from wedtui.demo.scenario import EDGE_SIGNALS, MACHINE_SIGNALS, PROVIDERS, Provider
from wedtui.demo.world import Addresses

# By these an ordinary evening asks for what the world's traffic is, and a Saturday in June finds room without aws.
PLANNED_BASE, PLANNED_PER_WEDDING = 300.0, 4.0
KEY_NAME = "names.key"
"""The file in the state directory that holds the key of the API of the world's DNS."""
PROFILE = "wedtui-demo"
"""The profile whose credentials are sent to the world's account of AWS: a user's own are in no such profile."""
ZONES = ("Europe/London", "America/New_York")
RULES = """\
# A world that is minutes old has no usual hour of the week: what is slow is told by a figure.
[[rules]]
name = "latency"
condition = "latency_p95_ms > 800"
for = "10m"
clear = { when = "latency_p95_ms < 600", for = "10m" }
severity = "critical"
group = ["provider"]
inhibit = { by = ["down"], equal = ["provider"] }
"""
"""The demo's own rules of alerts, for a file of `rules/` beside its configuration."""
_DAY, _NIGHT = ("day-engineer", "08:00", "20:00"), ("night-engineer", "20:00", "08:00")
_ROSTERS = {"primary": (_DAY, _NIGHT), "secondary": (("night-engineer", *_DAY[1:]), ("day-engineer", *_NIGHT[1:]))}


def demo_configuration(addresses: Addresses, state_dir: Path, calendar_max_age: timedelta = GOOD_FOR) -> str:
    """Return the TOML text of a configuration for a running world.

    Args:
        addresses: where its servers are.
        state_dir: an absolute path, for the cache and the ledger; `KEY_NAME` has to be in it.
        calendar_max_age: how long a reading of the calendar of weddings counts; whole seconds.
    """
    lines = (*_lines(addresses, state_dir), *_traffic(addresses, state_dir), *_pager(addresses), *_on_call())
    return "\n".join((*lines, *_calendar(addresses, calendar_max_age)))


def demo_credentials() -> str:
    """Return the text of a file of the AWS SDK with the credentials of the world's account, for its profile alone."""
    key = f"aws_access_key_id = {KEY_ID}\naws_secret_access_key = {KEY}\n"
    return f"[{PROFILE}]\n{key}\n[profile {PROFILE}]\nregion = {MAIN}\n"


def _lines(addresses: Addresses, state_dir: Path) -> Iterator[str]:
    yield 'environment = "production"'
    for store in ("cache", "ledger"):
        yield from ("", f"[{store}]", f"url = {_text(f'sqlite:///{state_dir / store}.db')}")
    for provider in PROVIDERS:
        account = addresses.account if provider.name == ACCOUNT_OF else None
        yield from _provider(provider, addresses.providers[provider.name], account)
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


def _on_call() -> Iterator[str]:
    """Say who is on call: roles and no persons, told by the pager."""
    yield from ("", "[oncall]", f"default = {_text(_DAY[0])}")
    for name, _, _ in (_DAY, _NIGHT):
        yield from ("", f"[oncall.contacts.{name}]", 'channels = ["pager"]', f"zone = {_text(ZONES[0])}")
    for roster, layers in _ROSTERS.items():
        yield from ("", "[[oncall.rosters]]", f"name = {_text(roster)}")
        for name, start, end in layers:
            yield from ("", "[[oncall.rosters.layers]]", f"participants = [{_text(name)}]", f"zone = {_text(ZONES[0])}")
            # Before whatever the world's clock says.
            yield from ("since = 2020-01-06", 'hand_over = "00:00"', 'length = "1d"')
            yield f"hours = [{{ start = {_text(start)}, end = {_text(end)} }}]"


def _calendar(addresses: Addresses, max_age: timedelta) -> Iterator[str]:
    yield from ("", "[[weddings.sources]]", 'name = "platform"', 'kind = "json"', f"url = {_text(addresses.weddings)}")
    yield from ('interval = "10s"', 'timeout = "1s"', 'deadline = "5s"')
    yield from (f'max_age = "{max_age.total_seconds():.0f}s"', "")


def _provider(provider: Provider, url: str, account: str | None) -> Iterator[str]:
    kind = "probed" if account is None else "aws"
    yield from ("", "[[providers]]", f"name = {_text(provider.name)}", f"kind = {_text(kind)}")
    yield from (f"weight = {provider.weight}", f"capacity = {provider.capacity:g}")
    if account is not None:
        yield from _account(account)
    for page, body in (("healthz", '"status": *"ok"'), ("rsvp", "RSVP")):
        yield from (
            "",
            "[[probes]]",
            f"name = {_text(f'{page}-{provider.name}')}",
            f"provider = {_text(provider.name)}",
        )
        yield from (f"url = {_text(f'{url}/{page}')}", 'interval = "2s"', 'timeout = "1s"')
        yield f"expect_body = {_text(body)}"


# Signal -> metric, statistic, unit, and what else is said of it.
_METRICS = {
    "alb_requests": (figures.BALANCER_METRICS, "RequestCount", "Sum", 'unit = "count"'),
    "alb_error_rate": (
        figures.BALANCER_METRICS,
        "HTTPCode_Target_5XX_Count",
        "Sum",
        'per = "RequestCount"\nsparse = true',
    ),
    "alb_p95_ms": (figures.BALANCER_METRICS, "TargetResponseTime", "p95", 'unit = "seconds"'),
    "web_cpu": (figures.GROUP_METRICS, "CPUUtilization", "Average", 'unit = "percent"'),
    "database_cpu": (figures.DATABASE_METRICS, "CPUUtilization", "Average", 'unit = "percent"'),
}


def _account(url: str) -> Iterator[str]:
    yield from ("", "[providers.aws]", f"profile = {_text(PROFILE)}", f"account = {_text(ACCOUNT)}")
    yield from (f"regions = [{', '.join(_text(region) for region in REGIONS)}]", f"endpoint_url = {_text(url)}")
    yield from ('interval = "20s"', 'metrics_interval = "1m"', "cost = true", "resource_cost = true")
    billed = (COMPUTE, DISK_BILL, DATABASE_BILL)
    yield f"resource_cost_services = [{', '.join(_text(service) for service in billed)}]"
    for signal, ((namespace, dimension, of), metric, stat, more) in _METRICS.items():
        yield from ("", "[[providers.aws.metrics]]", f"signal = {_text(signal)}", f"namespace = {_text(namespace)}")
        yield from (f"metric = {_text(metric)}", f"stat = {_text(stat)}", 'period = "1m"', more)
        yield f"dimensions = {{ {dimension} = {_text(of)} }}"


def _text(value: str) -> str:
    """Write a TOML basic string: JSON's escapes are among TOML's, but for DEL, which JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
