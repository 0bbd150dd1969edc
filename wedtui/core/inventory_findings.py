"""What is wrong with a provider's resources and with asking its API: each fault once, however many places it hits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from wedtui.core import resource_state as meaning
from wedtui.core.evidence import Freshness
from wedtui.core.finding import Finding, Severity
from wedtui.core.inventory import (
    BACKUP_WARNING,
    ApiFacts,
    Expiring,
    InventoryFacts,
    ResourceGroup,
    Unbacked,
    credentials_end,
)
from wedtui.core.resource import KINDS_WITH_API, PAID, Reach
from wedtui.core.state import State, badness
from wedtui.core.wording import age, duration

# The SDK renews what it can renew a quarter of an hour before it expires (botocore, `RefreshableCredentials`): what
# is nearer to its end than this will not be renewed by itself.
CREDENTIALS_WARNING = timedelta(minutes=10)
# How many places or names one sentence holds.
NAMED = 3

_SEVERITIES = {
    Reach.PARTIAL: Severity.WARNING,
    Reach.DENIED: Severity.WARNING,
    Reach.EXPIRED: Severity.CRITICAL,
    Reach.REJECTED: Severity.CRITICAL,
    Reach.OTHER_ACCOUNT: Severity.CRITICAL,
    Reach.NO_CREDENTIALS: Severity.CRITICAL,
    Reach.THROTTLED: Severity.WARNING,
    Reach.UNREACHABLE: Severity.WARNING,
    Reach.GARBLED: Severity.WARNING,
    Reach.HELD: Severity.WARNING,
    Reach.SWITCHED_OFF: Severity.NOTE,
    Reach.NOT_ON_PLAN: Severity.NOTE,
    Reach.NOT_ENABLED: Severity.NOTE,
}
_ON = frozenset({Reach.ANSWERED, Reach.PARTIAL})
_OF_STATE = {State.CRITICAL: Severity.CRITICAL, State.DEGRADED: Severity.WARNING, State.UNKNOWN: Severity.WARNING}


@dataclass(frozen=True, slots=True)
class Troubles:
    """How much is wrong with resources and with asking for them: it counts in no provider's health."""

    critical: int = 0
    """Also what would be CRITICAL by now, were it known that nobody changed it."""
    critical_at: datetime | None = None
    """Of the oldest evidence."""
    warning: int = 0
    warning_at: datetime | None = None
    asked_at: datetime | None = None
    """When the API was asked that was not asked for the longest time; costs, which are asked rarely, aside."""
    asking: str | None = None
    """The provider of whose API the worst of them speak; None where any of those is of a resource, which can be listed.
    """


def troubles(facts: InventoryFacts, found: Iterable[Finding], now: datetime) -> Troubles | None:
    """Count what `inventory_findings` found at that instant; None where no API was ever asked: nothing is known."""
    if not facts.apis and not facts.groups:
        return None
    of: dict[Severity, list[Finding]] = defaultdict(list)
    for finding in found:
        of[finding.severity].append(finding)
    urgent, less = of[Severity.CRITICAL] + of[Severity.UNKNOWN], of[Severity.WARNING]
    (critical, critical_at), (warning, warning_at) = (
        (len(some), min((f.measured_at for f in some if f.measured_at is not None), default=None))
        for some in (urgent, less)
    )
    worst, of_asking = urgent or less, _asking_findings(facts, now)
    asking = worst[0].subject if worst and all(f in of_asking for f in worst) else None
    asked_at = min((each.asked_at for each in facts.apis if each.service not in PAID), default=None)
    return Troubles(critical, critical_at, warning, warning_at, asked_at, asking)


def inventory_findings(facts: InventoryFacts, now: datetime) -> list[Finding]:
    """Return everything that is wrong at an aware instant, by provider."""
    apis = _by_provider(facts.apis)
    found = _asking_findings(facts, now)
    off = {place for provider, askings in apis.items() for place in switched_off(provider, askings)}
    found += [f for group in facts.groups if _place(group) not in off for f in _unhealthy_findings(group, now)]
    found += _unlisted_findings([group for group in facts.groups if _place(group) not in off], now)
    old = {(g.provider, g.kind, g.region) for g in facts.groups if g.freshness(now) is not Freshness.FRESH}
    dated = [f for each in facts.expiring if _place(each) not in off for f in _dated(each, _expiry_findings, old, now)]
    dated += [f for each in facts.unbacked if _place(each) not in off for f in _dated(each, _backup_findings, old, now)]
    return [*found, *dated]


