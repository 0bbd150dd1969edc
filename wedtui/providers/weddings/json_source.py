"""Weddings by HTTP in JSON: an array of objects, or an object with such a list, page by page."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import httpx

from wedtui.config_weddings import WeddingSourceSection
from wedtui.core.wedding_rows import FIELDS, RawRow, Rejection, Unusable
from wedtui.providers.web import Answer
from wedtui.providers.weddings.base import Came, Rows, SourceError, Take
from wedtui.providers.weddings.fetching import PAGE_AT_MOST, Place, mark_of, open_file

MOST_PAGES = 100_000
_LINK = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next\b')


class JsonSource:
    """A JSON API, or a file."""

    def __init__(self, section: WeddingSourceSection) -> None:
        """Prepare to read it.

        Raises:
            ConfigurationError: the URL, a header, a secret or the certificates cannot be used.
        """
        self._section = section
        self._place = Place(section)

    async def read(self, mark: str | None, take: Take) -> Came:
        """Read every page once; memory holds one page at a time."""
        if self._place.url is None:
            await take(json_file_rows(self._section))
            return Came()
        url: httpx.URL | None = self._place.url
        seen: set[bytes] = set()
        came_to: str | None = None
        while url is not None:
            self._check_page(url, seen)
            # What the first page says of itself says nothing about the others.
            answer = await self._place.page(url, mark if not seen else None)
            if answer is None:
                return Came(mark, mark, unchanged=True)
            seen.add(_digest(url))
            page = parsed(answer.body)
            await take(json_rows(page, self._section, len(seen)))
            following = self._next(page, answer, url)
            came_to = mark_of(answer) if following is None and len(seen) == 1 else None
            url = following
        return Came(came_to)

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._place.close()

    def _check_page(self, url: httpx.URL, seen: set[bytes]) -> None:
        if _digest(url) in seen:
            raise SourceError(f"its page {len(seen)} names a next one that was read already: correct the API")
        if len(seen) >= MOST_PAGES:
            raise SourceError(f"it has more than {MOST_PAGES:,} pages: make them larger")

    def _next(self, page: object, answer: Answer, url: httpx.URL) -> httpx.URL | None:
        """Return the page after this one, at the same origin; None where there is none."""
        link = page.get(self._section.next) if isinstance(page, Mapping) else None
        if not link:
            match = _LINK.search(answer.headers.get("link", ""))
            link = match[1] if match else None
        if not link:
            return None
        if not isinstance(link, str):
            raise SourceError(f"{self._section.next}: expected the URL of the next page, or nothing")
        try:
            following = url.join(link)
        except httpx.InvalidURL:
            raise SourceError(f"{self._section.next}: expected the URL of the next page, or nothing") from None
        # Headers with secrets go along: only to whom they were meant for.
        if _origin(following) != _origin(url):
            raise SourceError("its next page is on another server, which is not asked")
        return following


def json_file_rows(section: WeddingSourceSection) -> Rows:
    """Yield the rows of a file.

    Raises:
        SourceError: it cannot be read, is larger than a page may be, or is no JSON with a list.
    """
    with open_file(section.url, PAGE_AT_MOST) as file:
        yield from json_rows(parsed(file.read()), section, 1)


def json_rows(page: object, section: WeddingSourceSection, number: int) -> Rows:
    """Yield the rows of a page.

    Raises:
        SourceError: there is no list in it.
    """
    for position, entry in enumerate(_listed(page, section.list), start=1):
        place = f"page {number} row {position}" if number > 1 else f"row {position}"
        yield _row(place, entry, section)


def _row(place: str, entry: object, section: WeddingSourceSection) -> RawRow | Unusable:
    if not isinstance(entry, Mapping):
        return Unusable(place, Rejection("row", "expected an object"), None)
    values = [entry.get(section.column(field)) for field in FIELDS]
    for field, value in zip(FIELDS, values, strict=True):
        if isinstance(value, Mapping | list):
            return Unusable(place, Rejection(field, "expected text or a number"), values[0])
    return RawRow(place, *values)


def parsed(data: bytes) -> object:
    """Return what a page says.

    Raises:
        SourceError: it is no JSON.
    """
    try:
        page: object = json.loads(data)
    except (ValueError, RecursionError):
        hint = "an HTML page, perhaps of a login" if data.lstrip()[:1] == b"<" else "something that is not JSON"
        raise SourceError(f"it sent {hint}: check its URL and its headers") from None
    return page


def _listed(page: Any, path: str) -> list[object]:
    if isinstance(page, list):
        return page
    for key in path.split("."):
        page = page.get(key) if isinstance(page, Mapping) else None
    if not isinstance(page, list):
        raise SourceError(f"it has no list {path}: name the key of its list (`list`)")
    return page


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _digest(url: httpx.URL) -> bytes:
    return hashlib.blake2b(str(url).encode(), digest_size=16).digest()
