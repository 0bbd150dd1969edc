"""The service's log: one JSON object a line, bounded in size, without secrets.

What may be logged are keys of targets, names and sentences that were made for people; never a URL with its
query, a header, or the text of an exception from a library.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

FILES_KEPT = 3

log = structlog.get_logger(__name__)


class LogFile(logging.handlers.RotatingFileHandler):
    """A file that is set aside when full. A line that finds no room is lost as a whole, counted and told."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        """Open it, to add to what is there.

        Args:
            path: the file.
            max_bytes: the size at which it is set aside.

        Raises:
            OSError: it cannot be opened.
        """
        super().__init__(path, maxBytes=max_bytes, backupCount=FILES_KEPT)
        self.lost = 0
        """Lines that could not be written, since the start."""
        self.tell: Callable[[str | None], None] = lambda _problem: None
        """Told why lines are lost, and None once they are written again."""
        self._unsaid = 0
        self._whole = path.stat().st_size

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; after lines that were lost also how many."""
        before = self.lost
        super().emit(record)
        if self.lost > before or self.stream is None:
            return
        self._whole = self.stream.tell()
        if self._unsaid:
            unsaid, self._unsaid = self._unsaid, 0
            self.tell(None)
            log.warning("lines of the log were lost: they found no room", lost=unsaid)

    def doRollover(self) -> None:  # noqa: N802 - the base class's name
        """Set the file aside and begin a new one."""
        super().doRollover()
        self._whole = 0

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class's name
        """Take that a line was not written. Nothing of it stays, in the file or to be written later: half a line
        would spoil the one that comes next. A mistake in the line itself is none of the disk.
        """
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)
            return
        self.lost += 1
        self._unsaid += 1
        # As the base class does: it is opened anew for the next line.
        stream, self.stream = self.stream, None
        with suppress(OSError):
            if stream is not None:
                stream.close()
        with suppress(OSError):
            if Path(self.baseFilename).stat().st_size > self._whole:
                os.truncate(self.baseFilename, self._whole)
        self.tell(f"lines of the log are lost: {self.baseFilename} cannot be written, look at its disk")


def set_up_logging(path: Path | None, *, level: str, max_bytes: int) -> LogFile | None:
    """Send the log to a file that is set aside when full, or to standard error.

    Args:
        path: the file; None for standard error.
        level: the least level that is written.
        max_bytes: the size at which the file is set aside; three older ones are kept.

    Returns:
        The file, where there is one.
    """
    file = None if path is None else LogFile(path, max_bytes=max_bytes)
    handler: logging.Handler = logging.StreamHandler() if file is None else file
    handler.setFormatter(logging.Formatter("%(message)s"))
    root = logging.getLogger("wedtui")
    root.handlers = [handler]
    root.propagate = False
    root.setLevel(level.upper())
    # Libraries below say too much about requests; they go nowhere.
    logging.getLogger().handlers = [logging.NullHandler()]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return file