Dated = TypeVar("Dated", Expiring, Unbacked)


def _dated(
    each: Dated,
    judge: Callable[[Dated, datetime], Iterator[Finding]],
    old: Container[tuple[str, str, str]],
    now: datetime,
) -> Iterator[Finding]:
    """Yield what time has made of something.

    Where it is not listed any more it may have been renewed since: what was not CRITICAL when it was seen and would
    be by now is UNKNOWN, which is as urgent. Less would be good news from not looking.
    """
    if (each.provider, each.kind, each.region) not in old:
        yield from judge(each, now)
        return
    then = {finding.severity for finding in judge(each, each.seen_at or now)}
    for finding in judge(each, now):
        unseen = finding.severity is Severity.CRITICAL and Severity.CRITICAL not in then
        severity = Severity.UNKNOWN if unseen else finding.severity
        yield Finding(severity, finding.subject, f"last known: {finding.text}", finding.measured_at)


def switched_off(provider: str, askings: Sequence[ApiFacts]) -> set[tuple[str, str]]:
    """Return provider and region of what the account has switched off: what was there is no outage.

    Ours: a service that has to be signed up for says the same; so nothing else may have answered there since it was
    asked before.
    """
    found = set()
    for off in askings:
        since = off.asked_at - off.interval
        on = (a.reach in _ON and a.region == off.region and a.asked_at > since for a in askings)
        if off.reach is Reach.SWITCHED_OFF and not any(on):
            found.add((provider, off.region))
    return found


def _place(of: ResourceGroup | Expiring | Unbacked) -> tuple[str, str]:
    return of.provider, of.region


def named(names: Sequence[str]) -> str:
    """Return names as a list of at most `NAMED`, and how many more there are: `a, b, c and 4 more`."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _by_provider(askings: Iterable[ApiFacts]) -> dict[str, list[ApiFacts]]:
    found: dict[str, list[ApiFacts]] = defaultdict(list)
    for each in askings:
        found[each.provider].append(each)
    return found


def never_read(facts: InventoryFacts, provider: str | None, now: datetime, *, believed: bool = True) -> tuple[str, ...]:
    """Say of which providers no resource was ever read, and why: that none is known does not mean that there is none.

    Args:
        facts: what is known.
        provider: of this one only; None: of every one whose API was asked.
        now: an aware instant; how long ago it was asked is counted up to it.
        believed: whether anybody judges; otherwise how asking goes is UNKNOWN, however new the facts are.
    """
    said = []
    for name, askings in _by_provider(facts.apis).items():
        missing = [each for each in askings if not each.complete(now)]
        read = any(group.listed_at is not None or group.total for group in facts.groups_of(name))
        if provider not in {None, name} or read or not missing:
            continue
        newest = max(missing, key=lambda each: (each.problem is not None, each.asked_at))
        fresh = newest.freshness(now) if believed else Freshness.STALE
        how = str(newest.reach) if fresh is Freshness.FRESH else f"UNKNOWN, {fresh}; last {newest.reach}"
        because = f": {newest.problem}" if newest.problem else ""
        said.append(f"nothing was ever read of {name}: {how}, {asked_words(newest, now)}{because}")
    return tuple(said)


def no_api_words(kinds: Mapping[str, str], provider: str | None) -> str | None:
    """Say why there is no API that could be asked; None where there is one.

    Args:
        kinds: of the configured providers, by name.
        provider: of this one only; None: of all.
    """
    if not kinds:
        return "no provider is configured"
    asked = [kind for name, kind in kinds.items() if provider in {None, name}]
    if not asked or any(kind in KINDS_WITH_API for kind in asked):
        return None
    if provider is None:
        return "there is no API to ask of any provider: probes and queries alone watch them"
    return f"there is no API to ask of {provider}: it is of the kind {asked[0]}, which probes and queries alone watch"


def unreached(facts: InventoryFacts, provider: str, now: datetime) -> str | None:
    """Say why nothing is heard of a provider's account, as far as that is known; None where it answers, or has none.

    A score says nothing of an account: what probes see of a provider may be well while nobody can look into it.
    """
    askings = [each for each in facts.apis_of(provider) if each.service not in PAID]
    if not askings or any(each.reach in _ON and each.freshness(now) is Freshness.FRESH for each in askings):
        return None
    newest = max(askings, key=lambda each: (_tells(each.reach), each.asked_at))
    if newest.freshness(now) is not Freshness.FRESH:
        return f"its account was not asked lately, last {newest.reach}"
    return f"its account does not answer: {newest.reach}"


def _tells(reach: Reach) -> int:
    """Return how much an asking's end says of the whole account: what was not asked says the least."""
    if reach is Reach.HELD:
        return 0
    return 2 if _SEVERITIES.get(reach) is Severity.CRITICAL else 1


