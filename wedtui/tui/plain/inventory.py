"""What the providers have and how asking their APIs went, in sentences; each with its age."""

from __future__ import annotations

from collections import defaultdict

from wedtui.core.evidence import Freshness
from wedtui.core.inventory import ApiFacts, ResourceGroup
from wedtui.core.inventory_findings import credentials_text, no_api_words, switched_off
from wedtui.core.resource import STOPPED, Reach
from wedtui.core.state import State
from wedtui.core.wording import counted
from wedtui.tui.board import Board
from wedtui.tui.plain.describe import WORST_FIRST, pulse
from wedtui.tui.plain.words import ago, listed, old, sentence

NOTHING = 'No provider\'s API was asked here; "wedtui providers sync" asks.'


def resources(board: Board, provider: str | None = None) -> tuple[str, ...]:
    """Answer with what each provider has, a sentence for each kind and region, and with what was not answered."""
    if board.picture is None:
        return (pulse(board),)
    facts = board.picture.inventory
    groups = [g for g in facts.groups if provider in {None, g.provider} and (g.total or g.vanished)]
    askings = [a for a in facts.apis if provider in {None, a.provider}]
    if not askings:
        without = no_api_words({p.name: p.evidence.kind for p in board.picture.providers}, provider)
        return (sentence(without[0].upper() + without[1:]) if without else NOTHING,)
    off = {place for name in {a.provider for a in askings} for place in switched_off(name, facts.apis_of(name))}
    lines = [_group(board, group, off=(group.provider, group.region) in off) for group in groups] or [
        "No resource is known."
    ]
    return (*lines, *_askings(board, askings))


def _group(board: Board, group: ResourceGroup, *, off: bool) -> str:
    fresh = group.freshness(board.now) is Freshness.FRESH and not board.frozen_picture
    counts = [f"{group.count(state)} {state}" for state in WORST_FIRST if group.count(state)]
    states = listed(counts + ([f"{group.stopped} {STOPPED}"] if group.stopped else []))
    doubt = "switched off by the account, last " if off else "" if fresh else f"{State.UNKNOWN}, last "
    gone = f", {group.vanished} vanished" if group.vanished else ""
    when = f"listed {ago(group.listed_at, board.now)}" if group.listed_at else "never listed completely"
    return f"{group.provider} {group.kind} in {group.region}: {doubt}{states or 'none'}{gone}; {when}."


def _askings(board: Board, askings: list[ApiFacts]) -> tuple[str, ...]:
    """Say of each way in which an asking can go where it went so."""
    ways: dict[str, list[ApiFacts]] = defaultdict(list)
    for asking in askings:
        fresh = asking.freshness(board.now) is Freshness.FRESH and not board.frozen_picture
        ways[asking.reach if fresh else f"{State.UNKNOWN}, stale"].append(asking)
    lines = []
    for way, some in ways.items():
        oldest = min(asking.asked_at for asking in some)
        if way == Reach.ANSWERED:
            lines.append(f"{counted(len(some), 'asking')} answered in full, the oldest {old(oldest, board.now)}.")
            continue
        places = listed([f"{a.provider} {a.service} in {a.region}" for a in some])
        problem = next((f": {a.problem}" for a in some if a.problem), "")
        lines.append(sentence(f"Not answered in full, {way}: {places}, {old(oldest, board.now)}{problem}"))
    for name in dict.fromkeys(asking.provider for asking in askings):
        ending = credentials_text([asking for asking in askings if asking.provider == name], board.now)
        lines += [f"{name} {ending}."] if ending is not None else []
    return tuple(lines)
