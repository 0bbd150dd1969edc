"""What accounts cost, as it was read last: commands in the foreground ask nothing that costs money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wedtui.core.evidence import COST_SIGNAL, COST_SOURCE
from wedtui.core.observation import SignalObservation
from wedtui.core.resource import COST, RESOURCE_COST, Reach
from wedtui.core.wording import age

if TYPE_CHECKING:
    from wedtui.cli.common import Session
    from wedtui.core.inventory import ApiFacts


def has_costs(session: Session, name: str | None) -> bool:
    """Whether a provider, or any, is configured to be asked for what it or its resources cost."""
    return bool(_asked(session, name, COST) or _asked(session, name, RESOURCE_COST))


def _asked(session: Session, name: str | None, service: str) -> list[str]:
    """Return which providers are configured to be asked by one of the services that cost money."""
    accounts = {p.name: p.aws for p in session.loaded.configuration.providers if p.aws is not None}
    wanted = {n for n, aws in accounts.items() if (aws.cost if service == COST else aws.resource_cost)}
    return [n for n in accounts if n in wanted and name in {None, n}]


@dataclass(frozen=True, slots=True)
class KnownCost:
    """What is known of a provider's costs."""

    provider: str
    value: float | None = None
    read_at: datetime | None = None
    """When that was; None: never."""
    problem: str | None = None
    """Why the newest asking that was stored gave nothing; None where it did, or nobody ever asked."""
    unread: str | None = None
    """Why nobody can tell what was read; None where that can be looked up."""

    def read(self) -> SignalObservation | None:
        """Return what was read; None where nothing ever was."""
        if self.value is None or self.read_at is None:
            return None
        return SignalObservation(self.provider, COST_SIGNAL, COST_SOURCE, self.read_at, self.value)


def known_costs(session: Session, name: str | None = None) -> list[KnownCost]:
    """Return what is known of the costs of one provider, or of all, that are configured to be asked for."""
    from wedtui.cache.reader import CacheReader
    from wedtui.errors import StoreError, StoreMissingError

    now = session.clock.now()
    wanted = _asked(session, name, COST)
    if not wanted:
        return []
    reader = CacheReader(session.cache_url)
    why = None
    known = {}
    try:
        known = {p.name: s for p in reader.facts(now).providers for s in p.signals if s.source == COST_SOURCE}
    except StoreMissingError:
        pass  # nothing was read yet, as it says
    except StoreError as error:
        why = f"what was read last cannot be looked up: {error}"
    finally:
        reader.close()
    found = []
    for each in wanted:
        signal = known.get(each)
        if signal is None:
            found.append(KnownCost(each, unread=why))
        else:
            found.append(KnownCost(each, signal.value, signal.measured_at, signal.problem))
    return found


def read_costs(known: Iterable[KnownCost]) -> list[SignalObservation]:
    """Return those of them that were read."""
    return [read for each in known if (read := each.read()) is not None]


def cost_lines(known: Iterable[KnownCost], now: datetime) -> Iterator[str]:
    """Yield a line for each provider: what it costs, how old that is, what went wrong, and that nothing was asked."""
    for each in known:
        read = each.read()
        words = "never read" if read is None else f"US$ {each.value:,.2f}, read {age(each.read_at, now)} ago"
        words += f", the last asking failed: {each.problem}" if each.problem else ""
        yield (
            f"{each.provider} {COST_SIGNAL}: {each.unread or words}; not asked now, because each request costs money: "
            f"`wedtui providers sync {each.provider} --cost` asks"
        )


def resource_cost_lines(session: Session, name: str | None = None) -> Iterator[tuple[str, bool]]:
    """Yield for each provider that is asked when it was last read what its resources cost, and whether that is well."""
    from wedtui.cache.reader import CacheReader
    from wedtui.errors import StoreError, StoreMissingError

    wanted, now = _asked(session, name, RESOURCE_COST), session.clock.now()
    if not wanted:
        return
    reader, unread = CacheReader(session.cache_url), None
    askings: dict[str, ApiFacts] = {}
    try:
        askings = {a.provider: a for a in reader.facts(now).inventory.apis if a.service == RESOURCE_COST}
    except StoreMissingError:
        pass  # nothing was read yet, as it says
    except StoreError as error:
        unread = f"what was read last cannot be looked up: {error}"
    finally:
        reader.close()
    for each in wanted:
        asking = askings.get(each)
        answered_at = asking.answered_at if asking is not None else None
        read = unread or ("never read" if answered_at is None else f"read {age(answered_at, now)} ago")
        well = unread is None and (asking is None or asking.reach in {Reach.ANSWERED, Reach.NOT_ENABLED})
        if asking is not None and asking.reach is not Reach.ANSWERED:
            read += f" ({asking.reach} {age(asking.asked_at, now)} ago)"
        words = f"{each} costs of its resources: {read}; not asked now, because each request costs money: "
        yield f"{words}`wedtui providers sync {each} --cost` asks", well


def cost_json(each: KnownCost, now: datetime) -> dict[str, Any]:
    """Return what is known of a provider's costs as JSON-ready values."""
    from wedtui.cli.render import age_s, iso

    return {
        "kind": "known cost",
        "provider": each.provider,
        "signal": COST_SIGNAL,
        "value": each.value,
        "read_at": iso(each.read_at),
        "age_s": age_s(each.read_at, now),
        "problem": each.unread or each.problem or (None if each.read() else "never read"),
    }
