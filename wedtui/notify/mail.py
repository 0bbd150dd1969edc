"""E-mail, by a server that takes it (SMTP with STARTTLS or TLS). What is told of an episode is one thread of mail.

Source: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 5322 (Message-ID, References), RFC 3834 (Auto-Submitted).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime

from wedtui.clock import Clock
from wedtui.config_notify import ChannelSection
from wedtui.core.notify import Answer, Event, Message, Verdict
from wedtui.core.text import shortened
from wedtui.errors import ConfigurationError
from wedtui.notify.wording import detail_lines, headline
from wedtui.providers.secrets import resolve
from wedtui.providers.web import plain, seconds

LONGEST_SUBJECT = 200
_WORDS_AT_MOST = 160


class Mail:
    """People who read mail."""

    def __init__(self, name: str, section: ChannelSection, source: str, clock: Clock) -> None:
        """Remember where it is; the password is looked up each time.

        Args:
            name: as it is configured.
            section: its configuration.
            source: who tells, such as `wedtui/production`.
            clock: not looked at: a mail is of when its notification was written.
        """
        self.name = name
        self._section, self._source = section, source
        self._place = f"the mail server {section.host}"

    async def send(self, message: Message) -> Answer:
        """Put a message to it."""
        try:
            attempt = _Attempt(self._section, mail_of(message, self._section, self._source))
            return await self._sent(attempt)
        except ConfigurationError as error:
            return Answer(Verdict.LATER, f"{error}")
        except smtplib.SMTPRecipientsRefused as error:
            return self._refusal(max(error.recipients.values(), key=lambda each: each[0] < 500), attempt)
        except smtplib.SMTPResponseException as error:
            return self._refusal((error.smtp_code, error.smtp_error), attempt)
        except smtplib.SMTPNotSupportedError:
            words = "does not offer what is demanded: STARTTLS, or a password"
        except (smtplib.SMTPException, OSError, ValueError) as error:
            words = f"could not be asked ({type(error).__name__})"
        return Answer(Verdict.LATER, f"{self._place} {words}")

    async def _sent(self, attempt: _Attempt) -> Answer:
        within = self._section.timeout
        try:
            async with asyncio.timeout(within.total_seconds()):
                refused = await asyncio.to_thread(attempt.run)
        except TimeoutError:
            attempt.give_up()
            return Answer(Verdict.LATER, f"{self._place} did not answer within {seconds(within)}")
        return Answer(Verdict.ACCEPTED, f"{len(refused)} of its addresses were refused" if refused else "")

    def _refusal(self, answer: tuple[int, bytes | str], attempt: _Attempt) -> Answer:
        """Say what an answer of the server means: 4xx may be taken another time, 5xx never."""
        code, said = answer
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        for secret in attempt.secrets:
            text = text.replace(secret, "***")
        words = f"{self._place} answered {code}: {plain(text, _WORDS_AT_MOST)}"
        return Answer(Verdict.REFUSED if 500 <= code < 600 else Verdict.LATER, words)


class _Attempt:
    """One conversation with a server, in a thread of its own."""

    def __init__(self, section: ChannelSection, mail: EmailMessage) -> None:
        self._section, self._mail = section, mail
        self._password = None if section.password is None else resolve(section.password)
        self._server: smtplib.SMTP | None = None
        self.secrets = [self._password] if self._password else []

    def run(self) -> dict[str, tuple[int, bytes]]:
        """Hand it over; return which addresses were refused, where not all were."""
        section = self._section
        host, within = section.host or "", section.timeout.total_seconds()
        port = section.port or (465 if section.tls == "tls" else 587)
        if section.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=within, context=_trust(section))
        else:
            server = smtplib.SMTP(host, port, timeout=within)
        self._server = server
        try:
            if section.tls == "starttls":
                server.starttls(context=_trust(section))
            if section.user is not None and self._password is not None:
                server.login(section.user, self._password)
            refused = server.send_message(self._mail, section.sender, list(section.to))
            # What is accepted is accepted, whatever becomes of the farewell.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
            return refused
        finally:
            server.close()

    def give_up(self) -> None:
        """End the conversation from outside: nobody waits for it any more."""
        sock = None if self._server is None else self._server.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def _trust(section: ChannelSection) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if section.ca_file is not None:
        try:
            context.load_verify_locations(cafile=section.ca_file)
        except OSError as error:
            raise smtplib.SMTPException(f"ca_file cannot be used ({type(error).__name__})") from None
    return context


def mail_of(message: Message, section: ChannelSection, source: str) -> EmailMessage:
    """Return a message as mail: the same message has the same Message-ID, and an episode is a thread."""
    mail = EmailMessage(policy=WIRE)
    domain = (section.sender or "").rpartition("@")[2]
    mail["From"] = section.sender
    mail["To"] = ", ".join(section.to)
    # One line, without control characters: what people wrote is no header.
    mail["Subject"] = shortened(headline(message), LONGEST_SUBJECT)
    mail["Date"] = format_datetime(message.created_at)
    root = _number(f"{message.episode} {Event.TRIGGER}", domain)
    if message.event is Event.TRIGGER:
        mail["Message-ID"] = root
    else:
        mail["Message-ID"] = _number(f"{message.episode} {message.event} {message.number}", domain)
        mail["References"] = root
        mail["In-Reply-To"] = root
    mail["Auto-Submitted"] = "auto-generated"
    lines = [headline(message), "", *(f"{name}: {text}" for name, text in detail_lines(message))]
    lines += ["", f"{source}, {message.key}", ""]
    mail.set_content("\n".join(lines))
    return mail


def _number(what: str, domain: str) -> str:
    return f"<{hashlib.sha256(what.encode()).hexdigest()[:32]}@{domain}>"
