"""Whoever is told through apprise: what it is asked, what its word means, and that it may not be there."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.notify.base import secret
from tests.notify.strict import Server
from tests.notify.test_channels import message
from wedtui.cli.notify_checks import notify_checks
from wedtui.clock import SystemClock
from wedtui.config import Configuration
from wedtui.config_notify import ChannelSection
from wedtui.core.notify import Answer, Event, Verdict
from wedtui.notify.channels import channel_of

ADDRESS = "tgram://123456789:token/42"


@dataclass
class Library:
    """What of apprise is used: addresses are added, and told."""

    answer: Any = True
    asked: list[dict[str, Any]] = field(default_factory=list)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        library = self

        class Apprise:
            def add(self, address: str) -> bool:
                return address == ADDRESS

            async def async_notify(self, **said: Any) -> bool:
                library.asked.append(said)
                if isinstance(library.answer, Exception):
                    raise library.answer
                if library.answer == "hang":
                    await asyncio.Event().wait()
                return bool(library.answer)

        module = ModuleType("apprise")
        module.Apprise = Apprise  # type: ignore[attr-defined]
        module.__spec__ = ModuleSpec("apprise", None)
        patch.setitem(sys.modules, "apprise", module)


def sent(folder: Path, event: Event = Event.TRIGGER, address: str = ADDRESS, timeout: str = "2s") -> Answer:
    section = ChannelSection.model_validate(
        {"kind": "apprise", "secret_url": secret(folder, "address", address), "timeout": timeout}
    )
    made = channel_of("other", section, environment="production", clock=SystemClock())
    return asyncio.run(made.send(message(event)))


def test_it_is_told_as_grave_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    library.install(monkeypatch)
    for event in Event:
        assert sent(tmp_path, event) == Answer(Verdict.ACCEPTED)
    assert [each["notify_type"] for each in library.asked] == ["failure", "failure", "success"]
    assert library.asked[0]["title"] == "CRITICAL: action 7 (failover aws) is handed over"
    assert library.asked[0]["body"].splitlines() == [
        "CRITICAL: action 7 (failover aws) is handed over",
        "action: 7",
        "by: ada",
        "wedtui/production, action/7",
    ]


@pytest.mark.parametrize(
    ("answer", "words"),
    [(False, "apprise could not tell it"), (RuntimeError(ADDRESS), "apprise failed (RuntimeError)")],
)
def test_what_did_not_go_well_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: object, words: str
) -> None:
    Library(answer).install(monkeypatch)
    assert sent(tmp_path) == Answer(Verdict.LATER, words)


def test_what_hangs_has_a_time_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Library("hang").install(monkeypatch)
    assert sent(tmp_path, timeout="100ms") == Answer(Verdict.LATER, "apprise did not tell it within 0.1 s")


def test_an_address_that_it_does_not_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Library().install(monkeypatch)
    answer = sent(tmp_path, address="hunter2://hunter2")
    assert (answer.verdict, "hunter2" in answer.words) == (Verdict.LATER, False)


def test_without_the_extra_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wedtui.notify.others.is_installed", lambda: False)
    assert 'pip install "wedtui[apprise]"' in sent(tmp_path).words
    written = {"other": {"kind": "apprise", "secret_url": secret(tmp_path, "address", ADDRESS)}}
    first, *_ = [check.line() for check in notify_checks(Configuration.model_validate({"notify": written}))]
    assert first.startswith("problem  notify: other: the library apprise is not installed")


@dataclass
class Taker(Server):
    """Whoever takes the JSON that apprise makes."""

    status: int = 200
    said: list[dict[str, Any]] = field(default_factory=list)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        self.said.append(json.loads(body))
        return self.status, {}


@pytest.mark.parametrize(("status", "verdict"), [(200, Verdict.ACCEPTED), (500, Verdict.LATER)])
def test_the_library_itself_takes_what_it_is_asked(tmp_path: Path, status: int, verdict: Verdict) -> None:
    with Taker(status=status) as taker:
        address = taker.url.replace("http://", "json://")
        answers = [sent(tmp_path, event, address, timeout="10s") for event in Event]
    assert [each.verdict for each in answers] == [verdict] * 3
    assert [each["type"] for each in taker.said] == ["failure", "failure", "success"]
    assert taker.said[0]["title"] == "CRITICAL: action 7 (failover aws) is handed over"
    assert "wedtui/production, action/7" in taker.said[0]["message"]


def test_an_address_that_the_library_itself_does_not_know(tmp_path: Path) -> None:
    answer = sent(tmp_path, address="hunter2://hunter2")
    assert (answer.verdict, answer.words) == (
        Verdict.LATER,
        "notify.other: secret_url holds no address that apprise knows",
    )
