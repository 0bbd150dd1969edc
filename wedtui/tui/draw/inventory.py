"""What a provider has: its kinds with their states, how asking its API went, and pages of resources."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from wedtui.core.evidence import Freshness
from wedtui.core.inventory import NO_INVENTORY, ApiFacts, KnownResource, ResourceGroup, alike
from wedtui.core.inventory_findings import credentials_text, never_read, no_api_words, switched_off
from wedtui.core.resource import STOPPED, Reach, Resource, at_rest, state_sign, state_word
from wedtui.core.resource_cost import cost_words
from wedtui.core.state import State, badness, glyph
from wedtui.core.wording import age, short_age
from wedtui.tui.board import Board, Listed
from wedtui.tui.clipboard import Subject
from wedtui.tui.rows import Row
from wedtui.tui.spans import Line, Role, Span, clean, fit, rule, state_role, wrap

KIND_KEY = "kind "
"""How the key of a row begins that stands for a kind of resources."""

_WORST_FIRST = sorted(State, key=badness, reverse=True)
_COLUMNS = (("STATE", 10), ("KIND", 18), ("REGION", 14), ("NAME", 0), ("AGE", -5))
# What the columns and the blanks between them take, beside the name.
_FIXED = sum(abs(width) for _, width in _COLUMNS) + 2 * len(_COLUMNS)
# From this width on a page says the id of each resource beside its name.
WIDE = 100
# The cells for the name of a provider.
WHOSE = 8


def kind_of(key: str | None) -> str | None:
    """Return the kind that a row stands for; None for any other row."""
    return key.removeprefix(KIND_KEY) if key is not None and key.startswith(KIND_KEY) else None


def inventory_rows(board: Board, provider: str, width: int) -> tuple[Row, ...]:
    """Return what a provider has and how asking its API went; nothing where it has no API that is asked."""
    facts = board.picture.inventory if board.picture else None
    if facts is None or not (facts.apis_of(provider) or facts.groups_of(provider)):
        return ()
    return (
        *_kinds(board, facts.groups_of(provider), width),
        Row(()),
        *_askings(board, facts.apis_of(provider), width),
    )


def _kinds(board: Board, groups: tuple[ResourceGroup, ...], width: int) -> list[Row]:
    by_kind: dict[str, list[ResourceGroup]] = defaultdict(list)
    for group in groups:
        by_kind[group.kind].append(group)
    rows = [Row(rule("resources", width, (("Enter: list", Role.MUTED),)))]
    if by_kind:
        rows.append(Row(_kind_heading()))
    else:
        rows.append(Row(((" none was ever listed completely", Role.DEGRADED),)))
    regions_off = _regions_off(board, groups[0].provider) if groups else frozenset()
    for kind, some in by_kind.items():
        rows.append(Row(_kind(board, kind, some, regions_off), f"{KIND_KEY}{kind}"))
    return rows


def _kind_heading() -> Line:
    return ((f" {'KIND':<22} {'COUNT':>6}  {'AGE':>5}  STATES", Role.MUTED),)


def _kind(board: Board, kind: str, groups: list[ResourceGroup], regions_off: frozenset[str]) -> Line:
    """Return a kind with how many of it are in which state; those not listed lately count as UNKNOWN.

    What lies in a region that the account switched off is in no state.
    """
    counts: dict[State, int] = defaultdict(int)
    total = sum(group.total for group in groups)
    off = [group for group in groups if group.region in regions_off]
    groups = [group for group in groups if group.region not in regions_off]
    stopped = 0
    for group in groups:
        fresh = group.freshness(board.now) is Freshness.FRESH and not board.frozen_picture
        for state, count in group.counts:
            counts[state if fresh else State.UNKNOWN] += count
        stopped += group.stopped if fresh else 0
        counts[State.UNKNOWN] += 0 if fresh else group.stopped
    listed = [group.listed_at for group in groups or off]
    oldest = None if None in listed else min(at for at in listed if at is not None)
    spans: list[Span] = [
        (" ", Role.TEXT),
        (fit(kind, 22), Role.STRONG),
        (f" {total:>6,}  ", Role.TEXT),
        (fit(short_age(oldest, board.now), 5, right=True), Role.MUTED),
    ]
    for state in _WORST_FIRST:
        if counts[state]:
            spans += [("  ", Role.TEXT), (f"{glyph(state)} {counts[state]:,} {state}", state_role(state))]
    if stopped:
        spans.append((f"  - {stopped:,} {STOPPED}", Role.MUTED))
    if off:
        spans.append((f"  {sum(group.total for group in off):,} switched off", Role.MUTED))
    gone = sum(group.vanished for group in (*groups, *off))
    if gone:
        spans.append((f"  {gone:,} vanished", Role.MUTED))
    return tuple(spans)


def _regions_off(board: Board, provider: str) -> frozenset[str]:
    facts = board.picture.inventory if board.picture else NO_INVENTORY
    return frozenset(region for _, region in switched_off(provider, facts.apis_of(provider)))


def _askings(board: Board, askings: tuple[ApiFacts, ...], width: int) -> list[Row]:
    """Return a row for each region with the services that answered, and one for each that did not."""
    by_region: dict[str, list[ApiFacts]] = defaultdict(list)
    for asking in askings:
        by_region[asking.region].append(asking)
    rows = [Row(rule("its API", width))]
    if askings:
        rows.append(Row(((f" {'REGION':<16}{'AGE':>5}  HOW ASKING WENT", Role.MUTED),)))
    else:
        rows.append(Row(((" it was never asked", Role.DEGRADED),)))
    for region, some in by_region.items():
        good = [a for a in some if a.reach is Reach.ANSWERED and _believed(board, a)]
        if good:
            oldest = min(a.asked_at for a in good)
            words: Span = (f"answered: {', '.join(a.service for a in good)}", Role.TEXT)
            rows += _asking(board, region, oldest, words, width)
        for asking in some:
            if asking not in good:
                rows += _asking(board, region, asking.asked_at, _trouble(board, asking), width)
    ending = credentials_text(askings, board.now)
    if ending is not None:
        rows += [Row(line) for line in wrap(ending, width, Role.TEXT, indent=" ")]
    return rows


def _believed(board: Board, asking: ApiFacts) -> bool:
    return asking.freshness(board.now) is Freshness.FRESH and not board.frozen_picture


def _trouble(board: Board, asking: ApiFacts) -> Span:
    problem = f"; {asking.problem}" if asking.problem else ""
    full = f", in full {age(asking.answered_at, board.now)} ago" if asking.answered_at else ", never in full"
    if not _believed(board, asking):
        return f"{asking.service}: UNKNOWN, stale; last {asking.reach}{full}{problem}", Role.STALE
    if asking.reach in {Reach.SWITCHED_OFF, Reach.NOT_ON_PLAN, Reach.NOT_ENABLED}:
        return f"{asking.service}: {asking.reach}", Role.MUTED
    return f"{asking.service}: {asking.reach}{full}{problem}", Role.DEGRADED


def _asking(board: Board, region: str, at: datetime, words: Span, width: int) -> list[Row]:
    head: Line = (
        (" ", Role.TEXT),
        (fit(region, 16), Role.STRONG),
        (fit(short_age(at, board.now), 5, right=True), Role.MUTED),
        ("  ", Role.TEXT),
    )
    first, *rest = wrap(words[0], max(width - 25, 20), words[1])
    return [Row((*head, *first)), *(Row(((" " * 24, Role.TEXT), *line)) for line in rest)]


def resource_key(known: KnownResource) -> str:
    """Return the identity of a resource, as the key of its row."""
    found = known.resource
    return "\t".join((known.provider, found.kind, found.region, found.id))


def resource_rows(board: Board, listed: Listed | None, width: int) -> tuple[Row, ...]:
    """Return a page of resources: a heading, and each with its state and age, and with why it is not OK."""
    if listed is None:
        return (Row(((" reading the cache…", Role.MUTED),)),)
    if listed.page is None:
        return tuple(Row(line) for line in wrap(listed.problem or "", width, Role.DEGRADED, indent=" "))
    if not listed.page.rows:
        facts = board.picture.inventory if board.picture else NO_INVENTORY
        provider = listed.query.provider
        unread = never_read(facts, provider, board.now, believed=not board.frozen_picture)
        if unread and not any(group.total for group in facts.groups if provider in {None, group.provider}):
            return tuple(Row(line) for text in unread for line in wrap(text, width, Role.DEGRADED, indent=" "))
        text = "nothing vanished of late" if listed.query.vanished else "no resource is known here"
        return (Row(((f" {text}", Role.MUTED),)), *_doubts(board, listed, width))
    rows = [Row(_heading(listed, width)), *_doubts(board, listed, width)]
    same = alike(listed.page.rows) if width < WIDE else frozenset()
    for known in listed.page.rows:
        which = known.resource.id if known.resource.id in same else ""
        rows += _resource(board, known, width, whose=listed.query.provider is None, which=which)
    return tuple(rows)


def _doubts(board: Board, listed: Listed, width: int) -> list[Row]:
    """Say where the list may lack something, because an asking was not answered."""
    facts = board.picture.inventory if board.picture else None
    if facts is None:
        return []
    asked = [a for a in facts.apis if listed.query.provider in {None, a.provider}]
    if not asked:
        return _never_asked(board, listed.query.provider, width)
    asked = [a for a in asked if a.lists(listed.query.kind)]
    lacking = [a for a in asked if board.frozen_picture or not a.complete(board.now)]
    if not lacking:
        return []
    oldest = age(min(a.asked_at for a in lacking), board.now)
    text = f"some may be missing: {len(lacking)} of {len(asked)} askings were not answered in full, as of {oldest} ago"
    return [Row(line) for line in wrap(text, width, Role.DEGRADED, indent=" ")]


def _never_asked(board: Board, provider: str | None, width: int) -> list[Row]:
    """Say that nobody asked, and how to; where there is nothing to ask, that there is not."""
    kinds = {p.name: p.evidence.kind for p in board.picture.providers} if board.picture else {}
    without = no_api_words(kinds, provider)
    text = without or "no provider's API was ever asked: `wedtui providers sync` asks"
    return [Row(line) for line in wrap(text, width, Role.MUTED if without else Role.DEGRADED, indent=" ")]


def _heading(listed: Listed, width: int) -> Line:
    sizes = _sizes(width, whose=listed.query.provider is None)
    titles = [title for title, _ in _COLUMNS]
    titles[-1] = "GONE" if listed.query.vanished else "AGE"
    return _cells(*(((title, Role.MUTED), size) for title, size in zip(titles, sizes, strict=True)))


def _sizes(width: int, *, whose: bool) -> tuple[int, ...]:
    """Return the widths of the columns; where it has to be said whose a resource is, that stands before its region."""
    more = WHOSE if whose else 0
    name = max(width - _FIXED - more, 8)
    return tuple(size or name if title != "REGION" else size + more for title, size in _COLUMNS)


def _cells(*cells: tuple[Span, int]) -> Line:
    line: list[Span] = [(" ", Role.TEXT)]
    for (words, role), width in cells:
        line += [(fit(words, abs(width), right=width < 0), role), ("  ", Role.TEXT)]
    return tuple(line[:-1])


def believed_state(board: Board, known: KnownResource) -> State:
    """Return a resource's state as far as it can be believed on this board."""
    return State.UNKNOWN if board.frozen_picture else known.state(board.now)


