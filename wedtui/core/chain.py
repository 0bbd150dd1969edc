"""The audit chain: what a link says byte for byte, its hash, and where a chain is not what was written.

A link's content is one line of canonical JSON that names the link before it by its hash; its own hash is the SHA-256 of
that line. So whoever changes a link has to write every later one anew, and an anchor (a chain's newest number and hash,
kept elsewhere) tells that, as it tells that the newest links are gone. Signing and storing are not here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

VERSION = 1
"""Of the content: a later one may have other keys."""
KEPT_AT_LEAST = timedelta(days=7 * 366)
"""No link is removed before: seven years, whichever they are."""
PRUNE_KIND = "audit.prune"
"""The kind of the link that says up to which link the chain was removed, because it was so old."""
GENESIS = "0" * 64
"""The hash that the first link names as the one before it."""

_KIND = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*")
_KEYS = {"action", "at", "body", "kind", "number", "person", "previous", "version"}
_ANCHOR = re.compile(
    r"(?P<signed>wedtui-audit-1 (?P<number>[1-9][0-9]{0,17}) (?P<at>[0-9T:.-]{26}Z) (?P<hash>[0-9a-f]{64})"
    r" (?P<key>[0-9a-f]{16})) (?P<signature>[A-Za-z0-9+/]{86}==)"
)


class Fault(StrEnum):
    """What is wrong with a chain at its first bad link."""

    CHANGED = "changed"
    REWRITTEN = "rewritten"
    """It is whole by itself, and not the one that a neighbour or an anchor names."""
    MISSING = "missing"
    REORDERED = "reordered"
    DOUBLED = "doubled"
    HEAD_CUT = "head cut"
    TAIL_CUT = "tail cut"
    UNKNOWN_VERSION = "unknown version"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded."""

    at: datetime
    """Aware."""
    kind: str
    """What it is about, such as `freeze.add`: small letters, digits, `_`, `-`, in parts that dots separate."""
    person: str
    """Who: a user of the operating system, as the kernel says."""
    body: Mapping[str, Any]
    """What JSON can say: what was asked, decided or done, on which evidence (values and ages), and what was shown."""
    action: str | None = None
    """The id of the action that it belongs to."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: the number of its newest link, and its hash."""

    number: int
    hash: str


START = Head(0, GENESIS)
"""Where a chain without a link ends."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link as it is understood."""

    number: int
    at: datetime
    kind: str
    person: str
    action: str | None
    body: Mapping[str, Any]
    previous: str
    hash: str
    version: int = VERSION

    @property
    def head(self) -> Head:
        """Return the end of the chain whose newest link this is."""
        return Head(self.number, self.hash)

    @property
    def content(self) -> str:
        """Return the line of which the hash is."""
        return canonical(
            {
                "action": self.action,
                "at": instant_words(self.at),
                "body": self.body,
                "kind": self.kind,
                "number": self.number,
                "person": self.person,
                "previous": self.previous,
                "version": self.version,
            }
        )


@dataclass(frozen=True, slots=True)
class Cut:
    """That the beginning of a chain was removed, as a link of it says."""

    after: Head
    """The newest link that is gone."""
    said: Link

    @property
    def words(self) -> str:
        """What was removed, when and by whom."""
        body, by = self.said.body, f"{self.said.person} at {instant_words(self.said.at)}"
        span = f"links {body.get('first')} to {self.after.number}, the newest of {body.get('until')}"
        return f"{span}, were removed by {by}: link {self.said.number} says so"


def cut_of(link: Link, first: int) -> Cut | None:
    """Return what a link says was removed before the first that is there; None where it says nothing of that."""
    through, digest = link.body.get("through"), link.body.get("hash")
    if link.kind != PRUNE_KIND or through != first - 1 or not isinstance(digest, str):
        return None
    return Cut(Head(first - 1, digest), link)


@dataclass(frozen=True, slots=True)
class Written:
    """One link as it was found, before anything about it is believed."""

    number: int
    """As the store has it; in a file its line, where nothing better is known."""
    content: str | None
    """None where what was found is no link at all."""
    hash: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """What is kept outside of the chain: that at an instant its newest link was this one."""

    number: int
    hash: str
    at: datetime
    key: str
    """The fingerprint of the key that signed it."""
    signature: str = ""
    """Base64, of `signed`."""

    @property
    def signed(self) -> str:
        """Return the words that are signed."""
        return f"wedtui-audit-1 {self.number} {instant_words(self.at)} {self.hash} {self.key}"

    @property
    def line(self) -> str:
        """Return it as one line."""
        return f"{self.signed} {self.signature}"


