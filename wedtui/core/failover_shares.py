"""The new shares of a failover and of a failback, without any question of whether they may be submitted.

Source: DESIGN, "Traffic and failover". Health and capacity are of providers. So a share moves between providers, by
`core.shares.spread`, and what one gains or gives is divided among its regions in proportion. The other regions of a
provider that lost one gain nothing: its capacity is of the whole, and a part of that is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import NamedTuple

from wedtui.core.shares import WHOLE, spread, whole
from wedtui.core.traffic import Place, by_provider, lost_places

# Stands for what is lost among names; no provider and no region is called so.
_LOST = "\0"


class Moved(NamedTuple):
    """Shares after a move."""

    shares: Mapping[Place, int]
    """Of every place that there was before. With anything unplaced after a failover they do not sum to 100."""
    unplaced: int
    """Percent for which there is no room: of a failover under the caps, of a failback with those who may gain."""


def away(
    before: Mapping[Place, int],
    lost: Collection[Place],
    caps: Mapping[str, int],
    eligible: Collection[str],
    *,
    overload: bool = False,
) -> Moved:
    """Move all that the lost places have to the others.

    Args:
        before: percent of every place with a record.
        lost: providers or regions.
        caps: percent of each provider whose room is known.
        eligible: the providers that may gain.
        overload: place what finds no room over the caps, among the eligible in proportion to their shares before.

    Returns:
        The lost with 0, and how many percent find no room under the caps, whether they were placed or not.
    """
    gone = lost_places(before, lost)
    kept = by_provider({place: share for place, share in before.items() if place not in gone})
    amount = sum(before[place] for place in gone)
    torn = {place.provider for place in gone}
    room = {name: caps[name] for name in kept if name in eligible and name in caps and name not in torn}
    found = spread({**kept, _LOST: amount}, {_LOST}, room)
    gains = {name: found.shares[name] - kept[name] for name in kept}
    if overload and found.unplaced:
        more = spread({**kept, _LOST: found.unplaced}, {_LOST}, {name: WHOLE for name in kept if name in eligible})
        gains = {name: gain + more.shares[name] - kept[name] for name, gain in gains.items()}
    after = dict.fromkeys(gone, 0)
    for name, gain in gains.items():
        after.update(_gained({p: s for p, s in before.items() if p.provider == name and p not in gone}, gain))
    return Moved({place: after[place] for place in before}, found.unplaced)


def _gained(places: Mapping[Place, int], gain: int) -> dict[Place, int]:
    """Divide what a provider gains among its regions: in proportion, or evenly where none of them has anything."""
    regions = {place.region: share for place, share in places.items()}
    found = spread({**regions, _LOST: gain}, {_LOST}, dict.fromkeys(regions, WHOLE))
    return {place: found.shares[place.region] for place in places}


def back(
    before: Mapping[Place, int],
    to: Mapping[Place, int],
    caps: Mapping[str, int],
    eligible: Collection[str],
    held: Collection[str],
) -> Moved:
    """Move towards other shares of the same places, as far as those that gain can take.

    Args:
        before: percent of every place with a record.
        to: percent of the same places.
        caps: percent of each provider whose room is known.
        eligible: the providers that may gain.
        held: the providers that keep what they have: nothing is known of them.

    Returns:
        The shares after this step, and how many percent have yet to follow.
    """
    old, new = by_provider(before), by_provider(to)
    wanted = {name: new[name] - old[name] for name in old}
    gaining = {
        name: min(more, max(caps[name] - old[name], 0)) if name in eligible and name in caps else 0
        for name, more in wanted.items()
        if more > 0
    }
    giving = {name: 0 if name in held else -more for name, more in wanted.items() if more < 0}
    moved = min(sum(gaining.values()), sum(giving.values()))
    gains, gifts = _portions(moved, gaining, old), _portions(moved, giving, old)
    after: dict[Place, int] = {}
    for name in old:
        change = gains.get(name, 0) - gifts.get(name, 0)
        places = {p: to[p] - before[p] for p in before if p.provider == name}
        if name not in eligible:
            # It may give, and none of its regions may gain, not even what another one of them gives.
            places = {p: min(more, 0) for p, more in places.items()}
        due = sum(places.values())
        part = Fraction(change, due) if due else Fraction(1)
        mine = {str(p): before[p] + part * more for p, more in places.items()}
        rounded = whole(mine, {str(p): before[p] for p in before})
        after.update({p: rounded[str(p)] for p in before if p.provider == name})
    rest = sum(max(to[place] - after[place], 0) for place in after)
    return Moved({place: after[place] for place in before}, rest)


def _portions(amount: int, limits: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """Divide an amount, at most the sum of the limits, in proportion to them."""
    total = sum(limits.values())
    if not total:
        return dict.fromkeys(limits, 0)
    return whole({name: Fraction(amount * limit, total) for name, limit in limits.items()}, before)
