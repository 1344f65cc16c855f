"""Sessions of the console, and the key that signs their cookies."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from console.access.key import FILE, session_key
from console.access.sessions import LIFETIME_SECONDS, MOST, Sessions, SignInRefused
from console.servers.errors import ServerError, Unreachable
from console.servers.http import JsonServer, Reply
from tests.unit.console.consoles import (
    EMAIL,
    LOGIN,
    PASSWORD,
    REFRESH,
    SIGN_IN,
)
from tests.waiting import wait_until

FAULT = "/api/v1/admin/faults/cache-off"


def sessions(fake_transport: type, answers: Any, clock: Callable[[], float] = lambda: 0.0) -> tuple[Sessions, Any]:
    transport = fake_transport(answers)
    return Sessions(JsonServer("API", "http://shop", transport), clock), transport


def test_a_session_ends_by_its_age(fake_transport: type) -> None:
    """A session ends eight hours after the sign-in."""
    times = [0.0]
    known, _ = sessions(fake_transport, SIGN_IN, lambda: times[0])
    identity = known.sign_in(EMAIL, PASSWORD)
    times[0] = LIFETIME_SECONDS - 1
    assert known.get(identity) is not None
    times[0] = LIFETIME_SECONDS
    assert known.get(identity) is None


def test_sessions_are_few(fake_transport: type) -> None:
    """The number of sessions is limited and the oldest is removed; an unknown text belongs to no session."""
    known, _ = sessions(fake_transport, SIGN_IN)
    identities = [known.sign_in(EMAIL, PASSWORD) for _ in range(MOST + 1)]
    assert known.get(identities[0]) is None
    assert known.get(identities[-1]) is not None
    assert known.get(None) is known.get("guess") is None


def test_an_access_token_that_ran_out_is_renewed_once(fake_transport: type) -> None:
    """An expired access token is renewed once and the request repeated.

    A refresh token works once, so the new one is stored.
    """
    fresh = {"access_token": "access-2", "refresh_token": "refresh-2"}
    known, transport = sessions(fake_transport, SIGN_IN | {REFRESH: fresh, FAULT: (Reply(401), {"on": True})})
    session = known.get(known.sign_in(EMAIL, PASSWORD))
    assert session is not None
    assert known.ask(session, FAULT).content == {"on": True}
    assert (session.access, session.refresh) == ("access-2", "refresh-2")
    sent = [headers.get("Authorization") for headers in transport.headers[2:]]
    assert sent == ["Bearer access-1", "Bearer refresh-1", "Bearer access-2"]


@pytest.mark.parametrize("answer", [Reply(503), Unreachable("API", "http://shop", "refused")], ids=["503", "refused"])
def test_requests_of_one_session_share_a_renewal_that_fails(fake_transport: type, answer: Reply | Unreachable) -> None:
    """Requests of one session that share a failing renewal send one request to the shop."""
    entered, go, renewals = threading.Event(), threading.Event(), []

    class SlowShop(JsonServer):
        def ask(self, path: str, **options: Any) -> Reply:
            if path != REFRESH:
                return super().ask(path, **options)
            renewals.append(1)
            entered.set()
            assert go.wait(10)
            if isinstance(answer, Unreachable):
                raise answer
            return answer

    known = Sessions(SlowShop("API", "http://shop", fake_transport(SIGN_IN | {FAULT: Reply(401)})))
    session = known.get(known.sign_in(EMAIL, PASSWORD))
    assert session is not None
    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(known.ask, session, FAULT)]
        assert entered.wait(10)
        asked += [pool.submit(known.ask, session, FAULT) for _ in range(15)]
        waiters = known._renewals._flights["access-1"].outcome._condition._waiters  # type: ignore[attr-defined]
        wait_until("the others to wait for the renewal", lambda: len(waiters) == 15)
        go.set()
        seen = {type(one.exception(10)) if one.exception(10) else one.result().status for one in asked}
    assert seen == ({Unreachable} if isinstance(answer, Unreachable) else {401})
    assert renewals == [1]


def test_an_odd_renewal_is_the_shops_fault(fake_transport: type) -> None:
    """An unexpected response to a renewal raises ``ServerError``, not ``KeyError``."""
    known, _ = sessions(fake_transport, SIGN_IN | {REFRESH: {"odd": 1}, FAULT: Reply(401)})
    session = known.get(known.sign_in(EMAIL, PASSWORD))
    assert session is not None
    with pytest.raises(ServerError):
        known.ask(session, FAULT)


def test_a_refusal_knows_its_status(fake_transport: type) -> None:
    """A refused sign-in has the status for the response."""
    with pytest.raises(SignInRefused) as refused:
        sessions(fake_transport, {LOGIN: Reply(400)})[0].sign_in(EMAIL, PASSWORD)
    assert refused.value.status == 401


def test_the_key_is_made_once_and_is_the_owners(tmp_path: Path) -> None:
    """The key is created once, so that sessions survive a restart, and only its owner can read the file."""
    key = session_key(tmp_path / "new")
    assert len(key) >= 40
    assert session_key(tmp_path / "new") == key
    assert (tmp_path / "new" / FILE).stat().st_mode & 0o777 == 0o600


def test_without_a_place_for_it_there_is_still_a_key(tmp_path: Path) -> None:
    """Without a place for the file there is a new key at each start, and users sign in again."""
    (tmp_path / "file").write_text("")
    assert session_key(tmp_path / "file") != session_key(tmp_path / "file")
