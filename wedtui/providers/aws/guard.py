"""Whether an answer is whole.

botocore takes a cut, empty or foreign 200 for an empty answer: of HTML, an empty body or half a JSON document the
JSON services make `{}`, and `{}` looks like an account that has nothing. So each body is checked before it is
parsed, and each page must hold the lists that it is asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

Page = Mapping[str, Any]
"""One answer as botocore parsed it. It is turned into values of ours in `services`, and goes no further."""

READ_ALREADY = b"<Read/>"
"""Stands in the place of a body that was checked and read before the SDK parses it (`lean`)."""
PAGES_AT_MOST = 500
_ROOT = re.compile(rb"(?:<\?xml[^>]*\?>\s*)?<([A-Za-z][\w.:-]*)")


class NotWholeError(Exception):
    """An answer that is cut off or none of this service's; the text says how that was noticed."""

    def __init__(self, words: str, *, cut: bool = False) -> None:
        super().__init__(words)
        self.cut = cut
        """Whether it broke off on the way: then the next attempt might fare better."""


def check_body(response_dict: Mapping[str, Any], operation_model: Any, **_more: object) -> None:
    """Check a body before botocore parses it: the event `before-parse`.

    Raises:
        NotWholeError: it is shorter than its Content-Length, or not JSON where it should be.
    """
    if response_dict["status_code"] != 200 or response_dict["body"] is READ_ALREADY:
        return
    body: bytes = response_dict["body"]
    headers = response_dict["headers"]
    length = headers.get("content-length", "")
    if length.isdecimal() and not headers.get("content-encoding") and len(body) != int(length):
        raise NotWholeError(f"{len(body)} of {length} bytes came", cut=True)
    protocol = operation_model.service_model.resolved_protocol
    if protocol not in {"json", "rest-json"}:
        _check_xml(body)
        return
    try:
        whole = isinstance(json.loads(body), dict)
    except ValueError:
        raise NotWholeError("it is not JSON") from None
    if not whole:
        raise NotWholeError("it is no JSON object")


def _check_xml(body: bytes) -> None:
    """Check that the first element is closed at the end; whether it is well formed within, the SDK looks."""
    stripped = body.strip()
    root = _ROOT.match(stripped)
    if root is None:
        raise NotWholeError("it is empty" if not stripped else "it is not XML")
    if not stripped.endswith((b"</" + root[1] + b">", b"/>")):
        raise NotWholeError("it breaks off", cut=True)


def check_page(page: Page, keys: Collection[str]) -> None:
    """Check that a page holds the lists that it must.

    Raises:
        NotWholeError: one of them is not there.
    """
    for key in keys:
        if not isinstance(page.get(key), list):
            raise NotWholeError(f"it has no {key}")


class Seen:
    """The tokens of a listing: one that comes again means pages without an end."""

    def __init__(self, most: int | None = None) -> None:
        """Begin a listing.

        Args:
            most: how many pages it may have; None: as many as any.
        """
        self._most = PAGES_AT_MOST if most is None else most
        self._tokens: set[str] = set()

    def follow(self, token: object) -> str | None:
        """Return the token of the next page, or None after the last.

        Raises:
            NotWholeError: the pages go round in a circle, or there are more than can be.
        """
        if token is None or token == "":
            return None
        text = str(token)
        if text in self._tokens:
            raise NotWholeError("its pages go round in a circle")
        if len(self._tokens) + 1 >= self._most:
            raise NotWholeError(f"it has more than {self._most} pages")
        self._tokens.add(text)
        return text
