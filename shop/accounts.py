"""Accounts: registration and login.

Tokens are part of the API; passwords are checked here.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from shop.domain.account import Account, Role, new_account_id, normalised
from shop.domain.errors import EmailTaken, WrongCredentials
from shop.ports import Accounts, Passwords
from shop.services import Clock, utc_now

_log = logging.getLogger("shop.accounts")


class Register:
    """Create an account."""

    def __init__(self, accounts: Accounts, passwords: Passwords, clock: Clock = utc_now) -> None:
        self._accounts, self._passwords, self._clock = accounts, passwords, clock

    def __call__(self, email: str, password: str, role: Role = Role.CUSTOMER) -> Account:
        """Return the new account. Raises ``EmailTaken``, ``DatabaseUnavailable``."""
        hashed = self._passwords.hashed(password)
        account = Account(new_account_id(), normalised(email), role, hashed, self._clock())
        self._accounts.add(account)
        return account

    def account(self, account_id: str) -> Account:
        """Return the current state of the account. Raises ``NotFound``, ``DatabaseUnavailable``."""
        return self._accounts.get(account_id)

    def ensure_admin(self, email: str, password: str) -> None:
        """Ensure that an admin with this address exists; an existing account keeps its password.

        If that password differs, a warning is logged; this happens when the password was generated again.
        """
        known = self._accounts.by_email(normalised(email))
        if known is None:
            with suppress(EmailTaken):  # Another replica created it first.
                self(email, password, Role.ADMIN)
            return
        if known.role is not Role.ADMIN:
            self._accounts.set_role(known.id, Role.ADMIN)
        if not self._passwords.matches(known.password_hash, password):
            _log.warning(
                "the admin account exists with a password other than ADMIN_PASSWORD, which is for new accounts only",
                extra={"event": "accounts.admin_password_differs"},
            )


class LogIn:
    """Return the account with this address and password."""

    def __init__(self, accounts: Accounts, passwords: Passwords) -> None:
        self._accounts, self._passwords = accounts, passwords

    def __call__(self, email: str, password: str) -> Account:
        """Return the account. Raises ``WrongCredentials``, ``DatabaseUnavailable``.

        An unknown address takes as long as a wrong password: the time must not reveal whose address has an account.
        """
        account = self._accounts.by_email(normalised(email))
        matches = self._passwords.matches(account.password_hash if account else None, password)
        if account is None or not matches:
            raise WrongCredentials
        return account