@dataclass(frozen=True, slots=True)
class Bad:
    """The first link that is not what was written."""

    number: int
    fault: Fault
    text: str
    """What is wrong, in a sentence that names the link."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of a chain."""

    bad: Bad | None
    links: int
    """How many were looked at, up to the first bad one."""
    head: Head
    """The newest link that is right; `START` (or where the reading began) where there is none."""
    anchored: int
    """The number of the newest link that an anchor confirms; 0 where none does."""


def canonical(value: object) -> str:
    """Return a value as the one line of JSON that stands for it: sorted keys, no spaces, ASCII.

    Raises:
        TypeError, ValueError: JSON cannot say it (a set, a key that is no text, a number that is none).
    """
    _only_text_as_keys(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _only_text_as_keys(value: object) -> None:
    """Refuse keys that JSON would turn into text: two of them may then be the same.

    Raises:
        TypeError: one is no text.
    """
    if isinstance(value, Mapping):
        for key, each in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a key in an audit entry has to be text, not {type(key).__name__}")
            _only_text_as_keys(each)
    elif isinstance(value, list | tuple):
        for each in value:
            _only_text_as_keys(each)


def digest(content: str) -> str:
    """Return the hash of a link's content, in hexadecimal."""
    return hashlib.sha256(content.encode("ascii")).hexdigest()


def instant_words(at: datetime) -> str:
    """Return an aware instant in UTC, to the microsecond, always as long.

    Raises:
        ValueError: it is naive, which is a mistake of ours.
    """
    return _in_utc(at).strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0") + "Z"


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"an instant without a zone cannot be recorded: {at}")
    return at.astimezone(UTC)


def link_after(head: Head, entry: Entry) -> Link:
    """Return the link that records an entry behind another link.

    Raises:
        TypeError, ValueError: the entry cannot be recorded; a mistake of whoever made it.
    """
    if not _KIND.fullmatch(entry.kind):
        raise ValueError(f'an audit entry cannot be of the kind "{entry.kind}"')
    for words in (entry.person, entry.action):
        if words is not None and not (words and words.isprintable()):
            raise ValueError("a person and an action in an audit entry are printable words")
    # As it will be read: tuples are lists from here on.
    body = json.loads(canonical(dict(entry.body)))
    bare = Link(head.number + 1, _in_utc(entry.at), entry.kind, entry.person, entry.action, body, head.hash, "")
    return replace(bare, hash=digest(bare.content))


