"""What people are told of alerts, in words: one sentence, and the details of it. What is told when: `telling`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from wedtui.core.alerts.memory import Reason, short_key
from wedtui.core.alerts.names import source_of
from wedtui.core.alerts.rule import Rule, Severity, Source
from wedtui.core.alerts.told import Bundle, Flap, Over, Untold
from wedtui.core.alerts.track import Labels, labels_words
from wedtui.core.chain import instant_words
from wedtui.core.notify import ROUTE, Detail, Event, Level, Notice
from wedtui.core.wording import counted, duration, figure, listed

FLAPPED = "told as flapping"
SERIES_FLAPPED = "only told that its series flaps"
WHERE = "`wedtui alerts list`"
_NAMED = 5
"""So many series and rules are named in a sentence."""
_DETAILED = 20
"""So many are in the details."""
_LEVELS = {Severity.CRITICAL: Level.CRITICAL, Severity.WARNING: Level.WARNING}


def silenced_by(person: str) -> str:
    """Return by what a message is hidden: a person's silence."""
    return f"silenced by {person}"


def hidden_by(rule: str) -> str:
    """Return by what a message is hidden: another rule that fires."""
    return f"hidden by {rule}"


def taken_by(person: str) -> str:
    """Return by what a message is hidden: somebody has what it is about."""
    return f"taken by {person}"


def hidden_there(source: str, hidden: str) -> str:
    """Return by what a message is hidden: it is silenced or inhibited in the system that judges it."""
    return f"{hidden} in {source}"


def is_flapped(untold: Untold) -> bool:
    """Whether it was told as flapping, or counted as that, and that is over."""
    return untold.until_now.startswith(FLAPPED)


def is_anew(untold: Untold) -> bool:
    """Whether people heard that its series flaps, and that it does no more."""
    return untold.until_now.startswith((FLAPPED, SERIES_FLAPPED))


def hidden_now(untold: Untold, by: str) -> str:
    """Return by what a message is not told until now; what was told as flapping stays that, whatever hides it then."""
    if by and is_anew(untold):
        return f"{FLAPPED if is_flapped(untold) else SERIES_FLAPPED}, {by}"
    return by or untold.until_now


def about(waiting: Sequence[Untold], group: Labels | None) -> str:
    """Return what a notification is about: `errors (provider=aws)`, `3 alerts of errors (provider=aws)`."""
    first = waiting[0]
    if len(waiting) == 1:
        return f"{first.rule} ({labels_words(first.labels)})"
    return f"{len(waiting):,} alerts of {first.rule} ({labels_words(group or ())})"


def storm_about(count: int) -> str:
    """Return what a notification of a storm is about."""
    return f"{counted(count, 'alert')} told together"


def begun(key: str, rule: Rule | Source | None, waiting: Sequence[Untold], what: str, *, told_before: int) -> Notice:
    """Return what is told of episodes that began, the gravest first.

    Args:
        key: of the notification.
        rule: whose they are; None where it is no more.
        waiting: the episodes.
        what: what they are about.
        told_before: how many of their group were told before them and are not over.
    """
    first = waiting[0]
    said = f"{what}: {_why(first, rule)}"
    if len(waiting) == 1 and source_of(first.rule):
        # Its labels may be many, and whoever is called at night reads the first words.
        said = f"{first.rule}: {_why(first, rule)}; {labels_words(first.labels)}"
    if len(waiting) > 1:
        said += f"; {_listed([labels_words(each.labels) for each in waiting])}"
    if told_before:
        said += f"; {told_before:,} of this group were told before"
    raised = sum(each.raised for each in waiting)
    if raised:
        said += (
            "; critical now, and told as a warning before" if raised == len(waiting) else f"; {raised:,} were warnings"
        )
    said += _until_now(waiting)
    return Notice(key, _LEVELS[first.severity], said, _details(rule, waiting))


def flapping(key: str, rule: Rule | Source | None, newest: Untold, often: int) -> Notice:
    """Return what is told of a series that begins again and again."""
    flaps = f"flaps: it began {often} times within an hour; it is told again when that stops"
    said = f"{newest.rule} ({labels_words(newest.labels)}) {flaps}; {_why(newest, rule)}"
    if source_of(newest.rule):
        said = f"{newest.rule} {flaps}; {_why(newest, rule)}; {labels_words(newest.labels)}"
    return Notice(key, _LEVELS[newest.severity], said, {**_details(rule, [newest]), "began": often})


def storm(key: str, waiting: Sequence[Untold], *, goes_on: bool) -> Notice:
    """Return what is told of so many episodes that they are counted."""
    rules = Counter(each.rule for each in waiting)
    critical = sum(each.severity is Severity.CRITICAL for each in waiting)
    counts = _listed([f"{name} {count:,}" for name, count in rules.most_common()])
    begin = f"{counted(len(waiting), 'more alert')}" if goes_on else f"{counted(len(waiting), 'alert')} at once"
    said = f"{begin}, {critical:,} of them critical: {counts}; they are told together, and {WHERE} says which they are"
    details: dict[str, Detail] = {"alerts": len(waiting), "critical": critical, "see": WHERE.strip("`")}
    details |= {f"rule {name}": count for name, count in rules.most_common(_DETAILED)}
    if len(rules) > _DETAILED:
        details["other rules"] = len(rules) - _DETAILED
    return Notice(key, _LEVELS[waiting[0].severity], said, details)


