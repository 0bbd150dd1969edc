"""What was seen to have changed, in words: one row of the cache's record of changes is one sentence.

Rows hold what was seen before and after, and no words, so that what is said of them can get better.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wedtui.core.changes import Change, ChangeKind, Gap, SeenShares
from wedtui.core.evidence import VendorEvent
from wedtui.core.text import single_line
from wedtui.core.vendor import event_words
from wedtui.core.wording import counted, duration, listed, utc_words

BEGAN, OVER, CHANGED = "began", "over", "changed"
STARTED, STOPPED, WENT_ON, TOOK_OVER = "started", "stopped", "went on", "took over"
VERSION = "version"
GAP_SAID = timedelta(minutes=1)
"""A time in which nobody watched is said from this length on: a restart takes less."""
OBSERVED = frozenset(ChangeKind) - {ChangeKind.FREEZE, ChangeKind.ALERT}
"""The kinds of which the cache keeps a record."""
_SAID = 300


@dataclass(frozen=True, slots=True)
class SeenRow:
    """One row of the cache's record of changes."""

    number: int
    at: datetime
    not_before: datetime | None
    kind: str
    object: str
    what: str
    """Which move it was: `began`, `over`, `changed`."""
    source: str
    """Who saw it."""
    details: Mapping[str, Any]
    """What was seen before and after; what each move has is in the functions below."""


def seen_change(row: SeenRow) -> Change:
    """Return a row as a change.

    Raises:
        KeyError, TypeError, ValueError: it is none that this version knows.
    """
    kind = ChangeKind(row.kind)
    sentence = single_line(_WORDS[kind](row), 1000)
    begun = _instant(row.details.get("exactly"))
    return Change(
        at=begun or row.at,
        kind=kind,
        object=row.object,
        sentence=sentence,
        known_from=row.source,
        key=f"{row.number:012d}",
        more=_more(row, kind),
        not_before=None if begun is not None or row.not_before == row.at else _not_before(row, kind),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _not_before(row: SeenRow, kind: ChangeKind) -> datetime | None:
    """Return the first instant at which it may have been; a vendor says only later that something began long ago."""
    if kind is not ChangeKind.VENDOR or row.what != BEGAN:
        return row.not_before
    begun = _instant(row.details["event"]["begun_at"])
    return min(filter(None, (row.not_before, begun)), default=None)


def seen_shares(row: SeenRow) -> SeenShares:
    """Return a row of shares as it is compared with what was written here; raises what `seen_change` does."""
    after = {str(place): int(share) for place, share in row.details["after"].items()}
    return SeenShares(seen_change(row), after, ours=row.details.get("written") is not None)


def unwatched(row: SeenRow) -> Gap | None:
    """Return the time before a service began in which none watched; None where that was none to speak of."""
    since = row.details.get("unwatched_since")
    if since is None:
        return None
    return unwatched_gap(datetime.fromisoformat(since), row.at)


def unwatched_gap(since: datetime, until: datetime, *, now: bool = False) -> Gap | None:
    """Return that no service watched in a time; None where it was too short to say so.

    Args:
        since: when one was last heard.
        until: when one began again, or the present instant.
        now: whether none watches yet.
    """
    if until - since < GAP_SAID:
        return None
    lost = "no service watched; what came and went meanwhile was not seen"
    return Gap(OBSERVED, "no service watches" if now else lost, since, None if now else until)


def _more(row: SeenRow, kind: ChangeKind) -> str | None:
    if kind is ChangeKind.WEIGHTS:
        return "wedtui traffic show"
    if kind is ChangeKind.VENDOR:
        return "wedtui providers list"
    if kind is ChangeKind.RELEASE and "id" in row.details:
        return f"wedtui resources show {row.details['id']}"
    return {ChangeKind.PROTECTION: "wedtui protection", ChangeKind.SERVICE: "wedtui service status"}.get(kind)


def _weights(row: SeenRow) -> str:
    before, after = ({str(p): int(s) for p, s in row.details[name].items()} for name in ("before", "after"))
    moves = [
        f"{place} {_share(before.get(place))} → {_share(after.get(place))}"
        for place in sorted({*before, *after})
        if before.get(place) != after.get(place)
    ]
    written = row.details.get("written")
    by = f", as written by action {int(written['action'])}: {written['what']}" if written else ""
    return f"live shares changed: {', '.join(moves)}{by}"


def _share(share: int | None) -> str:
    return "OFF" if share is None else f"{share} %"


def _vendor(row: SeenRow) -> str:
    said = row.details
    source = str(said["source"])
    if row.what == CHANGED:
        return f"{source}: {said['before']} → {said['after']}"
    event = said["event"]
    begun, updated = (event[name] and datetime.fromisoformat(event[name]) for name in ("begun_at", "updated_at"))
    words = event_words(VendorEvent(**{**event, "begun_at": begun, "updated_at": updated}), _SAID)
    return f"{source}: {'an incident began' if row.what == BEGAN else 'an incident is over'}: {words}"


def _release(row: SeenRow) -> str:
    said = row.details
    if row.what == VERSION:
        return f"wedtui {said['before']} → {said['after']}"
    name = f"{said['kind']} {said['name']} in {said['region']}"
    if row.what == BEGAN:
        return f"{name} is new{_definition(said['after'])}"
    if row.what == OVER:
        return f"{name} is gone{_definition(said['before'])}"
    return f"{name}: {_names(said['before'])} → {_names(said['after'])}"


def _names(definitions: list[str]) -> str:
    return listed(tuple(definitions)) or "no task definition"


def _definition(definitions: list[str]) -> str:
    return f", {_names(definitions)}" if definitions else ""


def _configuration(row: SeenRow) -> str:
    names = tuple(str(name) for name in row.details["settings"])
    which = f": {listed(names)}" if names else ", as its digest says"
    return f"the service runs with another configuration{which}"


def _protection(row: SeenRow) -> str:
    said = row.details
    why = f": {said['why']}" if said["why"] else ""
    return f"{said['before']} → {said['after']}{why}"


def _service(row: SeenRow) -> str:
    said = row.details
    if row.what == STARTED:
        return f"started, wedtui {said['version']}, {said['mode']}{_former(said)}"
    if row.what == STOPPED:
        return "stopped"
    if row.what == WENT_ON:
        return f"went on after it stood still, last heard {utc_words(datetime.fromisoformat(said['heard']))}"
    silent = duration(row.at - datetime.fromisoformat(said["heard"]))
    return f"died; {said['by']} took over {counted(int(said['targets']), 'target')}, unasked for {silent}"


def _former(said: Mapping[str, Any]) -> str:
    if said.get("stopped") is not None:
        return f"; the one before was stopped {utc_words(datetime.fromisoformat(said['stopped']))}"
    if said.get("heard") is not None:
        return f"; the one before died, last heard {utc_words(datetime.fromisoformat(said['heard']))}"
    return ""


_WORDS = {
    ChangeKind.WEIGHTS: _weights,
    ChangeKind.VENDOR: _vendor,
    ChangeKind.RELEASE: _release,
    ChangeKind.CONFIGURATION: _configuration,
    ChangeKind.PROTECTION: _protection,
    ChangeKind.SERVICE: _service,
}
