"""A ledger that was in use before the configuration named another: what persons froze there still counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from wedtui.errors import StoreError, StoreMissingError, StoreVersionError
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.reader import FreezeEntry, LedgerReader
from wedtui.store.opening import file_of, url_of

_WAY_OUT = "run `wedtui db copy`, or move the file away"


def former_place(url: str, directory: Path) -> Path | None:
    """Return where the ledger of a state directory stands, or stood, where the one that counts is another.

    Args:
        url: of the ledger that counts.
        directory: the state directory.
    """
    file = directory / "ledger.db"
    return None if file_of(url, LEDGER) == file else file


def is_there(file: Path) -> bool:
    """Whether there is a former ledger, as far as that can be told: one that is hidden may be there."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def left_behind(file: Path, ledger: LedgerReader, now: datetime) -> str | None:
    """Say what of a former ledger nobody may take for lifted; None where everything is known, or there is no file.

    Args:
        file: the former ledger.
        ledger: the one that counts.
        now: an aware instant: freezes that are over are over.

    Returns:
        A sentence; one that cannot be read, whatever the reason, is one.

    Raises:
        StoreError: the ledger that counts cannot be read.
    """
    known = {(e.name, e.start, e.end) for e in ledger.freeze_entries(include_lifted=True)}
    try:
        entries = _entries(file)
    except StoreMissingError:
        return None
    except StoreError as error:
        # Its own remedy is for a ledger that is in use.
        what = str(error).partition(": ")[0]
        return f"{what}, so whether persons froze anything there is not known: {_WAY_OUT}"
    missing = sum((e.name, e.start, e.end) not in known for e in entries if e.end > now)
    if not missing:
        return None
    what = "1 freeze by a person stands" if missing == 1 else f"{missing} freezes by persons stand"
    return f"{what} in {file} and not in the ledger: {_WAY_OUT}"


def _entries(file: Path) -> tuple[FreezeEntry, ...]:
    """Return the freezes of a former ledger, which nobody brings up to date: as of the revision that it has.

    Raises:
        StoreError: it cannot be read; where a newer wedtui wrote it, or one so old that freezes were kept otherwise.
    """
    present: StoreVersionError | None = None
    for known in range(len(LEDGER.revisions), 0, -1):
        reader = LedgerReader(url_of(file), kind=replace(LEDGER, revisions=LEDGER.revisions[:known]))
        try:
            return reader.freeze_entries()
        except StoreVersionError as error:
            present = present or error
        finally:
            reader.close()
    assert present is not None
    raise present
