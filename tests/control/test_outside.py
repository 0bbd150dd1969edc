"""Pipelines on other machines: over TLS alone, by a token that counts and is good for what is asked."""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.control.base import NOW
from tests.control.outside import DAY, Answering, answering, secret_of
from tests.places import PLACES
from tests.poller.service_process import eventually
from tests.ports import HOST
from wedtui.config_control import ControlSection
from wedtui.control.limits import CONNECTIONS_OF_ONE, FAILURES_PER_MINUTE
from wedtui.core.tokens import Scope, digest_of_secret
from wedtui.ledger.ledger import Ledger

ASKED = {"service": "rsvp", "version": "1.4.2"}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Answering]:
    with answering(tmp_path) as found:
        yield found


def said(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    message: str = answer.json()["message"]
    return message


class TestTokens:
    def test_one_that_is_good_for_it_is_answered(self, made: Answering) -> None:
        answer = made.ask("POST", "/v1/gate", made.token(1, Scope.GATE), ASKED)
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) >= {"allowed", "until", "reasons", "position"}

    def test_none_an_unknown_an_expired_and_a_revoked_one_are_told_the_same(self, made: Answering) -> None:
        over, revoked = made.token(1, Scope.SUBMIT, lasts=timedelta(hours=1)), made.token(2, Scope.SUBMIT)
        assert made.ask("POST", "/v1/gate", over, ASKED).status_code == 200
        assert made.ask("POST", "/v1/gate", revoked, ASKED).status_code == 200
        made.clock.at += timedelta(hours=1)
        with closing(Ledger(PLACES.url(made.ledger))) as ledger:
            ledger.revoke_token(2, by="kay", at=made.clock.at, reason="lost")
        answers = [
            made.ask("POST", "/v1/gate", secret, ASKED)
            for secret in (None, secret_of(9), over, revoked, "x", "x" * 500, f"{revoked}x")
        ]
        assert {(each.status_code, each.text) for each in answers} == {(401, answers[0].text)}
        assert {each.headers["WWW-Authenticate"] for each in answers} == {"Bearer"}

    def test_two_of_them_are_none(self, made: Answering) -> None:
        good = made.token(1, Scope.GATE)
        headers = [("Authorization", f"Bearer {good}"), ("Authorization", f"Bearer {secret_of(9)}")]
        trusted = ssl.create_default_context(cafile=str(made.authority.file))
        with httpx.Client(verify=trusted, trust_env=False) as client:
            assert client.post(f"{made.url}/v1/gate", headers=headers, json=ASKED).status_code == 401

    @pytest.mark.parametrize(
        ("method", "path", "least"),
        [
            ("POST", "/v1/gate", Scope.GATE),
            ("GET", "/v1/releases", Scope.READ),
            ("GET", "/v1/releases/1", Scope.READ),
            ("GET", "/v1/releases/1/log", Scope.READ),
            ("POST", "/v1/releases", Scope.SUBMIT),
            ("POST", "/v1/releases/1/checks", Scope.SUBMIT),
        ],
    )
    def test_each_path_takes_a_scope(self, made: Answering, method: str, path: str, least: Scope) -> None:
        for number, scope in enumerate(Scope, 1):
            answer = made.ask(method, path, made.token(number, scope), Idempotency_Key=scope)
            refused = answer.status_code == 403
            assert refused is not scope.reaches(least), (scope, answer.text)
            if refused:
                assert f"this takes {least}" in said(answer, 403)

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/v1/releases/1/approve"),
            ("POST", "/v1/releases/1/cancel"),
            ("POST", "/v1/lockdown"),
            ("POST", "/v1/tokens"),
            ("GET", "/v1/tokens"),
            ("GET", "/v1/whoami"),
            ("GET", "/openapi.json"),
            ("DELETE", "/v1/releases"),
            ("GET", "/v1/releases/1/../../tokens"),
            ("GET", "/v1/releases/"),
        ],
    )
    def test_nothing_else_is_there_for_any(self, made: Answering, method: str, path: str) -> None:
        assert made.ask(method, path, None).status_code == 401, "who has no token learns not even that"
        assert made.ask(method, path, made.token(1, Scope.SUBMIT), {}).status_code == 404

    def test_who_asks_is_the_token_whatever_is_said(self, made: Answering) -> None:
        secret = made.token(1, Scope.SUBMIT)
        answer = made.ask("POST", "/v1/releases", secret, ASKED, Idempotency_Key="1", X_Remote_User="kay", From="kay")
        assert answer.status_code == 200, answer.text
        assert answer.json()["submitted_by"] == "token ci-1"
        [link] = [each for each in made.links() if each.kind == "release.queued"]
        assert (link.person, link.body["role_from"]) == ("token ci-1", "token 1: submit")
        again = made.ask("POST", "/v1/releases", secret, ASKED, Idempotency_Key="1")
        assert again.json()["id"] == answer.json()["id"], "once for a key"

    def test_it_is_good_for_its_services_and_environments_alone(self, made: Answering) -> None:
        everywhere = made.token(1, Scope.SUBMIT)
        mine = made.token(2, Scope.SUBMIT, services=("rsvp",), environments=("production",))
        other = {**ASKED, "service": "gallery"}
        made.ask("POST", "/v1/releases", everywhere, other, Idempotency_Key="1").raise_for_status()
        made.ask("POST", "/v1/releases", mine, ASKED, Idempotency_Key="2").raise_for_status()
        for path, body in (
            ("/v1/gate", other),
            ("/v1/gate", {**ASKED, "environment": "staging"}),
            ("/v1/releases", other),
            ("/v1/releases/1/checks", {"check": "smoke", "passed": True}),
        ):
            answer = made.ask("POST", path, mine, body, Idempotency_Key=path)
            assert "token ci-2 is not good for" in said(answer, 403), path
        for path in ("/v1/releases/1", "/v1/releases/1/log"):
            assert made.ask("GET", path, mine).status_code == 403
        listed = made.ask("GET", "/v1/releases", mine).json()
        assert [each["service"] for each in (*listed["waiting"], *listed["under_way"], *listed["over"])] == ["rsvp"]
        assert made.ask("GET", "/v1/releases/2", mine).status_code == 200
        done = {"check": "smoke", "passed": True}
        assert made.ask("POST", "/v1/releases/2/checks", mine, done, Idempotency_Key="9").json()["passed"] == ["smoke"]

    def test_the_secret_before_counts_for_the_overlap_and_no_longer(self, made: Answering) -> None:
        before = made.token(1, Scope.GATE)
        with closing(Ledger(PLACES.url(made.ledger))) as ledger:
            two = timedelta(hours=2)
            ledger.rotate_token(1, digest_of_secret(secret_of(2)), overlap=two, lasts=None, by="kay", at=NOW)
        for secret in (before, secret_of(2)):
            assert made.ask("POST", "/v1/gate", secret, ASKED).status_code == 200
        made.clock.at = NOW + timedelta(hours=2)
        assert made.ask("POST", "/v1/gate", before, ASKED).status_code == 401
        assert made.ask("POST", "/v1/gate", secret_of(2), ASKED).status_code == 200
        with closing(Ledger(PLACES.url(made.ledger))) as ledger:
            digest = digest_of_secret(secret_of(3))
            ledger.rotate_token(1, digest, overlap=timedelta(), lasts=DAY, by="kay", at=made.clock.at)
        assert made.ask("POST", "/v1/gate", secret_of(2), ASKED).status_code == 401
        assert made.ask("POST", "/v1/gate", secret_of(3), ASKED).status_code == 200

    def test_when_it_was_used_last_is_known(self, made: Answering) -> None:
        secret = made.token(1, Scope.GATE)
        assert made.tokens()[0].last_used_at is None
        made.ask("POST", "/v1/gate", secret, ASKED).raise_for_status()
        # Nobody waits for its being noted.
        eventually(lambda: made.tokens()[0].last_used_at is not None)
        assert made.tokens()[0].last_used_at == NOW

    def test_no_secret_is_in_the_ledger_or_on_the_chain(self, made: Answering) -> None:
        secrets = [made.token(each, Scope.SUBMIT) for each in (1, 2)]
        for number, secret in enumerate(secrets):
            asked = {**ASKED, "version": f"1.4.{number}"}
            made.ask("POST", "/v1/releases", secret, asked, Idempotency_Key="1").raise_for_status()
        made.ask("POST", "/v1/gate", secret_of(9), ASKED)
        kept = b"".join(each.read_bytes() for each in made.ledger.parent.glob("ledger.db*"))
        chain = "".join(str(each) for each in made.links())
        assert digest_of_secret(secrets[0]).encode() in kept
        for secret in (*secrets, secret_of(9)):
            assert secret.encode() not in kept
            assert digest_of_secret(secret) not in chain


