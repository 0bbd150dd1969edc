"""What a backend of traffic promises, and what all of them share.

A change is compare-and-set: it names exactly the records that were read, replaces all of them at once, and carries a
generation in a TXT record beside them (`_wedtui.www.example.com.`), which every change raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from wedtui.config_traffic import TrafficSection, target_text
from wedtui.core.traffic import Place, Submitted, TrafficReading, unfit
from wedtui.errors import ConflictError, ForeignRecordsError

READ_WITHIN = timedelta(seconds=5)
SUBMIT_WITHIN = timedelta(seconds=4.5)
"""For a whole submission, waiting and second attempts included."""
REQUEST_WITHIN = timedelta(seconds=2.5)
"""For one request."""
ADDRESSING = frozenset({"A", "AAAA", "CNAME", "ALIAS", "HTTPS", "LUA", "SVCB"})
"""Types of records that send customers somewhere: one that is not ours would keep some of them where they are."""
_GENERATION = re.compile(r"wedtui generation=([0-9]{1,18})(?: id=([0-9a-f]{1,32}))?")


class TrafficBackend(Protocol):
    """Reads and changes the shares of traffic.

    Every method raises ProviderUnavailableError where the outside did not answer, or refused: then nothing was changed.
    """

    @property
    def compares(self) -> bool:
        """Whether its own server refuses a change where other records are live than those that it names.

        Without that a change that was sent may land at any later time, over whatever is there then.
        """
        ...

    async def read(self) -> TrafficReading:
        """Read the live records.

        Raises:
            ForeignRecordsError: they are not the set that is configured; the sentence says what is foreign.
            ProviderUnavailableError: they could not be read whole.
        """
        ...

    async def submit(self, read: TrafficReading, shares: Mapping[Place, int], generation: int) -> str:
        """Replace the records that were read by new ones, all or none, within `SUBMIT_WITHIN`.

        Args:
            read: what the change was planned on; nothing is changed where other records are live.
            shares: whole percents of every place that keeps or gets a record; all others are off.
            generation: greater than that of `read`.

        Returns:
            The id of the change, for `in_sync`.

        Raises:
            ConflictError: the live records are not those that were read; nothing was changed.
            OutcomeUnknownError: it was sent and may or may not have been applied: read before anything else.
            NotNowError: it was throttled or could not be sent, for as long as it was tried: nothing was changed.
            ProviderUnavailableError: nothing was changed.
        """
        ...

    async def in_sync(self, submission: str) -> bool:
        """Return whether every authoritative server has the change.

        Raises:
            ConflictError: another change came in its place.
            ProviderUnavailableError: that could not be found out.
        """
        ...

    async def told(self, generation: int) -> bool:
        """Return whether every authoritative server tells a generation: for a change whose id was lost.

        Raises:
            ConflictError: one tells of a newer change.
            ProviderUnavailableError: that could not be found out.
        """
        ...

    async def answers(self, count: int) -> Mapping[Place, int]:
        """Ask the authoritative servers that often, in turn, and return how often each place was the answer.

        Raises:
            ForeignRecordsError: an answer names none of the places.
            ProviderUnavailableError: a question was not answered.
        """
        ...

    async def close(self) -> None:
        """Close the connections that are kept."""
        ...


@dataclass(frozen=True, slots=True)
class Spot:
    """A place as records know it."""

    place: Place
    identifier: str
    target: str
    """An address, or an absolute name in small letters."""
    health_check: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """The set of records that is configured."""

    name: str
    type: str
    ttl: timedelta
    spots: tuple[Spot, ...]

    @classmethod
    def of(cls, section: TrafficSection) -> Wanted:
        """Return what a configuration with a backend asks for."""
        assert section.name is not None, "a backend has a name beside it"
        spots = (
            Spot(
                Place(place.provider, place.region or ""),
                place.named,
                target_text(section.type, place.target),
                place.health_check,
            )
            for place in section.places
        )
        return cls(section.name, section.type, section.ttl, tuple(spots))

    @property
    def ttl_s(self) -> int:
        """Seconds."""
        return self.ttl // timedelta(seconds=1)

    @property
    def generation_name(self) -> str:
        """The name of the TXT record that carries the generation."""
        return f"_wedtui.{self.name}"

    def spot(self, place: Place) -> Spot:
        """Return what records know of a place."""
        return next(spot for spot in self.spots if spot.place == place)

    def place_of(self, answer: str) -> Place | None:
        """Return the place that an answer of DNS names."""
        return next((spot.place for spot in self.spots if spot.target == answer.lower()), None)

    def checked(self, read: TrafficReading, shares: Mapping[Place, int], generation: int) -> None:
        """Refuse a change that no plan can mean: a last look, which decides nothing.

        Raises:
            ConflictError: a place is not configured, the shares are not whole percents of 100, or the generation is
                not newer.
        """
        known = {spot.place for spot in self.spots}
        wrong = next((place for place in shares if place not in known), None)
        if wrong is not None:
            raise ConflictError(f"{self.name} cannot be sent to {wrong}, which traffic.places does not name")
        if (why := unfit(shares)) is not None:
            raise ConflictError(f"the new shares of {self.name} are none ({why}): plan again")
        if generation <= read.generation:
            raise ConflictError(f"the new generation of {self.name} is not after {read.generation}: plan again")

    def generation(self, texts: Sequence[str]) -> int:
        """Return the generation that its TXT record holds; 0 where there is none.

        Raises:
            ForeignRecordsError: it holds something else.
        """
        read = [generation_of(text) for text in texts]
        self.foreign(
            [f"{self.generation_name} holds something else than one generation"] * (None in read[:1] or len(read) > 1)
        )
        return read[0][0] if read and read[0] is not None else 0

    def reading(
        self,
        backend: str,
        shares: Mapping[Place, int],
        texts: Sequence[str],
        records: Sequence[Mapping[str, Any]],
        *,
        read_at: datetime,
        pending: Submitted | None,
    ) -> TrafficReading:
        """Return what was read, as plans rest on it.

        Args:
            backend: by which.
            shares: that the records give.
            texts: of the TXT record of the generation.
            records: all that were read, in the words of the backend.
            read_at: when, aware.
            pending: a change that was made through the same backend, and is not in sync yet: of other records it
                says nothing.

        Raises:
            ForeignRecordsError: the texts are no generation.
        """
        generation = self.generation(texts)
        return TrafficReading(
            backend=backend,
            name=self.name,
            shares=shares,
            ttl=self.ttl,
            read_at=read_at,
            generation=generation,
            records=canonical(records),
            submission=pending.id if pending is not None and pending.generation == generation else None,
        )

    def foreign(self, problems: Iterable[str]) -> None:
        """Say what is foreign, if anything is.

        Raises:
            ForeignRecordsError: there are problems.
        """
        if found := "; ".join(problems):
            raise ForeignRecordsError(
                f"the records of {self.name} are not the set that is configured: {found}: correct them or [traffic]"
            )


def canonical(records: Sequence[Mapping[str, Any]]) -> str:
    """Return records as one text that is the same for the same records, in whichever order they came."""
    texts = sorted(json.dumps(record, sort_keys=True, separators=(",", ":")) for record in records)
    return f"[{','.join(texts)}]"


def generation_text(generation: int, mark: str | None = None) -> str:
    """Return the text of the generation's record, in its quotes.

    Args:
        generation: of the change.
        mark: tells two changes of one generation apart, where the backend cannot keep the second from being made.
    """
    return f'"wedtui generation={generation}{f" id={mark}" if mark else ""}"'


def generation_of(text: str) -> tuple[int, str | None] | None:
    """Return generation and mark of such a text, with or without its quotes; None where it is none."""
    match = _GENERATION.fullmatch(text.removeprefix('"').removesuffix('"'))
    return (int(match[1]), match[2]) if match else None
