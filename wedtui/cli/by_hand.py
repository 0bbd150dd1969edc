"""What a person runs by hand while the service does not answer: from the shares that the cache kept.

Nothing is asked and nothing is judged here: health, room and freeze are the person's to look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from wedtui.core.by_hand import ByHand, PowerDnsAddress, Route53Address, by_hand
from wedtui.core.evidence import Freshness
from wedtui.core.failover_facts import Kind
from wedtui.core.failover_shares import away
from wedtui.core.left_under_way import left_words, shares_before
from wedtui.core.traffic import Place, by_provider, lost_places, parse_place
from wedtui.core.wording import age

if TYPE_CHECKING:
    from wedtui.cli.common import Session
    from wedtui.config import Configuration
    from wedtui.config_traffic import TrafficSection
    from wedtui.core.action_document import CopiedActions
    from wedtui.core.picture import Picture
    from wedtui.core.traffic_facts import TrafficFacts

_NOTHING_JUDGED = "nothing of health, room, weddings or freeze was checked: look at that yourself"
_OF_A_FAILBACK = "a failback is a manager's to decide, and never made in a freeze: `wedtui gate` says if there is one"
_NEVER_READ = "no command can be given: the cache has never held the shares of this record"


@dataclass(frozen=True, slots=True)
class Guide:
    """The commands, and what they rest on."""

    found: ByHand
    lines_before: tuple[str, ...] = ()
    """What is said above them."""

    def lines(self) -> list[str]:
        """Return it for a shell: whatever is no command is a comment."""
        said = ["NOT RUN: the service could not be asked. By hand, in this order:", *self.lines_before]
        if self.found.problem is not None:
            return [f"# {line}" for line in (*said, self.found.problem)]
        lines = [f"# {line}" for line in said]
        for number, step in enumerate(self.found.steps, 1):
            lines += ["#", f"# {number}. {step.says}", step.command]
        return lines

    def json(self) -> dict[str, Any]:
        """Return it for a program."""
        steps = [{"says": step.says, "command": step.command} for step in self.found.steps]
        return {"run": False, "notes": [*self.lines_before], "steps": steps, "problem": self.found.problem}


def guide(session: Session, lost: Iterable[str] | None, *, before: bool = False) -> Guide:
    """Return the commands that leave places, or come back.

    Args:
        session: whose cache and configuration.
        lost: the places that lose all they have; None for a failback.
        before: of a failback, whether it goes to the shares before the failover instead of the configured ones.

    Raises:
        ConfigurationError: the configuration cannot be used.
    """
    from wedtui.errors import StoreError

    if session.loaded.configuration.traffic.backend is None:
        return Guide(ByHand(problem="no backend of traffic is configured: add backend and places to [traffic]"))
    try:
        facts, copied = _read(session)
    except StoreError as error:
        return Guide(ByHand(problem=f"no command can be given: {error}"))
    known = _Known(session.loaded.configuration, facts, copied, session.clock.now())
    return _guided(known, None if lost is None else tuple(lost), before=before)


def commands(configuration: Configuration, picture: Picture, kind: str, chosen: str) -> tuple[str, ...]:
    """Return the commands that leave one place, or come back, as lines for a shell.

    Args:
        configuration: of the machine on which it is asked.
        picture: what the cache kept.
        kind: of the action, `failover` or `failback`.
        chosen: the place that is left; of a failback `configured` or `before`.
    """
    facts = picture.traffic
    if configuration.traffic.backend is None or facts is None or facts.reading is None:
        return ()
    known = _Known(configuration, facts, picture.actions, picture.at)
    lost = None if kind == Kind.FAILBACK else (chosen,)
    return tuple(_guided(known, lost, before=chosen == "before").lines())


class _Known(NamedTuple):
    """What the commands rest on."""

    configuration: Configuration
    facts: TrafficFacts | None
    copied: CopiedActions | None
    now: datetime


def _guided(known: _Known, lost: tuple[str, ...] | None, *, before: bool) -> Guide:
    facts, section = known.facts, known.configuration.traffic
    left = left_words(known.copied, known.now)
    if facts is None or facts.reading is None or (facts.name, facts.backend) != (section.name, section.backend):
        return Guide(ByHand(problem=_NEVER_READ), left)
    notes = (*left, *_notes(facts, known.now), *((_OF_A_FAILBACK,) if lost is None else ()))
    live = facts.reading.shares
    shares: Mapping[Place, int] | str
    if lost is not None:
        shares = _without(live, lost)
    elif before:
        shares = shares_before(known.copied) or _BEFORE
    else:
        shares = _configured(known.configuration, live)
    if isinstance(shares, str):
        return Guide(ByHand(problem=f"no command can be given: {shares}"), notes)
    return Guide(by_hand(facts.reading, shares, _address(section)), notes)


_BEFORE = (
    "the shares from before stand in the plan of the failover, `wedtui actions list`, and no copy of it is at hand; "
    "those of the configuration can be had with --to configured"
)


def _read(session: Session) -> tuple[TrafficFacts | None, CopiedActions | None]:
    from wedtui.cache.reader import CacheReader

    cache = CacheReader(session.cache_url)
    try:
        return cache.traffic(), cache.actions()
    finally:
        cache.close()


def _notes(facts: TrafficFacts, now: datetime) -> tuple[str, ...]:
    assert facts.reading is not None, "it was looked at"
    stale = "" if facts.freshness(now) is Freshness.FRESH else ", which is STALE"
    read = f"from the shares that were read {age(facts.reading.read_at, now)} ago{stale}"
    return (read, *(() if facts.problem is None else (f"reading them failed since: {facts.problem}",)), _NOTHING_JUDGED)


def _without(live: Mapping[Place, int], lost: Iterable[str]) -> Mapping[Place, int] | str:
    """Return shares without the lost, which go to all others in proportion to theirs; or why there are none."""
    places = [parse_place(text) for text in lost]
    unknown = [str(place) for place in places if not any(place.covers(each) for each in live)]
    if unknown:
        return f"there is no record of {', '.join(unknown)}"
    gone = lost_places(live, places)
    if not any(live[place] for place in gone):
        return f"{', '.join(str(place) for place in places)} carries nothing already"
    staying = by_provider({place: share for place, share in live.items() if place not in gone})
    if not staying:
        return "nothing would be left that is routed"
    return away(live, places, {}, [*staying], overload=True).shares


def _configured(configuration: Configuration, live: Mapping[Place, int]) -> Mapping[Place, int] | str:
    """Return the shares of the configuration; or why they cannot be told by place."""
    from wedtui.cli.traffic_facts import configured_shares

    if any(place.region for place in live):
        return "the configuration has shares by provider, and the record has regions: divide them yourself"
    return configured_shares(configuration, live)


def _address(section: TrafficSection) -> Route53Address | PowerDnsAddress:
    from wedtui.providers.traffic.base import Wanted

    spots = Wanted.of(section).spots
    if section.backend == "route53":
        assert section.route53 is not None, "it is beside its backend"
        where, identifiers = section.route53, {spot.identifier: spot.place for spot in spots}
        return Route53Address(where.hosted_zone_id, identifiers, where.endpoint_url)
    assert section.powerdns is not None, "it is beside its backend"
    targets = {spot.target: spot.place for spot in spots}
    return PowerDnsAddress(section.powerdns.url, section.powerdns.zone, targets, section.powerdns.server_id)