def _sign(state: State, found: Resource) -> Span:
    """Return a resource's state as it is believed; what was stopped has no colour of one."""
    role = Role.MUTED if at_rest(state, found.status) else state_role(state)
    return state_sign(state, found.status), role


def _resource(board: Board, known: KnownResource, width: int, *, whose: bool, which: str) -> list[Row]:
    """Return a resource in a row, and below it by what it can be told from its like (`which`), and why it is not OK."""
    found, gone = known.resource, known.vanished_at is not None
    state = believed_state(board, known)
    word: Span = ("- gone", Role.MUTED) if gone else _sign(state, found)
    name = f"{found.name} ({found.id})" if width >= WIDE and found.id != found.name else found.name
    cells: tuple[Span, ...] = (
        word,
        (found.kind, Role.TEXT),
        (f"{known.provider} {found.region}" if whose else found.region, Role.TEXT),
        (name, Role.STRONG),
        (short_age(known.vanished_at if gone else known.seen_at, board.now), Role.MUTED),
    )
    line = _cells(*zip(cells, _sizes(width, whose=whose), strict=True))
    rows = [Row(line, resource_key(known))]
    if which:
        rows.append(Row(((fit(f"             id {clean(which)}", width).rstrip(), Role.MUTED),)))
    if gone:
        return rows
    remark = found.detail
    if state is not found.state:
        remark = f"last known {found.state} ({found.status})"
    if remark and not (remark == found.status and at_rest(state, found.status)):
        role = Role.STALE if state is not found.state else Role.MUTED
        rows.append(Row(((fit(f"             {remark}", width).rstrip(), role),)))
    return rows


