"""Judging the alerts, once for all services: what was measured, what is remembered of it, and who is to be told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from wedtui.cache.alert_copy import AlertCopy
from wedtui.clock import Clock
from wedtui.config import Configuration
from wedtui.core.alerts.acknowledging import Lapse, lapsed, outgrown
from wedtui.core.alerts.condition import FAILING, UP
from wedtui.core.alerts.evaluation import Around, Evidence, Kind, Round, evaluate
from wedtui.core.alerts.hiding import Hiding
from wedtui.core.alerts.judging import Question, judge
from wedtui.core.alerts.leap import Leap, Looked, leap_since, leapt, looked_on, state_over, telling_over
from wedtui.core.alerts.memory import AlertState, Memory, Phase, Reason, Report
from wedtui.core.alerts.names import source_of
from wedtui.core.alerts.outside import INHIBITED, SILENCED, Answered, listed, parted, take, together, with_sources
from wedtui.core.alerts.pages import SOURCE as PAGES
from wedtui.core.alerts.pages import as_posted, first_key, pages_of, with_pages
from wedtui.core.alerts.rule import Rule, RuleBook, Severity, Source
from wedtui.core.alerts.scope import judgeable, withdrawn
from wedtui.core.alerts.silences import silencing
from wedtui.core.alerts.standing import AlertIs, AlertsNow, Suppressed, by_urgency
from wedtui.core.alerts.telling import Telling, remembered, tell, telling_document
from wedtui.core.alerts.track import Labels, Track, labels_words
from wedtui.core.calendar import Freshness, freshness
from wedtui.core.observation import Claim
from wedtui.core.oncall.climbing import Climbed, Following, Now, climb_on, firing
from wedtui.core.oncall.climbing_document import CLIMBING, climbing_document, climbing_in
from wedtui.core.oncall.plan import OnCallPlan
from wedtui.core.wording import counted
from wedtui.ledger.alerts import ESCALATED, LAPSED, AlertKeeper, Happened, Known, Turn, happened
from wedtui.ledger.kind import LEDGER
from wedtui.notify import paging_configured
from wedtui.poller.alert_plan import CountingPlan
from wedtui.poller.alert_rules import CountingRules
from wedtui.poller.guarding import Guarding
from wedtui.poller.measured import Measured
from wedtui.poller.surroundings import Stores
from wedtui.poller.told_elsewhere import ToldElsewhere
from wedtui.store.clock import database_now
from wedtui.store.opening import file_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

RESOLVED_SHOWN = timedelta(hours=1)
"""So long what was resolved is shown beside what fires."""
COPIED_EVERY = timedelta(seconds=5)
"""A copy that says the same but for what was measured is written so often."""
UNKNOWN_NAMED = 6
"""So many of the series of which nothing is known are named."""


class Alerting:
    """Judges. Everything but `problem` and `in_thread` happens in one thread, because a round takes its time."""

    def __init__(
        self, configuration: Configuration, stores: Stores, clock: Clock, guarding: Guarding, *, rules: Path | None
    ) -> None:
        """Remember with what it is done; nothing is opened yet.

        Args:
            configuration: what is watched, and whether there is anybody to tell.
            stores: cache and ledger.
            clock: the time of day of this machine, and so of a file; on a server that of the server counts.
            guarding: knows the level and who is getting married.
            rules: the configuration beside which the rules stand; None where there is none.
        """
        self._configuration, self._stores, self._clock, self._guarding = configuration, stores, clock, guarding
        self._rules = CountingRules(rules)
        self._plan = CountingPlan(configuration, rules)
        self._tells = paging_configured(configuration)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="alerts")
        self._measured = Measured(configuration, stores.cache_url)
        self._elsewhere = ToldElsewhere(configuration, stores.cache_url)
        self._keeper: AlertKeeper | None = None
        self._copy: AlertCopy | None = None
        self._copied: tuple[Claim, AlertsNow] | None = None
        self._untold = ""
        self._looked: Looked | None = None
        """The last look at both clocks: of a round, or while another service judged."""
        self._leaps: tuple[Leap, ...] = ()
        """Those of the time of day that were seen by that."""
        self.life = ""
        """Of the service, by which it judges."""
        self.boot = ""
        """Of the machine; changes whenever that starts."""

    @property
    def problem(self) -> str | None:
        """What is wrong with the rules, and with who is told, in a sentence; from any thread."""
        return "; ".join(filter(None, (self._rules.problem, self._plan.problem, self._untold))) or None

    async def in_thread(self, work: Callable[[], bool | None]) -> bool | None:
        """Do something in the thread in which it judges; from the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def wait(self) -> None:
        """Look at the clock while another service judges: of a leap that it does not survive only who waits knows.

        Raises:
            StoreError: the ledger cannot be read.
        """
        # Whoever judges says it.
        self._untold = ""
        if file_of(self._stores.ledger_url, LEDGER) is None:
            self._opened().look()

    def look(self, claim: Claim) -> None:
        """Judge once.

        Args:
            claim: by which it keeps house.

        Raises:
            StoreError: cache or ledger cannot be used; what is remembered stays.
            ConflictError: others change it all the time.
        """
        keeper = self._opened()
        kept = keeper.files() if self._rules.loaded is None else ()
        loaded = self._rules.look(kept, self._clock.monotonic())
        standing: AlertsNow | None = None
        looked: Looked | None = None

        def work(known: Known) -> Turn:
            nonlocal standing, looked
            looked = self._looked
            known = self._over_a_leap(known)
            evidence = self._measured.read(loaded.book, known.now) | self._elsewhere.read(known.now)
            every = with_sources(loaded.book, self._elsewhere.sources, self._elsewhere.wrong(known.now))
            book, not_set = judgeable(every, self._rules.shipped, evidence)
            whole = replace(book, sources=(*book.sources, PAGES))
            answers = {**self._elsewhere.answers, PAGES.name: pages_of(known.pages, known.state, known.now)}
            plan = self._plan.look(known.now)
            found, turn, following = self._judged(whole, evidence, known, answers, plan)
            outside = _outside(whole, answers, found, known)
            shown = by_urgency([*standing_of(book, evidence, found.state, known), *outside])
            alerts = _with_next(shown, following, plan)
            standing = AlertsNow(known.now, alerts, len(every.rules), not_set, judged=len(book.rules))
            unwatched = [*self._unwatched(loaded.book, evidence)]
            # Without the pages: that nobody has to be called says of nothing that it is well.
            elsewhere = parted(found.state, book)[1]
            unknown = sorted([*unknown_of(book, found.state), *unwatched]) + sorted(unknown_outside(elsewhere))
            series = sum(len(found.state.memories.get(rule.name, {})) for rule in book.rules) + len(unwatched)
            series += sum(map(len, elsewhere.memories.values()))
            named = tuple(unknown[:UNKNOWN_NAMED])
            standing = replace(standing, series=series, unknown=len(unknown), unknown_named=named)
            standing = replace(standing, sources=self._elsewhere.standing(known.now))
            return replace(turn, looked=looked)

        done = keeper.turn(work)
        if done is None or standing is None:
            # Whoever judges says it.
            self._untold = ""
            return
        self._rules.news = self._plan.news = None
        if not self._tells:
            self._untold = _untold(len(standing.firing))
        self._copy_to_readers(_with_told(standing, remembered(done.telling), keeper), claim)

    def close(self) -> None:
        """Let go of cache and ledger, in the thread that used them."""
        self._measured.close()
        self._elsewhere.close()
        for each in (self._keeper, self._copy):
            if each is not None:
                each.close()

    async def end(self) -> None:
        """Let go of everything, in the thread that used it, and of that."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self.close)
        finally:
            self._thread.shutdown()

    def _opened(self) -> AlertKeeper:
        if self._keeper is None:
            on_server = file_of(self._stores.ledger_url, LEDGER) is None
            now = database_now if on_server else lambda _connection: self._clock.now()

            def clock(connection: Connection) -> datetime:
                began = self._clock.monotonic()
                at = now(connection)
                self._look(Looked(at, began, self._clock.monotonic(), self.boot))
                return at

            self._keeper = AlertKeeper(self._stores.ledger_url, self.life, clock=clock)
        return self._keeper

    def _look(self, now: Looked) -> None:
        """Remember a look at both clocks; what was measured is moved where the time of day leapt before it."""
        leap = leapt(self._looked, now)
        if leap:
            self._measured.leap(leap, now.at)
        self._leaps, self._looked = looked_on(self._leaps, self._looked, now), now

    def _over_a_leap(self, known: Known) -> Known:
        """Return what is known as of the time of day as it is now, where that leapt forward since the last round."""
        now, kept, judged_at = self._looked, known.looked, known.state.judged_at
        assert now is not None, "what is known was read by that clock"
        if judged_at is not None and known.now < judged_at:
            self._measured.set_back()
        if kept is not None and kept.at == judged_at and kept.boot == now.boot:
            # By the very round that is remembered: of it nothing is left to be guessed.
            leap = leapt(kept, now)
        else:
            leap = leap_since(self._leaps, judged_at)
        if not leap:
            return known
        state, telling = state_over(known.state, leap, known.now), telling_over(known.telling, leap)
        return known._replace(state=state, telling=telling)

    def _judged(
        self, book: RuleBook, evidence: Evidence, known: Known, answers: Mapping[str, Answered], plan: OnCallPlan
    ) -> tuple[Round, Turn, Mapping[str, Following]]:
        state, lapses = lapsed(known.state, known.now, plan.lapse)
        around = self._around(known.now)
        state, outside = parted(state, book)
        state, ended = withdrawn(state, book, evidence, known.now)
        found = evaluate(book, evidence, known.now, state, around)
        found = together(found, take(book, answers, outside, known.now, around))
        state, graver = outgrown(found.state, ((e.rule, e.labels) for e in found.events if e.kind is Kind.RAISED))
        found = Round(state, (*ended, *found.events))
        history = [each for event in found.events if (each := happened(event)) is not None]
        history += [_lapse(each, known.now) for each in (*lapses, *graver)]
        if not self._tells:
            # Without a channel nobody is told, and nothing is taken for told: it is once there is one.
            return found, Turn(found.state, known.telling, history, (), self._rules.news, self._plan.news), {}
        climbed, told = self._told(book, found, known, plan)
        history += _escalated(climbed, known.now)
        telling = {**telling_document(told), CLIMBING: climbing_document(climbed.climbing)}
        notices = as_posted(climbed.notices)
        turn = Turn(found.state, telling, history, notices, self._rules.news, self._plan.news)
        return found, turn, climbed.following

    def _told(self, book: RuleBook, found: Round, known: Known, plan: OnCallPlan) -> tuple[Climbed, Telling]:
        """Return what is to be told of a round, first and next."""
        before, climbing = remembered(known.telling), climbing_in(known.telling)
        if before.at is not None and known.now < before.at:
            climbing = climbing.moved(before.at - known.now)
        before = with_pages(before, found.state)
        notices, told = tell(book, found, before, known.silences, known.now)
        hiding = Hiding(book, found.state)

        def hidden(rule: str, labels: Labels) -> bool:
            report = found.state.of(rule, labels).report
            there = report is not None and bool(report.hidden)
            silence = silencing(known.silences, rule, labels, known.now)
            return there or silence is not None or bool(hiding.by(rule, labels))

        now = Now(plan, self._guarding.level(), known.now, self._configuration.routes)
        return climb_on(now, climbing, told, notices, firing(found.state, hidden)), told

    def _unwatched(self, book: RuleBook, evidence: Evidence) -> Iterator[str]:
        """Yield the providers that no probe asks, where a rule counts that says whether anything is up.

        Nobody would hear of it if one of them were down.
        """
        rule = next((rule.name for rule in book.rules if {UP, FAILING}.intersection(rule.signals)), None)
        asked = {dict(labels).get("provider") for labels in evidence.get(UP, {})}
        for each in self._configuration.providers if rule is not None else ():
            if each.name not in asked:
                yield f"{rule} provider={each.name} (no probe)"

    def _around(self, now: datetime) -> Around:
        calendar = self._guarding.calendar
        live = calendar.steps.at(now).weddings > 0
        known = freshness(calendar, now) is Freshness.FRESH and not calendar.unknown
        return Around(self._guarding.level(), True if live else False if known else None)

    def _copy_to_readers(self, standing: AlertsNow, claim: Claim) -> None:
        before = self._copied
        if before is not None and before[0] == claim and _says_the_same(before[1], standing):
            return
        if self._copy is None:
            self._copy = AlertCopy(self._stores.cache_url)
        self._copy.write(standing, claim)
        self._copied = claim, standing


def _lapse(lapse: Lapse, now: datetime) -> Happened:
    rule, labels, episode = lapse
    what = (LAPSED, episode.key, rule, labels, episode.severity.value, episode.reason.value)
    return Happened(now, *what, person=episode.acknowledged_by)


def _escalated(climbed: Climbed, now: datetime) -> Iterator[Happened]:
    for of, said in climbed.escalated:
        episode = of.episode
        what = (ESCALATED, episode.key, of.rule, of.labels, episode.severity.value, episode.reason.value)
        yield Happened(now, *what, said=said)


def _with_next(
    alerts: tuple[AlertIs, ...], following: Mapping[str, Following], plan: OnCallPlan
) -> tuple[AlertIs, ...]:
    """Return alerts with when the next one is told of each, and who that is."""

    def of(alert: AlertIs) -> AlertIs:
        known = replace(alert, lapse_s=plan.lapse.total_seconds())
        then = following.get(alert.key) if alert.phase is Phase.FIRING else None
        return known if then is None else replace(known, escalates_at=then.at, escalates_to=then.whom)

    return tuple(map(of, alerts))


def standing_of(book: RuleBook, evidence: Evidence, state: AlertState, known: Known) -> tuple[AlertIs, ...]:
    """Return what is to be shown of a state, by urgency."""
    hiding = Hiding(book, state)
    return by_urgency(_standing(book, evidence, state, known, hiding))


def unknown_of(book: RuleBook, state: AlertState) -> Iterator[str]:
    """Yield each rule with each series of which it is not known now how it stands, in words."""
    for rule in book.rules:
        for labels, memory in state.memories.get(rule.name, {}).items():
            if memory.seen is None or memory.unknown_since is not None:
                yield f"{rule.name} {labels_words(labels)}"


def _standing(book: RuleBook, evidence: Evidence, state: AlertState, known: Known, hiding: Hiding) -> Iterator[AlertIs]:
    for rule in book.rules:
        for labels, memory in state.memories.get(rule.name, {}).items():
            if not _is_shown(memory, known.now):
                continue
            tracks = {
                signal: series[labels] for signal in rule.signals if labels in (series := evidence.get(signal, {}))
            }
            shown = _alert(rule, (rule.name, labels), memory, known.now)
            value, measured_at = _newest(rule, tracks, known.now)
            silence = silencing(known.silences, rule.name, labels, known.now)
            yield replace(
                shown,
                value=value,
                measured_at=measured_at,
                inhibited_by=hiding.by(rule.name, labels) if memory.phase is Phase.FIRING else "",
                silenced_by="" if silence is None else silence.by,
                silenced_until=None if silence is None else silence.until,
            )


def unknown_outside(state: AlertState) -> Iterator[str]:
    """Yield each alert that other systems judge and of which it is not known now how it stands, in words."""
    for rule, series in state.memories.items():
        for labels, memory in series.items():
            if memory.unknown_since is not None:
                yield f"{rule} {labels_words(labels)}"


def _outside(book: RuleBook, answers: Mapping[str, Answered], found: Round, known: Known) -> Iterator[AlertIs]:
    """Yield what is to be shown of what no rule of ours judges."""
    for source in book.sources:
        answer = answers.get(source.name, Answered())
        there = listed(source.name, answer.alerts) if answer.is_fresh(known.now) else {}
        for rule, series in found.state.memories.items():
            for labels, memory in series.items() if source_of(rule) == source.name else ():
                if _is_shown(memory, known.now):
                    shown = _reported(source, (rule, labels), memory, known)
                    now_said = there.get((rule, labels))
                    if now_said is not None:
                        grave = now_said.severity if memory.phase is Phase.PENDING else shown.severity
                        shown = replace(shown, value=now_said.value, said=now_said.said, severity=grave)
                    yield replace(shown, measured_at=answer.at)


def _reported(source: Source, which: tuple[str, Labels], memory: Memory, known: Known) -> AlertIs:
    """Return what is to be shown of an alert that another system judges, as far as that is remembered."""
    rule, labels = which
    report = memory.report or Report(source.name)
    shown = _alert(source, which, memory, known.now)
    silence = silencing(known.silences, rule, labels, known.now)
    fires = memory.phase is Phase.FIRING
    if silence is not None:
        shown = replace(shown, silenced_by=silence.by, silenced_until=silence.until)
    elif fires and report.hidden == SILENCED:
        shown = replace(shown, silenced_by=source.name)
    return replace(
        shown,
        inhibited_by=source.name if fires and report.hidden == INHIBITED else "",
        source="" if source is PAGES else source.name,
        said=report.said,
        runbook=report.runbook,
        link=report.link,
    )


def _is_shown(memory: Memory, now: datetime) -> bool:
    if memory.phase is Phase.RESOLVED:
        return memory.resolved_at is not None and now - memory.resolved_at <= RESOLVED_SHOWN
    return memory.phase in {Phase.PENDING, Phase.FIRING}


def _alert(rule: Rule | Source, which: tuple[str, Labels], memory: Memory, now: datetime) -> AlertIs:
    episode = None if memory.phase is Phase.PENDING else memory.episode
    since = memory.since or now if episode is None else episode.since
    pending = Severity.WARNING
    if isinstance(rule, Rule):
        pending = rule.silent_severity if memory.reason is Reason.NO_DATA else rule.severity
    return AlertIs(
        *which,
        memory.phase,
        pending if episode is None else episode.severity,
        memory.reason if episode is None else episode.reason,
        since,
        key="" if episode is None else episode.key,
        condition=str(rule.condition),
        resolved_at=memory.resolved_at if memory.phase is Phase.RESOLVED else None,
        acknowledged_by="" if episode is None else episode.acknowledged_by,
        acknowledged_at=None if episode is None else episode.acknowledged_at,
        flaps=memory.flaps(now),
        runbook=rule.runbook,
        said=rule.said if isinstance(rule, Rule) and memory.phase is not Phase.RESOLVED else "",
        unknown_since=memory.unknown_since,
    )


def _newest(rule: Rule, tracks: dict[str, Track], now: datetime) -> tuple[float | None, datetime | None]:
    """Return what is measured now, where that is known, and when anything was measured last."""
    measured = [track.instant(place) for track in tracks.values() if (place := track.place(now)) >= 0]
    return judge(rule.condition, Question(tracks, now, now)).value, min(measured, default=None)


def _with_told(standing: AlertsNow, telling: Telling, keeper: AlertKeeper) -> AlertsNow:
    """Return how it stands with when somebody was told, and how many of what nobody was.

    An alert may be told by a notification about several.
    """
    keys = {each.key: telling.keys_of(each.key) or (_first_key(each),) for each in standing.alerts if each.key}
    told = keeper.told([*dict.fromkeys(key for some in keys.values() for key in some)]) if keys else {}
    counts = (telling.silenced, telling.inhibited, telling.collapsed, telling.stormed, telling.taken)
    standing = replace(standing, suppressed=Suppressed(*counts))
    if not told:
        return standing

    def first(key: str) -> datetime | None:
        return min((told[each] for each in keys.get(key, ()) if each in told), default=None)

    return replace(standing, alerts=tuple(replace(each, told_at=first(each.key)) for each in standing.alerts))


def _untold(firing: int) -> str:
    """Say that nobody is told of what fires, because there is nobody; nothing while nothing does."""
    fires = f"{counted(firing, 'alert')} {'fires' if firing == 1 else 'fire'}"
    return f"{fires}, and NOBODY IS TOLD: no channel is configured; add a [notify.NAME]" if firing else ""


def _first_key(alert: AlertIs) -> str:
    """Return the key of the first message about an alert that is over."""
    return first_key(alert.labels) if alert.is_page else alert.key


def _says_the_same(before: AlertsNow, now: AlertsNow) -> bool:
    recent = timedelta() <= now.judged_at - before.judged_at < COPIED_EVERY
    return recent and _essence(replace(before, judged_at=now.judged_at)) == _essence(now)


def _essence(standing: AlertsNow) -> AlertsNow:
    """Return what of it has to be seen at once."""
    alerts = tuple(replace(each, value=None, measured_at=None) for each in standing.alerts)
    sources = tuple(replace(each, answered_at=None) for each in standing.sources)
    return replace(standing, alerts=alerts, sources=sources)
