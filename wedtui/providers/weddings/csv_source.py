"""Weddings in a CSV, one a line below a header."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Self

from wedtui.config_weddings import WeddingSourceSection
from wedtui.core.wedding_rows import FIELDS, REQUIRED, RawRow, Rejection, Unusable
from wedtui.providers.weddings.base import Came, Rows, SourceError, Take
from wedtui.providers.weddings.fetching import Place

LINES_OF_A_ROW = 20
"""More than a row has: a quote that is never closed would swallow those that follow."""


LINE_AT_MOST = 65_536
"""Characters of one line."""

_TOO_LONG = Rejection("row", f"expected at most {LINE_AT_MOST:,} characters a line")


class CsvSource:
    """A CSV on a web server or a disk."""

    def __init__(self, section: WeddingSourceSection) -> None:
        """Prepare to read it.

        Raises:
            ConfigurationError: the URL, a header, a secret or the certificates cannot be used.
        """
        self._section = section
        self._place = Place(section)

    async def read(self, mark: str | None, take: Take) -> Came:
        """Read it once, line by line."""
        async with self._place.file(mark) as (file, came_to):
            if file is None:
                return Came(mark, mark, unchanged=True)
            await take(csv_rows(file, self._section))
            return Came(came_to)

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._place.close()


def csv_rows(file: BinaryIO, section: WeddingSourceSection) -> Rows:
    """Yield the rows of a file that is open for reading.

    Raises:
        SourceError: it is no CSV, is not UTF-8, lacks a column, or has a quote that is never closed.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=section.delimiter, strict=True)
    try:
        header = next(reader, None)
        if lines.was_cut():
            raise SourceError(f"its header is longer than {LINE_AT_MOST:,} characters: expected a line for each row")
        if not header:
            raise SourceError("it is empty: expected a header with the names of its columns")
        yield from _rows(reader, lines, [name.strip() for name in header], section)
    except UnicodeDecodeError:
        raise SourceError(f"it is not UTF-8 text, near line {reader.line_num + 1}: export it as UTF-8") from None
    except csv.Error as error:
        raise SourceError(f"its CSV cannot be read at line {reader.line_num}: {error}") from None
    finally:
        # The file is its owner's to close.
        if not file.closed:
            text.detach()


class _Lines:
    """The lines of a text, of which none takes more memory than a row may: a longer one is passed over, and counts."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._cut = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LINE_AT_MOST)
        if not line:
            raise StopIteration
        if len(line) < LINE_AT_MOST or line.endswith(("\n", "\r")):
            return line
        while line and not line.endswith(("\n", "\r")):
            line = self._text.readline(LINE_AT_MOST)
        self._cut = True
        return "\n"

    def was_cut(self) -> bool:
        """Whether a line was passed over since this was last asked."""
        cut, self._cut = self._cut, False
        return cut


def _rows(reader: Iterator[list[str]], lines: _Lines, header: list[str], section: WeddingSourceSection) -> Rows:
    places = columns(header, section)
    width, reference = len(header), places[0]
    line = reader.line_num  # type: ignore[attr-defined]
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            line = _line(reader, line)
            if "limit" in str(error) or "end of data" in str(error):
                raise
            lines.was_cut()
            yield Unusable(f"line {line}", Rejection("row", "expected quotes around whole cells only"), None)
            continue
        began, line = line, _line(reader, line)
        if lines.was_cut():
            yield Unusable(f"line {line}", _TOO_LONG, None)
            continue
        if not cells:
            continue
        if len(cells) != width:
            named = cells[reference] if reference is not None and reference < len(cells) else None
            yield Unusable(f"line {line}", Rejection("row", f"expected {width} columns, as in the header"), named)
            continue
        assert began < line
        yield RawRow(f"line {line}", *(cells[at] if at is not None else None for at in places))


def _line(reader: Iterator[list[str]], before: int) -> int:
    """Return the line that was read up to.

    Raises:
        SourceError: one row would be longer than any.
    """
    line: int = reader.line_num  # type: ignore[attr-defined]
    if line - before > LINES_OF_A_ROW:
        raise SourceError(f"a quote that opens near line {before + 1} is not closed: correct the file")
    return line


def columns(names: Sequence[str], section: WeddingSourceSection) -> list[int | None]:
    """Return where each field stands; None for those that the source does not have.

    Raises:
        SourceError: one that is needed is missing, or is there twice.
    """
    needed = (*REQUIRED, *(() if section.zone else ("zone",)))
    missing = [section.column(field) for field in needed if section.column(field) not in names]
    if missing:
        hint = "" if section.zone else " (a source whose rows have no zone needs one of its own)"
        raise SourceError(
            f"it has no column {', '.join(missing)}: name its columns in [weddings.sources.columns]{hint}"
        )
    wanted = [section.column(field) for field in FIELDS]
    if twice := [name for name in wanted if list(names).count(name) > 1]:
        raise SourceError(f"it has several columns {twice[0]}: name them apart")
    return [names.index(name) if name in names else None for name in wanted]