def resource_facts(board: Board, known: KnownResource, width: int) -> tuple[Row, ...]:
    """Return everything that is known of a resource, a row for each fact; none can be selected."""
    found, now = known.resource, board.now
    state = believed_state(board, known)
    last = f" · last known {found.state}" if state is not found.state else ""
    head: Line = (
        (" ", Role.TEXT),
        _sign(state, found),
        (f"   {found.status}{last}", Role.STALE if last else Role.TEXT),
        (f"   seen {age(known.seen_at, now)} ago", Role.MUTED),
    )
    backup = _moment(found.backed_up_at, now) if found.backed_up_at else "never" if found.backed_up else ""
    cost, estimated = cost_words(found.monthly_cost, known.cost, now)
    facts = (
        ("vanished", _moment(known.vanished_at, now)),
        ("why", found.detail or ""),
        ("id", found.id),
        ("kind", found.kind),
        ("where", f"{known.provider} {found.region}"),
        ("first seen", _moment(known.first_seen_at, now)),
        ("created", _moment(found.created_at, now)),
        ("expires", _moment(found.expires_at, now)),
        ("backed up", backup),
        ("cost", cost if known.cost is not None or found.monthly_cost is not None else ""),
        ("estimated", estimated or ""),
        ("tags", ", ".join(f"{key}={value}" for key, value in found.tags)),
        ("rests on", ", ".join(found.depends_on)),
    )
    rows = [Row(head), Row(())]
    for title, text in facts:
        for i, line in enumerate(wrap(text, max(width - 14, 10))):
            rows.append(Row(((f" {'' if i else title:<12} ", Role.MUTED), *line)))
    return tuple(rows)


