"""In-memory ``ports.Accounts``, ``ports.Passwords`` and ``ports.Revocations``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shop.domain.account import Account, Role
from shop.domain.errors import (
    DatabaseUnavailable,
    EmailTaken,
    NotFound,
    RevocationsUnavailable,
)


@dataclass
class FakeAccounts:
    """Accounts in a dictionary; ``down`` makes every call fail."""

    accounts: dict[str, Account] = field(default_factory=dict)
    down: bool = False

    def add(self, account: Account) -> None:
        if self.by_email(account.email) is not None:
            raise EmailTaken
        self.accounts[account.id] = account

    def by_email(self, email: str) -> Account | None:
        self._answer()
        return next((one for one in self.accounts.values() if one.email == email), None)

    def get(self, account_id: str) -> Account:
        self._answer()
        if account_id not in self.accounts:
            raise NotFound("account", account_id)
        return self.accounts[account_id]

    def set_role(self, account_id: str, role: Role) -> None:
        self._answer()
        if (old := self.accounts.get(account_id)) is not None:
            self.accounts[account_id] = replace(old, role=role)

    def _answer(self) -> None:
        if self.down:
            raise DatabaseUnavailable("down")


class FakePasswords:
    """Readable hashes."""

    def hashed(self, password: str) -> str:
        return f"hash:{password}"

    def matches(self, password_hash: str | None, password: str) -> bool:
        return password_hash == f"hash:{password}"


@dataclass
class FakeRevocations:
    """Revoked tokens in a set; ``down`` makes every call fail."""

    revoked: set[str] = field(default_factory=set)
    down: bool = False

    def revoke(self, token_ids: Sequence[str], until: datetime) -> None:
        self._answer()
        self.revoked.update(token_ids)

    def any_revoked(self, token_ids: Sequence[str]) -> bool:
        self._answer()
        return not self.revoked.isdisjoint(token_ids)

    def use_once(self, token_id: str, until: datetime) -> bool:
        self._answer()
        if token_id in self.revoked:
            return False
        self.revoked.add(token_id)
        return True

    def _answer(self) -> None:
        if self.down:
            raise RevocationsUnavailable("down")
