"""What Slack is sent, and what it takes each of its answers for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.notify.base import secret
from tests.notify.strict import Server
from tests.notify.test_channels import message
from wedtui.clock import SystemClock
from wedtui.config_notify import ChannelSection
from wedtui.core.notify import Answer, Event, Level, Notice, Verdict, wait
from wedtui.notify.channels import channel_of

PATH = "/services/T0AAAAAAA/B0BBBBBBB/abcdefghijklmnop"


@dataclass
class Slack(Server):
    """Takes what an incoming webhook takes, and answers in plain text as it does."""

    said: list[dict[str, Any]] = field(default_factory=list)
    answer: tuple[int, bytes] = (200, b"ok")

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        if path != PATH:
            return 404, b"no_service"
        found = json.loads(body)
        if not self.fits(found):
            return 400, b"invalid_payload"
        self.said.append(found)
        return self.answer

    def fits(self, found: dict[str, Any]) -> bool:
        blocks = found["blocks"]
        texts = [block["text"]["text"] for block in blocks]
        return set(found) == {"text", "blocks"} and len(blocks) <= 50 and all(0 < len(text) <= 3000 for text in texts)


@pytest.fixture
def server() -> Iterator[Slack]:
    with Slack() as made:
        yield made


def sent(folder: Path, server: Slack, event: Event = Event.TRIGGER, path: str = PATH, **said: object) -> Answer:
    hook = secret(folder, "hook", f"{server.url}{path}")
    section = ChannelSection.model_validate({"kind": "slack", "secret_url": hook, "timeout": "2s"})
    made = channel_of("team", section, environment="production", clock=SystemClock())
    return asyncio.run(made.send(message(event, **said)))


def test_it_is_told_in_text_and_blocks(tmp_path: Path, server: Slack) -> None:
    for event in Event:
        assert sent(tmp_path, server, event, sentence="a & b <!channel> > c", details={"by": "<@ada>"}).words == ""
    begun, taken, over = server.said
    assert begun["text"] == "CRITICAL: a &amp; b &lt;!channel&gt; &gt; c"
    assert [block["text"]["text"] for block in begun["blocks"]] == [
        f"*{begun['text']}*",
        "by: &lt;@ada&gt;",
        "wedtui/production, action/7",
    ]
    assert all(block["text"]["verbatim"] for block in begun["blocks"])
    assert (taken["text"][:6], over["text"][:5]) == ("TAKEN:", "OVER:")


@pytest.mark.parametrize("sign", ["ü", "&", "<"])
def test_the_longest_that_can_be_told_is_taken(tmp_path: Path, server: Slack, sign: str) -> None:
    said = Notice("k", Level.INFO, sign * 5000, {f"{n}": sign * 5000 for n in range(100)}).bounded()
    assert sent(tmp_path, server, sentence=said.sentence, details=said.details) == Answer(Verdict.ACCEPTED, exact=False)
    for block in server.said[0]["blocks"]:
        assert "&" not in block["text"]["text"].replace("&amp;", "").replace("&lt;", "")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ((400, b"invalid_payload"), Verdict.REFUSED),
        ((403, b"action_prohibited"), Verdict.REFUSED),
        ((404, b"channel_not_found"), Verdict.REFUSED),
        ((410, b"channel_is_archived"), Verdict.REFUSED),
        ((500, b"rollup_error"), Verdict.LATER),
        ((200, b"<html>log in here</html>"), Verdict.LATER),
        ((202, b"ok"), Verdict.LATER),
    ],
)
def test_each_answer_is_what_it_says(
    tmp_path: Path, server: Slack, answer: tuple[int, bytes], verdict: Verdict
) -> None:
    server.answer = answer
    found = sent(tmp_path, server)
    assert found.verdict is verdict
    assert f"Slack answered {answer[0]}: " in found.words
    assert sent(tmp_path, server).verdict is verdict


def test_its_own_word_on_waiting_is_enough(tmp_path: Path, server: Slack) -> None:
    server.faults = ["429:2"]
    found = sent(tmp_path, server)
    assert (found.verdict, found.after) == (Verdict.LIMITED, timedelta(seconds=2))
    assert wait(1, found) == timedelta(seconds=2)
    server.faults = ["429"]
    assert wait(1, sent(tmp_path, server)) == timedelta(seconds=30)


def test_no_answer_repeats_its_address(tmp_path: Path, server: Slack) -> None:
    server.answer = (404, f"no {server.url}{PATH}, nor {PATH.strip('/')}, abcdefghijklmnop".encode())
    found = sent(tmp_path, server)
    for part in PATH.split("/")[2:]:
        assert part not in found.words


def test_an_address_that_is_none_is_not_asked(tmp_path: Path, server: Slack) -> None:
    hook = secret(tmp_path, "hook", "hunter2hunter2")
    section = ChannelSection.model_validate({"kind": "slack", "secret_url": hook})
    made = channel_of("team", section, environment="production", clock=SystemClock())
    answer = asyncio.run(made.send(message()))
    assert (answer.verdict, "hunter2" in answer.words) == (Verdict.LATER, False)
    assert "holds no address" in answer.words