def _moment(at: datetime | None, now: datetime) -> str:
    if at is None:
        return ""
    words = f"in {age(now, at)}" if at > now else f"{age(at, now)} ago"
    return f"{at:%Y-%m-%d %H:%M} UTC, {words}"


def page_note(listed: Listed | None, before: int) -> Line:
    """Return which of how many are shown, for the right end of a title; `before` stand on earlier pages."""
    if listed is None or listed.page is None or not listed.page.rows:
        return ()
    page = listed.page
    last = before + len(page.rows)
    return ((f"{before + 1:,}–{last:,} of {max(page.total, last):,}", Role.ACCENT),)


def resource_subject(board: Board, known: KnownResource) -> Subject:
    """Return a resource as a sentence that stands by itself."""
    found = known.resource
    state = believed_state(board, known)
    last = f" (last known {found.state})" if state is not found.state else ""
    parts = [
        f"{known.provider} {found.kind} {found.name} {state_word(state, found.status)}{last}",
        f"status {found.status}",
    ]
    parts += [found.detail] if found.detail and not last else []
    parts += [f"id {found.id}", f"region {found.region}"]
    if known.vanished_at is not None:
        parts.append(f"vanished {known.vanished_at:%Y-%m-%d %H:%M:%S} UTC")
    parts.append(f"seen {known.seen_at:%Y-%m-%d %H:%M:%S} UTC")
    if board.picture is not None:
        parts.append(board.picture.environment)
    parts += ["DEMO, a made-up world"] if board.demo else []
    return Subject(f"{found.kind} {found.name}", ", ".join(parts))


def kind_subject(board: Board, provider: str, kind: str) -> Subject | None:
    """Return how many of a kind a provider has, in which states; None where it has none of it."""
    facts = board.picture.inventory if board.picture else None
    groups = [g for g in facts.groups_of(provider) if g.kind == kind] if facts else []
    if not groups or board.picture is None:
        return None
    words = " ".join("".join(text for text, _ in _kind(board, kind, groups, _regions_off(board, provider))).split())
    listed = [group.listed_at for group in groups if group.listed_at is not None]
    when = f"listed {min(listed):%Y-%m-%d %H:%M:%S} UTC" if listed else "never listed completely"
    demo = ", DEMO, a made-up world" if board.demo else ""
    return Subject(f"{provider} {kind}", f"{provider} {words}, {when}, {board.picture.environment}{demo}")
