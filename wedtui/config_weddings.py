"""The configuration of the calendar of weddings: its sources, and how their columns are called."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from wedtui.config_base import Headers, Section
from wedtui.config_values import (
    AbsolutePath,
    Column,
    Culture,
    Duration,
    Name,
    SourcePlace,
    VenueKind,
    Whole,
    Zone,
    between,
)
from wedtui.core.calendar import GOOD_FOR
from wedtui.core.wedding import OTHER
from wedtui.core.wedding_rows import CALENDAR_COLUMNS, NAMELESS, VENUE_KINDS

IMPORTED = "import"
"""The source of what persons import without naming one; a configured one cannot be called so."""


def _not_imported(value: str) -> str:
    if value == IMPORTED:
        raise ValueError(f'expected another name: "{IMPORTED}" is what persons import by hand')
    return value


class ColumnsSection(Section):
    """What a source calls the fields of a wedding: columns of CSV, keys of JSON, columns of a query, properties."""

    reference: Column = "reference"
    venue: Column = "venue"
    venue_kind: Column = "venue_kind"
    zone: Column = "zone"
    start: Column = "start"
    end: Column = "end"
    culture: Column = "culture"
    guests: Column = "guests"


class WeddingSourceSection(Section):
    """A source of weddings."""

    name: Annotated[Name, AfterValidator(_not_imported)]
    kind: Literal["csv", "icalendar", "json", "postgres"]
    url: SourcePlace
    """An http or https URL, the absolute path of a file, or `postgresql://user@host:5432/database`."""
    headers: Headers = Field(default_factory=dict)
    ca_file: AbsolutePath | None = None
    interval: Annotated[Duration, between(least=timedelta(seconds=5), most=timedelta(hours=6))] = timedelta(minutes=15)
    timeout: Annotated[Duration, between(least=timedelta(milliseconds=100), most=timedelta(minutes=5))] = timedelta(
        seconds=30
    )
    """For one request or connection, and for each wait for more of an answer."""
    deadline: Annotated[Duration, between(least=timedelta(seconds=1), most=timedelta(hours=1))] = timedelta(minutes=10)
    """For one whole reading."""
    max_age: Annotated[Duration, between(least=timedelta(minutes=1), most=timedelta(days=31))] = GOOD_FOR
    """How long its last good reading counts."""
    in_full: Annotated[Duration, between(least=timedelta(minutes=1), most=timedelta(days=1))] = timedelta(hours=6)
    """How often everything is read, also where a source can tell what changed."""
    columns: ColumnsSection = Field(default_factory=ColumnsSection)
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """Between the columns of a CSV."""
    list: Column = "weddings"
    """The key of the list in a JSON object; `data.weddings` leads into an object within. An array needs none."""
    next: Column = "next"
    """The key of the URL of the next page in a JSON object."""
    query: Annotated[str, Field(min_length=1, max_length=8192)] | None = None
    """One SELECT, for `postgres`."""
    since: Column | None = None
    """A column of the query that says when a row last changed: between readings in full only newer rows are read."""
    zone: Zone | None = None
    """Where its venues are, where a row does not say."""
    culture: Culture = OTHER
    """Of a wedding, where a row does not say."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        server = self.url.startswith(("postgres://", "postgresql://"))
        if server is not (self.kind == "postgres"):
            raise ValueError("expected a postgresql:// url for the kind postgres, and for no other")
        if (self.query is None) is (self.kind == "postgres"):
            raise ValueError("expected query for the kind postgres, and for no other")
        if self.since is not None and self.kind != "postgres":
            raise ValueError("expected since only for the kind postgres")
        if self.kind == "icalendar":
            named = {getattr(self.columns, field).upper() for field in ColumnsSection.model_fields}
            if wrong := sorted(named & NAMELESS):
                raise ValueError(f"expected columns other than {', '.join(wrong)}: names of persons stand there")
        return self

    def column(self, field: str) -> str:
        """Return what the source calls a field."""
        named = str(getattr(self.columns, field))
        return CALENDAR_COLUMNS[field] if self.kind == "icalendar" and named == field else named


class WeddingsSection(Section):
    """The calendar of weddings."""

    sources: tuple[WeddingSourceSection, ...] = ()
    venue_kinds: tuple[VenueKind, ...] = VENUE_KINDS
    """Which kinds of venues there are; any other is `other`."""
    reject_at_most: Annotated[Whole, Field(ge=0, le=100)] = 50
    """Percent of the rows of a reading that may be unusable; with more it is not taken."""
