"""The script of docs/pipelines.md, as it stands there, against a real service over TLS: held, released, and refused."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.actions.site import Platform
from tests.control.base import ask, listens
from tests.control.outside import Authority
from tests.poller.service_process import LONGEST_S, Place, eventually, make_place
from tests.ports import HOST, free_ports
from wedtui.core.tokens import SECRET

PAGE = Path(__file__).parents[2] / "docs" / "pipelines.md"
CONFIGURATION = """
[[freeze.windows]]
name = "days away"
start = "{day} 03:00"
end = "{day} 03:01"
timezones = ["UTC"]
[[prometheus]]
name = "edge"
url = "{platform}"
[[prometheus.queries]]
provider = "here"
signal = "errors"
query = "errors"
interval = "1s"
[control]
listen = "{host}:{port}"
certificate = "{certificate}"
key = "{key}"
[[deployments.templates]]
name = "web"
within = "1m"
soak = "1s"
checks = ["smoke"]
[deployments.templates.command]
argv = ["{put}", "{{version}}"]
shows = ["/bin/cat", "{there}"]
[[deployments.templates.watch]]
provider = "here"
signal = "errors"
above = 1000
"""


@dataclass
class Site:
    """A service that releases, and a runner on another machine that knows of it what its environment says."""

    place: Place
    there: Path
    """The version that is in place."""
    runner: Path
    url: str
    authorities: Path

    def token(self, scope: str) -> Path:
        """Have a token made as an admin does; return the file it is in."""
        made = self.place.wedtui("token", "create", f"ci-{scope}", "--scope", scope, "--service", "rsvp")
        assert made.returncode == 0, made.stderr
        assert SECRET.fullmatch(made.stdout.strip()), "the secret alone is on standard output"
        file = self.runner / f"{scope}.token"
        file.write_text(made.stdout)
        return file

    def environ(self, token: Path, **other: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WEDTUI_")}
        named = {"WEDTUI_URL": self.url, "WEDTUI_TOKEN_FILE": str(token), "WEDTUI_CA_FILE": str(self.authorities)}
        path = f"{self.runner / 'bin'}:{os.environ['PATH']}"
        return {**kept, **named, "PATH": path, "HOME": str(self.runner), **other}

    def run(self, token: Path, *words: str, **other: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the runner."""
        return subprocess.run(
            words, env=self.environ(token, **other), capture_output=True, text=True, check=False, timeout=LONGEST_S
        )

    def releases(self) -> dict[str, Any]:
        found: dict[str, Any] = ask(self.place.state / "control.sock", "GET", "/v1/releases").json()
        return found

    def kept(self) -> bytes:
        """Return everything that the service has written."""
        return b"".join(each.read_bytes() for each in self.place.state.rglob("*") if each.is_file())


@contextmanager
def serving(site: Place) -> Iterator[None]:
    service = site.service()
    try:
        eventually(lambda: listens(site.state / "control.sock"))
        yield
    finally:
        service.terminate()
        service.wait(LONGEST_S)


