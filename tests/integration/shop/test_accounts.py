"""Accounts and revoked tokens on real servers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shop.adapters.passwords import Argon2Passwords
from shop.bootstrap import Instruments, Shop, new_shop
from shop.config import Settings
from shop.domain.account import Role
from shop.domain.errors import EmailTaken, RevocationsUnavailable, WrongCredentials
from tests.integration.conftest import Server
from tests.ports import free_port
from tests.waiting import wait_until

EMAIL, PASSWORD = "ann@example.com", "correct horse battery"
SOON = datetime.now(UTC) + timedelta(hours=1)


def test_passwords_are_kept_as_argon2id(shop: Shop) -> None:
    """Passwords are stored as salted argon2id hashes that are slow to guess."""
    account = shop.register(EMAIL, PASSWORD)
    assert account.password_hash.startswith("$argon2id$v=19$m=7168,t=5,p=1$")
    assert shop.log_in(" ANN@example.com ", PASSWORD) == account
    for email, password in ((EMAIL, "wrong password"), ("bob@example.com", PASSWORD)):
        with pytest.raises(WrongCredentials):
            shop.log_in(email, password)


def test_a_hash_of_another_cost_is_understood() -> None:
    """A hash with other parameters is accepted: here 19 MiB and two passes, by another implementation."""
    salted = "$argon2id$v=19$m=19456,t=2,p=1$FzLxYmX6uzCtxDUZ6HT2ag$Z/giz94yfVUDNcd/NUVanqJrtZfnPRHS84ldf/hkAbo"
    passwords = Argon2Passwords()
    assert passwords.matches(salted, "correct horse")
    assert not passwords.matches(salted, "correct horsf")
    assert not passwords.matches("$argon2id$no hash at all", "correct horse")


def test_one_address_is_one_account_under_concurrency(shop: Shop) -> None:
    """If ten clients register the same address at once, one succeeds."""

    def register(_: int) -> bool:
        try:
            shop.register(EMAIL, PASSWORD)
        except EmailTaken:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(register, range(10))) == 1


def test_the_first_admin_is_made_once(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """Two replicas may create the first admin; a later start keeps the password and warns if it is another one.

    A customer can become an admin.
    """
    shop.register.ensure_admin(EMAIL, PASSWORD)
    shop.register.ensure_admin(EMAIL, PASSWORD)
    assert caplog.records == []
    shop.register.ensure_admin(EMAIL, "another long password")
    assert [record.event for record in caplog.records] == ["accounts.admin_password_differs"]  # type: ignore[attr-defined]
    assert "long password" not in caplog.text
    assert shop.log_in(EMAIL, PASSWORD).role is Role.ADMIN
    shop.register("bob@example.com", PASSWORD)
    shop.register.ensure_admin("bob@example.com", PASSWORD)
    assert shop.log_in("bob@example.com", PASSWORD).role is Role.ADMIN


def test_a_token_is_used_once_under_concurrency(shop: Shop) -> None:
    """Of ten simultaneous uses of a token, one is the first."""
    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(lambda _: shop.revocations.use_once("token-1", SOON), range(10))) == 1


def test_what_was_revoked_stays_revoked_while_redis_is_down(shop: Shop, redis_server: tuple[str, Server]) -> None:
    """While Redis is down, revoked tokens stay revoked and others are accepted: the list is also in the database."""
    shop.revocations.revoke(["family-1"], SOON)
    assert shop.revocations.any_revoked(["token-1", "family-1"])
    redis_server[1].kill()
    assert shop.revocations.any_revoked(["token-1", "family-1"])
    assert not shop.revocations.any_revoked(["token-2", "family-2"])


def test_a_redis_that_comes_back_empty_is_refilled(shop: Shop, redis_server: tuple[str, Server]) -> None:
    """Revoked tokens stay revoked after Redis restarts empty and is refilled."""
    shop.revocations.revoke(["family-1"], SOON)
    redis_server[1].kill()
    shop.revocations.revoke(["family-2"], SOON)
    redis_server[1].start()
    wait_until("Redis to respond", shop.redis_client.ping)
    assert not shop.revocations.any_revoked(["family-1"])
    assert shop.revocations.restore() == 2
    assert shop.revocations.any_revoked(["family-1"])
    assert shop.revocations.any_revoked(["family-2"])


def test_without_both_every_token_is_refused(
    settings: Settings, instruments: Instruments, redis_server: tuple[str, Server]
) -> None:
    """Without Redis and MongoDB, every token is rejected."""
    dead = replace(settings, mongo_url=f"mongodb://127.0.0.1:{free_port()}/?directConnection=true", mongo_patience=0.2)
    redis_server[1].kill()
    shop = new_shop(dead, instruments)
    with pytest.raises(RevocationsUnavailable):
        shop.revocations.any_revoked(["family-1"])
    with pytest.raises(RevocationsUnavailable):
        shop.revocations.use_once("token-1", SOON)
    shop.stop()
