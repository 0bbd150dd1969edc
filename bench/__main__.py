"""`make bench`: print every figure beside its limit; end with 1 where one is over."""

from __future__ import annotations

import os
import platform
import sys

from bench import alerts, aws, failover, history, line, load, paging, probes, screen, takeover, weddings


def main() -> int:
    """Measure everything."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    found = []
    for room in (screen, line, probes, load, history, aws, weddings, takeover, failover, alerts, paging):
        for figure in room.figures():
            print(figure.line(), flush=True)
            found.append(figure)
    return 0 if all(figure.holds for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
