"""What the dashboard knows at one instant: the last picture, its age, and what is wrong with the reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from wedtui.core.wording import asked_of_demo
from wedtui.tui.terminal.link import Drawing, LinkReport

if TYPE_CHECKING:
    from wedtui.core.alerts.attention import Doubt
    from wedtui.core.alerts.standing import AlertIs, AlertsNow
    from wedtui.core.calendar_query import (
        Conflicts,
        ListedWedding,
        LiveBreakdown,
        SourceDetails,
        WeddingPage,
        WeddingQuery,
    )
    from wedtui.core.changes import Timeline
    from wedtui.core.inventory import ResourcePage, ResourceQuery
    from wedtui.core.live_share import Share
    from wedtui.core.picture import Finding, Picture, ProviderPicture
    from wedtui.core.series import Series

# The reader judges the picture anew every second; one that is older than three has a reader that hangs.
PICTURE_FRESH = timedelta(seconds=3)
# As long as a heartbeat is believed.
PICTURE_BELIEVED = timedelta(seconds=6)
# Whoever judged later than that knows of it.
TAKEN_BELIEVED = timedelta(seconds=10)

SPANS = (
    ("5 m", timedelta(minutes=5)),
    ("15 m", timedelta(minutes=15)),
    ("1 h", timedelta(hours=1)),
    ("6 h", timedelta(hours=6)),
    ("24 h", timedelta(hours=24)),
)
DEFAULT_SPAN = 1


class SeriesKey(NamedTuple):
    """Which history a chart shows; `signal` may be `core.series.probe_signal(...)`."""

    provider: str
    signal: str
    span: timedelta


class History(NamedTuple):
    """The newest answer to a chart's question."""

    key: SeriesKey
    series: Series | None
    problem: str | None = None
    """Why there is none."""


class Listed(NamedTuple):
    """The newest page of resources that was read."""

    query: ResourceQuery
    page: ResourcePage | None
    at: datetime
    """When it was read."""
    problem: str | None = None
    """Why there is none."""


class WhoIsLive(NamedTuple):
    """The question who is live by culture, kind of venue and zone, and how each source is."""


class OneWedding(NamedTuple):
    """The question for all that is known of one wedding."""

    reference: str


class Overview(NamedTuple):
    """Who is live, and the sources in full."""

    live: LiveBreakdown | None
    """None: it could not be read."""
    sources: tuple[SourceDetails, ...]
    at: datetime
    """As of when."""
    problem: str | None = None
    """Why there is none."""
    conflicts: Mapping[str, Conflicts] = MappingProxyType({})
    """Of each source what of its weddings that are live or begin soon is at times that overlap and differ."""


class WeddingsTold(NamedTuple):
    """The newest answer of the calendar."""

    question: WhoIsLive | OneWedding | WeddingQuery
    answer: Overview | tuple[ListedWedding, ...] | WeddingPage | None
    at: datetime
    """When it was read."""
    problem: str | None = None
    """Why there is none."""


class Lookback(NamedTuple):
    """The question what changed lately: it stays the same while time passes."""

    span: timedelta
    """Up to how long ago."""
    before: tuple[datetime, str, str] | None = None
    """Only what stands before this in the order of changes: a page of what is older."""


class BeforeAlert(NamedTuple):
    """The question what changed before an alert began."""

    since: datetime
    """When it began."""


class ChangesTold(NamedTuple):
    """The newest answer what changed."""

    question: Lookback | BeforeAlert
    timeline: Timeline | None
    at: datetime
    """When it was read."""
    problem: str | None = None
    """Why there is none."""


class Taken(NamedTuple):
    """That somebody acknowledged an alert here, by the service's answer."""

    by: str
    at: datetime