def asked_words(asking: ApiFacts, now: datetime) -> str:
    """Say how long ago an API was asked; of one that was held back only how old that is, for nobody asked it then."""
    return f"{'as of' if asking.reach is Reach.HELD else 'asked'} {age(asking.asked_at, now)} ago"


def _asking_findings(facts: InventoryFacts, now: datetime) -> list[Finding]:
    """Return what is wrong with asking, which no list of resources shows."""
    return [f for provider, some in _by_provider(facts.apis).items() for f in _api_findings(provider, some, now)]


def _api_findings(provider: str, askings: Sequence[ApiFacts], now: datetime) -> Iterator[Finding]:
    fresh: dict[Reach, list[ApiFacts]] = defaultdict(list)
    old: list[ApiFacts] = []
    asked = any(each.freshness(now) is Freshness.FRESH for each in askings)
    # Of an account that never answered as little is known, whatever kept it from answering, as without credentials.
    unknown = not any(each.answered_at is not None or each.reach in _ON for each in askings)
    for each in askings:
        # A region that is off is left alone while the others are asked.
        off = asked and each.reach is Reach.SWITCHED_OFF and each.freshness(now) is Freshness.STALE
        if off or each.freshness(now) is Freshness.FRESH:
            fresh[each.reach].append(each)
        else:
            old.append(each)
    if old:
        oldest = min(each.asked_at for each in old)
        text = f"its API was not asked lately, what is known of it is stale: {_places(old)}"
        yield Finding(Severity.WARNING, provider, text, oldest)
    for reach, severity in _SEVERITIES.items():
        if fresh[reach]:
            grave = Severity.CRITICAL if severity is Severity.WARNING and unknown else severity
            yield Finding(grave, provider, _reach_text(reach, fresh[reach]), _oldest(fresh[reach]))
    yield from _credential_findings(provider, [each for some in fresh.values() for each in some], now)


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _oldest(askings: Iterable[ApiFacts]) -> datetime:
    return min(each.asked_at for each in askings)


def _places(askings: Sequence[ApiFacts]) -> str:
    """Return what was asked where, services of the same region together."""
    by_region: dict[str, list[str]] = defaultdict(list)
    for each in askings:
        by_region[each.region].append(each.service)
    return named([f"{', '.join(services)} in {region}" for region, services in by_region.items()])


def _reach_text(reach: Reach, askings: Sequence[ApiFacts]) -> str:
    problem = next((each.problem for each in askings if each.problem), None)
    because = f": {problem}" if problem else ""
    match reach:
        case Reach.SWITCHED_OFF:
            regions = list(dict.fromkeys(each.region for each in askings))
            return f"switched off by the account, not an outage: {named(regions)}"
        case Reach.NOT_ON_PLAN:
            services = list(dict.fromkeys(each.service for each in askings))
            return f"not on this plan, not an outage: {named(services)}"
        case Reach.NOT_ENABLED:
            services = list(dict.fromkeys(each.service for each in askings))
            return f"not enabled in the account, not an outage: {named(services)}{because}"
        case Reach.OTHER_ACCOUNT:
            return f"{reach}{because}"
        case Reach.HELD:
            text = f"not asked, held back by the circuit breaker: {_places(askings)}"
        case _:
            text = f"{reach}: {_places(askings)}"
    answers = [each.answered_at for each in askings]
    known = [at for at in answers if at is not None]
    if len(known) == len(answers):
        # An instant and no age: a sentence that says another thing every second would be announced every second.
        return f"{text}; last answered in full {_minute(min(known))}{because}"
    return f"{text}; never answered in full{because}"


