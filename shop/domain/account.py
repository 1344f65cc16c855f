"""Who orders, and who looks after the shop."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What an account may do."""

    CUSTOMER = "customer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Account:
    """A person. ``password_hash`` is argon2's own string, salt and cost within."""

    id: str
    email: str
    role: Role
    password_hash: str
    created_at: datetime


def new_account_id() -> str:
    """A random id, which reveals nothing about the account."""
    return f"acc_{secrets.token_hex(16)}"


def normalised(email: str) -> str:
    """The form in which an address is stored and compared: one mailbox is one account, however it is typed."""
    return email.strip().lower()
