"""A plan that was stored, as a plan again: whoever carries it out may be another service than the one that made it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from wedtui.core.checks import Check, Result, Stops
from wedtui.core.failover import Plan
from wedtui.core.failover_facts import Kind, Request
from wedtui.core.failover_room import Room
from wedtui.core.traffic import Place, parse_place


def plan_of(said: Mapping[str, Any]) -> Plan:
    """Return the plan that `core.failover.plan_json` wrote, with its digest beside it.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    ttl = said["ttl_seconds"]
    return Plan(
        request=_request(said),
        at=datetime.fromisoformat(said["at"]),
        expires_at=datetime.fromisoformat(said["expires_at"]),
        backend=said["backend"],
        name=said["name"],
        ttl=None if ttl is None else timedelta(seconds=ttl),
        before=_shares(said["before"]),
        after=_shares(said["after"]),
        rooms=tuple(
            Room(r["provider"], r["before"], r["after"], r["cap"], r["capacity"], r["spare"]) for r in said["rooms"]
        ),
        peak=said["peak"],
        unplaced=said["unplaced"],
        checks=tuple(_check(each) for each in said["checks"]),
        records=said["records"],
        generation=said["generation"],
        protection=said.get("protection"),
        digest=said["digest"],
    )


def _request(said: Mapping[str, Any]) -> Request:
    return Request(
        Kind(said["kind"]),
        frozenset(map(parse_place, said["lost"])),
        None if said["to"] is None else _shares(said["to"]),
        said["to_words"],
        accepts_overload=said["accepts_overload"],
        automatic=said["automatic"],
        vouched=frozenset(said["vouched"]),
    )


def _check(said: Mapping[str, Any]) -> Check:
    at = said["measured_at"]
    measured = None if at is None else datetime.fromisoformat(at)
    return Check(said["rule"], Result(said["result"]), said["sentence"], measured, Stops(said["stops"]))


def _shares(named: Mapping[str, int]) -> dict[Place, int]:
    return {parse_place(name): share for name, share in named.items()}
