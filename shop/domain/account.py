"""Accounts of customers and administrators."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """The role of an account, which decides what it may do."""

    CUSTOMER = "customer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Account:
    """An account. ``password_hash`` is argon2's own string, which contains salt and cost."""

    id: str
    email: str
    role: Role
    password_hash: str
    created_at: datetime


def new_account_id() -> str:
    """Return a random id, which reveals nothing about the account."""
    return f"acc_{secrets.token_hex(16)}"


def normalised(email: str) -> str:
    """Return the form in which an address is stored and compared, so that each mailbox has only one account."""
    return email.strip().lower()
