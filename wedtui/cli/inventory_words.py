"""Resources and askings as lines of at most 80 cells for a terminal, and as JSON for a program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from wedtui.cli.render import age_s, iso
from wedtui.core.evidence import Freshness
from wedtui.core.inventory import AccountFacts, ApiFacts, KnownResource, ResourceView
from wedtui.core.resource import GLOBAL, SERVICE_COST, Reach, at_rest, state_sign, state_word
from wedtui.core.resource_cost import KnownCost, believed_cost, cost_words
from wedtui.core.wording import age, short_age
from wedtui.tui.spans import clean, fit

CELLS = 80
_RESOURCE = (("STATE", 10), ("PROVIDER", 8), ("KIND", 18), ("REGION", 12), ("NAME", 21))
_ASKING = (("REGION", 14), ("SERVICE", 16), ("REACH", 20), ("AS OF", -6), ("IN FULL", -7), ("REQUESTS", -8))


def cells(*parts: tuple[str, int]) -> str:
    """Return texts in columns; a negative width aligns to the right."""
    return " ".join(fit(text, abs(width), right=width < 0) for text, width in parts).rstrip()


def resource_heading(*, vanished: bool) -> str:
    """Return the titles over `resource_lines`."""
    return cells(*_RESOURCE, ("GONE" if vanished else "AGE", -5))


def resource_lines(known: KnownResource, now: datetime, *, with_id: bool = False) -> Iterator[str]:
    """Yield a resource in one line, then its id where that is wanted, and why it is not OK."""
    found = known.resource
    gone = known.vanished_at is not None
    state = known.state(now)
    yield cells(
        ("- gone" if gone else state_sign(state, found.status), 10),
        (known.provider, 8),
        (found.kind, 18),
        (found.region, 12),
        (found.name, 21),
        (short_age(known.vanished_at if gone else known.seen_at, now), -5),
    )
    if with_id:
        yield f"  id {clean(found.id)}"
    if gone:
        return
    if state is not found.state:
        yield f"  last known: {found.state} ({clean(found.status)}), {known.freshness(now)}"
    elif found.kind == SERVICE_COST and found.monthly_cost is not None:
        # What it costs is all that there is of it.
        yield fit(f"  {cost_words(found.monthly_cost, known.cost, now)[0]}", CELLS).rstrip()
    elif found.detail and not (found.detail == found.status and at_rest(state, found.status)):
        yield fit(f"  {found.detail}", CELLS).rstrip()


def resource_json(known: KnownResource, now: datetime) -> dict[str, Any]:
    """Return a resource as JSON-ready values; `state` is what can be believed, `last_state` what it last was."""
    found = known.resource
    return {
        "provider": known.provider,
        "kind": found.kind,
        "region": found.region,
        "id": found.id,
        "name": found.name,
        "state": known.state(now).value,
        "stopped": at_rest(known.state(now), found.status),
        "last_state": found.state.value,
        "status": found.status,
        "detail": found.detail,
        "tags": dict(found.tags),
        "depends_on": list(found.depends_on),
        "monthly_cost_usd": believed_cost(found.monthly_cost, known.cost, now),
        "cost_estimate": cost_json(known.cost, now) if known.cost else None,
        "created_at": iso(found.created_at),
        "expires_at": iso(found.expires_at),
        "backed_up": found.backed_up,
        "backed_up_at": iso(found.backed_up_at),
        "first_seen_at": iso(known.first_seen_at),
        "seen_at": iso(known.seen_at),
        "age_s": age_s(known.seen_at, now),
        "vanished_at": iso(known.vanished_at),
    }


def cost_json(cost: KnownCost, now: datetime) -> dict[str, Any]:
    """Return as JSON-ready values from what a cost is estimated, and whether it may still be believed."""
    return {
        "monthly_usd": cost.estimate.monthly_usd,
        "days": cost.estimate.days,
        "until": cost.estimate.until.isoformat(),
        "read_at": iso(cost.read_at),
        "age_s": age_s(cost.read_at, now),
        "freshness": cost.freshness(now).value,
    }


def view_lines(view: ResourceView, now: datetime) -> Iterator[str]:
    """Yield everything that is known of one resource, a line for each fact."""
    known, found = view.known, view.known.resource
    state = known.state(now)
    last = "" if state is found.state else f", last known {found.state}"
    seen = f"seen {age(known.seen_at, now)} ago"
    yield f"{clean(state_sign(state, found.status))} {clean(found.name)}{last} ({clean(found.status)}), {seen}"
    if known.vanished_at is not None:
        yield f"{'vanished':<12}{iso(known.vanished_at)}, {age(known.vanished_at, now)} ago"
    cost, estimated = cost_words(found.monthly_cost, known.cost, now)
    facts = [
        ("why", found.detail),
        ("id", found.id),
        ("kind", found.kind),
        ("where", f"{known.provider} {found.region}"),
        ("first seen", f"{iso(known.first_seen_at)}, {age(known.first_seen_at, now)} ago"),
        ("created", _moment(found.created_at, now)),
        ("expires", _moment(found.expires_at, now)),
        ("backed up", _backup(known, now)),
        ("cost", cost),
        ("estimated", estimated),
        ("tags", ", ".join(f"{key}={value}" for key, value in found.tags) or None),
    ]
    yield from (f"{title:<12}{clean(text)}" for title, text in facts if text)
    for neighbour in view.depends_on:
        yield f"{'rests on':<12}{_neighbour(neighbour.known, neighbour.id, found.region, now)}"
    for each in view.needed_by:
        yield f"{'needed by':<12}{_neighbour(each, each.resource.id, found.region, now)}"
    if view.needed_by_more:
        yield f"{'needed by':<12}and more, which are not listed here"


def _moment(at: datetime | None, now: datetime) -> str | None:
    if at is None:
        return None
    return f"{iso(at)}, in {age(now, at)}" if at > now else f"{iso(at)}, {age(at, now)} ago"


def _backup(known: KnownResource, now: datetime) -> str | None:
    if known.resource.backed_up_at is not None:
        return _moment(known.resource.backed_up_at, now)
    return "never" if known.resource.backed_up else None


def _neighbour(known: KnownResource | None, reference: str, near: str, now: datetime) -> str:
    """Return a neighbour in one line, with its region where that is not the near one."""
    if known is None:
        return f"{clean(reference)} (not in the inventory)"
    its = known.resource
    what = f"{clean(its.id)} {its.kind}"
    where = "" if its.region in {near, GLOBAL} else f" in {clean(its.region)}"
    if known.vanished_at is not None:
        return f"{what}{where}, vanished {age(known.vanished_at, now)} ago"
    name = "" if its.name == its.id else f" {clean(its.name)}"
    return f"{what}{name}{where}, {state_word(known.state(now), its.status)}, seen {age(known.seen_at, now)} ago"


def believed(asking: ApiFacts, now: datetime) -> str:
    """Return how an asking went, as far as that can still be believed."""
    fresh = asking.freshness(now)
    return asking.reach.value if fresh is Freshness.FRESH else f"UNKNOWN, {fresh}"


def asking_heading() -> str:
    """Return the titles over `asking_lines`."""
    return cells(*_ASKING)


def asking_lines(asking: ApiFacts, now: datetime) -> Iterator[str]:
    """Yield what was asked where, how it went and how long ago, and what was wrong."""
    yield cells(
        (asking.region, 14),
        (asking.service, 16),
        (believed(asking, now), 20),
        (short_age(asking.asked_at, now), -6),
        (short_age(asking.answered_at, now), -7),
        (str(asking.requests), -8),
    )
    if believed(asking, now) != asking.reach:
        yield f"  last: {asking.reach}"
    if asking.problem:
        yield f"  {clean(asking.problem)}"


def _answer_freshness(asking: ApiFacts, now: datetime) -> Freshness:
    """Say whether what is known by it may be believed: where something is missing and none ever came, nothing is."""
    nothing = asking.answered_at is None and asking.reach is not Reach.PARTIAL and not asking.complete(now)
    fresh = asking.freshness(now)
    return Freshness.MISSING if nothing and fresh is Freshness.FRESH else fresh


def account_lines(account: AccountFacts, now: datetime) -> Iterator[str]:
    """Yield whose account it is by the credentials that were last used, and whose it was before."""
    if account.account is not None:
        seen = f"as of {age(account.seen_at, now)} ago"
        yield clean(f"account {account.account}, {account.name or 'principal not known'}, {seen}")
        if account.arn:
            yield clean(f"  {account.arn}")
    if account.former is not None:
        yield f"  until {iso(account.former_until)} account {clean(account.former)}"


def account_json(account: AccountFacts | None, now: datetime, *, in_full: bool = False) -> dict[str, Any] | None:
    """Return whose account it is as JSON-ready values; null where nobody said it yet.

    Args:
        account: what is known of it.
        now: an aware instant.
        in_full: with the principal, which may hold the name of a person.
    """
    if account is None or account.account is None:
        return None
    principal = {"principal": account.name or None, "arn": account.arn or None} if in_full else {}
    return {
        "id": account.account,
        **principal,
        "since": iso(account.since),
        "seen_at": iso(account.seen_at),
        "age_s": age_s(account.seen_at, now),
        "former_id": account.former,
        "former_until": iso(account.former_until),
    }


def asking_json(asking: ApiFacts, now: datetime) -> dict[str, Any]:
    """Return an asking as JSON-ready values."""
    return {
        "provider": asking.provider,
        "region": asking.region,
        "service": asking.service,
        "reach": asking.reach.value,
        "freshness": _answer_freshness(asking, now).value,
        "asked_at": iso(asking.asked_at),
        "age_s": age_s(asking.asked_at, now),
        "answered_at": iso(asking.answered_at),
        "answered_age_s": age_s(asking.answered_at, now),
        "requests": asking.requests,
        "problem": asking.problem,
        "credentials_expire_at": iso(asking.credentials_expire_at),
    }


def incomplete(askings: Iterable[ApiFacts], kind: str | None, now: datetime) -> tuple[ApiFacts, ...]:
    """Return the askings because of which a list of a kind may lack something."""
    return tuple(each for each in askings if each.lists(kind) and not each.complete(now))
