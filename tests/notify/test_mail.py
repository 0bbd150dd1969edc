"""Mail as it arrives: threads, headers that nobody can write into, encryption, and what each answer is taken for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.notify.base import secret
from tests.notify.mail_server import PASSWORD, MailServer
from tests.notify.test_channels import message
from tests.providers.certificates import authority, certificate
from wedtui.clock import SystemClock
from wedtui.config_notify import ChannelSection
from wedtui.core.notify import Answer, Event, Verdict
from wedtui.notify.channels import channel_of
from wedtui.notify.mail import mail_of

TO = ["oncall@example.com", "second@example.com"]


def section(server: MailServer, **other: object) -> ChannelSection:
    written = {"kind": "email", "host": "127.0.0.1", "port": server.port, "sender": "wedtui@example.com", "to": TO}
    return ChannelSection.model_validate({**written, "tls": "none", "timeout": "3s", **other})


def sent(
    server: MailServer, event: Event = Event.TRIGGER, said: dict[str, object] | None = None, **o: object
) -> Answer:
    made = channel_of("mail", section(server, **o), environment="production", clock=SystemClock())
    return asyncio.run(made.send(message(event, **(said or {}))))


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as made:
        yield made


@pytest.fixture
def trusted(tmp_path: Path) -> Iterator[tuple[MailServer, dict[str, Any]]]:
    """Yield a server that encrypts and demands a password, and what is to be configured for it."""
    signer = authority()
    context = certificate(signer).server_context(tmp_path)
    password = secret(tmp_path, "password", PASSWORD)
    with MailServer(context=context, user="wedtui") as made:
        ca_file = str(signer.write(tmp_path, "ca"))
        yield made, {"tls": "starttls", "ca_file": ca_file, "user": "wedtui", "password": password}


def test_an_episode_is_a_thread(server: MailServer) -> None:
    for event in Event:
        assert sent(server, event) == Answer(Verdict.ACCEPTED)
    begun, taken, over = server.mails
    root = begun["Message-ID"]
    assert (begun["References"], taken["References"], over["References"]) == (None, root, root)
    assert len({begun["Message-ID"], taken["Message-ID"], over["Message-ID"]}) == 3
    assert [mail["Subject"].partition(":")[0] for mail in server.mails] == ["CRITICAL", "TAKEN", "OVER"]
    assert (begun["From"], begun["To"]) == ("wedtui@example.com", ", ".join(TO))
    assert begun["Auto-Submitted"] == "auto-generated"
    assert server.taken[0][:2] == ("wedtui@example.com", TO)


def test_the_same_mail_twice_is_the_same_mail(server: MailServer) -> None:
    for _ in range(2):
        sent(server, Event.RESOLVE)
    one, other = server.mails
    assert one["Message-ID"] == other["Message-ID"]


def test_it_says_what_there_is_to_say(server: MailServer) -> None:
    sent(server, said={"sentence": "für Zoë – 5 %", "details": {"rule": "errors", "up": True, "value": None}})
    (mail,) = server.mails
    assert mail["Subject"] == "CRITICAL: für Zoë – 5 %"
    content = mail.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert content.decode().splitlines() == [
        "CRITICAL: für Zoë – 5 %",
        "",
        "rule: errors",
        "up: yes",
        "",
        "wedtui/production, action/7",
    ]


@given(st.text(max_size=300), st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=3))
def test_no_text_becomes_a_header_or_a_recipient(sentence: str, details: dict[str, str]) -> None:
    section = ChannelSection.model_validate(
        {"kind": "email", "host": "127.0.0.1", "tls": "none", "sender": "wedtui@example.com", "to": TO}
    )
    sentence = f"a\r\nBcc: eve@example.com\r\n\r\n{sentence}\r\n.\r\nRCPT TO:<eve@example.com>"
    mail = mail_of(message(sentence=sentence, details=details), section, "wedtui/production")
    names = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"]
    assert [name for name in mail if not name.lower().startswith(("content", "mime"))] == names
    head = mail.as_bytes().partition(b"\r\n\r\n")[0]
    assert not any(line.lower().startswith(b"bcc") for line in head.splitlines())


def test_a_dot_alone_ends_no_mail(server: MailServer) -> None:
    sent(server, said={"sentence": "a", "details": {"x": "."}})
    sent(server, said={"sentence": ".\r\n.\r\nQUIT"})
    assert len(server.taken) == 2


def test_with_starttls_nothing_of_it_can_be_read_on_the_way(
    trusted: tuple[MailServer, dict[str, Any]],
) -> None:
    server, configured = trusted
    assert sent(server, **configured) == Answer(Verdict.ACCEPTED)
    assert [each.split()[0] for each in server.heard] == ["ehlo", "STARTTLS"]


def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    signer = authority()
    with MailServer(context=certificate(signer).server_context(tmp_path), tls=True) as server:
        assert sent(server, tls="tls", ca_file=str(signer.write(tmp_path, "ca"))) == Answer(Verdict.ACCEPTED)
        assert server.heard == []


def test_whom_nobody_vouches_for_is_told_nothing(trusted: tuple[MailServer, dict[str, Any]], tmp_path: Path) -> None:
    server, configured = trusted
    answer = sent(server, **{**configured, "ca_file": str(authority("Another").write(tmp_path, "other"))})
    assert (answer.verdict, server.taken) == (Verdict.LATER, [])
    assert "could not be asked (SSLCertVerificationError)" in answer.words


def test_without_starttls_the_password_stays_here(trusted: tuple[MailServer, dict[str, Any]]) -> None:
    server, configured = trusted
    server.faults = ["no starttls"]
    answer = sent(server, **configured)
    assert (answer.verdict, server.taken) == (Verdict.LATER, [])
    assert "does not offer what is demanded" in answer.words
    assert not any("AUTH" in each for each in server.heard)


def test_a_wrong_password_is_a_refusal_without_it(trusted: tuple[MailServer, dict[str, Any]], tmp_path: Path) -> None:
    server, configured = trusted
    answer = sent(server, **{**configured, "password": secret(tmp_path, "wrong", "hunter2hunter2")})
    assert (answer.verdict, answer.words) == (Verdict.REFUSED, "the mail server 127.0.0.1 answered 535: *** is wrong")


@pytest.mark.parametrize(
    ("fault", "verdict", "words"),
    [
        ("RCPT 450 come again", Verdict.LATER, "answered 450: come again"),
        ("RCPT 550 no", Verdict.REFUSED, "answered 550: no"),
        ("MAIL 421 busy", Verdict.LATER, "answered 421: busy"),
        ("MAIL 552 too much", Verdict.REFUSED, "answered 552: too much"),
        ("DATA 451 not now", Verdict.LATER, "answered 451: not now"),
        ("DATA lost", Verdict.LATER, "could not be asked"),
        ("QUIT close", Verdict.ACCEPTED, ""),
    ],
)
def test_each_answer_is_what_it_says(server: MailServer, fault: str, verdict: Verdict, words: str) -> None:
    server.faults = [fault]
    answer = sent(server)
    assert answer.verdict is verdict
    assert words in answer.words
    assert sent(server).verdict is Verdict.ACCEPTED


def test_one_address_that_is_none_keeps_nobody_else_from_it(server: MailServer) -> None:
    server.refused = {TO[0]}
    assert sent(server) == Answer(Verdict.ACCEPTED, "1 of its addresses were refused")
    assert server.taken[0][1] == TO[1:]


def test_what_hangs_has_a_time_of_its_own(server: MailServer) -> None:
    server.faults = ["DATA hang"]
    answer = sent(server, timeout="200ms")
    assert answer.verdict is Verdict.LATER


def test_nobody_there_is_an_answer_too() -> None:
    with MailServer() as gone:
        pass
    answer = sent(gone)
    assert (answer.verdict, "could not be asked (ConnectionRefusedError)" in answer.words) == (Verdict.LATER, True)


MAIL = {"kind": "email", "host": "mail.example.com", "sender": "a@example.com", "to": ["b@example.com"]}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({**MAIL, "to": ["b@example.com\r\nBcc: c@example.com"]}, "expected an address"),
        ({**MAIL, "to": ["B <b@example.com>"]}, "expected an address"),
        ({**MAIL, "sender": "a@example.com, c@example.com"}, "expected an address"),
        ({**MAIL, "to": []}, "expected to beside kind"),
        ({**MAIL, "tls": "none"}, "only to this machine"),
        ({**MAIL, "user": "a"}, "both of user and password"),
        ({**MAIL, "url": "https://h.example"}, "expected no url"),
        ({**MAIL, "host": "mail.example.com\r\n"}, "expected a host"),
        ({"kind": "slack"}, "expected secret_url beside kind"),
        ({"kind": "slack", "secret_url": "https://hooks.slack.com/services/T/B/X"}, "where the secret is found"),
        ({"kind": "slack", "url": "https://hooks.slack.com/services/T/B/X"}, "expected no url"),
        ({"kind": "apprise", "secret_url": {"env": "A"}, "ca_file": "/x"}, "expected no ca_file"),
    ],
)
def test_what_does_not_fit_is_refused(written: dict[str, object], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        ChannelSection.model_validate(written)
