"""What vendors say of themselves in their own words: each event as a sentence, and as a finding."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from wedtui.core.evidence import Freshness, ProviderEvidence, VendorEvent, VendorEvidence, freshness
from wedtui.core.finding import Finding, Severity
from wedtui.core.resource import GLOBAL
from wedtui.core.text import abridged

NAMED = 3
"""How many events of a vendor have a finding of their own."""
SAID = 240
"""How many characters of a description a finding holds."""


def event_words(event: VendorEvent, longest: int | None = None) -> str:
    """Return an event in one sentence: which service, in which region, since when, and what the vendor says of it.

    It holds instants and no ages: a sentence that says another thing every second would be announced every second.

    Args:
        event: as it was read.
        longest: how many characters of the description it holds; None: all that are known.
    """
    where = f"{event.service} everywhere" if event.region == GLOBAL else f"{event.service} in {event.region}"
    own = " of this account" if event.ours else ""
    since = f" since {_minute(event.begun_at)}" if event.begun_at else ""
    updated = f", updated {_minute(event.updated_at)}" if event.updated_at else ""
    said = event.text or f"{event.code}, no description is known"
    said = said if longest is None else abridged(said, longest)
    return f"{where}: {event.category}{own}{since}{updated}: {said}"


def event_texts(vendor: VendorEvidence) -> tuple[str, ...]:
    """Return every event with all that is known of it, and how many further ones there are."""
    said = tuple(event_words(event) for event in vendor.events)
    return (*said, f"and {vendor.more} more, which were not read") if vendor.more else said


def vendor_findings(provider: ProviderEvidence, now: datetime) -> Iterator[Finding]:
    """Yield what a provider's vendor says is wrong; of what is old, that it is what was last known."""
    vendor = provider.vendor
    if vendor is None:
        return
    known = "" if freshness(vendor.measured_at, vendor.interval, now) is Freshness.FRESH else "last known: "
    said = [f"{vendor.source} says {event_words(event, SAID)}" for event in vendor.events[:NAMED]]
    if more := _unnamed(vendor):
        said.append(f"{vendor.source} has {more} more open {'event' if more == 1 else 'events'}")
    for words in said:
        yield Finding(Severity.WARNING, provider.name, f"{known}{words}", vendor.measured_at)


def _unnamed(vendor: VendorEvidence) -> int:
    """Return how many events have no finding of their own."""
    return vendor.more + max(0, len(vendor.events) - NAMED)


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
