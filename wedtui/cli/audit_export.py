"""An export of the audit chain: what is written into it, and reading one back.

JSON, one object a line: how the export begins; each link, byte for byte as its hash is of it; what was signed, and by
which keys; how it ends. Nothing of ours is needed to check one (docs/audit.md). Markdown is for people and is not read
back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from wedtui.core.chain import GENESIS, Anchor, Head, Link, Written, canonical, instant_words, parse_anchors
from wedtui.errors import AuditError

FORMAT = 1
_LINK = re.compile(r'\{"hash":"(?P<hash>[^"]*)","link":(?P<content>\{.*\})\}')


@dataclass(slots=True)
class Export:
    """What an export says of itself; its links are read one by one."""

    file: Path
    made_at: datetime
    after: Head
    whole: bool
    """Whether it holds the chain to its end at that instant."""
    anchors: list[Anchor] = field(default_factory=list)
    end: Head | None = None
    """The newest link that was written into it; None where the export was cut."""

    def written(self) -> Iterator[Written]:
        """Yield its links, as they are found.

        Raises:
            OSError: the file cannot be read.
        """
        with self.file.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines):
                if line.startswith('{"hash"'):
                    yield _written(line.rstrip("\n"), number)


def begin_line(after: Head, made_at: str, made_by: str, *, whole: bool) -> str:
    """Return the line with which an export begins."""
    begins = {"hash": after.hash, "number": after.number}
    return canonical({"after": begins, "made_at": made_at, "made_by": made_by, "wedtui_audit": FORMAT, "whole": whole})


def link_line(written: Written) -> str:
    """Return the line of one link; what is no link is said to be none."""
    if written.content is None:
        return canonical({"hash": written.hash, "link": {"number": written.number, "unreadable": True}})
    return f'{{"hash":{canonical(written.hash)},"link":{written.content}}}'


def anchor_line(anchor: Anchor) -> str:
    """Return the line of what was signed."""
    return canonical({"anchor": anchor.line})


def key_line(fingerprint: str, public_key: str) -> str:
    """Return the line of a public key, as the chain itself names it: whoever checks has it from elsewhere."""
    return canonical({"key": fingerprint, "public_key": public_key})


def end_line(head: Head) -> str:
    """Return the line with which an export ends."""
    return canonical({"end": {"hash": head.hash, "number": head.number}})


def read_export(file: Path) -> Export:
    """Read what an export says of itself.

    Raises:
        AuditError: it is none.
    """
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            export = _begun(file, _object(next(lines, "")))
            for line in lines:
                if line.startswith('{"anchor"'):
                    export.anchors.extend(parse_anchors([line]))
                elif line.startswith('{"end"'):
                    export.end = _head(_object(line).get("end"))
    except OSError as error:
        raise AuditError(f"the export {file} cannot be read ({error.strerror}): name another") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise AuditError(f"{file} is no export of `wedtui audit export --format json`: name one") from None
    return export


def markdown(link: Link) -> Iterator[str]:
    """Yield a link in lines of Markdown."""
    yield f"## {link.number} · {_plain(link.kind)}"
    yield ""
    action = "" if link.action is None else f", action {_plain(link.action)}"
    yield f"{instant_words(link.at)}, {_plain(link.person)}{action}"
    yield ""
    yield "```json"
    # Line ends within text are escaped, so that nothing in it ends the block.
    text = json.dumps(link.body, indent=2, ensure_ascii=False)
    yield "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
    yield "```"
    yield ""
    yield f"hash `{link.hash}`"
    yield ""


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", text)


def _written(line: str, number: int) -> Written:
    found = _LINK.fullmatch(line)
    if found is None:
        return Written(number, None, "")
    try:
        number = int(json.loads(found["content"])["number"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return Written(number, None, found["hash"])
    return Written(number, found["content"], found["hash"])


def _begun(file: Path, said: dict[str, Any]) -> Export:
    if said["wedtui_audit"] != FORMAT:
        raise AuditError(f"{file} was exported by a newer wedtui: use that one")
    made_at = datetime.fromisoformat(said["made_at"])
    if made_at.tzinfo is None:
        raise ValueError("no instant")
    return Export(file, made_at, _head(said["after"]), bool(said["whole"]))


def _head(said: Any) -> Head:
    number, digest = said["number"], said["hash"]
    if type(number) is not int or not isinstance(digest, str) or (number == 0 and digest != GENESIS):
        raise ValueError("no end of a chain")
    return Head(number, digest)


def _object(line: str) -> dict[str, Any]:
    said = json.loads(line)
    if not isinstance(said, dict):
        raise TypeError("no object")
    return said