def over(bundle: Bundle) -> Notice:
    """Return what is told when the last of what was told is over."""
    which = "the last of " if bundle.count > 1 else ""
    said = f"{which}{bundle.about} is over"
    if bundle.withdrawn:
        said += f"; of {bundle.withdrawn:,} nobody knows how it stands, as was told"
    details: dict[str, Detail] = {"alerts": bundle.count, "told": instant_words(bundle.at)}
    if bundle.rule:
        details = {"rule": bundle.rule, **details}
    return Notice(bundle.key, Level.INFO, said, details, event=Event.RESOLVE)


def withdrawn(bundle: Bundle, lost: int) -> Notice:
    """Return what is told of episodes whose rule is gone: it is no end, and what was told of them stays open."""
    of_how_many = f"{lost:,} of " if bundle.count > lost else ""
    said = (
        f"nobody knows how {of_how_many}{bundle.about} stands: the rule, or what was remembered of it, is no more; "
        "that is no end: look for yourself, and close by hand what was told of it"
    )
    details: dict[str, Detail] = {"rule": bundle.rule, "alerts": lost, "told": instant_words(bundle.at)}
    return Notice(f"{bundle.key}/withdrawn/{bundle.withdrawn}", Level.WARNING, said, details)


def all_withdrawn(unknown: Sequence[tuple[Bundle, int]]) -> Notice:
    """Return the same of so many notifications that they are counted."""
    alerts = sum(lost for _bundle, lost in unknown)
    first = unknown[0][0]
    said = (
        f"nobody knows how {counted(alerts, 'alert')} of {counted(len(unknown), 'notification')} stand: their rules, "
        f"or what was remembered of them, are no more; that is no end: look for yourself, and close them by hand; "
        f"{WHERE} says what fires now"
    )
    rules = Counter(bundle.rule or "several" for bundle, _lost in unknown)
    details: dict[str, Detail] = {"alerts": alerts, **{f"rule {n}": c for n, c in rules.most_common(_DETAILED)}}
    return Notice(f"{first.key}/withdrawn/{first.withdrawn}/all", Level.WARNING, said, details)


def steady(key: str, flap: Flap, now: datetime, *, firing: bool) -> Notice:
    """Return what is told when a series flaps no more, for each notification that said that it does."""
    stands = "it fires, and is told anew unless something hides it" if firing else "it is over"
    said = (
        f"{_flap_about(flap)} flaps no more: {counted(flap.episodes, 'episode')} in {duration(now - flap.since)}, the "
        f"last began {duration(now - flap.began_at)} ago; {stands}"
    )
    return Notice(key, Level.INFO, said, {"rule": flap.rule, "episodes": flap.episodes}, event=Event.RESOLVE)


def flap_withdrawn(flap: Flap) -> Notice:
    """Return what is told of a series that flapped and whose rule is gone."""
    said = (
        f"nobody knows how {_flap_about(flap)} stands, which flapped: the rule, or what was remembered of it, is no "
        "more; that is no end: look for yourself, and close by hand what was told of it"
    )
    details: dict[str, Detail] = {"rule": flap.rule, "episodes": flap.episodes}
    return Notice(f"{flap.keys[-1]}/withdrawn", Level.WARNING, said, details)


def _flap_about(flap: Flap) -> str:
    return f"{flap.rule} ({labels_words(flap.labels)})"


def _why(untold: Untold, rule: Rule | Source | None) -> str:
    now = rule.said if isinstance(rule, Rule) else ""
    if untold.reason is Reason.NO_DATA:
        said = "nothing is known of it" + (f" ({now})" if now else "")
    else:
        said = "its rule is no more" if rule is None else untold.said.rstrip(".") or now or f"{rule.condition}"
        said += "" if untold.value is None else f" (measured: {figure(untold.value)})"
    # What is taken in from elsewhere may have begun days ago.
    day = "" if untold.waits_since - untold.since < timedelta(hours=20) else f"{untold.since.astimezone(UTC):%Y-%m-%d} "
    said += f", since {day}{untold.since.astimezone(UTC):%H:%M:%S} UTC"
    if untold.over is Over.RESOLVED:
        said += ", and over by now"
    return said


def _until_now(waiting: Sequence[Untold]) -> str:
    by = tuple(dict.fromkeys(each.until_now for each in waiting if each.until_now))
    return f"; until now {_listed(by)}" if by else ""


def _listed(names: Sequence[str]) -> str:
    """Return the first of many names, and how many more there are."""
    more = len(names) - _NAMED
    return listed((*names[:_NAMED], f"{more:,} more") if more > 0 else tuple(names))


def _details(rule: Rule | Source | None, waiting: Sequence[Untold]) -> dict[str, Detail]:
    first = waiting[0]
    details: dict[str, Detail] = {
        "rule": first.rule,
        **({"says": first.said} if first.said else {}),
        "labels": labels_words(first.labels),
        "severity": first.severity.value,
        "value": first.value,
        "since": instant_words(first.since),
        "reason": first.reason.value,
        "episode": first.key,
    }
    if rule is not None:
        details["condition"] = str(rule.condition)
        details |= {"source": rule.name} if isinstance(rule, Source) else {}
        runbook = first.runbook or rule.runbook
        details |= {"runbook": runbook} if runbook else {}
        details |= {"link": first.link} if first.link else {}
        details |= {ROUTE: rule.route} if rule.route else {}
    if len(waiting) > 1:
        details["alerts"] = len(waiting)
        for number, each in enumerate(waiting[1:_DETAILED], start=2):
            value = "" if each.value is None else f" (measured: {figure(each.value)})"
            since, key = instant_words(each.since), short_key(each.key)
            says = f"{each.said}: " if each.said else ""
            details[f"labels {number}"] = f"{says}{labels_words(each.labels)}{value}, since {since}, key {key}"
    return details
