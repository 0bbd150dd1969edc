"""Files of weddings: from a web server or a disk into an open file, in bounded memory."""

from __future__ import annotations

import asyncio
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO

import httpx

from wedtui.config_weddings import WeddingSourceSection
from wedtui.providers.web import Answer, TooLongError, UnansweredError, client_of, path_of, status_problem
from wedtui.providers.weddings.base import SourceError

FILE_AT_MOST = 1_000_000_000
PAGE_AT_MOST = 16_000_000
"""Bytes of what is read in one piece: a page of JSON."""

_ETAG, _MODIFIED = "etag ", "modified "


class Place:
    """Where a source's file is."""

    def __init__(self, section: WeddingSourceSection) -> None:
        """Prepare to fetch it.

        Raises:
            ConfigurationError: the URL, a header, a secret or the certificates cannot be used.
        """
        self._section = section
        asked = client_of(section, f"wedding source {section.name}", PAGE_AT_MOST)
        self.url = None if asked is None else asked[0]
        """None: it is a file."""
        self._web = None if asked is None else asked[1]

    async def close(self) -> None:
        """Close the connections that are kept."""
        if self._web is not None:
            await self._web.close()

    @asynccontextmanager
    async def file(self, mark: str | None) -> AsyncIterator[tuple[BinaryIO | None, str | None]]:
        """Give the file, open for reading, and the mark of its state; no file where nothing changed since `mark`.

        Raises:
            SourceError: it cannot be fetched whole.
        """
        if self._web is None or self.url is None:
            with await asyncio.to_thread(open_file, self._section.url, FILE_AT_MOST) as found:
                yield found, None
            return
        with tempfile.TemporaryFile() as body:
            try:
                answer = await self._web.download(self.url, body, headers=_condition(mark), at_most=FILE_AT_MOST)
            except UnansweredError as error:
                raise SourceError(str(error)) from None
            except OSError as error:
                raise SourceError(f"it could not be kept while it was read: {_why(error)}") from None
            if _unchanged(answer, mark):
                yield None, mark
                return
            check_status(answer)
            body.seek(0)
            yield body, mark_of(answer)

    async def page(self, url: httpx.URL, mark: str | None) -> Answer | None:
        """Return one page whole; None where nothing changed since `mark`.

        Raises:
            SourceError: it cannot be fetched.
        """
        assert self._web is not None
        try:
            answer = await self._web.ask("GET", url, headers=_condition(mark))
        except TooLongError as error:
            raise SourceError(f"{error} in one page: make its pages smaller, or send a CSV") from None
        except UnansweredError as error:
            raise SourceError(str(error)) from None
        if _unchanged(answer, mark):
            return None
        check_status(answer)
        return answer


def open_file(url: str, at_most: int) -> BinaryIO:
    """Open a file.

    Raises:
        SourceError: it cannot be read, is none, or is too large.
    """
    path = path_of(url)
    try:
        # A pipe or a device would wait for its other end.
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise SourceError(f"{path} is not a regular file")
        if found.st_size > at_most:
            raise SourceError(f"its file {path} is larger than {at_most // 1_000_000:,} MB: split it")
        return path.open("rb")
    except OSError as error:
        raise SourceError(f"its file {path} cannot be read: {_why(error)}") from None


def check_status(answer: Answer) -> None:
    """Refuse what is no good answer.

    Raises:
        SourceError: it is none.
    """
    problem = status_problem(answer)
    if problem is not None:
        raise SourceError(problem)


def mark_of(answer: Answer) -> str | None:
    """Return what tells this state of a resource from others (RFC 9110, 8.8); None where its server does not say."""
    if etag := answer.headers.get("etag"):
        return f"{_ETAG}{etag}"
    modified = answer.headers.get("last-modified")
    return f"{_MODIFIED}{modified}" if modified else None


def _condition(mark: str | None) -> dict[str, str]:
    if mark is None:
        return {}
    name = "If-None-Match" if mark.startswith(_ETAG) else "If-Modified-Since"
    return {name: mark.partition(" ")[2]}


def _unchanged(answer: Answer, mark: str | None) -> bool:
    return mark is not None and answer.status == httpx.codes.NOT_MODIFIED


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