def _credential_findings(provider: str, askings: Sequence[ApiFacts], now: datetime) -> Iterator[Finding]:
    """Say that credentials end; where they have already ended by the provider's own word, that was said."""
    end = credentials_end(askings)
    if end is None or any(each.reach is Reach.EXPIRED for each in askings):
        return
    at = max(each.asked_at for each in askings)
    left = end - now
    if left > CREDENTIALS_WARNING:
        return
    if left > timedelta():
        text = f"its credentials expire {_minute(end)} and were not renewed: sign in again"
        yield Finding(Severity.WARNING, provider, text, at)
    else:
        text = f"its credentials expired {_minute(end)}: sign in again"
        yield Finding(Severity.CRITICAL, provider, text, at)


def credentials_text(askings: Iterable[ApiFacts], now: datetime) -> str | None:
    """Return when a provider's credentials end; None where they have no end, or none is known."""
    end = credentials_end(askings)
    if end is None:
        return None
    if end > now:
        return f"credentials expire {_minute(end)}, in {age(now, end)}"
    return f"credentials expired {_minute(end)}, {age(end, now)} ago"


def _unhealthy_findings(group: ResourceGroup, now: datetime) -> Iterator[Finding]:
    """Say how many of a group are worst off; also where that is only what was last known of them."""
    bad = [(state, count) for state, count in group.counts if state is not State.OK and count]
    if not bad:
        return
    state, count = max(bad, key=lambda pair: badness(pair[0]))
    others = [f"{n} {s}" for s, n in bad if s is not state]
    known = "" if group.freshness(now) is Freshness.FRESH else "last known: "
    text = f"{known}{count} of {group.total} {group.kind} in {group.region} {'is' if count == 1 else 'are'} {state}"
    text += f" (and {', '.join(others)})" if others else ""
    examples = [f"{e.name} ({e.detail})" if e.detail else e.name for e in group.examples if e.state is state][:NAMED]
    if examples:
        more = count - len(examples)
        text += f": {', '.join(examples)}" + (f" and {more} more" if more > 0 else "")
    yield Finding(_OF_STATE[state], group.provider, text, group.listed_at)


def _unlisted_findings(groups: Iterable[ResourceGroup], now: datetime) -> Iterator[Finding]:
    """Say of which resources nothing is known any more, once for each provider."""
    old: dict[str, list[ResourceGroup]] = defaultdict(list)
    for group in groups:
        if group.total and group.freshness(now) is not Freshness.FRESH:
            old[group.provider].append(group)
    for provider, some in old.items():
        count = sum(group.total for group in some)
        listings = [group.listed_at for group in some if group.listed_at is not None]
        ever = "not listed completely of late" if len(listings) == len(some) else "never listed completely"
        where = named([f"{group.kind} in {group.region}" for group in some])
        text = f"{count} {'resource is' if count == 1 else 'resources are'} UNKNOWN, {ever}: {where}"
        yield Finding(Severity.WARNING, provider, text, min(listings, default=None))


def _expiry_findings(each: Expiring, now: datetime) -> Iterator[Finding]:
    meant = meaning.expiry(each.expires_at, now)
    if meant.state is State.OK:
        return
    text = f"{each.kind} {each.name} in {each.region} {meant.detail} ({_minute(each.expires_at)})"
    yield Finding(_OF_STATE[meant.state], each.provider, text, each.seen_at)


def _backup_findings(each: Unbacked, now: datetime) -> Iterator[Finding]:
    if each.oldest_at is not None and now - each.oldest_at <= BACKUP_WARNING:
        return
    newest = "without any backup" if each.oldest_at is None else f"last backed up {age(each.oldest_at, now)} ago"
    limit = duration(BACKUP_WARNING)
    if each.count == 1:
        text = f"{each.kind} {each.example} in {each.region} {newest}, longer than {limit}"
        text = text if each.oldest_at is not None else f"{each.kind} {each.example} in {each.region} has no backup"
    else:
        oldest = "one without any" if each.oldest_at is None else f"the oldest of {age(each.oldest_at, now)}"
        what = f"{each.count} {each.kind} in {each.region}"
        text = f"{what} have no backup of the last {limit}: {oldest}, such as {each.example}"
    yield Finding(Severity.WARNING, each.provider, text, each.seen_at)
