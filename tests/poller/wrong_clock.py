"""`wedtui` as on a machine whose clock is wrong: `python -m tests.poller.wrong_clock SECONDS ARGUMENTS...`.

The clock is the one that is injected everywhere; nothing else of the program knows.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from functools import partial
from unittest import mock

from wedtui.cli import app
from wedtui.cli.common import Session
from wedtui.clock import SystemClock

if __name__ == "__main__":
    ahead = timedelta(seconds=float(sys.argv[1]))
    with mock.patch.object(app, "Session", partial(Session, clock=SystemClock(ahead))):
        sys.exit(app.run(sys.argv[2:]))
