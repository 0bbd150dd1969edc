"""The rows of what is configured: they come and go with the configuration and keep what was last measured."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from wedtui.cache.dropped import mark_dropped
from wedtui.cache.inventory import forget_costs, forget_provider
from wedtui.cache.tables import METADATA
from wedtui.cache.wedding_sources import configured_row
from wedtui.config import AwsSection, Configuration, ProviderSection
from wedtui.config_weddings import IMPORTED
from wedtui.core.evidence import COST_SIGNAL, COST_SOURCE, METRICS_SOURCE, published_interval
from wedtui.core.redact import address_of, redacted_feed_url, redacted_url

Values = dict[str, Any]

# What was measured elsewhere says nothing about the place that is watched now: a change of one of these columns
# takes the row's newest values with it.
_SUBJECT = {
    "provider": ("kind",),
    "probe": ("provider", "url"),
    "signal": ("source",),
    "prometheus": ("url",),
    "alert_source": ("kind", "address"),
    "traffic": ("backend",),
}
# At another URL a feed was never read, which means frozen. What it named at the former one stays beside that, and what
# is lost of it is questioned, until it was read well there.
_UNREAD_FEED: Values = {
    "attempted_at": None,
    "last_good_at": None,
    "problem": None,
    "questioned": False,
    "accept_next": False,
}


def write_configured(
    connection: Connection,
    configuration: Configuration,
    now: datetime,
    *,
    probe_interval: timedelta,
    query_interval: timedelta,
) -> None:
    """Make the rows of providers, probes, signals, Prometheus servers, feeds and traffic those of the configuration.

    A feed that is gone from it is marked as dropped at `now`, and goes with `forget_dropped`.
    """
    for name, rows in _rows(configuration, probe_interval, query_interval).items():
        _write(connection, METADATA.tables[name], rows, now)
    unasked = [p.name for p in configuration.providers if p.aws is None or not p.aws.resource_cost]
    forget_costs(connection, unasked)


# How often something is asked goes with the protection, which services may see a moment apart.
_NOT_COMPARED = frozenset({"position", "interval_s"})
_NAMED = 5
_BY_HAND = ("wedding_source", IMPORTED)


def digest_by_name(digest: str, configuration: Configuration) -> str:
    """Return the digest of a configuration with one of each setting of each account: no row has those.

    Who compares two learns which settings differ, and not what they are.
    """
    named = [f"{name}/{key}={value}" for (name, key), value in _settings(configuration).items()]
    return " ".join([digest, *named])


def _settings(configuration: Configuration) -> Mapping[tuple[str, str], str]:
    """Return a short digest of each setting of each account, by provider and key."""
    return {
        (section.name, key): _short(value)
        for section in configuration.providers
        if section.kind == "aws"
        for key, value in _written(section.aws or AwsSection()).items()
    }


def names_account(stored: str, provider: str, account: str) -> bool:
    """Say whether a configuration, as its `digest_by_name` tells of it, names an account for a provider."""
    return f"{provider}/account={_short(account)}" in stored.split(" ")


def _short(value: object) -> str:
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=6).hexdigest()


def _written(account: AwsSection) -> Values:
    url = account.endpoint_url
    # A digest of what is short can be guessed: a key in the address is none of it.
    return account.model_dump(mode="json") | {"endpoint_url": url and redacted_url(url)}


def _unlike_accounts(configuration: Configuration, keepers: str) -> Iterator[str]:
    """Yield in which settings an account differs from that of the same name in another service's `digest_by_name`."""
    here = _settings(configuration)
    pairs = [each.rpartition("=") for each in keepers.split(" ")[1:]]
    there = {(name, key): value for (name, _, key), value in ((at.partition("/"), value) for at, _, value in pairs)}
    for account in dict.fromkeys(name for name, _ in here):
        other = [key for name, key in here if name == account and there.get((name, key), "") != here[name, key]]
        # Another kind, or that there is none, is seen in its row.
        if other and any(name == account for name, _ in there):
            yield f"it has another {' and '.join(other)} of the account of {account}"


def unlike(connection: Connection, configuration: Configuration, keepers: str = "") -> str | None:
    """Return in what a configuration is unlike the one that the rows are of, in a few words; None where it is not.

    Args:
        connection: in a transaction.
        configuration: of the service that asks.
        keepers: the `digest_by_name` of the service that wrote the rows.
    """
    found: list[str] = []
    rows_of = {**_rows(configuration, timedelta(), timedelta()), "wedding_source": _sources(configuration)}
    for name, rows in rows_of.items():
        table = METADATA.tables[name]
        keys = [column.name for column in table.primary_key]
        there = {tuple(row[k] for k in keys): row for row in connection.execute(select(table)).mappings()}
        there = {key: row for key, row in there.items() if row.get("dropped_at") is None and (name, *key) != _BY_HAND}
        here = {tuple(row[k] for k in keys): row for row in rows}
        for key in {**here, **there}:
            what = f"{name.replace('_', ' ')} {' '.join(map(str, key))}"
            if key not in there or key not in here:
                found.append(f"{'it alone has' if key in here else 'it lacks'} {what}")
                continue
            other = [c for c, value in here[key].items() if c not in _NOT_COMPARED and value != there[key][c]]
            found += [f"it has another {' and '.join(other)} of {what}"] if other else []
    found += _unlike_accounts(configuration, keepers)
    more = len(found) - _NAMED
    return ", ".join(found[:_NAMED]) + (f" and {more} more" if more > 0 else "") if found else None


