"""What other systems told of their alerts, as it is judged: their newest answers, and how well they answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from wedtui.cache.told_elsewhere import AlertSourceReader, Asked
from wedtui.config import Configuration
from wedtui.config_alerts import AlertSourceSection
from wedtui.core.alerts.outside import ANSWERED, EXPECTED, WATCHED_FOR, WHOLE, Answered
from wedtui.core.alerts.rule import NoData, Source
from wedtui.core.alerts.standing import SourceIs, trouble_words
from wedtui.core.alerts.track import Labels, Track, labels_of
from wedtui.core.evidence import fresh_for

_UNANSWERED = {"warning": NoData.WARN, "critical": NoData.FIRE}
_LOOKED_BACK = 10 * WATCHED_FOR
"""No rule looks further back at how a source answers."""


def sources_of(configuration: Configuration) -> tuple[Source, ...]:
    """Return the systems whose alerts are taken in, in the order of the configuration."""
    return tuple(map(_source, configuration.alert_sources))


def _source(section: AlertSourceSection) -> Source:
    return Source(
        section.name,
        section.group,
        section.route or "",
        section.clear,
        expects=section.expected_words,
        unanswered=_UNANSWERED[section.unanswered],
    )


class ToldElsewhere:
    """Reads what they answered. Used by one thread; what it gives out is fed on by the next call."""

    def __init__(self, configuration: Configuration, cache_url: str) -> None:
        """Remember what is configured; nothing is opened yet.

        Args:
            configuration: names the sources.
            cache_url: where their answers are.
        """
        self.sources = sources_of(configuration)
        self._cache = AlertSourceReader(cache_url)
        self._kinds = {section.name: section.kind for section in configuration.alert_sources}
        self._tracks = {section.name: Track(section.interval) for section in configuration.alert_sources}
        self._whole = {section.name: Track(section.interval) for section in configuration.alert_sources}
        self._asked: dict[str, Asked] = {}

    @property
    def answers(self) -> Mapping[str, Answered]:
        """The newest good answer of each source, as of the last look."""
        return {name: asked.answer for name, asked in self._asked.items()}

    def read(self, now: datetime) -> dict[str, dict[Labels, Track]]:
        """Look at what they answered; return how well each source answers, by signal and labels.

        Raises:
            StoreError: the cache cannot be read.
        """
        if self.sources:
            self._asked = {each.name: each for each in self._cache.read() if each.name in self._tracks}
        evidence: dict[str, dict[Labels, Track]] = {}
        for source in self.sources:
            track, whole, asked = self._tracks[source.name], self._whole[source.name], self._asked.get(source.name)
            if asked is not None and asked.answer.at is not None:
                _feed(track, asked.answer, asked.answer.at, well=asked.answer.expected)
                _feed(
                    whole, asked.answer, asked.answer.at, well=asked.answer.whole and not _is_late(whole, asked.answer)
                )
            signal = EXPECTED if source.expects else ANSWERED
            for name, fed in ((signal, track), (WHOLE, whole)):
                fed.forget(now - _LOOKED_BACK)
                evidence.setdefault(name, {})[labels_of({"source": source.name})] = fed
        return evidence

    def wrong(self, now: datetime) -> dict[str, str]:
        """Return what is wrong with each source of which it is not known what fires there, as of the last look."""
        return {each.name: f"{each.name}: {trouble_words(each)}" for each in self.standing(now) if not each.is_known}

    def standing(self, now: datetime) -> tuple[SourceIs, ...]:
        """Return how it stands with each source, as of the last look."""
        return tuple(self._is(source, now) for source in self.sources)

    def _is(self, source: Source, now: datetime) -> SourceIs:
        asked = self._asked.get(source.name) or Asked(source.name, self._kinds[source.name], Answered())
        answer = asked.answer
        return SourceIs(
            source.name,
            asked.kind,
            answer.at,
            asked.problem,
            answer.is_fresh(now),
            len(answer.alerts),
            asked.ignored,
            "" if answer.expected else source.expects,
            answer.whole,
        )

    def close(self) -> None:
        """Let go of the cache."""
        self._cache.close()


def _is_late(track: Track, answer: Answered) -> bool:
    """Whether nothing was known of the source between the answer before and this one."""
    assert answer.at is not None
    last = track.place(answer.at)
    return last >= 0 and answer.at - track.instant(last) > fresh_for(answer.interval)


def _feed(track: Track, answer: Answered, at: datetime, *, well: bool) -> None:
    """Take an answer that is not the last one."""
    last = track.place(datetime.max.replace(tzinfo=at.tzinfo))
    if last >= 0 and track.instant(last) == at:
        return
    track.interval, track.fresh = answer.interval, fresh_for(answer.interval)
    track.append(at, 1.0 if well else 0.0)
