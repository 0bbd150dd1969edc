"""A week of a real service in moved time: what it judges by, whom it tells, and everything that befalls it.

What judges, the outbox and what delivers are the service's own; the receivers are servers on loopback. Where nothing is
wrong time goes in strides of half an hour, as on a machine that sleeps.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from pathlib import Path
from typing import Any, NamedTuple

from tests.cache.base import configuration
from tests.notify.base import secret
from tests.notify.mail_server import MailServer
from tests.notify.strict import ROUTING_KEY, PagerDuty
from tests.notify.test_slack import PATH, Slack
from tests.places import PLACES
from tests.poller.week_model import MONDAY, MUTE, STEP, Level, Outage, level_at
from wedtui.cache.kind import CACHE
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.config import Configuration
from wedtui.core.alerts.memory import Phase
from wedtui.core.alerts.rule import Where
from wedtui.core.alerts.silences import Silence
from wedtui.core.notify import Answer, Verdict
from wedtui.core.observation import Claim, Observation, ProbeObservation, SignalObservation
from wedtui.core.picture import ServiceFacts
from wedtui.core.season import Protection
from wedtui.core.sharing import HOUSE
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.outbox import Attempt, Outbox
from wedtui.ledger.outbox_reader import OutboxReader
from wedtui.notify import may_lose, reach_of
from wedtui.notify.channels import channel_of
from wedtui.notify.sender import Sender
from wedtui.poller.alerts import Alerting
from wedtui.poller.guarding import Guarding
from wedtui.poller.surroundings import Stores
from wedtui.rule_files import load_rules

STRIDE = timedelta(minutes=30)
LOOKS = timedelta(seconds=5)
"""Between two looks at an outbox in which something waits."""
PROVIDERS, PROBES = 8, 9
"""Of the first provider there are two probes."""
EVERY = "20s"
_ABOUT = re.compile(r"(\w+) \(((?:probe|provider)=[^)]*)\)")
_LEVELS = {Level.NORMAL: Protection.NORMAL, Level.HIGH: Protection.HIGH, Level.MAXIMUM: Protection.MAXIMUM}
_HEADS = {"CRITICAL": "trigger", "WARNING": "trigger", "TAKEN": "acknowledge", "OVER": "resolve"}


class Heard(NamedTuple):
    """What reached a receiver."""

    at: datetime
    receiver: str
    event: str
    key: str
    """Of the notification."""
    said: str
    """Empty where a receiver is told the key alone."""


class Clock:
    """A clock that the week moves."""

    def __init__(self) -> None:
        self.at = MONDAY

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - MONDAY).total_seconds() + 1000


class Receivers:
    """Two pagers, a channel of Slack and a mailbox."""

    def __init__(self, stack: ExitStack) -> None:
        self.ada, self.grace = stack.enter_context(PagerDuty()), stack.enter_context(PagerDuty())
        self.team, self.post = stack.enter_context(Slack()), stack.enter_context(MailServer())
        self._seen = dict.fromkeys(("ada", "grace", "team", "post"), 0)
        self.again: Counter[tuple[str, str, str]] = Counter()
        """Of each channel, event and episode how often it was put there again."""
        self._told: set[tuple[str, str, str]] = set()

    def sections(self, folder: Path) -> dict[str, Any]:
        folder.mkdir(exist_ok=True)
        routing, hook = secret(folder, "routing", ROUTING_KEY), secret(folder, "hook", f"{self.team.url}{PATH}")
        mail = {"host": "127.0.0.1", "port": self.post.port, "tls": "none", "sender": "wedtui@example.com"}
        return {
            "ada": {"kind": "pagerduty", "url": self.ada.url, "routing_key": routing},
            "grace": {"kind": "pagerduty", "url": self.grace.url, "routing_key": routing},
            "post": {"kind": "email", **mail, "to": ["ada@example.com"]},
            "team": {"kind": "slack", "secret_url": hook},
        }

    def pager(self, of: str) -> PagerDuty:
        return {"ada": self.ada, "grace": self.grace}[of]

    def released(self) -> None:
        """Let go of whoever waits for an answer that does not come."""
        for pager in (self.ada, self.grace):
            pager.released.set()

    def news(self, at: datetime) -> Iterator[Heard]:
        """Yield what was taken since the last call."""
        for name, pager in (("ada", self.ada), ("grace", self.grace)):
            for event, episode in self._new(name, pager.asked):
                if self._is_heard_before(name, event, episode):
                    continue
                said = pager.summaries.get(episode, "") if event == "trigger" else ""
                yield Heard(at, name, event, episode.removeprefix("wedtui/").rpartition("/")[0], said)
        for said in self._new("team", self.team.said):
            text: str = said["text"]
            source: str = said["blocks"][-1]["text"]["text"]
            yield Heard(at, "team", _HEADS[text.partition(":")[0]], source.partition(", ")[2], text)
        for _sender, _to, raw in self._new("post", self.post.taken):
            mail = message_from_bytes(raw, EmailMessage, policy=default)
            text, key = str(mail["Subject"]).strip(), _last_line(mail).partition(", ")[2]
            yield Heard(at, "post", _HEADS[text.partition(":")[0]], key, _last_line(mail, 0))

    def _is_heard_before(self, name: str, event: str, episode: str) -> bool:
        """Whether a pager heard before what is put to it again because it may have lost it: of that nobody hears."""
        this = name, event, episode
        if self.again[this] and this in self._told:
            self.again[this] -= 1
            return True
        self._told.add(this)
        return False

    def _new(self, name: str, every: Sequence[Any]) -> Sequence[Any]:
        new = every[self._seen[name] :]
        self._seen[name] = len(every)
        return new


def _last_line(mail: Message, place: int = -1) -> str:
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().strip().splitlines()[place]


class _Counting(Outbox):
    """Counts what is put to channels again."""

    def __init__(self, url: str, *, again: Counter[tuple[str, str, str]], **given: Any) -> None:
        super().__init__(url, **given)
        self._again = again

    def conclude(self, attempt: Attempt, answer: Answer, channels: Sequence[str]) -> None:
        if attempt.again and answer.verdict is Verdict.ACCEPTED:
            self._again[attempt.channel, attempt.message.event.value, attempt.message.episode] += 1
        super().conclude(attempt, answer, channels)


def about(said: str) -> str:
    """Return which rule and series a message is about, such as `down probe=front-1, provider=p1`."""
    found = _ABOUT.search(said)
    return "" if found is None else f"{found[1]} {found[2]}"


def down(number: int) -> str:
    return f"down probe=front-{number}, provider=p{number % PROVIDERS}"


def cpu(number: int) -> str:
    return f"cpu provider=p{number}"


def oncall() -> dict[str, Any]:
    def layer(*people: str) -> dict[str, Any]:
        shift = {"zone": "Europe/London", "since": "2026-01-01", "hand_over": "09:00", "length": "1d"}
        return {"participants": people, **shift}

    rosters = [
        {"name": "primary", "layers": [layer("ada", "grace")]},
        {"name": "secondary", "layers": [layer("grace", "ada")]},
    ]
    contacts = {"ada": {"channels": ["ada", "post"]}, "grace": {"channels": ["grace", "team"]}}
    return {"contacts": contacts, "rosters": rosters}


def watched(sections: dict[str, Any], *, probes: int = PROBES, providers: int = PROVIDERS) -> Configuration:
    named = [{"name": f"p{number}", "weight": 100 if number == 0 else 0} for number in range(providers)]
    asked = [
        {"name": f"front-{n}", "provider": f"p{n % providers}", "url": "http://127.0.0.1:1/", "interval": EVERY}
        for n in range(probes)
    ]
    queries = [{"provider": f"p{n}", "signal": "cpu", "query": f"cpu{n}", "interval": EVERY} for n in range(PROVIDERS)]
    servers = [{"name": "main", "url": "http://127.0.0.1:9090", "queries": queries}]
    made: dict[str, Any] = {"providers": named, "probes": asked, "prometheus": servers, "freeze": {}}
    return configuration(**made, notify=sections, oncall=oncall())


class Station:
    """A service that judges and tells, on a machine of its own."""

    def __init__(self, week: Week, machine: int) -> None:
        self._week, self._machine, self._lives = week, machine, 0
        self.begins()

    def begins(self) -> None:
        week = self._week
        self._lives += 1
        life = f"{uuid.uuid4().hex} boot:1:{self._machine} {self._lives}"
        wanted, clock, url = week.configuration, week.clock, week.stores.ledger_url
        self.guarding = Guarding(wanted, week.stores.cache_url, clock)
        self.guarding.level = week.level  # type: ignore[method-assign]
        self.alerting = Alerting(wanted, week.stores, clock, self.guarding, rules=week.folder / "config.toml")
        self.alerting.life = life
        channels = {
            name: channel_of(name, section, environment=wanted.environment, clock=clock)
            for name, section in wanted.notify.items()
        }

        def opened() -> Outbox:
            return _Counting(
                url,
                clock=lambda _connection: clock.at,
                reach=reach_of(wanted),
                may_lose=may_lose(wanted),
                again=week.receivers.again,
            )

        self.sender = Sender(opened, channels, life, clock)

    async def dies(self) -> None:
        self.alerting.close()
        self.guarding.close()
        await self.sender.close()


Deed = Callable[["Week"], Awaitable[None] | None]


class Week:
    """The stores, the services, and a time that goes on."""

    def __init__(self, folder: Path, receivers: Receivers) -> None:
        self.folder, self.receivers, self.clock = folder, receivers, Clock()
        self.stores = Stores(f"sqlite:///{folder / 'cache.db'}", f"sqlite:///{folder / 'ledger.db'}")
        self.configuration = watched(receivers.sections(folder / "secrets"))
        self.heard: list[Heard] = []
        self.stages: set[str] = set()
        self._cache = CacheWriter(self.stores.cache_url, vantage="one")
        facts = ServiceFacts("1", 1, "personal", "1", "production", self.clock.at, self.clock.at)
        self._facts = replace(facts, vantage="one", place="one:/", instance="one")
        self._cache.begin(self._facts)
        self._cache.heartbeat(self._facts, {HOUSE: False})
        ((fence,),) = PLACES.execute(folder / "cache.db", CACHE, "SELECT fence FROM lease WHERE name = ?", HOUSE)
        self._claim = Claim(HOUSE, fence)
        self._outbox = OutboxReader(self.stores.ledger_url)
        self._configured()
        self.ledger = Ledger(self.stores.ledger_url)
        self._machines = 1
        self.stations = [Station(self, 1)]
        self.wrong: set[str] = set()
        self.mute: set[str] = set()
        """Of which nothing is measured."""
        self.storms = False
        """Whether everything is down."""

    def _configured(self) -> None:
        every = timedelta(seconds=20)
        self._cache.configure(self.configuration, probe_interval=every, query_interval=every)

    def level(self) -> Protection:
        return _LEVELS[level_at(self.clock.at)]

    async def restart(self) -> None:
        """Have everybody who judges die, and begin again at once."""
        for each in self.stations:
            await each.dies()
            each.begins()

    async def reconfigure(self, probes: int = PROBES, providers: int = PROVIDERS) -> None:
        """Have everybody begin again with something else to watch."""
        sections = self.receivers.sections(self.folder / "secrets")
        self.configuration = watched(sections, probes=probes, providers=providers)
        self._configured()
        await self.restart()

    def stand_by(self) -> None:
        """Have another machine stand by."""
        self._machines += 1
        self.stations.append(Station(self, self._machines))

    async def taken_over(self) -> None:
        """Have the one who judges die for good: whoever stands by goes on once the leases have run out."""
        await self.stations.pop(0).dies()

    def silence(self, name: str, until: datetime) -> None:
        rule, _, labels = name.partition(" ")
        where = Where({key: (value,) for key, _, value in (each.partition("=") for each in labels.split(", "))})
        asked = Silence(0, where, (rule,), "work on it", "ada", self.clock.at, until)
        self.ledger.silence_alerts(asked, load_rules(()).book, None)

    def take(self, name: str, by: str) -> None:
        """Have somebody take what is wrong, where it fires."""
        with closing(CacheReader(self.stores.cache_url)) as reader:
            shown = reader.alerts()
        for each in () if shown is None else shown.alerts:
            if each.phase is Phase.FIRING and f"{each.rule} {each.about}" == name:
                self.ledger.acknowledge_alert(each.key, by=by, at=self.clock.at, reason="")

    def _measured(self) -> Iterator[Observation]:
        at = self.clock.at
        for probe in self.configuration.probes:
            name = f"down probe={probe.name}, provider={probe.provider}"
            if name not in self.mute:
                yield ProbeObservation(probe.name, at, passed=name not in self.wrong and not self.storms)
        for number in range(PROVIDERS):
            value = 0.95 if cpu(number) in self.wrong else 0.3
            yield SignalObservation(f"p{number}", "cpu", "prometheus main", at, value)

    async def round(self) -> None:
        """Measure, judge and tell."""
        self._cache.record([*self._measured()])
        for each in self.stations:
            each.alerting.look(self._claim)
        await self.tell()

    async def tell(self) -> None:
        """Put what waits to its channels, and note what they took."""
        for each in self.stations:
            while self._outbox.waits(self.clock.at) and await each.sender.look():
                await each.sender.settled()
        self.heard += self.receivers.news(self.clock.at)

    async def pass_(self, span: timedelta) -> None:
        """Let time pass; while something waits it is looked at every five seconds."""
        until = self.clock.at + span
        while self._outbox.waits(self.clock.at) and self.clock.at + LOOKS < until:
            self.clock.at += LOOKS
            await self.tell()
        self.clock.at = until

    async def close(self) -> None:
        """End it, and look once more at what became of all that was to be told."""
        rows = PLACES.execute(self.folder / "ledger.db", LEDGER, "SELECT DISTINCT stage FROM notification")
        self.stages = {stage for (stage,) in rows}
        for each in self.stations:
            await each.dies()
        self._outbox.close()
        self.ledger.close()
        self._cache.close(clean=False)


async def live(
    week: Week,
    outages: Iterable[Outage],
    deeds: Sequence[tuple[datetime, Deed]],
    busy: Sequence[tuple[datetime, datetime]],
) -> None:
    """Live through a week.

    Args:
        week: its world.
        outages: what is wrong when, and who takes it.
        deeds: what befalls it when, before the round of that instant.
        busy: the stretches in which a round is made every twenty seconds.
    """
    every = tuple(outages)
    silences = [(since, _silencing(each.name, until)) for each in every for since, until in each.silent]
    left = sorted([*deeds, *silences], key=lambda each: each[0])
    ends = max(until for _, until in busy)
    while week.clock.at < ends:
        now = week.clock.at
        while left and left[0][0] <= now:
            done = left.pop(0)[1](week)
            if done is not None:
                await done
        wrong = [each for each in every if each.start <= now < each.end]
        week.wrong = {each.name for each in wrong}
        week.mute = {each.name for each in wrong if each.kind is MUTE}
        await week.round()
        taken = [each for each in every if now in each.taken]
        for each in taken:
            # Each time by the other one: whoever has it already says nothing new.
            week.take(each.name, ("ada", "grace")[each.taken.index(now) % 2])
        if taken:
            await week.tell()
        dense = any(since <= now < until for since, until in busy)
        upcoming = min((since for since, _ in busy if since > now), default=ends)
        await week.pass_(STEP if dense else min(STRIDE, upcoming - now))


def _silencing(name: str, until: datetime) -> Deed:
    return lambda week: week.silence(name, until)
