"""What `--source`, `--zone`, `--culture` and `--venue-kind` may name: a typo must not look like a calm calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from wedtui.config_weddings import IMPORTED
from wedtui.core.wedding import CULTURES, OTHER
from wedtui.core.wedding_rows import zone_of
from wedtui.errors import ConfigurationError

if TYPE_CHECKING:
    from wedtui.cache.reader import CacheReader
    from wedtui.cli.common import Session


def check_filters(
    session: Session,
    reader: CacheReader,
    *,
    source: str | None = None,
    zone: str | None = None,
    culture: str | None = None,
    venue_kind: str | None = None,
) -> None:
    """Refuse what no wedding can have; what is known and that none has just finds nothing.

    Args:
        session: for what is configured.
        reader: asked only for what the configuration does not name: it may have been another when that was read.
        source: the name of a source.
        zone: of venues.
        culture: of weddings.
        venue_kind: of venues; empty: of those whose kind is not known.

    Raises:
        ConfigurationError: one of them is unknown.
        StoreError: the cache has to be asked, and cannot be read.
    """
    if zone is not None and zone_of(zone) is None:
        raise ConfigurationError(f'--zone: expected an IANA zone such as "Europe/London", got "{zone}"')
    _refuse_unknown("--culture", culture, (*CULTURES, OTHER), tuple)
    if source is not None:
        sections = session.loaded.configuration.weddings.sources
        _refuse_unknown("--source", source, (*(each.name for each in sections), IMPORTED), lambda: _sources(reader))
    if venue_kind:
        kinds = (*session.loaded.configuration.weddings.venue_kinds, OTHER)
        _refuse_unknown("--venue-kind", venue_kind, kinds, reader.venue_kinds)


def _refuse_unknown(option: str, said: str | None, known: tuple[str, ...], more: Callable[[], Iterable[str]]) -> None:
    """Raise a ConfigurationError that names what is known."""
    if said is None or said in known:
        return
    known = tuple(dict.fromkeys((*known, *more())))
    if said not in known:
        raise ConfigurationError(f'{option}: expected one of {", ".join(known)}, got "{said}"')


def _sources(reader: CacheReader) -> Iterable[str]:
    return [each.facts.name for each in reader.wedding_sources()]
