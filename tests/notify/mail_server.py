"""A server of mail on loopback: STARTTLS, TLS, a password, and faults as told. It keeps what it took, as it came."""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from typing import Self

PASSWORD = "a password of mail"


@dataclass
class MailServer:
    """Takes mail; each conversation meets the next fault, and none once they are used up.

    Faults: a command and the answer to it, such as `RCPT 450 later`; `DATA hang`; `DATA lost` (taken, and no answer);
    `QUIT close`; `no starttls`.
    """

    context: ssl.SSLContext | None = None
    tls: bool = False
    """Whether it speaks TLS from the first byte on."""
    user: str = ""
    faults: list[str] = field(default_factory=list)
    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    """Every command that came without encryption."""
    refused: set[str] = field(default_factory=set)
    port: int = 0

    def __enter__(self) -> Self:
        self.loop = asyncio.new_event_loop()
        self.released = asyncio.Event()
        started = threading.Event()

        async def serve() -> None:
            context = self.context if self.tls else None
            server = await asyncio.start_server(self._meet, "127.0.0.1", 0, ssl=context)
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            async with server:
                await self.released.wait()

        self.thread = threading.Thread(target=lambda: self.loop.run_until_complete(serve()), daemon=True)
        self.thread.start()
        started.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.released.set)
        self.thread.join(5)

    @property
    def mails(self) -> list[Message]:
        return [message_from_bytes(raw, EmailMessage, policy=default) for _from, _to, raw in self.taken]

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self.faults.pop(0) if self.faults else ""
        try:
            await _Conversation(self, reader, writer, fault).hold()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@dataclass
class _Conversation:
    server: MailServer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    fault: str
    sender: str = ""
    to: list[str] = field(default_factory=list)
    encrypted: bool = False
    known: bool = False

    async def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()

    async def hold(self) -> None:
        self.encrypted = self.server.tls
        await self.say("220 ready")
        while line := await self.reader.readline():
            text = line.decode("ascii").rstrip("\r\n")
            if not self.encrypted:
                self.server.heard.append(text)
            command = text.split(" ", 1)[0].upper()
            wanted, _, answer = self.fault.partition(" ")
            if command == wanted and answer[:1].isdigit():
                await self.say(answer)
                continue
            if command == "QUIT":
                if self.fault != "QUIT close":
                    await self.say("221 bye")
                return
            if not await self.obey(command, text):
                return

    async def obey(self, command: str, text: str) -> bool:
        server = self.server
        if command == "EHLO":
            offers = ["STARTTLS"] if server.context and not self.encrypted and self.fault != "no starttls" else []
            offers += ["AUTH PLAIN"] if server.user and self.encrypted else []
            names = ["localhost", *offers]
            await self.say(*(f"250-{n}" for n in names[:-1]), f"250 {names[-1]}")
        elif command == "STARTTLS" and server.context is not None:
            await self.say("220 go on")
            await self.writer.start_tls(server.context)
            self.encrypted = True
        elif command == "AUTH":
            _, user, password = base64.b64decode(text.split()[2]).decode().split("\0")
            self.known = (user, password) == (server.user, PASSWORD)
            await self.say("235 welcome" if self.known else f"535 {password} is wrong")
        elif server.user and not self.known:
            await self.say("530 who are you")
        elif command == "MAIL":
            self.sender = text.partition("<")[2].partition(">")[0]
            await self.say("250 ok")
        elif command == "RCPT":
            address = text.partition("<")[2].partition(">")[0]
            if address in server.refused:
                await self.say("550 nobody of that name")
            else:
                self.to.append(address)
                await self.say("250 ok")
        elif command == "DATA":
            return await self.data()
        else:
            await self.say("250 ok")
        return True

    async def data(self) -> bool:
        await self.say("354 go on")
        if self.fault == "DATA hang":
            await self.server.released.wait()
            return False
        raw = b""
        while (line := await self.reader.readline()) not in {b".\r\n", b""}:
            raw += line[1:] if line.startswith(b"..") else line
        self.server.taken.append((self.sender, list(self.to), raw))
        if self.fault == "DATA lost":
            return False
        await self.say("250 taken")
        return True