def script(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    file.chmod(0o755)
    return file


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    platform, authority, there = Platform(), Authority(tmp_path), tmp_path / "version"
    certificate, key = authority.issue("server")
    there.write_text("1.4.1\n")
    put = script(tmp_path, "put", f'#!/bin/sh\necho "putting $1"\necho "$1" > {there}\n')
    runner = tmp_path / "runner"
    (runner / "bin").mkdir(parents=True)
    root = Path(__file__).parents[2]
    script(runner / "bin", "wedtui", f'#!/bin/sh\nPYTHONPATH={root} exec {sys.executable} -m wedtui "$@"\n')
    found = re.search(r"```sh\n(#!/bin/sh\n.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    script(runner, "release.sh", found[1])
    place = make_place(tmp_path, f"{platform.url}/", probes=1)
    with free_ports(1) as (port,):
        pass
    # Whatever day it is.
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(datetime.now(UTC).weekday() + 3) % 7]
    words = {"day": day, "platform": platform.url, "host": HOST, "port": port, "certificate": certificate, "key": key}
    place.config.write_text(place.config.read_text() + CONFIGURATION.format(**words, put=put, there=there))
    try:
        with serving(place):
            yield Site(place, there, runner, f"https://{HOST}:{port}", authority.file)
    finally:
        platform.close()


def test_held_released_and_refused(site: Site) -> None:
    token = site.token("submit")
    release = [str(site.runner / "release.sh"), "rsvp", "1.4.2"]
    running = subprocess.Popen(release, env=site.environ(token), stdout=subprocess.PIPE, text=True)
    eventually(lambda: bool(site.releases()["waiting"]))
    held = site.place.wedtui("deploy", "hold", "1", "--reason", "the band is late")
    assert held.returncode == 0, held.stderr
    checked = site.run(token, "wedtui", "deploy", "check", "1", "smoke", "--passed")
    assert checked.returncode == 0, checked.stderr
    [waiting] = site.releases()["waiting"]
    assert (waiting["submitted_by"], waiting["hold_reason"]) == ("token ci-submit", "the band is late")
    gate = site.run(token, "wedtui", "gate", "--service", "rsvp", "--version", "1.4.2")
    assert (gate.returncode, "the band is late" in gate.stdout) == (1, True), gate
    assert site.there.read_text() == "1.4.1\n"
    assert site.place.wedtui("deploy", "resume", "1", "--reason", "it is there").returncode == 0
    said, _ = running.communicate(timeout=LONGEST_S)
    assert (running.returncode, site.there.read_text()) == (0, "1.4.2\n"), said
    assert "the band is late" in said
    assert "rsvp 1.4.2 is in place" in said

    assert site.place.wedtui("lockdown", "--reason", "the first dance").returncode == 0
    refused = site.run(token, str(site.runner / "release.sh"), "rsvp", "1.4.3")
    assert (refused.returncode, "lockdown" in refused.stdout) == (1, True), refused
    assert [each["version"] for each in site.releases()["over"]] == ["1.4.2"]
    assert not site.releases()["waiting"]

    secret = token.read_bytes().strip()
    assert secret not in site.kept(), "neither ledger nor cache nor log has it"
    assert secret.decode() not in site.place.wedtui("audit", "export").stdout


def test_what_does_not_answer_or_may_not_is_never_allowed(site: Site) -> None:
    gate, token = ("wedtui", "gate", "--service", "rsvp"), site.token("gate")
    assert site.run(token, *gate).returncode == 0
    assert site.place.wedtui(*gate[1:]).returncode == 0, "at the socket too"
    nobody = site.runner / "nobody.token"
    nobody.write_text(f"wedtui_{'0' * 43}\n")
    for other, named in (
        (nobody, {}),
        (site.runner / "none", {}),
        (token, {"WEDTUI_URL": "https://127.0.0.1:1"}),
        (token, {"WEDTUI_URL": site.url.replace("https", "http")}),
        (token, {"WEDTUI_URL": ""}),
        (token, {"WEDTUI_CA_FILE": ""}),
        (token, {"WEDTUI_CA_FILE": str(nobody)}),
        (token, {"WEDTUI_TOKEN": "both"}),
    ):
        answer = site.run(other, *gate, **named)
        assert (answer.returncode, answer.stdout) == (2, ""), (other, named, answer)
        assert "treat it as refused" in answer.stderr
        assert token.read_text().strip() not in answer.stderr
    asked = ("wedtui", "deploy", "submit", "--service", "rsvp", "--version", "1")
    assert site.run(token, *asked).returncode == 20, "it is good for the gate alone"
    assert site.place.wedtui("token", "revoke", "1", "--reason", "over").returncode == 0
    assert site.run(token, *gate).returncode == 2