def _rows(
    configuration: Configuration, probe_interval: timedelta, query_interval: timedelta
) -> Mapping[str, list[Values]]:
    """Return the rows of every table, in the order of the configuration; without what is measured."""
    return {
        "provider": [
            {"name": p.name, "position": i, "kind": p.kind, "weight": p.weight, "capacity": p.capacity}
            for i, p in enumerate(configuration.providers)
        ],
        "probe": [
            {
                "name": p.name,
                "position": i,
                "provider": p.provider,
                "url": redacted_url(p.url),
                "interval_s": (p.interval or probe_interval).total_seconds(),
                "timeout_s": p.timeout.total_seconds(),
            }
            for i, p in enumerate(configuration.probes)
        ],
        "signal": configured_signals(configuration, query_interval),
        "prometheus": [
            {
                "name": s.name,
                "position": i,
                "url": redacted_url(s.url),
                "interval_s": (s.interval or query_interval).total_seconds(),
            }
            for i, s in enumerate(configuration.prometheus)
        ],
        "alert_source": [
            {
                "name": s.name,
                "position": i,
                "kind": s.kind,
                "url": " ".join(map(redacted_url, s.addresses)),
                "address": s.asked,
                "interval_s": s.interval.total_seconds(),
            }
            for i, s in enumerate(configuration.alert_sources)
        ],
        "feed": [
            {
                "name": f.name,
                "url": redacted_feed_url(f.url),
                "address": address_of(f.name, f.url),
                "environments": sorted(f.environments),
                "services": sorted(f.services),
                "dropped_at": None,
            }
            for f in configuration.freeze.feeds
        ],
        "traffic": [
            {"name": t.name, "backend": t.backend, "interval_s": query_interval.total_seconds()}
            for t in (configuration.traffic,)
            if t.backend is not None
        ],
    }


def configured_signals(configuration: Configuration, query_interval: timedelta) -> list[Values]:
    """Return the rows of what is asked for by name, of Prometheus and of providers' own APIs."""
    queries = [(server, query) for server in configuration.prometheus for query in server.queries]
    signals = [
        (query.provider, query.signal, f"prometheus {server.name}", query.interval or query_interval)
        for server, query in queries
    ]
    signals += [each for section in configuration.providers for each in _signals_of_account(section)]
    return [
        {
            "provider": provider,
            "signal": signal,
            "position": i,
            "source": source,
            "interval_s": interval.total_seconds(),
        }
        for i, (provider, signal, source, interval) in enumerate(signals)
    ]


def _sources(configuration: Configuration) -> list[Values]:
    """Return what is configured of the rows of the sources of weddings."""
    return [configured_row(n, section) for n, section in enumerate(configuration.weddings.sources)]


def _signals_of_account(section: ProviderSection) -> Iterator[tuple[str, str, str, timedelta]]:
    """Yield provider, signal, source and interval of what its own API gives."""
    if section.kind != "aws":
        return
    account = section.aws or AwsSection()
    for metric in account.metrics:
        interval = published_interval(account.metrics_interval, metric.period)
        yield section.name, metric.signal, METRICS_SOURCE, interval
    if account.cost:
        yield section.name, COST_SIGNAL, COST_SOURCE, account.cost_interval


def _write(connection: Connection, table: Table, rows: list[Values], now: datetime) -> None:
    keys = [column.name for column in table.primary_key]
    subject = _SUBJECT.get(table.name, ())
    before = {tuple(row[k] for k in keys): row for row in connection.execute(select(table)).mappings()}
    wanted = {tuple(row[k] for k in keys): row for row in rows}
    for key, old in before.items():
        row = wanted.get(key)
        if row is None and (old.get("last_good_at") is not None or old.get("periods")):
            # Its last good reading still counts: that it is gone may be a mistake.
            mark_dropped(connection, table, table.c.name == old["name"], now)
        elif row is None or any(row[column] != old[column] for column in subject):
            _forget(connection, table, dict(zip(keys, key, strict=True)))
        elif any(row[column] != old[column] for column in row):
            here = [table.c[k] == value for k, value in zip(keys, key, strict=True)]
            # Of a cache of before it is not known what tells a feed from another one at the same place.
            moved = table.name == "feed" and (old["url"] != row["url"] or old["address"] not in {row["address"], ""})
            connection.execute(update(table).where(*here).values({**row, **(_UNREAD_FEED if moved else {})}))
    remaining = {tuple(row) for row in connection.execute(select(*(table.c[k] for k in keys)))}
    new = [{**_unmeasured(table), **row} for key, row in wanted.items() if key not in remaining]
    if new:
        connection.execute(insert(table), new)
    if table.name == "probe":
        # What one of that name measured before stood until now: that it was bad is said, though it counts no more.
        for measured in (METADATA.tables["probe_round"], METADATA.tables["probe_seen"]):
            for row in new:
                connection.execute(delete(measured).where(measured.c.probe == row["name"]))


def _forget(connection: Connection, table: Table, key: Values) -> None:
    connection.execute(delete(table).where(*(table.c[k] == value for k, value in key.items())))
    if table.name == "provider":
        forget_provider(connection, key["name"])
    if table.name == "alert_source":
        told = METADATA.tables["alert_list"]
        connection.execute(delete(told).where(told.c.source == key["name"]))


def _unmeasured(table: Table) -> Values:
    """Return what a row holds for which nothing was measured yet."""
    if table.name == "prometheus":
        return {"targets_up": 0, "targets_down": [], "alerts": []}
    if table.name == "alert_source":
        return {"whole": True, "expected": True, "ignored": 0, "alerts": 0, "digest": ""}
    if table.name == "traffic":
        return {"shares": []}
    if table.name == "feed":
        return {"questioned": False, "accept_next": False, "periods": []}
    return {}
