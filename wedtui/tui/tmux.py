"""Asks the tmux that this program runs in to take a text into its buffer and to its terminal's clipboard."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

ANSWERS_WITHIN_S = 2.0


async def take(text: str, environ: Mapping[str, str]) -> bool:
    """Give tmux a text; return whether it took it.

    It does not where it is older than 3.2, which does not know `-w`, where it is not installed here, or where it
    does not answer in time.

    Args:
        text: what to take; it goes through standard input.
        environ: this program's environment, by which tmux finds its server.
    """
    pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        tmux = await asyncio.create_subprocess_exec(
            "tmux", "load-buffer", "-w", "-", stdin=pipe, stdout=nowhere, stderr=nowhere, env=dict(environ)
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            await tmux.communicate(text.encode())
    except TimeoutError:
        return False
    except OSError:
        return False  # it ended before it had read all
    finally:
        if tmux.returncode is None:
            tmux.kill()
            await tmux.wait()
    return tmux.returncode == 0
