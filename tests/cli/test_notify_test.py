"""`wedtui notify test`: each kind of channel is told something and that it is over, and no answer repeats a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.base import Machine, machine
from tests.notify.base import secret
from tests.notify.mail_server import MailServer
from tests.notify.strict import HMAC_KEY, Webhook
from tests.notify.test_slack import PATH, Slack

__all__ = ["machine"]


def configured(machine: Machine, tmp_path: Path, slack: Slack, mail: MailServer, webhook: Webhook) -> None:
    hook = secret(tmp_path, "hook", f"{slack.url}{PATH}")["file"]
    key = secret(tmp_path, "hmac", HMAC_KEY)["file"]
    machine.configure(
        f'[notify.team]\nkind = "slack"\nsecret_url = {{ file = "{hook}" }}\n'
        f'[notify.mail]\nkind = "email"\nhost = "127.0.0.1"\nport = {mail.port}\ntls = "none"\n'
        'sender = "wedtui@example.com"\nto = ["oncall@example.com"]\n'
        f'[notify.hook]\nkind = "webhook"\nurl = "{webhook.url}/hooks/1"\nhmac_key = {{ file = "{key}" }}\n'
    )
    machine.config.chmod(0o600)


def test_each_is_told_and_that_it_is_over(machine: Machine, tmp_path: Path) -> None:
    with Slack() as slack, MailServer() as mail, Webhook() as webhook:
        configured(machine, tmp_path, slack, mail, webhook)
        answer = machine.run("notify", "test")
        assert (answer.code, answer.out) == (0, "team: accepted\nmail: accepted\nhook: accepted\n")
        assert len(slack.said) == len(mail.taken) == len(webhook.bodies) == 2
        assert all("a test of the channel team by " in each["text"] for each in slack.said)
        assert all("a test of the channel mail by " in str(each["Subject"]) for each in mail.mails)
        assert [event for event, _ in webhook.asked] == ["trigger", "resolve"]
        assert machine.run("notify", "test", "hook").out == "hook: accepted\n"
        assert (len(slack.said), len(webhook.bodies)) == (2, 4)


@pytest.mark.parametrize("failing", ["team", "mail", "hook"])
def test_one_that_does_not_take_it_is_said_without_its_address(machine: Machine, tmp_path: Path, failing: str) -> None:
    with Slack() as slack, MailServer() as mail, Webhook() as webhook:
        configured(machine, tmp_path, slack, mail, webhook)
        if failing == "team":
            slack.answer = (403, b"invalid_token")
        elif failing == "mail":
            mail.faults = ["RCPT 550 no such user"]
        else:
            webhook.faults = ["400"]
        answer = machine.run("notify", "test")
        said = dict(line.split(": ", 1) for line in answer.out.splitlines())
        assert answer.code == 1
        assert {name for name, words in said.items() if words != "accepted"} == {failing}
        assert said[failing].startswith("NOT ACCEPTED: ")
        assert not any(word in answer.out + answer.err for word in (PATH, HMAC_KEY))
