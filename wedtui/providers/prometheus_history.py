"""What Prometheus still knows of a signal from before the cache began, or from before what it keeps."""

from __future__ import annotations

from datetime import timedelta

from wedtui.clock import Clock
from wedtui.config import PrometheusSection, QuerySection
from wedtui.core.history import Question, evaluations
from wedtui.core.rollup import Segment, ceil_to
from wedtui.providers.prometheus import PrometheusClient, signal_value
from wedtui.store.instants import from_microseconds, to_microseconds

_MICROSECOND = timedelta(microseconds=1)
# How often the protection level "normal" asks: nothing more is known in between.
ASKED_EVERY = timedelta(seconds=60)


async def ask_history(
    server: PrometheusSection, query: QuerySection, clock: Clock, question: Question, segment: Segment
) -> list[tuple[int, float]]:
    """Evaluate the query of a signal again and again over a stretch of a question.

    Returns:
        The instants and values that it gave, in the signal's unit; those of a gap are not among them.

    Raises:
        ProviderUnavailableError: it gave no answer, or values that cannot be this signal's.
        ConfigurationError: the server cannot be asked as configured.
    """
    interval = question.interval * _MICROSECOND
    span = (question.end - question.start) * _MICROSECOND
    step = evaluations(span, interval, query.interval or ASKED_EVERY)
    first = ceil_to(segment.start, step // _MICROSECOND)
    if first >= segment.end:
        return []
    # The end belongs to what follows, and the server would include it.
    last = from_microseconds(segment.end - 1)
    client = PrometheusClient(server, clock)
    try:
        found = await client.query_range(query.query, from_microseconds(first), last, step)
    finally:
        await client.close()
    return [(to_microseconds(each.measured_at), signal_value(query, each.value)) for each in found]
