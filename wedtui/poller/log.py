"""The service's log: one JSON object a line, bounded in size, without secrets.

What may be logged are keys of targets, names and sentences that were made for people; never a URL with its
query, a header, or the text of an exception from a library.
"""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

import structlog

FILES_KEPT = 3


def set_up_logging(path: Path | None, *, level: str, max_bytes: int) -> None:
    """Send the log to a file that is set aside when full, or to standard error.

    Args:
        path: the file; None for standard error.
        level: the least level that is written.
        max_bytes: the size at which the file is set aside; three older ones are kept.
    """
    handler: logging.Handler = (
        logging.handlers.RotatingFileHandler(path, maxBytes=max_bytes, backupCount=FILES_KEPT)
        if path is not None
        else logging.StreamHandler()
    )
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
