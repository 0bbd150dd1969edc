"""What `wedtui doctor` says of the accounts of providers, as the cache knows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from wedtui.cli.checks import Check, Level
from wedtui.core.resource import Reach
from wedtui.core.wording import age

if TYPE_CHECKING:
    from wedtui.config import Configuration, ProviderSection
    from wedtui.core.inventory import InventoryFacts


def configured_regions(section: ProviderSection) -> tuple[str, ...]:
    """Return the regions that a provider's account is configured to be asked in; none: all that it has switched on."""
    return section.aws.regions if section.aws is not None else ()


def account_checks(configuration: Configuration, facts: InventoryFacts, now: datetime) -> Iterator[Check]:
    """Yield whose account each provider is read with, that it is another one's, and which regions nobody watches."""
    for section in configuration.providers:
        refused = (a.problem for a in facts.apis_of(section.name) if a.reach is Reach.OTHER_ACCOUNT)
        problem = next((each for each in refused if each), None)
        if problem is not None:
            yield Check(Level.PROBLEM, "account", f"{section.name}: {problem}")
        account = facts.account_of(section.name)
        if account is None:
            continue
        if account.account is not None and problem is None:
            words = f"{section.name}: {account.account}, as of {age(account.seen_at, now)} ago"
            yield Check(Level.OK, "account", words)
        unwatched = account.unwatched(configured_regions(section))
        if unwatched:
            text = (
                f"{section.name}: switched on and not configured, so nothing there is watched: {', '.join(unwatched)}"
            )
            yield Check(Level.NOTE, "regions", text)