def understood(written: Written) -> Link:
    """Return what a link says, if its content is exactly what its hash is of.

    Raises:
        ValueError: it is not.
    """
    content = written.content
    if content is None or not content.isascii() or digest(content) != written.hash:
        raise ValueError("not what its hash is of")
    try:
        said = json.loads(content)
        if not isinstance(said, dict) or said.keys() != _KEYS or canonical(said) != content:
            raise ValueError("not the one way to write it")
        words = said.pop("at")
        at = datetime.fromisoformat(words)
        link = Link(**said, at=at, hash=written.hash)
        if instant_words(at) != words or not _typed(link):
            raise ValueError("not what a link says")
    except (TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError("not what a link says") from error
    return link


def _typed(link: Link) -> bool:
    numbers = type(link.number) is int and type(link.version) is int
    words = all(isinstance(each, str) for each in (link.kind, link.person, link.previous))
    return numbers and words and isinstance(link.action, str | None) and isinstance(link.body, dict)


def parse_anchors(lines: Iterable[str]) -> Iterator[Anchor]:
    """Yield every anchor in lines of a file, whatever stands before or behind it, as in a system's log."""
    for line in lines:
        for found in _ANCHOR.finditer(line):
            try:
                at = datetime.fromisoformat(found["at"])
            except ValueError:
                continue
            yield Anchor(int(found["number"]), found["hash"], at, found["key"], found["signature"])


def verify_cut(written: Iterable[Written], anchors: Iterable[Anchor], cut: Cut, now: datetime) -> Verdict:
    """Read a chain whose beginning was removed, as `verify` does: the link that says so has to be one of it.

    It is no licence: where an anchor shows that something younger was removed, or something else, the head is cut.

    Args:
        written: the links that are left, in the order in which they are found.
        anchors: what is known from elsewhere.
        cut: what was removed, as a link says.
        now: an aware instant: the link is believed to be no younger, where it was not signed before.
    """
    known, seen = tuple(anchors), list[bool]()

    def read() -> Iterator[Written]:
        for each in written:
            if each.hash == cut.said.hash:
                seen.append(True)
            yield each

    found = verify(read(), known, after=cut.after)
    bad = found.bad or _wrongly_cut(known, cut, now)
    if bad is None and not seen:
        text = f"the beginning was cut off: link {cut.said.number}, which said so, is not in the chain"
        bad = Bad(cut.after.number + 1, Fault.HEAD_CUT, text)
    return replace(found, bad=bad)


def _wrongly_cut(anchors: Sequence[Anchor], cut: Cut, now: datetime) -> Bad | None:
    """Return why what was removed may not have been: who was the newest at an instant was followed by younger ones."""
    last = cut.after
    # The link may say any instant of itself: it was there when it was signed first, or is by now.
    signed = min((each.at for each in anchors if each.number >= cut.said.number), default=now)
    said_at = min(cut.said.at, signed)
    for each in anchors:
        if each.number == last.number and each.hash != last.hash:
            return _not_as_anchored(each)
        if each.number < last.number and each.at >= said_at - KEPT_AT_LEAST:
            text = (
                f"the beginning was cut off: link {each.number} was the newest at {instant_words(each.at)}, and links"
            )
            text += f" up to {last.number} were removed before they were seven years old"
            return Bad(each.number + 1, Fault.HEAD_CUT, text)
    return None


def verify(written: Iterable[Written], anchors: Iterable[Anchor] = (), *, after: Head = START) -> Verdict:
    """Read a chain from end to end, one link at a time, and name the first that is not what was written.

    What anchors say is believed: whoever has their signatures checks those first.

    Args:
        written: the links, in the order in which they are found.
        anchors: what is known from elsewhere.
        after: where a part of a chain begins.
    """
    known: defaultdict[int, list[Anchor]] = defaultdict(list)
    for anchor in anchors:
        if anchor.number > after.number:
            known[anchor.number].append(anchor)
    links, head, anchored = 0, after, 0
    stream = iter(written)
    for each in stream:
        found = _next(each, head, stream)
        if isinstance(found, Bad):
            return Verdict(found, links, head, anchored)
        links += 1
        if (other := next((a for a in known[found.number] if a.hash != found.hash), None)) is not None:
            return Verdict(_not_as_anchored(other), links, head, anchored)
        anchored = found.number if known.pop(found.number) else anchored
        head = found.head
    return Verdict(_cut_tail(known, head), links, head, anchored)


def _next(written: Written, head: Head, rest: Iterator[Written]) -> Link | Bad:
    """Return the link that follows, or why this is not it."""
    expected = head.number + 1
    try:
        link = understood(written)
    except ValueError:
        return _unreadable(written, expected)
    if link.number > expected:
        return _gap(link.number, expected, rest)
    if link.number < expected:
        text = f"link {link.number} is there more than once: it was copied behind link {head.number}"
        return Bad(link.number, Fault.DOUBLED, text)
    if link.version != VERSION:
        text = f"link {link.number} is of version {link.version}, which this wedtui does not know: use a newer one"
        return Bad(link.number, Fault.UNKNOWN_VERSION, text)
    if link.previous != head.hash:
        text = f"link {link.number} does not follow link {head.number}: one of the two was written anew"
        return Bad(link.number, Fault.REWRITTEN, text)
    return link


def _unreadable(written: Written, expected: int) -> Bad:
    stands = f" (it stands there as {written.number})" if written.number != expected else ""
    return Bad(expected, Fault.CHANGED, f"link {expected} was changed{stands}: its hash is not that of what it says")


def _gap(number: int, expected: int, rest: Iterator[Written]) -> Bad:
    """Say what is wrong where a link comes too early: one that comes later was moved, all others are gone."""
    if any(each.number == expected for each in rest):
        text = f"link {expected} was moved: link {number} stands before it"
        return Bad(expected, Fault.REORDERED, text)
    which = f"link {expected} is" if number == expected + 1 else f"links {expected} to {number - 1} are"
    if expected == 1:
        text = f"the beginning was cut off: {which} missing, and the first that is there is link {number}"
        return Bad(expected, Fault.HEAD_CUT, text)
    return Bad(expected, Fault.MISSING, f"{which} missing: link {number} follows link {expected - 1}")


def _not_as_anchored(anchor: Anchor) -> Bad:
    at = instant_words(anchor.at)
    text = f"link {anchor.number} is not the one that was anchored at {at}: it or one before it was written anew"
    return Bad(anchor.number, Fault.REWRITTEN, text)


def _cut_tail(known: Mapping[int, list[Anchor]], head: Head) -> Bad | None:
    beyond = [anchor for each in known.values() for anchor in each]
    if not beyond:
        return None
    newest = max(beyond, key=lambda anchor: anchor.number)
    ends = f"the chain ends at link {head.number}" if head.number else "there is no link at all"
    at = instant_words(newest.at)
    text = f"the end was cut off: {ends}, and link {newest.number} was anchored at {at}"
    return Bad(head.number + 1, Fault.TAIL_CUT, text)