class Stopped(NamedTuple):
    """That all automation is stopped."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that the screens draw from; a new one for each change, never altered."""

    now: datetime
    picture: Picture | None = None
    problem: str | None = None
    """Why the newest reading failed; the picture, if any, is the last that succeeded, judged anew."""
    problem_since: datetime | None = None
    demo: bool = False
    history: History | None = None
    listed: Listed | None = None
    weddings: WeddingsTold | None = None
    changes: ChangesTold | None = None
    link: LinkReport | None = None
    """What is known of the line to the terminal that this is drawn on; None where nobody measures it."""
    stock_because: str | None = None
    """Why it is not drawn by differences."""
    stopped: Stopped | None = None
    """That automation is stopped, by the service's newest word."""
    taken: Mapping[str, Taken] = field(default_factory=dict)
    """By the key of an episode who acknowledged it here; it counts until rounds know of it themselves."""

    @property
    def drawing(self) -> Drawing:
        """How much is drawn: less where the line is slow."""
        return self.link.drawing if self.link else Drawing.FULL

    @property
    def opening(self) -> bool:
        """Whether nothing has been heard yet: neither a picture nor a reason why there is none."""
        return self.picture is None and self.problem is None

    @property
    def lag(self) -> timedelta:
        """How old the picture is; nothing while it is as new as it should be."""
        if self.picture is None:
            return timedelta()
        old = self.now - self.picture.at
        return old if old > PICTURE_FRESH else timedelta()

    @property
    def frozen_picture(self) -> bool:
        """Whether the picture was not judged for so long that none of its states can be believed."""
        return self.lag > PICTURE_BELIEVED

    @property
    def unwatched(self) -> bool:
        """Whether nobody looks at the providers any more, as far as is known: how they are now is not."""
        from wedtui.core.services import UNWATCHED  # noqa: PLC0415 - not needed for the first paint

        return self.frozen_picture or (self.picture is not None and self.picture.condition in UNWATCHED)

    @property
    def alerts(self) -> AlertsNow | None:
        """How it stands with alerts, with what was acknowledged here since; None: nobody has judged."""
        known = self.picture.alerts if self.picture else None
        if known is None or not self.taken:
            return known
        judged = known.judged_at

        def of(alert: AlertIs) -> AlertIs:
            taken = self.taken.get(alert.key) if alert.key else None
            if taken is None or judged - taken.at > TAKEN_BELIEVED:
                return alert
            return replace(alert, acknowledged_by=taken.by, acknowledged_at=taken.at, escalates_at=None)

        return replace(known, alerts=tuple(of(alert) for alert in known.alerts))

    @property
    def doubt(self) -> Doubt | None:
        """Why what was judged of alerts does not say what fires now; None where it does."""
        from wedtui.core.alerts.attention import doubt  # noqa: PLC0415 - not needed for the first paint
        from wedtui.core.services import ServiceCondition  # noqa: PLC0415 - as above

        if self.picture is None:
            return doubt(None, ServiceCondition.UNSEEN, self.now)
        # Of a picture that nobody judges any more nobody knows either whether the service still runs.
        condition = ServiceCondition.UNSEEN if self.frozen_picture else self.picture.condition
        return doubt(self.picture.alerts, condition, self.now)

    def share(self, provider: ProviderPicture) -> Share:
        """Return the share of traffic of a provider; of a picture that nobody judges any more the last one."""
        from wedtui.core.live_share import share_of  # noqa: PLC0415 - not needed for the first paint

        found = share_of(self.picture.traffic if self.picture else None, provider.evidence, self.now)
        return replace(found, believed=False) if self.frozen_picture else found

    @property
    def zone(self) -> str:
        """The zone by whose clock every screen goes: the first configured one, else that of the freeze, or UTC."""
        return self.picture.freeze.clock if self.picture else "UTC"

    @property
    def home(self) -> str:
        """The first configured zone, or UTC: hours and days of weddings go by its clock."""
        return self.picture.protection.home if self.picture else "UTC"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, worst first: the dashboard's own reading, then the picture's."""
        from wedtui.core.picture import Finding, Severity  # noqa: PLC0415 - not needed for the first paint

        own: list[Finding] = []
        at = self.picture.at if self.picture else None
        if self.problem is not None:
            own.append(Finding(Severity.CRITICAL, "cache", self.problem, self.problem_since))
        if self.lag:
            own.append(Finding(Severity.CRITICAL, "dashboard", "its reader hangs: what stands here is old", at))
        if self.stock_because is not None:
            text = f"it sends more than it needs: this version of Textual is not known ({self.stock_because})"
            own.append(Finding(Severity.WARNING, "dashboard", text, self.now))
        found = (*own, *(self.picture.findings if self.picture else ()))
        return tuple(replace(each, text=asked_of_demo(each.text)) for each in found) if self.demo else found
