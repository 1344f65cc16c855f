"""Accounts in MongoDB."""

from __future__ import annotations

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shop.adapters.mongo import Document, comment, translated
from shop.domain.account import Account, Role
from shop.domain.errors import EmailTaken, NotFound


class MongoAccounts:
    """Implements ``ports.Accounts`` on the collection ``accounts``."""

    def __init__(self, db: Database[Document]) -> None:
        self._accounts = db["accounts"]

    def add(self, account: Account) -> None:
        """Store a new account; see ``ports.Accounts``."""
        document = {
            "_id": account.id,
            "email": account.email,
            "role": str(account.role),
            "password_hash": account.password_hash,
            "created_at": account.created_at,
        }
        with translated():
            try:
                self._accounts.insert_one(document, comment=comment())
            except DuplicateKeyError:
                raise EmailTaken from None

    def by_email(self, email: str) -> Account | None:
        """Return the account with this address; see ``ports.Accounts``."""
        with translated():
            document = self._accounts.find_one({"email": email}, comment=comment())
        return _account(document) if document is not None else None

    def get(self, account_id: str) -> Account:
        """Return the account; see ``ports.Accounts``."""
        with translated():
            document = self._accounts.find_one({"_id": account_id}, comment=comment())
        if document is None:
            raise NotFound("account", account_id)
        return _account(document)

    def set_role(self, account_id: str, role: Role) -> None:
        """Change the role of the account; see ``ports.Accounts``."""
        with translated():
            self._accounts.update_one({"_id": account_id}, {"$set": {"role": str(role)}}, comment=comment())


def _account(document: Document) -> Account:
    return Account(
        id=document["_id"],
        email=document["email"],
        role=Role(document["role"]),
        password_hash=document["password_hash"],
        created_at=document["created_at"],
    )