class TestFailing:
    def test_who_fails_too_often_is_not_heard_and_whoever_is_beside_is(self, made: Answering) -> None:
        good, fresh = made.token(1, Scope.GATE), made.token(2, Scope.GATE)
        assert made.ask("POST", "/v1/gate", good, ASKED).status_code == 200
        codes = [made.ask("GET", "/v1/releases", secret_of(9)).status_code for _ in range(FAILURES_PER_MINUTE + 1)]
        assert codes == [401] * FAILURES_PER_MINUTE + [429]
        assert made.ask("POST", "/v1/gate", good, ASKED).status_code == 200, "it was good from here within the hour"
        late = made.ask("POST", "/v1/gate", fresh, ASKED)
        assert (late.status_code, late.headers["Retry-After"]) == (429, "2")
        made.clock.seconds += 2
        assert made.ask("POST", "/v1/gate", fresh, ASKED).status_code == 200

    def test_it_is_on_record_once_and_then_counted(self, made: Answering) -> None:
        for _ in range(3):
            assert made.ask("GET", "/v1/releases", secret_of(9)).status_code == 401
        [link] = [each for each in made.links() if each.kind == "request.unheard"]
        assert (link.person, link.body["answered"]) == ("no token", {"401": 1})
        assert link.body["asked"] == [f"GET /v1/releases from {HOST}"]

    def test_what_its_token_is_not_good_for_is_on_record_in_its_name(self, made: Answering) -> None:
        assert made.ask("POST", "/v1/releases", made.token(1, Scope.GATE), ASKED, Idempotency_Key="1").is_client_error
        [link] = [each for each in made.links() if each.kind == "request.unheard"]
        assert (link.person, link.body["answered"]) == ("token ci-1", {"403": 1})

    def test_each_token_has_its_own_room(self, tmp_path: Path) -> None:
        with answering(tmp_path, ControlSection(requests_per_minute=2, actions_per_minute=1)) as made:
            one, other = made.token(1, Scope.SUBMIT), made.token(2, Scope.SUBMIT)
            codes = [made.ask("POST", "/v1/gate", one, ASKED).status_code for _ in range(3)]
            assert codes == [200, 200, 429]
            assert made.ask("POST", "/v1/gate", other, ASKED).status_code == 200

    def test_a_body_that_is_too_large(self, made: Answering) -> None:
        body = {**ASKED, "version": "1" * 70_000}
        assert made.ask("POST", "/v1/gate", made.token(1, Scope.GATE), body).status_code == 413

    def test_a_ledger_that_cannot_be_read_lets_nobody_in(self, made: Answering) -> None:
        secret = made.token(1, Scope.GATE)
        for each in made.ledger.parent.glob("ledger.db*"):
            each.unlink()
        made.ledger.write_bytes(b"no database" * 1000)
        answer = made.ask("POST", "/v1/gate", secret, ASKED)
        assert answer.status_code == 503


