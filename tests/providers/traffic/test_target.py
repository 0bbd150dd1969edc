"""What the poller asks: one look, a failure like any other, and a change that is followed until it is in sync."""

from __future__ import annotations

from tests.providers.aws.base import AT, MovedClock
from tests.providers.traffic import strict_route53 as strict
from tests.providers.traffic.base import AWAY, AWS, USUAL, OnRoute53, using
from wedtui.core.observation import TrafficObservation
from wedtui.providers.base import Target
from wedtui.providers.traffic.base import TrafficBackend
from wedtui.providers.traffic.target import TrafficTarget


async def seen(backend: TrafficBackend) -> TrafficObservation:
    target: Target = TrafficTarget("www.example.com.", backend, MovedClock())
    (observation,) = await target.observe()
    assert isinstance(observation, TrafficObservation)
    return observation


def test_one_look(route53: OnRoute53) -> None:
    route53.put(USUAL)
    observation = using(route53.backend(), seen)
    assert observation.reading is not None
    assert (observation.name, observation.at, observation.reading.shares) == ("www.example.com.", AT, USUAL)
    assert observation.problem is None


def test_what_is_wrong_is_an_observation(route53: OnRoute53) -> None:
    route53.put({AWS: 90})
    observation = using(route53.backend(), seen)
    assert observation.reading is None
    assert "the shares sum to 90 and not to 100" in (observation.problem or "")
    route53.server.fail("list", strict.code("AccessDenied", 403))
    assert "was denied" in (using(route53.backend(), seen).problem or "")


def test_a_change_is_followed_until_it_is_in_sync(route53: OnRoute53) -> None:
    route53.put(USUAL)

    async def work(backend: TrafficBackend) -> None:
        submission = await backend.submit(await backend.read(), AWAY, 1)
        route53.server.fail("get_change", strict.code("AccessDenied", 403))
        looks = [await seen(backend) for _ in range(3)]
        assert [look.reading and look.reading.submission for look in looks] == [submission, submission, None]
        assert [look.problem is None for look in looks] == [False, True, True]
        assert all(look.reading and look.reading.shares == AWAY for look in looks)

    using(route53.backend(), work)
