"""Asking the control socket as another user of the machine; run as `python -m` by the tests.

Everything is loaded while still root, because the checkout may be somewhere that others cannot read.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import httpx

from tests.control.base import ask
from wedtui.control.client import ControlClient
from wedtui.errors import WedtuiError


def main(uid: int, gid: int, groups: list[int], path: Path, requests: list[list[object]]) -> None:
    with httpx.Client(transport=httpx.HTTPTransport(uds="/nowhere")):
        pass
    _warm(path)
    os.setgroups(groups)
    os.setgid(gid)
    os.setuid(uid)
    answers: list[object] = []
    for number, (method, target, body) in enumerate(requests):
        # A request of its own, also among those of the same user by another process.
        key = f"{uid}-{os.getpid()}-{number}"
        try:
            response = ask(path, str(method), str(target), body, key=key, headers={"X-User": "root"})
            answers.append([response.status_code, response.json()])
        except httpx.HTTPError as error:
            answers.append([0, str(error)])
    print(json.dumps(answers))


def _warm(path: Path) -> None:
    """Import what asking imports."""
    try:
        ControlClient(path.with_name("nothing"), service_uid=0).whoami()
    except WedtuiError:
        pass
    ask(path, "GET", "/v1/service")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]), Path(sys.argv[4]), json.loads(sys.argv[5]))