class TestEncryption:
    def test_nobody_is_answered_in_the_clear(self, made: Answering) -> None:
        with pytest.raises(httpx.HTTPError), httpx.Client(trust_env=False) as client:
            client.post(f"http://{HOST}:{made.port}/v1/gate", json=ASKED)
        assert made.ask("POST", "/v1/gate", made.token(1, Scope.GATE), ASKED).status_code == 200

    def test_nothing_older_than_1_2(self, made: Answering) -> None:
        context = ssl.create_default_context(cafile=str(made.authority.file))
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with socket.create_connection((HOST, made.port)) as raw, pytest.raises((ssl.SSLError, OSError)):
            context.wrap_socket(raw, server_hostname=HOST)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = ssl.create_default_context(cafile=str(made.authority.file))
            context.minimum_version = context.maximum_version = version
            with socket.create_connection((HOST, made.port)) as raw:
                context.wrap_socket(raw, server_hostname=HOST).close()

    def test_a_renewed_certificate_counts_at_once_and_a_broken_one_never(self, made: Answering) -> None:
        first = served(made)
        made.authority.issue("server")
        second = served(made)
        assert second != first
        made.certificate.write_text("broken")
        assert served(made) == second
        assert "until then the one from before is used" in str(made.troubles[-1])
        made.authority.issue("server")
        assert served(made) not in {first, second}
        assert made.troubles[-1] is None

    def test_one_address_has_so_many_connections_and_no_more(self, made: Answering) -> None:
        context = ssl.create_default_context(cafile=str(made.authority.file))
        with ExitStack() as held:
            for _ in range(CONNECTIONS_OF_ONE):
                raw = held.enter_context(socket.create_connection((HOST, made.port)))
                held.enter_context(context.wrap_socket(raw, server_hostname=HOST))
            raw = held.enter_context(socket.create_connection((HOST, made.port)))
            with pytest.raises((ssl.SSLError, OSError)):
                context.wrap_socket(raw, server_hostname=HOST)


def served(made: Answering) -> bytes:
    """Return the certificate with which a new connection is answered."""
    context = ssl.create_default_context(cafile=str(made.authority.file))
    with socket.create_connection((HOST, made.port)) as raw, context.wrap_socket(raw, server_hostname=HOST) as there:
        found = there.getpeercert(binary_form=True)
    assert found is not None
    return found


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with answering(tmp_path) as made:
        made.authority.issue("server")
        made.key.chmod(mode)
        served(made)
        assert f"(mode {mode:04o}): chmod 0600" in str(made.troubles[-1])
