"""What accounts cost, as it was read last: commands in the foreground ask nothing that costs money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from wedtui.core.evidence import COST_SIGNAL, COST_SOURCE
from wedtui.core.observation import SignalObservation
from wedtui.core.wording import age

if TYPE_CHECKING:
    from datetime import datetime

    from wedtui.cli.common import Session


def has_costs(session: Session, name: str | None) -> bool:
    """Whether a provider, or any, is configured to be asked for its costs."""
    return bool(_asked(session, name))


def _asked(session: Session, name: str | None) -> list[str]:
    sections = session.loaded.configuration.providers
    return [p.name for p in sections if name in {None, p.name} and p.aws is not None and p.aws.cost]


def known_costs(session: Session, name: str | None = None) -> list[SignalObservation]:
    """Return what is known of the costs of one provider, or of all, that are configured to be asked for.

    One that was never read, or cannot be looked up, has no value and a problem that says so.
    """
    from wedtui.cache.reader import CacheReader
    from wedtui.errors import StoreError, StoreMissingError

    now = session.clock.now()
    wanted = _asked(session, name)
    if not wanted:
        return []
    reader = CacheReader(session.cache_url)
    why = "never read"
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
        if signal is None or signal.value is None or signal.measured_at is None:
            found.append(SignalObservation(each, COST_SIGNAL, COST_SOURCE, now, None, why))
        else:
            found.append(SignalObservation(each, COST_SIGNAL, COST_SOURCE, signal.measured_at, signal.value))
    return found


def read_costs(known: Iterable[SignalObservation]) -> list[SignalObservation]:
    """Return those of them that were read."""
    return [each for each in known if each.value is not None]


def cost_lines(known: Iterable[SignalObservation], now: datetime) -> Iterator[str]:
    """Yield a line for each provider: what it costs, how old that is, and that nothing was asked."""
    for each in known:
        read = each.problem if each.value is None else f"US$ {each.value:,.2f}, read {age(each.at, now)} ago"
        yield (
            f"{each.provider} {each.signal}: {read}; not asked now, because each request costs money: "
            f"`wedtui providers sync {each.provider} --cost` asks"
        )


def cost_json(each: SignalObservation, now: datetime) -> dict[str, Any]:
    """Return what is known of a provider's costs as JSON-ready values."""
    from wedtui.cli.render import age_s, iso

    read = each.value is not None
    return {
        "kind": "known cost",
        "provider": each.provider,
        "signal": each.signal,
        "value": each.value,
        "read_at": iso(each.at) if read else None,
        "age_s": age_s(each.at, now) if read else None,
        "problem": each.problem,
    }
