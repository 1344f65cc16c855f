"""The kind of the setting that selects the redaction policy."""

from __future__ import annotations

import re

from glasshouse_observability.redaction import DEFAULT_POLICY, NO_REDACTION, RedactionPolicy
from glasshouse_observability.settings.errors import Refused
from glasshouse_observability.settings.kinds import NO, YES, Kind

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")


class Redaction(Kind[RedactionPolicy]):
    """On, off, or names that are secret in addition to those of the default policy."""

    allowed = "on, off, or a comma-separated list of further names whose values are secret, such as iban,tax_id"

    def parse(self, text: str) -> RedactionPolicy:
        """Return the policy."""
        if text.lower() in YES:
            return DEFAULT_POLICY
        if text.lower() in NO:
            return NO_REDACTION
        names = [part.strip() for part in text.split(",") if part.strip()]
        if not all(_NAME.fullmatch(name) for name in names):
            raise Refused
        return DEFAULT_POLICY.adding(*names)
