"""The contracts of ``ports.Accounts``, ``ports.Passwords`` and ``ports.Revocations``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shop.domain.account import Account, Role
from shop.domain.errors import DatabaseUnavailable, EmailTaken, NotFound, RevocationsUnavailable
from shop.ports import Accounts, Passwords, Revocations
from tests.contracts.samples import HOUR, NOW

ANN = Account("acc_ann", "ann@example.com", Role.CUSTOMER, "$argon2id$a-hash", NOW)
ACCOUNT_CALLS: dict[str, Callable[[Accounts], object]] = {
    "add": lambda accounts: accounts.add(ANN),
    "by_email": lambda accounts: accounts.by_email(ANN.email),
    "get": lambda accounts: accounts.get(ANN.id),
    "set_role": lambda accounts: accounts.set_role(ANN.id, Role.ADMIN),
}


def soon() -> datetime:
    """Return when tokens expire, relative to the real clock, because servers delete expired tokens."""
    return datetime.now(UTC) + HOUR


REVOCATION_CALLS: dict[str, Callable[[Revocations], object]] = {
    "revoke": lambda revocations: revocations.revoke(["token"], soon()),
    "any_revoked": lambda revocations: revocations.any_revoked(["token"]),
    "use_once": lambda revocations: revocations.use_once("token", soon()),
}


class AccountsContract:
    """Requires the fixtures ``accounts``, empty, and ``accounts_down``."""

    def test_an_account_reads_back_as_it_was_added(self, accounts: Accounts) -> None:
        """An account that was added is found by its id and by its address."""
        accounts.add(ANN)
        assert accounts.get(ANN.id) == accounts.by_email(ANN.email) == ANN

    def test_who_is_unknown_is_not_there(self, accounts: Accounts) -> None:
        """An unknown address returns ``None``, an unknown id raises ``NotFound``; changing its role does nothing."""
        accounts.set_role("acc_none", Role.ADMIN)
        assert accounts.by_email("none@example.com") is None
        with pytest.raises(NotFound):
            accounts.get("acc_none")

    def test_one_address_is_one_account(self, accounts: Accounts) -> None:
        """A second account with the same address is rejected, and the first is unchanged."""
        accounts.add(ANN)
        with pytest.raises(EmailTaken):
            accounts.add(replace(ANN, id="acc_other"))
        assert accounts.by_email(ANN.email) == ANN

    def test_a_role_is_changed_alone(self, accounts: Accounts) -> None:
        """A change of the role leaves all other fields unchanged."""
        accounts.add(ANN)
        accounts.set_role(ANN.id, Role.ADMIN)
        assert accounts.get(ANN.id) == replace(ANN, role=Role.ADMIN)

    @pytest.mark.parametrize("call", ACCOUNT_CALLS.values(), ids=ACCOUNT_CALLS)
    def test_down_it_says_so(self, accounts_down: Accounts, call: Callable[[Accounts], object]) -> None:
        """Every method raises ``DatabaseUnavailable`` while the database is down."""
        with pytest.raises(DatabaseUnavailable):
            call(accounts_down)


class PasswordsContract:
    """Requires the fixture ``passwords``."""

    def test_a_password_matches_its_own_hash(self, passwords: Passwords) -> None:
        """A password matches its own hash and no other; without a hash nothing matches."""
        password_hash = passwords.hashed("secret")
        assert password_hash != "secret"
        assert passwords.matches(password_hash, "secret")
        assert not passwords.matches(password_hash, "Secret")
        assert not passwords.matches(passwords.hashed("other"), "secret")
        assert not passwords.matches(None, "secret")

    def test_what_is_no_hash_matches_nothing(self, passwords: Passwords) -> None:
        """A text that is not a hash matches nothing, not even itself."""
        assert not passwords.matches("secret", "secret")


class RevocationsContract:
    """Requires the fixtures ``revocations``, empty, and ``revocations_down``."""

    def test_what_was_revoked_is_known(self, revocations: Revocations) -> None:
        """A revoked token is found among others; revoking it twice, or revoking nothing, does no harm."""
        revocations.revoke(["one", "two"], soon())
        revocations.revoke(["two"], soon())
        revocations.revoke([], soon())
        assert revocations.any_revoked(["two"])
        assert revocations.any_revoked(["fresh", "one"])
        assert not revocations.any_revoked(["fresh"])
        assert not revocations.any_revoked([])

    def test_a_token_is_used_once(self, revocations: Revocations) -> None:
        """A token can be used once and counts as revoked after that; a revoked token cannot be used."""
        revocations.revoke(["revoked"], soon())
        assert revocations.use_once("token", soon())
        assert not revocations.use_once("token", soon())
        assert not revocations.use_once("revoked", soon())
        assert revocations.any_revoked(["token"])

    @pytest.mark.parametrize("call", REVOCATION_CALLS.values(), ids=REVOCATION_CALLS)
    def test_down_it_says_so(self, revocations_down: Revocations, call: Callable[[Revocations], object]) -> None:
        """Every method raises ``RevocationsUnavailable`` while both stores are down."""
        with pytest.raises(RevocationsUnavailable):
            call(revocations_down)
